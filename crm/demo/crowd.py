"""A crowd of invented people of any size, for trying out and measuring how the product bears it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

from babel.languages import get_official_languages

from crm import clock
from crm.demo.crowd_rows import insert, insert_known
from crm.demo.crowd_statements import say
from crm.demo.crowd_talks import plan, talk
from crm.demo.crowd_targets import ONE_IN, CrowdCampaign, start_campaign
from crm.directory.actions import create_organization
from crm.directory.models import (
    OPEN_END,
    Category,
    Contact,
    ContactKind,
    ContactLanguage,
    ContactPoint,
    ContactSource,
    Membership,
    Organization,
    PointKind,
    PointStatus,
    made_of_holders,
)
from crm.directory.projection import derived_columns, projected_together
from crm.directory.standing import Affiliation, Mandate, standing
from crm.places.countries import country_name
from crm.places.european_union import eu_members
from crm.places.regions import regions_of
from crm.search_index.actions import TextChange, keep_words, words_of
from crm.text import fold
from crm.timeline.models import EntryKind, TimelineEntry
from crm.unit_of_work import current_unit_of_work

SOURCE = "demo"
ROSTER = "Roster of the crowd"
PARLIAMENT = "Parliament of the Crowd"
HISTORY = 10
SPEAKS_UP = 6
LOOKED_AFTER = 40
CHUNK = 5_000
PARTIES_A_COUNTRY = 4
GROUPS = ("Amber", "Birch", "Cedar", "Delta", "Elm", "Fjord", "Granite", "Harbour")
COMMITTEES = ("Employment", "Migration", "Human Rights", "Trade", "Budgets", "Culture", "Development", "Fisheries")
MINISTRIES = ("Labour", "Foreign Affairs")
REGIONS_A_COUNTRY = 3
TERM_BEGAN = date(2024, 7, 16)


def _words(*lines: str) -> list[str]:
    return " ".join(lines).split()


_GIVEN = _words(
    "Ada Bérénice Ciarán Dáša Élodie Fañch Győző Hélder Inês Jürgen Łucja Maëlle",
    "Niamh Ödön Petr Rūta Søren Tõnu Ümit Věra Yannis Žiga",
)
_BEGINNINGS = _words(
    "Alver Brand Cas Dom Ester Fern Grön Hav Ilv Jan Kov Lind Mar Nov",
    "Ost Pal Quin Ros Sal Tor Ulv Vald Wes Zab",
)
_MIDDLES = ("", "a", "e", "i", "o", "em", "er", "in", "ob", "ul")
_ENDINGS = _words("berg ček dóttir eanu ford gaard hof iņš kis lainen mann nova ová poulos ques ridge sson tti vić zzi")


@dataclass(frozen=True)
class _Person:
    """One invented person as the projection reads one, with what they belong to: seat, group, party, committees."""

    given_name: str
    family_name: str
    country: str
    region: str | None
    languages: tuple[str, ...]
    seat: Organization
    group: Organization | None
    party: Organization
    committees: tuple[Organization, ...]
    ended: date | None
    email: str | None
    kind: ContactKind = ContactKind.PERSON
    category_override: None = None

    @property
    def name(self) -> str:
        """The whole name."""
        return f"{self.given_name} {self.family_name}"


class _Organizations:
    """A parliament of all, its groups and committees; parties, a parliament, ministries and regions of each country."""

    def __init__(self) -> None:
        self.countries = sorted(eu_members(TERM_BEGAN))
        self.parliament = create_organization(PARLIAMENT, category=Category.PARLIAMENT, holders_are=Category.MEP)
        self.groups = [
            create_organization(f"{name} Group", category=Category.POLITICAL_GROUP, abbreviation=name)
            for name in GROUPS
        ]
        self.committees = [
            create_organization(f"Committee on {subject}", category=Category.COMMITTEE, parent_id=self.parliament.id)
            for subject in COMMITTEES
        ]
        self.parties = {
            country: [
                create_organization(
                    f"Party {number} of {country_name(country)}", category=Category.PARTY, country=country
                )
                for number in range(1, PARTIES_A_COUNTRY + 1)
            ]
            for country in self.countries
        }
        self.seats = {country: self._seats(country) for country in self.countries}

    def _seats(self, country: str) -> list[Organization]:
        """Where a country's people sit besides the parliament of all: as often as they stand here."""
        name = country_name(country)
        parliament = create_organization(f"Parliament of {name}", category=Category.PARLIAMENT, country=country)
        ministries = [
            create_organization(f"Ministry of {subject} of {name}", category=Category.GOVERNMENT, country=country)
            for subject in MINISTRIES
        ]
        regions = [
            create_organization(
                f"Government of {region}", category=Category.REGIONAL_GOVERNMENT, country=country, region=code
            )
            for code, region in regions_of(country)[:REGIONS_A_COUNTRY]
        ]
        return [parliament, parliament, parliament, *ministries, *regions]


def _people(size: int, organizations: _Organizations) -> Iterator[_Person]:
    """The same people for the same size, in uneven shares: the first countries have many, the last few."""
    random = Random(size)  # noqa: S311 - invented names, not secrets
    countries = organizations.countries
    weights = [1 / (rank + 1) for rank in range(len(countries))]
    regions = {country: [code for code, _name in regions_of(country)] for country in countries}
    spoken = {country: get_official_languages(country, de_facto=True)[:1] for country in countries}
    for number in range(size):
        given, country = random.choice(_GIVEN), random.choices(countries, weights)[0]
        family = random.choice(_BEGINNINGS) + random.choice(_MIDDLES) + random.choice(_ENDINGS)
        seat = organizations.parliament if random.random() < 0.6 else random.choice(organizations.seats[country])
        sits = seat is organizations.parliament
        yield _Person(
            given_name=given,
            family_name=family,
            country=country,
            region=seat.region or (random.choice(regions[country]) if regions[country] else None),
            languages=tuple(dict.fromkeys((*spoken[country], "en") if random.random() < 0.7 else spoken[country])),
            seat=seat,
            group=random.choice(organizations.groups) if sits else None,
            party=random.choice(organizations.parties[country]),
            committees=tuple(random.sample(organizations.committees, random.randrange(3))) if sits else (),
            ended=TERM_BEGAN + timedelta(days=random.randrange(400)) if random.random() < 0.06 else None,
            email=f"{fold(given)}.{fold(family)}.{number}@crowd.example" if random.random() < 0.96 else None,
        )


class _Named(dict[int, Affiliation]):
    """Organizations as memberships name them, each made once."""

    def of(self, organization: Organization) -> Affiliation:
        """The affiliation with an organization."""
        if organization.id not in self:
            category = organization.category
            region = organization.effective_region
            makes = made_of_holders(category, organization.holders_are, region)
            self[organization.id] = Affiliation(
                organization.id, organization.name, organization.abbreviation, category, makes, region
            )
        return self[organization.id]


def _contact_row(person: _Person, named: _Named, at: datetime) -> dict[str, Any]:
    last = person.ended or OPEN_END
    group = named.of(person.group) if person.group else None
    mandates = [
        Mandate(last, TERM_BEGAN, named.of(person.seat), group, person.region),
        Mandate(OPEN_END, None, named.of(person.party), None),
    ]
    mandates += [Mandate(last, TERM_BEGAN, named.of(committee), None) for committee in person.committees]
    return {
        "kind": person.kind,
        "name": person.name,
        "given_name": person.given_name,
        "family_name": person.family_name,
        "country": person.country,
        "region": person.region,
        "forms_of_address": {},
        "owner_id": None,
        "created_at": at,
        "updated_at": at,
        **derived_columns(person, standing(mandates, at.date()), person.email, ()),
    }


def _insert_contacts(
    people: list[_Person], named: _Named, campaign: CrowdCampaign | None, at: datetime
) -> list[tuple[int, _Person]]:
    rows = [_contact_row(person, named, at) for person in people]
    if campaign is not None:
        for row in rows[::LOOKED_AFTER]:
            row["owner_id"] = campaign.random.choice(campaign.officers)
    ids = insert_known(Contact, rows)
    keep_words(
        TextChange(id_, {}, words_of(row["sort_name"], row["search_text"])) for id_, row in zip(ids, rows, strict=True)
    )
    return list(zip(ids, people, strict=True))


def _insert_memberships(known: list[tuple[int, _Person]]) -> None:
    blank = {"role": "member", "source": SOURCE}
    seat = blank | {"term": "10", "start_date": TERM_BEGAN}
    insert(
        Membership,
        [
            seat
            | {
                "person_id": id_,
                "organization_id": person.seat.id,
                "on_behalf_of_id": person.group.id if person.group else None,
                "country": person.country,
                "region": person.region,
                "end_date": person.ended,
            }
            for id_, person in known
        ],
    )
    insert(Membership, [blank | {"person_id": id_, "organization_id": person.party.id} for id_, person in known])
    insert(
        Membership,
        [
            seat | {"person_id": id_, "organization_id": committee.id, "end_date": person.ended}
            for id_, person in known
            for committee in person.committees
        ],
    )


def _insert_people(people: list[_Person], named: _Named, campaign: CrowdCampaign | None) -> None:
    at = clock.now()
    known = _insert_contacts(people, named, campaign, at)
    _insert_memberships(known)
    point = {"kind": PointKind.EMAIL, "status": PointStatus.CURRENT, "source": SOURCE}
    insert(ContactPoint, [point | {"contact_id": id_, "value": person.email} for id_, person in known if person.email])
    insert(
        ContactLanguage,
        [
            {"contact_id": id_, "language": language, "rank": rank}
            for id_, person in known
            for rank, language in enumerate(person.languages)
        ],
    )
    insert(ContactSource, [{"contact_id": id_, "label": ROSTER, "url": "", "as_of": at.date()} for id_, _ in known])
    event = {"kind": EntryKind.IMPORTED, "reference": "crowd:1", "details": {}, "actor": current_unit_of_work().actor}
    insert(
        TimelineEntry,
        [
            event | {"contact_id": id_, "at": at - timedelta(days=30 * age), "summary": f"Roster of {age} months ago"}
            for id_, _ in known
            for age in range(HISTORY)
        ],
    )
    if campaign is not None:
        _work(campaign, [id_ for id_, _ in known], at)


def _work(campaign: CrowdCampaign, contact_ids: Sequence[int], at: datetime) -> None:
    """What a campaign does with its targets among these, and hears from them and from others."""
    pursued = campaign.pursue(contact_ids[::ONE_IN], at)
    talk(campaign, pursued, at)
    plan(campaign, pursued, at)
    said = [*(each.contact_id for each in pursued if len(each.path) > 1), *contact_ids[1::SPEAKS_UP]]
    say(campaign, sorted(set(said)), at)


def create_crowd(size: int) -> None:
    """Add `size` invented people, in the running unit of work.

    Each has a seat, a party, languages and ten events, most an address and committees. Where there are a user and a
    treaty, every fifth is a target of a campaign, with talks, tasks and promises, and many said where they stand; some
    of that a team keeps to itself. Written in bulk, a thousand people a second; the trail holds how many they are.
    """
    with projected_together():
        organizations = _Organizations()
    named, campaign = _Named(), start_campaign(size)
    waiting: list[_Person] = []
    for person in _people(size, organizations):
        waiting.append(person)
        if len(waiting) == CHUNK:
            _insert_people(waiting, named, campaign)
            waiting = []
    if waiting:
        _insert_people(waiting, named, campaign)
    current_unit_of_work().notes["invented people"] = size
