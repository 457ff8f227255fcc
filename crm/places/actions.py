"""Writes of the team's own names of places."""

from __future__ import annotations

from enum import StrEnum

import sqlalchemy as sa

from crm.extensions import db
from crm.places.countries import country_code, country_codes
from crm.places.models import LONGEST_KEY, PlaceAlias
from crm.places.queries import forget_team_names
from crm.places.regions import region_code
from crm.places.spelling import spelling_key
from crm.places.states import alpha_3


class Refusal(StrEnum):
    """Why a name cannot be added."""

    UNREADABLE = "unreadable"  # no letter or digit in it, or nothing but signs that have long names
    TAKEN = "taken"  # the team has given it a meaning already
    KNOWN = "known"  # it is understood so without being added
    CODE = "code"  # it is the standard code of a country


class AliasRefused(Exception):
    """The name cannot be added; `reason` says why."""

    def __init__(self, reason: Refusal) -> None:
        super().__init__(reason.value)
        self.reason = reason


def _refusal(label: str, country: str, region: str | None) -> Refusal | None:
    key, scope = spelling_key(label), country if region else ""
    if not 0 < len(key) <= LONGEST_KEY:
        return Refusal.UNREADABLE
    taken = sa.select(PlaceAlias.id).where(PlaceAlias.scope == scope, PlaceAlias.key == key)
    if db.session.scalar(taken) is not None:
        return Refusal.TAKEN
    meant = region_code(label, country) if region else country_code(label)
    if meant == (region or country):
        return Refusal.KNOWN
    codes = country_codes()
    if not region and key.upper() in codes | {alpha_3(code) for code in codes}:
        return Refusal.CODE
    return None


def add_alias(label: str, country: str, region: str | None = None) -> PlaceAlias:
    """Let the label mean a country (alpha-2) or, in that country's files, a region (ISO 3166-2).

    Raises AliasRefused where it cannot.
    """
    reason = _refusal(label, country, region)
    if reason is not None:
        raise AliasRefused(reason)
    alias = PlaceAlias(
        label=label.strip(),
        key=spelling_key(label),
        scope=country if region else "",
        country=country,
        region=region,
    )
    db.session.add(alias)
    db.session.flush()
    forget_team_names()
    return alias


def remove_alias(alias: PlaceAlias) -> None:
    """Let the name mean again what it means without the team's word."""
    db.session.delete(alias)
    db.session.flush()
    forget_team_names()
