"""The targets of an audience as a letter needs them: their values for the placeholders, or why they get none."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from babel import Locale
from sqlalchemy.orm import aliased

from crm import clock
from crm.directory.models import Category, Contact, Membership, Organization, Person
from crm.directory.projection import LOYALTIES
from crm.extensions import db
from crm.letters.models import SkipReason
from crm.letters.placeholders import clean_value
from crm.pipeline.filters import TargetFilter
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


# The columns of a person, read without loading one: contacts may be organizations too.
_person = Person.__table__.c
_group, _party = aliased(Organization), aliased(Organization)


def recipients(
    campaign_id: int, audience: TargetFilter, *, after: int = 0, limit: int | None = None, target_id: int | None = None
) -> list[Recipient]:
    """The audience in the order of targets, from beyond target `after`; two queries."""
    statement: sa.Select[*tuple[Any, ...]] = (
        sa.select(
            Target.id.label("target_id"),
            Target.contact_id,
            Target.stage,
            Target.ask,
            Contact.name,
            _person.given_name,
            _person.family_name,
            Contact.country,
            _group.name.label("group"),
            _party.name.label("party"),
            Contact.mandate_end,
            Contact.email.label("address"),
        )
        .select_from(Target)
        .join(Contact, Contact.id == Target.contact_id)
        .outerjoin(_group, Contact.group_id == _group.id)
        .outerjoin(_party, Contact.party_id == _party.id)
        .where(Target.campaign_id == campaign_id, Target.id > after)
        .order_by(Target.id)
        .limit(limit)
    )
    if target_id is not None:
        statement = statement.where(Target.id == target_id)
    rows = db.session.execute(audience.apply(statement, joined=True)).mappings().all()
    roles = _roles([row["contact_id"] for row in rows])
    return [Recipient(**row, role=roles.get(row["contact_id"])) for row in rows]


def _running() -> tuple[sa.ColumnElement[bool], ...]:
    return (
        Membership.ended_by.is_(None),
        sa.or_(Membership.end_date.is_(None), Membership.end_date >= clock.today()),
    )


def _roles(contact_ids: Collection[int]) -> dict[int, str]:
    """The role of each person's running mandate, the newest where several run; a seat in a committee is no mandate."""
    running = (
        sa.select(Membership.person_id, Membership.role)
        .join(Contact, Contact.id == Membership.organization_id)
        .where(
            Membership.person_id.in_(contact_ids),
            Contact.category.not_in((Category.COMMITTEE, *LOYALTIES)),
            *_running(),
        )
    )
    return {row.person_id: row.role for row in db.session.execute(running.order_by(Membership.id))}


@lru_cache(maxsize=1024)
def _country(code: str | None, language: str) -> str:
    return country_name(code, Locale.parse(language, sep="-"))


def values_of(recipient: Recipient, setting: Setting) -> dict[str, str]:
    """A clean value for every placeholder, empty where the directory has none."""
    values: Mapping[str, str | None] = {
        "name": recipient.name,
        "given_name": recipient.given_name,
        "family_name": recipient.family_name,
        "role": recipient.role,
        "country": _country(recipient.country, setting.language),
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


def _is_empty(field: str) -> sa.ColumnElement[bool]:
    """Whether a contact has no value for a placeholder; fields that everyone has are never empty."""
    empty: dict[str, sa.ColumnElement[bool]] = {
        "given_name": sa.func.coalesce(_person.given_name, "") == "",
        "family_name": sa.func.coalesce(_person.family_name, "") == "",
        "country": Contact.country.is_(None),
        "group": Contact.group_id.is_(None),
        "party": Contact.party_id.is_(None),
        "ask": Target.ask == "",
        "role": ~sa.exists().where(Membership.person_id == Contact.id, *_running()),
    }
    return empty.get(field, sa.false())


def forecast(campaign_id: int, audience: TargetFilter, fields: Iterable[str]) -> dict[SkipReason | None, int]:
    """How many of the audience would be skipped for each reason and written to (None), in one query.

    An upper bound: opt-outs and shared addresses show only when each letter is planned.
    """
    reason = sa.case(
        (Target.stage == Stage.CLOSED, SkipReason.CLOSED.value),
        (Contact.mandate_end < clock.today(), SkipReason.MANDATE_ENDED.value),
        (Contact.email.is_(None), SkipReason.NO_ADDRESS.value),
        (sa.or_(sa.false(), *map(_is_empty, fields)), SkipReason.EMPTY_VALUE.value),
        else_="",
    ).label("skip_reason")
    statement: sa.Select[*tuple[Any, ...]] = (
        sa.select(reason, sa.func.count())
        .select_from(Target)
        .join(Contact, Contact.id == Target.contact_id)
        .where(Target.campaign_id == campaign_id)
        .group_by("skip_reason")
    )
    found = db.session.execute(audience.apply(statement, joined=True)).all()
    return {SkipReason(code) if code else None: number for code, number in found}
