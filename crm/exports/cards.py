"""Contacts as vCards (RFC 6350), one each, with the ways to reach them that may be used."""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from datetime import UTC
from uuid import NAMESPACE_URL, uuid5

import vobject
from flask import current_app
from vobject.base import Component
from vobject.vcard import Address, Name

from config import Settings
from crm.directory.labels import says_role
from crm.directory.models import PointKind, PointStatus
from crm.exports.queries import AnyRow, WholeContact, batches, stopped_points, whole_contacts

_VERSION = "4.0"
_TELEPHONES = {PointKind.PHONE: "voice", PointKind.FAX: "fax"}
_PROFILES = {
    PointKind.TWITTER: "https://x.com/{}",
    PointKind.FACEBOOK: "https://www.facebook.com/{}",
    PointKind.INSTAGRAM: "https://www.instagram.com/{}",
}


def cards(ids: Sequence[int]) -> Iterator[str]:
    """One card per contact, in the order of the ids, read batch by batch."""
    for batch in batches(ids):
        contacts = whole_contacts(batch)
        stopped = stopped_points(contacts)
        for contact in contacts:
            yield _card(contact, stopped)


def card(contact: WholeContact) -> str:
    """The contact's card: nothing private to us, and no address that is out of use or must not be written to."""
    return _card(contact, stopped_points([contact]))


def _card(contact: WholeContact, stopped: Container[str]) -> str:
    made = vobject.vCard()
    row = contact.row
    _add(made, "version", _VERSION)
    _add(made, "uid", f"urn:uuid:{uuid5(NAMESPACE_URL, f'{_base_url()}/contacts/{row.id}')}")
    _add(made, "rev", row.updated_at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ"))
    _add(made, "kind", "individual" if contact.is_person else "org")
    _add(made, "fn", row.name)
    made.add("n").value = _name(contact)
    if contact.is_person:
        _add_person(made, contact)
    else:
        made.add("org").value = [_line(row.name)]
    for language in contact.languages:
        _add(made, "lang", language.language, PREF=str(language.rank + 1))
    for point in contact.points:
        # An address book has no sign for “do not write” that programs heed.
        if point.status is PointStatus.CURRENT and point.value not in stopped:
            _add_point(made, point, preferred=point.value == row.email)
    text: str = made.serialize(validate=False)
    return text


def _base_url() -> str:
    settings: Settings = current_app.extensions["settings"]
    return settings.base_url


def _line(text: str) -> str:
    """The text without what would break a line."""
    return " ".join(text.split())


def _add(made: Component, name: str, value: str, **parameters: str) -> None:
    added = made.add(name)
    added.value = _line(value)
    for parameter, text in parameters.items():
        setattr(added, f"{parameter.lower()}_param", text)


def _name(contact: WholeContact) -> Name:
    row = contact.row
    if not contact.is_person:
        return Name(family=_line(row.name))
    given, family = contact.parts()
    # A name without parts that anybody could tell stands whole in the place of the family's: a card must have one.
    return Name(
        family=_line(family or row.name),
        given=_line(given or "") if family else "",
        prefix=row.honorific_prefix or "",
        suffix=row.honorific_suffix or "",
    )


def _add_person(made: Component, contact: WholeContact) -> None:
    row = contact.row
    if row.birth_date:
        _add(made, "bday", row.birth_date.strftime("%Y%m%d"))
    if row.gender in ("male", "female"):
        _add(made, "gender", row.gender[0].upper())
    office = _office(contact)
    if office is not None:
        made.add("org").value = [_line(office.organization)]
        if office.post or says_role(office.role, office.organization_category):
            _add(made, "title", office.post or office.role)


def _office(contact: WholeContact) -> AnyRow | None:
    """The office a card names: the running one in the institution the directory puts first."""
    running = contact.running()
    first = [one for one in running if one.organization_id == contact.row.institution_id]
    return next(iter(first), None)


def _add_point(made: Component, point: AnyRow, *, preferred: bool) -> None:
    kind = point.kind
    place = "work" if point.membership_id else ""
    parameters = {"TYPE": place} if place else {}
    if kind is PointKind.EMAIL:
        _add(made, "email", point.value, **parameters, **({"PREF": "1"} if preferred else {}))
    elif kind in _TELEPHONES:
        _add(made, "tel", point.value, TYPE=_TELEPHONES[kind])
    elif kind is PointKind.ADDRESS:
        address = made.add("adr")
        address.value = Address(street=_line(point.value))
        if place:
            address.type_param = place
    elif kind is PointKind.URL:
        _add(made, "url", point.value)
    else:
        value = point.value if "://" in point.value else _PROFILES[kind].format(point.value)
        _add(made, "url", value, TYPE=kind.value)
