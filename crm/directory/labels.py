"""What the screens call the directory's kinds and states, in the reader's language."""

from __future__ import annotations

from flask import Flask
from flask_babel import get_locale, lazy_gettext

from crm.directory.models import Category, ContactKind, PointKind
from crm.places.countries import country_name

CATEGORIES = {
    Category.MEP: lazy_gettext("MEP"),
    Category.COMMISSIONER: lazy_gettext("Commissioner"),
    Category.NATIONAL_OFFICIAL: lazy_gettext("National official"),
    Category.REGIONAL_GOVERNMENT: lazy_gettext("Regional government"),
    Category.PARLIAMENT: lazy_gettext("Parliament"),
    Category.POLITICAL_GROUP: lazy_gettext("Political group"),
    Category.PARTY: lazy_gettext("Party"),
    Category.COMMITTEE: lazy_gettext("Committee"),
    Category.PARTNER: lazy_gettext("Partner organization"),
    Category.UN_BODY: lazy_gettext("UN body"),
    Category.OTHER: lazy_gettext("Other"),
}
KINDS = {ContactKind.PERSON: lazy_gettext("Person"), ContactKind.ORGANIZATION: lazy_gettext("Organization")}
POINTS = {
    PointKind.EMAIL: lazy_gettext("E-mail"),
    PointKind.PHONE: lazy_gettext("Phone"),
    PointKind.ADDRESS: lazy_gettext("Postal address"),
    PointKind.URL: lazy_gettext("Website"),
    PointKind.TWITTER: lazy_gettext("X (Twitter)"),
}


def category_label(category: Category) -> str:
    """The category in the reader's language."""
    return str(CATEGORIES[category])


def country_label(code: str | None) -> str:
    """The country in the reader's language."""
    return country_name(code, get_locale())


def init_app(app: Flask) -> None:
    """Register the template filters `category`, `country`, `contact_kind` and `point_kind`."""
    app.jinja_env.filters.update(
        category=category_label, country=country_label, contact_kind=KINDS.__getitem__, point_kind=POINTS.__getitem__
    )
