"""Letters of a claim made ready to leave: some at a time, for one after the other costs half of each in its turn."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from flask import current_app

from config import Settings
from crm import clock
from crm.outbox.addresses import BadAddress, for_envelope, is_reserved
from crm.outbox.composition import compose
from crm.outbox.connection import Envelope, SmtpConnection
from crm.outbox.dkim import Signer
from crm.outbox.reasons import Reason
from crm.outbox.return_path import return_path
from crm.outbox.safe_header import mailbox
from crm.outbox.unsubscribing import unsubscribe_token

logger = logging.getLogger(__name__)

# So many wait ready in the memory, and no more than so many bytes of them and the one that is too much.
_AHEAD, _BYTES_AHEAD = 50, 1_000_000


class Unsendable(Exception):
    """The letter can never be sent, for that reason."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason = reason


class Envelopes:
    """What leaves of one claim, each letter composed once for one connection."""

    def __init__(self, letters: Sequence[Any], enclosed: Sequence[bytes], signer: Signer | None) -> None:
        self.settings: Settings = current_app.extensions["settings"]
        self.letters = letters
        self.enclosed = enclosed
        self.signer = signer
        self._position = {letter.id: position for position, letter in enumerate(letters)}
        self._ready: dict[int, Envelope | Unsendable] = {}
        self._connection: SmtpConnection | None = None

    def of(self, letter: Any, connection: SmtpConnection) -> Envelope:
        """The letter as it leaves over `connection`, the same however often it is asked for. Raises Unsendable."""
        if connection is not self._connection:
            # Another server may take other letters.
            self._ready, self._connection = {}, connection
        if letter.id not in self._ready:
            self._compose(self._position[letter.id], connection)
        found = self._ready[letter.id]
        if isinstance(found, Unsendable):
            raise found
        return found

    def _compose(self, first: int, connection: SmtpConnection) -> None:
        # The one before it is on its way, and its envelope in the sender's hands.
        self._ready, size = {}, 0
        for letter in self.letters[first : first + _AHEAD]:
            try:
                envelope = self._ready[letter.id] = self._made(letter, connection)
            except Unsendable as fault:
                self._ready[letter.id] = fault
            else:
                size += len(envelope.message)
                if size > _BYTES_AHEAD:
                    return

    def _made(self, letter: Any, connection: SmtpConnection) -> Envelope:
        try:
            recipient = for_envelope(letter.to_address)
        except BadAddress:
            raise Unsendable(Reason.BAD_ADDRESS) from None
        if not connection.is_local and is_reserved(recipient):
            raise Unsendable(Reason.RESERVED_DOMAIN)
        if not recipient.isascii() and not connection.takes_utf8:
            raise Unsendable(Reason.NEEDS_SMTPUTF8)
        unsubscribe_url, reports_to, answers_to = None, "", ""
        if letter.one_click_unsubscribe or letter.answering:
            reports_to = return_path(self.settings.mail_return_path, letter.id)
            answers_to = return_path(self.settings.mail_reply_to, letter.id)
        if letter.one_click_unsubscribe:
            token = unsubscribe_token(letter.id, letter.to_address)
            unsubscribe_url = f"{self.settings.base_url}/unsubscribe/{token}"
        default = self.settings.mail_default_sender
        try:
            _name, sender = mailbox(letter.sender or default)
            message = compose(
                letter,
                to_address=recipient,
                default_sender=default,
                at=clock.now(),
                unsubscribe_url=unsubscribe_url,
                answers_to=answers_to,
                answering=letter.answering,
                enclosed=self.enclosed,
                signer=self.signer,
            )
        except ValueError:
            logger.exception("letter %s could not be composed", letter.id)
            raise Unsendable(Reason.NOT_COMPOSABLE) from None
        return Envelope(reports_to or sender, recipient, message)
