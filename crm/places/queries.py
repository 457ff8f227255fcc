"""Reads of the team's own names of places."""

from __future__ import annotations

from collections.abc import Mapping

import sqlalchemy as sa
from flask import has_app_context

from crm.extensions import db
from crm.paging import Page, SortKey, page
from crm.places.models import PlaceAlias

Names = Mapping[tuple[str, str], str]
_KEY = "place names"


def team_names() -> Names:
    """What the team's names mean: (scope, key) of `PlaceAlias` to the code of the country or region.

    One query a transaction, however many labels are looked up: what another process changes is seen from the next
    transaction on, as with all that is read. Without an app, as in a tool that only knows what ships, there are none.
    """
    if not has_app_context():
        return {}
    session = db.session()
    running = session.get_transaction() or session.begin()
    kept = session.info.get(_KEY)
    if kept is not None and kept[0] is running:
        names: Names = kept[1]
        return names
    with session.no_autoflush:
        rows = session.execute(sa.select(PlaceAlias.scope, PlaceAlias.key, PlaceAlias.country, PlaceAlias.region)).all()
    names = {(row.scope, row.key): row.region or row.country for row in rows}
    session.info[_KEY] = (running, names)
    return names


def forget_team_names() -> None:
    """Read them anew in the running transaction, which has changed them."""
    db.session().info.pop(_KEY, None)


def aliases_page(cursor: str | None) -> Page:
    """The team's names in the order of their letters: id, label, country, region."""
    columns = (PlaceAlias.id, PlaceAlias.label, PlaceAlias.country, PlaceAlias.region)
    return page(sa.select(*columns), [SortKey(PlaceAlias.key), SortKey(PlaceAlias.id)], cursor)
