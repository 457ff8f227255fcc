"""From the check of a planned mailing to its approval: what blocks, who opens what, who may, and the way back."""

from __future__ import annotations

from datetime import date, time, timedelta
from html import unescape

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from crm import clock
from crm.accounts.models import User
from crm.audit.models import ChangeSet
from crm.directory.models import Contact, ContactPoint, Membership, PointStatus
from crm.directory.projection import project
from crm.extensions import db
from crm.history.models import Task
from crm.letters.actions import MailingRefused, leave_out_letters_with
from crm.letters.jobs import check, plan_waiting
from crm.letters.lint import checking
from crm.letters.models import Approach, FindingCode, Letter, LetterFinding, Mailing, MailingState, Severity
from crm.letters.queries import findings_of_mailing, ledgers, readings_of, sample_of
from crm.letters.schedule import Schedule
from crm.outbox.models import MessageState
from crm.pipeline.models import Campaign, Stage
from crm.policy import Role
from crm.stances.models import Stance
from crm.timeline.actions import Event, add_events
from crm.timeline.models import EntryKind
from crm.unit_of_work import unit_of_work
from tests.factories.accounts import make_user, sign_in
from tests.factories.directory import make_person
from tests.factories.letters import approved, deliver, make_mailing, make_wording, planned, read
from tests.factories.pipeline import make_target
from tests.factories.stances import make_statement
from tests.letters.test_mailing_form import words
from tests.letters.test_planning import letters_by_name


def found_in(mailing: Mailing) -> dict[str, set[str]]:
    """Names of those in whose letters each thing was found."""
    rows = db.session.execute(
        sa.select(LetterFinding.code, Contact.name)
        .join(Letter, Letter.id == LetterFinding.letter_id)
        .join(Contact, Contact.id == Letter.contact_id)
        .where(LetterFinding.mailing_id == mailing.id)
    )
    found: dict[str, set[str]] = {}
    for code, name in rows:
        found.setdefault(code.value, set()).add(name)
    return found


def test_the_check_names_the_letters(
    app: Flask, campaign: Campaign, lead: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checking, "CHUNK", 2)
    settings = app.extensions["settings"]
    monkeypatch.setitem(app.extensions, "settings", settings.model_copy(update={"letters_alike_limit": 3}))
    make_target(campaign, make_person("Di NULL", group=None), stage=Stage.COMMITTED)
    wording = make_wording(campaign, body="Dear {{name}},\n\nplease do {{ask}}. TBC\n\n{{family_name}}")
    mailing = planned(make_mailing(campaign, wording=wording, ask="what you said"))
    everybody = {"Ana Ruiz", "Bo Lund", "Cy Roth", "Di NULL"}
    assert found_in(mailing) == {
        "odd_text": everybody,
        "odd_value": {"Di NULL"},
        "asks_supporter": {"Di NULL"},
        "too_many_alike": everybody,
    }
    assert (mailing.checked, mailing.checked_at is not None) == (4, True)
    deliver(approved(mailing, lead), MessageState.SENT, ["Bo Lund"])
    again = planned(make_mailing(campaign, wording=wording, ask="what you said"))
    assert found_in(again)["same_as_last"] == {"Bo Lund"}


def test_a_check_that_was_lost_goes_on(campaign: Campaign) -> None:
    mailing = planned(make_mailing(campaign))
    with unit_of_work("lose", actor="test"):
        db.session.get_one(Mailing, mailing.id).checked_at = None
    plan_waiting()
    assert db.session.get_one(Mailing, mailing.id).checked_at is not None


def test_what_has_changed_since_the_check_blocks_at_the_approval_itself(campaign: Campaign, lead: User) -> None:
    thanks = make_wording(campaign, body="Thank you, {{name}}", approach=Approach.THANK)
    targets = {row.name: row for row in db.session.execute(sa.select(Contact.name, Contact.id))}
    for name in ("Ana Ruiz", "Bo Lund", "Cy Roth"):
        make_statement(targets[name].id, Stance.CHAMPION, date(2026, 1, 1))
    mailing = planned(make_mailing(campaign, wording=thanks))
    assert findings_of_mailing(mailing.id) == []
    make_statement(targets["Ana Ruiz"].id, Stance.OPPOSED, date(2026, 6, 1))
    with unit_of_work("leave", actor="test"):
        seat = db.session.scalars(sa.select(Membership).where(Membership.person_id == targets["Bo Lund"].id)).one()
        seat.end_date = clock.today() - timedelta(days=1)
        point = db.session.scalars(sa.select(ContactPoint).where(ContactPoint.contact_id == targets["Cy Roth"].id))
        point.one().status = PointStatus.RETIRED
        db.session.flush()
        project([targets["Bo Lund"].id, targets["Cy Roth"].id])
    with pytest.raises(MailingRefused, match="blocked"):
        approved(mailing, lead)
    blocked = {"thanks_opponent": {"Ana Ruiz"}, "outdated_post": {"Bo Lund"}, "old_address": {"Cy Roth"}}
    assert found_in(mailing) == blocked
    with unit_of_work("leave out", actor="test"):
        for code in (FindingCode.THANKS_OPPONENT, FindingCode.OUTDATED_POST):
            assert leave_out_letters_with(mailing.id, code, Severity.BLOCKER, user_id=lead.id) == 1
    ledger = ledgers([mailing.id])[mailing.id]
    assert (ledger.planned, ledger.skipped, ledger.waiting, ledger.cancelled) == (4, 1, 1, 2)
    assert ledger.adds_up
    assert len(sample_of(mailing, lead.id)) == 1
    notes = db.session.scalars(sa.select(ChangeSet.notes).where(ChangeSet.action == "leave out")).all()
    assert [note["letters left out"]["count"] for note in notes] == [1]


def test_what_was_left_out_is_taken_in_again_checked_and_on_record(
    as_officer: FlaskClient, as_lead: FlaskClient, lead: User, campaign: Campaign
) -> None:
    mailing = planned(make_mailing(campaign, wording=make_wording(campaign, body="Dear {{name}}, TBC")))
    page = f"/mailings/{mailing.id}"
    as_officer.post(f"{page}/findings/odd_text/leave-out", data={"severity": "warning"})
    ledger = ledgers([mailing.id])[mailing.id]
    assert (ledger.waiting, ledger.cancelled, found_in(mailing)) == (0, 3, {})
    assert "3 letters left out by Olga Officer" in words(as_lead.get(page).text)
    ids = db.session.scalars(sa.select(Letter.id).where(Letter.message_id.is_not(None)).order_by(Letter.id)).all()
    assert "Olga Officer left this letter out" in words(as_lead.get(f"/letters/{ids[0]}").text)
    as_officer.post(f"/letters/{ids[0]}/take-in")
    check(mailing.id)
    assert found_in(mailing) == {"odd_text": {"Ana Ruiz"}}
    as_officer.post(f"/letters/{ids[1]}/take-in", data={"together": "yes"})
    check(mailing.id)
    assert found_in(mailing) == {"odd_text": {"Ana Ruiz", "Bo Lund", "Cy Roth"}}
    ledger = ledgers([mailing.id])[mailing.id]
    assert (ledger.waiting, ledger.cancelled, ledger.adds_up) == (3, 0, True)
    notes = db.session.scalars(sa.select(ChangeSet.notes).where(ChangeSet.action == "take letters in again")).all()
    assert [note["letters taken in again"]["count"] for note in notes] == [1, 2]
    as_officer.post(f"/letters/{ids[2]}/leave-out")
    approved(mailing, lead)
    as_officer.post(f"/letters/{ids[2]}/take-in")
    ledger = ledgers([mailing.id])[mailing.id]
    assert (ledger.waiting, ledger.cancelled) == (2, 1)


def test_warnings_are_read_and_a_letter_edited_since_is_opened_again(
    as_officer: FlaskClient, as_lead: FlaskClient, lead: User, campaign: Campaign
) -> None:
    mailing = planned(make_mailing(campaign, wording=make_wording(campaign, body="Dear {{name}}, TBC")))
    page, approve = f"/mailings/{mailing.id}", f"/mailings/{mailing.id}/approve"
    assert "Something looks like a slip 3 letters" in words(as_lead.get(page).text)
    listed = words(as_lead.get(f"{page}/findings/odd_text?severity=warning").text)
    assert ("Ana Ruiz" in listed, "TBC" in listed) == (True, True)
    assert read(mailing, lead.id) == 2
    for data, said in (
        ({}, "and tick that you have"),
        ({"warnings_read": "yes", "warnings": "2"}, "has changed since you opened the page"),
    ):
        as_lead.post(approve, data=data)
        assert said in words(as_lead.get(page).text)
    first = sample_of(mailing, lead.id)[0].letter_id
    edited = {"subject": "For you", "body": "Dear Ana, {nope}"}
    assert as_officer.post(f"/letters/{first}/edit", data=edited).status_code == 302
    assert "The letters are being checked" in as_lead.get(page).text
    check(mailing.id)
    assert found_in(mailing) == {"placeholder_left": {"Ana Ruiz"}, "odd_text": {"Bo Lund", "Cy Roth"}}
    assert "A placeholder stands in the words" in as_officer.get(f"/letters/{first}").text
    as_officer.post(f"/letters/{first}/edit", data={**edited, "body": "Dear Ana, hello"})
    check(mailing.id)
    assert [letter.opened_at is None for letter in sample_of(mailing, lead.id)] == [True, False]
    assert "1 letter to open before you approve" in words(as_lead.get(page).text)
    as_lead.get(f"/letters/{first}")
    assert [(row.name, row.letters) for row in readings_of(mailing.id)] == [("Lea Lead", 2)]
    as_lead.post(approve, data={"warnings_read": "yes", "warnings": "2"})
    done = db.session.get_one(Mailing, mailing.id)
    assert (done.state, done.warnings_read_by_id) == (MailingState.APPROVED, lead.id)
    notes = db.session.scalars(sa.select(ChangeSet.notes).where(ChangeSet.action == "approve mailing")).one()
    assert notes["warnings read"] == {"odd_text": 2}


@pytest.mark.sqlite_only
def test_the_page_says_who_may_approve_and_when(
    app: Flask, client: FlaskClient, lead: User, campaign: Campaign
) -> None:
    mailing = planned(make_mailing(campaign, officer=lead))
    page = f"/mailings/{mailing.id}"
    alone = words(sign_in(client, lead).get(page).text)
    assert "once you have slept on it: from" in alone
    assert "Approve and send" not in alone
    second = make_user(Role.LEAD, name="Second Lead")
    assert "somebody else reads and approves it: Second Lead" in words(client.get(page).text)
    assert "You, as a second person: Lea Lead planned" in words(sign_in(app.test_client(), second).get(page).text)
    officer = sign_in(app.test_client(), make_user(Role.OFFICER))
    assert "A lead other than who planned it: Second Lead" in words(officer.get(page).text)
    assert officer.post(f"{page}/send-back", data={"reason": "x"}).status_code == 403


def test_a_mailing_is_sent_back_with_a_reason_and_handed_in_again(
    as_officer: FlaskClient, as_lead: FlaskClient, officer: User, campaign: Campaign
) -> None:
    mailing = planned(make_mailing(campaign, officer=officer))
    page = f"/mailings/{mailing.id}"
    answer = as_lead.post(f"{page}/send-back", data={"reason": " "})
    assert (answer.status_code, "Say what has to change." in answer.text) == (422, True)
    as_lead.post(f"{page}/send-back", data={"reason": "Too long"})
    assert db.session.get_one(Mailing, mailing.id).state is MailingState.RETURNED
    (task,) = db.session.scalars(sa.select(Task)).all()
    assert (task.owner_id, task.due_on) == (officer.id, clock.today())
    assert "Too long" in task.title
    assert "Lea Lead sent it back" in words(as_officer.get(page).text)
    letter_id = db.session.scalars(sa.select(Letter.id).where(Letter.message_id.is_not(None))).first()
    assert as_officer.post(f"/letters/{letter_id}/leave-out").status_code == 302
    as_lead.post(f"{page}/approve")
    assert db.session.get_one(Mailing, mailing.id).state is MailingState.RETURNED
    as_officer.post(f"{page}/hand-in")
    approved(mailing)
    assert ledgers([mailing.id])[mailing.id].cancelled == 1


@pytest.mark.sqlite_only
def test_the_words_of_a_decision_say_how_many_letters_leave_and_when(
    as_officer: FlaskClient, as_lead: FlaskClient, lead: User, officer: User, campaign: Campaign
) -> None:
    tomorrow = clock.today() + timedelta(days=1)
    schedule = Schedule(day=tomorrow, at=time(10), zone="UTC")
    mailing = planned(make_mailing(campaign, officer=officer, schedule=schedule))
    page, when = f"/mailings/{mailing.id}", f"{tomorrow.day} {tomorrow:%b %Y}, 10:00"
    as_officer.post(f"/letters/{letters_by_name(mailing)['Bo Lund'].id}/leave-out")
    check(mailing.id)
    said = words(as_lead.get(page).text)
    assert "The letter to Bo Lund left out by Olga" in said
    assert "2 letters wait" in said
    assert "2 letters · planned by" in words(as_lead.get("/today").text)
    assert "2 letters wait for approval" in words(as_officer.get("/today").text)
    listed = words(as_lead.get("/letters").text)
    assert ("2 letters wait" in listed, f"leaves {when}" in listed) == (True, True)
    read(mailing, lead.id)
    assert f"Approve: 2 letters leave {when}" in words(as_lead.get(page).text)
    as_lead.post(f"{page}/approve")
    assert f"Approved: the letters leave {when}." in words(as_lead.get(page).text)
    assert f"2 letters leave {when}" in words(as_officer.get("/today").text)
    as_officer.post(f"{page}/pause")
    as_officer.post(f"{page}/resume")
    assert f"It goes on: the letters leave {when}." in words(as_officer.get(page).text)
    # On each reader's clock one moment is only that of the first, and no zone is everybody's.
    assert ">UTC</span>" in as_officer.get(page).text
    chosen = {"send_on": str(tomorrow), "send_at": "10:00", "zone": "UTC", "readers_zone": "y"}
    as_officer.post(f"{page}/schedule", data=chosen)
    shown = as_officer.get(page).text
    assert ("on each reader's clock" in unescape(shown), ">UTC</span>" in shown) == (True, False)
    assert "2 letters leave from" in words(as_officer.get("/today").text)
    assert "leaves from" in words(as_lead.get("/letters").text)


@pytest.mark.sqlite_only
def test_an_approval_that_ends_in_a_question_does_not_say_that_letters_leave(
    as_lead: FlaskClient, lead: User, campaign: Campaign
) -> None:
    mailing = planned(make_mailing(campaign, rest_days=14))
    read(mailing, lead.id)
    with unit_of_work("write", actor="test"):
        add_events(
            [
                Event(letter.contact_id, clock.now(), EntryKind.LETTER, f"interaction:{letter.id}", "By hand")
                for letter in letters_by_name(mailing).values()
            ]
        )
    as_lead.post(f"/mailings/{mailing.id}/approve")
    said = words(as_lead.get(f"/mailings/{mailing.id}").text)
    assert ("on their way" in said, "Approved, but nothing leaves yet" in said) == (False, True)
