"""A letter as the bytes of an e-mail (RFC 5322, MIME), built by hand because that costs a tenth of the library's way.

Lines end in CRLF, everything is ASCII (bodies as they are, in quoted-printable or in base64), and no body line starts
with a dot that is not doubled.
"""

from __future__ import annotations

import binascii
import secrets
from collections.abc import Sequence
from datetime import datetime
from email.utils import format_datetime
from functools import lru_cache
from typing import Any

from crm.outbox.dkim import Signer
from crm.outbox.footers import html_with, link_to, text_with
from crm.outbox.safe_header import header_address, header_text, mailbox, safe_header

# RFC 5322 allows 998 on a line, without a dot that is doubled.
_LONGEST_LINE = 990
_PLAIN = bytes([0x09, 0x0A, *range(0x20, 0x7F)])
_BASE64_LINE = 76  # RFC 2045
_BASE64_PAYS = 1.25  # quoted-printable spends three letters on a byte outside ASCII, base64 four on every three


def _encoded(text: str) -> tuple[bytes, bytes]:
    """Name of the transfer encoding and the encoded lines, with a line end after the last."""
    plain = text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text
    data = plain.encode()
    # What needs no encoding costs a tenth of the time without one.
    if not data.translate(None, _PLAIN) and max(map(len, data.split(b"\n"))) <= _LONGEST_LINE:
        return b"7bit", (data if data.endswith(b"\n") else data + b"\n").replace(b"\n", b"\r\n")
    if len(data) > _BASE64_PAYS * len(plain):
        encoded = binascii.b2a_base64(data.replace(b"\n", b"\r\n"), newline=False)
        starts = range(0, len(encoded), _BASE64_LINE)
        return b"base64", b"".join(encoded[start : start + _BASE64_LINE] + b"\r\n" for start in starts)
    # Whole lines: a2b reads a text that does not end in a line break back with a soft break at its end.
    lines = data if data.endswith(b"\n") else data + b"\n"
    return b"quoted-printable", binascii.b2a_qp(lines, istext=True).replace(b"\n", b"\r\n")


def _part(subtype: bytes, text: str) -> bytes:
    encoding, lines = _encoded(text)
    return (
        b"Content-Type: text/" + subtype + b"; charset=utf-8\r\n"
        b"Content-Transfer-Encoding: " + encoding + b"\r\n\r\n" + lines
    )


def _mixed(first: bytes, enclosed: Sequence[bytes]) -> bytes:
    """The words and the files that go with them."""
    boundary = f"=_{secrets.token_hex(12)}".encode()
    return (
        b'Content-Type: multipart/mixed; boundary="'
        + boundary
        + b'"\r\n\r\n'
        + b"".join(b"--" + boundary + b"\r\n" + part + b"\r\n" for part in (first, *enclosed))
        + b"--"
        + boundary
        + b"--\r\n"
    )


def _body(text: str, html: str | None) -> bytes:
    if html is None:
        return _part(b"plain", text)
    # An underscore after = never occurs in quoted-printable or base64, and nobody guesses what follows it.
    boundary = f"=_{secrets.token_hex(12)}".encode()
    return (
        b'Content-Type: multipart/alternative; boundary="' + boundary + b'"\r\n\r\n'
        b"--" + boundary + b"\r\n" + _part(b"plain", text) + b"\r\n"
        b"--" + boundary + b"\r\n" + _part(b"html", html) + b"\r\n"
        b"--" + boundary + b"--\r\n"
    )


@lru_cache(maxsize=64)
def _mailbox_header(name: str, value: str) -> str:
    """A line that the letters of a mailing share. Raises BadAddress."""
    return f"{name}: {header_address(*mailbox(value))}"


@lru_cache(maxsize=4)
def _date_header(second: datetime) -> str:
    return f"Date: {format_datetime(second)}"


def compose(
    letter: Any,
    *,
    to_address: str,
    default_sender: str,
    at: datetime,
    unsubscribe_url: str | None,
    answers_to: str = "",
    answering: str | None = None,
    enclosed: Sequence[bytes] = (),
    signer: Signer | None = None,
) -> bytes:
    """The e-mail of a claimed row, ready to follow the server's 354. Raises ValueError for what no mail can carry.

    Answers are asked to `answers_to` too, an address of our own; `answering` are the Message-IDs it answers itself.
    """
    headers = [
        _mailbox_header("From", letter.sender or default_sender),
        f"To: {header_address(letter.to_name, to_address)}",
        f"Subject: {header_text(letter.subject)}",
        _date_header(at.replace(microsecond=0)),
        f"Message-ID: {safe_header(letter.message_id_header)}",
    ]
    if letter.reply_to:
        asked = _mailbox_header("Reply-To", letter.reply_to)
        headers.append(f"{asked},\r\n {answers_to}" if answers_to else asked)
    elif answers_to:
        headers.append(f"Reply-To: {answers_to}")
    if answering:
        threads = safe_header(answering).split()
        headers.append(f"In-Reply-To: {threads[-1]}")
        headers.append("References: " + "\r\n ".join(threads))
    text, html = letter.text, letter.html
    if unsubscribe_url is not None:
        headers.append(f"List-Unsubscribe: <{safe_header(unsubscribe_url)}>")
        headers.append("List-Unsubscribe-Post: List-Unsubscribe=One-Click")
        if letter.footer:
            text = text_with(letter.footer, text, unsubscribe_url)
            html = html and html_with(letter.footer, html, link_to(unsubscribe_url))
    headers.append("MIME-Version: 1.0\r\n")
    body = _body(text, html)
    message = "\r\n".join(headers).encode() + (_mixed(body, enclosed) if enclosed else body)
    if signer is not None:
        message = signer.signed(message, int(at.timestamp()))
    return message.replace(b"\r\n.", b"\r\n..")
