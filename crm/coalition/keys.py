"""The names one office goes by in every installation: its numbers in public registers, and its address as a hash."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Collection

import sqlalchemy as sa

from crm.directory.models import ContactPoint, Identifier, PointKind
from crm.extensions import db

_SHA256_OF_ADDRESS = "sha256"


def key_of_address(address: str) -> str:
    """`sha256:…` of the address in lower case. Whoever knows an address can work it out; nobody else reads it there."""
    return f"{_SHA256_OF_ADDRESS}:{hashlib.sha256(address.strip().lower().encode()).hexdigest()}"


def keys_of(contact_ids: Collection[int]) -> dict[int, list[str]]:
    """The keys of contacts, numbers first; two queries. Who has none is not among them."""
    found: dict[int, list[str]] = defaultdict(list)
    numbers = sa.select(Identifier.contact_id, Identifier.scheme, Identifier.value).where(
        Identifier.contact_id.in_(contact_ids)
    )
    for row in db.session.execute(numbers.order_by(Identifier.id)):
        found[row.contact_id].append(f"{row.scheme}:{row.value}")
    addresses = sa.select(ContactPoint.contact_id, ContactPoint.value).where(
        ContactPoint.contact_id.in_(contact_ids), ContactPoint.kind == PointKind.EMAIL
    )
    for point in db.session.execute(addresses.order_by(ContactPoint.id)):
        found[point.contact_id].append(key_of_address(point.value))
    return dict(found)
