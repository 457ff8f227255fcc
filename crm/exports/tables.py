"""Contacts as the rows of a table, one each: what spreadsheets and mail merges want of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import get_locale, gettext, lazy_gettext

from crm.accounts.queries import actor_names
from crm.directory.labels import category_label, kind_label, office_label, region_label, says_role
from crm.directory.models import OPEN_END, PointKind, PointStatus
from crm.exports.list_columns import DO_NOT_WRITE, MANDATE_ENDED, OFFICE, do_not_write, ended_on
from crm.exports.queries import WholeContact, batches, names_of, stopped_points, tags_of, whole_contacts
from crm.outbox.models import SuppressionReason
from crm.places.countries import country_name
from crm.stances.labels import stance_label
from crm.stances.models import Stance
from crm.stances.queries import current_stances
from crm.suppressions.labels import REASONS
from crm.treaties.queries import treaties

_BETWEEN = " | "


@dataclass(frozen=True)
class _Line:
    """One contact, with the names of the organizations its row points to."""

    contact: WholeContact
    names: dict[int, str]
    owner: str
    tags: Sequence[str]
    stopped: Mapping[str, SuppressionReason]

    def name_of(self, contact_id: int | None) -> str:
        return self.names.get(contact_id, "") if contact_id is not None else ""

    def points(self, *kinds: PointKind, status: PointStatus = PointStatus.CURRENT) -> str:
        return _BETWEEN.join(
            point.value for point in self.contact.points if point.kind in kinds and point.status is status
        )

    def column(self, name: str) -> Any:
        value = getattr(self.contact.row, name)
        return "" if value is None else value

    def day(self, name: str) -> str:
        value = getattr(self.contact.row, name)
        return value.isoformat() if value else ""

    def _others(self, *, stopped: bool) -> list[str]:
        """The addresses letters do not go to, though they are in use: those that may be written to or the others."""
        return [
            point.value
            for point in self.contact.points
            if point.kind is PointKind.EMAIL
            and point.status is PointStatus.CURRENT
            and point.value != self.contact.row.email
            and (point.value in self.stopped) is stopped
        ]

    def others(self) -> str:
        return _BETWEEN.join(self._others(stopped=False))

    def others_stopped(self) -> str:
        # Reason and address in one cell: nothing that takes the column for addresses to write to can use it.
        return _BETWEEN.join(f"{value} ({REASONS[self.stopped[value]]})" for value in self._others(stopped=True))

    def do_not_write(self) -> str:
        """Why no letter goes to the address of the row; empty where it may be written to."""
        return do_not_write(self.contact.row.email, self.stopped)

    def mandates(self) -> str:
        told = (
            (one.organization, one.post or (one.role if says_role(one.role, one.organization_category) else ""))
            for one in self.contact.running()
        )
        return _BETWEEN.join(": ".join(dict.fromkeys(filter(None, words))) for words in told)

    def office(self) -> str:
        """The office in the institution the directory puts first, as the list shows it."""
        first = self.contact.row.institution_id
        held = next((one for one in self.contact.running() if one.organization_id == first), None)
        return office_label(held.post or held.role, self.name_of(first)) if held else ""

    def mandate_end(self) -> str:
        value = self.contact.row.mandate_end
        return value.isoformat() if value and value != OPEN_END else ""


_COLUMNS: tuple[tuple[Any, Callable[[_Line], Any]], ...] = (
    (lazy_gettext("Number"), lambda line: line.contact.row.id),
    (lazy_gettext("Kind"), lambda line: kind_label(line.contact.row.kind)),
    (lazy_gettext("Category"), lambda line: category_label(line.contact.row.category)),
    (lazy_gettext("Name"), lambda line: line.contact.row.name),
    (lazy_gettext("Title before the name"), lambda line: line.column("honorific_prefix")),
    (lazy_gettext("Given name"), lambda line: line.contact.parts()[0] or ""),
    (lazy_gettext("Family name"), lambda line: line.contact.parts()[1] or ""),
    (lazy_gettext("Title after the name"), lambda line: line.column("honorific_suffix")),
    (lazy_gettext("Short name"), lambda line: line.column("abbreviation")),
    (lazy_gettext("Other names"), lambda line: _BETWEEN.join(one.name for one in line.contact.other_names)),
    (lazy_gettext("Gender"), lambda line: line.column("gender")),
    (lazy_gettext("Date of birth"), lambda line: line.day("birth_date")),
    (lazy_gettext("Country code"), lambda line: line.column("country")),
    (lazy_gettext("Country"), lambda line: country_name(line.contact.row.country, get_locale())),
    (lazy_gettext("Region code"), lambda line: line.column("effective_region")),
    (lazy_gettext("Region"), lambda line: region_label(line.contact.row.effective_region)),
    (lazy_gettext("Institution"), lambda line: line.name_of(line.contact.row.institution_id)),
    (OFFICE, _Line.office),
    (lazy_gettext("Offices held now"), _Line.mandates),
    (lazy_gettext("Political group"), lambda line: line.name_of(line.contact.row.group_id)),
    (lazy_gettext("Party"), lambda line: line.name_of(line.contact.row.party_id)),
    (lazy_gettext("Last day in office"), _Line.mandate_end),
    (MANDATE_ENDED, lambda line: ended_on(line.contact.row.mandate_end)),
    (lazy_gettext("E-mail"), lambda line: line.column("email")),
    (DO_NOT_WRITE, _Line.do_not_write),
    (lazy_gettext("Further e-mail addresses"), _Line.others),
    (lazy_gettext("Further addresses not to write to"), _Line.others_stopped),
    (
        lazy_gettext("E-mail addresses out of use"),
        lambda line: line.points(PointKind.EMAIL, status=PointStatus.RETIRED),
    ),
    (lazy_gettext("Phone"), lambda line: line.points(PointKind.PHONE)),
    (lazy_gettext("Fax"), lambda line: line.points(PointKind.FAX)),
    (lazy_gettext("Postal address"), lambda line: line.points(PointKind.ADDRESS)),
    (lazy_gettext("Website"), lambda line: line.points(PointKind.URL)),
    (
        lazy_gettext("Social media"),
        lambda line: line.points(PointKind.TWITTER, PointKind.FACEBOOK, PointKind.INSTAGRAM),
    ),
    (lazy_gettext("Languages"), lambda line: _BETWEEN.join(one.language for one in line.contact.languages)),
    (
        lazy_gettext("Identifiers"),
        lambda line: _BETWEEN.join(f"{one.scheme} {one.value}" for one in line.contact.identifiers),
    ),
    (lazy_gettext("Tags"), lambda line: _BETWEEN.join(line.tags)),
    (lazy_gettext("Owner"), lambda line: line.owner),
    (lazy_gettext("Sources"), lambda line: _BETWEEN.join(one.label for one in line.contact.sources)),
)


def _headings(treaties: Sequence[Any]) -> Iterator[str]:
    for label, _value in _COLUMNS:
        yield str(label)
    for treaty in treaties:
        yield gettext("Stance on %(treaty)s", treaty=treaty.code)
        yield gettext("Stance on %(treaty)s, last heard on", treaty=treaty.code)


def _stances(contact_id: int, treaties: Sequence[Any], known: Mapping[tuple[int, int], Any]) -> Iterator[str]:
    for treaty in treaties:
        held = known.get((contact_id, treaty.id))
        yield stance_label(held.stance if held else Stance.UNKNOWN)
        yield held.said_on.isoformat() if held else ""


def table_rows(ids: Sequence[int]) -> Iterator[tuple[Any, ...]]:
    """The headings, then one row per contact, read batch by batch; of stances those that everybody sees."""
    known_treaties, users = treaties(), actor_names()
    yield tuple(_headings(known_treaties))
    for batch in batches(ids):
        contacts = whole_contacts(batch)
        rows = [contact.row for contact in contacts]
        names = names_of(one for row in rows for one in (row.institution_id, row.group_id, row.party_id))
        known, tags, stopped = current_stances(batch, None), tags_of(batch), stopped_points(contacts)
        for contact in contacts:
            owner = users.get(f"user:{contact.row.owner_id}", "")
            line = _Line(contact, names, owner, tags.get(contact.row.id, ()), stopped)
            yield (
                *(value(line) for _label, value in _COLUMNS),
                *_stances(contact.row.id, known_treaties, known),
            )


def sheet_title() -> str:
    """What the sheet of a spreadsheet is called."""
    return str(gettext("Contacts"))
