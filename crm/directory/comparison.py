"""Two contacts side by side: which fields differ, which value survives, and what else a merge would move."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from flask_babel import LazyString, lazy_gettext

from crm.database import Base
from crm.directory import registry
from crm.directory.merging import CONTACT, doubles
from crm.directory.models import Contact, ContactKind
from crm.directory.registry import ContactRows
from crm.extensions import db
from crm.policy import visible_rows


@dataclass(frozen=True)
class Field:
    """What one choice is about: a label, and the columns that go together."""

    name: str
    label: LazyString
    columns: tuple[str, ...]


PERSON_FIELDS = (
    Field("name", lazy_gettext("Name"), ("name", "given_name", "family_name")),
    Field("honorific_prefix", lazy_gettext("Title before the name"), ("honorific_prefix",)),
    Field("honorific_suffix", lazy_gettext("Title after the name"), ("honorific_suffix",)),
    Field("gender", lazy_gettext("Gender"), ("gender",)),
    Field("birth_date", lazy_gettext("Born"), ("birth_date",)),
    Field("death_date", lazy_gettext("Died"), ("death_date",)),
)
ORGANIZATION_FIELDS = (
    Field("name", lazy_gettext("Name"), ("name",)),
    Field("abbreviation", lazy_gettext("Short name"), ("abbreviation",)),
    Field("holders_are", lazy_gettext("Its holders are"), ("holders_are",)),
    Field("parent_id", lazy_gettext("Part of"), ("parent_id",)),
    Field("founding_date", lazy_gettext("Founded"), ("founding_date",)),
    Field("dissolution_date", lazy_gettext("Dissolved"), ("dissolution_date",)),
)
COMMON_FIELDS = (
    Field("category_override", lazy_gettext("Category set by hand"), ("category_override",)),
    Field("country", lazy_gettext("Country"), ("country",)),
    Field("region", lazy_gettext("Region"), ("region",)),
    Field("owner_id", lazy_gettext("Looked after by"), ("owner_id",)),
    Field("forms_of_address", lazy_gettext("Forms of address"), ("forms_of_address",)),
)


def fields_of(kind: ContactKind) -> tuple[Field, ...]:
    """The fields of a contact of this kind that a merge chooses between."""
    own = PERSON_FIELDS if kind is ContactKind.PERSON else ORGANIZATION_FIELDS
    return own + COMMON_FIELDS


class Side(StrEnum):
    """Whose value survives."""

    SURVIVOR = "survivor"
    ABSORBED = "absorbed"


@dataclass(frozen=True)
class Line:
    """One field of both contacts; `chosen` is whose value survives unless somebody decides otherwise."""

    field: Field
    survivor: Mapping[str, Any]
    absorbed: Mapping[str, Any]

    @property
    def differs(self) -> bool:
        """Whether the two do not say the same."""
        return dict(self.survivor) != dict(self.absorbed)

    @property
    def is_choice(self) -> bool:
        """Whether both say something, and not the same: of two equal names one may have its parts told besides."""
        return any(
            value and self.absorbed[name] and value != self.absorbed[name] for name, value in self.survivor.items()
        )

    @property
    def is_empty(self) -> bool:
        """Whether neither says anything."""
        return not any(self.survivor.values()) and not any(self.absorbed.values())

    @property
    def chosen(self) -> Side:
        """The survivor's, where it says anything; of two that do not contradict each other the one that says more."""
        mine, theirs = (sum(map(bool, side.values())) for side in (self.survivor, self.absorbed))
        more = theirs > mine and not self.is_choice
        return Side.ABSORBED if more else Side.SURVIVOR


def rows_of(*contact_ids: int) -> dict[int, dict[str, Any]]:
    """The contacts with all their columns."""
    table = Base.metadata.tables[CONTACT]
    found = db.session.execute(sa.select(table).where(table.c.id.in_(contact_ids))).mappings()
    return {row["id"]: dict(row) for row in found}


def compare(survivor: Mapping[str, Any], absorbed: Mapping[str, Any]) -> list[Line]:
    """Both contacts, field by field; what neither of them knows is left out."""
    lines = [
        Line(
            field,
            {name: survivor[name] for name in field.columns},
            {name: absorbed[name] for name in field.columns},
        )
        for field in fields_of(survivor["kind"])
    ]
    return [line for line in lines if not line.is_empty]


def chosen_values(lines: Collection[Line], choices: Mapping[str, str]) -> dict[str, Any]:
    """Columns of the survivor after the merge; `choices` are sides by the field's name, the rest as proposed."""
    values: dict[str, Any] = {}
    for line in lines:
        wanted = choices.get(line.field.name)
        side = Side(wanted) if wanted in set(Side) else line.chosen
        values |= line.survivor if side is Side.SURVIVOR else line.absorbed
        if line.field.name == "forms_of_address":
            # An opening in each language either has one in; where both have, the chosen one's.
            first, second = (line.absorbed, line.survivor) if side is Side.SURVIVOR else (line.survivor, line.absorbed)
            values["forms_of_address"] = {**first["forms_of_address"], **second["forms_of_address"]}
    return values


@dataclass(frozen=True)
class Preview:
    """What a merge would move: numbers of rows in words, and what becomes of rows that say the same.

    `same` are rows that the contact that stays has already, in words: they are kept once and move nowhere.
    """

    moved: list[str]
    same: list[str]
    explained: list[str]
    total: int


def preview(survivor_id: int, absorbed_id: int, team_id: int) -> Preview:
    """What merging the second contact into the first would move, as far as this team sees it; it changes nothing."""
    moved: list[str] = []
    same: list[str] = []
    explained: list[str] = []
    total = 0
    for rows, count in _counts(absorbed_id, team_id):
        pairs = _seen(
            rows,
            [pair for column in rows.columns for pair in doubles(rows, rows.table, column, absorbed_id, survivor_id)],
            team_id,
        )
        if pairs and rows.explained is not None:
            explained += rows.explained(pairs)
        elif pairs:
            same.append(_in_words(rows, len(pairs)))
        if count > len(pairs):
            moved.append(_in_words(rows, count - len(pairs)))
        total += count - len(pairs)
    return Preview(moved, same, explained, total)


def _seen(rows: ContactRows, pairs: list[Any], team_id: int) -> list[Any]:
    """Those of the pairs of which this team sees both rows."""
    named = {row["id"] for pair in pairs for row in pair}
    if not named or rows.model.__team_of__ is None:
        return pairs
    open_to = sa.select(rows.table.c.id).where(rows.table.c.id.in_(named), visible_rows(rows.model, team_id))
    known = set(db.session.scalars(open_to))
    return [pair for pair in pairs if all(row["id"] in known for row in pair)]


def _in_words(rows: ContactRows, count: int) -> str:
    return rows.counted(count) if rows.counted else ""


def _counts(contact_id: int, team_id: int) -> list[tuple[ContactRows, int]]:
    """How many rows of each table name the contact, of those this team sees, where any do; in one query."""
    counting = [rows for rows in registry.contact_rows() if rows.counted is not None]
    counts = [
        sa.select(sa.func.count())
        .select_from(rows.table)
        .where(
            sa.or_(*(rows.table.c[column] == contact_id for column in rows.columns)), visible_rows(rows.model, team_id)
        )
        .scalar_subquery()
        for rows in counting
    ]
    found = db.session.execute(sa.select(*counts)).one()
    return [(rows, count) for rows, count in zip(counting, found, strict=True) if count]


def rows_in_words(contact_id: int, team_id: int) -> list[str]:
    """What the team knows of the contact row by row: the numbers of rows that name it, in words."""
    return [_in_words(rows, count) for rows, count in _counts(contact_id, team_id)]


def row_count(contact_id: int, team_id: int) -> int:
    """How many rows the team sees that name the contact: of two, the one with more of them is the better survivor."""
    return sum(count for _rows, count in _counts(contact_id, team_id))


NOT_COMPARED = {"id", "kind", "created_at", "updated_at", "mandate_order"} | {
    column.name for column in Contact.__table__.columns if column.info.get("derived")
}
