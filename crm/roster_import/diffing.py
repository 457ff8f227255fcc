"""Comparing a record with the person it is about: what is new, what differs, and what a person has to decide."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from crm.audit.bulk import RowUpdate
from crm.directory.models import Category, ContactKind, PointKind, PointStatus
from crm.places.countries import country_code
from crm.roster_import.affiliations import compare_affiliations
from crm.roster_import.belonging import compare_group_alone, compare_party, compare_seats
from crm.roster_import.changes import Changes, Comparison, Difference, NewMembership, NewPoint, Setting, Writes
from crm.roster_import.known import Known, KnownContact, KnownMembership, KnownPoint
from crm.roster_import.labels import Body
from crm.roster_import.mandates import compare_mandate, end_mandate
from crm.roster_import.matching import Match
from crm.roster_import.models import Decision, Reason, RowKind
from crm.roster_import.records import Problem, Record
from crm.roster_import.told import ToldName
from crm.roster_import.told_facts import compare_told
from crm.roster_import.told_memberships import compare_told_memberships

# What belongs to an office rather than to the person who holds it.
_OFFICIAL = (PointKind.EMAIL, PointKind.PHONE, PointKind.FAX, PointKind.ADDRESS)
# A source that went through the wrong encoding has question marks where letters were.
_LOST_LETTERS = re.compile(r"\?\w|\w\?(?=\s|$)")


@dataclass(frozen=True)
class Plan:
    """What one row of an import comes to. With a `reason`, nothing of the row is written before a person decides."""

    kind: RowKind
    contact_id: int | None
    reason: Reason | Problem | None = None
    candidates: tuple[int, ...] = ()
    differences: Sequence[Difference] = ()
    writes: Writes = field(default_factory=Writes)
    # Whether the row describes the contact, and nobody has said that it is not to count.
    describes: bool = False
    about: ContactKind = ContactKind.PERSON
    # The id by which other rows of the document name the contact.
    ref: str = ""


def plan(record: Record, found: Match, known: Known | None, setting: Setting, decision: Decision | None) -> Plan:
    """Compare a record with whom it was matched to. What is held is not written unless the decision accepts it."""
    if found.reason is not None:
        return Plan(RowKind.SUSPICIOUS, found.contact_id, found.reason, found.candidates)
    changes = Changes(accepted=decision is Decision.ACCEPT)
    it = Comparison(known=known, setting=setting, changes=changes, record=record)
    it.country = _compare_country(it)
    _compare_name(it)
    _compare_person(it)
    _compare_descriptions(it)
    it.compare_identifiers(record.identifiers)
    it.compare_languages(record.languages)
    office: int | NewMembership | None = None
    for mandate in reversed(record.mandates):
        office = compare_mandate(it, mandate)
    compare_affiliations(it)
    compare_group_alone(it)
    compare_party(it)
    over_by = _over_by(it, office)
    compare_seats(it, over_by)
    if record.told is None:
        _compare_points(it, office, over_by is not None)
    else:
        compare_told(it, record.told, compare_told_memberships(it, record.told))
    for doubt in record.doubts:
        changes.add(doubt.field, None, doubt.value, doubt.problem)
    if known is None and not changes.accepted and record.told is None and _LOST_LETTERS.search(record.name):
        return Plan(RowKind.SUSPICIOUS, None, Problem.LOST_LETTERS, (), changes.differences)
    planned = planned_for(known, changes, decision)
    ref = record.told.ref if record.told else ""
    return replace(planned, describes=decision is not Decision.SKIP, ref=ref)


def said(record: Record, setting: Setting) -> Sequence[Difference]:
    """What a record says of a person, as if nobody knew anything of them."""
    return plan(record, Match(), None, setting, Decision.ACCEPT).differences


def plan_end(
    mandates: Sequence[KnownMembership], known: Known, setting: Setting, parliament: Body, decision: Decision | None
) -> Plan:
    """End the mandates of somebody a complete roster no longer names."""
    changes = Changes(accepted=decision is Decision.ACCEPT)
    for mandate in mandates:
        end_mandate(mandate, known, setting, parliament, changes)
    return planned_for(known, changes, decision, RowKind.ENDED)


def planned_for(
    known: KnownContact | None, changes: Changes, decision: Decision | None, kind: RowKind | None = None
) -> Plan:
    """What the changes of a contact come to; `kind` is that of a row about a known contact, by default what it does."""
    if kind is None:
        kind = RowKind.CHANGED if changes.differences else RowKind.UNCHANGED
    if changes.held:
        kind = RowKind.SUSPICIOUS
    elif known is None:
        kind = RowKind.NEW
    writes = Writes() if decision is Decision.SKIP else changes.writes
    return Plan(kind, known.id if known else None, None, (), changes.differences, writes)


def _compare_country(it: Comparison) -> str | None:
    """Compare the country and return its code, the known one where the record tells none."""
    before = it.known.country if it.known else None
    # Whose citizen somebody is only stands in for a country nobody has told.
    label = it.record.country or (it.record.citizenship if before is None else "")
    if not label:
        return before
    code = country_code(label)
    if code is None:
        it.changes.add("country", before, label, Problem.UNKNOWN_COUNTRY)
        return before
    it.compare_column("country", code)
    return code


def _compare_person(it: Comparison) -> None:
    if it.record.gender:
        it.compare_column("gender", it.record.gender)
    if it.record.birth_date:
        it.compare_column("birth_date", it.record.birth_date)
    if it.record.death_date:
        it.compare_column("death_date", it.record.death_date)
    for name in ("honorific_prefix", "honorific_suffix"):
        if getattr(it.record, name):
            it.compare_column(name, getattr(it.record, name))
    # The office somebody holds for a region has it, and what a person has told of a contact's stays.
    if it.record.region and not it.record.mandates and (it.known is None or it.known.region is None):
        it.compare_column("region", it.record.region)
    # What the source calls the person counts where no office says it.
    told = it.record.category and not it.record.mandates
    if told and (it.known is None or it.known.category is Category.OTHER):
        it.compare_column("category_override", Category(it.record.category))


def _compare_descriptions(it: Comparison) -> None:
    """Other names are only ever added: that one source leaves some out says nothing."""
    if it.record.told is not None:
        return
    known, writes = it.known, it.changes.writes
    # Of a list of names without order, the first one is no more the person's name than the others.
    goes_by = known.name if known and known.name in it.record.other_names else it.record.name
    names = {goes_by, known.name if known else ""} | (known.other_names if known else frozenset())
    for name in dict.fromkeys(it.record.other_names):
        if name not in names:
            it.changes.add("other_name", None, name)
            writes.other_names.append(ToldName(name))


def _capitals(name: str) -> int:
    return sum(character.isupper() for character in name)


def _lost(name: str, known: str) -> bool:
    """Whether a name is the known one but for letters it has lost."""
    pattern = "..?".join(map(re.escape, name.casefold().split("?")))
    return "?" in name and re.fullmatch(pattern, known.casefold()) is not None


def _compare_name(it: Comparison) -> None:
    """The name with its two parts is one value: parts of two sources are never mixed."""
    record, known = it.record, it.known
    after = {"name": record.name, "given_name": record.given_name, "family_name": record.family_name}
    if known is None:
        it.changes.add("name", None, record.name)
        it.changes.writes.columns |= after
        return
    by_hand = not known.by_hand.isdisjoint(after)
    if known.name in record.other_names or _lost(record.name, known.name):
        return
    if record.name == known.name:
        if record.family_name is None or known.family_name is not None or by_hand:
            return
        it.changes.add("family_name", None, record.family_name)
    elif record.name.casefold() == known.name.casefold():
        # Capitals mark the family name and are how no one writes it: they are no news beside small letters.
        better = record.family_name is not None and _capitals(known.name) > _capitals(record.name)
        if by_hand or it.is_older or not better:
            return
        it.changes.add("spelling", known.name, record.name)
    else:
        if it.is_older:
            return
        held = Problem.LOST_LETTERS if _LOST_LETTERS.search(record.name) else None
        if not it.changes.add("name", known.name, record.name, held or (Reason.HAND_MADE if by_hand else None)):
            return
    it.changes.writes.columns |= after
    it.changes.writes.replaced |= {name: getattr(known, name) for name in after}


def _over_by(it: Comparison, office: int | NewMembership | None) -> date | None:
    """The day by which the office is known to be over once this row is written, None while it runs."""
    if isinstance(office, NewMembership):
        return office.ended_by or office.end_date
    membership = next((one for one in it.memberships if one.id == office), None)
    if membership is None:
        return None
    after = {"end_date": membership.end_date, "ended_by": membership.ended_by}
    for update in it.changes.writes.membership_updates:
        if update.row.row_id == membership.id:
            after |= {name: value for name, value in update.row.after.items() if name in after}
    return after["ended_by"] or after["end_date"]


def _values(record: Record) -> list[tuple[PointKind, str]]:
    by_kind = {
        PointKind.EMAIL: record.emails,
        PointKind.PHONE: record.phones,
        PointKind.FAX: record.faxes,
        PointKind.ADDRESS: record.addresses,
        PointKind.URL: record.urls,
        PointKind.TWITTER: record.twitter,
        PointKind.FACEBOOK: record.facebook,
        PointKind.INSTAGRAM: record.instagram,
    }
    return [(kind, value) for kind, values in by_kind.items() for value in dict.fromkeys(values)]


def _compare_points(it: Comparison, office: int | NewMembership | None, is_over: bool) -> None:
    points = {(point.kind, point.value): point for point in (it.known.points if it.known else ())}
    labels = dict(it.record.point_labels)
    in_use = {kind for (kind, _value), point in points.items() if point.status is PointStatus.CURRENT}
    for kind, value in _values(it.record):
        belongs = office if kind in _OFFICIAL else None
        retired = is_over and belongs is not None
        point = points.get((kind, value))
        if point is not None:
            # What went out of use with the office comes back with it; what a user retired stays so.
            if point.status is PointStatus.RETIRED and not (retired or it.is_older or "status" in point.by_hand):
                it.changes.add(kind, None, value)
                _set_status(it.changes, point, PointStatus.CURRENT)
        elif kind not in in_use or not it.is_older:
            # An older roster's address is no news beside one that is in use.
            by_hand = it.known is not None and (kind.value, value) in it.known.removed_points
            if it.changes.add(kind, None, value, Reason.HAND_MADE if by_hand else None):
                status = PointStatus.RETIRED if retired else PointStatus.CURRENT
                it.changes.writes.points.append(NewPoint(kind, value, status, belongs, labels.get(value, "")))
    for point in points.values():
        # The office's addresses that its own roster has replaced by others go out of use.
        replaced = it.record.emails and point.kind is PointKind.EMAIL and point.value not in it.record.emails
        official = office is not None and point.membership_id == office
        if replaced and official and not it.is_older and point.status is PointStatus.CURRENT and not point.by_hand:
            it.changes.add(point.kind, point.value, None)
            _set_status(it.changes, point, PointStatus.RETIRED)


def _set_status(changes: Changes, point: KnownPoint, status: PointStatus) -> None:
    changes.writes.point_updates.append(RowUpdate(point.id, {"status": point.status}, {"status": status}))
