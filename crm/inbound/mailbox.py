"""Fetching mail from a mailbox by IMAP: what is new since the last time, each message kept before the server is told.

A message is known by the mailbox's own number (UID). Where these begin anew, or are not believed, mail of the last days
is fetched again: what was taken in already is known by its bytes.
"""

from __future__ import annotations

import imaplib
import logging
import re
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from flask import current_app
from imap_tools import AND, BaseMailBox, MailBox, MailBoxStartTls, MailBoxUnencrypted
from imap_tools.errors import ImapToolsError

from config import Settings
from config_inbound import ImapTls
from crm import clock
from crm.extensions import db
from crm.inbound.actions import BEGINNING, receive, size_limit
from crm.inbound.models import WORDS_LENGTH, Mailbox, Source
from crm.inbound.parsing import clean
from crm.unit_of_work import unit_of_work

logger = logging.getLogger(__name__)
_TIMEOUT = 60
_SIZE = re.compile(rb"RFC822\.SIZE (\d+)")
# Of a mailbox that was never fetched, or whose numbers have begun anew.
_LOOK_BACK = timedelta(days=14)
_OVERLAP = timedelta(days=2)
# A refused password tried every minute would have the mailbox locked.
_LONGEST_PAUSE = timedelta(minutes=15)
# What a mailbox can answer, or a network do, that is no fault of ours.
TROUBLES = (ImapToolsError, imaplib.IMAP4.error, OSError)


class NoMailbox(Exception):
    """No mailbox is set."""


def _settings() -> Settings:
    settings: Settings = current_app.extensions["settings"]
    return settings


def mailbox_key(settings: Settings) -> str:
    """What names the mailbox in the settings."""
    host, port = settings.imap_address
    return f"{settings.imap_user}@{host}:{port}/{settings.imap_folder}"[:700]


@contextmanager
def open_mailbox(settings: Settings) -> Iterator[BaseMailBox]:
    """A connection, signed in, at the folder of the settings. Raises NoMailbox and TROUBLES."""
    host, port = settings.imap_address
    if not host:
        raise NoMailbox
    trusted = ssl.create_default_context()
    box: BaseMailBox
    if settings.imap_tls is ImapTls.TLS:
        box = MailBox(host, port, timeout=_TIMEOUT, ssl_context=trusted)
    elif settings.imap_tls is ImapTls.STARTTLS:
        box = MailBoxStartTls(host, port, timeout=_TIMEOUT, ssl_context=trusted)
    else:
        box = MailBoxUnencrypted(host, port, timeout=_TIMEOUT)
    with box.login(settings.imap_user, settings.imap_password.get_secret_value(), settings.imap_folder) as signed_in:
        yield signed_in


def known_mailbox() -> Mailbox | None:
    """How far the mailbox of the settings was fetched; None where it never was."""
    return db.session.scalar(sa.select(Mailbox).where(Mailbox.key == mailbox_key(_settings())))


def must_wait() -> bool:
    """Whether the last attempts failed and the next one is not due yet."""
    known = known_mailbox()
    if known is None or known.failed_at is None or not known.failures:
        return False
    pause = min(timedelta(minutes=2 ** min(known.failures - 1, 5)), _LONGEST_PAUSE)
    return clock.now() < known.failed_at + pause


def fetch(actor: str) -> int:
    """Take in what is new; how many messages that was. Raises NoMailbox, and TROUBLES, which are on record then."""
    try:
        with open_mailbox(_settings()) as box:
            taken = _fetch(box, actor)
    except TROUBLES as trouble:
        _note(actor, str(trouble) or type(trouble).__name__)
        raise
    _note(actor)
    return taken


def _note(actor: str, trouble: str = "") -> None:
    with unit_of_work("fetch mail", actor=actor):
        known = _ensured()
        if trouble:
            known.failures, known.failed_at, known.words = known.failures + 1, clock.now(), clean(trouble, WORDS_LENGTH)
        else:
            known.failures, known.failed_at, known.words, known.fetched_at = 0, None, "", clock.now()


def _ensured() -> Mailbox:
    known = known_mailbox()
    if known is None:
        known = Mailbox(key=mailbox_key(_settings()), failures=0, uid_validity=0, last_uid=0)
        db.session.add(known)
        db.session.flush()
    return known


def _fetch(box: BaseMailBox, actor: str) -> int:
    settings = _settings()
    validity = int(box.folder.status(settings.imap_folder, ["UIDVALIDITY"])["UIDVALIDITY"])
    with unit_of_work("fetch mail", actor=actor):
        known = _ensured()
        if known.uid_validity != validity:
            known.uid_validity, known.last_uid = validity, 0
        last, fetched_at = known.last_uid, known.fetched_at
    # What is moved away or deleted is not met again: then whatever is there is new.
    empties = bool(settings.imap_done_folder or settings.imap_delete)
    if last and not empties:
        # `n:*` holds the last message there is, also where its number is below n (RFC 9051).
        numbers = [uid for uid in box.uids(f"UID {last + 1}:*") if int(uid) > last]
    elif empties:
        numbers = box.uids("ALL")
    else:
        since = fetched_at - _OVERLAP if fetched_at else clock.now() - _LOOK_BACK
        numbers = box.uids(AND(date_gte=since.date()))
    taken = 0
    for uid in sorted(numbers, key=int):
        try:
            taken += _take(box, uid, actor)
        except imaplib.IMAP4.abort:
            raise  # the connection is gone
        except imaplib.IMAP4.error as error:
            # The server cannot give this one; the others do not wait for it.
            logger.warning("message %s of the mailbox cannot be fetched: %s", uid, error)
    return taken


def _take(box: BaseMailBox, uid: str, actor: str) -> bool:
    """Keep one message, note how far we are, and tell the server; whether it was new."""
    settings = _settings()
    message = _raw(box, uid)
    if message is None:  # somebody has removed it meanwhile
        return False
    raw, size, arrived = message
    with unit_of_work("fetch mail", actor=actor):
        receipt = receive(raw, Source.IMAP, size=size, received_at=min(arrived, clock.now()))
        known = _ensured()
        known.last_uid = max(known.last_uid, int(uid))
    if settings.imap_done_folder:
        if not box.folder.exists(settings.imap_done_folder):
            box.folder.create(settings.imap_done_folder)
        box.move([uid], settings.imap_done_folder)
    elif settings.imap_delete:
        box.delete([uid])
    else:
        box.flag([uid], ["\\Seen"], True)
    return receipt.is_new


def _raw(box: BaseMailBox, uid: str) -> tuple[bytes, int, datetime] | None:
    """Bytes, size and arrival of a message; of one that is too large only the beginning is asked for."""
    _status, told = box.client.uid("FETCH", uid, "(RFC822.SIZE INTERNALDATE)")
    said = b" ".join(part if isinstance(part, bytes) else part[0] for part in told if part)
    found = _SIZE.search(said)
    if found is None:
        return None
    size = int(found[1])
    wanted = "BODY.PEEK[]" if size <= size_limit() else f"BODY.PEEK[]<0.{BEGINNING}>"
    _status, parts = box.client.uid("FETCH", uid, f"({wanted})")
    raw = next((part[1] for part in parts if isinstance(part, tuple)), None)
    arrived = imaplib.Internaldate2tuple(said)
    at = datetime.fromtimestamp(time.mktime(arrived), UTC) if arrived else clock.now()
    return (raw, size, at) if raw is not None else None
