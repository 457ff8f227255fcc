"""The administrator's outbox."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from crm.audit.models import ChangeSet
from crm.extensions import db
from crm.outbox import actions, queries
from crm.outbox.models import Batch, BatchState, MessageState, OutgoingMessage
from crm.outbox.reasons import Reason
from crm.policy import Role
from crm.unit_of_work import unit_of_work
from tests.factories.accounts import make_user, sign_in
from tests.factories.outbox import letters, make_batch


@pytest.fixture
def admin(client: FlaskClient) -> FlaskClient:
    return sign_in(client, make_user(Role.ADMIN))


def hold(batch: Batch, number: int = 1) -> int:
    """Put a letter of the batch on hold; its id."""
    message_id = letters(batch)[number - 1].id
    with unit_of_work("hold", actor="test"):
        db.session.execute(
            sa.update(OutgoingMessage)
            .where(OutgoingMessage.id == message_id)
            .values(state=MessageState.HELD, next_attempt_at=None, reason=Reason.NO_ANSWER, reply_text="hung up")
        )
    return message_id


def state_of(message_id: int) -> MessageState:
    db.session.rollback()
    return db.session.scalars(sa.select(OutgoingMessage.state).where(OutgoingMessage.id == message_id)).one()


def test_only_administrators_see_the_outbox(client: FlaskClient) -> None:
    assert client.get("/outbox").status_code == 302
    sign_in(client, make_user(Role.LEAD))
    assert client.get("/outbox").status_code == 403


def test_an_empty_outbox_says_what_comes(admin: FlaskClient) -> None:
    assert "Nothing has been sent yet" in admin.get("/outbox").text


def test_letters_are_listed_with_what_became_of_them(admin: FlaskClient) -> None:
    batch = make_batch(3, text="a secret link")
    other = make_batch(1, reference="mailing:2", to_name="Other One")
    hold(batch, 2)
    page = admin.get("/outbox").text
    assert page.count("<bdi>Member ") == 3
    assert "Other One" in page
    assert "hung up" in page
    assert "1 letter is held" in page
    assert "a secret link" not in page
    page = admin.get(f"/outbox?batch={batch.id}&state=queued").text
    assert page.count("<bdi>Member ") == 2
    assert "Other One" not in page
    assert admin.get("/outbox?state=nonsense").status_code == 400
    assert admin.get("/outbox?batch=999").status_code == 404
    assert "No such letter" in admin.get(f"/outbox?batch={other.id}&state=sent").text


def test_many_letters_come_in_pages_at_a_constant_cost(admin: FlaskClient) -> None:
    def cost() -> int:
        statements: list[str] = []

        def count(*arguments: object) -> None:
            statements.append(str(arguments[2]))

        sa.event.listen(db.engine, "before_cursor_execute", count)
        page = admin.get("/outbox").text
        sa.event.remove(db.engine, "before_cursor_execute", count)
        assert "Member" in page
        return len(statements)

    batch = make_batch(3)
    few = cost()
    with unit_of_work("post", actor="test"):
        batch = actions.open_batch("mailing", "mailing:2")
    make_batch(120, reference="mailing:2")
    assert cost() <= few
    page = admin.get(f"/outbox?batch={batch.id}").text
    assert page.count("<bdi>Member ") == 50
    assert 'rel="next"' in page


@pytest.mark.parametrize(
    ("decision", "state"),
    [("arrived", MessageState.SENT), ("send_again", MessageState.QUEUED), ("give_up", MessageState.FAILED)],
)
def test_a_person_decides_about_a_held_letter(admin: FlaskClient, decision: str, state: MessageState) -> None:
    batch = make_batch(2)
    message_id = hold(batch)
    assert f"/outbox/messages/{message_id}/decision" in admin.get("/outbox?state=held").text
    answer = admin.post(f"/outbox/messages/{message_id}/decision?state=held", data={"decision": decision})
    assert (answer.status_code, answer.location) == (302, "/outbox?state=held")
    assert state_of(message_id) is state
    change_set = db.session.scalars(sa.select(ChangeSet).order_by(ChangeSet.id.desc())).first()
    assert change_set is not None
    assert change_set.notes == {"held_letters": {str(message_id): decision}}
    again = admin.post(f"/outbox/messages/{message_id}/decision", data={"decision": decision}, follow_redirects=True)
    assert "somebody has decided already" in again.text


def test_many_held_letters_are_decided_about_at_once(admin: FlaskClient) -> None:
    ids = [hold(make_batch(1, reference=f"mailing:{number}")) for number in range(3)]
    with unit_of_work("cancel", actor="test"):
        actions.cancel(db.session.get_one(OutgoingMessage, ids[2]).batch_id)
    page = admin.get("/outbox?state=held").text
    assert all(f'name="message" value="{each}"' in page for each in ids)
    ticked = {"message": ids, "decision": "send_again"}
    answer = admin.post("/outbox/held/decision?state=held", data=ticked, follow_redirects=True).text
    assert "Noted of 2 letters" in answer
    assert "1 letter stays as it is" in answer
    assert [state_of(each) for each in ids] == [MessageState.QUEUED, MessageState.QUEUED, MessageState.HELD]
    change_set = db.session.scalars(sa.select(ChangeSet).order_by(ChangeSet.id.desc())).first()
    assert change_set is not None
    assert change_set.notes == {"held_letters": {str(each): "send_again" for each in ids[:2]}}
    nothing = admin.post("/outbox/held/decision", data={"decision": "arrived"}, follow_redirects=True).text
    assert "Tick the letters first" in nothing
    assert admin.post("/outbox/held/decision", data={"message": ids}).status_code == 400


def test_an_unknown_decision_changes_nothing(admin: FlaskClient) -> None:
    message_id = hold(make_batch(1))
    answer = admin.post(f"/outbox/messages/{message_id}/decision", data={"decision": "dance"})
    assert answer.status_code == 400
    assert state_of(message_id) is MessageState.HELD


def test_a_letter_of_a_cancelled_batch_is_not_sent_again(admin: FlaskClient) -> None:
    batch = make_batch(1)
    message_id = hold(batch)
    with unit_of_work("cancel", actor="test"):
        actions.cancel(batch.id)
    answer = admin.post(
        f"/outbox/messages/{message_id}/decision", data={"decision": "send_again"}, follow_redirects=True
    )
    assert "Its batch is cancelled" in answer.text
    assert state_of(message_id) is MessageState.HELD


def test_a_batch_is_paused_resumed_and_cancelled(admin: FlaskClient) -> None:
    batch = make_batch(2, kind="invitation", reference="invitation:1")
    for order, state in (
        ("pause", BatchState.PAUSED),
        ("resume", BatchState.RUNNING),
        ("cancel", BatchState.CANCELLED),
    ):
        assert f"/outbox/batches/{batch.id}/{order}" in admin.get(f"/outbox?batch={batch.id}").text
        answer = admin.post(f"/outbox/batches/{batch.id}/{order}?batch={batch.id}")
        assert (answer.status_code, answer.location) == (302, f"/outbox?batch={batch.id}")
        db.session.rollback()
        db.session.refresh(batch)
        assert batch.state is state
    assert queries.batch_counts(batch.id)[MessageState.CANCELLED] == 2
    answer = admin.post(f"/outbox/batches/{batch.id}/resume", follow_redirects=True)
    assert "the batch is cancelled" in answer.text
    assert admin.post(f"/outbox/batches/{batch.id}/dance").status_code == 404
    assert admin.post("/outbox/batches/999/pause").status_code == 404


def test_resuming_is_no_way_around_the_second_person(admin: FlaskClient) -> None:
    batch = make_batch(1, released=False, kind="invitation", reference="invitation:1")
    assert f"/outbox/batches/{batch.id}/resume" not in admin.get(f"/outbox?batch={batch.id}").text
    answer = admin.post(f"/outbox/batches/{batch.id}/resume?batch={batch.id}", follow_redirects=True)
    assert "the batch is not released yet" in answer.text
    db.session.rollback()
    db.session.refresh(batch)
    assert batch.state is BatchState.UNRELEASED


@pytest.mark.sqlite_only
def test_letters_of_a_mailing_go_on_on_its_page_alone(admin: FlaskClient) -> None:
    batch = make_batch(1, reference="mailing:7")
    with unit_of_work("pause", actor="test"):
        actions.pause(batch.id)
    page = admin.get(f"/outbox?batch={batch.id}").text
    assert f"/outbox/batches/{batch.id}/resume" not in page
    assert 'href="/mailings/7"' in page
    answer = admin.post(f"/outbox/batches/{batch.id}/resume")
    assert (answer.status_code, answer.location) == (302, "/mailings/7")
    db.session.rollback()
    db.session.refresh(batch)
    assert batch.state is BatchState.PAUSED
