"""Comparing what a record says of group, party and committee seats beside the mandate with what is known of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from crm.directory.models import Category
from crm.roster_import import labels
from crm.roster_import.changes import Comparison, NewMembership
from crm.roster_import.known import KnownMembership
from crm.roster_import.labels import Body
from crm.roster_import.mandates import described
from crm.roster_import.models import Reason
from crm.roster_import.records import Seat
from crm.text import fold


def compare_group_alone(it: Comparison) -> None:
    """Compare a group whose institution the source does not tell: it is noted of somebody who has none yet."""
    if not it.record.group:
        return
    european = labels.known_group(it.record.group)
    names = {fold(it.record.group), fold(european.short) if european else ""}
    known = [one.on_behalf_of or one.organization for one in it.memberships if one.is_open and _names_group(one)]
    if not known:
        group = Body(it.record.group, Category.POLITICAL_GROUP, country=it.country)
        it.changes.add("group", None, group.short)
        it.changes.writes.memberships.append(NewMembership(group, "member", country=it.country))
    elif names.isdisjoint(map(fold, known)) and not it.is_older:
        it.changes.add("group", ", ".join(known), it.record.group, Reason.NO_INSTITUTION)


def _names_group(membership: KnownMembership) -> bool:
    return bool(membership.on_behalf_of) or membership.category is Category.POLITICAL_GROUP


def compare_party(it: Comparison) -> None:
    """Compare the national party; an older roster only tells it where no later one has."""
    if it.record.party is None or it.said_later("party"):
        return
    party = labels.party(it.record.party, it.country)
    party_id = it.setting.organization_id(party)
    parties = [one for one in it.memberships if one.category is Category.PARTY and one.is_open]
    left = [one for one in parties if one.organization_id != party_id]
    stays = len(left) < len(parties)
    if not left and (stays or party is None):
        return
    if left and it.is_older:
        return
    before = ", ".join(one.organization for one in left) or None
    held = Reason.HAND_MADE if any(one.by_hand for one in left) else None
    if it.changes.add("party", before, party.short if party else None, held):
        for one in left:
            it.changes.update_membership(one, {"ended_by": it.setting.as_of})
        if party is not None and not stays:
            it.changes.writes.memberships.append(NewMembership(party, "member", country=it.country))


def compare_seats(it: Comparison, over_by: date | None) -> None:
    """Compare committee and delegation seats; `over_by` is when the mandate they come with is known to be over."""
    if it.record.seats is None or it.said_later("seats"):
        return
    parliament = labels.institution_of(it.record.mandates[0]) if it.record.mandates else None
    term = labels.term_on(parliament, it.setting.as_of) if parliament else None
    number = term.number if term else None
    mine = [
        one
        for one in it.memberships
        if one.category is Category.COMMITTEE and (one.is_open or (over_by and one.term == number))
    ]
    named = {found.id for seat in it.record.seats if (found := _compare_seat(it, seat, mine, number, over_by))}
    if it.is_older:
        return
    for one in mine:
        if one.is_open and one.id not in named:
            held = Reason.HAND_MADE if one.by_hand else None
            if it.changes.add("seat", described(one.organization, role=one.role), None, held):
                it.changes.update_membership(one, {"ended_by": it.setting.as_of})


def _compare_seat(
    it: Comparison, seat: Seat, mine: Sequence[KnownMembership], term: str | None, over_by: date | None
) -> KnownMembership | None:
    """Compare one seat and return the known one, None where it is new."""
    body = labels.seat(seat.body)
    body_id = it.setting.organization_id(body)
    after = described(body.short, role=seat.role)
    known = next((one for one in mine if one.organization_id == body_id), None)
    if known is None:
        it.changes.add("seat", None, after)
        it.changes.writes.memberships.append(NewMembership(body, seat.role, term=term, ended_by=over_by))
        return None
    other = known.role != seat.role and not it.is_older
    if other and it.changes.add("seat", described(body.short, role=known.role), after, known.held_by_hand("role")):
        it.changes.update_membership(known, {"role": seat.role})
    return known
