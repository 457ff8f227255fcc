"""Rows of a ledger as people take them along: one line a letter or skip, in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from crm.letters.delivery import outcome_of
from crm.letters.labels import approach_label, outcome_label, reason_words
from crm.letters.ledger import LedgerFilter, ledger_rows
from crm.letters.models import Mailing

_HEADS = (
    *("contact", "name", "country", "address", "language", "wording", "outcome", "reason", "server said", "attempts"),
    "at",
)


def line(row: Any) -> tuple[Any, ...]:
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


def table(mailing: Mailing, chosen: LedgerFilter) -> Iterator[Sequence[Any]]:
    """The heads and every row a filter asks for, one after the other."""
    yield _HEADS
    for row in ledger_rows(mailing, chosen):
        yield line(row)
