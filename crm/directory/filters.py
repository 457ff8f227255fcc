"""Which contacts are meant: a filter that lives in a URL, narrows a query and can be said in words."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from typing import Any, Self
from urllib.parse import unquote

import sqlalchemy as sa
from flask_babel import gettext, lazy_gettext
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import BadRequest

from crm import i18n
from crm.accounts.models import User
from crm.database import read_id
from crm.directory.finding import of_kind, text_matches
from crm.directory.labels import category_label, country_label, kind_label, language_label, region_label
from crm.directory.models import (
    Category,
    Contact,
    ContactKind,
    ContactLanguage,
    ContactSource,
    ContactTag,
    Membership,
    Tag,
)
from crm.extensions import db
from crm.places.countries import country_codes

# In the place of a user's id: contacts that nobody looks after.
NOBODY = 0


class MandateState(StrEnum):
    """Whether a contact holds a mandate today."""

    CURRENT = "current"
    ENDED = "ended"


MANDATE_LABELS = {MandateState.CURRENT: lazy_gettext("In office"), MandateState.ENDED: lazy_gettext("Mandate ended")}


def runs_today() -> sa.ColumnElement[bool]:
    """Memberships that are not known to have ended."""
    return sa.and_(
        Membership.ended_by.is_(None), sa.or_(Membership.end_date.is_(None), Membership.end_date >= i18n.today())
    )


@dataclass(frozen=True)
class Condition:
    """One value of a filter's condition, in words and `raw` as addresses write it, and the filter without it."""

    name: str
    label: str
    value: str
    raw: str
    without: dict[str, str]


def _country(value: str) -> str:
    if value.upper() not in country_codes():
        raise ValueError(value)
    return value.upper()


def _region(value: str) -> str:
    if not re.fullmatch(r"[A-Z]{2}-[A-Z0-9]{1,3}", value.upper()):
        raise ValueError(value)
    return value.upper()


def _language(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*", value) or len(value) > 20:
        raise ValueError(value)
    return value


def _yes_or_no(value: str) -> bool:
    if value not in ("yes", "no"):
        raise ValueError(value)
    return value == "yes"


_ONE: dict[str, Callable[[str], Any]] = {
    "text": str.strip,
    "kind": ContactKind,
    "mandate": MandateState,
    "has_address": _yes_or_no,
}
# Any of several values will do. They come as `country=ES&country=PT` or as `country=ES,PT`.
_SEVERAL: dict[str, Callable[[str], Any]] = {
    "category": Category,
    "country": _country,
    "region": _region,
    "group": read_id,
    "party": read_id,
    "institution": read_id,
    "committee": read_id,
    "language": _language,
    "tag": read_id,
    "assigned": read_id,
    "source": unquote,
}


def _values(args: Mapping[str, Any], name: str) -> list[str]:
    given = args.getlist(name) if isinstance(args, MultiDict) else [str(args.get(name, ""))]
    parts = given if name in _ONE else [part for value in given for part in value.split(",")]
    return [part.strip() for part in parts if part.strip()]


def _read(name: str, read: Callable[[str], Any], value: str) -> Any:
    try:
        return read(value)
    except ValueError:
        raise BadRequest(
            gettext("The filter in this address is damaged: %(name)s cannot be %(value)s.", name=name, value=value)
        ) from None


@dataclass(frozen=True)
class ContactFilter:
    """Conditions that all hold; one left out asks nothing, and of several values any will do.

    `group`, `party`, `institution` and `committee` are ids of organizations (a committee's running members count),
    `tag` ids of tags, `assigned` ids of the users who look after the contact (NOBODY for none), `source` labels, whose
    commas are written `%2C` in addresses.
    """

    text: str = ""
    kind: ContactKind | None = None
    category: tuple[Category, ...] = ()
    country: tuple[str, ...] = ()
    region: tuple[str, ...] = ()
    group: tuple[int, ...] = ()
    party: tuple[int, ...] = ()
    institution: tuple[int, ...] = ()
    committee: tuple[int, ...] = ()
    language: tuple[str, ...] = ()
    tag: tuple[int, ...] = ()
    assigned: tuple[int, ...] = ()
    source: tuple[str, ...] = ()
    mandate: MandateState | None = None
    has_address: bool | None = None

    @classmethod
    def from_args(cls, args: Mapping[str, Any]) -> Self:
        """Read the filter from query arguments; what it does not know is left aside. Raises BadRequest for nonsense."""
        found: dict[str, Any] = {}
        for name, read in _ONE.items():
            if values := _values(args, name):
                found[name] = _read(name, read, values[0])
        for name, read in _SEVERAL.items():
            found[name] = tuple(dict.fromkeys(_read(name, read, value) for value in _values(args, name)))
        return cls(**found)

    def to_args(self) -> dict[str, str]:
        """Query arguments that `from_args` reads back."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: _written(value) for name, value in values.items() if value not in (None, "", ())}

    def apply(self, statement: sa.Select[*tuple[Any, ...]]) -> sa.Select[*tuple[Any, ...]]:
        """Narrow a select that has `Contact` in it; no join is added."""
        return statement.where(*self._plain(), *self._elsewhere())

    def _plain(self) -> Iterator[sa.ColumnElement[bool]]:
        """What the contact's own columns answer."""
        if self.text:
            yield text_matches(self.text)
        if self.kind is not None:
            yield of_kind(self.kind)
        columns: tuple[tuple[Any, tuple[Any, ...]], ...] = (
            (Contact.category, self.category),
            (Contact.country, self.country),
            (Contact.effective_region, self.region),
            (Contact.group_id, self.group),
            (Contact.party_id, self.party),
            (Contact.institution_id, self.institution),
        )
        for column, values in columns:
            if values:
                yield column == values[0] if len(values) == 1 else column.in_(values)
        if self.mandate is MandateState.CURRENT:
            yield Contact.mandate_end >= i18n.today()
        elif self.mandate is MandateState.ENDED:
            yield Contact.mandate_end < i18n.today()
        if self.has_address is not None:
            yield Contact.email.is_not(None) if self.has_address else Contact.email.is_(None)
        if self.assigned:
            somebody = [number for number in self.assigned if number != NOBODY]
            nobody = [Contact.owner_id.is_(None)] if NOBODY in self.assigned else []
            yield sa.or_(*nobody, *([Contact.owner_id.in_(somebody)] if somebody else []))

    def _elsewhere(self) -> Iterator[sa.ColumnElement[bool]]:
        """What rows of other tables answer."""
        if self.committee:
            yield Contact.id.in_(
                sa.select(Membership.person_id).where(Membership.organization_id.in_(self.committee), runs_today())
            )
        if self.language:
            yield Contact.id.in_(
                sa.select(ContactLanguage.contact_id).where(ContactLanguage.language.in_(self.language))
            )
        if self.tag:
            yield Contact.id.in_(sa.select(ContactTag.contact_id).where(ContactTag.tag_id.in_(self.tag)))
        if self.source:
            yield Contact.id.in_(sa.select(ContactSource.contact_id).where(ContactSource.label.in_(self.source)))

    def conditions(self) -> list[Condition]:
        """Each value of each condition in the reader's language.

        One query for the names of organizations, of tags and of users, each only where one is asked for.
        """
        return [
            Condition(name, label, said, raw, replace(self, **{name: rest}).to_args())
            for name, label, words in self._words()
            for said, raw, rest in words
        ]

    def _words(self) -> Iterator[tuple[str, str, Iterable[tuple[str, str, Any]]]]:
        """Name and label of each condition, with each of its values in words and raw, and what is left without it."""
        if self.text:
            yield "text", gettext("Text"), [(self.text, self.text, "")]
        if self.kind:
            yield "kind", gettext("Kind"), [(kind_label(self.kind), self.kind, None)]
        say = self._sayings()
        for name in _SEVERAL:
            values: tuple[Any, ...] = getattr(self, name)
            if values:
                label, word = say[name]
                others = {value: tuple(other for other in values if other != value) for value in values}
                yield name, label, [(word(value), written_value(value), others[value]) for value in values]
        if self.mandate:
            yield "mandate", gettext("Mandate"), [(str(MANDATE_LABELS[self.mandate]), self.mandate, None)]
        if self.has_address is not None:
            said = gettext("known") if self.has_address else gettext("missing")
            yield "has_address", gettext("E-mail address"), [(said, _written(self.has_address), None)]

    def _sayings(self) -> dict[str, tuple[str, Callable[[Any], str]]]:
        named = _Names(Contact, (*self.group, *self.party, *self.institution, *self.committee))
        users = _Names(User, tuple(number for number in self.assigned if number != NOBODY))
        return {
            "category": (gettext("Category"), category_label),
            "country": (gettext("Country"), country_label),
            "region": (gettext("Region"), region_label),
            "group": (gettext("Group"), named.name),
            "party": (gettext("Party"), named.name),
            "institution": (gettext("Institution"), named.name),
            "committee": (gettext("Committee"), named.name),
            "language": (gettext("Language"), language_label),
            "tag": (gettext("Tag"), _Names(Tag, self.tag).name),
            "assigned": (
                gettext("Looked after by"),
                lambda number: gettext("nobody") if number == NOBODY else users.name(number),
            ),
            "source": (gettext("Source"), str),
        }


class _Names:
    """Names of rows by id, in one query; none where no ids are given."""

    def __init__(self, table: type[Contact | User | Tag], ids: tuple[int, ...]) -> None:
        rows = db.session.execute(sa.select(table.id, table.name).where(table.id.in_(ids))) if ids else ()
        self.known = {row.id: row.name for row in rows}

    def name(self, number: int) -> str:
        """The name, or that there is no such row any more."""
        return str(self.known.get(number) or gettext("no longer in the directory"))


def _written(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ",".join(written_value(part) for part in value) if isinstance(value, tuple) else str(value)


def written_value(value: Any) -> str:
    """One of several values of a condition, as addresses write it."""
    return str(value).replace("%", "%25").replace(",", "%2C")
