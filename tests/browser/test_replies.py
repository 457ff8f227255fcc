"""What comes back to a letter, an answer or the letter itself: real IMAP in, a real browser, real SMTP out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from email import message_from_bytes, policy

import pytest
import sqlalchemy as sa
from flask import Flask
from playwright.sync_api import expect
from pydantic import SecretStr

from crm.directory.models import Contact
from crm.extensions import db
from crm.inbound.jobs import fetch_mail, work_on_received
from crm.job_queue import MAIL
from crm.letters.models import Letter
from crm.outbox.holder import this_process
from crm.outbox.models import Batch, BatchState, MessageState, OutgoingMessage
from crm.outbox.queries import suppressed
from crm.outbox.sender import Sender
from crm.pipeline.models import Stage, Target
from crm.policy import Role
from crm.unit_of_work import unit_of_work
from tests.browser.conftest import OpenPage
from tests.browser.screens import OPPOSITES, assert_accessible, assert_fits, untranslated
from tests.factories.inbound import a_mail, a_report
from tests.outbox.conftest import use_server
from tests.servers.mailbox import PASSWORD, USER, MailboxServer, mailbox_server
from tests.servers.smtp import SmtpServer

pytestmark = [pytest.mark.browser, pytest.mark.sqlite_only, pytest.mark.timeout(600)]
SAID = "I shall vote for ratification."


@pytest.fixture
def mailbox(live_app: Flask, smtp_server: SmtpServer) -> Iterator[MailboxServer]:
    """The mailbox the app fetches from, and the server it sends through, for the time of a test."""
    settings, mail = live_app.extensions["settings"], live_app.extensions["mail"]
    before = mail.server, mail.port
    use_server(live_app, smtp_server)
    with mailbox_server() as server:
        values = {"imap_host": "127.0.0.1", "imap_port": server.imap_port, "imap_user": USER, "imap_tls": "none"}
        live_app.extensions["settings"] = settings.model_copy(update=values | {"imap_password": SecretStr(PASSWORD)})
        yield server
    live_app.extensions["settings"] = settings
    mail.server, mail.port = before


def _let(batch_ids: list[int], state: BatchState) -> None:
    db.session.execute(sa.update(Batch).where(Batch.id.in_(batch_ids)).values(state=state))


def _a_letter_that_was_sent(owner_id: int) -> Letter:
    """One of the demo, whose target that user looks after, and which nothing came back to."""
    sent = (
        sa.select(Letter)
        .join(OutgoingMessage, OutgoingMessage.id == Letter.message_id)
        .join(Target, Target.id == Letter.target_id)
        .where(OutgoingMessage.state == MessageState.SENT, OutgoingMessage.reason.is_(None))
        .where(Target.stage == Stage.CONTACTED)
        .order_by(Letter.id)
    )
    letter = db.session.scalars(sent).first()
    assert letter is not None
    with unit_of_work("prepare tests", actor="test"):
        db.session.get_one(Target, letter.target_id).owner_id = owner_id
    return letter


def test_a_letter_that_came_back_is_seen_and_its_address_mended(
    live_app: Flask, open_page: OpenPage, users: dict[Role, int], mailbox: MailboxServer
) -> None:
    with live_app.app_context():
        letter = _a_letter_that_was_sent(users[Role.OFFICER])
        message = db.session.get_one(OutgoingMessage, letter.message_id)
        address, mailing_id, contact_id = message.to_address, letter.mailing_id, letter.contact_id
        mailbox.put(message_from_bytes(a_report(message.message_id_header), policy=policy.default))
        fetch_mail()
        work_on_received()
        assert suppressed([address]) == {address}
        db.session.remove()

    officer = open_page("/", role=Role.OFFICER, allows={422})
    row = officer.get_by_role("listitem").filter(has_text=address).filter(has_text="no such user")
    expect(row).to_be_visible()
    assert_accessible(officer)
    officer.goto(f"/mailings/{mailing_id}?outcome=sent&reason=bounced")
    expect(officer.get_by_text("no such user").first).to_be_visible()
    assert_accessible(officer)
    assert_fits(officer)
    phone = open_page("/", role=Role.OFFICER, variant=OPPOSITES[1])
    expect(phone.get_by_text(address).first).to_be_visible()
    assert_accessible(phone)
    assert_fits(phone)
    officer.goto("/")
    row.get_by_role("link", name="Another address").click()
    field = officer.get_by_label("Address or number")
    field.fill("new.desk@parliament.example")
    # What has moved under the bar on top is not to be pressed there.
    officer.evaluate("scrollTo(0, 0)")
    assert_accessible(officer)
    field.press("Enter")
    expect(officer.get_by_text("new.desk@parliament.example").first).to_be_visible()
    officer.goto("/")
    row.get_by_role("button", name="Retire").click()
    expect(row).to_have_count(0)
    with live_app.app_context():
        contact = db.session.get_one(Contact, contact_id)
        assert contact.email == "new.desk@parliament.example", "the next letter goes there"
        db.session.remove()


def test_a_reply_is_found_recorded_and_answered(
    live_app: Flask, open_page: OpenPage, users: dict[Role, int], mailbox: MailboxServer, smtp_server: SmtpServer
) -> None:
    with live_app.app_context():
        letter = db.session.get_one(OutgoingMessage, _a_letter_that_was_sent(users[Role.OFFICER]).message_id)
        with unit_of_work("prepare tests", actor="test"):
            # Only the answer is to leave.
            running = list(db.session.scalars(sa.select(Batch.id).where(Batch.state == BatchState.RUNNING)))
            _let(running, BatchState.PAUSED)
        db.session.refresh(letter)
        name, header, subject = letter.to_name, letter.message_id_header, letter.subject
        theirs = a_mail(
            f"{SAID}\n\nOn Sat, 21 Nov 2026, Ratify wrote:\n> {subject}\n",
            sender=f'"{name}" <assistant@elsewhere.example>',
            subject=f"AW: {subject}",
            In_Reply_To=header,
            References=header,
        )
        page_of_theirs = f"<p>{SAID}<img src='https://spy.example/pixel.png'></p>"
        theirs.add_alternative(page_of_theirs, subtype="html")
        mailbox.put(theirs)
        fetch_mail()
        work_on_received()
        db.session.remove()

    officer = open_page("/", role=Role.OFFICER, allows={422})
    officer.get_by_role("link", name=f"AW: {subject}").click()
    expect(officer.get_by_text(SAID, exact=True)).to_be_visible()
    assert_accessible(officer)
    assert_fits(officer)
    reply = officer.url
    officer.get_by_text("Show as it was formatted").click()
    expect(officer.frame_locator("iframe.letter-frame").get_by_text(SAID)).to_be_visible()
    assert_accessible(officer)
    officer.get_by_role("link", name="Record a stance").click()
    officer.get_by_role("radio", name="Supportive", exact=True).check()
    officer.get_by_label("Their words").fill(SAID)
    assert_accessible(officer)
    officer.get_by_role("button", name="Record it").click()
    expect(officer.get_by_text("Stance noted")).to_be_visible()
    officer.get_by_role("button", name=re.compile("Move to “In dialogue”")).first.click()
    expect(officer).to_have_url(reply)
    officer.get_by_role("link", name="Answer", exact=True).click()
    expect(officer.get_by_label("Subject")).to_have_value(f"Re: {subject}")
    officer.get_by_label("Your answer").fill("Thank you: it will count.")
    assert_accessible(officer)
    assert_fits(officer)
    officer.get_by_role("button", name="Send").click()
    expect(officer.get_by_text("Your answer is on its way")).to_be_visible()
    with live_app.app_context():
        Sender(this_process(MAIL)).run(30)
        with unit_of_work("tidy up after tests", actor="test"):
            _let(running, BatchState.RUNNING)
        db.session.remove()
    (letter_out,) = smtp_server.received
    answer = letter_out.message
    assert answer["Subject"] == f"Re: {subject}"
    assert answer["In-Reply-To"] == theirs["Message-ID"]
    assert answer["References"].split() == [header, theirs["Message-ID"]]
    words = answer.get_content()
    assert "Thank you: it will count." in words
    assert f"> {SAID}" in words
    officer.reload()
    officer.get_by_role("link", name=f"Re: {subject}").click()
    expect(officer.get_by_text("Thank you: it will count.")).to_be_visible()
    assert_accessible(officer)
    officer.goto("/")
    expect(officer.get_by_role("link", name=f"AW: {subject}")).to_have_count(0)

    # The same screens on a phone, in the dark, from right to left.
    path = reply.partition("//")[2].partition("/")[2]
    phone = open_page(f"/{path}", role=Role.OFFICER, variant=OPPOSITES[1])
    for each in (f"/{path}", f"/{path}/answer"):
        phone.goto(each)
        assert_accessible(phone)
        assert_fits(phone)
        assert untranslated(phone) == []
