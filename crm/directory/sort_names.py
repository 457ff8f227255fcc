"""The order of names in an index: family name first, found in a whole name where nobody has told the parts apart."""

from __future__ import annotations

import re
from functools import lru_cache

from nameparser import parse

from crm.text import fold

LENGTH = 300
# More words than this make no name of a person: it is taken as it stands.
_MOST_WORDS = 8

# Where a person has two family names and writes both.
_SPANISH = "AD BO CL CO CR CU DO EC ES GQ GT HN MX NI PA PE PR PY SV VE"
_TWO_FAMILY_NAMES = frozenset(_SPANISH.split())
# Where the name in use begins with the family name, or has none and is filed by its first word.
_FIRST_WORD = "BT CN ER ET HK ID IS KH KP KR LA MM MN MO TH TW VN"
_AS_WRITTEN = frozenset(_FIRST_WORD.split())
# Second given names of Spanish: behind a first one, they are no family name. Those that are as often one are left out.
_SECOND = """
adolfo alberto alejandra alejandro alfonso alfredo amparo ana andoni andres angel angeles angelina antoni
antonia antonio aranzazu arturo ascension asuncion augusto aurora beatriz begona belen blanca caridad carlos
carme carmen carolina cecilia concepcio concepcion consuelo cristina cruz dolores eduardo elena elvira emilio
enrique ernesto esperanza esther estrella eugenia eugenio eulalia fatima federico felicidad felipe fernanda
fernando francisca francisco gabriel gabriela gerardo gloria gonzalo guadalupe ignacio inaki ines inmaculada
isabel jaime javier jesus joan joaquin jordi jose josefa josep juan julia julio laura leonor lluis lourdes
lucia luis luisa luz magdalena manuel manuela margarita maria mariano maximo mercedes miguel mikel montserrat
natalia nieves nuria olga pablo paloma patricia paula paz pedro pilar puerto rafael ramon raquel raul ricardo
roberto rocio rosa rosario salvador sandra sara sergio socorro sofia soledad soraya susana teresa trinidad
vanessa veronica victor victoria virtudes xabier xavier xesus xose
"""
_SECOND_GIVEN_NAMES = frozenset(_SECOND.split())
# María del Carmen is one given name.
_OF_MARY = re.compile(
    r"^((?:Mar[ií]a|M[aª]\.?)(?: \w+)?) (del? (?:l[ao]s? )?(?:Amparo|Ángeles|Angeles|Camino|Carmen|Concepción|Consuelo"
    r"|Dolores|Fátima|Gracia|Guadalupe|Jesús|Lourdes|Luz|Mar|Mercedes|Montserrat|Nieves|O|Paz|Pilar|Remedios|Rocío"
    r"|Rosario|Sagrario|Soledad|Valle))(?= \w)",
    re.IGNORECASE,
)
# Two words in the order of every day: no title, no particle, no number, nothing to look up.
_PLAIN = re.compile(r"^[^\W\d_]{3,} (?![IVX]+$)[^\W\d_]{3,}$")
# What ties words to one for the parser.
_TIE = "_"


@lru_cache(maxsize=8192)
def family_start(name: str, country: str | None = None) -> int:
    """Which word of a whole name the family name begins with, as far as its form and the country (alpha-2) tell.

    0 where it comes first already, as in `Abadía Jover, Maravillas`, or where nothing tells it apart: a guess, good
    enough for the order of a list.
    """
    words = name.split()
    if not 2 <= len(words) <= _MOST_WORDS or "," in name or _TIE in name or country in _AS_WRITTEN:
        return 0
    if _PLAIN.match(name):
        return 1 if words[1].isupper() or not words[0].isupper() else 0
    if len(words[0]) > 1 and words[0].isalpha() and words[0].isupper() and not name.isupper():
        return 0
    whole = _OF_MARY.sub(lambda found: found[0].replace(" ", _TIE), name) if country in _TWO_FAMILY_NAMES else name
    read = parse(whole)
    family = read.family.split()
    if not family or not read.given:
        return 0
    joined = whole.split()
    start = _last_place(joined, family)
    if start is None:
        return 0
    while start > 1 and joined[start - 1].islower():
        start -= 1
    if country in _TWO_FAMILY_NAMES and start > 1 and _is_one(read.family) and _is_family_name(joined[start - 1]):
        start -= 1
    return start + sum(word.count(_TIE) for word in joined[:start])


def _last_place(words: list[str], part: list[str]) -> int | None:
    places = range(len(words) - len(part), 0, -1)
    return next((place for place in places if words[place : place + len(part)] == part), None)


def _is_one(family: str) -> bool:
    """Whether a family name is one, whatever particles stand before it."""
    return (
        sum(word[:1].isupper() and word.lower() not in ("de", "del", "la", "las", "los") for word in family.split())
        == 1
    )


def _is_family_name(word: str) -> bool:
    """Whether a word between the first and the last may be the father's family name: no initial, no given name."""
    return word[:1].isupper() and len(word.strip(".")) > 1 and fold(word) not in _SECOND_GIVEN_NAMES


def listed_as(name: str, given_name: str | None, family_name: str | None, country: str | None = None) -> str:
    """How an index writes a person, `Abadía Jover, Maravillas`; the name as it stands where it has no second part."""
    if family_name:
        return f"{family_name}, {given_name}" if given_name else family_name
    start = family_start(name, country)
    words = name.split()
    return f"{' '.join(words[start:])}, {' '.join(words[:start])}" if start else name


def sort_name_of(
    name: str, given_name: str | None = None, family_name: str | None = None, country: str | None = None
) -> str:
    """A person's folded name in the order of an index: family name first.

    Of a name nobody has split it is one of `turned`.
    """
    return fold(listed_as(name, given_name, family_name, country))[:LENGTH]


def turned(name: str) -> tuple[str, ...]:
    """A whole name, folded, in every order it may be filed under: as it stands, and with each word as the first."""
    words = fold(name).split()
    if len(words) > _MOST_WORDS:
        return (" ".join(words)[:LENGTH],)
    return tuple(" ".join(words[start:] + words[:start])[:LENGTH] for start in range(len(words)))


def sort_name_of_organization(name: str, abbreviation: str | None) -> str:
    """An organization's folded name, its short name after it: search by name finds both."""
    return fold(f"{name} {abbreviation or ''}")[:LENGTH]
