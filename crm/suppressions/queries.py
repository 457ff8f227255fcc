"""Reads of suppressed addresses: the list, one address looked up, and the list as it is taken out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from crm.accounts.models import User
from crm.directory.models import ContactPoint, PointKind
from crm.extensions import db
from crm.outbox.addresses import address_hash
from crm.outbox.models import OutgoingMessage, Suppression, SuppressionReason
from crm.paging import Page, SortKey, page

_BATCH = 1000
USER, LETTER = "user", "outgoing_message"


@dataclass(frozen=True)
class Origin:
    """Where a suppression came from: one of us, or the letter whose reader asked or whose address failed."""

    by: str | None = None
    to_name: str | None = None
    to_address: str | None = None


def _number(source: str, kind: str) -> int | None:
    name, _, number = source.partition(":")
    return int(number) if name == kind and number.isdecimal() else None


def origins(sources: Iterable[str]) -> dict[str, Origin]:
    """What the sources say, in two queries; one that leads nowhere any more is left out."""
    given = set(sources)
    users = {number: source for source in given if (number := _number(source, USER)) is not None}
    letters = {number: source for source in given if (number := _number(source, LETTER)) is not None}
    found = {
        users[row.id]: Origin(by=row.name)
        for row in db.session.execute(sa.select(User.id, User.name).where(User.id.in_(users)))
    }
    columns = sa.select(OutgoingMessage.id, OutgoingMessage.to_name, OutgoingMessage.to_address)
    for row in db.session.execute(columns.where(OutgoingMessage.id.in_(letters))):
        found[letters[row.id]] = Origin(to_name=row.to_name, to_address=row.to_address)
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
