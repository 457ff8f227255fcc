"""Links in mails: good once, for a while, by sending the form; and no word on who has an account."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from crm import clock, job_queue
from crm.accounts import actions, links, passwords
from crm.accounts.models import AccountToken, TokenPurpose, User, UserSession
from crm.accounts.tokens import token_hash
from crm.audit.models import ChangeSet
from crm.extensions import db
from crm.job_queue import MAIL
from crm.outbox.models import Batch, BatchState, MessageState, OutgoingMessage, Priority
from crm.outbox.results import Result, announce
from crm.unit_of_work import unit_of_work
from tests.factories.accounts import PASSWORD, make_user, sign_in
from tests.queries import queries_of

EMAIL = "eve@team.example"
NEW_PASSWORD = "four unrelated words together"
LINK = re.compile(r"http://127\.0\.0\.1:8000(/choose-password/\S+)")


def mails() -> list[OutgoingMessage]:
    return list(db.session.scalars(sa.select(OutgoingMessage).order_by(OutgoingMessage.id)))


def link_in(mail: OutgoingMessage) -> str:
    found = LINK.search(mail.text)
    assert found, mail.text
    return found[1]


def ask(client: FlaskClient, email: str = EMAIL) -> str:
    """Ask for a link and return the path in the mail."""
    assert client.post("/forgotten-password", data={"email": email}).status_code == 200
    return link_in(mails()[-1])


def fits(user_id: int, password: str) -> bool:
    db.session.rollback()
    return passwords.verify(db.session.get_one(User, user_id).password_hash, password)


def test_the_mail_is_posted_at_once_before_all_others(client: FlaskClient) -> None:
    user = make_user(email=EMAIL, name="Eve Abate")
    client.post("/forgotten-password", data={"email": "EVE@team.example "})
    (mail,) = mails()
    assert (mail.to_address, mail.to_name, mail.state) == (EMAIL, "Eve Abate", MessageState.QUEUED)
    assert "Hello Eve Abate," in mail.text
    assert user.email in mail.to_address
    batch = db.session.get_one(Batch, mail.batch_id)
    assert (batch.state, batch.priority) == (BatchState.RUNNING, Priority.TRANSACTIONAL)
    assert "crm.outbox.jobs.send_waiting" in [job.func_name for job in job_queue.get_queue(MAIL).jobs]


def test_the_answer_is_the_same_for_an_address_without_an_account(app: Flask, client: FlaskClient) -> None:
    make_user(email=EMAIL)
    known = client.post("/forgotten-password", data={"email": EMAIL})
    unknown = client.post("/forgotten-password", data={"email": "nobody@team.example"})
    assert (known.status_code, unknown.status_code) == (200, 200)

    def words(answer: TestResponse, email: str) -> str:
        return re.sub(r'name="csrf_token" value="[^"]+"', "", answer.text).replace(email, "")

    assert words(known, EMAIL) == words(unknown, "nobody@team.example")
    assert [mail.to_address for mail in mails()] == [EMAIL]
    # Both leave a trace, so that both have a commit to wait for.
    asked = sa.select(ChangeSet.notes).where(ChangeSet.action == "ask for a new password").order_by(ChangeSet.id)
    sent = [notes["links sent"] for notes in db.session.scalars(asked)]
    assert sent == [1, 0]
    assert db.session.scalar(sa.select(sa.func.count()).select_from(AccountToken)) == 1


def test_the_database_has_the_same_work_for_an_address_without_an_account(client: FlaskClient) -> None:
    make_user(email=EMAIL)
    client.post("/forgotten-password", data={"email": EMAIL})

    def work(email: str) -> int:
        return queries_of(lambda: client.post("/forgotten-password", data={"email": email}))

    assert abs(work(EMAIL) - work("nobody@team.example")) <= 2


def test_who_may_not_sign_in_gets_no_link(client: FlaskClient) -> None:
    user = make_user(email=EMAIL)
    with unit_of_work("deactivate", actor="test"):
        actions.change_user(user.id, name=user.name, role=user.role, team_id=user.team_id, active=False)
    client.post("/forgotten-password", data={"email": EMAIL})
    assert mails() == []


def test_a_malformed_address_is_said_to_be_one(client: FlaskClient) -> None:
    answer = client.post("/forgotten-password", data={"email": "eve"})
    assert answer.status_code == 422
    assert "Enter an address such as" in answer.text
    assert 'value="eve"' in answer.text


def test_the_link_lets_choose_a_password_once_and_ends_every_session(app: Flask, client: FlaskClient) -> None:
    user_id = make_user(email=EMAIL).id
    elsewhere = sign_in(app.test_client(), db.session.get_one(User, user_id))
    link = ask(client)
    answer = client.post(link, data={"new_password": NEW_PASSWORD})
    assert answer.location == "/sign-in"
    assert fits(user_id, NEW_PASSWORD)
    assert elsewhere.get("/account").status_code == 302
    assert db.session.scalar(sa.select(sa.func.count()).select_from(UserSession)) == 0
    again = client.post(link, data={"new_password": "yet another password here"})
    assert again.status_code == 410
    assert fits(user_id, NEW_PASSWORD)


def test_a_mail_scanner_that_opens_the_link_does_not_spend_it(client: FlaskClient) -> None:
    user_id = make_user(email=EMAIL).id
    link = ask(client)
    for _ in range(3):
        assert client.get(link).status_code == 200
        assert client.head(link).status_code == 200
    assert client.post(link, data={"new_password": NEW_PASSWORD}).status_code == 302
    assert fits(user_id, NEW_PASSWORD)


@pytest.mark.parametrize(
    ("weak", "hint"),
    [
        ("", "Enter a new password."),
        ("short", "Use at least 12 characters."),
        ("aaaaaaaaaaaaaaaa", "Use more different characters."),
        ("eve@team.example", "Leave out your name and your address."),
        ("Eve Abate 1", "Use at least 12 characters."),
        ("Eve Abate 123", "Leave out your name and your address."),
    ],
)
def test_a_weak_password_is_refused_and_the_link_stays(client: FlaskClient, weak: str, hint: str) -> None:
    user_id = make_user(email=EMAIL, name="Eve Abate").id
    link = ask(client)
    answer = client.post(link, data={"new_password": weak})
    assert answer.status_code == 422
    assert hint in answer.text
    assert fits(user_id, PASSWORD)
    assert client.get(link).status_code == 200


def test_the_link_expires(client: FlaskClient) -> None:
    make_user(email=EMAIL)
    link = ask(client)
    with unit_of_work("age", actor="test"):
        db.session.execute(sa.update(AccountToken).values(expires_at=clock.now() - timedelta(seconds=1)))
    assert client.get(link).status_code == 410
    assert client.post(link, data={"new_password": NEW_PASSWORD}).status_code == 410


def test_using_one_link_makes_the_others_worthless_and_asking_again_does_not(client: FlaskClient) -> None:
    make_user(email=EMAIL)
    first, second = ask(client), ask(client)
    assert client.get(first).status_code == 200
    client.post(first, data={"new_password": NEW_PASSWORD})
    assert client.get(second).status_code == 410


def test_the_link_of_one_who_is_deactivated_meanwhile_is_worthless(client: FlaskClient) -> None:
    user = make_user(email=EMAIL)
    user_id, name, role, team_id = user.id, user.name, user.role, user.team_id
    link = ask(client)
    for active in (False, True):
        with unit_of_work("change", actor="test"):
            actions.change_user(user_id, name=name, role=role, team_id=team_id, active=active)
        assert client.get(link).status_code == 410


def test_only_the_hash_of_the_token_is_kept(client: FlaskClient) -> None:
    make_user(email=EMAIL)
    token = ask(client).rpartition("/")[2]
    (kept,) = db.session.scalars(sa.select(AccountToken)).all()
    assert kept.purpose is TokenPurpose.PASSWORD_RESET
    assert kept.token_hash == token_hash(token)
    assert len(token) >= 43
    assert client.get("/choose-password/no-such-token").status_code == 410


def test_the_outbox_forgets_the_link_when_the_mail_has_left(client: FlaskClient) -> None:
    make_user(email=EMAIL)
    link = ask(client)
    (mail,) = mails()

    def tell(state: MessageState) -> str:
        with unit_of_work("send", actor="worker:mail"):
            announce([Result(mail.id, mail.batch_id, "transactional", mail.reference, state, clock.now())])
        return mails()[0].text

    assert link in tell(MessageState.DEFERRED)
    assert link not in tell(MessageState.SENT)
    assert "is not kept" in mails()[0].text


def test_of_two_who_follow_the_link_at_once_one_wins(client: FlaskClient) -> None:
    make_user(email=EMAIL)
    token = ask(client).rpartition("/")[2]
    with unit_of_work("race", actor="test"):
        winners = [links.spend_link(token) for _ in range(2)]
    assert [winner is not None for winner in winners] == [True, False]


def test_the_browser_that_followed_the_link_is_known_from_then_on(client: FlaskClient) -> None:
    make_user(email=EMAIL)
    answer = client.post(ask(client), data={"new_password": NEW_PASSWORD})
    assert any(cookie.startswith("ratify-browser=") for cookie in answer.headers.getlist("Set-Cookie"))


def test_the_page_does_not_leak_the_token_to_others(client: FlaskClient) -> None:
    make_user(email=EMAIL)
    page = client.get(ask(client))
    assert page.headers["Referrer-Policy"] in ("same-origin", "no-referrer")
    assert "no-store" in page.headers["Cache-Control"]


def test_the_mail_is_in_the_readers_language(client: FlaskClient) -> None:
    user = make_user(email=EMAIL)
    with unit_of_work("speak", actor="test"):
        actions.change_profile(user.id, name="Eve", language="ar", timezone="UTC")
    ask(client)
    assert mails()[-1].subject.startswith("⟪")
