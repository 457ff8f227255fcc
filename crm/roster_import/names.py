"""Telling given and family names apart where the source marks them: by capitals, a comma, a form for indexes."""

from __future__ import annotations

import re

from nameparser import parse

from crm.text import fold

# What may stand in small letters inside a family name in capitals: McALLISTER, MacMANUS, d'AMATO, O’BRIEN.
_PREFIX = re.compile(r"^(?:Mc|Mac|Fitz|[DdLlOo]['’ʼ])")

# Words that open a family name though they are not in its capitals: Aodhán Ó RÍORDÁIN, Róża Gräfin von THUN.
_OPENERS = frozenset({"Ó", "Ní", "Nic", "Graf", "Gräfin", "Freiherr", "Freifrau"})

# Small words of a given name, and those that no family name has: Ministry of Labour, Smith and Sons.
_SON_OF = frozenset({"bin", "ibn", "bint", "ben", "y", "e", "i"})
_NO_FIRM = frozenset({"of", "and", "for", "the", "&"})


def _is_capitals(token: str) -> bool:
    """Whether the token is a word of a family name in capitals; initials (`J.`, `J.F.`) are not."""
    if "." in token:
        return False
    letters = [character for character in _PREFIX.sub("", token) if character.isalpha() and character != "ß"]
    return len(letters) >= 2 and all(character == character.upper() for character in letters)


def _family_start(tokens: list[str]) -> int | None:
    first = next((index for index, token in enumerate(tokens) if _is_capitals(token)), None)
    if first is None:
        return None
    while first > 0:
        before = tokens[first - 1]
        if before.endswith(")"):  # William (The Earl of) DARTMOUTH
            opening = next((index for index in range(first - 1, -1, -1) if tokens[index].startswith("(")), first)
            if opening == first:
                break
            first = opening
        elif before in _OPENERS or before.lstrip("'’ʼ")[:1].islower():  # Sophia in 't VELD, Wim van de CAMP
            first -= 1
        else:
            break
    return first


def split_capitals(full_name: str) -> tuple[str | None, str | None]:
    """Given and family name of `Lidia Joanna GERINGER de OEDENBERG`; the spelling stays the source's.

    The family name starts with the first word in capitals, or with the particles in small letters right before it. It
    is those capitals alone where they open the name and no more follow.
    Two Nones where capitals do not tell the parts apart: no word has them, or every word has.
    """
    tokens = full_name.split()
    start = _family_start(tokens)
    if start is None or (start == 0 and all(_is_capitals(token) for token in tokens) and len(tokens) > 1):
        return None, None
    if start == 0:
        behind = next((index for index, token in enumerate(tokens) if not _is_capitals(token)), len(tokens))
        if all(token[:1].isupper() and not _is_capitals(token) for token in tokens[behind:]):
            # The family name comes first, as in AHN Gyu Baek.
            return " ".join(tokens[behind:]) or None, " ".join(tokens[:behind])
    return " ".join(tokens[:start]) or None, " ".join(tokens[start:])


def split_comma(full_name: str) -> tuple[str | None, str | None]:
    """Given and family name of `Abadía Jover, Maravillas`; two Nones where the comma says something else.

    It may stand before a title, an order or a junior, or in a list of people.
    """
    family, comma, given = (" ".join(part.split()) for part in full_name.partition(","))
    read = parse(full_name) if comma and "," not in given else None
    # The parser takes for a title or suffix what is none of the name; an office or a firm is told by its small words.
    if read is None or (read.family, f"{read.given} {read.middle}".strip()) != (family, given):
        return None, None
    if any(word.islower() and word not in _SON_OF for word in given.split()) or not _NO_FIRM.isdisjoint(family.split()):
        return None, None
    return given or None, family or None


def split_sorted(full_name: str, sort_name: str) -> tuple[str | None, str | None]:
    """Given and family name of a name beside its form for indexes, `Conde Bajén, Agustín`.

    The name in use may have fewer words than the index: `Agustín Conde` has the family name `Conde`. Where the two
    forms do not fit together, or the index only repeats the name, capitals have to tell.
    """
    family, comma, given = (" ".join(part.split()) for part in sort_name.partition(","))
    words = full_name.split()
    if not comma or not family or not given:
        return split_capitals(full_name)
    if full_name == sort_name:
        return given, family
    for count in range(1, len(words)):
        in_front, behind = fold(" ".join(words[:count])), fold(" ".join(words[count:]))
        if set(in_front.split()) <= set(fold(given).split()) and f"{fold(family)} ".startswith(f"{behind} "):
            return " ".join(words[:count]), " ".join(words[count:])
    return split_capitals(full_name)
