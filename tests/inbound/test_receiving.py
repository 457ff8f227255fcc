"""A message is kept whole whatever is in it, worked on once, and nothing that is wrong with it holds up another."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm import job_queue
from crm.attachments import storage
from crm.cli import main
from crm.extensions import db
from crm.inbound import jobs
from crm.inbound.actions import WORK_ON_RECEIVED
from crm.inbound.models import Fault, InboundMessage, InboundState
from crm.inbound.parsing import NoMail, read
from crm.job_queue import DESK
from crm.outbox.return_path import return_path
from crm.policy import Role
from tests.factories.accounts import make_user, sign_in
from tests.factories.inbound import a_mail, received, stored, take_in
from tests.inbox.test_views import sent_letter

# What has made mail readers stumble: broken headers, charsets nobody has, nesting, bytes of no meaning.
NASTY = (
    b"",
    b"\x00\xff\xfe",
    b"From: \n\n",
    b"From: =?unknown?q?=FF?= <a@b>\nSubject: =?utf-8?b?////?=\n\n\xff",
    b"From: a@[\nTo: ,,,<<>>;:\nDate: 99 Foo 99999\nMessage-ID: <\nIn-Reply-To: <a<b>>\n\nx",
    b"Content-Type: multipart/mixed\n\nno boundary",
    b'Content-Type: text/plain; charset="\\\x00"\nContent-Transfer-Encoding: base64\n\n!!!',
    b"Content-Type: text/html; charset=rot13\n\n<p>x<script>",
    b"Content-Type: message/delivery-status\n\nAction: failed\n\n\n\n",
    b"Subject: " + b"=?utf-8?q?x?= " * 2000 + b"\n\n",
    b"To: bounces+1f-aaaaaaaaaaaaaaaa@ratify.example\n\n",
)


@pytest.mark.sqlite_only
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.one_of(
        st.binary(max_size=400),
        st.sampled_from(NASTY),
        st.builds(bytes.__add__, st.sampled_from(NASTY), st.binary(max_size=60)),
    )
)
def test_no_bytes_whatever_raise(app: Flask, raw: bytes) -> None:
    message = received(raw)
    assert message.state in (
        InboundState.UNMATCHED,
        InboundState.MATCHED,
        InboundState.SET_ASIDE,
        InboundState.DUPLICATE,
    )
    assert storage.path_of(message.sha256).read_bytes() == raw
    try:
        assert isinstance(read(raw).text, str)
    except NoMail:
        assert message.fault is Fault.NO_MAIL


def test_the_same_message_twice_is_one_and_the_others_are_read(app: Flask) -> None:
    mail = a_mail(subject="Привет").as_bytes()
    first, broken, again = take_in(mail), take_in(b"\x00 no mail"), take_in(mail)
    assert (first.is_new, broken.is_new, again.is_new, again.id) == (True, True, False, first.id)
    assert len(job_queue.get_queue(DESK)) >= 1, "the worker is woken"
    jobs.work_on_received()
    read_one, aside = stored(first.id), stored(broken.id)
    assert (read_one.state, read_one.from_address, read_one.from_name, read_one.subject) == (
        InboundState.UNMATCHED, "ann@parliament.example", "Ann Ardent", "Привет",
    )  # fmt: skip
    assert (aside.state, aside.fault) == (InboundState.SET_ASIDE, Fault.NO_MAIL)
    assert WORK_ON_RECEIVED in job_queue.catching_up(DESK), "a lost bell loses nothing"


def test_it_is_brought_to_its_letter_by_the_signed_address_then_by_what_it_answers(app: Flask) -> None:
    letter = sent_letter()
    assert letter.message_id is not None
    signed = return_path("bounces@ratify.example", letter.message_id)
    by_address = received(a_mail("one"), recipient=signed)
    by_header = received(a_mail("two", Delivered_To=signed))
    header = db.session.scalars(sa.text("SELECT message_id_header FROM outgoing_message")).one()
    answering = received(a_mail("three", In_Reply_To="<other@elsewhere.example>", References=f"<x@y.example> {header}"))
    for message in (by_address, by_header, answering):
        assert (message.outgoing_message_id, message.contact_id) == (letter.message_id, letter.contact_id)
    # The signature of another letter: whatever else it says, it is believed in nothing.
    forged = received(a_mail("four", In_Reply_To=header), recipient=signed.replace("+", "+f"))
    assert (forged.state, forged.fault, forged.contact_id) == (InboundState.SET_ASIDE, Fault.FORGED, None)
    assert received(a_mail("five")).outgoing_message_id is None


def test_what_cannot_be_worked_on_is_set_aside(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crm.inbound.actions.size_limit", lambda: 300)
    large = take_in(a_mail("x" * 1000))
    message = stored(large.id)
    assert (message.state, message.fault) == (InboundState.SET_ASIDE, Fault.TOO_LARGE)
    assert message.size > 1000
    monkeypatch.undo()

    def fail(_raw: bytes) -> None:
        raise ValueError("nobody can read \x00 this")

    monkeypatch.setattr("crm.inbound.actions.read", fail)
    unreadable = received(a_mail())
    assert (unreadable.fault, unreadable.fault_words) == (Fault.UNREADABLE, "ValueError: nobody can read this")
    assert unreadable.sha256, "it is still there, whole"

    def die(_raw: bytes) -> None:
        raise SystemExit  # as a killed process: nothing catches it

    monkeypatch.setattr("crm.inbound.actions.read", die)
    deadly = take_in(a_mail("deadly"))
    for _attempt in range(3):
        with pytest.raises(SystemExit):
            jobs.work_on_received()
    jobs.work_on_received()
    assert stored(deadly.id).fault is Fault.KILLED_WORKER


@pytest.mark.sqlite_only
def test_a_person_sees_it_tries_again_and_dismisses(app: Flask, client: FlaskClient) -> None:
    letter = sent_letter()
    header = db.session.scalars(sa.text("SELECT message_id_header FROM outgoing_message")).one()
    mail = a_mail("<b>I will</b> think about it.\n", In_Reply_To=header)
    placed = received(mail)
    html = a_mail(sender="Bob Unknown <bob@elsewhere.example>")
    html.set_content("<p>Dear &amp; all<script>alert(1)</script></p><p>Yes<br>Ann</p>", subtype="html")
    page_only = received(html)
    aside = received(b"\x00")
    officer = make_user(Role.OFFICER)
    sign_in(client, officer)
    page = client.get("/received").text
    assert "Bob Unknown" in page
    assert "Ann Ardent" not in page
    assert "this is no e-mail" in page
    assert "Bob Unknown" in client.get("/received?text=UNKNOWN").text
    assert "Bob Unknown" not in client.get("/received?text=nobody").text
    shown = client.get(f"/received/{placed.id}").text
    assert "&lt;b&gt;I will&lt;/b&gt; think about it." in shown
    assert f'href="/letters/{letter.id}"' in shown
    assert "Dear &amp; all\nYes\nAnn" in client.get(f"/received/{page_only.id}").text.replace("\n\n", "\n")
    answer = client.get(f"/received/{placed.id}/source")
    assert answer.data == mail.as_bytes()
    assert answer.headers["Content-Disposition"].startswith("attachment")
    client.post(f"/received/{aside.id}/again")
    assert (stored(aside.id).state, stored(aside.id).attempts) == (InboundState.WAITING, 0)
    assert "seen to it already" in client.post(f"/received/{aside.id}/dismissed", follow_redirects=True).text
    client.post(f"/received/{page_only.id}/dismissed")
    assert (stored(page_only.id).state, stored(page_only.id).settled_by_id) == (InboundState.DISMISSED, officer.id)
    done = client.get("/received?part=done").text
    assert "Ann Ardent" in done
    assert "Bob Unknown" in done
    client.post(f"/received/{page_only.id}/taken-up")
    assert (stored(page_only.id).state, stored(page_only.id).settled_by_id) == (InboundState.UNMATCHED, None)
    assert client.get("/received/999999").status_code == 404
    sign_in(client, make_user(Role.VIEWER))
    assert client.get("/received").status_code == 403


def test_a_mail_server_pipes_it_into_the_command(
    app: Flask, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"RATIFY_DATA": str(tmp_path), "RATIFY_ENV": "test", "DATABASE_URL": database_url}.items():
        monkeypatch.setenv(name, value)
    raw = a_mail().as_bytes()
    answer = CliRunner().invoke(main, ["receive", "--recipient", "bounces@ratify.example"], input=raw)
    assert (answer.exit_code, answer.output) == (0, ""), answer.output
    message = db.session.scalars(sa.select(InboundMessage)).one()
    assert (message.state, message.recipient, message.size) == (
        InboundState.WAITING, "bounces@ratify.example", len(raw)
    )  # fmt: skip
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/empty.db")
    answer = CliRunner().invoke(main, ["receive"], input=raw)
    assert answer.exit_code == 75, "the mail server keeps it and tries again"
