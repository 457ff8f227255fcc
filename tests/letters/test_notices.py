"""Who is told by e-mail that a mailing paused itself."""

from __future__ import annotations

import sqlalchemy as sa

from crm.accounts.models import User
from crm.extensions import db
from crm.outbox.leases import pause_for
from crm.outbox.models import OutgoingMessage, PauseReason
from crm.pipeline.models import Campaign
from crm.unit_of_work import unit_of_work
from tests.factories.letters import approved, make_mailing, planned


def notices() -> list[tuple[str, str, str]]:
    """Address, subject and text of each, in the order of addresses."""
    message = OutgoingMessage
    rows = db.session.execute(
        sa.select(message.to_address, message.subject, message.text)
        .where(message.reference.startswith("stopped:"))
        .order_by(message.to_address)
    )
    return [(row.to_address, row.subject, row.text) for row in rows]


def test_who_planned_it_and_who_owns_the_campaign_are_told_once(campaign: Campaign, officer: User, lead: User) -> None:
    mailing = approved(planned(make_mailing(campaign, officer=officer)), lead)
    errors = {"failed": 10, "of": 40, "words": "550 no such user", "times": 9}
    for _twice in range(2):
        with unit_of_work("pause", actor="worker:mail"):
            pause_for(mailing.batch_id or 0, PauseReason.ERRORS, errors)
    told = notices()
    assert sorted(address for address, _subject, _text in told) == sorted([officer.email, lead.email])
    _address, subject, text = told[0]
    assert subject == f"“{mailing.name}” has paused itself"
    for said in (
        "10 of the last 40 letters failed or came back.",
        "> 550 no such user",
        "3 letters wait",
        f"/mailings/{mailing.id}",
    ):
        assert said in text
