"""Who keeps rows about a contact: every feature says here how its rows follow when two contacts become one."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from crm.database import Base

Values = Mapping[str, Any]
# The row that stays and the row that says the same, by columns; the values of the first that change.
Combine = Callable[[Values, Values], dict[str, Any]]


def fill_gaps(kept: Values, dropped: Values) -> dict[str, Any]:
    """What the row that stays takes over: whatever it does not know itself."""
    return {name: value for name, value in dropped.items() if name != "id" and not kept[name] and value}


def never(_one: Values, _other: Values) -> bool:
    """For rows of which no two say the same, whatever they name."""
    return False


@dataclass(frozen=True)
class ContactRows:
    """The rows of one table that name contacts in `columns`, and how they follow the contact in a merge.

    Rows are pointed to the survivor. Where that would break a unique constraint, or where two rows agree in all
    columns of `same` and `alike` confirms it, they become one: `combine` says what the survivor's row takes over, and
    whatever referred to the other row follows. `set_aside` names a column that tells such rows apart instead, so that
    both stay. A row must not name one contact in all columns of `apart`. `counted` says a number of them in words.
    `references` is a text column that names rows of any table (`target:7`) and follows them.
    """

    model: type[Base]
    columns: tuple[str, ...]
    counted: Callable[[int], str] | None = None
    combine: Combine = fill_gaps
    same: tuple[str, ...] = ()
    alike: Callable[[Values, Values], bool] = never
    set_aside: str | None = None
    apart: tuple[str, ...] = ()
    references: str | None = None
    # Says in words what becomes of pairs of rows that become one; a merge is previewed with it.
    explained: Callable[[Sequence[tuple[Values, Values]]], list[str]] | None = None

    @property
    def table(self) -> sa.Table:
        """The table of the model."""
        return Base.metadata.tables[self.model.__tablename__]

    def keys(self, column: str) -> list[tuple[str, ...]]:
        """The sets of columns, `column` among them, in which no two rows may agree."""
        table = self.table
        unique = [tuple(each.columns.keys()) for each in table.constraints if isinstance(each, sa.UniqueConstraint)]
        unique += [tuple(index.columns.keys()) for index in table.indexes if index.unique]
        return [key for key in unique if column in key]


@dataclass(frozen=True)
class Derived:
    """Columns that follow from other rows: they are computed anew and nothing of them is kept."""

    model: type[Base]
    columns: tuple[str, ...]


@dataclass(frozen=True)
class Stays:
    """Columns whose contacts are named as they were at the time, and why no merge changes that."""

    model: type[Base]
    columns: tuple[str, ...]
    why: str


@dataclass(frozen=True)
class Projected:
    """Whole rows that follow from other rows of the contact in `columns`: `project` writes anew those of contacts.

    For a contact of which nothing is left it takes them away.
    """

    model: type[Base]
    columns: tuple[str, ...]
    project: Callable[[Iterable[int]], None]


Entry = ContactRows | Derived | Stays | Projected
_entries: dict[str, list[Entry]] = {}
# Called with contacts whose rows have come from, or gone to, another contact.
_followers: list[Callable[[Collection[int]], None]] = []
# Called with contacts that a list of names has in another place now.
_name_keepers: list[Callable[[Collection[int]], None]] = []


def on_rows_moved(follower: Callable[[Collection[int]], None]) -> None:
    """Call `follower` with both contacts after a merge and after its taking back, in the same transaction."""
    if follower not in _followers:
        _followers.append(follower)


def rows_moved(contact_ids: Collection[int]) -> None:
    """Tell whoever keeps what is derived of rows about contacts that those of these have changed."""
    for follower in _followers:
        follower(contact_ids)


def on_renamed(keeper: Callable[[Collection[int]], None]) -> None:
    """Call `keeper` with contacts whose `sort_name` has changed, in the same transaction, a few hundred at once."""
    if keeper not in _name_keepers:
        _name_keepers.append(keeper)


def renamed(contact_ids: Collection[int]) -> None:
    """Tell whoever repeats the `sort_name` of contacts that those of these have changed."""
    for keeper in _name_keepers:
        keeper(contact_ids)


def join(entries: Iterable[Entry]) -> None:
    """Let the rows of these tables follow their contacts; called once for every feature, when the app is made."""
    for entry in entries:
        known = _entries.setdefault(entry.model.__tablename__, [])
        if entry not in known:
            known.append(entry)


def joined_columns() -> set[tuple[str, str]]:
    """Table and column of everything that has joined."""
    return {(table, column) for table, entries in _entries.items() for entry in entries for column in entry.columns}


def contact_rows() -> list[ContactRows]:
    """Every table whose rows follow their contact, in the order they joined."""
    return [entry for entries in _entries.values() for entry in entries if isinstance(entry, ContactRows)]


def derived() -> list[Derived]:
    """Every table with columns that are computed anew."""
    return [entry for entries in _entries.values() for entry in entries if isinstance(entry, Derived)]


def project_rows(contact_ids: Iterable[int]) -> None:
    """Write anew everything that features derive of the rows of these contacts."""
    wanted = list(contact_ids)
    for entries in _entries.values():
        for entry in entries:
            if isinstance(entry, Projected):
                entry.project(wanted)


def rows_of(table_name: str) -> ContactRows | None:
    """How rows of the table follow, if it has joined."""
    return next((entry for entry in _entries.get(table_name, ()) if isinstance(entry, ContactRows)), None)
