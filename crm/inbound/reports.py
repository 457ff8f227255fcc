"""Reads delivery reports: those of the standard (RFC 3464) here, all others by flufl.bounce, as Mailman does."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_string
from email.utils import parseaddr

from flufl.bounce import all_failures

from crm.inbound.models import WORDS_LENGTH
from crm.inbound.parsing import Mail, clean, decoded, header, parts, text_of
from crm.outbox.bounces import Reported
from crm.outbox.models import BounceKind

# RFC 3463: class, subject, detail.
_STATUS = re.compile(r"\b([245])\.(\d{1,3})\.(\d{1,3})\b")
_CODE = re.compile(r"\b([45]\d\d)[ -]")
# Refusals that speak of the letter, of its sender or of a full mailbox, and not of an address that does not exist.
_OF_THE_ADDRESS = re.compile(r"5\.(?:0\.\d+|1\.(?![78]\b)\d+|2\.[01]|4\.\d+)")
_MESSAGE_ID = re.compile(r"(?im)^\s*Message-ID:\s*(<[^<>\s]{1,300}>)")
_GRAVITY = list(BounceKind)
_MAILERS = ("mailer-daemon", "postmaster", "mail-daemon", "mailer_daemon")


@dataclass(frozen=True)
class Report:
    """What a report says, and the Message-IDs of what it brings back."""

    reported: Reported
    message_ids: tuple[str, ...]


def report_in(message: Mail, *, to_return_path: bool) -> Report | None:
    """The delivery report that a message is; None for any other, and for one that says that all is well.

    A message that came `to_return_path` is more likely one than another.
    """
    blocks = list(_blocks(message))
    if blocks:
        found = [reported for block in blocks if (reported := _standard(block)) is not None]
        gravest = max(found, key=lambda reported: _GRAVITY.index(reported.kind), default=None)
        return Report(gravest, _returned(message)) if gravest else None
    if not (to_return_path or _from_a_mailer(message)):
        return None  # what a person writes of unknown users is no report
    return _other(message)


def _from_a_mailer(message: Mail) -> bool:
    sender = parseaddr(str(message.get("From", "")))[1].partition("@")[0].lower()
    return sender in _MAILERS or str(message.get("Return-Path", "")).strip() == "<>"


def _blocks(message: Mail) -> Iterator[Mail]:
    """What the report says of each recipient, after what it says of itself."""
    for part in message.walk():
        if part.get_content_type() == "message/delivery-status":
            payload = part.get_payload()
            for block in payload if isinstance(payload, list) else ():
                if not isinstance(block, str) and block.get("Action"):
                    yield block


def _standard(block: Mail) -> Reported | None:
    action = header(block, "Action").strip().lower()
    diagnostic = header(block, "Diagnostic-Code").partition(";")[2] or header(block, "Diagnostic-Code")
    words = clean(diagnostic, WORDS_LENGTH)
    status = _status_in(header(block, "Status")) or _status_in(words)
    if action == "delayed":
        return Reported(BounceKind.DELAYED, status, _code_in(words), words)
    if action != "failed":
        return None
    # The wider of both: servers say 5.0.0 where their own words are exact.
    exact = _status_in(words) if status in ("", "5.0.0") else status
    return Reported(_kind_of(exact or status or "5.0.0"), exact or status, _code_in(words), words or status)


def _kind_of(status: str) -> BounceKind:
    return BounceKind.HARD if _OF_THE_ADDRESS.fullmatch(status) else BounceKind.SOFT


def _status_in(words: str) -> str:
    found = _STATUS.search(words)
    return found[0] if found else ""


def _code_in(words: str) -> int | None:
    found = _CODE.search(f"{words} ")
    return int(found[1]) if found else None


def _other(message: Mail) -> Report | None:
    """A report in words for people; what it does not say about the refusal itself, the detector's verdict does."""
    temporary, permanent = all_failures(message)
    if not (temporary or permanent):
        return None
    words = _said(text_of(message))
    status = _status_in(words)
    if status.startswith("5"):
        kind = _kind_of(status)
    else:
        kind = BounceKind.HARD if permanent and not status else BounceKind.DELAYED
    return Report(Reported(kind, status, _code_in(words), words), _returned(message))


def _said(text: str) -> str:
    """The line that sounds like a mail server's answer, else the beginning."""
    lines = [line for line in text.splitlines() if _CODE.search(line) or _STATUS.search(line)]
    return clean(lines[0] if lines else text, WORDS_LENGTH)


def _returned(message: Mail) -> tuple[str, ...]:
    """Message-IDs of what the report brings back: whole, its headers alone, or pasted into its words."""
    found = [header(part, "Message-ID").strip() for part in message.walk() if part is not message]
    for part in parts(message):
        if part.get_content_type() == "text/rfc822-headers":
            found.append(header(message_from_string(decoded(part)), "Message-ID").strip())
        elif part.get_content_maintype() == "text":
            found += _MESSAGE_ID.findall(decoded(part))
    return tuple(dict.fromkeys(filter(None, found)))
