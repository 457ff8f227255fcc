"""What may still be decided of an approved mailing before it leaves: its time, its approval, who gets no letter."""

from __future__ import annotations

from datetime import datetime, time, timedelta

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from crm import clock
from crm.accounts.models import User
from crm.audit.models import ChangeSet
from crm.extensions import db
from crm.letters.actions import MailingRefused, leave_out_letter, reschedule, take_approval_back
from crm.letters.jobs import start_due
from crm.letters.models import Mailing, MailingState, Standing
from crm.letters.schedule import LATE, Schedule
from crm.outbox.models import BatchState, MessageState, OutgoingMessage
from crm.outbox.reasons import Reason
from crm.pipeline.models import Campaign
from crm.unit_of_work import unit_of_work
from tests.factories.letters import approved, deliver, make_mailing, planned
from tests.letters.test_mailing_form import words
from tests.letters.test_planning import letters_by_name
from tests.letters.test_starting import fresh, standing


def _day(days: int) -> Schedule:
    return Schedule(day=clock.today() + timedelta(days=days), at=time(9), zone="UTC")


def _times(mailing: Mailing) -> set[tuple[datetime | None, datetime | None]]:
    columns = (OutgoingMessage.next_attempt_at, OutgoingMessage.late_after)
    rows = db.session.execute(sa.select(*columns).where(OutgoingMessage.batch_id == mailing.batch_id))
    return {(row.next_attempt_at, row.late_after) for row in rows}


def test_the_time_of_letters_is_changed_until_they_leave(
    as_officer: FlaskClient, campaign: Campaign, lead: User
) -> None:
    mailing = planned(make_mailing(campaign, schedule=_day(1)))
    page = f"/mailings/{mailing.id}"
    chosen = {"send_on": str(_day(3).day), "send_at": "10:00", "zone": "UTC"}
    assert f"{page}/schedule" in as_officer.get(page).text
    said = as_officer.post(f"{page}/schedule", data=chosen, follow_redirects=True).text
    assert "Once approved, the letters leave" in words(said)
    assert "changed by Olga Officer" in words(said)
    mailing = approved(fresh(mailing)[0], lead)
    assert fresh(mailing)[0].look_at == _day(3).moment(None, clock.now()) + timedelta(hours=1)

    refused = as_officer.post(f"{page}/schedule", data={"send_on": "", "send_at": "10:00", "zone": "UTC"})
    assert (refused.status_code, "Name a day" in refused.text) == (422, True)
    as_officer.post(f"{page}/schedule", data={"send_on": str(_day(5).day), "zone": "UTC"})
    moment = _day(5).moment(None, clock.now())
    assert (standing(mailing), fresh(mailing)[0].look_at) == (Standing.SCHEDULED, moment)
    assert _times(mailing) == {(moment, moment + LATE)}

    # What somebody has stopped stays so.
    as_officer.post(f"{page}/pause")
    as_officer.post(f"{page}/schedule", data={"send_on": str(_day(4).day), "zone": "UTC"})
    assert (standing(mailing), fresh(mailing)[0].look_at) == (Standing.PAUSED, None)
    as_officer.post(f"{page}/resume")
    with clock.pretend(clock.now() + timedelta(days=5)):
        start_due()
    assert standing(mailing) is Standing.SENDING
    assert f"{page}/schedule" not in as_officer.get(page).text
    assert "begun to leave" in as_officer.post(f"{page}/schedule", data=chosen, follow_redirects=True).text


def test_what_is_approved_for_a_time_leaves_at_once_only_after_another_approval(
    as_officer: FlaskClient, campaign: Campaign, lead: User
) -> None:
    mailing = planned(make_mailing(campaign, schedule=_day(1)))
    page = f"/mailings/{mailing.id}/schedule"
    assert "Empty: as soon as it is approved." in as_officer.get(page).text
    mailing = approved(fresh(mailing)[0], lead)
    before = _times(mailing)
    shown = as_officer.get(page).text
    assert "Empty: as soon as it is approved." not in shown
    assert "The letters are approved, and leave then." in shown
    yesterday = str(_day(-1).day)
    for chosen, said in (
        ({}, "Name a day. To let the letters leave at once, take the approval back"),
        ({"office_hours": "y"}, "Name a day"),
        ({"send_on": "tomorrow"}, "Not a valid date"),
        ({"send_on": yesterday}, "This time has passed: choose a later one."),
        ({"send_on": yesterday, "readers_zone": "y"}, "has passed on the clock of some readers"),
    ):
        refused = as_officer.post(page, data={"zone": "UTC", **chosen})
        assert (refused.status_code, said in words(refused.text)) == (422, True), chosen
    # Nor does what was approved after the form had been looked at.
    with pytest.raises(MailingRefused, match="no_time"), unit_of_work("now", actor="test"):
        reschedule(mailing.id, Schedule())
    assert (standing(mailing), _times(mailing)) == (Standing.SCHEDULED, before)


def test_an_approval_is_taken_back_while_nothing_has_left(
    as_officer: FlaskClient, campaign: Campaign, lead: User
) -> None:
    mailing = approved(planned(make_mailing(campaign, schedule=_day(1))), lead)
    page = f"/mailings/{mailing.id}"
    assert "Take the approval back" in as_officer.get(page).text
    said = as_officer.post(f"{page}/take-approval-back", follow_redirects=True).text
    assert "the mailing waits for approval again" in words(said)
    assert "The approval was taken back by Olga Officer" in words(said)
    found = fresh(mailing)[0]
    assert (found.state, found.approved_by_id, found.approved_at, found.look_at) == (
        *(MailingState.AWAITING_APPROVAL, None),
        *(None, None),
    )
    assert db.session.scalar(sa.select(ChangeSet.id).where(ChangeSet.action == "take approval back"))
    # Nothing starts when the time comes, one may leave out and edit again, and then it is approved anew.
    with clock.pretend(clock.now() + timedelta(days=2)):
        start_due()
    assert standing(mailing) is Standing.AWAITING_APPROVAL
    letter_id = letters_by_name(mailing)["Bo Lund"].id
    assert as_officer.get(f"/letters/{letter_id}/edit").status_code == 200
    as_officer.post(f"/letters/{letter_id}/leave-out")
    with unit_of_work("now", actor="test"):
        reschedule(mailing.id, Schedule())
    mailing = approved(fresh(mailing)[0], lead)
    assert (standing(mailing), fresh(mailing)[1].waiting) == (Standing.SENDING, 2)
    with pytest.raises(MailingRefused, match="has_left"), unit_of_work("back", actor="test"):
        take_approval_back(mailing.id)


def test_a_letter_is_left_out_until_it_leaves(as_officer: FlaskClient, campaign: Campaign, lead: User) -> None:
    mailing = approved(planned(make_mailing(campaign, schedule=_day(1))), lead)
    ids = {name: letter.id for name, letter in letters_by_name(mailing).items()}
    page = as_officer.get(f"/letters/{ids['Ana Ruiz']}").text
    assert "Leave this letter out" in page
    assert "It is approved" in page
    as_officer.post(f"/letters/{ids['Ana Ruiz']}/leave-out")
    found, ledger = fresh(mailing)
    assert (found.batch and found.batch.state, ledger.waiting, ledger.cancelled) == (BatchState.UNRELEASED, 2, 1)
    assert found.look_at is not None

    with clock.pretend(clock.now() + timedelta(days=2)):
        start_due()
    deliver(mailing, MessageState.SENT, ["Bo Lund"])
    said = as_officer.post(f"/letters/{ids['Bo Lund']}/leave-out", follow_redirects=True).text
    assert "it cannot be left out any more" in words(said)
    assert "Leave this letter out" not in as_officer.get(f"/letters/{ids['Bo Lund']}").text
    with unit_of_work("leave out", actor="test"):
        assert leave_out_letter(ids["Cy Roth"], user_id=lead.id) == 1
    ledger = fresh(mailing)[1]
    assert (ledger.sent, ledger.waiting, ledger.cancelled) == (1, 0, 2)
    reasons = db.session.scalars(
        sa.select(OutgoingMessage.reason).where(OutgoingMessage.state == MessageState.CANCELLED)
    )
    assert set(reasons) == {Reason.LEFT_OUT}
    # An approved mailing takes nothing in: it would leave unchecked.
    as_officer.post(f"/letters/{ids['Cy Roth']}/take-in")
    assert fresh(mailing)[1].cancelled == 2
