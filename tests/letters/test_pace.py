"""At what pace the letters of a mailing leave: said on its page, changed while they do, in readers' office hours."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from crm.accounts.models import User
from crm.extensions import db
from crm.letters.models import Mailing
from crm.letters.schedule import Schedule
from crm.outbox.models import Batch, OutgoingMessage
from crm.pipeline.models import Campaign
from tests.factories.letters import approved, make_letter_target, make_mailing, planned


def zones(mailing: Mailing) -> set[str | None]:
    return set(
        db.session.scalars(sa.select(OutgoingMessage.office_zone).where(OutgoingMessage.batch_id == mailing.batch_id))
    )


def test_a_mailing_tells_its_pace_and_how_long_it_takes_and_it_is_changed(
    app: Flask, campaign: Campaign, as_officer: FlaskClient, monkeypatch: pytest.MonkeyPatch, lead: User
) -> None:
    settings = app.extensions["settings"].model_copy(update={"letters_alike_limit": 2})
    monkeypatch.setitem(app.extensions, "settings", settings)
    make_letter_target(campaign, "Elsewhere", email="somebody@else.example", country="PT")
    mailing = planned(make_mailing(campaign, schedule=Schedule(office_hours=True, readers_zone=True), per_minute=7))
    batch_id, here = mailing.batch_id, f"/mailings/{mailing.id}"
    page = as_officer.get(here).text
    assert "so many alike that at most 2 leave in an hour" in page
    assert "takes about 2 hours of office hours" in page or "takes about 90 minutes of office hours" in page
    assert "at most 7 letters a minute" in page
    assert "these leave slowly" in page

    approved(mailing, lead)
    assert zones(mailing) == {"Europe/Lisbon", *zones(mailing)}
    assert None not in zones(mailing)
    assert as_officer.post(f"{here}/pace", data={"per_minute": "0"}).status_code == 302
    assert db.session.get_one(Batch, batch_id).per_minute == 7
    as_officer.post(f"{here}/pace", data={"per_minute": "30"})
    db.session.rollback()
    assert (db.session.get_one(Batch, batch_id).per_minute, db.session.get_one(Mailing, mailing.id).per_minute) == (
        30,
        30,
    )
    as_officer.post(f"{here}/pace", data={"per_minute": ""})
    db.session.rollback()
    assert db.session.get_one(Batch, batch_id).per_minute is None
    assert "as fast as the letters may leave" in as_officer.get(here).text
