"""The two parts of a person's whole name: what they may be, and what becomes of the whole where one of them changes."""

from __future__ import annotations

from collections import Counter

from crm.directory.sort_names import family_start
from crm.text import fold

Parts = tuple[str | None, str | None]  # given name and family name, as far as they are known
NONE: Parts = (None, None)


def parts_of(name: str, country: str | None = None) -> Parts:
    """The parts of a whole name as far as its form and the country (alpha-2) tell: a proposal, or nothing at all."""
    words = name.split()
    family, comma, given = name.partition(", ")
    if comma and "," not in given:
        return (given.strip() or None, family.strip() or None)
    start = family_start(name, country)
    if start:
        return (" ".join(words[:start]), " ".join(words[start:]))
    # ORBÁN Viktor
    capitals = next((at for at, word in enumerate(words) if not (word.isupper() and len(word) > 1)), 0)
    return (" ".join(words[capitals:]), " ".join(words[:capitals])) if capitals else NONE


def rest_of(name: str, part: str) -> str | None:
    """What is left of a whole name at either side of a part of it; None where it is no such part."""
    words, known = name.split(), part.split()
    if words[-len(known) :] == known:
        return " ".join(words[: -len(known)]) or None
    return " ".join(words[len(known) :]) or None if words[: len(known)] == known else None


def _place(words: list[str], part: str | None) -> int | None:
    """The word of a name that a part of it begins with, the last one there is; None where it is not in there."""
    known = fold(part or "").split()
    folded = [fold(word) for word in words]
    places = range(len(words) - len(known), -1, -1) if known else ()
    return next((place for place in places if folded[place : place + len(known)] == known), None)


def renamed(name: str, was: Parts, now: Parts) -> str:
    """The whole name with the parts that changed put where they stood: its order, capitals and other words stay."""
    words = name.split()
    whole = " ".join(part for part in now if part)
    if was == NONE and {fold(word) for word in words} <= set(fold(whole).split()):
        return whole
    for before, after, is_given in zip(was, now, (True, False), strict=True):
        if before == after:
            continue
        if not before:
            if _place(words, after) is None:
                words = [*(after or "").split(), *words] if is_given else [*words, *(after or "").split()]
            continue
        place = _place(words, before)
        if place is None:
            return whole
        end = place + len(before.split())
        shouted = " ".join(words[place:end]).isupper() and not before.isupper()
        words[place:end] = ((after or "").upper() if shouted else after or "").split()
    return " ".join(words)


def lost_words(before: str, after: str, given_before: str | None, given_after: str | None) -> list[str]:
    """The words that a whole name loses without others in their place, or with its emptied given name.

    Words that are spelled anew are not lost.
    """
    gone = Counter(fold(word) for word in before.split())
    came = Counter(fold(word) for word in after.split())
    missing, lost = gone - came, []
    # A name may have a word twice, and lose one of them: García García.
    for word in before.split():
        if missing[fold(word)]:
            missing[fold(word)] -= 1
            lost.append(word)
    given = fold(given_before or "").split() if not given_after else []
    emptied = [word for word in lost if fold(word) in given]
    return emptied or (lost if len(lost) > (came - gone).total() else [])
