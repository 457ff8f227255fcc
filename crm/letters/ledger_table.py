"""Rows of a ledger as people take them along: one line a letter or skip, in words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from crm.letters.delivery import outcome_of
from crm.letters.labels import approach_label, outcome_label, reason_words

_HEADS = (
    *("contact", "name", "country", "address", "language", "wording", "outcome", "reason", "server said", "attempts"),
    "at",
)


def _line(row: Any) -> tuple[Any, ...]:
    """One of them."""
    return (
        row.contact_id,
        row.name,
        row.country,
        row.address,
        row.language,
        approach_label(row.approach) if row.approach else "",
        outcome_label(outcome_of(row.skip_reason, row.state)),
        reason_words(row),
        " ".join(str(part) for part in (row.reply_code, row.reply_text) if part),
        row.attempts,
        row.finished_at.isoformat() if row.finished_at else "",
    )


def table(rows: Iterable[Any]) -> Iterator[Sequence[Any]]:
    """The heads and the rows, one after the other."""
    yield _HEADS
    for row in rows:
        yield _line(row)
