"""Whom the new lines of an import resemble: contacts already known by such a name, so that nobody is entered twice."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from typing import Any, TypeAlias

import sqlalchemy as sa

from crm.directory.likeness import Block, Likeness, Subject, blocks, likeness, phone_key
from crm.directory.models import Contact, ContactKind
from crm.directory.portfolios import government_of
from crm.directory.subjects import subjects
from crm.extensions import db
from crm.places.countries import country_code
from crm.roster_import.matching import sort_names
from crm.roster_import.models import ImportRow, RowKind
from crm.roster_import.record_json import from_json
from crm.roster_import.records import BadLine, Item, OrganizationRecord
from crm.text import fold
from crm.unit_of_work import unit_of_work

Alike: TypeAlias = dict[int, list[tuple[int, Likeness]]]
Progress = Callable[[int, int], None]
# Lines that meet the whole directory in one pass over it, and contacts that are read for that at once.
_LINES = 8_000
_CONTACTS = 2_000
# So many that share a key share it by chance; they meet in narrower blocks.
_LARGEST_BLOCK = 120
# The most alike first; of more, none is likely.
_MOST = 3


def _organization(item: OrganizationRecord, line_id: int) -> Subject:
    return Subject(
        id=line_id,
        kind=ContactKind.ORGANIZATION,
        name=fold(item.name),
        category=item.category,
        country=item.country or None,
        short_name=fold(item.abbreviation),
        registers=item.identifiers,
        governs=government_of(item.name, item.category, item.country or None),
        other_names=frozenset(fold(one.name) for one in item.told.names),
    )


def subjects_of(item: Item, line_id: int) -> list[Subject]:
    """A line as likeness sees it: once for every word the family name may begin with, where nobody has split it."""
    if isinstance(item, BadLine):
        return []
    if isinstance(item, OrganizationRecord):
        return [_organization(item, line_id)]
    told = (one.name for one in item.told.names) if item.told else ()
    label = item.country or item.citizenship
    person = Subject(
        id=line_id,
        kind=ContactKind.PERSON,
        name="",
        category="",
        country=country_code(label) if label else None,
        birth_date=item.birth_date,
        addresses=frozenset(item.emails),
        phones=frozenset(filter(None, map(phone_key, item.phones))),
        offices=frozenset((fold(one.institution), fold(one.post or one.role)) for one in item.mandates if not one.end),
        registers=item.identifiers,
        other_names=frozenset(map(fold, chain(item.other_names, told))),
    )
    return [replace(person, name=name) for name in sort_names(item)]


def _likeness(line: Sequence[Subject], contact: Subject) -> Likeness | None:
    judged = (found for subject in line if (found := likeness(subject, contact)) is not None)
    return max(judged, key=lambda found: found.score, default=None)


def _new_lines(import_id: int) -> Iterator[dict[int, list[Subject]]]:
    """The new lines of an import by the ids of their rows, some thousands at a time."""
    last = 0
    while True:
        rows = db.session.execute(
            sa.select(ImportRow.id, ImportRow.record)
            .where(ImportRow.import_id == import_id, ImportRow.kind == RowKind.NEW, ImportRow.id > last)
            .order_by(ImportRow.id)
            .limit(_LINES)
        ).all()
        if not rows:
            return
        yield {row.id: subjects_of(from_json(row.record), row.id) for row in rows}
        last = rows[-1].id


def _directory() -> Iterator[dict[int, Subject]]:
    last = 0
    while True:
        ids = db.session.scalars(
            sa.select(Contact.id).where(Contact.id > last).order_by(Contact.id).limit(_CONTACTS)
        ).all()
        if not ids:
            return
        yield subjects(Contact.__table__.c.id.between(ids[0], ids[-1]))
        last = ids[-1]


class _Meeting:
    """Lines by the keys under which a contact like them would be looked for."""

    def __init__(self, lines: Mapping[int, Sequence[Subject]]) -> None:
        self._lines = lines
        self._sharing: dict[Block, list[int]] = defaultdict(list)
        for line_id, line in lines.items():
            for key in {key for subject in line for key in blocks(subject)}:
                self._sharing[key].append(line_id)
        self._met: Counter[Block] = Counter()

    def _near(self, contact: Subject) -> set[int]:
        keys = {key for key in blocks(contact) if key in self._sharing}
        self._met.update(keys)
        crowded = (key for key in keys if max(self._met[key], len(self._sharing[key])) > _LARGEST_BLOCK)
        return {line_id for key in keys.difference(crowded) for line_id in self._sharing[key]}

    def alike(self, contact: Subject) -> Iterator[tuple[int, Likeness]]:
        """The lines that are like the contact."""
        for line_id in self._near(contact):
            judged = _likeness(self._lines[line_id], contact)
            if judged is not None:
                yield line_id, judged


def _met(lines: Mapping[int, Sequence[Subject]], meant: set[int], progress: Callable[[int], None]) -> Alike:
    """Whom of the directory each line is like, but for those whom other lines of the file are about."""
    meeting = _Meeting(lines)
    found: Alike = defaultdict(list)
    for contacts in _directory():
        for contact_id, contact in contacts.items():
            if contact_id in meant:
                continue
            for line_id, judged in meeting.alike(contact):
                found[line_id].append((contact_id, judged))
        progress(len(contacts))
    return found


def note_resemblance(import_id: int, *, actor: str, progress: Progress) -> int:
    """Note on every new line whom it resembles, the most alike first, and return how many lines there are of these.

    `progress` is told how many comparisons of how many are done.
    """
    everybody = db.session.scalar(sa.select(sa.func.count()).select_from(Contact)) or 0
    if not everybody:
        return 0
    of_import = (ImportRow.import_id == import_id, ImportRow.line > 0)
    new = db.session.scalar(sa.select(sa.func.count()).where(*of_import, ImportRow.kind == RowKind.NEW)) or 0
    named = db.session.scalars(sa.select(ImportRow.contact_id).where(*of_import)).all()
    meant = {contact_id for contact_id in named if contact_id is not None}
    total = everybody * -(-new // _LINES)
    done = noted = 0

    def step(contacts: int) -> None:
        nonlocal done
        done += contacts
        progress(done, max(done, total))

    for lines in _new_lines(import_id):
        alike = _met(lines, meant, step)
        noted += len(alike)
        with unit_of_work("compare import", actor=actor, durable=False):
            _keep(alike)
    return noted


def _keep(alike: Alike) -> None:
    table = ImportRow.__table__
    rows: list[dict[str, Any]] = []
    for row_id, found in alike.items():
        found.sort(key=lambda one: (-one[1].score, one[0]))
        rows.append({"the_row": row_id, "candidates": [contact_id for contact_id, _likeness in found[:_MOST]]})
    if rows:
        values = {"candidates": sa.bindparam("candidates", type_=table.c.candidates.type)}
        statement = sa.update(ImportRow).where(table.c.id == sa.bindparam("the_row")).values(values)
        db.session.connection().execute(statement, rows)


def likenesses(items: Mapping[int, Item], candidates: Mapping[int, Sequence[int]]) -> dict[tuple[int, int], Likeness]:
    """How a row (by its id) and a contact that may be meant by it are alike; pairs that are not are left out."""
    wanted = {contact_id for found in candidates.values() for contact_id in found}
    if not wanted:
        return {}
    contacts = subjects(Contact.__table__.c.id.in_(wanted))
    found: dict[tuple[int, int], Likeness] = {}
    for row_id, item in items.items():
        line = subjects_of(item, row_id)
        for contact_id in candidates.get(row_id, ()):
            contact = contacts.get(contact_id)
            judged = _likeness(line, contact) if contact is not None else None
            if judged is not None:
                found[row_id, contact_id] = judged
    return found
