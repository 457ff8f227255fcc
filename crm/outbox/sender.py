"""Sending: claims of due letters leave over one connection, each marked before its words do and after the answer."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable
from itertools import zip_longest
from typing import Any, TypeVar

from flask import current_app
from sqlalchemy.exc import OperationalError

from config import Settings
from crm import clock
from crm.bare_writes import BareWrites
from crm.database import own_cache
from crm.extensions import db
from crm.job_queue import stop_requested
from crm.outbox import connecting, leases, outages, pace
from crm.outbox.connection import Envelope, SmtpConnection, connect
from crm.outbox.dkim import NoKey, Signer, signer
from crm.outbox.enclosures import FileMissing, parts_of
from crm.outbox.envelopes import Envelopes, Unsendable
from crm.outbox.holder import Holder
from crm.outbox.lease_ends import give_back
from crm.outbox.leases import Claim, LeaseLost
from crm.outbox.marks import mark, mark_sent
from crm.outbox.models import MessageState, OutageReason, PauseReason
from crm.outbox.outcomes import ConnectionLost, Outcome, ServerTrouble, failed, judged, lost
from crm.outbox.queries import has_unreadable_suppressions
from crm.unit_of_work import unit_of_work

logger = logging.getLogger(__name__)
R = TypeVar("R")

# A claim takes about this long, so that a password reset, a pause or a power cut never concerns more than that.
_CLAIM_SECONDS = 2.0
_FIRST_CLAIM, _LARGEST_CLAIM = 20, 200
# However slow the server: at the end of a claim its letters are written down as sent.
_LONGEST_CLAIM_SECONDS = 10.0
_RENEW_AFTER = 20.0
_DATABASE_PATIENCE = 60.0
_WORTH_WAITING = 2.0
# However many letters the database holds.
_CACHE_MEGABYTES = 16


def signer_of(settings: Settings) -> Signer | None:
    """What signs the letters; None where they leave unsigned. Raises ServerTrouble: none leaves unsigned by mistake."""
    if not settings.dkim_domain:
        return None
    try:
        return signer(settings.dkim_domain, settings.dkim_selector, settings.dkim_key)
    except NoKey as error:
        raise ServerTrouble(OutageReason.NO_SIGNING_KEY, str(error)) from None


class Sender:
    """Sends what is due, as one process, over one connection at a time."""

    def __init__(self, holder: Holder) -> None:
        self.holder = holder
        self.actor = f"worker:{holder.worker}"
        self.settings: Settings = current_app.extensions["settings"]
        self.connection: SmtpConnection | None = None
        self.signer: Signer | None = None
        self.marks: BareWrites
        self.size = _FIRST_CLAIM
        self.renewed = 0.0
        self.waited = 0.0
        self.has_place = True
        self.sent: Outcome | None = None
        self.envelopes: Envelopes

    def run(self, seconds: float) -> bool:
        """Send for about so long, until nothing is due, the server is away, or the process is asked to stop.

        False where others hold all the connections there may be.
        """
        with own_cache(_CACHE_MEGABYTES), BareWrites(db.engine) as self.marks:
            try:
                self._run(time.monotonic() + seconds)
            finally:
                if self.has_place and self.settings.mail_connections:
                    connecting.leave(self.holder)
        return self.has_place

    def _run(self, until: float) -> None:
        try:
            while not stop_requested() and time.monotonic() < until:
                # Who is connected already sees at the claim whether something is due.
                if self.connection is None and (outages.must_wait() or not leases.anything_due()):
                    return
                self.has_place = self._has_place()
                if not self.has_place:
                    return
                self._connect()
                taken = leases.claim(self.holder, self.size)
                if taken is None and not self._next_turn_comes(until):
                    return
                if taken is not None and taken.letters:
                    self._send(taken)
        except ServerTrouble as trouble:
            logger.warning("mail server: %s (%s)", trouble.words, trouble.reason)
            outages.note_trouble(trouble, self.actor)
        except LeaseLost:
            logger.warning("a lease was lost: this process was taken for dead, and stops")
        finally:
            self._disconnect()

    def _next_turn_comes(self, until: float) -> bool:
        """Wait for the next letter's turn, where that is so near that to connect again would take longer."""
        turn = pace.next_turn()
        db.session.rollback()
        seconds = math.inf if turn is None else (turn - clock.now()).total_seconds()
        if not 0 < seconds < _WORTH_WAITING or time.monotonic() + seconds > until or self.waited > _WORTH_WAITING:
            return False
        # In small steps: somebody may wait for a password link meanwhile.
        step = min(seconds, 0.5)
        self.waited += step
        time.sleep(step)
        return True

    def _has_place(self) -> bool:
        """Whether this process may be connected, besides the others."""
        most = self.settings.mail_connections
        return not most or self.connection is not None or connecting.may_connect(self.holder, most)

    def _connect(self) -> SmtpConnection:
        if self.connection is None:
            if has_unreadable_suppressions():
                raise ServerTrouble(
                    OutageReason.KEY_CHANGED, "SECRET_KEY is not the one that suppressed addresses were kept with"
                )
            self.signer = signer_of(self.settings)
            # No read transaction stays open while a server is waited for: it would hold back the database's cleaning.
            db.session.rollback()
            self.connection = connect(self.settings.mail_timeout)
            outages.forget_trouble(self.actor)
            db.session.rollback()
        return self.connection

    def _disconnect(self) -> None:
        if self.connection is not None:
            self.connection.quit()
            self.connection = None

    def _drop(self) -> None:
        if self.connection is not None:
            self.connection.drop()
            self.connection = None

    def _take_files(self, taken: Claim) -> bool:
        """Have the files at hand that go with these letters; False where one is missing and the batch waits for it."""
        try:
            self.envelopes = Envelopes(taken.letters, parts_of(taken.batch_id), self.signer)
        except FileMissing as missing:
            logger.warning("batch %s is paused: %s", taken.batch_id, missing)
            with unit_of_work("pause batch", actor=self.actor):
                leases.pause_for(taken.batch_id, PauseReason.MISSING_FILE)
            give_back(taken)
            return False
        db.session.rollback()
        return True

    def _send(self, taken: Claim) -> None:
        if not self._take_files(taken):
            return
        self.waited = 0.0
        started = self.renewed = time.monotonic()
        done = 0
        try:
            for letter, following in zip_longest(taken.letters, taken.letters[1:]):
                is_last = time.monotonic() - started > _LONGEST_CLAIM_SECONDS
                if stop_requested() or not self._send_one(taken, letter, None if is_last else following):
                    break
                done += 1
                if is_last:
                    break
        finally:
            if self.connection is not None and self.connection.announced is not None:
                self._drop()
            try:
                self._mark_sent(taken)
            finally:
                give_back(taken)
        if done:
            pace = done / max(time.monotonic() - started, 0.001)
            self.size = max(1, min(_LARGEST_CLAIM, round(pace * _CLAIM_SECONDS)))

    def _patiently(self, write: Callable[[], R]) -> R:
        """Write a mark; a database that is away is asked again for a while, because a lost answer holds a letter."""
        patience = time.monotonic() + _DATABASE_PATIENCE
        while True:
            try:
                return write()
            except OperationalError:
                if time.monotonic() > patience:
                    raise
                logger.warning("the database does not answer; trying again", exc_info=True)
                time.sleep(1)

    def _mark_sent(self, taken: Claim, next_letter: Any = None) -> bool:
        """Put on record that the last letter was sent and, in the same transaction, that the next one leaves."""
        sent, self.sent = self.sent, None
        if sent is None and next_letter is None:
            return True
        return self._patiently(lambda: mark_sent(self.marks, taken, sent, next_letter))

    def _settle(self, taken: Claim, outcome: Outcome) -> bool:
        """Put on record a letter that was not sent; False where its batch rests now."""
        self._mark_sent(taken)
        return self._patiently(lambda: mark(taken, outcome))

    def _keep_lease(self, taken: Claim) -> None:
        if time.monotonic() - self.renewed > _RENEW_AFTER:
            leases.renew(taken)
            if self.settings.mail_connections:
                connecting.stay_connected(self.holder)
            self.renewed = time.monotonic()

    def _following(self, letter: Any, connection: SmtpConnection) -> Envelope | None:
        """The letter that is announced with the end of the present one; None where there is no such letter."""
        if letter is None or not connection.pipelines:
            return None
        try:
            return self.envelopes.of(letter, connection)
        except Unsendable:
            return None  # its own turn says why

    def _send_one(self, taken: Claim, letter: Any, following: Any) -> bool:
        """Send one letter, and announce the following one; False where the claim must end here."""
        self._keep_lease(taken)
        connection = self._connect()
        try:
            envelope = self.envelopes.of(letter, connection)
        except Unsendable as fault:
            return self._settle(taken, failed(letter, fault.reason, clock.now()))
        try:
            answer = connection.deliver(
                envelope,
                following=self._following(following, connection),
                hand_over=lambda: self._mark_sent(taken, letter),
                still_waiting=lambda: self._keep_lease(taken),
            )
        except ConnectionLost as trouble:
            return self._after_loss(taken, letter, following, trouble)
        if answer is None:
            self.connection = None
            return False
        outcome = judged(letter, *answer, clock.now(), len(envelope.message))
        if outcome.state is MessageState.SENT:
            # Written together with the next letter's hand-over.
            self.sent = outcome
            return True
        return self._settle(taken, outcome)

    def _after_loss(self, taken: Claim, letter: Any, following: Any, trouble: ConnectionLost) -> bool:
        """The connection broke. A server that merely closed a used one is called again at once for the same letter."""
        used = self.connection is not None and self.connection.letters > 1
        self._drop()
        if used and not trouble.begun:
            return self._send_one(taken, letter, following)
        self._settle(taken, lost(letter, trouble, clock.now()))
        raise ServerTrouble(OutageReason.UNREACHABLE, str(trouble.reply))
