"""Who could introduce us: the shortest ways from somebody the team knows well to a contact."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum

import sqlalchemy as sa

from crm.accounts.models import User
from crm.directory.models import Category, Contact, ContactKind
from crm.directory.neighbours import Link, shared_from, ties_from
from crm.extensions import db
from crm.pipeline.models import Campaign, Stage, Target

STEPS = 3
PATHS_SHOWN = 5
# How many contacts one step goes on from: the nearest ones.
FRONTIER = 300

# Stages in which somebody talks with us.
_TALKING = (Stage.IN_DIALOGUE, Stage.CONVINCED, Stage.COMMITTED, Stage.DELIVERED)


class Acquaintance(StrEnum):
    """Why the team is said to know a contact well; in the order of how well."""

    OWNER = "owner"  # somebody of the team looks after the contact
    PARTNER = "partner"  # a partner organization, or one of its people
    DIALOGUE = "dialogue"  # talks with us in a campaign of the team


@dataclass(frozen=True)
class Place:
    """A contact on the way; `acquaintance` says why the team knows it, `through` who or which campaign that is."""

    id: int
    name: str
    kind: ContactKind
    category: Category
    acquaintance: Acquaintance | None = None
    through: str = ""


@dataclass(frozen=True)
class Path:
    """A way from somebody the team knows to the contact: one place more than there are links between them."""

    places: tuple[Place, ...]
    links: tuple[Link, ...]

    @property
    def cost(self) -> float:
        """How weak it is; the least comes first."""
        return sum(link.cost for link in self.links)


def _places(contact_ids: Collection[int], team_id: int) -> dict[int, Place]:
    """These contacts by id, with why the team knows them, in one query."""
    owner = sa.orm.aliased(User)
    campaign = (
        sa.select(sa.func.min(Campaign.name))
        .join(Target, Target.campaign_id == Campaign.id)
        .where(Target.contact_id == Contact.id, Target.stage.in_(_TALKING), Campaign.team_id == team_id)
        .correlate(Contact)
        .scalar_subquery()
    )
    found = db.session.execute(
        sa.select(
            Contact.id,
            Contact.name,
            Contact.kind,
            Contact.category,
            owner.name.label("owner"),
            campaign.label("campaign"),
        )
        .outerjoin(owner, sa.and_(owner.id == Contact.owner_id, owner.team_id == team_id))
        .where(Contact.id.in_(contact_ids))
    )
    places = {}
    for row in found:
        why: Acquaintance | None = None
        if row.owner:
            why = Acquaintance.OWNER
        elif row.category is Category.PARTNER:
            why = Acquaintance.PARTNER
        elif row.campaign:
            why = Acquaintance.DIALOGUE
        through = {Acquaintance.OWNER: row.owner, Acquaintance.DIALOGUE: row.campaign}.get(why, "") if why else ""
        places[row.id] = Place(row.id, row.name, row.kind, row.category, why, through)
    return places


def _best(links: Iterable[Link]) -> dict[tuple[int, int], Link]:
    """The strongest of the links between any two contacts."""
    best: dict[tuple[int, int], Link] = {}
    for link in links:
        ends = (link.near, link.far)
        if ends not in best or link.cost < best[ends].cost:
            best[ends] = link
    return best


@dataclass
class _Reached:
    """How a contact was reached from the one to be introduced to: over which links, the nearest to us last."""

    cost: float
    links: tuple[Link, ...]


def _further(
    reached: dict[int, _Reached], frontier: Collection[int], links: Iterable[Link]
) -> dict[int, list[_Reached]]:
    """Every way one step on from the frontier, to contacts that no way as strong has reached."""
    found: dict[int, list[_Reached]] = {}
    for link in _best(links).values():
        if link.near not in frontier:
            continue
        before = reached[link.near]
        cost = before.cost + link.cost
        if link.far not in reached or cost < reached[link.far].cost:
            found.setdefault(link.far, []).append(_Reached(cost, (*before.links, link)))
    return found


def introductions(contact: Contact, team_id: int) -> list[Path]:
    """Up to PATHS_SHOWN ways of up to STEPS steps, the strongest first; at most three queries a step.

    A way begins at the first contact the team knows: who is known already needs no introduction by others.
    """
    target = Place(contact.id, contact.name, contact.kind, contact.category)
    places = {contact.id: target}
    reached = {contact.id: _Reached(0, ())}
    frontier: list[int] = [contact.id]
    ways: list[_Reached] = []
    for _step in range(STEPS):
        near = set(frontier)
        found = _further(reached, near, [*ties_from(near, team_id), *shared_from(near)]) if near else {}
        if not found:
            break
        new = _places(found.keys(), team_id)
        places |= new
        for contact_id, candidates in found.items():
            candidates.sort(key=lambda way: way.cost)
            reached[contact_id] = candidates[0]
            if contact_id in new and new[contact_id].acquaintance is not None:
                ways += candidates[:2]
        unknown = [contact_id for contact_id in found if contact_id in new and new[contact_id].acquaintance is None]
        # From an organization the way goes on to its people only where it is the one we ask about.
        people = [contact_id for contact_id in unknown if new[contact_id].kind is ContactKind.PERSON]
        frontier = sorted(people, key=lambda contact_id: (reached[contact_id].cost, contact_id))[:FRONTIER]
    paths = [
        Path(
            (*(places[link.far] for link in reversed(way.links)), target),
            tuple(reversed(way.links)),
        )
        for way in ways
    ]
    return sorted(paths, key=lambda path: (path.cost, path.places[0].name, path.places[0].id))[:PATHS_SHOWN]
