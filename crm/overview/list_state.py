"""Everything the address of the list says: its filter, its order, its columns, the saved view it began with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Self

from flask_babel import lazy_gettext

from crm.database import LARGEST_ID
from crm.directory.listing import Column, Sort, count_contacts, counted_rows, described_rows, sort_keys
from crm.exports.list_columns import COLUMNS, LAST_CONTACT, STANCE, last_contact, read_columns
from crm.overview.filters import ListFilter
from crm.paging import Page
from crm.stances.models import CurrentStance
from crm.stances.queries import current
from crm.stances.ranking import page_by_stance

USUAL_COLUMNS = ("category", "country", "group", "party", "email", "tags", "owner")


class FurtherSort(StrEnum):
    """Orders of the list by what other features know of a contact."""

    STANCE = "stance"


SORTS: dict[Sort | FurtherSort, Any] = {
    Sort.NAME: lazy_gettext("Name"),
    Sort.COUNTRY: lazy_gettext("Country"),
    Sort.GROUP: lazy_gettext("Political group"),
    Sort.MANDATE: lazy_gettext("End of mandate"),
    Sort.NEWEST: lazy_gettext("Last added"),
    FurtherSort.STANCE: lazy_gettext("Stance"),
}
_BY_NAME = {sort.value: sort for sort in SORTS}


@dataclass(frozen=True)
class ListState:
    """What is shown, in which order, with which columns (none named: the reader's own), in which saved view."""

    wanted: ListFilter = field(default_factory=ListFilter)
    sort: Sort | FurtherSort = Sort.NAME
    descending: bool = False
    columns: tuple[str, ...] = ()
    view: int | None = None

    @classmethod
    def from_args(cls, args: Mapping[str, Any], team_id: int) -> Self:
        """Read the state from query arguments, for a reader of this team; an unknown order is that of names.

        Raises BadRequest for bad filters.
        """
        order = args.get("sort", "")
        name = order.removeprefix("-")
        sort = _BY_NAME.get(name)
        view = args.get("view", "")
        return cls(
            ListFilter.from_args(args, team_id),
            sort or Sort.NAME,
            sort is not None and order.startswith("-"),
            read_columns(args.get("columns", "")),
            int(view) if view.isascii() and view.isdigit() and len(view) < 19 and int(view) <= LARGEST_ID else None,
        )

    def shown(self, usual: Sequence[str]) -> tuple[str, ...]:
        """The columns named in the address; else the reader's usual ones, and the stance where it is asked for."""
        asked = {STANCE} if self.wanted.stance or self.sort is FurtherSort.STANCE else set()
        return self.columns or tuple(name for name in COLUMNS if name in {*usual, *asked})

    def rows(self, columns: Sequence[str], cursor: str | None) -> tuple[Page, int]:
        """One page of contacts with these columns, and how many there are, as `count_contacts` says it."""
        shown, further = [Column(name) for name in columns if name in set(Column)], self.further(columns)
        if isinstance(self.sort, Sort):
            # The last added come first unless asked otherwise.
            keys = sort_keys(self.sort, self.descending != (self.sort is Sort.NEWEST))
            return counted_rows(self.wanted, keys, cursor, columns=shown, further=further)
        wanted, total = self.wanted, count_contacts(self.wanted)
        found = page_by_stance(
            wanted,
            wanted.main_treaty(),
            wanted.team_id,
            cursor,
            total=total,
            descending=self.descending,
            spoken=wanted.spoken(),
        )
        rows = described_rows([row.id for row in found.rows], shown, further)
        return Page(rows, found.previous, found.next), total

    def further(self, columns: Sequence[str]) -> dict[str, Any]:
        """What other features say of the contact in a row, for those of these columns that show it."""
        found: dict[str, Any] = {}
        treaty, team_id = self.wanted.main_treaty(), self.wanted.team_id
        if LAST_CONTACT in columns:
            found[LAST_CONTACT] = last_contact(team_id)
        if STANCE in columns:
            found[STANCE] = current(CurrentStance.stance, treaty, team_id)
            found["stance_said_on"] = current(CurrentStance.said_on, treaty, team_id)
        return found

    @property
    def order(self) -> str:
        """The order as an address writes it; empty for that of names."""
        if self.sort is Sort.NAME and not self.descending:
            return ""
        return f"{'-' if self.descending else ''}{self.sort}"

    def kept_args(self) -> dict[str, str]:
        """What a saved view keeps: the filter, the order, the columns."""
        own = {"sort": self.order, "columns": ",".join(self.columns)}
        return self.wanted.to_args() | {name: value for name, value in own.items() if value}

    def to_args(self, **instead: str | None) -> dict[str, str]:
        """Query arguments that `from_args` reads back, some of them replaced; None and empty ones are left out."""
        args: dict[str, str | None] = {**self.kept_args(), "view": str(self.view) if self.view else None, **instead}
        return {name: value for name, value in args.items() if value}

    def without(self, filter_args: Mapping[str, str]) -> dict[str, str]:
        """Query arguments of the same list with another filter."""
        own = {"sort": self.order, "columns": ",".join(self.columns), "view": str(self.view or "")}
        return {**filter_args, **{name: value for name, value in own.items() if value}}
