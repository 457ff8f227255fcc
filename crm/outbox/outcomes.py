"""What the server's answer means for a letter, and when a letter is tried again."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Any

from crm.outbox.models import MessageState, OutageReason
from crm.outbox.office_hours import opening
from crm.outbox.reasons import Reason

FIRST_WAIT = timedelta(minutes=1)
LONGEST_WAIT = timedelta(hours=4)
GIVE_UP_AFTER = timedelta(hours=72)
# Days in a paused batch are no tries: a letter fails only once the server has really put it off again and again.
LEAST_ATTEMPTS = 12
_WORDS = 500
_JITTER = 0.2
# RFC 4954: the server wants a login, or another kind of it. That is no letter's fault.
_LOGIN_CODES = frozenset({530, 534, 535, 538})


class Stage(StrEnum):
    """How far the dialogue (RFC 5321) got."""

    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"
    CONTENT = "content"


@dataclass(frozen=True)
class Reply:
    """The server's words, or ours about the connection (code 0)."""

    code: int
    words: str

    def __str__(self) -> str:
        return f"{self.code} {self.words}".removeprefix("0 ").strip()


@lru_cache(maxsize=256)
def reply(code: int, words: bytes | str) -> Reply:
    """A reply as it is kept: on one line, and not too long."""
    text = words.decode("utf-8", "replace") if isinstance(words, bytes) else words
    return Reply(code, " ".join(text.split())[:_WORDS])


class ServerTrouble(Exception):
    """No letter can leave at present; the letters themselves are not touched."""

    def __init__(self, reason: OutageReason, words: str) -> None:
        super().__init__(words)
        self.reason = reason
        self.words = " ".join(words.split())[:_WORDS]


class ConnectionLost(Exception):
    """The server hung up or fell silent. `begun`: after the hand-over; `complete`: it may have the whole letter."""

    def __init__(self, words: str, *, begun: bool = False, complete: bool = False) -> None:
        super().__init__(words)
        self.reply = reply(0, words)
        self.begun = begun or complete
        self.complete = complete


@dataclass(frozen=True)
class Outcome:
    """How a letter's turn ended; `letter` is its row in the claim."""

    letter: Any
    state: MessageState
    at: datetime
    reason: Reason | None = None
    reply: Reply | None = None
    size: int | None = None
    next_attempt_at: datetime | None = None

    @property
    def first_deferred_at(self) -> datetime | None:
        """When it was first put off, now included."""
        deferred = self.at if self.state is MessageState.DEFERRED else None
        return self.letter.first_deferred_at or deferred


_REFUSED = {
    Stage.MAIL: Reason.SENDER_REFUSED,
    Stage.RCPT: Reason.RECIPIENT_REFUSED,
    Stage.DATA: Reason.CONTENT_REFUSED,
    Stage.CONTENT: Reason.CONTENT_REFUSED,
}


def waiting_time(attempts: int) -> timedelta:
    """How long to wait after so many failed attempts (at least one): a minute, doubled each time, at most 4 hours."""
    return min(FIRST_WAIT * int(2 ** min(attempts - 1, 10)), LONGEST_WAIT)


def _not_all_at_once(wait: timedelta) -> timedelta:
    """A wait somewhat longer than that: letters a server put off together do not all come back in one second."""
    return wait * random.uniform(1, 1 + _JITTER)  # noqa: S311  # nothing secret in it


def deferred(letter: Any, reason: Reason, answer: Reply, at: datetime) -> Outcome:
    """To be tried again later, in office hours if it keeps to them; after three days and enough tries, failed."""
    long_ago = letter.first_deferred_at is not None and at - letter.first_deferred_at >= GIVE_UP_AFTER
    if long_ago and letter.attempts + 1 >= LEAST_ATTEMPTS:
        return Outcome(letter, MessageState.FAILED, at, Reason.EXPIRED, answer)
    again = opening(letter.office_zone, at + _not_all_at_once(waiting_time(letter.attempts + 1)))
    return Outcome(letter, MessageState.DEFERRED, at, reason, answer, next_attempt_at=again)


def failed(letter: Any, reason: Reason, at: datetime, answer: Reply | None = None) -> Outcome:
    """Never to be tried again."""
    return Outcome(letter, MessageState.FAILED, at, reason, answer)


def judged(letter: Any, stage: Stage, answer: Reply, at: datetime, size: int) -> Outcome:
    """The outcome the server's answer at that stage decides. Raises ServerTrouble where no letter is at fault."""
    if stage is Stage.CONTENT and 200 <= answer.code < 300:
        return Outcome(letter, MessageState.SENT, at, None, answer, size)
    if answer.code in _LOGIN_CODES and stage is not Stage.CONTENT:
        raise ServerTrouble(OutageReason.LOGIN_REFUSED, str(answer))
    if 500 <= answer.code < 600:
        return failed(letter, _REFUSED[stage], at, answer)
    # RFC 5321 4.3.2: an answer of another kind is taken as a temporary one.
    return deferred(letter, Reason.SERVER_BUSY, answer, at)


def lost(letter: Any, trouble: ConnectionLost, at: datetime) -> Outcome:
    """The connection broke: held where the server may have the whole letter, else to be tried again."""
    if trouble.complete:
        return Outcome(letter, MessageState.HELD, at, Reason.NO_ANSWER, trouble.reply)
    return deferred(letter, Reason.CONNECTION_LOST, trouble.reply, at)
