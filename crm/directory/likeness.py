"""How alike two contacts are: a score of 100 with its reasons, and the blocks in which it is worth looking."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from itertools import combinations, permutations
from typing import TypeAlias

from rapidfuzz import fuzz

from crm.directory.models import ContactKind


class Reason(StrEnum):
    """Why two contacts may be one, or may not; see `likeness`."""

    SAME_ADDRESS = "same_address"
    SAME_PHONE = "same_phone"
    SAME_NAME = "same_name"
    REORDERED_NAME = "reordered_name"  # the same words in another order
    OTHER_NAME = "other_name"  # one goes or went by a name of the other
    SAME_GOVERNMENT = "same_government"  # both names say the same government or ministry
    SHORT_NAME = "short_name"  # an organization's abbreviation is the other's name or abbreviation
    LONGER_NAME = "longer_name"  # the one name has words more than the other
    SIMILAR_NAME = "similar_name"
    PART_OF_NAME = "part_of_name"  # one word in common, and the others begin alike; worth a look only beside more
    SAME_OFFICE = "same_office"  # the same role in the same institution
    SAME_INSTITUTION = "same_institution"
    SAME_PARTY = "same_party"
    SAME_BIRTH_DATE = "same_birth_date"
    SAME_COUNTRY = "same_country"
    COUNTRY_UNKNOWN = "country_unknown"
    REGISTERS_DIFFER = "registers_differ"  # one register has both, as two
    BIRTH_DATES_DIFFER = "birth_dates_differ"
    COUNTRIES_DIFFER = "countries_differ"


# What speaks against it: never certain then.
AGAINST = (Reason.REGISTERS_DIFFER, Reason.BIRTH_DATES_DIFFER, Reason.COUNTRIES_DIFFER)


Block: TypeAlias = tuple[object, ...]
NO_WORDS: frozenset[str] = frozenset()

LOWEST_SCORE = 45
HIGHEST_SCORE = 99
# What contradicts itself is shown at most so sure, and only where everything else agrees.
CONTRADICTED = 48
STRONG = 90

# What a name in common is worth, for people and for organizations: of people there are namesakes.
_NAMES = {
    Reason.SAME_NAME: (68, 80),
    Reason.REORDERED_NAME: (67, 70),
    Reason.OTHER_NAME: (65, 72),
    Reason.SHORT_NAME: (0, 60),
    Reason.SAME_GOVERNMENT: (0, 60),
    Reason.LONGER_NAME: (48, 0),
    Reason.PART_OF_NAME: (30, 0),
}
# A switchboard's number is many people's: it counts only beside a name.
_PHONE, _OFFICE, _INSTITUTION = 20, 15, 4
_ADDRESS_ALONE, _ADDRESS, _BIRTH_DATE, _PARTY, _COUNTRY, _OTHER_COUNTRY, _OTHER_CATEGORY = 20, 25, 25, 8, 15, -40, -25
# Names this alike (of 100) may be two spellings of one.
_ALIKE = 90
_ALIKE_BASE = 42
# The least that two spellings of one word are alike.
_SPELLING = 70
# Committee 1 is not Committee 2.
_NUMBER = re.compile(r"\d+")
# Names of more words are compared by their first ones: a key for each pair of words would be too many.
_WORDS_LOOKED_AT = 4
# Shorter words are particles and initials.
_SHORTEST_NAME = 3
# A number without its country: so many digits tell it from others, fewer are an extension.
_PHONE_DIGITS, _LEAST_PHONE_DIGITS = 9, 7
_EXTENSION = re.compile(r"(?:ext|x|poste|#|;).*", re.IGNORECASE | re.DOTALL)
# The role that says no more than the institution does.
PLAIN_ROLE = "member"
_VOWELS = re.compile(r"[aeiouyhw]")
_TWICE = re.compile(r"(.)\1+")


@dataclass(frozen=True, slots=True)
class Subject:
    """A contact as likeness sees it; every name is folded. `name` of a person has the family name first.

    `phones` are as `phone_key` has them, `offices` the institutions somebody holds an office in now, each with the
    role or post there, both folded; `PLAIN_ROLE` where it is a member like all others. `governs` is which
    government or ministry it is: see `portfolios`.
    """

    id: int
    kind: ContactKind
    name: str
    category: str
    country: str | None = None
    birth_date: date | None = None
    party_id: int | None = None
    short_name: str = ""
    addresses: frozenset[str] = NO_WORDS
    phones: frozenset[str] = NO_WORDS
    offices: frozenset[tuple[str, str]] = frozenset()
    registers: tuple[tuple[str, str], ...] = ()
    other_names: frozenset[str] = NO_WORDS
    governs: str = ""
    words: tuple[str, ...] = field(init=False, compare=False)
    sorted_name: str = field(init=False, compare=False)

    def __post_init__(self) -> None:
        words = tuple(self.name.split())
        object.__setattr__(self, "words", words)
        object.__setattr__(self, "sorted_name", in_order(self.name))

    @property
    def is_person(self) -> bool:
        """Whether it is somebody."""
        return self.kind is ContactKind.PERSON


@dataclass(frozen=True)
class Likeness:
    """How sure it is that two contacts are one, and why."""

    score: int
    reasons: tuple[Reason, ...]


def in_order(name: str) -> str:
    """The words of a folded name in the order of the alphabet, so that swapped parts do not matter."""
    return " ".join(sorted(name.split()))


def phone_key(number: str) -> str:
    """The end of a telephone number, however it is written, with the country or without; "" for what is none."""
    digits = "".join(filter(str.isdecimal, _EXTENSION.sub("", number)))
    return digits[-_PHONE_DIGITS:] if len(digits) >= _LEAST_PHONE_DIGITS else ""


def skeleton(word: str) -> str:
    """What is left of a word when its spelling varies: its first letter and consonants, none of them twice."""
    return _TWICE.sub(r"\1", word[:1] + _VOWELS.sub("", word[1:]))


def blocks(subject: Subject) -> Iterator[Block]:
    """The keys under which a contact is looked for; two that share none are not compared."""
    yield subject.kind, subject.sorted_name
    for name in subject.other_names:
        yield subject.kind, in_order(name)
    if subject.short_name:
        yield subject.kind, "short", subject.short_name, subject.country
        yield subject.kind, subject.short_name
    if subject.governs:
        yield subject.kind, "governs", subject.governs
    for address in subject.addresses:
        yield subject.kind, "address", address
    for phone in subject.phones:
        yield subject.kind, "phone", phone
    for institution, role in subject.offices:
        if role != PLAIN_ROLE:
            yield subject.kind, "office", institution, role
    if subject.birth_date is not None:
        yield "born", subject.birth_date
    words = subject.words[:_WORDS_LOOKED_AT]
    for one, other in permutations(words, 2):
        yield subject.kind, subject.country, skeleton(one), other[:1]


def _by_name(one: Subject, other: Subject) -> Reason | None:
    if one.sorted_name == other.sorted_name:
        return Reason.SAME_NAME if one.name == other.name else Reason.REORDERED_NAME
    if (one.other_names or other.other_names) and _known_by(one) & _known_by(other):
        return Reason.OTHER_NAME
    if not one.is_person:
        names, others = {one.name, one.short_name} - {""}, {other.name, other.short_name} - {""}
        if names & others:
            return Reason.SHORT_NAME
        return Reason.SAME_GOVERNMENT if one.governs and one.governs == other.governs else None
    shorter, longer = sorted((set(one.words), set(other.words)), key=len)
    # The family name's first word and another: a second given name or surname is often left out.
    if len(shorter) >= 2 and shorter <= longer and one.words[0] == other.words[0] and _has_more(one, other):
        return Reason.LONGER_NAME
    return None


def _has_more(one: Subject, other: Subject) -> bool:
    """Whether the one name is the other and more, each word as often: García García is no part of García López."""
    fewer, more = sorted((one.words, other.words), key=len)
    return len(fewer) < len(more) and Counter(fewer) < Counter(more)


def _known_by(subject: Subject) -> set[str]:
    return {subject.sorted_name, *map(in_order, subject.other_names)}


def _alike(one: Subject, other: Subject) -> float:
    straight = fuzz.ratio(one.name, other.name, score_cutoff=_ALIKE)
    found = straight or fuzz.ratio(one.sorted_name, other.sorted_name, score_cutoff=_ALIKE)
    if not found or _NUMBER.findall(one.name) != _NUMBER.findall(other.name):
        return 0.0
    return found if _spelt_alike(one, other) else 0.0


def _spelt_alike(one: Subject, other: Subject) -> bool:
    """Whether every word they do not share is short for, or spells, one of the other's: Ana is not Eva."""
    mine, theirs = sorted((set(one.words), set(other.words)), key=len)
    return all(
        any(
            word.startswith(each) or each.startswith(word) or fuzz.ratio(word, each) >= _SPELLING
            for each in theirs - mine
        )
        for word in mine - theirs
    )


def _part_of_name(one: Subject, other: Subject) -> bool:
    """Whether they share a word of their names, and what else there is of them begins alike or is left out."""
    mine, theirs = set(one.words), set(other.words)
    if not any(len(word) >= _SHORTEST_NAME for word in mine & theirs):
        return False
    rest, others = mine - theirs, theirs - mine
    return not rest or not others or not {word[0] for word in rest}.isdisjoint(word[0] for word in others)


def _shared(one: Subject, other: Subject) -> tuple[float, list[Reason]]:
    """What a phone number, an office and an institution in common are worth beside a name."""
    score, reasons = 0.0, []
    if one.phones & other.phones:
        score += _PHONE
        reasons.append(Reason.SAME_PHONE)
    offices = one.offices & other.offices
    if any(role != PLAIN_ROLE for _institution, role in offices):
        score += _OFFICE
        reasons.append(Reason.SAME_OFFICE)
    elif {institution for institution, _role in one.offices} & {institution for institution, _role in other.offices}:
        score += _INSTITUTION
        reasons.append(Reason.SAME_INSTITUTION)
    return score, reasons


def _contradictions(one: Subject, other: Subject) -> list[Reason]:
    found: list[Reason] = []
    mine, theirs = dict(one.registers), dict(other.registers)
    shared = mine.keys() & theirs.keys()
    if any(mine[scheme] != theirs[scheme] for scheme in shared):
        found.append(Reason.REGISTERS_DIFFER)
    if one.birth_date and other.birth_date and one.birth_date != other.birth_date:
        found.append(Reason.BIRTH_DATES_DIFFER)
    return found


def _named(one: Subject, other: Subject) -> tuple[float, list[Reason]]:
    """What the names are worth, and an address, a phone number or an office in common."""
    reasons: list[Reason] = []
    score = 0.0
    named = _by_name(one, other)
    if named is not None:
        score = _NAMES[named][0 if one.is_person else 1]
        reasons.append(named)
    else:
        ratio = _alike(one, other)
        if ratio:
            score = _ALIKE_BASE + ratio - _ALIKE
            reasons.append(Reason.SIMILAR_NAME)
    shared, around = _shared(one, other)
    telling = Reason.SAME_PHONE in around or Reason.SAME_OFFICE in around
    if not reasons and telling and one.is_person and _part_of_name(one, other):
        score = _NAMES[Reason.PART_OF_NAME][0]
        reasons.append(Reason.PART_OF_NAME)
    if reasons:
        score += shared
        reasons += around
    if one.addresses & other.addresses:
        score += _ADDRESS if reasons else _ADDRESS_ALONE + _ADDRESS
        reasons.insert(0, Reason.SAME_ADDRESS)
    return score, reasons


def _around(one: Subject, other: Subject) -> tuple[float, list[Reason]]:
    """What country, party and day of birth add or take away."""
    score, reasons = 0.0, []
    if one.birth_date is not None and one.birth_date == other.birth_date:
        score += _BIRTH_DATE
        reasons.append(Reason.SAME_BIRTH_DATE)
    if one.party_id is not None and one.party_id == other.party_id:
        score += _PARTY
        reasons.append(Reason.SAME_PARTY)
    if one.country is None or other.country is None:
        reasons.append(Reason.COUNTRY_UNKNOWN)
    elif one.country == other.country:
        score += _COUNTRY
        reasons.append(Reason.SAME_COUNTRY)
    else:
        score += _OTHER_COUNTRY
        reasons.append(Reason.COUNTRIES_DIFFER)
    if not one.is_person and one.category != other.category:
        score += _OTHER_CATEGORY
    return score, reasons


def likeness(one: Subject, other: Subject) -> Likeness | None:
    """How alike two contacts are; None where they are not worth a look."""
    if one.kind is not other.kind:
        return None
    score, reasons = _named(one, other)
    if not reasons:
        return None
    around, more = _around(one, other)
    score += around
    reasons += more
    against = _contradictions(one, other)
    if against:
        score = min(score, CONTRADICTED) if score >= STRONG else 0
        reasons += against
    elif Reason.COUNTRIES_DIFFER in reasons:
        score = min(score, STRONG - 1)
    whole = min(round(score), HIGHEST_SCORE)
    return Likeness(whole, tuple(reasons)) if whole >= LOWEST_SCORE else None


def pairs(members: list[int]) -> Iterator[tuple[int, int]]:
    """Every two of a block, the smaller id first."""
    return combinations(sorted(members), 2)
