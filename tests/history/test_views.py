"""Logging, changing, and ticking off, on screen."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from crm import clock
from crm.audit.models import Change
from crm.extensions import db
from crm.history.models import Interaction, InteractionKind, InteractionUser, Task
from crm.pipeline.models import Commitment, Stage, Target
from crm.policy import Role
from crm.stances.models import Confidence, Stance, Statement
from tests.factories.accounts import make_user, sign_in
from tests.factories.attachments import PDF, upload
from tests.factories.directory import make_person
from tests.factories.history import make_interaction, make_task
from tests.factories.pipeline import make_target

pytestmark = pytest.mark.sqlite_only
NOW = "2026-05-04T09:30"


@pytest.fixture
def officer(app: Flask) -> FlaskClient:
    return sign_in(app.test_client(), make_user(Role.OFFICER, team="Geneva"))


def logged() -> list[Interaction]:
    return list(db.session.scalars(sa.select(Interaction).order_by(Interaction.id)))


def test_two_fields_are_enough(officer: FlaskClient) -> None:
    person = make_person("Ada Alverberg")
    assert f'/log?contact={person.id}"' in officer.get(f"/contacts/{person.id}").text
    # Without script the name is typed, and a line that is no clear name comes back with everything in it.
    answer = officer.post("/log", data={"who": "Ada Alverberg", "what": "Called about the hearing", "at": NOW})
    assert answer.location == f"/contacts/{person.id}#timeline"
    (happened,) = logged()
    assert happened.kind is InteractionKind.CALL
    assert len(db.session.scalars(sa.select(InteractionUser)).all()) == 0
    page = officer.get(f"/contacts/{person.id}?show=calls").text
    assert "Called about the hearing" in page
    assert "Nothing of this kind" in officer.get(f"/contacts/{person.id}?show=notes").text
    assert officer.get(f"/log?contact={person.id}", headers={"X-Partial": "1"}).text.lstrip().startswith("<form")


def test_what_is_not_clear_comes_back_with_everything_typed(officer: FlaskClient) -> None:
    make_person("Ada Alverberg")
    make_person("Ada Almqvist")
    ahead = (clock.now() + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M")
    form = {"who": "Ada", "what": "Called & talked", "at": NOW, "next_step": "Send figures", "notes": "Two pages"}
    for wrong, words in (
        ({}, "Tick who is meant below"),
        ({"who": ""}, "Say with whom: type a name."),
        ({"who": "Zoe Nobody"}, "check the spelling"),
        ({"what": ""}, "Say in one line what happened."),
        ({"who": "Ada Almqvist", "at": ahead}, "This is still to come"),
        ({"who": "Ada Almqvist", "stage": "convinced"}, "Choose the campaign in which the stage has changed."),
        ({"who": "Ada Almqvist", "promised_words": "I will."}, "A commitment needs both"),
        ({"who": "Ada Almqvist", "next_step": "", "next_step_due": "2026-06-01"}, "Say what is due on that day"),
        ({"who": "Ada Almqvist", "file": upload(b"<svg>", "x.svg")}, "Files of this kind are not kept"),
    ):
        refused = officer.post("/log", data=form | wrong)
        assert refused.status_code == 422, wrong
        assert words in refused.text, wrong
        assert "Two pages" in refused.text
    assert logged() == []


def test_everything_that_follows_is_logged_in_one_go(officer: FlaskClient) -> None:
    target = make_target()
    target_id, contact_id, treaty_id = target.id, target.contact_id, target.campaign.treaty_id
    form = officer.get(f"/log?target={target_id}").text
    assert f'<option selected value="target:{target_id}">' in form
    data = {
        "contact": contact_id,
        "what": "Met in her office",
        "at": NOW,
        "about": f"target:{target_id}",
        "next_step": "Send the figures",
        "next_step_due": "2026-06-01",
        "stage": "committed",
        "stance": "champion",
        "treaty_id": treaty_id,
        "quote": "We shall ratify.",
        "task": "Thank her",
        "task_owner": db.session.scalars(sa.text("SELECT max(id) FROM user")).one(),
        "file": upload(PDF),
    }
    refused = officer.post("/log", data=data)
    assert refused.status_code == 422
    assert "write down the exact words below" in refused.text
    # Nothing of it was kept.
    assert logged() == []
    assert db.session.scalars(sa.select(Statement)).all() == []
    data |= {"promised_words": "I shall vote for it.", "promised_act": "Vote for it", "file": upload(PDF)}
    assert officer.post("/log", data=data).status_code == 302
    (happened,) = logged()
    target = db.session.get_one(Target, target_id)
    assert (target.stage, target.next_step, target.next_step_due) == (
        Stage.COMMITTED,
        "Send the figures",
        date(2026, 6, 1),
    )
    said = db.session.scalars(sa.select(Statement)).one()
    assert (said.stance, said.source_reference) == (Stance.CHAMPION, f"interaction:{happened.id}")
    assert db.session.scalars(sa.select(Commitment.words)).one() == "I shall vote for it."
    assert db.session.scalars(sa.select(Task.target_id)).one() == target_id
    assert "minutes.pdf" in officer.get(f"/interactions/{happened.id}").text


def test_the_next_step_so_far_stays_on_record(officer: FlaskClient) -> None:
    owner_id, due = make_user().id, date(2026, 1, 7)
    target = make_target(owner_id=owner_id, next_step="Call the assistant", next_step_due=due)
    target_id, contact_id = target.id, target.contact_id
    assert "overdue since" in officer.get(f"/log?target={target_id}").text
    data = {"contact": contact_id, "what": "Called", "at": NOW, "about": f"target:{target_id}"}

    def after(**more: str) -> tuple[str, list[tuple[str, bool]], str]:
        answer = officer.post("/log", data=data | more, follow_redirects=True).text
        tasks = db.session.execute(sa.select(Task.title, Task.done_at).order_by(Task.id)).all()
        deed = db.session.scalars(sa.text("SELECT max(id) FROM change_set")).one()
        found = db.session.get_one(Target, target_id).next_step, [(row.title, bool(row.done_at)) for row in tasks]
        officer.post(f"/audit/{deed}/undo")
        return *found, answer

    # A new step takes its place: nobody said that it was done. What it was stands in the trail.
    step, tasks, page = after(next_step="Send the figures", next_step_due="2026-06-01")
    assert (step, tasks) == ("Send the figures", [])
    assert "Logged: call with " in page
    assert ". Next step: “Send the figures”, due " in page
    assert "<strong>Next step done</strong>" not in page
    trail = db.session.scalars(sa.select(Change.before).where(Change.table_name == "target")).all()
    assert "Call the assistant" in [before.get("next_step") for before in trail]
    step, tasks, page = after(next_step="Send the figures", step_before="done")
    assert (step, tasks) == ("Send the figures", [("Call the assistant", True)])
    assert "Next step: “Send the figures”. Done: “Call the assistant”." in page
    assert "<strong>Next step done</strong>" in page
    # Undone as a whole, with its line.
    assert "<strong>Next step done</strong>" not in officer.get(f"/contacts/{contact_id}").text
    step, tasks, page = after(next_step="Send the figures", step_before="task")
    assert (step, tasks) == ("Send the figures", [("Call the assistant", False)])
    assert "<strong>Next step kept as a task</strong>" in page
    assert after(step_before="done")[:2] == ("", [("Call the assistant", True)])
    # Nothing new, or the same on another day: it is the same step still.
    assert after()[:2] == ("Call the assistant", [])
    assert after(next_step="Call the assistant", next_step_due="2026-06-01")[:2] == ("Call the assistant", [])


def test_what_was_said_elsewhere_has_its_own_source(officer: FlaskClient) -> None:
    target = make_target()
    contact_id, treaty_id = target.contact_id, target.campaign.treaty_id
    assert f'href="/contacts/{contact_id}/statements/new"' in officer.get(f"/log?contact={contact_id}").text
    data = {"contact": contact_id, "what": "Told us of her speech", "at": NOW, "treaty_id": treaty_id}
    # As it is read aloud, without https://.
    link = {"source_url": "parliament.example/speech"}
    assert "write the link into the notes" in officer.post("/log", data=data | link).text
    assert officer.post("/log", data=data | link | {"stance": "champion"}).status_code == 302
    said = db.session.scalars(sa.select(Statement)).one()
    assert (said.source_url, said.source_reference) == ("https://parliament.example/speech", "")
    assert said.confidence is Confidence.LIKELY


def test_a_statement_read_elsewhere_is_enough(officer: FlaskClient) -> None:
    target = make_target()
    contact_id, treaty = target.contact_id, target.campaign.treaty_id
    data = {"contact": contact_id, "what": "", "at": NOW, "treaty_id": treaty, "stance": "opposed", "quote": "Never."}
    # A quote without what happened or where it was said is nobody's word.
    assert "or paste the link" in officer.post("/log", data=data).text
    assert "Say in one line what happened." in officer.post("/log", data=data | {"stance": "", "quote": ""}).text
    data |= {"source_url": "paper.example/interview"}
    page = officer.post("/log", data=data, follow_redirects=True).text
    assert "Logged: statement of " in page
    assert "Stance: Opposed." in page
    assert "Statement recorded: “Never.”" in page
    assert 'href="https://paper.example/interview"' in page.split('<ol class="timeline">')[1]
    said = db.session.scalars(sa.select(Statement)).one()
    assert said.confidence is Confidence.CERTAIN
    assert logged()[0].kind is InteractionKind.NOTE
    officer.post("/log", data=data | {"confidence": "unsure"})
    assert db.session.scalars(sa.select(Statement.confidence).order_by(Statement.id)).all()[-1] is Confidence.UNSURE


def test_the_moment_is_that_of_saving_unless_another_was_entered(officer: FlaskClient) -> None:
    data = {"contact": make_person("Ada Alverberg").id, "what": "Called", "at": NOW}
    before = clock.now()
    officer.post("/log", data=data | {"at_first": NOW})
    officer.post("/log", data=data | {"at_first": "2026-05-04T09:29"})
    saved, entered = logged()
    assert saved.at >= before
    assert entered.at < before


def test_a_next_step_without_a_campaign_is_a_task(officer: FlaskClient) -> None:
    person_id = make_person("Ada Alverberg").id
    data = {"contact": person_id, "what": "Called", "at": NOW, "next_step": "Call again", "private": "y"}
    saved = officer.post("/log", data=data, headers={"X-Partial": "1"})
    assert saved.json == {"next": f"/contacts/{person_id}#timeline"}
    task = db.session.scalars(sa.select(Task)).one()
    assert (task.title, task.contact_id) == ("Call again", person_id)
    assert task.team_id == logged()[0].team_id is not None
    assert "Call again" in officer.get("/tasks").text
    officer.post(f"/tasks/{task.id}/done", follow_redirects=True)
    assert "Call again" not in officer.get("/tasks").text
    assert "Call again" in officer.get("/tasks?done=yes&whose=team").text
    stayed = officer.post("/log", data=data | {"stay": "1"}, headers={"X-Partial": "1"})
    assert "Logged: call with Ada Alverberg. Next step: “Call again”." in (stayed.json or {})["toasts"]


def test_an_edit_shows_and_keeps_what_it_said(officer: FlaskClient, app: Flask) -> None:
    person_id = make_person("Ada Alverberg").id
    number = make_interaction([person_id], "Called <b>her</b>").id
    data = {"contact": person_id, "what": "Called him", "at": NOW, "kind": "call", "private": "y"}
    assert officer.post(f"/interactions/{number}/edit", data=data | {"what": ""}).status_code == 422
    make_person("Ben Brook")
    added = officer.post(f"/interactions/{number}/edit", data=data | {"who": "Ben Brook", "add": "yes"}).text
    assert "<bdi>Ben Brook</bdi>" in added
    assert "Called him" in added
    officer.post(f"/interactions/{number}/edit", data=data)
    page = officer.get(f"/interactions/{number}").text
    assert "Called him" in page
    assert "edited" in page
    assert "Called &lt;b&gt;her&lt;/b&gt;" in page
    stranger = sign_in(app.test_client(), make_user(Role.LEAD, team="Brussels"))
    for address in (f"/interactions/{number}", f"/interactions/{number}/edit"):
        assert stranger.get(address).status_code == 404
    assert stranger.post(f"/interactions/{number}/withdraw").status_code == 404
    assert "Called him" not in stranger.get(f"/contacts/{person_id}").text
    own = officer.get(f"/contacts/{person_id}/timeline.csv?show=calls")
    assert own.text.splitlines()[1].split(",")[2:3] == ["Called him"]
    assert "Called him" not in stranger.get(f"/contacts/{person_id}/timeline.csv").text
    officer.post(f"/interactions/{number}/withdraw")
    assert officer.get(f"/interactions/{number}").status_code == 404


def test_a_task_is_added_changed_and_the_teams(officer: FlaskClient, app: Flask) -> None:
    person_id, owner = make_person("Ada Alverberg").id, make_user(team="Brussels")
    owner_id, team_id = owner.id, owner.team_id
    page = f"/tasks/new?contact={person_id}"
    assert "Ada Alverberg" in officer.get(page).text
    assert officer.post(page, data={"title": "", "owner_id": owner_id}).status_code == 422
    data = {"title": "Find out who decides", "owner_id": owner_id, "due_on": "2026-06-01"}
    assert officer.post(page, data=data).location == f"/contacts/{person_id}#timeline"
    task = db.session.scalars(sa.select(Task)).one()
    assert "Find out who decides" in officer.get(f"/contacts/{person_id}").text
    officer.post(f"/tasks/{task.id}", data=data | {"title": "Ask who decides"})
    assert db.session.get_one(Task, task.id).title == "Ask who decides"
    hidden = make_task(owner_id, "Between us", team_id=team_id).id
    for answer in (officer.get(f"/tasks/{hidden}"), officer.post(f"/tasks/{hidden}/done")):
        assert answer.status_code == 404
