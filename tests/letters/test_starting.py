"""What is looked at once more before the letters of an approved mailing leave: at its start, and when it goes on."""

from __future__ import annotations

from datetime import date, time, timedelta

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from crm import clock
from crm.accounts.models import User
from crm.audit.models import ChangeSet
from crm.directory.models import Contact, ContactPoint, Membership, PointStatus, Restriction
from crm.directory.projection import project
from crm.extensions import db
from crm.letters.actions import hold_starts, pause_mailing, resume_mailing
from crm.letters.delivery import Outcome
from crm.letters.jobs import start_due
from crm.letters.ledger import LedgerFilter, ledger_page
from crm.letters.models import Approach, Ledger, Mailing, SkipReason, Standing, standing_of
from crm.letters.queries import ledgers
from crm.letters.schedule import Schedule
from crm.outbox.models import BatchState, MessageState, OutgoingMessage
from crm.pipeline.models import Campaign, Stage, Target
from crm.stances.models import Stance
from crm.timeline.actions import Event, add_events
from crm.timeline.models import EntryKind
from crm.unit_of_work import unit_of_work
from tests.factories.letters import approved, deliver, make_letter_target, make_mailing, make_wording, planned
from tests.factories.stances import make_statement
from tests.letters.test_mailing_form import words

_TOMORROW = Schedule(day=clock.today() + timedelta(days=1), at=time(9), zone="UTC")


def fresh(mailing: Mailing) -> tuple[Mailing, Ledger]:
    db.session.rollback()
    db.session.expire_all()
    ledger = ledgers([mailing.id])[mailing.id]
    assert ledger.adds_up
    return db.session.get_one(Mailing, mailing.id), ledger


def standing(mailing: Mailing) -> Standing:
    found, ledger = fresh(mailing)
    batch = found.batch.state if found.batch else None
    return standing_of(found.state, batch, ledger.waiting, found.look_at, found.agreed)


def ids() -> dict[str, int]:
    return {row.name: row.id for row in db.session.execute(sa.select(Contact.name, Contact.id))}


def end_mandate(*names: str) -> None:
    known = ids()
    with unit_of_work("end", actor="test"):
        for seat in db.session.scalars(
            sa.select(Membership).where(Membership.person_id.in_([known[name] for name in names]))
        ):
            seat.end_date = clock.today() - timedelta(days=1)
        db.session.flush()
        project([known[name] for name in names])


def test_who_must_not_be_written_to_any_more_is_left_out_at_the_start(
    as_officer: FlaskClient, campaign: Campaign, lead: User
) -> None:
    names = [f"Reader {number}" for number in range(60)]
    for name in names:
        make_letter_target(campaign, name)
    thanks = make_wording(campaign, body="Thank you, {{name}}", approach=Approach.THANK)
    known = ids()
    for number in range(7):
        make_statement(known[f"Reader {number}"], Stance.CHAMPION, date(2026, 1, 1))
    for name in [*names[7:], "Ana Ruiz", "Bo Lund", "Cy Roth"]:
        make_statement(known[name], Stance.SUPPORTIVE, date(2026, 1, 1))
    mailing = approved(planned(make_mailing(campaign, wording=thanks, rest_days=14, schedule=_TOMORROW)), lead)
    start_due()
    assert (standing(mailing), fresh(mailing)[1].waiting) == (Standing.SCHEDULED, 63)
    page = f"/mailings/{mailing.id}"
    assert "Waits for its time" in as_officer.get(page).text
    end_mandate("Reader 0")
    make_statement(known["Reader 1"], Stance.OPPOSED, date(2026, 6, 1))
    with unit_of_work("change", actor="test"):
        point = db.session.scalars(sa.select(ContactPoint).where(ContactPoint.contact_id == known["Reader 2"])).one()
        point.status = PointStatus.RETIRED
        db.session.flush()
        project([known["Reader 2"]])
        db.session.add(Restriction(contact_id=known["Reader 3"], source="test"))
        target = db.session.scalars(sa.select(Target).where(Target.contact_id == known["Reader 4"])).one()
        target.stage = Stage.CLOSED
        add_events([Event(known["Reader 5"], clock.now(), EntryKind.LETTER, "letter:by hand", "By hand")])
    with clock.pretend(clock.now() + timedelta(days=1, hours=12)):
        start_due()
        assert standing(mailing) is Standing.SENDING
    found, ledger = fresh(mailing)
    expected = {
        SkipReason.CLOSED: "Reader 4",
        SkipReason.MANDATE_ENDED: "Reader 0",
        SkipReason.NO_ADDRESS: "Reader 2",
        SkipReason.RESTRICTED: "Reader 3",
        SkipReason.RECENTLY_WRITTEN: "Reader 5",
        SkipReason.UNFIT: "Reader 1",
    }
    assert found.dropped == {reason.value: 1 for reason in expected}
    assert (ledger.waiting, ledger.cancelled) == (57, 6)
    for reason, name in expected.items():
        rows = ledger_page(found, LedgerFilter(Outcome.CANCELLED, reason), None).rows
        assert [row.name for row in rows] == [name]
    said = words(as_officer.get(f"{page}?outcome=cancelled&reason=unfit").text)
    assert "6 letters were left out before they left" in said
    assert ("Reader 1 " in said, "What the letter says fits them no more" in said) == (True, True)
    (notes,) = db.session.scalars(sa.select(ChangeSet.notes).where(ChangeSet.action == "start mailing")).all()
    assert notes["letters left out before they left"]["unfit"] == 1


def test_where_much_has_changed_a_person_is_asked(
    as_officer: FlaskClient, campaign: Campaign, officer: User, lead: User
) -> None:
    for number in range(5):
        make_letter_target(campaign, f"Reader {number}")
    mailing = approved(planned(make_mailing(campaign, officer=officer, schedule=_TOMORROW)), lead)
    page = f"/mailings/{mailing.id}"
    end_mandate("Ana Ruiz", "Bo Lund", "Reader 0")
    then = clock.now() + timedelta(days=1, hours=12)
    with clock.pretend(then):
        start_due()
        start_due()
    assert (standing(mailing), fresh(mailing)[1].waiting) == (Standing.PAUSED, 8)
    told = db.session.scalars(
        sa.select(OutgoingMessage.text).where(OutgoingMessage.reference.startswith("stopped:"))
    ).all()
    assert len(told) == 2
    assert "what is known of 3 readers has changed" in (told[0] or "")
    said = words(as_officer.get(f"{page}?outcome=waiting&reason=mandate_ended").text)
    assert ("Go on without them" in said, "Ana Ruiz" in said, "Cy Roth" in said) == (True, True, False)
    assert "What is known of 3 readers has changed" in words(as_officer.get("/today?whose=team").text)
    as_officer.post(f"{page}/resume")
    assert standing(mailing) is Standing.SCHEDULED
    with clock.pretend(then):
        start_due()
    assert standing(mailing) is Standing.SENDING
    assert (fresh(mailing)[1].waiting, fresh(mailing)[1].cancelled) == (5, 3)
    assert fresh(mailing)[0].dropped == {"mandate_ended": 3}
    as_officer.post(f"{page}/cancel")
    assert fresh(mailing)[0].dropped == {"mandate_ended": 3}


def test_a_mailing_that_goes_on_is_looked_at_too_and_nothing_starts_by_itself_that_was_stopped(
    campaign: Campaign, lead: User
) -> None:
    mailing = approved(planned(make_mailing(campaign)), lead)
    deliver(mailing, MessageState.SENT, ["Ana Ruiz"])
    with unit_of_work("pause", actor="test"):
        pause_mailing(mailing.id)
    end_mandate("Bo Lund")
    start_due()
    assert standing(mailing) is Standing.PAUSED
    with unit_of_work("resume", actor="test"):
        resume_mailing(mailing.id)
    assert standing(mailing) is Standing.STARTING
    with unit_of_work("hold", actor="test"):
        assert hold_starts() == 1
    start_due()
    assert standing(mailing) is Standing.PAUSED
    with unit_of_work("resume", actor="test"):
        resume_mailing(mailing.id)
    start_due()
    found, ledger = fresh(mailing)
    assert (ledger.sent, ledger.waiting, ledger.cancelled) == (1, 1, 1)
    assert found.batch is not None
    assert found.batch.state is BatchState.RUNNING


def test_those_whose_day_begins_later_are_looked_at_again(campaign: Campaign, lead: User) -> None:
    make_letter_target(campaign, "Hi Sato", country="JP")
    schedule = Schedule(day=_TOMORROW.day, at=time(9), zone="UTC", readers_zone=True)
    mailing = approved(planned(make_mailing(campaign, schedule=schedule)), lead)
    found, _ledger = fresh(mailing)
    assert found.look_at is not None
    first = found.look_at
    with clock.pretend(first + timedelta(minutes=1)):
        start_due()
        found, _ledger = fresh(mailing)
        assert found.look_at is not None
        assert standing(mailing) is Standing.SENDING
        later = found.look_at
    assert later > first + timedelta(hours=2)
    end_mandate("Bo Lund")
    with clock.pretend(later + timedelta(minutes=1)):
        start_due()
        assert fresh(mailing)[1].cancelled == 1


@pytest.mark.sqlite_only
def test_a_mailing_that_waits_for_its_time_can_be_stopped_and_started_again(
    as_officer: FlaskClient, campaign: Campaign, lead: User
) -> None:
    mailing = approved(planned(make_mailing(campaign, schedule=_TOMORROW)), lead)
    page = f"/mailings/{mailing.id}"
    for action, expected in (
        ("pause", Standing.PAUSED),
        ("pause", Standing.PAUSED),
        ("resume", Standing.SCHEDULED),
        ("cancel", Standing.CANCELLED),
    ):
        as_officer.post(f"{page}/{action}")
        assert standing(mailing) is expected
    with clock.pretend(clock.now() + timedelta(days=2)):
        start_due()
    assert standing(mailing) is Standing.CANCELLED
