"""Which region an organization is of, and whether it is the government of it as a whole, whatever language it is in."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from crm.directory.models import Category
from crm.places.regions import places_called, region_code, region_within
from crm.text import fold

# What governments of regions are called, beside the name of the region: a ministry's name has more words.
GENERIC = frozenset(
    {
        *("autonomico", "autonomous", "bestuur", "deputation", "diputacion", "executif", "executive", "foral"),
        *("general", "generalitat", "giunta", "gobierno", "goberno", "gouvernement", "govern", "government"),
        *("governo", "jaurlaritza", "junta", "landesregierung", "regering", "regierung", "regional", "regionale"),
        *("staatsregierung", "state", "xunta"),
    }
)
# What may stand before the name of a region where it is said in full; of some it is a part: Comunidad Valenciana.
_TITLES = frozenset({"autonoma", "autonome", "autonomer", "comunidad", "comunidade", "comunitat", "region", "regione"})
PARTICLES = frozenset({"of", "the", "de", "la", "las", "les", "los", "el", "del", "di", "della", "do", "da", "der"})


@lru_cache(maxsize=2048)
def governs(name: str, category: str, country: str | None) -> str:
    """The region (ISO 3166-2) whose whole government an organization is, by its name; "" for any other."""
    if category != Category.REGIONAL_GOVERNMENT or country is None:
        return ""
    return next((found for place in _governed(name) if (found := region_code(place, country))), "")


def _governed(name: str) -> Iterator[str]:
    """What a government governs, as far as its name says: `de espana`, then `espana`; titles are left out last."""
    whole = [word for word in fold(name).split() if word not in GENERIC]
    for words in (whole, [word for word in whole if word not in _TITLES]):
        for start, word in enumerate(words):
            yield " ".join(words[start:])
            if word not in PARTICLES:
                break


def country_governed(name: str) -> str | None:
    """The country (alpha-2) whose region, or which itself, the name of a government names: Gobierno Vasco.

    None for the name of anything else, and where it could be of two: Government of Georgia, Gobierno de La Rioja.
    """
    if GENERIC.isdisjoint(fold(name).split()):
        return None
    for place in _governed(name):
        found = places_called(place)
        if found:
            return next(iter(found)) if len(found) == 1 else None
    return None


def region_of(
    name: str, category: Category | None, country: str | None, region: str | None, holders_are: Category | None
) -> str | None:
    """The region (ISO 3166-2) an organization is of: the one told, else the one its name tells; None for others.

    Only governments and parliaments are asked: a ministry of foreign affairs has the region's name for another reason.
    """
    if region:
        return region
    may_be = category is Category.REGIONAL_GOVERNMENT or (
        category is Category.PARLIAMENT and holders_are in (None, Category.REGIONAL_MP)
    )
    return region_within(name, country) if may_be else None


def in_country(region: str | None, country: str | None) -> bool:
    """Whether a region lies in a country, where both are known."""
    return not region or not country or region.startswith(f"{country}-")
