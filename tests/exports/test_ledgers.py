"""The ledger of a mailing taken out as a spreadsheet: at once where it is short, by the worker where it is long."""

from __future__ import annotations

import io

import openpyxl
import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from crm.audit.models import ChangeSet
from crm.exports import jobs, views
from crm.extensions import db
from crm.policy import Role
from tests.factories.accounts import make_user, sign_in
from tests.factories.letters import make_letter_target, make_mailing, planned
from tests.factories.pipeline import make_campaign


def _names(file: bytes) -> list[object]:
    sheet = openpyxl.load_workbook(io.BytesIO(file), read_only=True).active
    assert sheet is not None
    heads, *rows = sheet.iter_rows(values_only=True)
    return [row[heads.index("name")] for row in rows]


def test_a_ledger_is_taken_out_with_its_filter_and_on_record(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign = make_campaign()
    for name in ("Ana Ruiz", "Bo Lund"):
        make_letter_target(campaign, name)
    make_letter_target(campaign, "No Address", email=None)
    mailing = planned(make_mailing(campaign))
    address = f"/mailings/{mailing.id}/letters.xlsx"
    assert sign_in(client, make_user(Role.VIEWER)).post(address).status_code == 403
    sign_in(client, make_user(Role.OFFICER))
    assert _names(client.post(f"{address}?outcome=skipped").data) == ["No Address"]
    notes = db.session.scalars(sa.select(ChangeSet.notes).where(ChangeSet.action == "export ledger")).all()
    assert notes == [{"format": "xlsx", "letters": 1, "filter": {"mailing": mailing.id, "outcome": "skipped"}}]
    monkeypatch.setattr(views, "SENT_AT_ONCE", 1)
    monkeypatch.setattr("crm.letters.ledger._BATCH", 2)
    waiting = client.post(address).location
    assert "Export of letters" in client.get(waiting).text
    jobs.catch_up()
    db.session.rollback()
    assert "The file is ready: 3 rows." in client.get(waiting).text
    fetched = client.get(f"{waiting}/file")
    assert fetched.headers["Content-Disposition"].endswith(f"mailing-{mailing.id}.xlsx")
    assert _names(fetched.data) == ["Ana Ruiz", "Bo Lund", "No Address"]
