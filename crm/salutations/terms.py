"""Offices as protocol tells them apart, how gender and formality are known, and whom a letter addresses."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple


class Office(StrEnum):
    """What a letter addresses its reader as. The order is that of rank: who holds several offices is the first."""

    MONARCH = "monarch"
    HEAD_OF_STATE = "head_of_state"
    HEAD_OF_GOVERNMENT = "head_of_government"
    INSTITUTION_PRESIDENT = "institution_president"
    SPEAKER = "speaker"
    VICE_PRESIDENT = "vice_president"
    COMMISSIONER = "commissioner"
    REGIONAL_PRESIDENT = "regional_president"
    MINISTER = "minister"
    DEPUTY_MINISTER = "deputy_minister"
    STATE_SECRETARY = "state_secretary"
    REGIONAL_MINISTER = "regional_minister"
    AMBASSADOR = "ambassador"
    MEP = "mep"
    SENATOR = "senator"
    NATIONAL_MP = "national_mp"
    MAYOR = "mayor"
    OFFICIAL = "official"
    INSTITUTION = "institution"


class Gender(StrEnum):
    """The form a letter takes; `NEUTRAL` wherever no source tells, for it is never guessed."""

    WOMAN = "woman"
    MAN = "man"
    NEUTRAL = "neutral"


class Formality(StrEnum):
    """How ceremonious a letter is."""

    STANDARD = "standard"
    FORMAL = "formal"


class Origin(StrEnum):
    """Where the words of an opening come from."""

    OWN = "own"
    RULE = "rule"


_NONE: Mapping[str, str] = MappingProxyType({})


class Addressee(NamedTuple):
    """Whom a letter addresses, in plain values.

    `name` is the full name and `family_name` its last part, as letters write them. `gender` is what a source says,
    `honorific` what stands before the name, `own_forms` the openings kept with the contact, by language.
    """

    office: Office
    name: str
    family_name: str = ""
    gender: str | None = None
    honorific: str | None = None
    country: str | None = None
    own_forms: Mapping[str, str] = _NONE


class Address(NamedTuple):
    """What a letter writes: its opening line, the form of address inside a sentence, its closing line, and why."""

    salutation: str
    title: str
    closing: str
    office: Office
    gender: Gender
    formality: Formality
    language: str
    origin: Origin
