"""Ways to reach a contact."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from email_validator import EmailNotValidError, validate_email

from crm.directory.actions.known import assign, refuse_known
from crm.directory.models import Contact, ContactPoint, PointKind, PointStatus
from crm.directory.projection import project
from crm.extensions import db
from crm.outbox.bounces import trust_again


class InvalidAddress(ValueError):
    """Not an e-mail address; the message says what is wrong with it, in English."""


# Letters and digits with single marks between them: nothing before the @ that needs a closer look.
_COMMON = re.compile(r"([a-z0-9]+(?:[._+-][a-z0-9]+)*)@([a-z0-9.-]+)", re.ASCII | re.IGNORECASE)
_LONGEST, _LONGEST_LOCAL = 254, 64  # characters (RFC 5321)


def _validated(address: str) -> str:
    try:
        return validate_email(address, check_deliverability=False).normalized.lower()
    except EmailNotValidError as error:
        raise InvalidAddress(str(error)) from None


# A roster has thousands of addresses and few domains, and the domain is what takes long.
@lru_cache(maxsize=4096)
def _domain(name: str) -> str:
    return _validated(f"a@{name}").removeprefix("a@")


def normalize_address(value: str) -> str:
    """An e-mail address as it is kept: normalized by email-validator, in lower case. Raises InvalidAddress."""
    address = value.strip()
    common = _COMMON.fullmatch(address)
    if common is None or len(address) > _LONGEST or len(common[1]) > _LONGEST_LOCAL:
        return _validated(address)
    return f"{common[1].lower()}@{_domain(common[2].lower())}"


def _written(kind: PointKind, value: str) -> str:
    return normalize_address(value) if kind is PointKind.EMAIL else value.strip()


def add_point(
    contact: Contact,
    kind: PointKind,
    value: str,
    *,
    label: str = "",
    source: str = "",
    membership_id: int | None = None,
) -> ContactPoint:
    """A way to reach the contact; a retired one of the same value comes back into use. Raises InvalidAddress.

    `label` and `membership_id` (the office it belongs to) are taken where the point is new.
    """
    value = _written(kind, value)
    known = db.session.scalar(
        sa.select(ContactPoint).where(
            ContactPoint.contact_id == contact.id, ContactPoint.kind == kind, ContactPoint.value == value
        )
    )
    point = known or ContactPoint(
        contact_id=contact.id, kind=kind, value=value, label=label, source=source, membership_id=membership_id
    )
    point.status = PointStatus.CURRENT
    db.session.add(point)
    db.session.flush()
    if kind is PointKind.EMAIL:
        project([contact.id])
    return point


def set_point_status(point: ContactPoint, status: PointStatus) -> bool:
    """Take a contact point out of use, or back into it; say whether that changed anything.

    One that bounced is trusted again by whoever takes it back into use.
    """
    trusted = status is PointStatus.CURRENT and point.bounced_at is not None
    if point.status is status and not trusted:
        return False
    point.status = status
    if trusted:
        point.bounced_at, point.bounced_with = None, ""
        trust_again(point.value)
    db.session.flush()
    if point.kind is PointKind.EMAIL:
        project([point.contact_id])
    return True


def change_point(point: ContactPoint, **values: Any) -> bool:
    """Set columns of a contact point and say whether any changed. Raises InvalidAddress and AlreadyKnown."""
    kind = values.get("kind", point.kind)
    if "value" in values:
        values["value"] = _written(kind, values["value"])
    known = {"contact_id": point.contact_id, "kind": kind, "value": values.get("value", point.value)}
    refuse_known(point, "contact_id", **known)
    if point.bounced_at is not None and values.get("value", point.value) != point.value:
        values |= {"bounced_at": None, "bounced_with": ""}
    changed = assign(point, values)
    if changed:
        project([point.contact_id])
    return changed


def remove_point(point: ContactPoint) -> None:
    """Take out an address or number that never was the contact's."""
    contact_id = point.contact_id
    db.session.delete(point)
    db.session.flush()
    project([contact_id])
