"""The states of the world: the members of the United Nations and the part of the world each lies in."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType

import pycountry
from babel import Locale

FACTS = Path(__file__).parent / "facts"


class WorldRegion(StrEnum):
    """The United Nations' regions of the world, by their codes in its standard M49."""

    AFRICA = "002"
    AMERICAS = "019"
    ASIA = "142"
    EUROPE = "150"
    OCEANIA = "009"


@lru_cache(maxsize=1)
def un_members() -> Mapping[str, WorldRegion]:
    """The 193 member states by ISO 3166-1 alpha-2, each with its region."""
    with (FACTS / "un_members.csv").open(encoding="utf-8", newline="") as file:
        return MappingProxyType({row["code"]: WorldRegion(row["region"]) for row in csv.DictReader(file)})


def world_region_name(region: WorldRegion, locale: Locale | str | None = None) -> str:
    """What a reader of `locale` (default English) calls the region."""
    parsed = locale if isinstance(locale, Locale) else Locale.parse(locale or "en")
    return str(parsed.territories[region.value])


@lru_cache(maxsize=512)
def alpha_3(code: str) -> str:
    """ISO 3166-1 alpha-3 of an alpha-2 code; XKX for XK, which ISO does not have. Raises ValueError for no country."""
    if code == "XK":
        return "XKX"
    country = pycountry.countries.get(alpha_2=code)
    if country is None:
        raise ValueError(f"{code!r} is no country's code")
    return str(country.alpha_3)
