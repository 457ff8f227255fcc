"""Countries: the one code behind their many names, and the name a reader knows them by."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import pycountry
from babel import Locale

from crm.text import fold

# Names and codes that neither ISO 3166 nor CLDR carries: former names, the EU's own spellings. Edit freely.
ALIASES = Path(__file__).with_name("country_aliases.csv")

# Languages whose names of countries are understood: those of the European Union and of the United Nations.
LANGUAGES = "en fr es ar ru zh bg cs da de el et fi ga hr hu it lt lv mt nl pl pt ro sk sl sv".split()  # noqa: SIM905

# Not in ISO 3166-1, but used for it by the European institutions and CLDR.
KOSOVO = "XK"

# The European Union's members by ISO 3166 alpha-2, in its present composition.
EU_MEMBERS = frozenset(
    "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK".split()  # noqa: SIM905
)


def _iso_names() -> Iterator[tuple[str, str]]:
    for country in pycountry.countries:
        for name in ("alpha_2", "alpha_3", "name", "official_name", "common_name"):
            if hasattr(country, name):
                yield getattr(country, name), country.alpha_2


def _aliases() -> Iterator[tuple[str, str]]:
    with ALIASES.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            yield row["label"], row["code"]


def _key(label: str) -> str:
    """What two spellings of one name share: `St. Kitts & Nevis` is `Saint Kitts and Nevis`."""
    words = ["saint" if word == "st" else word for word in fold(label).split()]
    # A lone AND is the alpha-3 code of Andorra.
    return " ".join(word for word in words if word not in ("and", "the") or len(words) == 1)


@lru_cache(maxsize=1)
def country_codes() -> frozenset[str]:
    """Every code a country may have here: ISO 3166-1 alpha-2, and XK."""
    return frozenset(country.alpha_2 for country in pycountry.countries) | {KOSOVO}


@lru_cache(maxsize=1)
def _codes_by_label() -> dict[str, str]:
    """Label as `_key` spells it to code: our aliases win over ISO, ISO over translations; no ambiguous ones."""
    found: dict[str, set[str]] = defaultdict(set)
    for language in LANGUAGES:
        for code, name in Locale.parse(language).territories.items():
            if code in country_codes():
                found[_key(name)].add(code)
    codes = {label: next(iter(owners)) for label, owners in found.items() if len(owners) == 1}
    for names in (_iso_names(), _aliases()):
        codes |= {_key(label): code for label, code in names}
    return codes


def country_code(label: str) -> str | None:
    """ISO 3166-1 alpha-2 code of a country named by code (alpha-2, alpha-3) or by a present or former name.

    Names of every language of the European Union and the United Nations are understood, with or without accents.
    None where nothing is known by that label, or where it could be two countries.
    """
    return _codes_by_label().get(_key(label))


def country_name(code: str | None, locale: Locale | str | None = None) -> str:
    """What a reader of `locale` (default English) calls the country; the code itself where nobody has named it."""
    if not code:
        return ""
    parsed = locale if isinstance(locale, Locale) else Locale.parse(locale or "en")
    name: str = parsed.territories.get(code, code)
    return name


def countries_by_name(locale: Locale | str | None = None) -> list[tuple[str, str]]:
    """Code and name of every country, in the order of the folded names."""
    named = [(code, country_name(code, locale)) for code in country_codes()]
    return sorted(named, key=lambda pair: fold(pair[1]))
