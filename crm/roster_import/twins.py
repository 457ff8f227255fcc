"""Lines of one file that are like each other, found while the file is read and kept beside the rows for a person."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import IntEnum
from itertools import combinations, groupby
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from crm.directory.likeness import PLAIN_ROLE, Likeness, Reason, Subject, likeness, phone_key, skeleton
from crm.extensions import db
from crm.places.countries import country_code
from crm.roster_import.lookups import chunked
from crm.roster_import.models import Decision, Import, ImportRow, ImportState, RowKind
from crm.roster_import.models import Reason as Held
from crm.roster_import.record_json import from_json
from crm.roster_import.records import Item, Record
from crm.roster_import.resemblance import subjects_of
from crm.text import fold
from crm.unit_of_work import unit_of_work

# A key is kept as a number: a hash, what kind of key it is, and which line it is of.
_LINE_BITS, _KIND_BITS, _HASH_BITS = 24, 2, 38
_LINES = 1 << _LINE_BITS
# So many lines that share a key are compared each with each; of more, each with the first alone.
_EACH_WITH_EACH = 12
# So many numbers are sorted at once.
_SORTED = 500_000
# Names of more words are compared by their first ones.
_WORDS = 4
# What says nothing of a person that would not be true of whoever sits in the same room.
_IMPERSONAL = frozenset(
    {Reason.SAME_ADDRESS, Reason.SAME_COUNTRY, Reason.COUNTRY_UNKNOWN, Reason.SAME_PARTY, Reason.SAME_INSTITUTION}
)
_LIKELY = 70
# What tells that two names are of one person, where they are only alike.
_PERSONAL_REASONS = frozenset({Reason.SAME_ADDRESS, Reason.SAME_PHONE, Reason.SAME_BIRTH_DATE})
# More lines than these with one address: an office's.
_PERSONAL = 2


class _Kind(IntEnum):
    """What it says of two lines that they share a key."""

    TELLING = 0
    WEAK = 1  # many others may share it: those are not compared then
    ADDRESS = 2  # one's own, unless several have it


def _keys(item: Record, contact_id: int | None) -> Iterator[tuple[tuple[object, ...], _Kind]]:
    """What lines of one person would share."""
    if contact_id is not None:
        yield ("contact", contact_id), _Kind.TELLING
    for identifier in item.identifiers:
        yield identifier, _Kind.TELLING
    for address in item.emails:
        yield ("address", address), _Kind.ADDRESS
    for number in item.phones:
        if key := phone_key(number):
            yield ("phone", key), _Kind.TELLING
    words = fold(item.name).split()[:_WORDS]
    yield ("name", *sorted(words)), _Kind.TELLING
    label = item.country or item.citizenship
    country = country_code(label) if label else None
    for one, other in combinations(sorted({skeleton(word) for word in words}), 2):
        yield ("words", country, one, other), _Kind.TELLING
    for mandate in item.mandates:
        role = fold(mandate.post or mandate.role)
        if role != PLAIN_ROLE:
            yield ("office", fold(mandate.institution), role), _Kind.WEAK


class Lines:
    """The lines of a file by what those of one person would share; some dozens of bytes for each line."""

    def __init__(self) -> None:
        self._row_ids = array("q")
        self._packed = array("Q")

    def add(self, row_id: int, item: Item, contact_id: int | None) -> None:
        """Take a line in; everybody stands once in what tells everything of everybody, as our own exports do."""
        if not isinstance(item, Record) or item.told is not None or len(self._row_ids) == _LINES:
            return
        at = len(self._row_ids)
        self._row_ids.append(row_id)
        for key, kind in _keys(item, contact_id):
            hashed = hash(key) & ((1 << _HASH_BITS) - 1)
            self._packed.append(((hashed << _KIND_BITS | kind) << _LINE_BITS) | at)

    def pairs(self) -> dict[tuple[int, int], int]:
        """Rows (by id, the earlier one first) that share something, and how many lines have an address they share."""
        found: dict[tuple[int, int], int] = {}
        parts = len(self._packed) // _SORTED + 1
        for part in range(parts):
            numbers = sorted(number for number in self._packed if (number >> _LINE_BITS) % parts == part)
            for key, sharing in groupby(numbers, lambda number: number >> _LINE_BITS):
                lines = [number & (_LINES - 1) for number in sharing]
                kind = _Kind(key & ((1 << _KIND_BITS) - 1))
                addressed = len(lines) if kind is _Kind.ADDRESS else 0
                for one, other in self._met(lines, kind):
                    pair = self._row_ids[one], self._row_ids[other]
                    found[pair] = max(found.get(pair, 0), addressed)
        return found

    @staticmethod
    def _met(lines: list[int], kind: _Kind) -> Iterable[tuple[int, int]]:
        if len(lines) <= _EACH_WITH_EACH:
            return combinations(lines, 2)
        return () if kind is _Kind.WEAK else ((lines[0], other) for other in lines[1:])


def lines_likeness(one: Iterable[Subject], other: Iterable[Subject]) -> Likeness | None:
    """How alike two lines are, whichever word of a name nobody has split the family name begins with."""
    others = list(other)
    judged = (found for mine in one for theirs in others if (found := likeness(mine, theirs)) is not None)
    return max(judged, key=lambda found: found.score, default=None)


def told_apart(contact_ids: Iterable[int]) -> set[tuple[int, int]]:
    """Pairs of these contacts, the smaller id first, that the review of an applied import has said are two people.

    A line was taken for other people than its twin, or for somebody new though it resembled somebody known.
    """
    wanted = set(contact_ids)
    other = aliased(ImportRow)
    rows = (
        sa.select(ImportRow.contact_id, ImportRow.chosen_id, ImportRow.candidates, other.contact_id.label("twin"))
        .join(Import, Import.id == ImportRow.import_id)
        .outerjoin(other, other.id == ImportRow.twin_id)
        .where(ImportRow.decision == Decision.ACCEPT, Import.state == ImportState.APPLIED)
    )
    found: set[tuple[int, int]] = set()
    for chunk in chunked(sorted(wanted)):
        for row in db.session.execute(rows.where(ImportRow.contact_id.in_(chunk))):
            others = {row.twin, *(row.candidates if row.chosen_id is None else ())} & wanted - {row.contact_id}
            found |= {(min(row.contact_id, each), max(row.contact_id, each)) for each in others}
    return found


def twin_reasons(rows: Mapping[int, int], items: Mapping[int, Item]) -> dict[int, tuple[Reason, ...]]:
    """Why each row is like its twin (`rows`, by id), as far as the two records tell."""
    found: dict[int, tuple[Reason, ...]] = {}
    for row_id, twin_id in rows.items():
        if row_id in items and twin_id in items:
            judged = lines_likeness(subjects_of(items[row_id], row_id), subjects_of(items[twin_id], twin_id))
            found[row_id] = judged.reasons if judged else ()
    return found


def _judged(pairs: Mapping[tuple[int, int], int], rows: Mapping[int, Any]) -> Iterator[tuple[int, int, int]]:
    """Row, twin and score of the pairs that are worth a look: it is the row of somebody new that has a twin."""
    subjects = {row_id: subjects_of(from_json(row.record), row_id) for row_id, row in rows.items()}
    for (first, second), sharing in pairs.items():
        one, other = rows[first], rows[second]
        if None not in (one.contact_id, other.contact_id) and one.contact_id != other.contact_id:
            continue
        judged = lines_likeness(subjects[first], subjects[second])
        is_repeated = other.reason == Held.REPEATED
        score = 0 if judged is None or _is_chance(judged, subjects[first], subjects[second], sharing) else judged.score
        if is_repeated or (score and other.contact_id is None and other.kind is not RowKind.UNREADABLE):
            yield second, first, score
        elif score and one.contact_id is None and one.kind is RowKind.NEW:
            yield first, second, score


def _is_chance(judged: Likeness, one: Sequence[Subject], other: Sequence[Subject], sharing: int) -> bool:
    """Whether two lines are told apart by a register, share an office's address alone, or names that only are alike."""
    reasons = set(judged.reasons)
    if Reason.REGISTERS_DIFFER in reasons or (sharing > _PERSONAL and reasons <= _IMPERSONAL):
        return True
    elsewhere = one[0].offices and other[0].offices and one[0].offices.isdisjoint(other[0].offices)
    return bool(elsewhere and Reason.SIMILAR_NAME in reasons and reasons.isdisjoint(_PERSONAL_REASONS))


def note_twins(lines: Lines, *, actor: str) -> int:
    """Note on every row which other line it is like most, and return how many rows those are."""
    pairs = lines.pairs()
    best: dict[int, tuple[int, int]] = {}
    columns = (ImportRow.id, ImportRow.kind, ImportRow.reason, ImportRow.contact_id, ImportRow.record)
    for some in chunked(sorted(pairs)):
        ids = sorted({row_id for pair in some for row_id in pair})
        rows: dict[int, Any] = {}
        for chunk in chunked(ids):
            rows |= {row.id: row for row in db.session.execute(sa.select(*columns).where(ImportRow.id.in_(chunk)))}
        for row_id, twin_id, score in _judged({pair: pairs[pair] for pair in some}, rows):
            # Of those that are likely the same, the earliest line: others are joined to that one, too.
            best[row_id] = max(best.get(row_id, (-1, 0)), (min(score, _LIKELY), -twin_id))
    table = ImportRow.__table__
    statement = sa.update(ImportRow).where(table.c.id == sa.bindparam("the_row")).values(twin_id=sa.bindparam("twin"))
    for found in chunked(best.items(), 5_000):
        with unit_of_work("compare import", actor=actor, durable=False):
            values = [{"the_row": row_id, "twin": -twin} for row_id, (_score, twin) in found]
            db.session.connection().execute(statement, values)
    return len(best)
