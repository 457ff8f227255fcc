"""Which government or ministry an organization is, whatever language its name is in.

What ministries are for is told by the words in `facts/portfolio_words.csv`: the beginnings of words, in many languages.
"""

from __future__ import annotations

import csv
import re
from functools import lru_cache
from pathlib import Path

from crm.directory.models import Category
from crm.directory.regional import GENERIC, PARTICLES, governs
from crm.places.countries import country_code
from crm.places.regions import region_within
from crm.text import fold

WORDS = Path(__file__).parent / "facts" / "portfolio_words.csv"

# A ministry has the same rank in every language; what is below one is another organization.
_MINISTRY = re.compile(
    r"\b(?:minist\w*|department|departement\w*|departament\w*|consejeri\w+|conselleri\w+|conselh\w+|home office"
    r"|foreign office|treasury|auswartiges amt)\b|ministerium\b"
)
_BELOW = re.compile(r"\b(?:secretar\w+|staatssekret\w+|direc\w+|direkt\w+|agenc\w+|agentur|office of|unit|oficina)\b")


@lru_cache(maxsize=1)
def _portfolios() -> tuple[tuple[re.Pattern[str], str], ...]:
    with WORDS.open(encoding="utf-8", newline="") as file:
        # French and Italian names have articles before them, folded into the word: l’Europe.
        return tuple(
            (re.compile(rf"\b(?:[ld](?=eu|a))?(?:{row['words']})"), row["portfolio"]) for row in csv.DictReader(file)
        )


@lru_cache(maxsize=2048)
def government_of(name: str, category: str, country: str | None) -> str:
    """What an organization governs: a region or a state as a whole, or what its ministry is for there; "" for others.

    Two of one key are names of one government, as far as names can tell: `Gobierno Vasco` and `Basque Government`,
    `Ministerio de Asuntos Exteriores` and `Ministry of Foreign Affairs`.
    """
    if country is None or category not in (Category.GOVERNMENT, Category.REGIONAL_GOVERNMENT):
        return ""
    folded = fold(name)
    if _MINISTRY.search(folded) and not _BELOW.search(folded):
        found = sorted(portfolio for pattern, portfolio in _portfolios() if pattern.search(folded))
        place = region_within(name, country) if category == Category.REGIONAL_GOVERNMENT else country
        return f"{place}: {', '.join(found)}" if found and place else ""
    if category == Category.REGIONAL_GOVERNMENT:
        return governs(name, category, country)
    words = [word for word in folded.split() if word not in GENERIC]
    while words and words[0] in PARTICLES:
        words = words[1:]
    whole = len(words) < len(folded.split()) and country_code(" ".join(words)) == country
    return country if whole else ""
