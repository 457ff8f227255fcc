"""Comparing what a record says of mandates with what the directory knows.

A later source always knows better: an older roster adds mandates nobody knew of, but moves, ends and reopens none.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from crm.audit.bulk import RowUpdate
from crm.directory.models import Category, PointStatus
from crm.roster_import import labels
from crm.roster_import.changes import Changes, Comparison, NewMembership, Setting
from crm.roster_import.known import Known, KnownMembership
from crm.roster_import.labels import Body, Term
from crm.roster_import.models import Reason
from crm.roster_import.records import Mandate, Record
from crm.roster_import.told_memberships import told_bodies
from crm.text import fold

_DAY = timedelta(days=1)


def bodies_of(record: Record, country: str | None) -> list[Body]:
    """Every organization a record names."""
    found: list[Body] = []
    for mandate in record.mandates:
        parliament = labels.institution_of(mandate)
        found.append(parliament)
        if mandate.group:
            found.append(labels.group(mandate.group, parliament, country))
    found += [labels.affiliated(affiliation, country) for affiliation in record.affiliations]
    if record.group:
        found.append(Body(record.group, Category.POLITICAL_GROUP, country=country))
    if record.party:
        party = labels.party(record.party, country)
        found += [party] if party else []
    found += told_bodies(record.told) if record.told else []
    return found + [labels.seat(seat.body) for seat in record.seats or ()]


def described(organization: str, group: str = "", role: str = "member") -> str:
    """A mandate or seat in one line."""
    place = f"{organization} ({role})" if role != "member" else organization
    return f"{place}: {group}" if group else place


def _comes_with_a_mandate(membership: KnownMembership) -> bool:
    return membership.category in (Category.COMMITTEE, Category.POLITICAL_GROUP)


def _earlier(term: str | None, other: str) -> bool:
    """Whether a numbered term came before another; names of terms have no order."""
    return term is not None and term.isdecimal() and other.isdecimal() and int(term) < int(other)


def _fitting(memberships: Sequence[KnownMembership], term: Term | None, day: date) -> KnownMembership | None:
    """The known mandate a roster of `day` speaks of: of the same term, or one that held on that day."""

    def fits(known: KnownMembership) -> bool:
        if known.end_date is not None and known.end_date < day:
            return False
        began = known.start_date is not None and known.start_date <= day
        if term is not None and known.term:
            return known.term == term.number or (_earlier(term.number, known.term) and began)
        return began or known.start_date is None

    return max(filter(fits, memberships), key=lambda known: (known.is_open, known.id), default=None)


def _known_mandate(
    it: Comparison, mandate: Mandate, memberships: Sequence[KnownMembership], term: Term | None
) -> KnownMembership | None:
    """Which of the memberships of that role in that institution the mandate is, None for one nobody knew of."""
    if mandate.start is not None:
        same = next((known for known in memberships if known.start_date == mandate.start), None)
        if same is not None:
            return same
    elif mandate.end is not None:
        same = next((known for known in memberships if known.end_date == mandate.end), None)
        if same is not None:
            return same
    elif mandate.term and term is not None:
        # Held at some time of the term: whatever is known to have been, was.
        return max(
            (known for known in memberships if _in_term(known, term)),
            key=lambda known: (known.is_open, known.id),
            default=None,
        )
    return _fitting(memberships, term, (mandate.start if mandate.end else None) or it.setting.as_of)


def _in_term(known: KnownMembership, term: Term) -> bool:
    if known.term:
        return known.term == term.number
    begins_later = term.next_starts and known.start_date and known.start_date >= term.next_starts
    ended_before = term.starts and known.end_date and known.end_date < term.starts
    return not begins_later and not ended_before


def _term_of(it: Comparison, mandate: Mandate, parliament: Body) -> Term | None:
    """The term of a mandate: the one the source tells, or the European Parliament's on its last known day."""
    if not mandate.term:
        return labels.term_on(parliament, mandate.end or it.setting.as_of)
    european = labels.term_numbered(mandate.term) if parliament.code else None
    return european or Term(mandate.term, None, None)


def known_to_be_over_by(setting: Setting, parliament: Body, term: Term | None) -> date | None:
    """The first day on which a mandate that only an older roster names is known to be over."""
    days = list(setting.later_rosters.get(parliament.name, ())[:1])
    if term is not None and term.next_starts is not None and term.next_starts <= setting.today:
        days.append(term.next_starts)
    return min(days, default=None)


def compare_mandate(it: Comparison, mandate: Mandate) -> int | NewMembership:
    """Compare one mandate; the known one (by id) or the new one is returned, for what belongs to the office."""
    parliament = labels.institution_of(mandate)
    group = labels.group(mandate.group, parliament, it.country) if mandate.group else None
    term = _term_of(it, mandate, parliament)
    organization_id = it.setting.organization_id(parliament)
    mine = [
        one
        for one in it.memberships
        if one.organization_id == organization_id and fold(one.role) == fold(mandate.role) and one.id not in it.taken
    ]
    over_by = None if mandate.end else known_to_be_over_by(it.setting, parliament, term)
    if mandate.end is None and term is not None and not it.is_older:
        _close_earlier_terms(it, mine, term, mandate.start)
    area = [one for one in mine if mandate.constituency and one.constituency == mandate.constituency]
    fitting = _known_mandate(it, mandate, area, term) or _known_mandate(it, mandate, mine, term)
    if fitting is not None:
        it.taken.add(fitting.id)
        _compare_dates(it, mandate, fitting)
        if group is not None:
            _compare_group(it, group, parliament, fitting)
        _compare_office(it, mandate, fitting)
        return fitting.id
    new = NewMembership(
        organization=parliament,
        role=mandate.role,
        on_behalf_of=group,
        country=it.country,
        region=mandate.region or None,
        constituency=mandate.constituency or None,
        post=mandate.post,
        term=term.number if term else None,
        start_date=mandate.start,
        end_date=mandate.end,
        ended_by=over_by,
        note=mandate.note,
    )
    label = described(it.setting.known_as(parliament), group.short if group else "", mandate.role)
    office = f"{label}: {mandate.post}" if mandate.post else label
    it.changes.add("mandate", None, f"{office} ({mandate.note})" if mandate.note else office)
    if new.region and not any(one.field == "region" for one in it.changes.differences):
        it.changes.add("region", None, new.region)
    if new.ended_by:
        it.changes.add("mandate_over_by", None, new.ended_by)
    it.changes.writes.memberships.append(new)
    return new


def _compare_office(it: Comparison, mandate: Mandate, fitting: KnownMembership) -> None:
    """Compare the post and the area; an older roster only fills, and the country is filled alone."""
    if fitting.country is None and it.country:
        it.changes.update_membership(fitting, {"country": it.country})
    for name in ("constituency", "region"):
        after, before = getattr(mandate, name), getattr(fitting, name)
        differs = after and after != before and (before is None or not it.is_older)
        if differs and it.changes.add(name, before, after, fitting.held_by_hand(name)):
            it.changes.update_membership(fitting, {name: after})
    if mandate.post and fold(mandate.post) != fold(fitting.post) and (not fitting.post or not it.is_older):
        after = f"{mandate.post} ({mandate.note})" if mandate.note else mandate.post
        if it.changes.add("post", fitting.post or None, after, fitting.held_by_hand("post_id")):
            it.changes.update_membership(
                fitting, {"post_id": None}, post=(labels.institution_of(mandate), mandate.post)
            )


def _close_earlier_terms(it: Comparison, mine: Sequence[KnownMembership], term: Term, start: date | None) -> None:
    """A mandate of an earlier term ended with that term, and what it gave (seats, belonging to a group) with it."""
    over = {one.term for one in mine if one.is_open and _earlier(one.term, term.number)}
    for one in it.memberships:
        if one.is_open and one.term in over and (one in mine or (term.starts and _comes_with_a_mandate(one))):
            last_day = term.starts - _DAY if term.starts else None
            over_by = start or it.setting.as_of
            it.changes.add("mandate_end" if last_day else "mandate_over_by", None, _closed(one, last_day or over_by))
            it.changes.update_membership(one, {"end_date": last_day} if last_day else {"ended_by": over_by})


def _closed(membership: KnownMembership, day: date) -> str:
    return f"{membership.organization}: {day.isoformat()}"


def _compare_dates(it: Comparison, mandate: Mandate, fitting: KnownMembership) -> None:
    add = it.changes.add
    starts = mandate.start not in (None, fitting.start_date) and (fitting.start_date is None or it.is_newer)
    if starts and add("mandate_start", fitting.start_date, mandate.start, fitting.held_by_hand("start_date")):
        it.changes.update_membership(fitting, {"start_date": mandate.start})
    ends = mandate.end not in (None, fitting.end_date) and (fitting.is_open or it.is_newer)
    if ends and add("mandate_end", fitting.end_date, mandate.end, fitting.held_by_hand("end_date")):
        it.changes.update_membership(fitting, {"end_date": mandate.end, "ended_by": None})
    # A roster of a later day names the person again.
    again = mandate.end is None and fitting.ended_by is not None and it.setting.as_of >= fitting.ended_by
    if again and it.is_newer and add("mandate_over_by", fitting.ended_by, None, fitting.held_by_hand("ended_by")):
        it.changes.update_membership(fitting, {"ended_by": None})


def _compare_group(it: Comparison, group: Body, parliament: Body, fitting: KnownMembership) -> None:
    group_id = it.setting.organization_id(group)
    if group_id is not None and fitting.on_behalf_of_id == group_id:
        return
    held = None
    if fitting.on_behalf_of_id is not None:
        if it.is_older:
            return
        held = fitting.held_by_hand("on_behalf_of_id")
        if held is None and parliament.code and not group.code and group.key not in it.setting.aliases:
            held = Reason.UNKNOWN_GROUP
    if it.changes.add("group", fitting.on_behalf_of or None, group.short, held):
        it.changes.update_membership(fitting, {"on_behalf_of_id": group_id}, group)
        left = fitting.on_behalf_of_id
        for one in it.memberships:
            ran_on = one.end_date is None and (one.ended_by or date.max) > it.setting.as_of
            if left is not None and one.organization_id == left and ran_on and not one.by_hand:
                it.changes.update_membership(one, {"ended_by": it.setting.as_of})


def end_mandate(mandate: KnownMembership, known: Known, setting: Setting, parliament: Body, changes: Changes) -> None:
    """End a mandate that a complete roster no longer names: its seats end, its contact points go out of use."""
    term = labels.term_on(parliament, setting.as_of)
    ended: dict[str, Any] = {"ended_by": setting.as_of}
    if term is not None and term.starts is not None and _earlier(mandate.term, term.number):
        ended = {"end_date": term.starts - _DAY}
    before = described(mandate.organization, mandate.on_behalf_of, mandate.role)
    if not changes.add("mandate", before, None, Reason.HAND_MADE if mandate.by_hand else None):
        return
    changes.add("mandate_end" if "end_date" in ended else "mandate_over_by", None, *ended.values())
    changes.update_membership(mandate, ended)
    for one in known.memberships:
        if _comes_with_a_mandate(one) and one.is_open and one.term == mandate.term:
            changes.update_membership(one, ended)
    for point in known.points:
        if point.membership_id == mandate.id and point.status is PointStatus.CURRENT:
            changes.add(point.kind, point.value, None)
            changes.writes.point_updates.append(
                RowUpdate(point.id, {"status": point.status}, {"status": PointStatus.RETIRED})
            )
