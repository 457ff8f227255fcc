"""The targets of an audience as a letter needs them: their values for the placeholders, or why they get none."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from babel import Locale
from sqlalchemy.orm import aliased

from crm.database import unindexed
from crm.directory.models import Category, Contact, ContactKind, Organization, Person
from crm.extensions import db
from crm.letters.audience import Audience
from crm.letters.placeholders import PLACEHOLDERS, clean_value
from crm.pipeline.filters import TargetFilter
from crm.pipeline.models import Stage, Target
from crm.places.countries import country_name
from crm.salutations.names import display_name
from crm.salutations.offices import Held, office_of
from crm.salutations.queries import running_mandates
from crm.salutations.rules import address
from crm.salutations.terms import Address, Addressee, Formality, Office

# The placeholders that the rules of salutations fill.
_ADDRESS_FIELDS = frozenset({"salutation", "title", "closing"})


@dataclass(frozen=True)
class Recipient:
    """One target and its contact, in plain values, its names as the directory keeps them.

    `position` is where it stands in the order it was asked for in.
    `mandate_end` is null for who never held a mandate; `mandates` are the running ones, the newest last.
    """

    position: int
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
    kind: ContactKind
    category: Category
    gender: str | None
    honorific: str | None
    own_forms: Mapping[str, str]
    mandates: Sequence[Held] = ()

    @property
    def role(self) -> str | None:
        """The role of the newest running mandate."""
        return self.mandates[-1].role if self.mandates else None

    @property
    def addressee(self) -> Addressee:
        """Whom a letter addresses, with the name as letters write it."""
        person = self.kind is ContactKind.PERSON
        return Addressee(
            office=office_of(self.kind, self.category, self.mandates),
            name=display_name(self.name, self.country) if person else self.name,
            family_name=display_name(self.family_name, self.country) if self.family_name else "",
            gender=self.gender,
            honorific=self.honorific,
            country=self.country,
            own_forms=self.own_forms,
        )


@dataclass(frozen=True)
class Setting:
    """What all letters of a mailing share."""

    campaign: str
    treaty: str
    sender_name: str
    language: str
    formality: Formality = Formality.STANDARD
    ask: str = ""


# The columns of a person, read without loading one: contacts may be organizations too.
_person = Person.__table__.c
_group, _party = aliased(Organization), aliased(Organization)


def recipients(
    campaign_id: int,
    audience: Audience | TargetFilter,
    *,
    after: int = 0,
    limit: int | None = None,
    target_id: int | None = None,
    target_ids: Collection[int] | None = None,
    as_planned: bool = True,
) -> list[Recipient]:
    """The audience in the order of targets, from beyond target `after`, or those with these ids of it; two queries.

    Not `as_planned`, an audience of the whole directory holds contacts that are no targets yet: in their own order, and
    `after` is a contact.
    """
    everyone = isinstance(audience, Audience) and audience.everyone and not as_planned
    position = Contact.id if everyone else Target.id
    at_home = sa.and_(Target.contact_id == Contact.id, Target.campaign_id == campaign_id)
    statement: sa.Select[*tuple[Any, ...]] = sa.select(
        position.label("position"),
        sa.func.coalesce(Target.id, 0).label("target_id"),
        Contact.id.label("contact_id"),
        sa.func.coalesce(Target.stage, Stage.IDENTIFIED, type_=Target.stage.type).label("stage"),
        sa.func.coalesce(Target.ask, "").label("ask"),
        Contact.name,
        _person.given_name,
        _person.family_name,
        Contact.country,
        _group.name.label("group"),
        _party.name.label("party"),
        Contact.mandate_end,
        Contact.email.label("address"),
        Contact.kind,
        Contact.category,
        _person.gender,
        _person.honorific_prefix.label("honorific"),
        Contact.forms_of_address.label("own_forms"),
    )
    if isinstance(audience, Audience) and everyone:
        statement = audience.apply_to_contacts(statement.select_from(Contact).outerjoin(Target, at_home))
    else:
        # In the order of targets and not by the campaign's: else each chunk reads all that are left, and sorts them.
        in_turn = unindexed(Target.campaign_id) == campaign_id
        statement = statement.select_from(Target).join(Contact, Target.contact_id == Contact.id).where(in_turn)
        statement = audience.apply(statement, joined=True)
    statement = (
        statement.outerjoin(_group, Contact.group_id == _group.id)
        .outerjoin(_party, Contact.party_id == _party.id)
        .where(position > after)
        .order_by(position)
        .limit(limit)
    )
    if target_id is not None:
        statement = statement.where(Target.id == target_id)
    if target_ids is not None:
        statement = statement.where(Target.id.in_(target_ids))
    rows = db.session.execute(statement).mappings().all()
    mandates = running_mandates([row["contact_id"] for row in rows])
    return [Recipient(**row, mandates=mandates.get(row["contact_id"], ())) for row in rows]


@lru_cache(maxsize=1024)
def _country(code: str | None, language: str) -> str:
    return clean_value(country_name(code, Locale.parse(language, sep="-")))


def values_of(recipient: Recipient, setting: Setting, fields: Collection[str] | None = None) -> dict[str, str]:
    """A clean value for every placeholder, empty where the directory has none; names are out of capitals.

    With `fields`, those of the recipient's own that a wording has, and no others: planning asks thousands of times.
    """
    addressee, country = recipient.addressee, recipient.country
    values: dict[str, str | None] = {
        "name": addressee.name,
        "given_name": recipient.given_name,
        "family_name": addressee.family_name,
        "role": recipient.role,
        "group": recipient.group,
        "party": recipient.party,
        "ask": recipient.ask or setting.ask,
    }
    if fields is None or not _ADDRESS_FIELDS.isdisjoint(fields):
        values |= _forms(address(addressee, setting.language, setting.formality))
    if recipient.given_name and (fields is None or "given_name" in fields):
        values["given_name"] = display_name(recipient.given_name, country)
    own = values if fields is None else values.keys() & fields
    return {
        **_shared(setting),
        "country": _country(country, setting.language),
        **{name: clean_value(values[name]) for name in own},
    }


@lru_cache(maxsize=64)
def _shared(setting: Setting) -> Mapping[str, str]:
    """The values that are the same in all letters of a mailing."""
    values = {"campaign": setting.campaign, "treaty": setting.treaty, "sender_name": setting.sender_name}
    return {name: clean_value(value) for name, value in values.items()}


def _forms(found: Address) -> dict[str, str]:
    return {"salutation": found.salutation, "title": found.title, "closing": found.closing}


def example_values(language: str, formality: Formality) -> dict[str, str]:
    """The documented examples, the forms of address as that language has them: what a campaign without targets sees."""
    values = {name: placeholder.example for name, placeholder in PLACEHOLDERS.items()}
    example = Addressee(Office.MEP, values["name"], values["family_name"], "female")
    return values | _forms(address(example, language, formality))
