"""Messages that come in, written by hand as mail servers and officials write them, and the worker that reads them."""

from __future__ import annotations

from email.message import EmailMessage

import sqlalchemy as sa

from crm.extensions import db
from crm.inbound.actions import Receipt, receive
from crm.inbound.jobs import work_on_received
from crm.inbound.models import InboundMessage, Source
from crm.unit_of_work import unit_of_work


def a_mail(
    text: str = "Thank you for your letter.\n",
    *,
    sender: str = "Ann Ardent <ann@parliament.example>",
    to: str = "ratify@ratify.example",
    subject: str = "Re: Please ratify",
    **headers: str,
) -> EmailMessage:
    """A mail from an invented official; `In_Reply_To` names the header of that name."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, to, subject
    message["Date"] = "Sun, 22 Nov 2026 09:30:00 +0100"
    message["Message-ID"] = f"<{abs(hash((text, sender, subject)))}@parliament.example>"
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content(text)
    return message


def take_in(raw: bytes | EmailMessage, *, recipient: str = "") -> Receipt:
    """Receive a message as the pipe does."""
    data = raw if isinstance(raw, bytes) else raw.as_bytes()
    with unit_of_work("receive message", actor="test"):
        return receive(data, Source.PIPE, recipient=recipient)


def received(raw: bytes | EmailMessage, *, recipient: str = "") -> InboundMessage:
    """The message, received and worked on."""
    receipt = take_in(raw, recipient=recipient)
    work_on_received()
    return stored(receipt.id)


def stored(message_id: int) -> InboundMessage:
    """The message as it is in the database now."""
    db.session.rollback()
    db.session.expire_all()
    return db.session.scalars(sa.select(InboundMessage).where(InboundMessage.id == message_id)).one()


def a_report(
    message_id: str,
    *,
    action: str = "failed",
    status: str = "5.1.1",
    diagnostic: str = "smtp; 550 5.1.1 <ann@parliament.example>: Recipient address rejected: no such user",
    returned: str = "text/rfc822-headers",
) -> bytes:
    """A delivery report of the standard (RFC 3464), as Postfix writes it; `message_id` is that of what it returns."""
    lines = [
        "Return-Path: <>",
        "From: MAILER-DAEMON@mx.parliament.example (Mail Delivery System)",
        "To: bounces@ratify.example",
        "Subject: Undelivered Mail Returned to Sender",
        "Auto-Submitted: auto-replied",
        "MIME-Version: 1.0",
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b1"',
        "",
        "--b1",
        "Content-Type: text/plain; charset=us-ascii",
        "",
        "I'm sorry to have to inform you that your message could not be delivered.",
        "",
        "--b1",
        "Content-Type: message/delivery-status",
        "",
        "Reporting-MTA: dns; mx.parliament.example",
        "Arrival-Date: Sun, 22 Nov 2026 09:30:00 +0100",
        "",
        "Final-Recipient: rfc822; ann@parliament.example",
        f"Action: {action}",
        f"Status: {status}",
        "Remote-MTA: dns; mail.parliament.example",
        f"Diagnostic-Code: {diagnostic}",
        "",
        "--b1",
        f"Content-Type: {returned}",
        "",
        "From: Ratify <ratify@ratify.example>",
        f"Message-ID: {message_id}",
        "Subject: Please ratify",
        "",
        "--b1--",
        "",
    ]
    return "\r\n".join(lines).encode()
