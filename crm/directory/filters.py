"""Which contacts are meant: a filter that lives in a URL, narrows a query and can be said in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from typing import Any, Self

import sqlalchemy as sa
from flask_babel import gettext, lazy_gettext
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import BadRequest

from crm import clock
from crm.database import read_id
from crm.directory.finding import text_matches
from crm.directory.labels import category_label, country_label, kind_label
from crm.directory.models import Category, Contact, ContactKind
from crm.extensions import db
from crm.places.countries import country_codes


class MandateState(StrEnum):
    """Whether a contact holds a mandate today."""

    CURRENT = "current"
    ENDED = "ended"


MANDATE_LABELS = {MandateState.CURRENT: lazy_gettext("In office"), MandateState.ENDED: lazy_gettext("Mandate ended")}


@dataclass(frozen=True)
class Condition:
    """One condition of a filter in words, and the filter without it."""

    name: str
    label: str
    value: str
    without: dict[str, str]


@dataclass(frozen=True)
class ContactFilter:
    """Conditions that all hold; one left out asks nothing. `group` and `party` are ids of organizations."""

    text: str = ""
    kind: ContactKind | None = None
    category: Category | None = None
    country: str | None = None
    group: int | None = None
    party: int | None = None
    mandate: MandateState | None = None
    has_address: bool | None = None

    @classmethod
    def from_args(cls, args: Mapping[str, str] | MultiDict[str, str]) -> Self:
        """Read the filter from query arguments; what it does not know is left aside. Raises BadRequest for nonsense."""
        readers: dict[str, Any] = {
            "text": str.strip,
            "kind": ContactKind,
            "category": Category,
            "country": _country,
            "group": read_id,
            "party": read_id,
            "mandate": MandateState,
            "has_address": _yes_or_no,
        }
        found = {}
        for name, read in readers.items():
            value = args.get(name, "").strip()
            if value:
                try:
                    found[name] = read(value)
                except ValueError:
                    raise BadRequest(
                        gettext(
                            "The filter in this address is damaged: %(name)s cannot be %(value)s.",
                            name=name,
                            value=value,
                        )
                    ) from None
        return cls(**found)

    def to_args(self) -> dict[str, str]:
        """Query arguments that `from_args` reads back."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {
            name: ("yes" if value else "no") if isinstance(value, bool) else str(value)
            for name, value in values.items()
            if value is not None and value != ""
        }

    def apply(self, statement: sa.Select[*tuple[Any, ...]]) -> sa.Select[*tuple[Any, ...]]:
        """Narrow a select that has `Contact` in it; no join is added."""
        conditions: list[sa.ColumnElement[bool]] = []
        if self.text:
            conditions.append(text_matches(self.text))
        for column, value in (
            (Contact.kind, self.kind),
            (Contact.category, self.category),
            (Contact.country, self.country),
            (Contact.group_id, self.group),
            (Contact.party_id, self.party),
        ):
            if value is not None:
                conditions.append(column == value)
        if self.mandate is MandateState.CURRENT:
            conditions.append(Contact.mandate_end >= clock.today())
        elif self.mandate is MandateState.ENDED:
            conditions.append(Contact.mandate_end < clock.today())
        if self.has_address is not None:
            conditions.append(Contact.email.is_not(None) if self.has_address else Contact.email.is_(None))
        return statement.where(*conditions)

    def conditions(self) -> list[Condition]:
        """Each condition in the reader's language, in one query where a group or party is named and none otherwise."""
        ids = [number for number in (self.group, self.party) if number is not None]
        names: dict[int | None, str] = {}
        if ids:
            named = db.session.execute(sa.select(Contact.id, Contact.name).where(Contact.id.in_(ids)))
            names = {row.id: row.name for row in named}
        gone = gettext("no longer in the directory")
        said: list[tuple[str, str, str]] = []
        if self.text:
            said.append(("text", gettext("Text"), self.text))
        if self.kind:
            said.append(("kind", gettext("Kind"), kind_label(self.kind)))
        if self.category:
            said.append(("category", gettext("Category"), category_label(self.category)))
        if self.country:
            said.append(("country", gettext("Country"), country_label(self.country)))
        if self.group is not None:
            said.append(("group", gettext("Group"), names.get(self.group, gone)))
        if self.party is not None:
            said.append(("party", gettext("Party"), names.get(self.party, gone)))
        if self.mandate:
            said.append(("mandate", gettext("Mandate"), str(MANDATE_LABELS[self.mandate])))
        if self.has_address is not None:
            said.append(
                ("has_address", gettext("E-mail address"), gettext("known") if self.has_address else gettext("missing"))
            )
        empty = type(self)()
        return [
            Condition(name, label, value, replace(self, **{name: getattr(empty, name)}).to_args())
            for name, label, value in said
        ]


def _country(value: str) -> str:
    if value.upper() not in country_codes():
        raise ValueError(value)
    return value.upper()


def _yes_or_no(value: str) -> bool:
    if value not in ("yes", "no"):
        raise ValueError(value)
    return value == "yes"
