"""Looking through the directory for duplicates: contacts are compared only within blocks they share."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import permutations
from typing import Any, TypeAlias

import sqlalchemy as sa

from crm import clock
from crm.directory.likeness import Block, Likeness, Subject, blocks, in_order, likeness, pairs
from crm.directory.models import Contact, ContactKind, ContactPoint, Identifier, OtherName, PointKind
from crm.directory.subjects import subjects
from crm.duplicates.models import DuplicateProposal, DuplicateSearch
from crm.extensions import db
from crm.roster_import.twins import told_apart
from crm.text import fold
from crm.unit_of_work import unit_of_work

Found: TypeAlias = dict[tuple[int, int], Likeness]
# So many that share a key share it by chance: a common name, an office's address. They meet in narrower blocks.
LARGEST_BLOCK = 120
_CHUNK = 500
_WRITTEN_AT_ONCE = 5_000
# A change is stamped before it is committed: the next search looks back that far.
_LOOK_BACK = timedelta(seconds=5)
# More changes than this are looked at together with the whole directory, fewer with those near to them.
_FEW = 300
_WORDS_REORDERED = 5
ACTOR = "worker:desk"


Where: TypeAlias = sa.ColumnElement[bool]


def _near(changed: Collection[int]) -> Where:
    """Whom the changed contacts may share a block with: people of their countries, days of birth, addresses, names."""
    table = Contact.__table__
    mine = list(subjects(table.c.id.in_(changed)).values())
    names = {name for each in mine for name in (each.sorted_name, *map(in_order, each.other_names)) if name}
    orders = {" ".join(order) for name in names for order in permutations(name.split()[:_WORDS_REORDERED])}
    addresses = {address for each in mine for address in each.addresses}
    by_address = sa.select(ContactPoint.contact_id).where(
        ContactPoint.kind == PointKind.EMAIL, ContactPoint.value.in_(addresses)
    )
    # Few contacts have other names: they are looked through, because they are not kept folded.
    renamed = [
        contact_id
        for contact_id, name in db.session.execute(sa.select(OtherName.contact_id, OtherName.name))
        if in_order(fold(name)) in names
    ]
    unknown = table.c.country.is_(None) if any(each.country is None for each in mine) else sa.false()
    return sa.or_(
        table.c.id.in_([*changed, *renamed]),
        table.c.id.in_(by_address),
        table.c.country.in_({each.country for each in mine if each.country}),
        unknown,
        table.c.birth_date.in_({each.birth_date for each in mine if each.birth_date}),
        table.c.sort_name.in_(orders),
        # An organization's has its short name behind it.
        sa.and_(table.c.kind == ContactKind.ORGANIZATION, sa.true() if _any_body(mine) else sa.false()),
    )


def _any_body(changed: Collection[Subject]) -> bool:
    return any(not each.is_person for each in changed)


def alike(everybody: Mapping[int, Subject], changed: Collection[int] | None = None) -> Found:
    """Pairs that are alike, the smaller id first: all of them, or those with somebody of `changed`."""
    members: dict[Block, list[int]] = defaultdict(list)
    wanted = (
        None if changed is None else {key for each in changed if each in everybody for key in blocks(everybody[each])}
    )
    for subject in everybody.values():
        for key in set(blocks(subject)):
            if wanted is None or key in wanted:
                members[key].append(subject.id)
    found: Found = {}
    seen: set[tuple[int, int]] = set()
    for block in members.values():
        if not 2 <= len(block) <= LARGEST_BLOCK:
            continue
        for pair in pairs(block):
            if pair in seen or (changed is not None and not (pair[0] in changed or pair[1] in changed)):
                continue
            seen.add(pair)
            judged = likeness(everybody[pair[0]], everybody[pair[1]])
            if judged is not None:
                found[pair] = judged
    return found


def reasons_now(pairs_shown: Collection[tuple[int, int]]) -> dict[tuple[int, int], Likeness]:
    """How alike these pairs are as they stand, of those that still are: the search may not have met a change yet."""
    everybody = subjects(Contact.__table__.c.id.in_({contact_id for pair in pairs_shown for contact_id in pair}))
    judged = {
        (one, other): likeness(everybody[one], everybody[other])
        for one, other in pairs_shown
        if one in everybody and other in everybody
    }
    return {pair: found for pair, found in judged.items() if found is not None}


@dataclass(frozen=True)
class Bookmark:
    """How far the directory was read."""

    contacts_until: datetime
    last_point_id: int
    last_identifier_id: int
    last_other_name_id: int


def _reach() -> Bookmark:
    """How far the directory reaches now."""
    last = [
        sa.select(sa.func.coalesce(sa.func.max(model.id), 0)).scalar_subquery()
        for model in (ContactPoint, Identifier, OtherName)
    ]
    newest = db.session.scalar(sa.select(sa.func.max(Contact.updated_at)))
    now = clock.now() - _LOOK_BACK
    return Bookmark(min(newest, now) if newest else now, *db.session.execute(sa.select(*last)).one())


def _changed_since(bookmark: Bookmark) -> set[int]:
    """Contacts that have changed, or got a point, an identifier or another name."""
    since = [
        sa.select(Contact.id).where(Contact.updated_at > bookmark.contacts_until),
        sa.select(ContactPoint.contact_id).where(ContactPoint.id > bookmark.last_point_id),
        sa.select(Identifier.contact_id).where(Identifier.id > bookmark.last_identifier_id),
        sa.select(OtherName.contact_id).where(OtherName.id > bookmark.last_other_name_id),
    ]
    return {contact_id for statement in since for contact_id in db.session.scalars(statement)}


def is_behind() -> bool:
    """Whether something has changed that the search has not looked at yet."""
    kept = DuplicateSearch
    last = (
        (ContactPoint, kept.last_point_id),
        (Identifier, kept.last_identifier_id),
        (OtherName, kept.last_other_name_id),
    )
    newer = [sa.exists().where(model.id > bookmark) for model, bookmark in last]
    changed = sa.exists().where(Contact.updated_at > kept.contacts_until)
    return bool(db.session.scalar(sa.select(sa.or_(changed, *newer)).select_from(kept).limit(1)))


def search() -> int:
    """Bring the proposals up to date with what has changed since the last search; how many pairs were written."""
    stored = db.session.scalars(sa.select(DuplicateSearch)).first()
    reach = _reach()
    changed: set[int] | None = None
    if stored is not None:
        bookmark = Bookmark(
            stored.contacts_until, stored.last_point_id, stored.last_identifier_id, stored.last_other_name_id
        )
        changed = _changed_since(bookmark)
        if not changed:
            return 0
    near = _near(changed) if changed is not None and len(changed) <= _FEW else None
    everybody = subjects(near)
    found = alike(everybody, changed)
    # What was said when a file was reviewed need not be said again.
    apart = told_apart({contact_id for pair in found for contact_id in pair})
    found = {pair: it for pair, it in found.items() if pair not in apart}
    before = _proposed(changed)
    written = _write(before, found)
    _keep(reach)
    return written


def _proposed(changed: Collection[int] | None) -> dict[tuple[int, int], tuple[int, int, list[str]]]:
    """What is proposed so far: id, score and reasons by pair, of everybody or of those who changed."""
    columns = DuplicateProposal.__table__.c
    statement = sa.select(columns.id, columns.one_id, columns.other_id, columns.score, columns.reasons)
    found: list[Any] = []
    if changed is None:
        found = list(db.session.execute(statement))
    else:
        for chunk in _chunks(sorted(changed)):
            named = sa.or_(columns.one_id.in_(chunk), columns.other_id.in_(chunk))
            found += db.session.execute(statement.where(named)).all()
    # A merge may have turned a pair round.
    return {(min(row[1:3]), max(row[1:3])): (row.id, row.score, row.reasons) for row in found}


def _chunks(ids: Sequence[int], size: int = _CHUNK) -> Iterator[Sequence[int]]:
    for start in range(0, len(ids), size):
        yield ids[start : start + size]


def _write(before: Mapping[tuple[int, int], tuple[int, int, list[str]]], found: Found) -> int:
    """Write what differs, some thousands at a time: nobody waits long for the database."""
    as_before = {pair for pair, it in found.items() if pair in before and _same(before[pair], it)}
    gone = [row_id for pair, (row_id, _score, _reasons) in before.items() if pair not in as_before]
    new = [pair for pair in found if pair not in as_before]
    for ids in _chunks(gone):
        with unit_of_work("propose duplicates", actor=ACTOR, durable=False):
            db.session.execute(sa.delete(DuplicateProposal).where(DuplicateProposal.id.in_(ids)))
    for start in range(0, len(new), _WRITTEN_AT_ONCE):
        some = new[start : start + _WRITTEN_AT_ONCE]
        with unit_of_work("propose duplicates", actor=ACTOR, durable=False):
            kinds = _kinds({contact_id for pair in some for contact_id in pair})
            rows = [
                {
                    "one_id": one,
                    "other_id": other,
                    "kind": kinds[one],
                    "score": found[one, other].score,
                    "reasons": [reason.value for reason in found[one, other].reasons],
                }
                for one, other in some
                # One of them may have been merged while we looked.
                if one in kinds and other in kinds
            ]
            if rows:
                db.session.execute(sa.insert(DuplicateProposal), rows)
    return len(gone) + len(new)


def _same(before: tuple[int, int, list[str]], now: Likeness) -> bool:
    _row_id, score, reasons = before
    return score == now.score and reasons == [reason.value for reason in now.reasons]


def _kinds(contact_ids: Iterable[int]) -> dict[int, ContactKind]:
    found: dict[int, ContactKind] = {}
    for chunk in _chunks(sorted(contact_ids)):
        rows = db.session.execute(sa.select(Contact.id, Contact.kind).where(Contact.id.in_(chunk)))
        found |= {row.id: row.kind for row in rows}
    return found


def _keep(reach: Bookmark) -> None:
    with unit_of_work("propose duplicates", actor=ACTOR, durable=False):
        stored = db.session.scalars(sa.select(DuplicateSearch)).first()
        if stored is None:
            stored = DuplicateSearch()
            db.session.add(stored)
        stored.contacts_until = reach.contacts_until
        stored.last_point_id = reach.last_point_id
        stored.last_identifier_id = reach.last_identifier_id
        stored.last_other_name_id = reach.last_other_name_id
