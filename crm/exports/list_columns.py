"""The columns of the list of contacts: what they are called, and a table of those a reader has chosen."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any

import sqlalchemy as sa
from flask_babel import gettext, lazy_gettext, to_user_timezone

from crm import i18n
from crm.directory.labels import (
    category_label,
    country_label,
    language_label,
    office_label,
    region_label,
    role_label,
)
from crm.directory.listing import Column, described_rows
from crm.directory.models import OPEN_END, Contact
from crm.exports.queries import batches
from crm.outbox.models import SuppressionReason
from crm.outbox.queries import reasons_against
from crm.policy import visible_to
from crm.stances.labels import stance_label
from crm.stances.models import Stance
from crm.stances.queries import current_stances
from crm.suppressions.labels import REASONS
from crm.timeline.models import REACHING, TimelineEntry
from crm.treaties.queries import treaties

LAST_CONTACT, STANCE = "last_contact", "stance"
# In the order they stand in; the name comes before them all.
COLUMNS = {
    Column.CATEGORY.value: lazy_gettext("Category"),
    Column.INSTITUTION.value: lazy_gettext("Institution"),
    Column.ROLE.value: lazy_gettext("Role"),
    Column.COUNTRY.value: lazy_gettext("Country"),
    Column.REGION.value: lazy_gettext("Region"),
    Column.GROUP.value: lazy_gettext("Political group"),
    Column.PARTY.value: lazy_gettext("Party"),
    STANCE: lazy_gettext("Stance"),
    Column.EMAIL.value: lazy_gettext("E-mail address"),
    Column.PHONE.value: lazy_gettext("Phone"),
    Column.LANGUAGES.value: lazy_gettext("Languages"),
    Column.TAGS.value: lazy_gettext("Tags"),
    Column.OWNER.value: lazy_gettext("Owner"),
    Column.SINCE.value: lazy_gettext("In office since"),
    Column.UNTIL.value: lazy_gettext("In office until"),
    LAST_CONTACT: lazy_gettext("Last contact"),
    Column.ADDED.value: lazy_gettext("Added"),
}
NAME = lazy_gettext("Name")
# Beside an address in a table: why no letter goes there.
DO_NOT_WRITE = lazy_gettext("Do not write")
# What the list shows beside the name and below the category.
MANDATE_ENDED = lazy_gettext("Mandate ended on")
OFFICE = lazy_gettext("Role and institution")


def read_columns(text: str) -> tuple[str, ...]:
    """The columns named in the text, each once and in the order of the list; what is none is left aside."""
    named = {part.strip() for part in text.split(",")}
    return tuple(name for name in COLUMNS if name in named)


def last_contact(team_id: int | None) -> sa.ScalarSelect[Any]:
    """When something of ours last reached the contact, as far as this team may see it."""
    return (
        sa.select(sa.func.max(TimelineEntry.at))
        .where(
            TimelineEntry.contact_id == Contact.id,
            TimelineEntry.kind.in_(REACHING),
            visible_to(TimelineEntry.team_id, team_id),
        )
        .scalar_subquery()
    )


def chosen_rows(columns: Sequence[str], ids: Sequence[int]) -> Iterator[tuple[Any, ...]]:
    """The headings, then one row per contact, read batch by batch: the name, then these columns of the list.

    What the list shows in the same cell has a column of its own: that a mandate ended, the office held, what is
    stopped.

    Of stances and of what reached somebody that which everybody sees: what a team keeps to itself stays here.
    """
    known = {treaty.id: treaty.code for treaty in treaties()} if STANCE in columns else {}
    yield str(NAME), str(MANDATE_ENDED), *_headings(columns, known)
    own = [Column(name) for name in columns if name in set(Column)]
    further = {LAST_CONTACT: last_contact(None)} if LAST_CONTACT in columns else {}
    for batch in batches(ids):
        stances = current_stances(batch, None) if known else {}
        rows = list(described_rows(batch, own, further))
        addresses = [row.email for row in rows if row.email] if Column.EMAIL.value in columns else []
        stopped = reasons_against(addresses)
        for row in rows:
            held = [stances.get((row.id, treaty_id)) for treaty_id in known]
            yield row.name, ended_on(row.mandate_end), *_values(row, columns, held, stopped)


def ended_on(last_day: date | None) -> str:
    """The last day of mandates that are all over; empty for whoever holds one, or never held any."""
    return last_day.isoformat() if last_day and last_day < i18n.today() else ""


def has_office_line(columns: Sequence[str]) -> bool:
    """Whether the list tells the office below the category: with a column of roles it stands there."""
    return Column.CATEGORY.value in columns and Column.ROLE.value not in columns


def do_not_write(address: str | None, stopped: Mapping[str, SuppressionReason]) -> str:
    """Why no letter goes to the address, in words; empty where it may be written to."""
    return str(REASONS[stopped[address]]) if address is not None and address in stopped else ""


def _headings(columns: Sequence[str], known: Mapping[int, str]) -> Iterator[str]:
    for name in columns:
        if name == STANCE:
            yield from (gettext("Stance on %(treaty)s", treaty=code) for code in known.values())
        else:
            yield str(COLUMNS[name])
        if name == Column.EMAIL:
            yield str(DO_NOT_WRITE)
        if name == Column.CATEGORY and has_office_line(columns):
            yield str(OFFICE)


def _values(
    row: Any, columns: Sequence[str], stances: Sequence[Any], stopped: Mapping[str, SuppressionReason]
) -> Iterator[str]:
    for name in columns:
        if name == STANCE:
            yield from (stance_label(held.stance if held else Stance.UNKNOWN) for held in stances)
        else:
            yield _VALUES[name](row) if name in _VALUES else getattr(row, name) or ""
        if name == Column.EMAIL:
            yield do_not_write(row.email, stopped)
        if name == Column.CATEGORY and has_office_line(columns):
            yield "" if ended_on(row.mandate_end) else office_label(row.role, row.institution)


def _codes(row: Any) -> str:
    return ", ".join(map(language_label, row.languages.split(","))) if row.languages else ""


def _until(row: Any) -> str:
    return row.mandate_end.isoformat() if row.mandate_end and row.mandate_end != OPEN_END else ""


_VALUES: dict[str, Callable[[Any], str]] = {
    Column.CATEGORY: lambda row: category_label(row.category),
    Column.ROLE: lambda row: role_label(row.role) if row.role else "",
    Column.COUNTRY: lambda row: country_label(row.country),
    Column.REGION: lambda row: region_label(row.region),
    Column.LANGUAGES: _codes,
    Column.TAGS: lambda row: ", ".join(sorted(row.tags.split(","))) if row.tags else "",
    Column.SINCE: lambda row: row.since.isoformat() if row.since else "",
    Column.UNTIL: _until,
    LAST_CONTACT: lambda row: to_user_timezone(row.last_contact).date().isoformat() if row.last_contact else "",
    Column.ADDED: lambda row: to_user_timezone(row.added).date().isoformat(),
}
