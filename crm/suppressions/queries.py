"""Reads of suppressed addresses: the list, one address looked up, and the list as it is taken out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from crm.accounts.models import User
from crm.directory.models import Contact, ContactPoint, PointKind
from crm.extensions import db
from crm.outbox.addresses import address_hash
from crm.outbox.models import OutgoingMessage, Suppression, SuppressionReason
from crm.outbox.queries import CHUNK
from crm.paging import Page, SortKey, page

_BATCH = 1000
USER, LETTER, POINT = "user", "outgoing_message", "contact_point"


@dataclass(frozen=True)
class Origin:
    """Where a suppression came from, as far as it is known: who of us, and whose address it is.

    `others` are further contacts (`contact_id`, `name`) that have the same address.
    """

    by: str | None = None
    name: str | None = None
    address: str | None = None
    contact_id: int | None = None
    others: Sequence[Any] = ()


def origin_of(user_id: int, point_id: int | None = None) -> str:
    """What is kept of where it came from: no name and no address, both of which may be erased one day."""
    return f"{USER}:{user_id}" if point_id is None else f"{USER}:{user_id} {POINT}:{point_id}"


def _numbers(source: str) -> dict[str, int]:
    """The rows a source names, by kind."""
    pairs = (word.partition(":") for word in source.split())
    return {kind: int(number) for kind, _, number in pairs if number.isdecimal()}


def _rows(kind: str, named: Iterable[dict[str, int]], *columns: Any) -> dict[int, Any]:
    ids = {rows[kind] for rows in named if kind in rows}
    found = db.session.execute(sa.select(*columns).where(columns[0].in_(ids))) if ids else ()
    return {row.id: row for row in found}


def origins(sources: Iterable[str]) -> dict[str, Origin]:
    """What the sources say, in five queries at most; what leads nowhere any more is left out."""
    named = {source: _numbers(source) for source in set(sources)}
    users = _rows(USER, named.values(), User.id, User.name)
    letters = _rows(LETTER, named.values(), OutgoingMessage.id, OutgoingMessage.to_name, OutgoingMessage.to_address)
    points = _points({rows[POINT] for rows in named.values() if POINT in rows})
    known = [*(letter.to_address for letter in letters.values()), *(point.value for point in points.values())]
    owners = owners_of(known)
    found = {}
    for source, rows in named.items():
        user, letter = users.get(rows.get(USER, 0)), letters.get(rows.get(LETTER, 0))
        point, sharing = points.get(rows.get(POINT, 0)), []
        address = letter.to_address if letter else point.value if point else None
        if address:
            sharing = owners.get(address_hash(address), [])
        point = point or next(iter(sharing), None)
        found[source] = Origin(
            by=user.name if user else None,
            name=letter.to_name if letter else point.name if point else None,
            address=address,
            contact_id=point.contact_id if point else None,
            others=[one for one in sharing if point and one.contact_id != point.contact_id],
        )
    return found


def _points(ids: set[int]) -> dict[int, Any]:
    statement = (
        sa.select(ContactPoint.id, ContactPoint.value, ContactPoint.contact_id, Contact.name)
        .join(Contact, Contact.id == ContactPoint.contact_id)
        .where(ContactPoint.id.in_(ids))
    )
    return {row.id: row for row in db.session.execute(statement)} if ids else {}


def points_of(addresses: Iterable[str]) -> dict[str, Any]:
    """One contact point (`id`, `contact_id`, `name`) for each of these addresses that we have, by its hash."""
    return {hashed: rows[0] for hashed, rows in owners_of(addresses).items()}


def owners_of(addresses: Iterable[str]) -> dict[str, list[Any]]:
    """The points (`id`, `contact_id`, `name`) of each of these addresses that we have, by its hash; one a contact."""
    wanted = sorted({given for address in addresses for given in (address, address.lower())})
    statement = (
        sa.select(ContactPoint.id, ContactPoint.value, ContactPoint.contact_id, Contact.name)
        .join(Contact, Contact.id == ContactPoint.contact_id)
        .where(ContactPoint.kind == PointKind.EMAIL)
        .order_by(ContactPoint.id)
    )
    found: dict[str, list[Any]] = {}
    for start in range(0, len(wanted), CHUNK):
        for row in db.session.execute(statement.where(ContactPoint.value.in_(wanted[start : start + CHUNK]))):
            rows = found.setdefault(address_hash(row.value), [])
            if all(row.contact_id != known.contact_id for known in rows):
                rows.append(row)
    return found


def suppressions_page(reason: SuppressionReason | None, address: str, cursor: str | None) -> Page:
    """Suppressed addresses, the latest first; those of one reason, or the one that `address` is."""
    table = Suppression.__table__
    statement = sa.select(table.c.id, table.c.reason, table.c.source, table.c.note, table.c.at)
    if reason is not None:
        statement = statement.where(table.c.reason == reason)
    if address:
        statement = statement.where(table.c.address_hash == address_hash(address))
    return page(statement, [SortKey(table.c.id, descending=True)], cursor)


def how_many() -> int:
    """All suppressed addresses."""
    return db.session.scalar(sa.select(sa.func.count()).select_from(Suppression)) or 0


def _known_addresses() -> dict[str, str]:
    """The addresses in the directory, by the hash that stands for them."""
    points = sa.select(ContactPoint.value).where(ContactPoint.kind == PointKind.EMAIL).distinct()
    return {address_hash(address): address for address in db.session.scalars(points)}


def all_suppressions() -> Iterator[Sequence[Any]]:
    """Each, oldest first: address where the directory still knows it, hash, key, reason, note, source, day."""
    known = _known_addresses()
    table, after = Suppression.__table__, 0
    while True:
        rows = db.session.execute(sa.select(table).where(table.c.id > after).order_by(table.c.id).limit(_BATCH)).all()
        if not rows:
            return
        for row in rows:
            yield (
                known.get(row.address_hash, ""),
                row.address_hash,
                row.key_id,
                row.reason.value,
                row.note,
                row.source,
                row.at.date().isoformat(),
            )
        after = rows[-1].id


def address_of(contact_id: int, point_id: int) -> str | None:
    """The e-mail address of a contact that is this point."""
    return db.session.scalar(
        sa.select(ContactPoint.value).where(
            ContactPoint.id == point_id, ContactPoint.contact_id == contact_id, ContactPoint.kind == PointKind.EMAIL
        )
    )
