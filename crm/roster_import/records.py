"""What every reader yields: one plain record per person of a roster (or organization), in the source's own words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Literal, TypeAlias

from crm.directory.models import Category
from crm.roster_import.told import Told, ToldPost


class RosterFormat(StrEnum):
    """The formats a roster may come in, one reader each."""

    EP_FULL_LIST = "ep-full-list"
    EP_TURNOVER = "ep-turnover"  # incoming and outgoing members
    EP_OPEN_DATA = "ep-open-data"  # the Open Data Portal's table
    EP_API = "ep-api"  # the Open Data API, JSON-LD
    PARLTRACK = "parltrack"
    EVERYPOLITICIAN = "everypolitician"
    COMMISSIONERS = "commissioners"
    WORLD_LEADERS = "world-leaders"
    CSV = "csv"
    XLSX = "xlsx"
    POPOLO = "popolo"
    VCARD = "vcard"


class Problem(StrEnum):
    """Why a line, or a value of it, cannot be taken over as it stands."""

    NO_NAME = "no_name"
    WRONG_COLUMNS = "wrong_columns"
    NOT_AN_ADDRESS = "not_an_address"
    NOT_A_DATE = "not_a_date"
    UNKNOWN_COUNTRY = "unknown_country"
    UNKNOWN_REGION = "unknown_region"  # or one of several of that name
    TOO_LONG = "too_long"  # for the directory
    DAMAGED_CARD = "damaged_card"  # of an address book
    NO_PERSON = "no_person"  # the card of an organization or group
    PAST_BODY = "past_body"  # a committee or group as it once was
    NUL = "nul"  # a NUL byte, which no text holds and no database takes
    UNKNOWN_KIND = "unknown_kind"  # of something our own exports tell, in a word this version does not know
    NO_PLACE = "no_place"  # a role, and no institution that it is held in
    LOST_LETTERS = "lost_letters"  # question marks inside a word stand for letters the file has lost


@dataclass(frozen=True)
class Mandate:
    """One dated role in an institution. `group` is the label of whom the person sits for; dates are inclusive.

    A mandate without dates is the one that ran on the day the roster describes; with a `term` and without dates, it is
    one held at some time of that term. `category` is what the institution is (a Category), where no table of ours
    tells; `holders` what an office in it makes of a person (a Category), where that does not follow; `country` a label
    of the country whose institution it is. `post` is the label of the office held,
    `constituency` the area it was won in, in the source's words, `region` that area in ISO 3166-2. `note` is what the
    source says of how far this is to be trusted.
    """

    institution: str
    role: str = "member"
    group: str = ""
    start: date | None = None
    end: date | None = None
    category: str = ""
    holders: str = ""
    country: str = ""
    post: str = ""
    term: str = ""
    constituency: str = ""
    region: str = ""
    note: str = ""


@dataclass(frozen=True)
class Affiliation:
    """Belonging to a group, party, committee or other body for a time, told apart from the mandate it came with.

    A mandate is one, however often its holder changes groups: sources that date each group give these beside it.
    `category` is what the body is (a Category), `institution` the label of the one it is a body of, `code` its short
    code there. Dates are inclusive; without an end it ran on the day the roster describes.
    """

    organization: str
    category: str
    institution: str = ""
    code: str = ""
    role: str = "member"
    start: date | None = None
    end: date | None = None


@dataclass(frozen=True)
class Seat:
    """A role in a committee or delegation of the mandate's institution, by the body's short code."""

    body: str
    role: str = "member"


@dataclass(frozen=True)
class Doubt:
    """A value of the source that cannot be taken over, and why."""

    field: str
    value: str
    problem: Problem


@dataclass(frozen=True)
class Record:
    """One person as the source describes them; empty means that the source says nothing.

    `line` is 1-based. `name` is the whole name in the source's spelling; its two parts are None where the source
    does not tell them apart. `country`, `region` (of a country), `party` and groups are labels of any language.
    `party` None means nothing was said; that somebody belongs to none is said by a label such as “Independent”.
    `seats` None means that the source does not list them. `group` is for sources that tell a person's group and not
    the institution it sits in; elsewhere it stands in the mandate. `citizenship` is the country's label where the
    source tells that alone, which need not be the country a person acts for. `other_names` are all names the person
    goes by besides, or with, `name`; `languages` are BCP 47, best first; `point_labels` has the label of contact
    points that need telling apart, by value. `told` is what our own exports say in full: its memberships, names and
    contact points count instead of the others.
    """

    line: int
    name: str
    given_name: str | None = None
    family_name: str | None = None
    identifiers: tuple[tuple[str, str], ...] = ()
    category: str = ""
    country: str = ""
    region: str = ""
    citizenship: str = ""
    gender: str = ""
    birth_date: date | None = None
    death_date: date | None = None
    honorific_prefix: str = ""
    honorific_suffix: str = ""
    other_names: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    urls: tuple[str, ...] = ()
    twitter: tuple[str, ...] = ()
    faxes: tuple[str, ...] = ()
    facebook: tuple[str, ...] = ()
    instagram: tuple[str, ...] = ()
    point_labels: tuple[tuple[str, str], ...] = ()
    mandates: tuple[Mandate, ...] = ()
    affiliations: tuple[Affiliation, ...] = ()
    group: str = ""
    party: str | None = None
    seats: tuple[Seat, ...] | None = None
    doubts: tuple[Doubt, ...] = ()
    told: Told | None = None


@dataclass(frozen=True)
class OrganizationRecord:
    """One organization as our own exports describe it; empty means that nothing is known.

    `country` is ISO 3166-1 alpha-2, `parent` the document's id of the organization it is part of, which comes earlier.
    """

    line: int
    name: str
    category: Category
    told: Told
    country: str = ""
    abbreviation: str = ""
    holders_are: Category | None = None
    parent: str = ""
    parent_name: str = ""
    founding_date: date | None = None
    dissolution_date: date | None = None
    identifiers: tuple[tuple[str, str], ...] = ()
    languages: tuple[str, ...] = ()
    posts: tuple[ToldPost, ...] = ()
    # What tells such a record from a person's where both are kept as JSON.
    about: Literal["organization"] = "organization"


@dataclass(frozen=True)
class BadLine:
    """A line no person can be made of: the text it holds (cut to a readable length) and what is wrong with it.

    Where one value is what is wrong, `field` names it and `value` is that value, cut too.
    """

    line: int
    text: str
    problem: Problem
    field: str = ""
    value: str = ""


# What a reader yields, line by line.
Item: TypeAlias = Record | OrganizationRecord | BadLine


class UnreadableRoster(Exception):
    """The file as a whole cannot be read. The message is for people: what is wrong, on which line, and what to do."""

    def __init__(self, message: str, line: int | None = None) -> None:
        super().__init__(message)
        self.line = line
