"""What the forms of the history share."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from wtforms.validators import Length, ValidationError

FIRST_YEAR, LAST_YEAR = 1900, 2200


def stripped(value: str | None) -> str:
    """What was typed, without blanks around it."""
    return (value or "").strip()


def at_most(characters: int) -> Any:
    """A validator of the length."""
    messages = {
        300: _l("At most 300 characters."),
        2_000: _l("At most 2,000 characters."),
        4_000: _l("At most 4,000 characters."),
        20_000: _l("At most 20,000 characters."),
    }
    return Length(max=characters, message=messages[characters])


def check_year(day: date | None) -> None:
    """Refuse a slip of the keyboard. Raises ValidationError."""
    if day and not FIRST_YEAR <= day.year < LAST_YEAR:
        raise ValidationError(gettext("Check the year."))
