"""What somebody else has saved while a form stood open: kept where the reader left a field alone, else asked about."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from flask_babel import gettext

# The hidden field that remembers what a form showed when it was opened.
SEEN = "seen"
_BETWEEN = "\x1f"


def _fields(form: Any) -> Iterator[Any]:
    return (field for field in form if field.type not in ("CSRFTokenField", "HiddenField"))


def _written(value: Any) -> str:
    if isinstance(value, list | tuple):
        # Several of a list: their order says nothing.
        return _BETWEEN.join(sorted(str(each) for each in value))
    return str(value or "").strip()


def _in_words(field: Any, written: str) -> str:
    """A value as the field shows it: of a choice, its label; of several, all of theirs."""
    labels = {str(choice[0]): str(choice[1]) for choice in getattr(field, "choices", None) or ()}
    return ", ".join(labels.get(each, each) for each in written.split(_BETWEEN))


def seen_in(form: Any) -> str:
    """What is stored now of all the form shows, for the hidden field."""
    return json.dumps({field.short_name: _written(field.object_data) for field in _fields(form)})


def _remembered(text: str) -> Mapping[str, str]:
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def meet_others(form: Any, seen: str) -> bool:
    """Whether the form may be saved as it is, given what it showed when it was opened (`seen`; empty: not known).

    A field that others have changed and the reader has not takes the others' value. Where both have, the field gets an
    error that says the others' value; sent once more, the reader's own wins.
    """
    before = _remembered(seen)
    free = True
    for field in _fields(form):
        was, now, typed = before.get(field.short_name), _written(field.object_data), _written(field.data)
        if was is None or was == now or typed == now:
            continue
        if typed == was:
            field.data = field.object_data
            continue
        free = False
        said = gettext("Somebody else has changed this meanwhile to “%(value)s”. Save again to keep yours.")
        field.errors = [*field.errors, said % {"value": _in_words(field, now)}]
    return free
