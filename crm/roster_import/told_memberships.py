"""Comparing memberships that our own exports tell column by column with those the directory knows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from crm.audit.bulk import RowUpdate
from crm.roster_import.changes import Comparison, MembershipUpdate, NewMembership
from crm.roster_import.known import KnownMembership
from crm.roster_import.labels import Body
from crm.roster_import.models import Reason
from crm.roster_import.told import Told, ToldMembership, ToldOrganization
from crm.text import fold

# What differences in columns are called.
_FIELDS = {
    "start_date": "mandate_start",
    "end_date": "mandate_end",
    "ended_by": "mandate_over_by",
    "country": "country",
    "region": "region",
    "constituency": "constituency",
    "term": "mandate",
}


def told_body(told: ToldOrganization) -> Body:
    """The organization a document points to and describes itself."""
    return Body(told.name, told.category, country=told.country or None, ref=told.ref)


def told_bodies(told: Told) -> list[Body]:
    """Every organization the memberships point to."""
    named = [one for held in told.memberships for one in (held.organization, held.on_behalf_of)]
    return [told_body(one) for one in named if one is not None]


def compare_told_memberships(it: Comparison, told: Told) -> dict[str, int | NewMembership]:
    """Compare each; the known ones (by id) or the new ones come back by the document's ids, for what belongs to them.

    Where a membership comes from is kept as it is known here.
    """
    offices: dict[str, int | NewMembership] = {}
    for one in told.memberships:
        known = _same(it, one)
        if known is None:
            offices[one.ref] = _add(it, one)
        else:
            it.taken.add(known.id)
            _compare(it, one, known)
            offices[one.ref] = known.id
    return offices


def _same(it: Comparison, told: ToldMembership) -> KnownMembership | None:
    """The known membership that is meant: alike in all, else of the same beginning, else one whose beginning is told
    by one side alone.
    """
    organization_id = it.setting.organization_id(told_body(told.organization))
    mine = [
        one
        for one in it.memberships
        if one.organization_id == organization_id and fold(one.role) == fold(told.role) and one.id not in it.taken
    ]
    behalf = it.setting.organization_id(told_body(told.on_behalf_of)) if told.on_behalf_of else None
    wanted = (told.start, told.end, told.post, behalf, told.term or None, told.constituency or None)
    alike = [
        one
        for one in mine
        if (one.start_date, one.end_date, one.post, one.on_behalf_of_id, one.term, one.constituency) == wanted
    ]
    same = [one for one in mine if (one.start_date, one.post) == (told.start, told.post)]
    vague = [one for one in mine if one.post == told.post and (one.start_date is None or told.start is None)]
    return next((found[0] for found in (alike, _of_term(same, told), _of_term(vague, told)) if found), None)


def _of_term(known: Sequence[KnownMembership], told: ToldMembership) -> list[KnownMembership]:
    return [one for one in known if not (one.term and told.term and one.term != told.term)]


def _columns(told: ToldMembership) -> dict[str, Any]:
    return {
        "start_date": told.start,
        "end_date": told.end,
        "ended_by": told.ended_by,
        "country": told.country or None,
        "region": told.region or None,
        "constituency": told.constituency or None,
        "term": told.term or None,
    }


def _in_words(told: ToldMembership) -> str:
    place = f"{told.organization.name} ({told.role})" if told.role != "member" else told.organization.name
    behalf = told.on_behalf_of.name if told.on_behalf_of else ""
    days = "/".join(day.isoformat() if day else "" for day in (told.start, told.end or told.ended_by))
    words = ", ".join(filter(None, (told.post, behalf, told.term, days.strip("/") and days)))
    return f"{place}: {words}" if words else place


def _add(it: Comparison, told: ToldMembership) -> NewMembership:
    new = NewMembership(
        organization=told_body(told.organization),
        role=told.role,
        on_behalf_of=told_body(told.on_behalf_of) if told.on_behalf_of else None,
        post=told.post,
        source=told.source,
        **_columns(told),
    )
    it.changes.add("mandate", None, _in_words(told))
    it.changes.writes.memberships.append(new)
    return new


def _compare(it: Comparison, told: ToldMembership, known: KnownMembership) -> None:
    for column, after in _columns(told).items():
        before = getattr(known, column)
        # What the document leaves open may be known here, and an end of one kind is not told by the other.
        ends = column in ("end_date", "ended_by") and not known.is_open and before is None
        if after is None or after == before or (before is not None and it.is_older) or ends:
            continue
        held = Reason.HAND_MADE if column in known.by_hand else None
        if it.changes.add(_FIELDS[column], before, after, held):
            _update(it, known, {column: after})
    if told.on_behalf_of is not None:
        behalf = told_body(told.on_behalf_of)
        behalf_id = it.setting.organization_id(behalf)
        news = behalf_id is None or behalf_id != known.on_behalf_of_id
        if news and (known.on_behalf_of_id is None or not it.is_older):
            held = Reason.HAND_MADE if "on_behalf_of_id" in known.by_hand else None
            if it.changes.add("group", known.on_behalf_of or None, behalf.name, held):
                _update(it, known, {"on_behalf_of_id": behalf_id}, behalf=behalf)


def _update(it: Comparison, known: KnownMembership, after: dict[str, Any], behalf: Body | None = None) -> None:
    before = {name: getattr(known, name) for name in after}
    row = RowUpdate(known.id, before, after)
    it.changes.writes.membership_updates.append(MembershipUpdate(row, behalf))
