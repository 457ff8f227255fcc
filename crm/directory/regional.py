"""Which organizations are the government of a region as a whole, whatever language their names are in."""

from __future__ import annotations

from functools import lru_cache

from crm.directory.models import Category
from crm.places.regions import region_code
from crm.text import fold

# What governments of regions are called, beside the name of the region: a ministry's name has more words.
_GENERIC = frozenset(
    {
        *("autonomico", "autonomous", "bestuur", "deputation", "diputacion", "executif", "executive", "foral"),
        *("general", "generalitat", "giunta", "gobierno", "goberno", "gouvernement", "govern", "government"),
        *("governo", "jaurlaritza", "junta", "landesregierung", "regering", "regierung", "regional", "regionale"),
        *("staatsregierung", "state", "xunta"),
    }
)
_PARTICLES = frozenset({"of", "the", "de", "la", "las", "les", "los", "el", "del", "di", "della", "do", "da", "der"})


@lru_cache(maxsize=2048)
def governs(name: str, category: str, country: str | None) -> str:
    """The region (ISO 3166-2) whose whole government an organization is, by its name; "" for any other."""
    if category != Category.REGIONAL_GOVERNMENT or country is None:
        return ""
    words = [word for word in fold(name).split() if word not in _GENERIC]
    while words:
        if found := region_code(" ".join(words), country):
            return found
        if words[0] not in _PARTICLES:
            break
        words = words[1:]
    return ""
