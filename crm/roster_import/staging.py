"""Staging: a file read and compared with the directory, batch by batch, without changing anything there."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from itertools import chain
from pathlib import Path
from typing import Any

from crm import clock
from crm.directory.models import Category
from crm.places.countries import country_name
from crm.places.regions import only_country
from crm.roster_import import labels
from crm.roster_import.changes import Setting
from crm.roster_import.diffing import Plan
from crm.roster_import.institutions import Named, Seen, category_of, classified, settle
from crm.roster_import.labels import Body
from crm.roster_import.lookups import (
    aliased_organizations,
    chunked,
    complete_rosters_after,
    institutions_called,
    members_lately,
    members_on,
    organization_ids,
    saved_mapping,
)
from crm.roster_import.models import AsOfSource
from crm.roster_import.planning import Planner
from crm.roster_import.readers import open_roster
from crm.roster_import.readers.guessing import guessed, settled
from crm.roster_import.readers.table import Table
from crm.roster_import.record_json import as_json
from crm.roster_import.records import BadLine, Item, OrganizationRecord, RosterFormat
from crm.roster_import.same_institutions import Likely, likely_institutions
from crm.roster_import.spool import Spool
from crm.roster_import.survey import Survey, day_described, survey
from crm.roster_import.tally import Tally
from crm.text import fold

_READ = 1024 * 1024
# Lines of a table that people are shown.
_SAMPLE_SHOWN = 5


def source_label(file_name: str, as_of: date) -> str:
    """How facts of a file say where they come from."""
    return f"{file_name}, {as_of.isoformat()}"[:200]


class Origin(StrEnum):
    """Whose the mapping of a table's columns is."""

    RECOGNISED = "recognised"  # by the names of the columns
    SAVED = "saved"  # for files with the same header
    GIVEN = "given"


@dataclass(frozen=True)
class Layout:
    """A table's headings, the field each column holds ("" for none), whose mapping that is, and the first lines.

    `guesses` are fields (by the index of the column) that only the cells suggest: they are offered to a person, and
    nothing is read so before somebody has said yes. `sheet` is that of a workbook, beside `other_sheets`.
    """

    format: RosterFormat
    header: tuple[str, ...]
    fields: tuple[str, ...]
    origin: Origin
    sample: tuple[tuple[str, ...], ...]
    has_names: bool
    guesses: Mapping[int, str] = field(default_factory=dict)
    sheet: str = ""
    other_sheets: tuple[str, ...] = ()

    @property
    def is_settled(self) -> bool:
        """Whether it may be read so without asking: somebody has said, or every column is recognised."""
        if self.origin is not Origin.RECOGNISED:
            return self.has_names
        named = [index for index, heading in enumerate(self.header) if heading]
        return self.has_names and all(self.fields[index] for index in named)

    def as_json(self) -> dict[str, Any]:
        """As `Import.survey` keeps it."""
        return {
            "header": list(self.header),
            "columns": [self.guesses.get(index, name) for index, name in enumerate(self.fields)],
            "guessed": list(self.guesses),
            "mapping": self.origin.value,
            "sample": [list(cells) for cells in self.sample],
            "sheet": self.sheet,
            "other_sheets": list(self.other_sheets),
        }


@dataclass(frozen=True)
class Heading:
    """What is known of a file before its lines are compared. `file_hash` is the SHA-256 of its bytes.

    `layout` is that of a table, None for files whose format says what stands where. `items` are the lines, where they
    were kept; `institutions` what those are that the file does not tell the kind of, by folded label,
    and `likely` which of the directory they may be, by label. `homes` has the country of each region the lines tell.
    """

    path: Path
    file_name: str
    file_hash: str
    as_of: date
    as_of_source: AsOfSource
    survey: Survey
    layout: Layout | None = None
    items: Spool[Item] | None = None
    institutions: Mapping[str, Named] = field(default_factory=dict)
    likely: Mapping[str, Sequence[Likely]] = field(default_factory=dict)
    homes: Mapping[str, str] = field(default_factory=dict)

    @property
    def source_label(self) -> str:
        """How facts of this file say where they come from."""
        return source_label(self.file_name, self.as_of)


def layout_of(path: Path, file_name: str, fields: Sequence[str] | None = None) -> Layout | None:
    """How a table is laid out: by `fields`, by what was saved for its header, or else by the names of its columns.

    None for files that are no tables. Raises UnreadableRoster.
    """
    source = open_roster(path, file_name, fields)
    if not isinstance(source, Table):
        return None
    origin = Origin.GIVEN
    if fields is None:
        saved = saved_mapping(source.header)
        origin = Origin.RECOGNISED if saved is None else Origin.SAVED
        source = source if saved is None else open_roster(path, file_name, saved)
    if not isinstance(source, Table):
        raise TypeError("the format of a file does not depend on its columns")
    header, sample = tuple(source.header), tuple(map(tuple, source.sample()))
    held, guesses = source.fields, {}
    if origin is Origin.RECOGNISED:
        held = settled(header, held, sample)
        guesses = guessed(held, sample, clock.today().year)
    return Layout(
        source.format,
        header,
        tuple(held),
        origin,
        sample[:_SAMPLE_SHOWN],
        source.has_names,
        guesses,
        source.sheet,
        source.other_sheets,
    )


def read_heading(
    path: Path,
    file_name: str,
    *,
    as_of: date | None = None,
    complete: bool | None = None,
    fields: Sequence[str] | None = None,
    keep: Spool[Item] | None = None,
    today: date | None = None,
    institutions: Mapping[str, str] | None = None,
) -> Heading:
    """Read the file once, from end to end. Raises UnreadableRoster, naming the line, where it is damaged.

    `institutions` is what a person has said they are (a `institutions.Kind`), by their folded labels.
    With `keep`, the lines are put there, so that comparing them needs no second reading. `today` is the day where
    whoever brought it is.
    """
    layout = layout_of(path, file_name, fields)
    source = open_roster(path, file_name, layout.fields if layout else None)
    found = survey(source, complete=complete) if keep is None else survey(source, complete=complete, watch=keep.add)
    found = replace(found, unknown_groups=_without_aliases(found.unknown_groups))
    if as_of is not None:
        day, day_source = as_of, AsOfSource.GIVEN
    else:
        day, day_source = day_described(file_name, found.latest_start, today or clock.today(), told=found.day)
    homes = only_country(found.regions)
    named = _settled(found.institutions, institutions or {}, homes)
    return Heading(
        path,
        file_name[:200],
        file_hash(path),
        day,
        day_source,
        found,
        layout,
        keep,
        named,
        likely_institutions(named.values()),
        homes,
    )


def _settled(seen: Mapping[str, Seen], told: Mapping[str, str], homes: Mapping[str, str]) -> dict[str, Named]:
    known = institutions_called([one.label for one in seen.values()])
    called = {name: [(one.category, one.country) for one in same] for name, same in known.items()}
    return settle(seen, told, called, homes)


def _without_aliases(names: Iterable[str]) -> tuple[str, ...]:
    """Those of the labels that no group has for another name either."""
    bodies = {name: Body(name, Category.POLITICAL_GROUP) for name in names}
    known = aliased_organizations(list(bodies.values()))
    return tuple(name for name, body in bodies.items() if body.key not in known)


def file_hash(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_READ):
            digest.update(chunk)
    return digest.hexdigest()


def setting_for(as_of: date, institution: str, source: str) -> Setting:
    """What all lines of an import are compared under."""
    later = {institution: complete_rosters_after(institution, as_of)} if institution else {}
    return Setting(as_of=as_of, today=clock.today(), source=source, later_rosters=later)


@dataclass(frozen=True)
class Compared:
    """A batch of lines with their plans: the columns of an ImportRow for each, and what each comes to.

    `items` are the lines themselves; ended mandates have none.
    """

    rows: list[dict[str, Any]]
    plans: list[Plan]
    items: Sequence[Item] = ()


def compared(heading: Heading, tally: Tally) -> Iterator[Compared]:
    """Every line and every ended mandate beside the directory, in batches; the tally grows with them."""
    whole = heading.survey
    setting = setting_for(heading.as_of, whole.institution, heading.source_label)
    planner = Planner(setting)
    members: set[int] = set()
    if whole.complete:
        parliament = labels.institution(whole.institution)
        parliament_id = organization_ids([parliament]).get(parliament.key)
        members = members_on(parliament_id, heading.as_of) if parliament_id else set()
        tally.members = len(members)
        if parliament_id and not members:
            members = members_lately(parliament_id, heading.as_of)
        tally.before = len(members)
    fields = heading.layout.fields if heading.layout else None
    kept = heading.items
    whole_file = open_roster(heading.path, heading.file_name, fields).records() if kept is None else kept
    for items in chunked(classified(item, heading.institutions, heading.homes) for item in whole_file):
        plans = planner.plan_batch(items)
        for plan in plans:
            tally.add(plan)
            tally.stayed += plan.contact_id in members
        rows = [
            _row(item, plan) | {"stays": plan.contact_id in members, "category": category_of(item, heading.as_of)}
            for item, plan in zip(items, plans, strict=True)
        ]
        yield Compared(rows, plans, items)
    if whole.complete:
        for ended in chunked(planner.plan_ends(whole.institution)):
            for _known, plan in ended:
                tally.add(plan)
            yield Compared(
                [
                    planned_columns(plan)
                    | {
                        "line": 0,
                        "name": known.name,
                        "search_text": fold(known.name)[:600],
                        "record": {},
                        "stays": False,
                    }
                    for known, plan in ended
                ],
                [plan for _known, plan in ended],
            )


def _row(item: Item, plan: Plan) -> dict[str, Any]:
    columns = planned_columns(plan) | {"line": item.line}
    if isinstance(item, BadLine):
        return columns | {"name": item.text[:300], "search_text": fold(item.text)[:600], "record": {"text": item.text}}
    if isinstance(item, OrganizationRecord):
        words = chain([item.name, country_name(item.country), item.abbreviation], (one.name for one in item.told.names))
    else:
        words = chain([item.name, country_name(_code(plan)), item.party or ""], item.emails)
    return columns | {"name": item.name[:300], "search_text": fold(" ".join(words))[:600], "record": as_json(item)}


def _code(plan: Plan) -> str | None:
    return next((one.after for one in plan.differences if one.field == "country" and not one.held), None)


def planned_columns(plan: Plan) -> dict[str, Any]:
    """What a plan sets in an ImportRow."""
    return {
        "kind": plan.kind,
        "contact_id": plan.contact_id,
        "reason": plan.reason or "",
        "diff": [difference.as_json() for difference in plan.differences],
        "candidates": list(plan.candidates),
        "category": None,
    }
