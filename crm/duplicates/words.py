"""Duplicates in the reader's words: certainty, and the values two contacts are compared by."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date
from typing import Any

import sqlalchemy as sa
from flask_babel import format_date, gettext, lazy_gettext

from crm import i18n
from crm.accounts.models import User
from crm.directory.comparison import Line
from crm.directory.labels import category_label, country_label, office_label
from crm.directory.models import Category, Contact
from crm.duplicates.models import Certainty
from crm.extensions import db

CERTAINTIES = {
    Certainty.CERTAIN: (lazy_gettext("Almost certain"), "good"),
    Certainty.LIKELY: (lazy_gettext("Likely"), "info"),
    Certainty.POSSIBLE: (lazy_gettext("Possible"), "neutral"),
}


def named_by_id(lines: Collection[Line]) -> dict[tuple[str, int], str]:
    """The names behind the ids in compared fields: users, organizations."""
    wanted: dict[str, set[int]] = {"owner_id": set(), "parent_id": set()}
    for line in lines:
        for values in (line.survivor, line.absorbed):
            for column in wanted.keys() & values.keys():
                if values[column] is not None:
                    wanted[column].add(values[column])
    names: dict[tuple[str, int], str] = {}
    for column, model in (("owner_id", User), ("parent_id", Contact)):
        if wanted[column]:
            table = model.__table__
            found = db.session.execute(sa.select(table.c.id, table.c.name).where(table.c.id.in_(wanted[column])))
            names |= {(column, row.id): row.name for row in found}
    return names


def _said(column: str, value: Any, names: Mapping[tuple[str, int], str]) -> str:
    if not value:
        return ""
    if isinstance(value, Category):
        return category_label(value)
    if isinstance(value, date):
        return str(format_date(value, "medium"))
    if column == "country":
        return country_label(value)
    if isinstance(value, dict):
        return "; ".join(f"{language}: {text}" for language, text in sorted(value.items()))
    return names.get((column, value), str(value)) if isinstance(value, int) else str(value)


def said(values: Mapping[str, Any], names: Mapping[tuple[str, int], str]) -> str:
    """The values of a field in one line; of a name, its parts too where it is written otherwise."""
    if "name" not in values:
        return ", ".join(_said(column, value, names) for column, value in values.items() if value)
    parts = [part for part in (values.get("given_name"), values.get("family_name")) if part]
    written = str(values["name"])
    return f"{written} ({' | '.join(parts)})" if parts and " ".join(parts) != written else written


def telling_words(row: Any) -> list[str]:
    """What tells a contact from another of its name: office, where it is held, country, address, day of birth.

    `row` has the columns of `crm.directory.finding.HIT_COLUMNS`, and those of an address and a birth where it is known.
    """
    office, birth_date = office_label(row.office, row.institution), getattr(row, "birth_date", None)
    ended = row.mandate_end is not None and row.mandate_end < i18n.today()
    told = (
        office or category_label(row.category),
        not office and row.institution,
        ended and gettext("until %(date)s", date=format_date(row.mandate_end, "medium")),
        country_label(row.country),
        row.email,
        birth_date and gettext("born on %(date)s", date=format_date(birth_date, "medium")),
    )
    return [words for words in told if words]
