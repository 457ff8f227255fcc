"""Caught letters, put where the catcher puts them."""

from __future__ import annotations

import mailbox
from email.message import EmailMessage
from pathlib import Path

INNOCENT_HTML = "<p>Dear <b>Zoë</b>, <a href='https://campaign.example/more'>read more</a></p>"


def catch_letter(
    folder: Path,
    *,
    subject: str = "A vote on 12 May",
    to: str = "Zoë Ozols <zoe@parliament.example>",
    text: str = "Dear Zoë,\nplease see https://campaign.example/more",
    html: str | None = INNOCENT_HTML,
) -> str:
    """Put a letter in the Maildir and return its key."""
    letter = EmailMessage()
    letter["Subject"] = subject
    letter["From"] = "The Campaign <campaign@ratify.example>"
    letter["To"] = to
    letter["X-RcptTo"] = "zoe@parliament.example"
    letter.set_content(text)
    if html is not None:
        letter.add_alternative(html, subtype="html")
    return catch_raw(folder, letter.as_bytes())


def catch_raw(folder: Path, raw: bytes) -> str:
    """Put any bytes in the Maildir as a letter and return its key."""
    return mailbox.Maildir(folder).add(raw)
