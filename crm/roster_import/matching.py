"""Whom a record is about: by identifier, then by address, then by folded name and country; never by guessing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from crm.directory.sort_names import sort_name_of, turned
from crm.places.countries import country_code
from crm.roster_import.known import Known
from crm.roster_import.lookups import contacts_by_identifier, people_by_address, people_by_sort_name
from crm.roster_import.models import Reason
from crm.roster_import.records import Record
from crm.text import fold


@dataclass(frozen=True)
class Match:
    """The contact a record is about, None for somebody new; or why that cannot be told, and who fits."""

    contact_id: int | None = None
    reason: Reason | None = None
    candidates: tuple[int, ...] = ()


def sort_names(record: Record) -> tuple[str, ...]:
    """The folded names a record may be filed under: its own, or every order of a name nobody has split."""
    if record.family_name:
        return (sort_name_of(record.name, record.given_name, record.family_name),)
    return turned(record.name)


@dataclass(frozen=True)
class Fits:
    """Everybody in the directory that a batch of records may be about, by what they have in common."""

    by_identifier: Mapping[tuple[str, str], int]
    by_address: Mapping[str, set[int]]
    by_sort_name: Mapping[str, list[tuple[int, str | None]]]

    def contact_ids(self) -> set[int]:
        """All of them."""
        found = set(self.by_identifier.values())
        found.update(*self.by_address.values())
        found.update(contact_id for people in self.by_sort_name.values() for contact_id, _country in people)
        return found


def find_fits(records: Sequence[Record]) -> Fits:
    """Look up a batch; names are asked for only where neither identifier nor address is known."""
    by_identifier = contacts_by_identifier({name for record in records for name in record.identifiers})
    unmet = [record for record in records if not any(name in by_identifier for name in record.identifiers)]
    by_address = people_by_address({address for record in records for address in record.emails})
    unmet = [record for record in unmet if not any(len(by_address.get(one, ())) == 1 for one in record.emails)]
    by_sort_name = people_by_sort_name({name for record in unmet for name in sort_names(record)})
    return Fits(by_identifier, by_address, by_sort_name)


def _contradicts(record: Record, known: Known) -> bool:
    """Whether a register or a birth date says that these are two people."""
    own = dict(record.identifiers)
    others = {scheme: value for scheme, value in known.identifiers if scheme in own}
    if any(own[scheme] != value for scheme, value in others.items()):
        return True
    return bool(record.birth_date and known.birth_date and record.birth_date != known.birth_date)


def _by_name(record: Record, fits: Fits, people: Mapping[int, Known]) -> Match:
    label = record.country or record.citizenship
    country = country_code(label) if label else None
    same_name = {
        contact_id: where
        for name in sort_names(record)
        for contact_id, where in fits.by_sort_name.get(name, ())
        if contact_id in people and not _contradicts(record, people[contact_id])
    }
    same = [contact_id for contact_id, where in same_name.items() if country and where == country]
    if len(same) == 1:
        return Match(same[0])
    if same:
        return Match(reason=Reason.AMBIGUOUS, candidates=tuple(sorted(same)))
    # A namesake of another country is another person; one whose country is not known may be anybody.
    unsure = [contact_id for contact_id, where in same_name.items() if not country or where is None]
    if unsure:
        return Match(reason=Reason.NAMESAKE, candidates=tuple(sorted(unsure)))
    return Match()


def match(record: Record, fits: Fits, people: Mapping[int, Known]) -> Match:
    """The one contact a record is about, if that is certain."""
    named = {fits.by_identifier[name] for name in record.identifiers if name in fits.by_identifier} & people.keys()
    if len(named) == 1:
        return Match(named.pop())
    if named:
        return Match(reason=Reason.AMBIGUOUS, candidates=tuple(sorted(named)))
    if record.told is not None:
        alike = _called_just_so(record, fits, people)
        if len(alike) == 1:
            return Match(alike[0])
    reached = {contact_id for address in record.emails for contact_id in fits.by_address.get(address, ())}
    reached = {contact_id for contact_id in reached if contact_id in people}
    alike = [contact_id for contact_id in reached if _alike(record, people[contact_id])]
    same = [contact_id for contact_id in alike if _words(record.name) == _words(people[contact_id].name)]
    if len(same) == 1:
        return Match(same[0])
    if len(reached) == 1:
        return Match(alike[0]) if alike else Match(reason=Reason.SHARED_ADDRESS, candidates=tuple(reached))
    # An address that several people have is an office's: of others there it says nothing.
    if alike:
        return Match(reason=Reason.AMBIGUOUS, candidates=tuple(sorted(same or alike)))
    return _by_name(record, fits, people)


def _called_just_so(record: Record, fits: Fits, people: Mapping[int, Known]) -> list[int]:
    """Who has both the very name and the country: our own exports write them as they stand here.

    Several people may share an address there, which tells less than their names.
    """
    return [
        contact_id
        for contact_id in sorted(fits.contact_ids() & people.keys())
        if (people[contact_id].name, people[contact_id].country or "") == (record.name, record.country)
        and not _contradicts(record, people[contact_id])
    ]


def _alike(record: Record, known: Known) -> bool:
    """Whether the owner of an address may be the person: nothing says otherwise, and the names share a word."""
    return not _contradicts(record, known) and bool(_words(record.name) & _words(known.name))


def _words(name: str) -> set[str]:
    return set(fold(name).split())
