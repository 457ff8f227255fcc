"""Answering from the timeline: below their mail in their program, and never where nothing must go."""

from __future__ import annotations

from io import BytesIO

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from crm.attachments.models import Attachment
from crm.extensions import db
from crm.history.models import Interaction
from crm.inbound.answers import quoted, subject_of_answer
from crm.inbound.models import Answer
from crm.job_queue import MAIL
from crm.letters.models import Letter
from crm.outbox.actions import suppress
from crm.outbox.holder import this_process
from crm.outbox.models import Batch, MessageState, OutgoingMessage, Priority, SuppressionReason
from crm.outbox.return_path import letter_of
from crm.outbox.sender import Sender
from crm.pipeline.models import Target
from crm.policy import Role
from crm.stances.models import Stance, Statement
from crm.timeline.models import EntryKind, TimelineEntry
from crm.unit_of_work import unit_of_work
from tests.factories.accounts import make_user, sign_in
from tests.factories.attachments import PDF
from tests.factories.inbound import a_mail, a_report, received
from tests.inbound.test_replies import header_of
from tests.inbox.test_views import ADDRESS, sent_letter
from tests.outbox.conftest import use_server
from tests.servers.smtp import SmtpServer


def replied(letter: Letter, text: str = "What does it cost?\nAnn") -> Interaction:
    """Ann's answer to our letter."""
    message = received(a_mail(text, In_Reply_To=header_of(letter), References=f"<first@x.example> {header_of(letter)}"))
    assert message.contact_id == letter.contact_id
    return db.session.scalars(sa.select(Interaction).order_by(Interaction.id.desc()).limit(1)).one()


def token_in(page: str) -> str:
    return page.partition('name="token"')[2].partition('value="')[2][:16]


@pytest.mark.sqlite_only
@pytest.mark.parametrize(
    ("subject", "answered"),
    [
        ("Please ratify", "Re: Please ratify"),
        ("AW: RE: Re[2]: Please ratify", "Re: Please ratify"),
        ("Réunion: ratify", "Re: Réunion: ratify"),
        ("", "Re:"),
    ],
)
def test_an_answer_is_called_as_what_it_answers(subject: str, answered: str) -> None:
    assert subject_of_answer(subject) == answered
    assert quoted("a\n\nb", "Ann wrote:") == "Ann wrote:\n> a\n>\n> b"
    assert quoted("", "Ann wrote:") == ""


def test_an_answer_threads_and_stands_on_the_timeline_word_for_word(
    app: Flask, client: FlaskClient, smtp_server: SmtpServer
) -> None:
    use_server(app, smtp_server)
    app.extensions["settings"] = app.extensions["settings"].model_copy(
        update={"mail_reply_to": "answers@ratify.example"}
    )
    letter = sent_letter()
    happened = replied(letter)
    officer = make_user(Role.OFFICER, name="Ola Officer", email="ola@ratify.example")
    sign_in(client, officer)
    form = client.get(f"/interactions/{happened.id}/answer").text
    assert "&gt; What does it cost?" in form
    values = {
        "subject": "Re: Please ratify", "text": "Nothing at all.", "quoted": "> What does it cost?",
        "token": token_in(form),
    }  # fmt: skip
    path = f"/interactions/{happened.id}/answer"
    assert client.post(path, data={**values, "text": " "}).status_code == 422
    assert "on its way" in client.post(path, data=values, follow_redirects=True).text
    client.post(path, data=values)  # the button pressed twice
    batch = db.session.scalars(sa.select(Batch).where(Batch.kind == "answer")).one()
    assert batch.priority is Priority.PERSONAL
    Sender(this_process(MAIL)).run(30)
    (sent,) = smtp_server.received
    mail = sent.message
    theirs = "<first@x.example>", header_of(letter)
    assert (mail["Subject"], sent.recipient) == ("Re: Please ratify", ADDRESS)
    assert mail["In-Reply-To"].startswith("<")
    assert mail["In-Reply-To"] not in theirs, "it answers their mail, not ours"
    assert mail["References"].split() == [*theirs, mail["In-Reply-To"]]
    assert "Ola Officer" in mail["From"]
    to_officer, to_us = mail["Reply-To"].addresses
    assert (to_officer.addr_spec, to_us.addr_spec.startswith("answers+")) == ("ola@ratify.example", True)
    assert mail["List-Unsubscribe"] is None
    text = mail.get_content().replace("\r\n", "\n")
    assert text == "Nothing at all.\n\n> What does it cost?\n"
    answer = db.session.scalars(sa.select(Answer)).one()
    assert letter_of(to_us.addr_spec) == answer.message_id
    entry = db.session.scalars(
        sa.select(TimelineEntry).where(TimelineEntry.reference == f"inbound_answer:{answer.id}")
    ).one()
    assert (entry.kind, entry.contact_id, entry.summary, entry.actor) == (
        EntryKind.LETTER_SENT, letter.contact_id, "Re: Please ratify", f"user:{officer.id}"
    )  # fmt: skip
    page = client.get(f"/answers/{answer.id}").text
    assert "Nothing at all." in page
    assert f"/answers/{answer.id}" in client.get(f"/contacts/{letter.contact_id}").text
    assert f"/answers/{answer.id}" in client.get(f"/interactions/{happened.id}").text
    # They answer again, and are heard; then a report says that ours never reached them.
    again = received(a_mail("Good.", sender="Office <office@elsewhere.example>", to=str(to_us)))
    assert (again.contact_id, again.outgoing_message_id) == (letter.contact_id, answer.message_id)
    ours = db.session.get_one(OutgoingMessage, answer.message_id).message_id_header
    received(a_report(ours))
    db.session.rollback()
    assert db.session.get_one(TimelineEntry, entry.id).kind is EntryKind.LETTER_BOUNCED


def test_an_answer_to_what_is_private_is_private(app: Flask, client: FlaskClient, smtp_server: SmtpServer) -> None:
    use_server(app, smtp_server)
    letter = sent_letter()
    happened, officer = replied(letter), make_user(Role.OFFICER)
    with unit_of_work("keep to the team", actor="test"):
        db.session.get_one(Interaction, happened.id).team_id = officer.team_id
    sign_in(client, officer)
    form = client.get(f"/interactions/{happened.id}/answer").text
    values = {"subject": "Re: x", "text": "Between us.", "token": token_in(form)}
    client.post(f"/interactions/{happened.id}/answer", data=values)
    Sender(this_process(MAIL)).run(30)
    answer = db.session.scalars(sa.select(Answer)).one()
    assert db.session.get_one(OutgoingMessage, answer.message_id).state is MessageState.SENT
    back = received(a_mail("Yes, between us.", In_Reply_To=smtp_server.received[0].message["Message-ID"]))
    private = sa.select(TimelineEntry.team_id).where(TimelineEntry.kind.in_((EntryKind.REPLY, EntryKind.LETTER_SENT)))
    assert officer.team_id in db.session.scalars(private).all()
    sign_in(client, make_user(Role.OFFICER, team="Other"))
    for path in (f"/answers/{answer.id}", f"/interactions/{happened.id}/answer", f"/received/{back.id}"):
        assert client.get(path).status_code == 404, path
    assert "between us" not in client.get(f"/contacts/{letter.contact_id}").text.lower()


@pytest.mark.sqlite_only
def test_nobody_is_answered_who_must_not_be_written_to(app: Flask, client: FlaskClient) -> None:
    letter = sent_letter()
    happened = replied(letter)
    sign_in(client, make_user(Role.OFFICER))
    form = client.get(f"/interactions/{happened.id}/answer").text
    with unit_of_work("suppress", actor="test"):
        suppress(ADDRESS, SuppressionReason.OBJECTION)
    assert "those that are not written to" in client.get(f"/interactions/{happened.id}/answer").text
    values = {"subject": "Re: x", "text": "All the same.", "token": token_in(form)}
    client.post(f"/interactions/{happened.id}/answer", data=values)
    assert db.session.scalars(sa.select(Answer)).all() == []


def test_a_reply_is_the_source_of_a_statement_and_moves_its_target(app: Flask, client: FlaskClient) -> None:
    letter = sent_letter()
    happened = replied(letter, "I shall vote for it.")
    officer = make_user(Role.OFFICER)
    sign_in(client, officer)
    page = client.get(f"/interactions/{happened.id}").text
    assert f'href="/letters/{letter.id}"' in page
    assert f'href="/mailings/{letter.mailing_id}"' in page
    stance = f"/interactions/{happened.id}/stance/{letter.contact_id}"
    assert stance in page
    assert f'action="/targets/{letter.target_id}/move"' in page or f"/targets/{letter.target_id}" in page
    form = client.get(stance).text
    assert "I shall vote for it." in form
    treaty = db.session.get_one(Target, letter.target_id).campaign.treaty_id
    values = {
        "treaty_id": treaty, "stance": Stance.SUPPORTIVE, "said_on": "2026-11-22", "confidence": "certain",
        "quote": "I shall vote for it.",
    }  # fmt: skip
    assert client.post(stance, data={**values, "stance": ""}).status_code == 422
    assert client.post(stance, data=values).status_code == 302
    said = db.session.scalars(sa.select(Statement)).one()
    assert (said.source_reference, said.stance, said.contact_id) == (
        f"interaction:{happened.id}", Stance.SUPPORTIVE, letter.contact_id
    )  # fmt: skip
    for place in (f"/contacts/{letter.contact_id}/stances/{treaty}", f"/contacts/{letter.contact_id}?show=statements"):
        source = client.get(place).text.partition(f'href="/interactions/{happened.id}">')[2].partition("<")[0]
        assert source == "their reply of 22 Nov 2026", place
    # A colleague sees there that it was done.
    assert f"/contacts/{letter.contact_id}/stances/{treaty}" in client.get(f"/interactions/{happened.id}").text
    assert client.get(f"/interactions/{happened.id}/stance/999999").status_code == 404


def test_files_go_with_an_answer_and_stand_on_its_page(
    app: Flask, client: FlaskClient, smtp_server: SmtpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_server(app, smtp_server)
    happened = replied(sent_letter())
    sign_in(client, make_user(Role.OFFICER))
    path = f"/interactions/{happened.id}/answer"
    token = token_in(client.get(path).text)

    def send(*files: tuple[bytes, str]) -> TestResponse:
        values: dict[str, object] = {"subject": "Re: it", "text": "Here they are.", "token": token}
        return client.post(path, data={**values, "files": [(BytesIO(data), name) for data, name in files]})

    refused = send((PDF, "cost.pdf"), (b"MZ", "tool.exe"))
    assert (refused.status_code, "tool.exe: Files of this kind" in refused.text) == (422, True)
    assert "Here they are." in refused.text
    with monkeypatch.context() as small:
        small.setattr("crm.inbound.forms.files_limit", lambda: 100)
        refused = send((PDF + b"x" * 60, "a.pdf"), (PDF + b"x" * 60, "b.pdf"))
        assert (refused.status_code, "can go with one letter" in refused.text) == (422, True)
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Attachment)) == 0
    for _twice in range(2):
        assert send((PDF, "cost.pdf"), (PDF, "same again.pdf")).status_code == 302
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Attachment)) == 2
    Sender(this_process(MAIL)).run(30)
    (sent,) = smtp_server.received
    words, *files = list(sent.message.walk())[1:]
    assert words.get_content().startswith("Here they are.")
    assert [(each.get_filename(), each.get_payload(decode=True)) for each in files] == [
        ("cost.pdf", PDF), ("same again.pdf", PDF)
    ]  # fmt: skip
    page = client.get(f"/answers/{db.session.scalars(sa.select(Answer.id)).one()}").text
    assert [name in page for name in ("cost.pdf", "same again.pdf")] == [True, True]
    found = db.session.scalars(sa.select(Attachment.id).order_by(Attachment.id)).first()
    assert client.get(f"/attachments/{found}").data == PDF
