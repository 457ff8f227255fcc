"""The list of contacts with its filters, and search by name."""

from __future__ import annotations

from collections.abc import Sequence
from operator import itemgetter

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, lazy_gettext

from crm import clock
from crm.directory.filters import MANDATE_LABELS, ContactFilter
from crm.directory.finding import contacts_named
from crm.directory.labels import CATEGORIES, country_label
from crm.directory.models import Category
from crm.directory.queries import (
    COUNT_LIMIT,
    MENU_LIMIT,
    AnyRow,
    Sort,
    counted_rows,
    countries_present,
    organizations_of,
)
from crm.overview.views.blueprint import blueprint
from crm.policy import Permission, requires
from crm.text import fold
from crm.web import is_partial

SORTS = {
    Sort.NAME: lazy_gettext("Name"),
    Sort.COUNTRY: lazy_gettext("Country"),
    Sort.GROUP: lazy_gettext("Political group"),
    Sort.NEWEST: lazy_gettext("Last added"),
}


def _sort() -> tuple[Sort, bool]:
    """The order asked for and whether it runs backwards; an unknown one is the order of names."""
    wanted = request.args.get("sort", "")
    name = wanted.removeprefix("-")
    return (Sort(name), wanted.startswith("-")) if name in set(Sort) else (Sort.NAME, False)


@blueprint.get("/contacts")
@requires(Permission.READ)
def contacts() -> ResponseReturnValue:
    """The list: filtered and sorted as the address says."""
    chosen = ContactFilter.from_args(request.args)
    sort, descending = _sort()
    # Looked up once, not in every row.
    categories = {category: str(label) for category, label in CATEGORIES.items()}
    countries = {code: country_label(code) for code in countries_present()}
    # The last added come first unless asked otherwise.
    falling = descending != (sort is Sort.NEWEST)
    page, total = counted_rows(chosen, sort, request.args.get("cursor"), descending=falling)
    return render_template(
        "overview/contacts.html",
        page=page,
        chosen=chosen,
        conditions=chosen.conditions(),
        total=total,
        count_limit=COUNT_LIMIT,
        menu_limit=MENU_LIMIT,
        sort=sort,
        descending=descending,
        sorts=SORTS,
        categories=categories,
        mandates=MANDATE_LABELS,
        today=clock.today(),
        countries=countries,
        countries_by_name=sorted(countries.items(), key=_by_name),
        groups=_menu(organizations_of(Category.POLITICAL_GROUP), chosen.group),
        parties=_menu(organizations_of(Category.PARTY), chosen.party),
        url_of=lambda filters, **more: url_for("overview.contacts", **{**filters, **more}),
    )


def _menu(organizations: Sequence[AnyRow], chosen: int | None) -> list[tuple[int, str]]:
    """Id and name of each organization; the chosen one stays even where the menu is cut short."""
    options = [(row.id, row.abbreviation or row.name) for row in organizations]
    if chosen is not None and chosen not in dict(options):
        options.append((chosen, gettext("The chosen one")))
    return options


def _by_name(country: tuple[str, str]) -> str:
    return fold(itemgetter(1)(country))


@blueprint.get("/search")
@requires(Permission.READ)
def search() -> ResponseReturnValue:
    """People and organizations by any part of their names; the palette asks for the bare list of links."""
    text = request.args.get("q", "").strip()
    template = "overview/search_hits.html" if is_partial() else "overview/search.html"
    return render_template(template, text=text, hits=contacts_named(text))
