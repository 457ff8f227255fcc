"""The ledger of a mailing row by row: what a reader asks for, and the letters and skips that answer it, by index."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import sqlalchemy as sa
from werkzeug.datastructures import MultiDict

from crm.directory.finding import text_matches
from crm.directory.models import Contact
from crm.extensions import db
from crm.filter_values import read_value
from crm.letters.delivery import RECORD, STATES, Outcome
from crm.letters.models import Letter, Mailing, SkipReason, Wording
from crm.outbox.models import MessageState, OutgoingMessage
from crm.outbox.reasons import Reason
from crm.paging import Page, SortKey, page
from crm.places.countries import country_codes
from crm.text import fold

# Up to so many rows are fetched one by one and sorted; of more, walking the ledger in its order meets enough soon.
FEW = 3000
_MOST_TEXT = 100
_DROPPED = (Outcome.WAITING, Outcome.CANCELLED)
_BATCH = 1000


def _country(value: str) -> str:
    if value.upper() not in country_codes():
        raise ValueError(value)
    return value.upper()


def _language(value: str) -> str:
    if len(value) > 8 or not value.replace("-", "").isalnum():
        raise ValueError(value)
    return value


@dataclass(frozen=True)
class LedgerFilter:
    """Conditions that all hold; one left out asks nothing.

    `reason` is why somebody was skipped or, of letters, what the outbox says of their delivery; `text` is a part of a
    name or, with an @ in it, the beginning of an address.
    """

    outcome: Outcome | None = None
    reason: SkipReason | Reason | None = None
    language: str = ""
    country: str = ""
    text: str = ""

    @classmethod
    def from_args(cls, args: Mapping[str, str] | MultiDict[str, str]) -> Self:
        """Read the filter from query arguments. Raises BadRequest for nonsense."""
        outcome = read_value(args, "outcome", Outcome)

        def reason(value: str) -> SkipReason | Reason:
            skips = outcome is Outcome.SKIPPED or (outcome is None and value in [*SkipReason])
            # Of letters that were written, and must not leave any more.
            skips = skips or (outcome in _DROPPED and value in [*SkipReason] and value not in [*Reason])
            return SkipReason(value) if skips else Reason(value)

        return cls(
            outcome,
            read_value(args, "reason", reason),
            read_value(args, "language", _language) or "",
            read_value(args, "country", _country) or "",
            str(args.get("text", "")).strip()[:_MOST_TEXT],
        )

    def to_args(self) -> dict[str, str]:
        """Query arguments that `from_args` reads back."""
        asked = {
            "outcome": self.outcome.value if self.outcome else "",
            "reason": self.reason.value if self.reason else "",
            "language": self.language,
            "country": self.country,
            "text": self.text,
        }
        return {name: value for name, value in asked.items() if value}

    @property
    def asks_more(self) -> bool:
        """Whether it asks for more than a part of the ledger, so that no sum says how many rows there are."""
        return bool(self.language or self.country or self.text)

    @property
    def of_letters(self) -> bool:
        """Whether only letters can answer it, no skips."""
        return self.outcome not in (None, Outcome.SKIPPED) or isinstance(self.reason, Reason)


_COLUMNS = (
    Letter.id,
    Letter.contact_id,
    Contact.name,
    Contact.country,
    Letter.address,
    Letter.language,
    Letter.language_reason,
    Wording.approach,
    Wording.version,
    Letter.edited_at,
    Letter.skip_reason,
    Letter.skip_detail,
    Letter.dropped_for,
    *RECORD,
)
_FROM = (
    sa.join(Letter, Contact, Contact.id == Letter.contact_id)
    .outerjoin(OutgoingMessage, OutgoingMessage.id == Letter.message_id)
    .outerjoin(Wording, Wording.id == Letter.wording_id)
)


def _count(rows: sa.Select[int]) -> sa.ScalarSelect[int]:
    return sa.select(sa.func.count()).select_from(rows.limit(FEW + 1).subquery()).scalar_subquery()


def _elsewhere(mailing: Mailing, chosen: LedgerFilter) -> tuple[list[sa.ColumnElement[bool]], bool]:
    """What a filter asks of contacts and languages, and whether so few fit that one starts from those."""
    contacts: list[sa.ColumnElement[bool]] = []
    if chosen.country:
        contacts.append(Contact.country == chosen.country)
    if chosen.text and "@" not in chosen.text:
        contacts.append(text_matches(chosen.text))
    conditions = list(contacts)
    rare: list[tuple[sa.Select[int], sa.ColumnElement[bool]]] = []
    if contacts:
        these = sa.select(Contact.id).where(*contacts)
        rare.append((these, Letter.contact_id.in_(these)))
    if chosen.language:
        conditions.append(Letter.language == chosen.language)
        written = sa.select(Letter.id).where(Letter.mailing_id == mailing.id, Letter.language == chosen.language)
        rare.append((written, Letter.id.in_(written)))
    if "@" in chosen.text:
        begins = fold(chosen.text)
        # The last letter Unicode has: every address that begins so comes before it.
        named = sa.and_(Letter.address >= begins, Letter.address < begins + "\U0010ffff")
        conditions.append(named)
        addressed = sa.select(Letter.id).where(Letter.mailing_id == mailing.id, named)
        rare.append((addressed, Letter.id.in_(addressed)))
    if not rare:
        return [], False
    counts = db.session.execute(sa.select(*(_count(rows) for rows, _ in rare))).one()
    fewest, start = min(zip(counts, (start for _, start in rare), strict=True), key=lambda pair: int(pair[0]))
    return ([*conditions, start], True) if fewest <= FEW else (conditions, False)


def _in_states(states: Sequence[MessageState]) -> sa.ColumnElement[bool]:
    return OutgoingMessage.state == states[0] if len(states) == 1 else OutgoingMessage.state.in_(states)


def _is_in_states(states: Sequence[MessageState]) -> sa.ColumnElement[bool]:
    """The same, and no way into an index."""
    state = sa.type_coerce(OutgoingMessage.state, sa.String) + sa.literal_column("''", sa.String)
    return state.in_([each.value for each in states])


def _statement(mailing: Mailing, chosen: LedgerFilter) -> tuple[sa.Select[*tuple[Any, ...]], list[SortKey]]:
    conditions, few = _elsewhere(mailing, chosen)
    # Nothing is added to a number, so that the databases do not walk by this index where the few are elsewhere.
    nothing = sa.literal_column("0", sa.Integer) if few else None
    statement: sa.Select[*tuple[Any, ...]] = sa.select(*_COLUMNS).select_from(_FROM).where(*conditions)
    if chosen.of_letters:
        of_batch = OutgoingMessage.batch_id if nothing is None else OutgoingMessage.batch_id + nothing
        statement = statement.where(of_batch == mailing.batch_id)
        keys = [SortKey(OutgoingMessage.id)]
        if isinstance(chosen.reason, Reason):
            statement = statement.where(OutgoingMessage.reason == chosen.reason)
        elif chosen.reason is not None:
            statement = statement.where(Letter.mailing_id == mailing.id, Letter.dropped_for == chosen.reason)
        if chosen.outcome is not None:
            states = sorted(STATES[chosen.outcome])
            statement = statement.where(_in_states(states) if nothing is None else _is_in_states(states))
            if len(states) > 1:
                # In the order of the index: a mailing's last letters wait behind many that have left.
                keys.insert(0, SortKey(OutgoingMessage.state))
        return statement, keys
    of_mailing = Letter.mailing_id if nothing is None else Letter.mailing_id + nothing
    statement = statement.where(of_mailing == mailing.id)
    if chosen.outcome is Outcome.SKIPPED or chosen.reason is not None:
        statement = statement.where(Letter.skip_reason.is_not(None))
    if chosen.reason is not None:
        statement = statement.where(Letter.skip_reason == chosen.reason)
    # One target that became part of another may have two letters of a mailing.
    return statement, [SortKey(Letter.target_id), SortKey(Letter.merged_target_id)]


def ledger_page(mailing: Mailing, chosen: LedgerFilter, cursor: str | None) -> Page:
    """A page of the rows a filter asks for, in the order they were planned; of those that wait, by their state."""
    statement, keys = _statement(mailing, chosen)
    return page(statement, keys, cursor)


def ledger_rows(mailing: Mailing, chosen: LedgerFilter) -> Iterable[sa.Row[*tuple[Any, ...]]]:
    """All of them, streamed from the database a thousand at a time."""
    statement, keys = _statement(mailing, chosen)
    ordered = statement.order_by(*(key.column for key in keys))
    return db.session.execute(ordered, execution_options={"yield_per": 1000})


def ledger_batches(mailing: Mailing, chosen: LedgerFilter) -> Iterator[sa.Row[*tuple[Any, ...]]]:
    """The same a thousand at a time, each by a query of its own, so that transactions may end in between."""
    cursor = None
    while True:
        statement, keys = _statement(mailing, chosen)
        found = page(statement, keys, cursor, size=_BATCH)
        yield from found.rows
        if (cursor := found.next) is None:
            return


def ledger_size(mailing: Mailing, chosen: LedgerFilter) -> int:
    """How many they are."""
    statement, _keys = _statement(mailing, chosen)
    counted = statement.with_only_columns(sa.func.count(), maintain_column_froms=True)
    return db.session.scalar(counted) or 0
