"""Values of our own exports as they are read: texts, days, kinds, each refused where the directory cannot hold it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from enum import StrEnum
from typing import Any, TypeVar

from crm.places.countries import country_code
from crm.roster_import.records import Problem

# The key that what Popolo has no term for stands under: docs/rosters.md lists it.
KEY = "ratify"
Thing = Mapping[str, Any]
_Kind = TypeVar("_Kind", bound=StrEnum)


class Unfit(Exception):
    """A value the directory cannot hold."""

    def __init__(self, field: str, value: str, problem: Problem) -> None:
        super().__init__(field, value)
        self.field, self.value, self.problem = field, value, problem


def is_ours(thing: Thing) -> bool:
    """Whether a person or an organization of a document was written by our own export."""
    return isinstance(thing.get(KEY), dict)


def own_part(thing: Thing) -> Thing:
    """What stands under our key, empty where nothing does."""
    value = thing.get(KEY)
    return value if isinstance(value, dict) else {}


def things(thing: Thing, name: str) -> list[Thing]:
    """The objects of a list."""
    value = thing.get(name)
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def read_text(thing: Thing, name: str, column: Any = None, field: str = "") -> str:
    """The text as it stands; `column` is the one it goes to, `field` what a refusal calls it."""
    value = thing.get(name)
    if not isinstance(value, str):
        return ""
    if "\0" in value:
        raise Unfit(field or name, value, Problem.NUL)
    if column is not None and len(value) > column.type.length:
        raise Unfit(field or name, value, Problem.TOO_LONG)
    return value


def read_day(thing: Thing, name: str, field: str = "") -> date | None:
    """The day, None where none is told."""
    text = read_text(thing, name)
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise Unfit(field or name, text, Problem.NOT_A_DATE) from None


def read_kind(thing: Thing, name: str, known: Iterable[_Kind], field: str) -> _Kind | None:
    """One of the kinds known here, None where none is told."""
    text = read_text(thing, name)
    found = next((kind for kind in known if kind.value == text), None)
    if text and found is None:
        raise Unfit(field, text, Problem.UNKNOWN_KIND)
    return found


def read_country(thing: Thing) -> str:
    """The code of the country, empty where none is told."""
    text = read_text(thing, "country")
    code = country_code(text) if text else ""
    if code is None:
        raise Unfit("country", text, Problem.UNKNOWN_COUNTRY)
    return code
