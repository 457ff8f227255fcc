"""An answer stands on the timeline of whoever wrote it, once, and what a program answers is none."""

from __future__ import annotations

from datetime import timedelta
from email.message import EmailMessage

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from crm import clock
from crm.attachments.models import Attachment
from crm.audit.models import ChangeSet
from crm.directory.models import ContactPoint
from crm.extensions import db
from crm.history.models import Interaction, InteractionAttachment, InteractionContact, InteractionKind
from crm.inbound.folding import files_of, folded, folded_page, is_automatic, words_of
from crm.inbound.models import InboundKind, InboundState, Match, Reply
from crm.inbound.parsing import read
from crm.letters.models import Letter
from crm.outbox.models import OutgoingMessage
from crm.outbox.return_path import return_path
from crm.pipeline.models import Target
from crm.policy import Role
from crm.timeline.models import EntryKind, TimelineEntry
from crm.unit_of_work import unit_of_work
from tests.factories.accounts import make_user, sign_in
from tests.factories.directory import make_person
from tests.factories.inbound import a_mail, received, stored
from tests.inbox.test_views import sent_letter

LAST_LINE = "\n\nOn Sun, 22 Nov 2026 at 09:30, Ratify <ratify@ratify.example> wrote:\n> Please ratify.\n> Ola\n"


def header_of(letter: Letter) -> str:
    return db.session.get_one(OutgoingMessage, letter.message_id).message_id_header


def timeline(contact_id: int) -> list[EntryKind]:
    db.session.rollback()
    rows = sa.select(TimelineEntry.kind).where(TimelineEntry.contact_id == contact_id).order_by(TimelineEntry.id)
    return [kind for kind in db.session.scalars(rows) if "reply" in kind or kind is EntryKind.LETTER]


@pytest.mark.sqlite_only
@pytest.mark.parametrize(
    ("text", "new"),
    [
        (f"I shall vote for it.{LAST_LINE}", "I shall vote for it."),
        ("Oui.\n\nLe 22 nov. 2026 à 09:30, Ratify <r@x.example> a écrit :\n> Svp\n", "Oui."),
        ("Sí.\n\nEl dom, 22 nov 2026 a las 9:30, Ratify (<r@x.example>) escribió:\n> Por favor\n", "Sí."),
        ("Yes.\n\n-----Original Message-----\nFrom: Ratify\nSent: today\nTo: Ann\n\nplease\n", "Yes."),
        ("No quotation here.\n", "No quotation here."),
        ("> all of it\n> is quoted\n", "> all of it\n> is quoted"),
    ],
)
def test_what_is_only_quoted_is_folded(text: str, new: str) -> None:
    words = folded(text)
    assert words.new == new
    assert (words.quoted == "") == (new == text.strip())


@pytest.mark.sqlite_only
def test_a_page_is_read_as_its_words_and_loads_nothing() -> None:
    page = (
        "<html><head><style>p {}</style></head><body><p>Yes &amp; thanks</p><img src='https://spy.example/1.png'>"
        "<script>alert(1)</script><div class='gmail_quote'><div>On Sunday Ola wrote:</div>"
        "<blockquote>Please</blockquote></div></body></html>"
    )
    words = folded_page(page)
    assert words.new == "Yes & thanks"
    assert "Please" in words.quoted
    assert "spy" not in words.new + words.quoted
    # What no parser should be asked to bear is borne, and soon.
    assert isinstance(folded_page("<div>" * 20_000).new, str)
    assert folded_page("").new == ""


@pytest.mark.sqlite_only
@pytest.mark.parametrize(
    ("headers", "automatic"),
    [
        ({}, False),
        ({"Auto-Submitted": "auto-replied (vacation)"}, True),
        ({"Auto-Submitted": "no", "Precedence": "bulk"}, False),
        ({"Precedence": "auto_reply"}, True),
        ({"X-Autoreply": "yes"}, True),
        ({"Return-Path": "<>"}, True),
        ({"List-Id": "<news.parliament.example>"}, True),
        ({"X-Auto-Response-Suppress": "All"}, True),
        ({"X-Auto-Response-Suppress": "DR, OOF"}, False),
        ({"X-Auto-Response-Suppress": "OOF", "Subject": "Out of office: Please ratify"}, True),
        # A person may well write of an office, and of being out of it.
        ({"Subject": "Out of office until Monday, but yes"}, False),
    ],
)
def test_mail_of_programs_is_told_by_its_marks(headers: dict[str, str], automatic: bool) -> None:
    mail = EmailMessage()
    for name, value in {"Subject": "Re: Please ratify", **headers}.items():
        mail[name] = value
    assert is_automatic(read(mail.as_bytes()).message) is automatic


def test_an_answer_stands_on_the_timeline_once(app: Flask, client: FlaskClient) -> None:
    letter = sent_letter()
    officer = make_user(Role.OFFICER)
    with unit_of_work("own", actor="test"):
        db.session.get_one(Target, letter.target_id).owner_id = officer.id
    mail = a_mail(f"I shall vote for it.{LAST_LINE}", In_Reply_To=header_of(letter))
    mail.add_attachment(b"%PDF-1.7 a paper", maintype="application", subtype="pdf", filename="paper.pdf")
    mail.add_attachment(b"MZ", maintype="application", subtype="octet-stream", filename="virus.exe")
    message = received(mail)
    assert (message.state, message.kind, message.matched_by, message.contact_id) == (
        InboundState.MATCHED, InboundKind.OTHER, Match.REFERENCE, letter.contact_id,
    )  # fmt: skip
    happened = db.session.scalars(sa.select(Interaction)).one()
    assert (happened.kind, happened.summary, happened.notes) == (
        InteractionKind.REPLY, "Re: Please ratify", "I shall vote for it.",
    )  # fmt: skip
    assert happened.campaign_id == db.session.get_one(Target, letter.target_id).campaign_id
    reply = db.session.scalars(sa.select(Reply)).one()
    assert ("Please ratify." in reply.quoted, reply.files_left) == (True, 1)
    assert db.session.scalars(sa.select(Attachment.name).join(InteractionAttachment)).all() == ["paper.pdf"]
    # The same mail by another way, with other headers; and one without Message-ID, twice.
    mail["Received"] = "from mx.parliament.example"
    assert received(mail).state is InboundState.DUPLICATE
    del mail["Message-ID"]
    assert received(mail).state is InboundState.MATCHED
    mail["X-Spam"] = "no"
    assert received(mail).state is InboundState.DUPLICATE
    assert timeline(letter.contact_id) == [EntryKind.REPLY] * 2
    # Whoever has the target finds it on Today; it holds what was quoted, folded.
    sign_in(client, officer)
    today = client.get("/").text
    assert "Re: Please ratify" in today
    assert "Ann Ardent" in today
    page = client.get(f"/interactions/{happened.id}").text
    assert "I shall vote for it." in page
    assert "&gt; Please ratify." in page
    assert f"/received/{message.id}" in page


def test_it_finds_its_contact_by_signature_reference_then_sender(app: Flask) -> None:
    letter = sent_letter()
    to_answers = return_path("answers@ratify.example", letter.message_id or 0)
    assistant = {"sender": "An assistant <office@elsewhere.example>"}
    signed = received(a_mail("one", **assistant, to=f"Ola <ola@x.example>, {to_answers}"))
    referring = received(a_mail("two", **assistant, References=f"<a@b.example> {header_of(letter)}"))
    by_sender = received(a_mail("three", sender="ANN@Parliament.example"))
    assert [message.matched_by for message in (signed, referring, by_sender)] == [
        Match.SIGNED, Match.REFERENCE, Match.SENDER,
    ]  # fmt: skip
    assert {message.contact_id for message in (signed, referring, by_sender)} == {letter.contact_id}
    # Two contacts share the address: nobody guesses whose it is.
    make_person("Ann Assistant", email="ann@parliament.example")
    assert received(a_mail("four")).state is InboundState.UNMATCHED
    assert received(a_mail("five", In_Reply_To=header_of(letter))).contact_id == letter.contact_id
    # One of us answers in a mail program, with a copy to here: a letter of ours.
    make_user(Role.OFFICER, email="ola@ratify.example")
    copy = received(a_mail("six", sender="Ola <OLA@ratify.example>", In_Reply_To=header_of(letter)))
    assert copy.contact_id == letter.contact_id
    assert timeline(letter.contact_id) == [EntryKind.REPLY] * 4 + [EntryKind.LETTER]


def test_what_a_program_answers_is_noted_and_is_no_answer(app: Flask, client: FlaskClient) -> None:
    letter = sent_letter()
    before = db.session.get_one(Target, letter.target_id).last_contact_at
    away = received(a_mail("I am away.", In_Reply_To=header_of(letter), Auto_Submitted="auto-replied"))
    assert (away.state, away.kind, away.contact_id) == (
        InboundState.MATCHED, InboundKind.AUTOMATIC, letter.contact_id
    )  # fmt: skip
    assert timeline(letter.contact_id) == [EntryKind.AUTOMATIC_REPLY]
    assert db.session.get_one(Target, letter.target_id).last_contact_at == before
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Interaction)) == 0
    sign_in(client, make_user(Role.OFFICER))
    page = client.get(f"/contacts/{letter.contact_id}").text
    assert "Automatic reply" in page
    assert f"/received/{away.id}" in page
    client.post(f"/received/{away.id}/taken-up")
    assert (stored(away.id).state, timeline(letter.contact_id)) == (InboundState.UNMATCHED, [])


def test_what_goes_to_many_stands_on_no_timeline(app: Flask, client: FlaskClient) -> None:
    letter = sent_letter()
    news = received(a_mail("News of the week", subject="Weekly", List_Id="<news.parliament.example>"))
    bulk = received(a_mail("Invitation", subject="Come", Precedence="bulk"))
    through_list = received(a_mail("Yes.", List_Id="<office.parliament.example>", In_Reply_To=header_of(letter)))
    away = received(a_mail("Away", Precedence="bulk", Auto_Submitted="auto-replied"))
    assert [each.state for each in map(stored, (news.id, bulk.id, through_list.id, away.id))] == [
        InboundState.TO_MANY, InboundState.TO_MANY, InboundState.MATCHED, InboundState.MATCHED,
    ]  # fmt: skip
    assert timeline(letter.contact_id) == [EntryKind.AUTOMATIC_REPLY] * 2
    sign_in(client, make_user(Role.OFFICER))
    assert "Newsletters" in client.get("/received").text
    assert "Weekly" not in client.get("/received").text
    page = client.get("/received?part=to-many").text
    assert ("Weekly" in page, "Come" in page) == (True, True)
    # Somebody sees more in it.
    assert "Take it up again" in client.get(f"/received/{news.id}").text
    client.post(f"/received/{news.id}/taken-up")
    client.post(f"/received/{news.id}/contact", data={"contact": letter.contact_id})
    assert timeline(letter.contact_id)[-1:] == [EntryKind.REPLY]


def test_a_date_from_a_wrong_clock_puts_nothing_far_away(app: Flask) -> None:
    letter = sent_letter()
    for number, written in enumerate(("Thu, 01 Jan 1970 00:00:00 +0000", "Sun, 01 Jan 2040 00:00:00 +0000")):
        mail = a_mail(f"number {number}", In_Reply_To=header_of(letter))
        mail.replace_header("Date", written)
        received(mail)
    moments = db.session.scalars(sa.select(Interaction.at)).all()
    assert len(moments) == 2
    assert all(clock.now() - timedelta(days=8) < at <= clock.now() + timedelta(seconds=1) for at in moments)


def test_what_nobody_could_place_is_assigned_with_one_click_and_back(app: Flask, client: FlaskClient) -> None:
    ann, ben = make_person("Ann Ardent"), make_person("Ben Brisk")
    message = received(a_mail("I will.", sender="Ann Ardent <private@elsewhere.example>"))
    assert message.state is InboundState.UNMATCHED
    sign_in(client, make_user(Role.OFFICER))
    page = client.get(f"/received/{message.id}").text
    assert f'name="contact" value="{ann.id}"' in page
    assert "is called so" in page
    answer = client.post(f"/received/{message.id}/contact", data={"who": "nobody at all"})
    assert (answer.status_code, "Nobody in the directory is called that" in answer.text) == (422, True)
    shown = client.post(f"/received/{message.id}/contact", data={"contact": ann.id}, follow_redirects=True).text
    assert "It stands on their timeline now." in shown
    assert (stored(message.id).state, stored(message.id).matched_by) == (InboundState.MATCHED, Match.HAND)
    assert timeline(ann.id) == [EntryKind.REPLY]
    again = client.post(f"/received/{message.id}/contact", data={"contact": ben.id}, follow_redirects=True).text
    assert "Somebody has seen to it already." in again
    latest = db.session.scalars(sa.select(ChangeSet.id).order_by(ChangeSet.id.desc()).limit(1)).one()
    client.post(f"/audit/{latest}/undo")
    assert (stored(message.id).state, timeline(ann.id)) == (InboundState.UNMATCHED, [])
    # And forth again, though what its row belonged to went with it.
    latest = db.session.scalars(sa.select(ChangeSet.id).order_by(ChangeSet.id.desc()).limit(1)).one()
    assert "Done again." in client.post(f"/audit/{latest}/undo", follow_redirects=True).text
    assert (stored(message.id).state, timeline(ann.id)) == (InboundState.MATCHED, [EntryKind.REPLY])
    client.post(f"/audit/{latest + 1}/undo")
    client.post(f"/received/{message.id}/contact", data={"who": "Ann Ardent"})
    assert db.session.scalars(sa.select(InteractionContact.contact_id)).one() == ann.id
    # It is somebody else's after all.
    client.post(f"/received/{message.id}/taken-up")
    client.post(f"/received/{message.id}/contact", data={"who": "Ben Brisk"})
    assert (timeline(ann.id), timeline(ben.id)) == ([], [EntryKind.REPLY])


def test_what_became_private_is_seen_by_its_team_alone(app: Flask, client: FlaskClient) -> None:
    letter = sent_letter()
    message = received(a_mail("Between us.", In_Reply_To=header_of(letter)))
    officer = make_user(Role.OFFICER)
    with unit_of_work("keep to the team", actor="test"):
        db.session.scalars(sa.select(Interaction)).one().team_id = officer.team_id
    paths = (f"/received/{message.id}", f"/received/{message.id}/source")
    sign_in(client, officer)
    assert [client.get(path).status_code for path in paths] == [200, 200]
    sign_in(client, make_user(Role.OFFICER, team="Other"))
    assert [client.get(path).status_code for path in paths] == [404, 404]
    assert f"/received/{message.id}" not in client.get("/received?part=done").text
    assert client.post(f"/received/{message.id}/taken-up").status_code == 404


@pytest.mark.sqlite_only
def test_files_between_the_words_are_files_and_pictures_in_them_are_not() -> None:
    mail = a_mail("words")
    mail.add_attachment(b"%PDF-", maintype="application", subtype="pdf", filename="a.pdf", disposition="inline")
    mail.add_attachment(b"\x89PNG", maintype="image", subtype="png", filename="logo.png", disposition="inline")
    message = read(mail.as_bytes()).message
    assert [name for name, _data in files_of(message)] == ["a.pdf"]
    assert words_of(message).new == "words"


def test_the_address_of_whom_somebody_named_may_be_kept_with_them(client: FlaskClient) -> None:
    ann = make_person("Ann Ardent").id
    message = received(a_mail(sender="Ann <ann@elsewhere.example>"))
    place = f"/received/{message.id}/address"
    sign_in(client, make_user(Role.OFFICER))
    client.post(place)
    assert place not in client.get(f"/received/{message.id}").text
    assert place in client.post(f"/received/{message.id}/contact", data={"contact": ann}, follow_redirects=True).text
    kept = sa.select(ContactPoint.value).where(ContactPoint.contact_id == ann)
    assert "ann@elsewhere.example" not in db.session.scalars(kept).all()
    assert place not in client.post(place, follow_redirects=True).text
    assert "ann@elsewhere.example" in db.session.scalars(kept).all()
