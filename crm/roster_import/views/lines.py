"""What the rows of a review need to be shown: whom and which other lines they are like, and what they say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from crm.directory.labels import likeness_reasons
from crm.directory.sort_names import listed_as
from crm.places.countries import country_code
from crm.roster_import import queries, reviewing
from crm.roster_import.changes import Setting
from crm.roster_import.diffing import said
from crm.roster_import.models import Decision, RowKind
from crm.roster_import.queries import AnyRow
from crm.roster_import.records import Item, Record
from crm.roster_import.resemblance import likenesses
from crm.roster_import.twins import twin_reasons


@dataclass(frozen=True)
class Lines:
    """By the id of a row: `candidates` who may be meant by it, `twins` the other line it is like, `joined` the numbers
    of the lines that are part of it, `said` what it says where nothing was compared. `reasons` has the words and tones
    of why a row is like a contact, by both ids, `twin_reasons` why it is like its twin. `filed` has how an index would
    write a person, and whether the file tells the family name.
    """

    candidates: Mapping[int, Sequence[int]]
    reasons: Mapping[tuple[int, int], Sequence[tuple[str, str]]]
    twins: Mapping[int, AnyRow]
    twin_reasons: Mapping[int, Sequence[tuple[str, str]]]
    joined: Mapping[int, Sequence[int]]
    said: Mapping[int, Sequence[dict[str, str | None]]]
    filed: Mapping[int, tuple[str, bool]]


def lines_of(found: AnyRow, rows: Sequence[AnyRow]) -> Lines:
    """What these rows of an import need to be shown."""
    likely = _candidates(rows)
    twin_ids = {row.id: row.twin_id for row in rows if row.twin_id}
    twins = reviewing.lines_of(set(twin_ids.values()))
    unsaid = {row.id for row in rows if row.reason and not row.diff and row.line}
    new = {row.id for row in rows if row.kind is RowKind.NEW}
    items = queries.items(sorted({*likely, *new, *twin_ids, *twin_ids.values(), *unsaid}))
    setting = Setting(as_of=found.as_of, today=found.as_of, source="")
    return Lines(
        candidates=likely,
        reasons={pair: likeness_reasons(one.reasons) for pair, one in likenesses(items, likely).items()},
        twins={row_id: twins[twin_id] for row_id, twin_id in twin_ids.items() if twin_id in twins},
        twin_reasons={row_id: likeness_reasons(why) for row_id, why in twin_reasons(twin_ids, items).items()},
        joined=reviewing.joined_to([row.id for row in rows]),
        said={row_id: _said(items[row_id], setting) for row_id in unsaid if row_id in items},
        filed=_filed({row_id: items[row_id] for row_id in {*new, *likely} if row_id in items}),
    )


def _said(item: Item, setting: Setting) -> list[dict[str, str | None]]:
    if not isinstance(item, Record):
        return []
    return [difference.as_json() for difference in said(item, setting)]


def _filed(items: Mapping[int, Item]) -> dict[int, tuple[str, bool]]:
    filed = {}
    for row_id, item in items.items():
        if isinstance(item, Record) and " " in item.name:
            label = item.country or item.citizenship
            country = country_code(label) if label else None
            listed = listed_as(item.name, item.given_name, item.family_name, country)
            filed[row_id] = (listed, bool(item.family_name))
    return filed


def _candidates(rows: Sequence[AnyRow]) -> dict[int, list[int]]:
    """Whom each row may be about, by its id: the contacts as they are by now."""
    now = queries.presence({contact_id for row in rows for contact_id in row.candidates})
    return {
        row.id: list(dict.fromkeys(now[contact_id] for contact_id in row.candidates if contact_id in now))
        for row in rows
        if row.candidates
    }


def decision_in(word: str, contact: str) -> Decision | None:
    """The decision in a form: an acceptance whose contact is the other line joins both."""
    decision = Decision(word) if word in set(Decision) else None
    return Decision.JOIN if decision is Decision.ACCEPT and contact == "line" else decision
