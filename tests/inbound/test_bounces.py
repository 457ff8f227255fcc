"""What mail servers report of letters they had taken, and all that follows from it for those who count on them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from crm import clock
from crm.directory.actions import add_point
from crm.directory.models import Contact, ContactPoint, PointKind
from crm.extensions import db
from crm.inbound.jobs import work_on_received
from crm.inbound.models import InboundKind, InboundState
from crm.inbound.parsing import read
from crm.inbound.reports import report_in
from crm.letters.models import Letter, Mailing, SkipReason
from crm.letters.queries import ledgers
from crm.outbox.models import Batch, Bounce, BounceKind, MessageState, OutgoingMessage, Suppression, SuppressionReason
from crm.outbox.queries import suppressed
from crm.outbox.reasons import Reason
from crm.outbox.return_path import return_path
from crm.outbox.tallies import true_counts
from crm.pipeline.models import Target
from crm.policy import Role
from crm.timeline.models import EntryKind, TimelineEntry
from crm.unit_of_work import unit_of_work
from tests.factories.accounts import make_user, sign_in
from tests.factories.inbound import a_mail, a_report, received, stored, take_in
from tests.factories.letters import make_mailing, planned
from tests.inbox.test_views import ADDRESS, sent_letter

FULL = "smtp; 452 4.2.2 The mailbox is full"


def message_of(letter: Letter) -> OutgoingMessage:
    db.session.rollback()
    db.session.expire_all()
    return db.session.get_one(OutgoingMessage, letter.message_id)


def signed(letter: Letter) -> str:
    return return_path("bounces@ratify.example", letter.message_id or 0)


def entries(letter: Letter) -> list[TimelineEntry]:
    named = sa.select(TimelineEntry).where(TimelineEntry.reference == f"letter:{letter.id}")
    return list(db.session.scalars(named))


def skips(mailing: Mailing) -> dict[int, SkipReason | None]:
    rows = db.session.execute(sa.select(Letter.contact_id, Letter.skip_reason).where(Letter.mailing_id == mailing.id))
    return {row.contact_id: row.skip_reason for row in rows}


def test_a_letter_comes_back_and_all_who_count_on_it_see_it(app: Flask, client: FlaskClient) -> None:
    letter = sent_letter()
    target = db.session.get_one(Target, letter.target_id)
    officer = make_user(Role.OFFICER)
    with unit_of_work("own", actor="test"):
        target.owner_id = officer.id
    assert target.last_contact_at is not None
    # The signed address alone tells which letter it is: the report brings back none of our headers.
    message = received(a_report("<unknown@elsewhere.example>"), recipient=signed(letter))
    assert (message.kind, message.state, message.contact_id) == (
        InboundKind.REPORT, InboundState.MATCHED, letter.contact_id
    )  # fmt: skip
    sent = message_of(letter)
    assert (sent.state, sent.reason, sent.reply_code) == (MessageState.SENT, Reason.BOUNCED, 550)
    assert "no such user" in (sent.reply_text or "")
    kept = db.session.scalars(sa.select(Suppression)).one()
    assert (kept.reason, kept.source) == (SuppressionReason.HARD_BOUNCE, f"inbound_message:{message.id}")

    batch = db.session.get_one(Batch, sent.batch_id)
    ledger = ledgers([letter.mailing_id])[letter.mailing_id]
    assert ledger.adds_up
    assert (ledger.sent, ledger.bounced, ledger.failed) == (1, 1, 0)
    assert (batch.sent, true_counts(batch.id)["sent"]) == (1, 1)
    (entry,) = entries(letter)
    assert entry.kind is EntryKind.LETTER_BOUNCED
    db.session.refresh(target)
    assert target.last_contact_at is None, "nothing has reached them"

    sign_in(client, officer)
    today = client.get("/").text
    assert "Letters that came back" in today
    assert ADDRESS in today
    assert "no such user" in today
    page = client.get(f"/mailings/{letter.mailing_id}?outcome=sent&reason=bounced").text
    assert "no such user" in page
    assert "Sent, and came back" in page
    assert "Came back" in client.get(f"/letters/{letter.id}").text
    contact = client.get(f"/contacts/{letter.contact_id}").text
    assert "Letter came back" in contact
    assert "Letters came back" in contact

    # It is said once, whoever says it again, and the second time in other words.
    received(a_report("<unknown@elsewhere.example>", diagnostic="smtp; 550 5.1.1 unknown"), recipient=signed(letter))
    assert len(entries(letter)) == 1
    again = planned(make_mailing(db.session.get_one(Mailing, letter.mailing_id).campaign, rest_days=0))
    assert skips(again)[letter.contact_id] is SkipReason.BOUNCED

    # The officer says that the address works after all.
    point = db.session.scalars(sa.select(ContactPoint).where(ContactPoint.value == ADDRESS)).one()
    client.post(f"/contacts/{letter.contact_id}/points/{point.id}/current")
    db.session.refresh(point)
    assert (point.bounced_at, suppressed([ADDRESS])) == (None, set())
    assert "Letters that came back" not in client.get("/").text


def test_another_address_is_written_to_where_there_is_one(app: Flask) -> None:
    letter = sent_letter()
    with unit_of_work("add address", actor="test"):
        contact = db.session.get_one(Contact, letter.contact_id)
        add_point(contact, PointKind.EMAIL, "ann.office@parliament.example")
    received(a_report(message_of(letter).message_id_header))
    db.session.expire_all()
    contact = db.session.get_one(Contact, letter.contact_id)
    assert contact.email == "ann.office@parliament.example"
    again = planned(make_mailing(db.session.get_one(Mailing, letter.mailing_id).campaign))
    assert skips(again)[letter.contact_id] is None, "what came back does not count as written lately"


def test_soft_ones_count_and_delays_are_only_noted(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    app.extensions["settings"] = app.extensions["settings"].model_copy(update={"soft_bounces": 2})
    first = sent_letter()
    delayed = a_report("<x@y.example>", action="delayed", status="4.4.1", diagnostic="smtp; 451 4.4.1 no answer")
    assert received(delayed, recipient=signed(first)).state is InboundState.MATCHED
    assert message_of(first).reason is None
    assert db.session.scalars(sa.select(Bounce.kind)).all() == [BounceKind.DELAYED]

    received(a_report("<x@y.example>", status="4.2.2", diagnostic=FULL), recipient=signed(first))
    assert message_of(first).reason is Reason.BOUNCED
    assert suppressed([ADDRESS]) == set(), "once is not for ever"
    # A later word that it is being tried takes nothing back.
    received(delayed.replace(b"no answer", b"no answer yet"), recipient=signed(first))
    assert db.session.scalars(sa.select(Bounce.kind)).all() == [BounceKind.SOFT]

    later = clock.now() + timedelta(days=5)
    monkeypatch.setattr(clock, "now", lambda: later)
    second = sent_again(first)
    received(a_report("<x@y.example>", status="5.2.2", diagnostic=FULL.replace("4", "5", 1)), recipient=signed(second))
    assert suppressed([ADDRESS], {SuppressionReason.HARD_BOUNCE}) == {ADDRESS}


def sent_again(letter: Letter) -> Letter:
    """Another letter to the same address that was sent."""
    with unit_of_work("copy", actor="test"):
        values: dict[str, Any] = {
            c.name: getattr(message_of_inside(letter), c.name) for c in OutgoingMessage.__table__.columns
        }
        for name in ("id", "reason", "reply_code", "reply_text"):
            values.pop(name)
        values |= {"reference": "again", "message_id_header": "<again@ratify.example>", "next_attempt_at": sa.null()}
        copy = OutgoingMessage(**values)
        db.session.add(copy)
        db.session.flush()
        return Letter(id=0, message_id=copy.id)


def message_of_inside(letter: Letter) -> OutgoingMessage:
    return db.session.get_one(OutgoingMessage, letter.message_id)


def test_a_report_faster_than_its_letter_waits_and_a_held_letter_is_proven_sent(app: Flask) -> None:
    letter = sent_letter()
    with unit_of_work("take back", actor="test"):
        leaving = message_of_inside(letter)
        leaving.state, leaving.lease_token = MessageState.CLAIMED, "leaving"
    receipt = take_in(a_report("<x@y.example>"), recipient=signed(letter))
    for _round in range(5):
        work_on_received()
    assert stored(receipt.id).state is InboundState.WAITING
    with unit_of_work("hold", actor="test"):
        held = message_of_inside(letter)
        held.state, held.lease_token, held.reason = MessageState.HELD, "dead", Reason.PROCESS_DIED
        batch = db.session.get_one(Batch, held.batch_id)
        batch.sent -= 1
    work_on_received()
    assert stored(receipt.id).state is InboundState.MATCHED
    assert (message_of(letter).state, message_of(letter).reason) == (MessageState.SENT, Reason.BOUNCED)
    db.session.refresh(batch)
    assert batch.sent == true_counts(batch.id)["sent"] == 1


@pytest.mark.sqlite_only
def test_our_own_people_are_not_locked_out(app: Flask) -> None:
    letter = sent_letter()
    with unit_of_work("a notice", actor="test"):
        message_of_inside(letter).one_click_unsubscribe = False
    received(a_report(message_of(letter).message_id_header))
    assert message_of(letter).reason is Reason.BOUNCED
    assert suppressed([ADDRESS]) == set()


QMAIL = b"""From: MAILER-DAEMON@parliament.example\nTo: bounces@ratify.example\nSubject: failure notice

Hi. This is the qmail-send program at parliament.example.
I'm afraid I wasn't able to deliver your message to the following addresses.
This is a permanent error; I've given up. Sorry it didn't work out.

<ann@parliament.example>:
Sorry, no mailbox here by that name. (#5.1.1)

--- Below this line is a copy of the message.

Message-ID: <0.1@ratify.example>
"""


def test_what_reports_say_in_all_their_ways() -> None:
    hard, soft = BounceKind.HARD, BounceKind.SOFT
    for status, diagnostic, kind in (
        ("5.1.1", "smtp; 550 5.1.1 no such user", hard),
        ("5.0.0", "smtp; 550 5.7.1 refused as spam", soft),  # the words are exact where the status is not
        ("5.0.0", "smtp; 550 user unknown", hard),
        ("5.2.1", "smtp; 550 5.2.1 mailbox disabled", hard),
        ("5.2.2", "smtp; 552 5.2.2 over quota", soft),
        ("5.4.1", "smtp; 550 5.4.1 access denied", hard),
        ("5.1.8", "smtp; 550 5.1.8 bad sender", soft),
        ("4.4.7", "smtp; 421 4.4.7 expired", soft),
        ("", "smtp; 550 5.1.10 recipient not found", hard),
    ):
        found = report_in(
            read(a_report("<0.1@a.example>", status=status, diagnostic=diagnostic)).message, to_return_path=True
        )
        assert found is not None
        assert found.reported.kind is kind, (status, diagnostic)
        assert found.message_ids == ("<0.1@a.example>",)
        assert found.reported.words == diagnostic.removeprefix("smtp; ")
    whole = report_in(read(a_report("<0.2@a.example>", returned="message/rfc822")).message, to_return_path=False)
    assert whole is not None
    assert whole.message_ids == ("<0.2@a.example>",)
    qmail = report_in(read(QMAIL).message, to_return_path=False)
    assert qmail is not None
    assert (qmail.reported.kind, qmail.reported.status) == (hard, "5.1.1")
    assert qmail.message_ids == ("<0.1@ratify.example>",)
    for other in (
        a_report("<0.1@a.example>", action="delivered", status="2.0.0"),
        a_mail("My colleague's mailbox: 550 5.1.1 no such user. Write to me.").as_bytes(),
        a_mail("I am out of office until Monday.", Auto_Submitted="auto-replied").as_bytes(),
    ):
        assert report_in(read(other).message, to_return_path=False) is None
