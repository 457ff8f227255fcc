"""Today tells each reader what waits for them or their team, as their team may see it, and lets them do it there."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from crm import clock
from crm.accounts.models import User
from crm.audit.models import ChangeSet
from crm.extensions import db
from crm.history.models import InteractionKind, Task
from crm.outbox.leases import pause_for
from crm.outbox.models import PauseReason
from crm.pipeline.actions import Promise, record_commitment
from crm.pipeline.models import Commitment, CommitmentState, Stage, Target
from crm.policy import Role
from crm.stances.models import Stance
from crm.unit_of_work import unit_of_work
from tests.factories.accounts import make_user, sign_in
from tests.factories.directory import make_organization, make_person
from tests.factories.history import make_interaction, make_task
from tests.factories.inbound import a_mail, received
from tests.factories.letters import approved, make_letter_target, make_mailing, planned
from tests.factories.outbox import make_batch
from tests.factories.pipeline import make_campaign, make_target
from tests.factories.stances import make_statement
from tests.queries import queries_of

LONG_AGO = datetime(2026, 1, 5, 12, tzinfo=UTC)


def counts(client: FlaskClient, whose: str = "mine") -> dict[str, str]:
    """The number beside the heading of each section that is shown."""
    page = client.get(f"/today?whose={whose}").text
    found = re.findall(r'<section class="card" id="(\w+)".*?class="count">([^<]+)<', page, re.DOTALL)
    return dict(found)


def make_day(owner: User, team_id: int) -> dict[str, int]:
    """One thing of each kind that waits for an officer, with their ids."""
    owner_id, today = owner.id, clock.today()
    yesterday = today - timedelta(days=1)
    campaign = make_campaign("Ratify", owner=make_user(Role.LEAD))
    ada, bea, gone, come = (
        make_person("Ada Alvaro"),
        make_person("Bea Bright"),
        make_person("Cyd Gone", party="Blue Party", ended=yesterday - timedelta(days=60)),
        make_person("Dan Come", party="Blue Party", start=yesterday - timedelta(days=59)),
    )
    ids = {"ada": ada.id, "bea": bea.id, "gone": gone.id, "come": come.id}
    step = make_target(campaign, ada, owner_id=owner_id, next_step="Call her office", next_step_due=yesterday)
    ids["step"] = step.id
    with clock.pretend(LONG_AGO):
        ids["quiet"] = make_target(campaign, bea, owner_id=owner_id, stage=Stage.IN_DIALOGUE).id
    ids["left"] = make_target(campaign, gone, owner_id=owner_id).id
    with unit_of_work("promise", actor="test"):
        promise = Promise("I shall.", "Vote for it", date(2026, 1, 1), due_on=yesterday)
        ids["promise"] = record_commitment(ids["step"], promise).id
    ids["task"] = make_task(owner_id, "Send the briefing", today, contact_id=ids["ada"]).id
    make_task(owner_id, "Some other day", today + timedelta(days=1))
    make_interaction([ids["ada"]], "Wants our figures", InteractionKind.REPLY, at=clock.now() - timedelta(hours=2))
    make_statement(ids["ada"], Stance.CHAMPION, date(2026, 5, 3))
    make_statement(ids["ada"], Stance.OPPOSED, date(2026, 5, 9))
    return ids


def undo_last(client: FlaskClient) -> None:
    deed = db.session.scalars(sa.select(ChangeSet.id).order_by(ChangeSet.id.desc()).limit(1)).one()
    client.post(f"/audit/{deed}/undo")


def test_what_waits_is_counted_and_done_in_place(client: FlaskClient) -> None:
    officer, colleague = make_user(), make_user()
    ids = make_day(officer, officer.team_id)
    sign_in(client, officer)
    every = {"due": "2", "replies": "1", "commitments": "1", "ended": "1", "contradictions": "1", "quiet": "1"}
    assert counts(client) == every
    page = client.get("/").text
    # What is overdue stands before what is due today.
    assert page.index("Call her office") < page.index("Send the briefing")
    for section, count in every.items():
        listed = client.get(f"/today/{section}?whose=mine").text
        assert listed.count('<li class="line-with-action">') == int(count)
    deeds: list[tuple[str, dict[str, str], dict[str, str | None]]] = [
        (f"/tasks/{ids['task']}/done", {}, {"due": "1"}),
        (f"/tasks/{ids['task']}/postpone", {"to": "tomorrow"}, {"due": "1"}),
        (f"/targets/{ids['step']}/postpone", {"to": "next_week"}, {"due": "1"}),
        (f"/targets/{ids['step']}/postpone", {"to": "day", "day": "2999-01-01"}, {}),
        (f"/targets/{ids['step']}/step-done", {}, {"due": "1"}),
        (
            f"/commitments/{ids['promise']}/verdict",
            {"state": "kept", "found_on": clock.today().isoformat(), "proof_url": "https://votes.example/7"},
            {"commitments": None},
        ),
        (f"/turnover/{ids['left']}/hand-over/{ids['come']}", {}, {"ended": None}),
    ]
    for address, data, changed in deeds:
        answer = client.post(address, data=data | {"next": "/today?whose=mine"})
        assert (answer.status_code, answer.location) == (302, "/today?whose=mine"), address
        expected = {name: count for name, count in (every | changed).items() if count is not None}
        assert counts(client) == expected, address
        if address.endswith(("done", "step-done")):
            assert client.get(f"/contacts/{ids['ada']}?show=steps").text.count(" done</strong>") == 1, address
        if changed:
            undo_last(client)
            assert counts(client) == every, address
    # After a note with somebody their reply waits no more, and nothing of it is a colleague's.
    make_interaction([ids["ada"]], "Sent them", InteractionKind.LETTER, at=clock.now())
    assert "replies" not in counts(client)
    sign_in(client, colleague)
    assert counts(client) == {}
    assert "Nothing waits for you today" in client.get("/").text
    assert counts(client, "team")["due"] == "2"


def test_counts_tell_nothing_of_what_another_team_keeps_to_itself(client: FlaskClient) -> None:
    officer, stranger = make_user(), make_user(team="Others")
    target = make_target(owner_id=officer.id, stage=Stage.IN_DIALOGUE)
    now, contact = clock.now(), target.contact_id
    make_interaction(
        [contact], "A secret", InteractionKind.REPLY, at=now - timedelta(hours=1), team_id=stranger.team_id
    )
    make_task(officer.id, "Theirs", clock.today(), contact_id=contact, team_id=stranger.team_id)
    make_statement(contact, Stance.CHAMPION, date(2026, 5, 3))
    make_statement(contact, Stance.OPPOSED, date(2026, 5, 9), team_id=stranger.team_id)
    sign_in(client, officer)
    for whose in ("mine", "team"):
        assert counts(client, whose) == {}
    assert "A secret" not in client.get("/today/replies").text


def test_letters_wait_for_those_who_decide_on_them(client: FlaskClient) -> None:
    lead, planner = make_user(Role.LEAD), make_user(Role.LEAD)
    campaign = make_campaign(owner=lead)
    make_letter_target(campaign, "Ada Alvaro")
    mailing = planned(make_mailing(campaign, officer=planner))
    assert mailing.planned_by_id == planner.id
    assert counts(sign_in(client, lead)) == {"approvals": "1"}
    assert counts(sign_in(client, planner)) == {"mailings": "1"}
    approved(mailing, lead)
    errors = {"failed": 12, "of": 50, "words": "550 no such user", "times": 9}
    with unit_of_work("pause", actor="worker:mail"):
        pause_for(mailing.batch_id or 0, PauseReason.ERRORS, errors)
    assert counts(client) == {"stopped": "1"}
    assert "12 of the last 50 letters failed or came back. <q" in client.get("/today/stopped").text
    assert counts(sign_in(client, lead), "team")["stopped"] == "1"
    make_batch(2, reference="mailing:another")
    with unit_of_work("hold", actor="test"):
        db.session.execute(
            sa.text(
                "UPDATE outgoing_message SET state = 'held', next_attempt_at = NULL WHERE reference LIKE 'letter:%'"
            )
        )
    assert counts(sign_in(client, make_user(Role.ADMIN)))["held"] == "2"
    assert client.get("/today/held").status_code == 200
    assert sign_in(client, lead).get("/today/held").status_code == 404


def test_a_translator_ticks_off_tasks_of_theirs_and_a_viewer_reads(client: FlaskClient) -> None:
    translator, viewer = make_user(Role.TRANSLATOR), make_user(Role.VIEWER)
    own = make_task(translator.id, "Translate it", clock.today()).id
    other = make_task(viewer.id, "Not theirs", clock.today()).id
    assert sign_in(client, viewer).get("/").text.count("Not theirs") == 1
    assert client.post(f"/tasks/{other}/done").status_code == 403
    sign_in(client, translator)
    assert counts(client) == {"due": "1"}
    assert client.post(f"/tasks/{other}/done").status_code == 403
    assert client.post(f"/tasks/{own}/done").status_code == 302
    assert db.session.get_one(Task, own).done_at is not None


@pytest.mark.sqlite_only
def test_an_empty_installation_is_led_to_its_first_letters(client: FlaskClient) -> None:
    sign_in(client, make_user(Role.ADMIN))
    assert 'class="done"' not in client.get("/").text
    make_organization()
    page = client.get("/").text
    assert "What to do next" in page
    assert page.count('class="done"') == 1


def test_today_asks_as_much_of_many_rows_and_counts_to_a_bound(app: Flask, client: FlaskClient) -> None:
    officer = make_user()
    make_day(officer, officer.team_id)
    officer_id = officer.id
    sign_in(client, officer)
    before = queries_of(lambda: client.get("/today"))
    assert before <= 14
    with unit_of_work("much to do", actor="test"):
        db.session.execute(
            sa.insert(Task),
            [
                {"title": f"Task {number}", "owner_id": officer_id, "due_on": date(2026, 1, 1), "created_by": "test"}
                for number in range(230)
            ],
        )
    assert queries_of(lambda: client.get("/today")) == before
    assert counts(client)["due"] == "200+"
    page = client.get("/today/due").text
    assert page.count('<li class="line-with-action">') == 50
    assert 'rel="next"' in page
    assert db.session.scalars(sa.select(Commitment.state)).all() == [CommitmentState.OPEN]
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Target)) == 3


def test_mail_of_an_unknown_sender_waits_for_all_who_may_say_whose_it_is(client: FlaskClient) -> None:
    ada, officer = make_person("Ada Alvaro").id, make_user()
    mail = received(a_mail(sender="Nobody Known <nobody@elsewhere.example>", subject="Whom to ask?"))
    assert counts(sign_in(client, make_user(Role.VIEWER)), "team") == {}
    for reader in (make_user(), officer):
        assert counts(sign_in(client, reader)) == {"unplaced": "1"}
    page = client.get("/today/unplaced").text
    assert all(each in page for each in ("Nobody Known", "Whom to ask?", f'href="/received/{mail.id}"'))
    client.post(f"/received/{mail.id}/contact", data={"contact": ada})
    assert "unplaced" not in counts(client)
