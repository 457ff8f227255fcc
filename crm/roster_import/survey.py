"""What a file is as a whole, found by reading it once from end to end: its size, its day, whether it is complete."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from flask_babel import gettext

from crm.roster_import import labels
from crm.roster_import.institutions import Collector, Seen
from crm.roster_import.models import AsOfSource
from crm.roster_import.readers.source import Source
from crm.roster_import.records import BadLine, Item, Record, RosterFormat, UnreadableRoster

# A table of an institution's members that has so many lines is taken for all of them.
COMPLETE_FROM = 600
_FILE_DATE = re.compile(r"(?<!\d)(20\d\d)[-_.]?(0[1-9]|1[0-2])(?:[-_.]?(0[1-9]|[12]\d|3[01]))?(?!\d)")
_NAMES_SHOWN = 20


@dataclass(frozen=True)
class Survey:
    """A roster as a whole. `institution` is whose members it lists, where it is one institution's.

    `day` is the day the file itself says it describes. `institutions` are those it does not say the kind of, by folded
    label; `regions` the labels of those that lines tell without a country.
    """

    format: RosterFormat
    rows: int
    unreadable: int
    institution: str
    complete: bool
    latest_start: date | None
    day: date | None
    unread_columns: tuple[str, ...]
    unknown_groups: tuple[str, ...]
    institutions: Mapping[str, Seen]
    regions: Collection[str] = ()


def survey(
    source: Source, *, complete: bool | None = None, watch: Callable[[Item], None] = lambda _item: None
) -> Survey:
    """Read the whole file; `watch` sees every line.

    Raises UnreadableRoster where it is damaged, or where it cannot be complete as asked.
    """
    rows = unreadable = 0
    latest: date | None = None
    institutions: dict[str, None] = {}
    groups: dict[str, None] = {}
    named = Collector()
    for item in source.records():
        watch(item)
        named.add(item)
        rows += 1
        if isinstance(item, BadLine):
            unreadable += 1
            continue
        if not isinstance(item, Record):
            continue
        institutions |= dict.fromkeys(labels.institution_of(mandate).name for mandate in item.mandates)
        groups |= dict.fromkeys(_unknown_groups(item))
        held = item.told.memberships if item.told else item.mandates
        latest = max([latest or date.min, *(one.start for one in held if one.start)])
    if not rows:
        raise UnreadableRoster(gettext("The file names nobody: it has no line below the names of its columns."))
    whole = next(iter(institutions)) if len(institutions) == 1 else ""
    if complete and source.complete is False:
        raise UnreadableRoster(
            gettext(
                "A file of this kind never names every member of an institution on one day. Import it as some contacts."
            )
        )
    if complete is None:
        complete = (
            source.complete if source.complete is not None else bool(source.institution and rows >= COMPLETE_FROM)
        )
    if complete and not whole:
        raise UnreadableRoster(
            gettext(
                "A list of every member is of one institution; this file names none, or several. Import it as some "
                "contacts."
            )
        )
    return Survey(
        format=source.format,
        rows=rows,
        unreadable=unreadable,
        institution=whole,
        complete=complete,
        latest_start=latest if latest != date.min else None,
        day=source.day,
        unread_columns=source.unread,
        unknown_groups=tuple(groups)[:_NAMES_SHOWN],
        institutions=named.seen,
        regions=named.regions,
    )


def _unknown_groups(record: Record) -> list[str]:
    """Labels of groups of the European Parliament that no table of ours has."""
    named = [(labels.institution_of(mandate), mandate.group) for mandate in record.mandates if mandate.group]
    return [label for parliament, label in named if parliament.code and not labels.group(label, parliament, None).code]


def day_in_name(file_name: str, today: date) -> date | None:
    """The last day a file name tells, the first of the month where it tells a month; days to come are none."""
    days = []
    for year, month, day in _FILE_DATE.findall(Path(file_name).stem):
        try:
            days.append(date(int(year), int(month), int(day or 1)))
        except ValueError:
            continue
    return next((day for day in reversed(days) if day <= today), None)


def day_described(
    file_name: str, latest_start: date | None, today: date, *, told: date | None = None
) -> tuple[date, AsOfSource]:
    """The day a roster describes, where nobody has said: told by the file, its name, the latest start, or today."""
    if told is not None and told <= today:
        return told, AsOfSource.FILE
    named = day_in_name(file_name, today)
    if named is not None:
        return named, AsOfSource.FILE_NAME
    if latest_start is not None and latest_start <= today:
        return latest_start, AsOfSource.DATES
    return today, AsOfSource.TODAY
