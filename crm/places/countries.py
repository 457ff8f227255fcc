"""Countries: the one code behind their many names, and the name a reader knows them by."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType

import pycountry
from babel import Locale

from crm.places.queries import team_names
from crm.places.spelling import spelling_key
from crm.text import fold

# Names and codes that neither ISO 3166 nor CLDR carries: former names, the EU's own spellings. A label that stands
# there with two codes may be either and names neither.
ALIASES = Path(__file__).parent / "facts" / "country_aliases.csv"

# Languages whose names of countries are understood: those of the European Union and of the United Nations.
LANGUAGES = "en fr es ar ru zh bg cs da de el et fi ga hr hu it lt lv mt nl pl pt ro sk sl sv".split()  # noqa: SIM905

# Not in ISO 3166-1, but used for it by the European institutions and CLDR.
KOSOVO = "XK"


def _iso_names() -> Iterator[tuple[str, str]]:
    for country in pycountry.countries:
        for name in ("alpha_2", "alpha_3", "name", "official_name", "common_name"):
            if hasattr(country, name):
                yield getattr(country, name), country.alpha_2


def _aliases() -> Iterator[tuple[str, str]]:
    with ALIASES.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            yield row["label"], row["code"]


@lru_cache(maxsize=1)
def country_codes() -> frozenset[str]:
    """Every code a country may have here: ISO 3166-1 alpha-2, and XK."""
    return frozenset(country.alpha_2 for country in pycountry.countries) | {KOSOVO}


def _translated_names() -> Iterator[tuple[str, str]]:
    for language in LANGUAGES:
        for code, name in Locale.parse(language).territories.items():
            if code in country_codes():
                yield name, code


@lru_cache(maxsize=1)
def _codes_by_label() -> Mapping[str, frozenset[str]]:
    """Label as `spelling_key` spells it to the codes it may mean: our aliases win over ISO, ISO over translations."""
    codes: dict[str, frozenset[str]] = {}
    for names in (_translated_names(), _iso_names(), _aliases()):
        found: dict[str, set[str]] = defaultdict(set)
        for label, code in names:
            found[spelling_key(label)].add(code)
        codes |= {label: frozenset(owners) for label, owners in found.items()}
    return MappingProxyType(codes)


def countries_meant(label: str) -> frozenset[str]:
    """Codes of every country the label may mean: none where nothing is known by it, two for `Congo`."""
    key = spelling_key(label)
    own = team_names().get(("", key))
    return frozenset({own}) if own else _codes_by_label().get(key, frozenset())


def country_code(label: str) -> str | None:
    """ISO 3166-1 alpha-2 code of a country named by code (alpha-2, alpha-3) or by a present or former name.

    Names of every language of the European Union and the United Nations are understood, with or without accents; the
    team's own names win over all others. None where nothing is known by that label, or where it could be two
    countries (`countries_meant` tells which).
    """
    meant = countries_meant(label)
    return next(iter(meant)) if len(meant) == 1 else None


@lru_cache(maxsize=64)
def _territories(locale: Locale | str) -> Mapping[str, str]:
    parsed = locale if isinstance(locale, Locale) else Locale.parse(locale)
    return dict(parsed.territories)


def country_name(code: str | None, locale: Locale | str | None = None) -> str:
    """What a reader of `locale` (default English) calls the country; the code itself where nobody has named it."""
    if not code:
        return ""
    return _territories(locale or "en").get(code, code)


@lru_cache(maxsize=32)
def _by_name(language: str) -> tuple[tuple[str, str], ...]:
    named = [(code, country_name(code, language)) for code in country_codes()]
    return tuple(sorted(named, key=lambda pair: fold(pair[1])))


def countries_by_name(locale: Locale | str | None = None) -> list[tuple[str, str]]:
    """Code and name of every country, in the order of the folded names."""
    return list(_by_name(str(locale or "en")))
