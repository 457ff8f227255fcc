"""Regions of states: ISO 3166-2 codes behind their many names, and the name a reader knows them by."""

from __future__ import annotations

import csv
import gettext
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pycountry
from babel import Locale

from crm.places.countries import country_code
from crm.places.queries import team_names
from crm.places.spelling import spelling_key
from crm.text import fold

# Names people use that ISO 3166-2 does not carry. One with a language is what its readers call the region.
NAMES = Path(__file__).parent / "facts" / "region_names.csv"

# Languages whose translations of the standard's names are understood, beside the region's own.
LANGUAGES = ("en", "fr", "es", "de", "it", "nl")

# So many words may a region's name have.
_MOST_WORDS = 4
# So many letters may the end of a code have.
_CODE_LENGTH = 3
_BRACKETS = re.compile(r"\s*[\[(][^\])]*[\])]")
_IN_BRACKETS = re.compile(r"\[([^\]]*)\]")
# `Madrid, Comunidad de`, `wallonne, Région`: what stands behind the comma is said first.
_TURNED = re.compile(r"^([^,]+), (\S+|.*\b(?:de|del|da|do|of|di|du|der))$")


@lru_cache(maxsize=16)
def _catalog(language: str) -> gettext.NullTranslations:
    return gettext.translation("iso3166-2", pycountry.LOCALES_DIR, languages=[language], fallback=True)


@lru_cache(maxsize=1)
def _written_names() -> Mapping[str, list[tuple[str, str]]]:
    """Code to (language or nothing, name), from our own file."""
    found: dict[str, list[tuple[str, str]]] = defaultdict(list)
    with NAMES.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            found[row["code"]].append((row["language"], row["label"]))
    return MappingProxyType(found)


def _said(name: str) -> str:
    """The standard's name as people say it: `Madrid, Comunidad de` becomes `Comunidad de Madrid`."""
    return _TURNED.sub(r"\2 \1", _BRACKETS.sub("", name)).strip()


def _spellings(name: str) -> Iterator[str]:
    """Everything the standard's name may be called: as said, without its title, and what stands in brackets."""
    yield _said(name)
    plain = _BRACKETS.sub("", name)
    if _TURNED.match(plain):
        yield plain.partition(",")[0]
    for inside in _IN_BRACKETS.findall(name):
        yield re.sub(r"\s[A-Z]{2}-[A-Z]{3}$", "", inside)  # `Cymru GB-CYM`


def _regions(country: str) -> list[Any]:
    """Every region of the country as pycountry has it, with code, name and parent_code; none for an unknown country."""
    return pycountry.subdivisions.get(country_code=country) or []  # type: ignore[no-untyped-call]


@lru_cache(maxsize=512)
def _region(code: str) -> tuple[str, str] | None:
    """The standard's name and the country of a region; None for a code it does not have."""
    found = pycountry.subdivisions.get(code=code.upper())  # type: ignore[no-untyped-call]
    return (found.name, found.country_code) if found else None


@lru_cache(maxsize=256)
def _codes_by_label(country: str) -> Mapping[str, frozenset[str]]:
    """Label as `spelling_key` spells it to the codes it may mean; where one lies in no other, it alone."""
    found: dict[str, set[str]] = defaultdict(set)
    outer: set[str] = set()
    for region in _regions(country):
        if region.parent_code is None:
            outer.add(region.code)
        names = {region.name, *(_catalog(language).gettext(region.name) for language in LANGUAGES)}
        labels = {label for name in names for label in _spellings(name)}
        labels |= {region.code.partition("-")[2]} | {name for _language, name in _written_names().get(region.code, ())}
        for key in {spelling_key(label) for label in labels} - {""}:
            found[key].add(region.code)
    return MappingProxyType({key: frozenset(codes & outer or codes) for key, codes in found.items()})


def region_code(label: str, country: str | None = None) -> str | None:
    """ISO 3166-2 code of a region named by its code, or in a country (alpha-2) by the code's end or by a name.

    Names are understood with or without accents, in the region's own languages and some others; the team's own names
    win. A name that a region shares with a province in it means the region. None where nothing is known by that label,
    where it could be two regions alike, or where a code lies in another country.
    """
    coded = _region(label.strip())
    if coded is not None:
        return label.strip().upper() if country in (None, coded[1]) else None
    if country is None:
        return None
    key = spelling_key(label)
    own = team_names().get((country, key))
    if own:
        return own
    meant = _codes_by_label(country).get(key, frozenset())
    return next(iter(meant)) if len(meant) == 1 else None


@lru_cache(maxsize=1)
def _countries() -> tuple[str, ...]:
    """The countries (alpha-2) that have regions."""
    every: list[Any] = list(pycountry.subdivisions)
    return tuple(sorted({each.country_code for each in every}))


def countries_with(label: str) -> frozenset[str]:
    """The countries (alpha-2) that have a region of that name, or whose region that code is: La Rioja lies in two.

    The ends of codes are none of the names: every third country has a NO or an ES.
    """
    coded = _region(label.strip())
    if coded is not None:
        return frozenset({coded[1]})
    key = spelling_key(label)
    if len(key) <= _CODE_LENGTH:
        return frozenset()
    own = {scope for scope, named in team_names() if scope and named == key}
    return frozenset({country for country in _countries() if key in _codes_by_label(country)} | own)


def places_called(label: str) -> frozenset[str]:
    """The countries (alpha-2) that have a region of that name, or that name themselves: Georgia is two.

    Codes of countries are not counted among regions: DE is Delaware as well.
    """
    country = country_code(label) if len(label) > _CODE_LENGTH else None
    return countries_with(label) | ({country} if country else set())


def only_country(labels: Iterable[str]) -> dict[str, str]:
    """The country (alpha-2) of each name of a region that lies in one alone; a name of two is left out.

    Where all the names together can only be of one country, it is the country of every one of them: La Rioja beside
    Galicia is Spain's.
    """
    possible = {label: places_called(label) for label in labels}
    known = [countries for countries in possible.values() if countries]
    shared = frozenset.intersection(*known) if known else frozenset()
    found = {label: shared if len(shared) == 1 else countries for label, countries in possible.items() if countries}
    return {label: next(iter(countries)) for label, countries in found.items() if len(countries) == 1}


def region_within(label: str, country: str | None) -> str | None:
    """ISO 3166-2 code of the region of a country that a part of the label names: `Junta de Andalucía`; None for none.

    What stands behind a comma is where something sits, and counts for nothing: `Ministerio de Sanidad, Madrid`.
    """
    if country is None:
        return None
    # A region may be called as its country is: the Parliament of Luxembourg is not that of a canton.
    named = (name for name in _parts(label) if country_code(name) != country)
    return next((code for name in named if (code := region_code(name, country))), None)


def country_within(label: str) -> str | None:
    """The only country (alpha-2) a region of which a part of the label names: `Parlamento de Andalucía`."""
    possible = {country for part in _parts(label) for country in countries_with(part)}
    found = [country for country in possible if region_within(label, country)]
    return found[0] if len(found) == 1 else None


def _parts(label: str) -> Iterator[str]:
    """The words of a label that may name a region, alone and together."""
    words = re.sub(r"[()/–-]", " ", re.split("[,;]", label)[0]).split()
    for start in range(len(words)):
        for end in range(start + 1, min(start + _MOST_WORDS, len(words)) + 1):
            part = " ".join(words[start:end])
            # The ends of codes are words of some language: Gobierno DE España, Xunta DE Galicia.
            if len(part) > _CODE_LENGTH:
                yield part


@lru_cache(maxsize=2048)
def _name(code: str, language: str) -> str:
    for known, name in _written_names().get(code, ()):
        if known == language:
            return name
    found = _region(code)
    return _said(_catalog(language).gettext(found[0])) if found else code


def region_name(code: str | None, locale: Locale | str | None = None) -> str:
    """What a reader of `locale` (default English) calls the region, else its own name; the code where it has none."""
    return _name(code, str(locale or "en").partition("_")[0]) if code else ""


@lru_cache(maxsize=256)
def _by_name(country: str, language: str, outermost: bool) -> tuple[tuple[str, str], ...]:
    found = {
        each.code: region_name(each.code, language)
        for each in _regions(country)
        if each.parent_code is None or not outermost
    }
    often = Counter(found.values())
    # A province may be called as the region it lies in: the code tells them apart.
    named = [(code, name if often[name] == 1 else f"{name} ({code})") for code, name in found.items()]
    return tuple(sorted(named, key=lambda pair: fold(pair[1])))


def regions_of(
    country: str | None, locale: Locale | str | None = None, *, outermost: bool = False
) -> tuple[tuple[str, str], ...]:
    """Code and name of every region of a country (alpha-2) in the order of the folded names, or of the outermost alone.

    The outermost lie in no other region: Spain's autonomous communities, not its provinces.
    """
    return _by_name(country, str(locale or "en"), outermost) if country else ()
