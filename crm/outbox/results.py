"""What became of letters and batches, told to the features above exactly once, in a transaction of the outbox."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.exc import OperationalError

from crm.extensions import db
from crm.outbox.models import MessageState

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Result:
    """A letter reached `state` (sent, failed, held, cancelled, or deferred) at that moment.

    `reference` is the one its Draft had; `reply` holds the server's last words, empty where there were none.
    """

    message_id: int
    batch_id: int
    batch_kind: str
    reference: str
    state: MessageState
    at: datetime
    reply: str = ""


Handler = Callable[[Sequence[Result]], None]
# Each with the one kind of batch it listens to, where it does not listen to all.
_handlers: dict[Handler, str | None] = {}
StopHandler = Callable[[int], None]
_stop_handlers: list[StopHandler] = []


def on_result(handler: Handler, batch_kind: str | None = None) -> Handler:
    """Call `handler` with every result (of one kind of batch) from now on; at most 1,000 of a batch at once.

    It runs inside a unit of work of the outbox.

    Sent letters are told of in bulk when their claim ends, within some two seconds, for a handler's statements would
    cost more than the sending; whatever else happens is told of in the transaction that writes it. A handler works in
    bulk statements. One that raises is undone and logged: what happened to a letter must be on record even where a
    listener cannot bear to hear it.
    """
    _handlers[handler] = batch_kind
    return handler


def announce(results: Sequence[Result]) -> None:
    """Tell every handler what it listens to, each in a savepoint of its own."""
    for handler, kind in _handlers.items():
        heard = [result for result in results if kind in (None, result.batch_kind)]
        if not heard:
            continue
        try:
            with db.session.begin_nested():
                handler(heard)
        except OperationalError:
            raise  # the database is away: the whole unit of work is tried again
        except Exception:
            logger.exception("a handler of results failed")


def on_stop(handler: StopHandler) -> StopHandler:
    """Call `handler` with the id of every batch that paused itself, inside the unit of work that pauses it."""
    if handler not in _stop_handlers:
        _stop_handlers.append(handler)
    return handler


def announce_stop(batch_id: int) -> None:
    """Tell every handler that a batch paused itself; one that raises is undone and logged, and the batch rests."""
    for handler in _stop_handlers:
        try:
            with db.session.begin_nested():
                handler(batch_id)
        except OperationalError:
            raise
        except Exception:
            logger.exception("a handler of stops failed")
