"""Tells a contact's office from its category and from the roles, posts and bodies of its mandates."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from crm.directory.models import Category, ContactKind
from crm.salutations.tables import rows
from crm.salutations.terms import Office
from crm.text import fold

_RANK = {office: rank for rank, office in enumerate(Office)}
# What a person is addressed as where no role says more.
_OF_CATEGORY = {
    Category.MEP: Office.MEP,
    Category.COMMISSIONER: Office.COMMISSIONER,
    Category.NATIONAL_MP: Office.NATIONAL_MP,
}
# Whoever presides or ministers here does so for a party, a network or a company.
_NO_OFFICES = frozenset({Category.PARTY, Category.POLITICAL_GROUP, Category.COMMITTEE, Category.PARTNER})
_ANYWHERE = "*"
# In the table: `=MP` is the whole role, `-minister` the end of its first word, `~adviser` a word anywhere in it.
_WHOLE, _ENDING, _ANY_WORD = "=", "-", "~"


class Held(NamedTuple):
    """A running mandate: the role, the post, and the organization it is held in."""

    role: str
    post: str = ""
    organization: str = ""
    category: Category = Category.OTHER


@dataclass(frozen=True)
class _Words:
    """The words of the table for one kind of organization, folded."""

    leading: Mapping[str, Office]
    endings: Mapping[str, Office]
    anywhere: Mapping[str, Office]
    whole: Mapping[str, Office]


@lru_cache(maxsize=len(Category))
def _words(held_in: Category) -> _Words:
    tables: dict[str, dict[str, Office]] = defaultdict(dict)
    # What is said of one kind of organization goes before what holds anywhere.
    lines = [row for row in rows("role_words") if row["office"]]
    lines.sort(key=lambda row: row["held_in"] != _ANYWHERE)
    for row in lines:
        if row["held_in"] != _ANYWHERE and held_in not in row["held_in"].split():
            continue
        for words in row["words"].split("|"):
            kind = words[0] if words[0] in (_WHOLE, _ENDING, _ANY_WORD) else ""
            tables[kind][fold(words)] = Office(row["office"])
    return _Words(tables[""], tables[_ENDING], tables[_ANY_WORD], tables[_WHOLE])


@lru_cache(maxsize=1)
def _openers() -> tuple[str, ...]:
    words = (fold(words) for row in rows("role_words") if not row["office"] for words in row["words"].split("|"))
    return tuple(sorted((f"{word} " for word in words), key=len, reverse=True))


@lru_cache(maxsize=1)
def _upper_chambers() -> frozenset[str]:
    return frozenset(fold(words) for row in rows("chambers") for words in row["words"].split("|"))


def _without_openers(folded: str) -> str:
    opener = next((opener for opener in _openers() if folded.startswith(opener)), None)
    return _without_openers(folded.removeprefix(opener)) if opener else folded


def _office_in(text: str, held_in: Category) -> Office | None:
    """The office a role or post names, by the longest words of the table it begins with."""
    said = _without_openers(fold(text))
    if not said:
        return None
    words = _words(held_in)
    parts = said.split()
    spotted = next((words.anywhere[part] for part in parts if part in words.anywhere), None)
    if spotted is not None:
        return spotted
    if said in words.whole:
        return words.whole[said]
    for count in range(len(parts), 0, -1):
        found = words.leading.get(" ".join(parts[:count]))
        if found is not None:
            return found
    return next((office for ending, office in words.endings.items() if parts[0].endswith(ending)), None)


@lru_cache(maxsize=4096)
def office_held(held: Held) -> Office | None:
    """The office a mandate gives; None where it is none that protocol knows."""
    if held.category in _NO_OFFICES:
        return None
    named = [office for text in (held.role, held.post) if (office := _office_in(text, held.category)) is not None]
    if named:
        return min(named, key=_RANK.__getitem__)
    if held.category is Category.PARLIAMENT:
        name = f" {fold(held.organization)} "
        if any(f" {chamber} " in name for chamber in _upper_chambers()):
            return Office.SENATOR
    return None


def office_of(kind: ContactKind, category: Category, mandates: Iterable[Held] = ()) -> Office:
    """What a letter addresses the contact as: the highest of its offices, else what its category says.

    An organization is addressed as such, whatever it is; nobody's office is guessed from a name.
    """
    if kind is ContactKind.ORGANIZATION:
        return Office.INSTITUTION
    found = [office for held in mandates if (office := office_held(held)) is not None]
    found.append(_OF_CATEGORY.get(category, Office.OFFICIAL))
    return min(found, key=_RANK.__getitem__)
