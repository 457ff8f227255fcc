"""Organizations as lines of an import: which one is meant, and how it differs from what the directory knows."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from crm.audit.bulk import RowUpdate
from crm.directory.models import Category, ContactKind, Organization, Post
from crm.extensions import db
from crm.roster_import.changes import Beside, Changes, Setting
from crm.roster_import.diffing import Plan, planned_for
from crm.roster_import.known import KnownContact, described_on, descriptions, removed_points
from crm.roster_import.labels import Body
from crm.roster_import.lookups import chunked, contacts_by_identifier, organizations_called
from crm.roster_import.matching import Match
from crm.roster_import.models import Decision, Reason, RowKind
from crm.roster_import.records import OrganizationRecord
from crm.roster_import.told import ToldName
from crm.roster_import.told_facts import compare_told
from crm.text import fold


@dataclass(frozen=True)
class KnownPost:
    """A post, with the area it is for."""

    id: int
    country: str | None
    region: str | None


@dataclass(frozen=True)
class KnownOrganization(KnownContact):
    """An organization of the directory, with its posts by label and the name of what it is part of."""

    abbreviation: str | None
    holders_are: Category | None
    parent_id: int | None
    parent: str | None
    founding_date: date | None
    dissolution_date: date | None
    posts: Mapping[str, KnownPost]


def load_organizations(contact_ids: Collection[int]) -> dict[int, KnownOrganization]:
    """What is known of these organizations; other contacts are left out."""
    removed = removed_points()
    return {key: one for chunk in chunked(contact_ids) for key, one in _load(chunk, removed).items()}


def _load(contact_ids: list[int], removed: dict[int, frozenset[tuple[str, str]]]) -> dict[int, KnownOrganization]:
    described, described_by = described_on(contact_ids), descriptions(contact_ids, removed)
    posts: dict[int, dict[str, KnownPost]] = {one: {} for one in contact_ids}
    for row in db.session.execute(sa.select(*Post.__table__.c).where(Post.organization_id.in_(contact_ids))):
        posts[row.organization_id][row.label] = KnownPost(row.id, row.country, row.region)
    above = aliased(Organization)
    rows = db.session.execute(
        sa.select(
            Organization.id,
            Organization.name,
            Organization.category,
            Organization.category_override,
            Organization.country,
            Organization.region,
            Organization.forms_of_address,
            Organization.abbreviation,
            Organization.holders_are,
            Organization.parent_id,
            above.name.label("parent"),
            Organization.founding_date,
            Organization.dissolution_date,
        )
        .outerjoin(above, above.id == Organization.parent_id)
        .where(Organization.id.in_(contact_ids))
    )
    return {
        row.id: KnownOrganization(
            **row._asdict(), **described_by[row.id], as_of=described.get(row.id), posts=posts[row.id]
        )
        for row in rows
    }


def _labels(record: OrganizationRecord) -> set[str]:
    """The names it may go by here, folded."""
    return {fold(name) for name in (record.name, record.abbreviation, *(one.name for one in record.told.names)) if name}


@dataclass(frozen=True)
class OrganizationFits:
    """Every organization a batch of records may be about."""

    by_identifier: Mapping[tuple[str, str], int]
    by_name: Mapping[tuple[str, str], Sequence[tuple[int, str | None]]]

    def contact_ids(self) -> set[int]:
        """All of them."""
        return set(self.by_identifier.values()) | {one for found in self.by_name.values() for one, _country in found}


def find_organizations(records: Sequence[OrganizationRecord]) -> OrganizationFits:
    """Look up a batch by identifiers, names, short names and aliases."""
    bodies = [Body(record.name, record.category) for record in records]
    bodies += [Body(record.abbreviation, record.category) for record in records if record.abbreviation]
    bodies += [Body(name.name, record.category) for record in records for name in record.told.names]
    return OrganizationFits(
        contacts_by_identifier({one for record in records for one in record.identifiers}), organizations_called(bodies)
    )


def match_organization(
    record: OrganizationRecord, fits: OrganizationFits, known: Mapping[int, KnownOrganization]
) -> Match:
    """The one organization a record is about, if that is certain: by identifier, else by category, country and name."""
    named = {fits.by_identifier[one] for one in record.identifiers if one in fits.by_identifier} & known.keys()
    if len(named) == 1:
        return Match(named.pop())
    if named:
        return Match(reason=Reason.AMBIGUOUS, candidates=tuple(sorted(named)))
    called = {
        contact_id: country
        for label in _labels(record)
        for contact_id, country in fits.by_name.get((record.category, label), ())
        if contact_id in known and not _contradicts(record, known[contact_id])
    }
    same = [one for one, country in called.items() if (country or "") == record.country]
    same = [one for one in same if known[one].name == record.name] or same
    # One whose country nobody has told may be any country's.
    vague = [one for one, country in called.items() if not country or not record.country]
    found = same or vague
    if len(found) > 1:
        return Match(reason=Reason.AMBIGUOUS, candidates=tuple(sorted(found)))
    return Match(found[0] if found else None)


def _contradicts(record: OrganizationRecord, known: KnownOrganization) -> bool:
    """Whether a register says that these are two organizations."""
    own = dict(record.identifiers)
    return any(scheme in own and (scheme, own[scheme]) != (scheme, value) for scheme, value in known.identifiers)


def plan_organization(
    record: OrganizationRecord,
    found: Match,
    known: KnownOrganization | None,
    setting: Setting,
    ruling: tuple[Decision | None, bool],
) -> Plan:
    """Compare a record with the organization it was matched to.

    `ruling` is what a person has decided, and whether it was to say which organization is meant: its name here stays
    then, and the record's is one more name of it.
    """
    decision, is_chosen = ruling
    if found.reason is not None:
        return Plan(
            RowKind.SUSPICIOUS, found.contact_id, found.reason, found.candidates, about=ContactKind.ORGANIZATION
        )
    it = Beside(known, setting, Changes(accepted=decision is Decision.ACCEPT))
    # One the two call by another of its names keeps its name here.
    alike = known is not None and (
        record.name in known.other_names or known.name in (record.name, *(one.name for one in record.told.names))
    )
    if is_chosen and known is not None and not alike:
        it.changes.add("other_name", None, record.name)
        it.changes.writes.other_names.append(ToldName(record.name))
    elif not alike:
        it.compare_column("name", record.name)
    it.compare_column("category_override", record.category)
    for column in ("country", "abbreviation", "holders_are", "founding_date", "dissolution_date"):
        if getattr(record, column):
            it.compare_column(column, getattr(record, column))
    it.compare_identifiers(record.identifiers)
    it.compare_languages(record.languages)
    _compare_parent(it, record, known)
    _compare_posts(it, record, known)
    compare_told(it, record.told, {})
    planned = planned_for(known, it.changes, decision)
    return replace(
        planned, describes=decision is not Decision.SKIP, about=ContactKind.ORGANIZATION, ref=record.told.ref
    )


def _compare_parent(it: Beside, record: OrganizationRecord, known: KnownOrganization | None) -> None:
    before = known.parent_id if known else None
    after = it.setting.refs.get(record.parent)
    if not record.parent_name or (before is not None and (after == before or it.is_older)):
        return
    by_hand = before is not None and known is not None and "parent_id" in known.by_hand
    name = known.parent if known else None
    if it.changes.add("parent", name, record.parent_name, Reason.HAND_MADE if by_hand else None):
        it.changes.writes.parent = (record.parent, before)


def _compare_posts(it: Beside, record: OrganizationRecord, known: KnownOrganization | None) -> None:
    """Posts are only ever added, and what is not known of their areas filled."""
    for told in record.posts:
        post = known.posts.get(told.label) if known else None
        if post is None:
            it.changes.add("post", None, told.label)
            it.changes.writes.posts.append(told)
            continue
        filled = {name: getattr(told, name) for name in ("country", "region") if getattr(told, name)}
        filled = {name: value for name, value in filled.items() if getattr(post, name) is None}
        if filled:
            it.changes.add("post", told.label, f"{told.label} ({', '.join(filled.values())})")
            it.changes.writes.post_updates.append(RowUpdate(post.id, dict.fromkeys(filled), filled))
