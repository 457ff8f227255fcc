"""Changing many contacts at once: whom a request means, what is done to them, and what that came to in words."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self, TypeVar

import sqlalchemy as sa
from flask_babel import gettext, ngettext

from crm.accounts.models import User
from crm.database import read_id
from crm.directory.bulk import assign_contacts, place_contacts
from crm.directory.filters import NOBODY
from crm.directory.labels import country_label, region_label
from crm.directory.listing import contact_ids, count_contacts
from crm.directory.models import Contact
from crm.directory.tagging import NoTag, read_tags, tag_contacts, untag_contacts
from crm.extensions import db
from crm.overview.filters import ListFilter
from crm.overview.models import BulkAction
from crm.pipeline.actions import add_targets
from crm.pipeline.models import Campaign
from crm.places.countries import country_code
from crm.places.regions import countries_with, region_code

# Up to so many contacts are changed while one waits; more are the desk worker's.
AT_ONCE = 500
_CHUNK = 500
RowT = TypeVar("RowT", User, Campaign)
Report = Callable[[int, int], None]


class CannotDo(Exception):
    """The change was not asked for whole; the message says what is missing, in the reader's language."""


@dataclass(frozen=True)
class Chosen:
    """Contacts by their ids, or every contact a filter finds."""

    ids: tuple[int, ...] = ()
    wanted: ListFilter | None = None

    @classmethod
    def from_json(cls, kept: Mapping[str, Any], team_id: int | None) -> Self:
        """What `to_json` wrote, as the team of whoever asked sees it."""
        if "filter" in kept:
            return cls(wanted=ListFilter.from_args(kept["filter"], team_id))
        return cls(ids=tuple(kept["ids"]))

    def to_json(self) -> dict[str, Any]:
        """As a row keeps it."""
        return {"ids": list(self.ids)} if self.wanted is None else {"filter": self.wanted.to_args()}

    def count(self, limit: int) -> int:
        """How many there are; `limit` + 1 stands for more than `limit`."""
        return len(self.ids) if self.wanted is None else count_contacts(self.wanted, limit)

    def resolved(self) -> list[int]:
        """Ids of those that are there."""
        if self.wanted is not None:
            return contact_ids(self.wanted)
        found: list[int] = []
        for chunk in _chunks(sorted(self.ids)):
            found += db.session.scalars(sa.select(Contact.id).where(Contact.id.in_(chunk)).order_by(Contact.id))
        return found


def _chunks(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(ids), _CHUNK):
        yield ids[start : start + _CHUNK]


def _tags(value: str) -> str:
    try:
        return ", ".join(read_tags(value))
    except NoTag:
        raise CannotDo(gettext("Nothing was changed: write the tag first.")) from None


def _row(table: type[RowT], value: str) -> RowT | None:
    try:
        return db.session.get(table, read_id(value))
    except ValueError:
        return None


def _owner(value: str) -> str:
    row = _row(User, value)
    if value != str(NOBODY) and (row is None or not row.active):
        raise CannotDo(gettext("Nothing was changed: choose who is to look after them first."))
    return row.name if row else gettext("nobody")


def _area(value: str) -> tuple[str, str | None]:
    """The country, or the region and its country, that is called so. Raises CannotDo for none and for several."""
    country = country_code(value) if value else None
    if country:
        return country, None
    homes = countries_with(value) if value else frozenset()
    home = next(iter(homes)) if len(homes) == 1 else None
    region = region_code(value, home) if home else None
    if home is None or region is None:
        raise CannotDo(
            gettext("Nothing was changed: no country or region is known as “%(name)s”, or several are.", name=value)
            if value
            else gettext("Nothing was changed: write the country or region first.")
        )
    return home, region


def _place(value: str) -> str:
    country, region = _area(value)
    return ", ".join(filter(None, (region_label(region), country_label(country))))


def _campaign(value: str) -> str:
    row = _row(Campaign, value)
    if row is None or row.archived_at is not None:
        raise CannotDo(gettext("Nothing was changed: choose the campaign first."))
    return row.name


_NAMES = {
    BulkAction.TAG: _tags,
    BulkAction.UNTAG: _tags,
    BulkAction.ASSIGN: _owner,
    BulkAction.PLACE: _place,
    BulkAction.ADD_TARGETS: _campaign,
}


def named(action: BulkAction, value: str) -> str:
    """What the action gives or takes, by its name. Raises CannotDo where nothing sensible was chosen."""
    return _NAMES[action](value)


def _perform(action: BulkAction, value: str, ids: Sequence[int]) -> int:
    if action is BulkAction.TAG:
        return tag_contacts(ids, value)
    if action is BulkAction.UNTAG:
        return untag_contacts(ids, value)
    if action is BulkAction.ASSIGN:
        return assign_contacts(ids, int(value) or None)
    if action is BulkAction.PLACE:
        return place_contacts(ids, *_area(value))
    return add_targets(int(value), ids).added


def perform(action: BulkAction, value: str, ids: Sequence[int], report: Report = lambda _done, _total: None) -> int:
    """Do it to every contact, in the running unit of work, and return how many it changed."""
    named(action, value)
    changed = 0
    for number, chunk in enumerate(_chunks(ids)):
        changed += _perform(action, value, chunk)
        report(min((number + 1) * _CHUNK, len(ids)), len(ids))
    return changed


def outcome(action: BulkAction, name: str, changed: int, asked: int) -> str:
    """What it came to, in a sentence, and how many of the `asked` were left as they are."""
    said = {
        BulkAction.TAG: ngettext(
            "%(num)d contact is tagged “%(name)s”.", "%(num)d contacts are tagged “%(name)s”.", changed, name=name
        ),
        BulkAction.UNTAG: ngettext(
            "The tag “%(name)s” was taken off %(num)d contact.",
            "The tag “%(name)s” was taken off %(num)d contacts.",
            changed,
            name=name,
        ),
        BulkAction.ASSIGN: ngettext(
            "%(num)d contact is looked after by %(name)s.",
            "%(num)d contacts are looked after by %(name)s.",
            changed,
            name=name,
        ),
        BulkAction.PLACE: ngettext(
            "%(num)d contact is of %(name)s now.", "%(num)d contacts are of %(name)s now.", changed, name=name
        ),
        BulkAction.ADD_TARGETS: ngettext(
            "%(num)d contact was added to %(name)s.", "%(num)d contacts were added to %(name)s.", changed, name=name
        ),
    }
    if not changed:
        return str(gettext("Nothing had to be changed."))
    same = asked - changed
    untouched = [ngettext("%(num)d needed no change.", "%(num)d needed no change.", same)] if same > 0 else []
    return " ".join([said[action], *untouched])
