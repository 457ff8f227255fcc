"""The mail of a morning, as a form."""

from __future__ import annotations

from datetime import datetime, time
from typing import Any

from flask_babel import format_time, get_locale
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import BooleanField, SelectField, SelectMultipleField
from wtforms.widgets import CheckboxInput, ListWidget

from crm.overview.reminders import HOURS

_MONDAY = datetime(2024, 1, 1)


class ReminderForm(FlaskForm):  # type: ignore[misc]  # flask-wtf is untyped
    """Whether it comes, at which hour and on which days."""

    active = BooleanField(_l("Tell me of a morning what is overdue and due"))
    hour = SelectField(_l("From"), coerce=int)
    weekdays = SelectMultipleField(_l("On"), widget=ListWidget(prefix_label=False), option_widget=CheckboxInput())

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, prefix="reminder-", **kwargs)
        self.hour.choices = [
            (hour, format_time(datetime.combine(_MONDAY, time(hour)), "short", False)) for hour in HOURS
        ]
        names = get_locale().days["stand-alone"]["wide"]
        self.weekdays.choices = [(str(number), names[number - 1]) for number in range(1, 8)]
