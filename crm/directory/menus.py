"""What the menus of a filter offer: the values that occur, found by one seek in an index for each of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from flask_babel import gettext

from crm.accounts.models import User
from crm.directory.filters import NOBODY, ContactFilter, written_value
from crm.directory.labels import category_label, country_label, language_label, region_label
from crm.directory.models import (
    ORGANIZATION_CATEGORIES,
    PERSON_CATEGORIES,
    Category,
    Contact,
    ContactKind,
    ContactLanguage,
    ContactSource,
    Membership,
    Organization,
    Tag,
)
from crm.extensions import db
from crm.text import fold

MENU_LIMIT = 300


@dataclass(frozen=True)
class Choice:
    """One value of a filter, as a menu says it; `heading` is what stands above it and its like."""

    value: str
    label: str
    heading: str = ""


def values_present(column: Any) -> list[Any]:
    """The values an indexed column has, in their order, without a walk through the index."""
    least = sa.select(sa.func.min(column).label("value")).cte("present", recursive=True)
    following = sa.select(sa.func.min(column)).where(column > least.c.value).scalar_subquery()
    found = least.union_all(sa.select(following).where(least.c.value.is_not(None)))
    return list(db.session.scalars(sa.select(found.c.value).where(found.c.value.is_not(None))))


def countries_present() -> list[str]:
    """Codes of the countries that contacts have."""
    return values_present(Contact.country)


def organizations_of(*categories: Category) -> Sequence[sa.Row[*tuple[Any, ...]]]:
    """Id, category, name and abbreviation of the organizations of these categories, by name, for menus."""
    statement = (
        sa.select(Organization.id, Organization.category, Organization.name, Organization.abbreviation)
        .where(Organization.category.in_(categories))
        .order_by(Organization.sort_name)
        .limit(MENU_LIMIT)
    )
    return db.session.execute(statement).all()


def _organizations(column: Any, wanted: ContactFilter, words: Sequence[str]) -> list[Choice]:
    """Organizations that contacts name in this column; of the chosen countries and of none, where some are chosen."""
    statement = sa.select(Contact.id, Contact.name, Organization.abbreviation, Contact.country).where(
        Contact.id.in_(values_present(column)), *(Contact.sort_name.like(f"%{word}%") for word in words)
    )
    if wanted.country:
        statement = statement.where(sa.or_(Contact.country.is_(None), Contact.country.in_(wanted.country)))
    order = (Contact.country_sort, Contact.sort_name, Contact.id)
    return [_organization(row) for row in db.session.execute(statement.order_by(*order).limit(MENU_LIMIT + 1))]


def _organization(row: Any) -> Choice:
    said = f"{row.name} ({row.abbreviation})" if row.abbreviation and row.abbreviation != row.name else row.name
    return Choice(str(row.id), said, country_label(row.country))


def _of_column(column: Any) -> Callable[[ContactFilter, Sequence[str]], list[Choice]]:
    return lambda wanted, words: _organizations(column, wanted, words)


def _committees(_wanted: ContactFilter, words: Sequence[str]) -> list[Choice]:
    parent = sa.orm.aliased(Organization)
    statement = (
        sa.select(Organization.id, Organization.name, Organization.abbreviation, parent.name.label("parent"))
        .outerjoin(parent, parent.id == Organization.parent_id)
        .where(
            Organization.category == Category.COMMITTEE,
            sa.exists().where(Membership.organization_id == Organization.id),
            *(Organization.sort_name.like(f"%{word}%") for word in words),
        )
        .order_by(Organization.sort_name, Organization.id)
        .limit(MENU_LIMIT + 1)
    )
    return [
        Choice(str(row.id), f"{row.name} ({row.abbreviation})" if row.abbreviation else row.name, row.parent or "")
        for row in db.session.execute(statement)
    ]


def _said(found: Iterable[Choice], words: Sequence[str]) -> list[Choice]:
    """Those in whose labels every word occurs, by what is shown."""
    fitting = [choice for choice in found if all(word in fold(choice.label) for word in words)]
    return sorted(fitting, key=lambda choice: (fold(choice.heading), fold(choice.label)))


def _categories(wanted: ContactFilter, words: Sequence[str]) -> list[Choice]:
    present = values_present(Contact.category)
    if wanted.kind is not None:
        possible = PERSON_CATEGORIES if wanted.kind is ContactKind.PERSON else ORGANIZATION_CATEGORIES
        present = [category for category in present if category in possible]
    return _said((Choice(category, category_label(category)) for category in present), words)


def _countries(_wanted: ContactFilter, words: Sequence[str]) -> list[Choice]:
    return _said((Choice(code, country_label(code)) for code in countries_present()), words)


def _regions(wanted: ContactFilter, words: Sequence[str]) -> list[Choice]:
    codes = [
        code
        for code in values_present(Contact.effective_region)
        if not wanted.country or code.split("-")[0] in wanted.country
    ]
    return _said((Choice(code, region_label(code), country_label(code.split("-")[0])) for code in codes), words)


def _languages(_wanted: ContactFilter, words: Sequence[str]) -> list[Choice]:
    codes = values_present(ContactLanguage.language)
    return _said((Choice(code, language_label(code)) for code in codes), words)


def _tags(_wanted: ContactFilter, words: Sequence[str]) -> list[Choice]:
    statement = sa.select(Tag.id, Tag.name).where(*(Tag.sort_name.like(f"%{word}%") for word in words))
    rows = db.session.execute(statement.order_by(Tag.sort_name).limit(MENU_LIMIT + 1))
    return [Choice(str(row.id), row.name) for row in rows]


def tag_names() -> list[str]:
    """The tags there are, by name, as many as a menu shows."""
    return list(db.session.scalars(sa.select(Tag.name).order_by(Tag.sort_name).limit(MENU_LIMIT)))


def _owners(_wanted: ContactFilter, words: Sequence[str]) -> list[Choice]:
    rows = db.session.execute(sa.select(User.id, User.name).where(User.id.in_(values_present(Contact.owner_id))))
    return [
        *_said([Choice(str(NOBODY), gettext("Nobody yet"))], words),
        *_said((Choice(str(row.id), row.name) for row in rows), words),
    ]


def _sources(_wanted: ContactFilter, words: Sequence[str]) -> list[Choice]:
    return _said((Choice(written_value(label), label) for label in values_present(ContactSource.label)), words)


# By the name of the filter's condition.
MENUS: dict[str, Callable[[ContactFilter, Sequence[str]], list[Choice]]] = {
    "category": _categories,
    "country": _countries,
    "region": _regions,
    "group": _of_column(Contact.group_id),
    "party": _of_column(Contact.party_id),
    "institution": _of_column(Contact.institution_id),
    "committee": _committees,
    "language": _languages,
    "tag": _tags,
    "assigned": _owners,
    "source": _sources,
}


def choices(name: str, wanted: ContactFilter, text: str = "") -> tuple[list[Choice], bool]:
    """What the menu of a condition offers whose labels have every word of `text`, and whether there is more of it."""
    found = MENUS[name](wanted, fold(text).split())
    return found[:MENU_LIMIT], len(found) > MENU_LIMIT
