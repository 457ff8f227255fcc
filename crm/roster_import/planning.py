"""Going through a roster in batches: whom each line is about, what it changes, and whose mandate has ended."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from crm.places.countries import country_code
from crm.roster_import import labels
from crm.roster_import.changes import Difference, Setting
from crm.roster_import.diffing import Plan, plan, plan_end
from crm.roster_import.known import Known, load_people
from crm.roster_import.known_facts import load_facts
from crm.roster_import.labels import Body
from crm.roster_import.lookups import (
    aliased_organizations,
    chunked,
    ids_by_name,
    members_on,
    names_of,
    organization_ids,
)
from crm.roster_import.mandates import bodies_of
from crm.roster_import.matching import Fits, Match, find_fits, match, sort_names
from crm.roster_import.models import Decision, Reason, RowKind
from crm.roster_import.organizations import (
    KnownOrganization,
    OrganizationFits,
    find_organizations,
    load_organizations,
    match_organization,
    plan_organization,
)
from crm.roster_import.records import BadLine, Item, OrganizationRecord, Record
from crm.text import fold


@dataclass(frozen=True)
class Ruling:
    """What a person decided on a line; `contact_id` is whom it is about, None for somebody new."""

    decision: Decision
    contact_id: int | None = None


def _bodies(records: Iterable[Record]) -> list[Body]:
    """Every organization a batch names, once."""
    found = {
        body.key: body for record in records for body in bodies_of(record, country_code(record.country or "") or None)
    }
    return list(found.values())


def _unreadable(item: BadLine) -> Plan:
    found = [Difference(item.field, None, item.value, item.problem)] if item.field else []
    return Plan(RowKind.UNREADABLE, None, item.problem, (), found)


@dataclass
class Planner:
    """Plans the lines of one import, remembering what it has seen."""

    setting: Setting
    # Whom a line is about, and whom else a line may be about.
    _matched: set[int] = field(default_factory=set)
    _maybe: set[int] = field(default_factory=set)
    # Hashes of what lines of one person have in common: a file may have a hundred thousand.
    _repeatable: set[int] = field(default_factory=set)
    # Whom the ids of the document name: contacts of the directory, and those it will have to make.
    _refs: dict[str, int] = field(default_factory=dict)
    _new_refs: set[str] = field(default_factory=set)

    def plan_batch(self, items: Sequence[Item], rulings: Mapping[int, Ruling] | None = None) -> list[Plan]:
        """One plan per item, in the same order; rulings are by line. Organizations come before people."""
        rulings = rulings or {}
        organizations = {at: item for at, item in enumerate(items) if isinstance(item, OrganizationRecord)}
        planned = self._plan_organizations(organizations, rulings) if organizations else {}
        others = {at: item for at, item in enumerate(items) if not isinstance(item, OrganizationRecord)}
        if others:
            chosen = {position: rulings[at] for position, at in enumerate(others) if at in rulings}
            planned |= zip(others, self._plan_people(list(others.values()), chosen), strict=True)
        return [planned[at] for at in range(len(items))]

    def _plan_organizations(
        self, records: Mapping[int, OrganizationRecord], rulings: Mapping[int, Ruling]
    ) -> dict[int, Plan]:
        """The plans of organizations, by their places in the batch."""
        fits = find_organizations(list(records.values()))
        chosen = {ruling.contact_id for ruling in rulings.values() if ruling.contact_id is not None}
        known = load_organizations(fits.contact_ids() | chosen)
        found = {at: self._whom(record, fits, known, rulings.get(at)) for at, record in records.items()}
        setting = replace(self.setting, refs=self._refs, facts=load_facts(known.keys()))
        planned = {}
        for at, record in records.items():
            contact_id = found[at].contact_id
            organization = known.get(contact_id) if contact_id is not None else None
            ruling = rulings.get(at)
            ruled = (ruling.decision, ruling.contact_id is not None) if ruling else (None, False)
            plan = plan_organization(record, found[at], organization, setting, ruled)
            # Identifiers of others stay with them.
            plan.writes.identifiers[:] = [name for name in plan.writes.identifiers if name not in fits.by_identifier]
            self._settle(record, found[at])
            planned[at] = plan
        return planned

    def _whom(
        self,
        record: OrganizationRecord,
        fits: OrganizationFits,
        known: Mapping[int, KnownOrganization],
        ruling: Ruling | None,
    ) -> Match:
        found = match_organization(record, fits, known)
        if self._is_repeated(record, found.contact_id) and found.reason is None:
            found = Match(found.contact_id, Reason.REPEATED, (found.contact_id,) if found.contact_id else ())
        if ruling is not None and ruling.decision is Decision.ACCEPT:
            found = self._ruled(found, ruling.contact_id if ruling.contact_id in known else None)
        if found.contact_id is not None:
            self._matched.add(found.contact_id)
        return found

    def _settle(self, record: Record | OrganizationRecord, found: Match) -> None:
        """Remember whom the document's id names."""
        if record.told is None or found.reason is not None:
            return
        if found.contact_id is None:
            self._new_refs.add(record.told.ref)
        else:
            self._refs[record.told.ref] = found.contact_id

    def _organization_ids(self, bodies: Sequence[Body]) -> dict[tuple[str, ...], int]:
        """Organization of each body (by `Body.key`) that the directory has."""
        found = {body.key: self._refs[body.ref] for body in bodies if body.ref in self._refs}
        unmet = [body for body in bodies if body.key not in found and body.ref not in self._new_refs]
        return found | ids_by_name(unmet)

    def _plan_people(self, items: Sequence[Record | BadLine], rulings: Mapping[int, Ruling]) -> list[Plan]:
        records = [item for item in items if isinstance(item, Record)]
        fits = find_fits(records)
        chosen = {ruling.contact_id for ruling in rulings.values() if ruling.contact_id is not None}
        people = load_people(fits.contact_ids() | chosen, self.setting.as_of)
        bodies = _bodies(records)
        organizations, aliased = self._organization_ids(bodies), aliased_organizations(bodies)
        names = names_of(set(aliased.values()))
        setting = replace(
            self.setting,
            organizations=organizations,
            aliases={key: names[one] if organizations.get(key) == one else "" for key, one in aliased.items()},
            refs=self._refs,
            facts=load_facts(people.keys()) if any(record.told for record in records) else {},
        )
        return [
            self._plan(item, fits, people, setting, rulings.get(position))
            if isinstance(item, Record)
            else _unreadable(item)
            for position, item in enumerate(items)
        ]

    def _plan(
        self, record: Record, fits: Fits, people: Mapping[int, Known], setting: Setting, ruling: Ruling | None
    ) -> Plan:
        found = match(record, fits, people)
        repeated = self._is_repeated(record, found.contact_id)
        if repeated and found.reason is None:
            found = Match(found.contact_id, Reason.REPEATED, (found.contact_id,) if found.contact_id else ())
        # Nobody who may be meant by a line is taken for absent.
        self._maybe.update(found.candidates)
        doubtful = found.reason is not None
        if ruling is not None and ruling.decision is Decision.ACCEPT:
            found = self._ruled(found, ruling.contact_id if ruling.contact_id in people else None)
        if found.contact_id is not None:
            self._matched.add(found.contact_id)
        self._settle(record, found)
        known = people.get(found.contact_id) if found.contact_id is not None else None
        planned = plan(record, found, known, setting, ruling.decision if ruling else None)
        if doubtful:
            # Identifiers of others stay with them.
            planned.writes.identifiers[:] = [
                name for name in planned.writes.identifiers if name not in fits.by_identifier and not repeated
            ]
        return planned

    def _ruled(self, found: Match, chosen: int | None) -> Match:
        """Whom a line is about now that a person has said so; None is somebody new."""
        if found.reason is not None:
            return Match(chosen)
        if found.contact_id is not None or chosen is None:
            return found
        # Taken for new, it resembled somebody, whom another line may be about all the same.
        return Match(chosen, Reason.REPEATED, (chosen,)) if chosen in self._matched else Match(chosen)

    def _is_repeated(self, record: Record | OrganizationRecord, contact_id: int | None) -> bool:
        """Whether an earlier line was about the same contact; the line is remembered."""
        keys = {hash(("identifier", *name)) for name in record.identifiers}
        # Everybody stands in our own exports once, whomever they share a name or an address with.
        if isinstance(record, Record) and record.told is None:
            # The address of an office is that of people with quite other names.
            words = fold(record.name).split()
            keys |= {hash(("address", address, word)) for address in record.emails for word in words}
            if not record.identifiers and not record.emails:
                keys |= {hash(("name", name, record.country)) for name in sort_names(record)[:1]}
        repeated = not keys.isdisjoint(self._repeatable) or contact_id in self._matched
        self._repeatable |= keys
        return repeated

    def plan_ends(
        self, institution: str, rulings: Mapping[int, Ruling] | None = None, among: Iterable[int] | None = None
    ) -> Iterator[tuple[Known, Plan]]:
        """Whose mandate in the institution has ended: everybody whom this complete roster does not name.

        Nobody whom a roster of the same or a later day names, nor anybody at all where a later complete roster is
        known. Rulings are by contact; `among` limits whom to look at.
        """
        parliament = labels.institution(institution)
        parliament_id = organization_ids([parliament]).get(parliament.key)
        if parliament_id is None or self.setting.later_rosters.get(parliament.name):
            return
        absent = members_on(parliament_id, self.setting.as_of) - self._matched - self._maybe
        if among is not None:
            absent &= set(among)
        for chunk in chunked(sorted(absent)):
            for contact_id, known in sorted(load_people(chunk, self.setting.as_of).items()):
                if known.as_of is not None and known.as_of >= self.setting.as_of:
                    continue
                mandates = [
                    one
                    for one in known.memberships
                    if one.is_open
                    and one.organization_id == parliament_id
                    and (one.start_date is None or one.start_date <= self.setting.as_of)
                ]
                ruling = (rulings or {}).get(contact_id)
                planned = plan_end(mandates, known, self.setting, parliament, ruling.decision if ruling else None)
                yield known, planned
