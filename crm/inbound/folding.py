"""What a received mail says anew, apart from what it quotes; whether a program wrote it; which files came along."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass

from quotequail import quote, quote_html

from crm.inbound.parsing import MOST_TEXT, Mail, body_of, header, parts, text_of_html

logger = logging.getLogger(__name__)
# RFC 3834, and what was in use before it and is still.
_PRECEDENCES = {"bulk", "junk", "list", "auto_reply", "auto-reply"}
_MARKS = ("X-Autoreply", "X-Autorespond", "X-Autoresponder", "X-Auto-Reply", "X-Mail-Autoreply", "List-Id")
# A subject proves little: it is believed only of a mail that is marked in another, weaker way too.
_ABSENT = re.compile(
    r"(?i)\b(out of (the )?office|automatic reply|auto(matic)?[- ]?(reply|response)|abwesenheit\w*|automatische antwort"
    r"|absence du bureau|réponse automatique|respuesta automática|fuera de la oficina|risposta automatica)\b"
)


def is_automatic(message: Mail) -> bool:
    """Whether a program wrote it and no person: an absence, a confirmation of receipt, a mailing list."""
    submitted = header(message, "Auto-Submitted").partition(";")[0].strip().lower()
    if submitted:
        return submitted != "no"
    if header(message, "Precedence").strip().lower() in _PRECEDENCES or str(message.get("Return-Path")).strip() == "<>":
        return True
    suppressed = header(message, "X-Auto-Response-Suppress").strip().lower()
    # Exchange marks what it answers by itself so, and nothing else with “All”.
    if suppressed == "all" or any(message.get(name) is not None for name in _MARKS):
        return True
    return bool(suppressed) and bool(_ABSENT.search(header(message, "Subject")))


def is_to_many(message: Mail) -> bool:
    """Whether it went out to a list, as newsletters do; an absence notice says that a program answers by itself."""
    if header(message, "Auto-Submitted").partition(";")[0].strip().lower() == "auto-replied":
        return False
    listed = any(message.get(name) is not None for name in ("List-Id", "List-Post", "Feedback-ID"))
    return listed or header(message, "Precedence").strip().lower() in ("bulk", "list")


@dataclass(frozen=True)
class Words:
    """A text as its reader wants it: what is new in it, and what is only quoted."""

    new: str
    quoted: str = ""


def words_of(message: Mail) -> Words:
    """What a message says, as plain text. Nothing of its markup is left, so that to read it loads nothing."""
    body = body_of(message)
    if body is None:
        return Words("")
    text, is_page = body
    return folded_page(text) if is_page else folded(text)


def folded(text: str) -> Words:
    """The new words of a text apart from the quoted ones; of one that is nothing but a quotation, all of it."""
    text = text[:MOST_TEXT]
    pieces = quote(text, quote_intro_line=True)
    return _told_apart([(bool(shown), str(piece)) for shown, piece in pieces], text)


def folded_page(page: str) -> Words:
    """The same for HTML: what stands in the quotation of any usual mail program is quoted."""
    try:
        pieces = [(bool(shown), text_of_html(str(piece))) for shown, piece in quote_html(page, quote_intro_line=True)]
    except Exception:  # whatever its parser cannot bear: then nothing is folded
        logger.info("a received page could not be folded", exc_info=True)
        return folded(text_of_html(page))
    return _told_apart(pieces, text_of_html(page))


def _told_apart(pieces: list[tuple[bool, str]], whole: str) -> Words:
    new = "\n".join(piece for shown, piece in pieces if shown).strip()[:MOST_TEXT]
    quoted = "\n".join(piece for shown, piece in pieces if not shown).strip()[:MOST_TEXT]
    return Words(new, quoted) if new else Words(whole.strip()[:MOST_TEXT])


def files_of(message: Mail) -> Iterator[tuple[str, bytes]]:
    """Name and bytes of the files that came along; pictures that belong to the text are none."""
    for part in parts(message):
        name = part.get_filename()
        attached = part.get_content_disposition() == "attachment"
        # Some programs put a PDF between the words.
        if name and (attached or part.get_content_maintype() not in ("text", "image")):
            data = part.get_payload(decode=True)
            if isinstance(data, bytes):
                yield str(name), data
