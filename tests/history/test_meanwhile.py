"""Two who change one task or entry at once do not overwrite each other unasked; files come off; a target has tasks."""

from __future__ import annotations

import html
import re
from datetime import date

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from crm.audit.models import ChangeSet
from crm.extensions import db
from crm.history.models import Interaction, InteractionAttachment, Task
from crm.policy import Role
from tests.factories.accounts import make_user, sign_in
from tests.factories.attachments import PDF, upload
from tests.factories.directory import make_person
from tests.factories.history import make_interaction, make_task
from tests.factories.pipeline import make_target

pytestmark = pytest.mark.sqlite_only
AT = "2026-05-04T09:30"


@pytest.fixture
def officer(app: Flask) -> FlaskClient:
    return sign_in(app.test_client(), make_user(Role.OFFICER))


def seen(client: FlaskClient, address: str) -> str:
    found = re.search(r'name="seen" value="([^"]*)"', client.get(address).text)
    assert found is not None
    return html.unescape(found[1])


def test_a_task_that_somebody_else_has_changed_is_asked_about(officer: FlaskClient) -> None:
    owner = make_user()
    task = make_task(owner.id, "Call her", date(2030, 1, 1)).id
    address, data = f"/tasks/{task}", {"owner_id": owner.id, "due_on": "2030-01-01"}
    before = seen(officer, address)
    officer.post(address, data=data | {"title": "Call him", "seen": before})
    # What the second one left alone follows the first; what both changed is asked about, once.
    answer = officer.post(address, data=data | {"title": "Call her", "due_on": "2030-02-02", "seen": before})
    assert answer.status_code == 302
    assert (db.session.get_one(Task, task).title, db.session.get_one(Task, task).due_on) == (
        "Call him",
        date(2030, 2, 2),
    )
    data |= {"title": "Write to her", "due_on": "2030-02-02"}
    answer = officer.post(address, data=data | {"seen": before})
    assert answer.status_code == 422
    assert "Somebody else has changed this meanwhile to “Call him”" in answer.text
    found = re.search(r'name="seen" value="([^"]*)"', answer.text)
    assert found is not None
    assert officer.post(address, data=data | {"seen": html.unescape(found[1])}).status_code == 302
    assert db.session.get_one(Task, task).title == "Write to her"


def test_an_entry_keeps_who_was_added_meanwhile_and_lets_go_of_a_file(officer: FlaskClient) -> None:
    ada, ben = make_person("Ada Alverberg").id, make_person("Ben Brook").id
    number = make_interaction([ada], "Called her").id
    address = f"/interactions/{number}/edit"
    before = seen(officer, address)
    data = {"contact": [ada], "what": "Called her", "at": AT, "kind": "call"}
    officer.post(address, data=data | {"contact": [ada, ben], "file": upload(PDF), "seen": before})
    answer = officer.post(address, data=data | {"notes": "Two pages", "seen": before})
    assert answer.status_code == 302
    page = officer.get(f"/interactions/{number}").text
    for shown in ("Ben Brook", "Two pages", "SHA-256"):
        assert shown in page
    answer = officer.post(address, data=data | {"what": "Rang her", "contact": [ben], "seen": before})
    assert "Somebody else has changed this meanwhile to “Ada Alverberg, Ben Brook”" in answer.text
    file = db.session.scalars(sa.select(InteractionAttachment.attachment_id)).one()
    officer.post(address, data=data | {"contact": [ada, ben], "notes": "Two pages", "gone": file})
    assert "SHA-256" not in officer.get(f"/interactions/{number}").text
    deed = db.session.scalars(sa.select(ChangeSet.id).order_by(ChangeSet.id.desc()).limit(1)).one()
    officer.post(f"/audit/{deed}/undo")
    assert "SHA-256" in officer.get(f"/interactions/{number}").text
    assert db.session.get_one(Interaction, number).summary == "Called her"


def test_a_target_has_tasks_of_its_own(officer: FlaskClient) -> None:
    target = make_target()
    target_id, owner = target.id, make_user().id
    page = f"/targets/{target_id}"
    hidden = make_task(owner, "A secret", target_id=target_id, team_id=make_user(team="Others").team_id)
    assert hidden.target_id == target_id
    assert f"/tasks/new?target={target_id}&amp;next={page.replace('/', '/')}" in officer.get(page).text
    answer = officer.post(
        f"/tasks/new?target={target_id}", data={"title": "Find who decides", "owner_id": owner, "next": page}
    )
    assert answer.location == page
    added = db.session.scalars(sa.select(Task).where(Task.title == "Find who decides")).one()
    assert (added.target_id, added.contact_id) == (target_id, None)
    shown = officer.get(page).text
    assert "Find who decides" in shown
    assert "A secret" not in shown
    officer.post(f"/tasks/{added.id}/done", data={"next": page})
    assert "Find who decides" not in officer.get(page).text.split("data-toasts")[0]
