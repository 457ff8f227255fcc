"""Finds the words for an addressee in the tables: the form of address, the opening line and the closing line.

A cell may offer several forms, divided by `|`: the first whose every `{slot}` has a value is written. The last one asks
for nothing but a name, so that there always is a form.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from crm.salutations.honorifics import academic_title, told_gender
from crm.salutations.tables import rows
from crm.salutations.terms import Address, Addressee, Formality, Gender, Office, Origin

_SLOT = re.compile(r"\{(\w+)\}")
_ANY = "*"
_GENDERS = {"female": Gender.WOMAN, "male": Gender.MAN}
# Marks that end an opening, and the one a language puts where somebody's own form has none.
_MARKS = ",:;.!،：、"
_OWN_MARK = {"es": ":", "ar": "،", "zh": "：", "hu": "!", "ru": "!"}
# Mevrouw Van den Berg: without a name before it, a Dutch family name begins with a capital; a Flemish one is as it is.
_CAPITAL_PARTICLES = ("nl", "NL")


@dataclass(frozen=True)
class _Form:
    """One form of a cell, and the slots it needs values for."""

    text: str
    slots: tuple[str, ...]


@dataclass(frozen=True)
class _Row:
    """One row of a table: forms by gender, for some countries or for all."""

    countries: frozenset[str]
    forms: Mapping[Gender, _Forms]


@dataclass(frozen=True)
class _Pattern:
    """The forms that fit an office, a gender, a language, a formality and a country.

    It `doubles` where it writes a woman's and a man's form side by side.
    """

    titles: _Forms
    womans: _Forms
    mans: _Forms
    openings: _Forms
    closings: _Forms
    doubles: bool


_Key = tuple[str, str, str]
_Forms = tuple["_Form", ...]


def _parsed(cell: str) -> _Forms:
    return tuple(_Form(form, tuple(_SLOT.findall(form))) for form in cell.split("|"))


def _cells(row: Mapping[str, str]) -> dict[Gender, _Forms]:
    neutral = row.get("neutral") or row.get("closing", "")
    return {gender: _parsed(row.get(gender) or neutral) for gender in Gender}


@lru_cache(maxsize=3)
def _table(name: str) -> Mapping[_Key, list[_Row]]:
    """Rows by language, office and formality; those for some countries come first."""
    table: dict[_Key, list[_Row]] = defaultdict(list)
    for row in rows(name):
        line = _Row(frozenset(row.get("countries", "").split()), _cells(row))
        for office in row["office"].split():
            table[row["language"], office, row.get("formality", _ANY)].append(line)
    for lines in table.values():
        lines.sort(key=lambda line: not line.countries)
    return table


def _forms(name: str, language: str, office: Office, gender: Gender, formality: Formality, country: str) -> _Forms:
    table = _table(name)
    for wanted in (office, _ANY):
        for manner in (formality, _ANY):
            for line in table.get((language, wanted, manner), ()):
                if not line.countries or country in line.countries:
                    return line.forms[gender]
    return _parsed("{name}")


@lru_cache(maxsize=4096)
def _pattern(language: str, office: Office, gender: Gender, formality: Formality, country: str) -> _Pattern:
    def forms(name: str, of: Gender = gender) -> _Forms:
        return _forms(name, language, office, of, formality, country)

    titles, openings = forms("titles"), forms("openings")
    womans, mans = forms("titles", Gender.WOMAN), forms("titles", Gender.MAN)
    doubles = any("woman" in form.slots for form in (*titles, *openings))
    return _Pattern(titles, womans, mans, openings, forms("closings"), doubles)


def _filled(forms: _Forms, values: Mapping[str, str]) -> str:
    for form in forms:
        for slot in form.slots:
            if not values.get(slot):
                break
        else:
            return form.text.format_map(values) if form.slots else form.text
    return values["name"]


def languages() -> list[str]:
    """The languages the tables know, those with a form for each office first."""
    return list(dict.fromkeys(row["language"] for row in rows("titles")))


@lru_cache(maxsize=1)
def full_languages() -> tuple[str, ...]:
    """The languages with forms for every office and gender; all others know one neutral form."""
    offices: dict[str, set[str]] = defaultdict(set)
    for row in rows("titles"):
        offices[row["language"]].update(row["office"].split())
    return tuple(language for language, known in offices.items() if known >= set(Office))


def gender_of(addressee: Addressee) -> Gender:
    """The form a letter takes: what stands before the name says how one wants to be addressed, then what a source says.

    It is neutral where neither tells, for organizations, and for whoever is neither a woman nor a man.
    """
    if addressee.office is Office.INSTITUTION:
        return Gender.NEUTRAL
    told = told_gender(addressee.honorific)
    return told or _GENDERS.get(addressee.gender or "", Gender.NEUTRAL)


def own_form(own_forms: Mapping[str, str], language: str) -> str:
    """The opening kept with a contact for that language (`en` for `en-GB` too), with a mark at its end; or nothing."""
    base = language.partition("-")[0]
    opening = (own_forms.get(language) or own_forms.get(base) or "").strip()
    if opening and opening[-1] not in _MARKS:
        opening += _OWN_MARK.get(base, ",")
    return opening


def address(addressee: Addressee, language: str, formality: Formality = Formality.STANDARD) -> Address:
    """How a letter in that language addresses its reader; every part of it is always written.

    In a language that the tables do not know, the full name stands for itself.
    """
    base = language.partition("-")[0]
    gender = gender_of(addressee)
    country = addressee.country or ""
    pattern = _pattern(base, addressee.office, gender, formality, country)
    family = addressee.family_name
    if (base, country) == _CAPITAL_PARTICLES:
        family = family[:1].upper() + family[1:]
    values = {"name": addressee.name, "family": family}
    if addressee.honorific:
        values["honorific"] = academic_title(addressee.honorific, base)
    if pattern.doubles:
        values["woman"], values["man"] = _filled(pattern.womans, values), _filled(pattern.mans, values)
    values["title"] = _filled(pattern.titles, values)
    own = own_form(addressee.own_forms, language) if addressee.own_forms else ""
    return Address(
        salutation=own or _filled(pattern.openings, values),
        title=values["title"],
        closing=_filled(pattern.closings, values),
        office=addressee.office,
        gender=gender,
        formality=formality,
        language=language,
        origin=Origin.OWN if own else Origin.RULE,
    )
