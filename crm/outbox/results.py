"""What became of letters, told to the features above in the transaction that records it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from crm.outbox.models import MessageState


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
_handlers: list[Handler] = []


def on_result(handler: Handler) -> Handler:
    """Call `handler` with every result from now on, inside the unit of work that writes it; at most 1,000 at once.

    A handler filters by `batch_kind`, works in bulk statements, and must be quick: it runs for each letter sent.
    """
    if handler not in _handlers:
        _handlers.append(handler)
    return handler


def announce(results: Sequence[Result]) -> None:
    """Tell every handler."""
    if results:
        for handler in _handlers:
            handler(results)
