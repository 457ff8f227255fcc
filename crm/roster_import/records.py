"""What every reader yields: one plain record per person of a roster, in the source's own words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class RosterFormat(StrEnum):
    """The formats a roster may come in, one reader each."""

    EP_FULL_LIST = "ep-full-list"
    CSV = "csv"


class Problem(StrEnum):
    """Why a line, or a value of it, cannot be taken over as it stands."""

    NO_NAME = "no_name"
    WRONG_COLUMNS = "wrong_columns"
    NOT_AN_ADDRESS = "not_an_address"
    NOT_A_DATE = "not_a_date"
    UNKNOWN_COUNTRY = "unknown_country"
    TOO_LONG = "too_long"  # for the directory
    NUL = "nul"  # a NUL byte, which no text holds and no database takes
    LOST_LETTERS = "lost_letters"  # question marks inside a word stand for letters the file has lost


@dataclass(frozen=True)
class Mandate:
    """One dated role in an institution. `group` is the label of whom the person sits for; dates are inclusive.

    A mandate without dates is the one that ran on the day the roster describes.
    """

    institution: str
    role: str = "member"
    group: str = ""
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

    `line` is 1-based. `name` is the whole name in the source's spelling; its two parts are None where the source does
    not tell them apart. `country`, `party` and groups are labels of any language. `party` None means nothing was said;
    that somebody belongs to none is said by a label such as “Independent”. `seats` None means that the source does not
    list them. `group` is for sources that tell a person's group and not the institution it sits in; elsewhere it stands
    in the mandate.
    """

    line: int
    name: str
    given_name: str | None = None
    family_name: str | None = None
    identifiers: tuple[tuple[str, str], ...] = ()
    category: str = ""
    country: str = ""
    gender: str = ""
    birth_date: date | None = None
    emails: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    urls: tuple[str, ...] = ()
    twitter: tuple[str, ...] = ()
    mandates: tuple[Mandate, ...] = ()
    group: str = ""
    party: str | None = None
    seats: tuple[Seat, ...] | None = None
    doubts: tuple[Doubt, ...] = ()


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


class UnreadableRoster(Exception):
    """The file as a whole cannot be read. The message is for people: what is wrong, on which line, and what to do."""

    def __init__(self, message: str, line: int | None = None) -> None:
        super().__init__(message)
        self.line = line
