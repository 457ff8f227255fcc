"""Which institutions a file may name twice, or the directory has, under other names: in another language, shorter."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from crm.directory.likeness import Block, Reason, Subject, blocks, likeness
from crm.directory.models import Contact, ContactKind
from crm.directory.portfolios import government_of
from crm.directory.subjects import subjects
from crm.extensions import db
from crm.roster_import.institutions import CATEGORY_OF, Named, Origin
from crm.roster_import.lookups import INSTITUTIONS
from crm.text import fold

# The most alike first; of more, none is likely.
_MOST = 3
# The names themselves say that it is the same.
_TELLING = (Reason.SAME_NAME, Reason.OTHER_NAME, Reason.SAME_GOVERNMENT)


@dataclass(frozen=True)
class Likely:
    """An institution that a label of a file may mean; `telling` where the names themselves say so.

    It is the directory's, or (`id` is None) a new one that the file has by another label, which is its `name`.
    """

    id: int | None
    name: str
    telling: bool


def _subject(named: Named) -> Subject:
    category, _holders = CATEGORY_OF[named.kind]
    return Subject(
        id=0,
        kind=ContactKind.ORGANIZATION,
        name=fold(named.label),
        category=category,
        country=named.country,
        governs=government_of(named.label, category, named.country),
    )


def likely_institutions(named: Iterable[Named]) -> dict[str, Sequence[Likely]]:
    """By the label of those the directory does not know: what each may be, the most alike first.

    What the directory has comes before what the file itself has by another label.
    """
    new = sorted((one for one in named if one.origin is not Origin.KNOWN), key=lambda one: (-one.people, one.label))
    asked = {one.label: _subject(one) for one in new if one.origin is not Origin.TOLD}
    told: dict[str, Sequence[Likely]] = {
        one.label: [Likely(None, one.same_as, telling=True)] for one in new if one.same_as
    }
    if not asked:
        return told
    table = Contact.__table__
    known = subjects(sa.and_(table.c.kind == ContactKind.ORGANIZATION, table.c.category.in_(INSTITUTIONS)))
    keys = {each: set(blocks(one)) for each, one in known.items()}
    found = {label: _alike(one, known, keys) for label, one in asked.items()}
    ids = {each for likely in found.values() for each, _telling in likely}
    names = {
        row.id: row.name for row in db.session.execute(sa.select(table.c.id, table.c.name).where(table.c.id.in_(ids)))
    }
    likely = {
        label: [Likely(each, names[each], telling) for each, telling in alike if each in names]
        for label, alike in found.items()
        if alike
    }
    return _beside([one for one in new if one.label not in likely and not one.same_as]) | likely | told


def _beside(new: Sequence[Named]) -> dict[str, Sequence[Likely]]:
    """By the label of new ones that may be another new one of the same file: which, by the label more people have."""
    heads: dict[int, Subject] = {}
    keys: dict[int, set[Block]] = {}
    found: dict[str, Sequence[Likely]] = {}
    for at, one in enumerate(new):
        subject = _subject(one)
        alike = _alike(subject, heads, keys) if one.origin is not Origin.TOLD else []
        if alike:
            found[one.label] = [Likely(None, new[head].label, telling) for head, telling in alike]
        else:
            heads[at], keys[at] = subject, set(blocks(subject))
    return found


def _alike(one: Subject, known: Mapping[int, Subject], keys: Mapping[int, set[Block]]) -> list[tuple[int, bool]]:
    own = set(blocks(one))
    judged = [
        (found.score, contact_id, not set(_TELLING).isdisjoint(found.reasons))
        for contact_id, other in known.items()
        if not own.isdisjoint(keys[contact_id]) and (found := likeness(one, other)) is not None
    ]
    return [
        (contact_id, telling)
        for _score, contact_id, telling in sorted(judged, key=lambda each: (-each[0], each[1]))[:_MOST]
    ]
