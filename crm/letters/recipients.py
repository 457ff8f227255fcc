"""The targets of an audience as a letter needs them: their values for the placeholders, or why they get none."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa
from babel import Locale
from sqlalchemy.orm import aliased

from crm import clock
from crm.directory.models import Contact, Membership, Organization, Person
from crm.extensions import db
from crm.letters.audience import Audience
from crm.letters.models import SkipReason
from crm.letters.placeholders import clean_value
from crm.pipeline.models import Stage, Target
from crm.places.countries import country_name


@dataclass(frozen=True)
class Recipient:
    """One target and its contact, in plain values. `mandate_end` is null for who never held a mandate."""

    target_id: int
    contact_id: int
    stage: Stage
    ask: str
    name: str
    given_name: str | None
    family_name: str | None
    country: str | None
    group: str | None
    party: str | None
    mandate_end: date | None
    address: str | None
    role: str | None = None


@dataclass(frozen=True)
class Setting:
    """What all letters of a mailing share."""

    campaign: str
    treaty: str
    sender_name: str
    language: str


def recipients(
    campaign_id: int,
    audience: Audience,
    *,
    after: int = 0,
    limit: int | None = None,
    target_id: int | None = None,
) -> list[Recipient]:
    """The audience in the order of targets, from beyond target `after`; two queries."""
    group, party = aliased(Organization), aliased(Organization)
    # The columns of a person, read without loading one: contacts may be organizations too.
    person = Person.__table__.c
    statement = audience.apply(
        sa.select(
            Target.id.label("target_id"),
            Target.contact_id,
            Target.stage,
            Target.ask,
            Contact.name,
            person.given_name,
            person.family_name,
            Contact.country,
            group.name.label("group"),
            party.name.label("party"),
            Contact.mandate_end,
            Contact.email.label("address"),
        )
    )
    statement = (
        statement.outerjoin(group, Contact.group_id == group.id)
        .outerjoin(party, Contact.party_id == party.id)
        .where(Target.campaign_id == campaign_id, Target.id > after)
        .order_by(Target.id)
        .limit(limit)
    )
    if target_id is not None:
        statement = statement.where(Target.id == target_id)
    rows = db.session.execute(statement).mappings().all()
    roles = _roles([row["contact_id"] for row in rows])
    return [Recipient(**row, role=roles.get(row["contact_id"])) for row in rows]


def _roles(contact_ids: Collection[int]) -> dict[int, str]:
    """The role of each person's running mandate, the newest where several run."""
    running = sa.select(Membership.person_id, Membership.role).where(
        Membership.person_id.in_(contact_ids),
        Membership.ended_by.is_(None),
        sa.or_(Membership.end_date.is_(None), Membership.end_date >= clock.today()),
    )
    return {row.person_id: row.role for row in db.session.execute(running.order_by(Membership.id))}


def values_of(recipient: Recipient, setting: Setting) -> dict[str, str]:
    """A clean value for every placeholder, empty where the directory has none."""
    values: Mapping[str, str | None] = {
        "name": recipient.name,
        "given_name": recipient.given_name,
        "family_name": recipient.family_name,
        "role": recipient.role,
        "country": country_name(recipient.country, Locale.parse(setting.language, sep="-")),
        "group": recipient.group,
        "party": recipient.party,
        "ask": recipient.ask,
        "campaign": setting.campaign,
        "treaty": setting.treaty,
        "sender_name": setting.sender_name,
    }
    return {name: clean_value(value) for name, value in values.items()}


def skip_reason(
    recipient: Recipient, *, suppressed: Collection[str], taken: Collection[str], empty: Collection[str], day: date
) -> SkipReason | None:
    """Why this target gets no letter; addresses in `suppressed` and `taken` are in lower case."""
    address = (recipient.address or "").lower()
    rules: list[tuple[SkipReason, Any]] = [
        (SkipReason.CLOSED, recipient.stage is Stage.CLOSED),
        (SkipReason.MANDATE_ENDED, recipient.mandate_end is not None and recipient.mandate_end < day),
        (SkipReason.NO_ADDRESS, not address),
        (SkipReason.SUPPRESSED, address in suppressed),
        (SkipReason.DUPLICATE_ADDRESS, address in taken),
        (SkipReason.EMPTY_VALUE, empty),
    ]
    return next((reason for reason, holds in rules if holds), None)
