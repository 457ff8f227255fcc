"""Reads of the targets a wording is previewed with: found by name, one after the other, and where each stands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from crm.directory.filters import ContactFilter
from crm.directory.models import Contact
from crm.extensions import db
from crm.letters.models import APPROACH_TO, Approach
from crm.letters.queries.wordings import Rows
from crm.pipeline.filters import TargetFilter
from crm.pipeline.models import Target
from crm.stances.models import Stance
from crm.stances.queries import has_stance, stances_on

SUGGESTED = 8


@dataclass(frozen=True)
class Beside:
    """Ids of the targets before and after one, in the order they were added."""

    previous: int | None
    next: int | None


def readers_named(campaign_id: int, text: str, limit: int = SUGGESTED) -> Rows:
    """Targets of the campaign whose names fit: id, name and country, by name."""
    statement: sa.Select[*tuple[Any, ...]] = (
        sa.select(Target.id, Contact.name, Contact.country)
        .join(Contact, Contact.id == Target.contact_id)
        .where(Target.campaign_id == campaign_id)
        .order_by(Contact.sort_name, Target.id)
        .limit(limit)
    )
    found = TargetFilter(contact=ContactFilter(text=text)).apply(statement, joined=True)
    return db.session.execute(found).all()


def beside(campaign_id: int, target_id: int) -> Beside:
    """Whom to look at before and after this target."""
    own = sa.select(Target.id).where(Target.campaign_id == campaign_id).limit(1)
    return Beside(
        db.session.scalar(own.where(Target.id < target_id).order_by(Target.id.desc())),
        db.session.scalar(own.where(Target.id > target_id).order_by(Target.id)),
    )


def first_reader(campaign_id: int, treaty_id: int, approach: Approach, team_id: int | None) -> int | None:
    """Id of the first target whom such a wording is for; of the first at all where there is none."""
    stances = [stance for stance, meant in APPROACH_TO.items() if meant is approach]
    own = sa.select(Target.id).where(Target.campaign_id == campaign_id).order_by(Target.id).limit(1)
    found = None
    if stances:
        fitting = own.join(Contact, Contact.id == Target.contact_id)
        found = db.session.scalar(fitting.where(has_stance(stances, [treaty_id], team_id)))
    return found or db.session.scalar(own)


def stance_of_reader(treaty_id: int, contact_id: int, team_id: int | None) -> Stance:
    """Where the contact stands on the treaty, as the team knows it."""
    held = stances_on(treaty_id, [contact_id], team_id).get(contact_id)
    return held.stance if held else Stance.UNKNOWN
