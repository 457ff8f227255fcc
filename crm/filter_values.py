"""Values of filters as addresses write them: read, or refused with words that name the damaged one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, TypeVar

from flask_babel import gettext
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import BadRequest

Value = TypeVar("Value")


def read_value(args: Mapping[str, Any], name: str, read: Callable[[str], Value]) -> Value | None:
    """The value of that name, None where there is none. Raises BadRequest for one that `read` refuses (ValueError)."""
    value = str(args.get(name, "")).strip()
    if not value:
        return None
    try:
        return read(value)
    except ValueError:
        raise BadRequest(
            gettext("The filter in this address is damaged: %(name)s cannot be %(value)s.", name=name, value=value)
        ) from None


def read_values(args: Mapping[str, Any], name: str, read: Callable[[str], Value]) -> tuple[Value, ...]:
    """Each value of that name once, whether they come as `a=1&a=2` or as `a=1,2`. Raises as `read_value`."""
    given = args.getlist(name) if isinstance(args, MultiDict) else [str(args.get(name, ""))]
    parts = [part.strip() for value in given for part in value.split(",") if part.strip()]
    found = [read_value({name: part}, name, read) for part in parts]
    return tuple(dict.fromkeys(value for value in found if value is not None))


def is_yes(value: str) -> bool:
    """What a box that is ticked sends; ValueError for all else."""
    if value != "yes":
        raise ValueError(value)
    return True


def yes_or_no(value: str) -> bool:
    """`yes` or `no`; ValueError for all else."""
    if value not in ("yes", "no"):
        raise ValueError(value)
    return value == "yes"


def read_day(value: str) -> date:
    """A day as `2026-09-01`, of a year that calendars and databases hold; ValueError for all else."""
    day = date.fromisoformat(value)
    if not 1900 <= day.year <= 9000:
        raise ValueError(value)
    return day
