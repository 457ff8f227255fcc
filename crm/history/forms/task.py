"""Something to be done, as a form."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l
from flask_login import current_user
from flask_wtf import FlaskForm
from wtforms import BooleanField, DateField, HiddenField, SelectField, StringField
from wtforms.validators import DataRequired, Optional

from crm.accounts.queries import active_users
from crm.database import read_id
from crm.history.forms.fields import at_most, check_year, stripped
from crm.history.models import TITLE_LENGTH


class TaskForm(FlaskForm):  # type: ignore[misc]  # flask-wtf is untyped
    """Something to be done."""

    title = StringField(
        _l("What is to be done"),
        [DataRequired(_l("Say what is to be done.")), at_most(TITLE_LENGTH)],
        filters=[stripped],
    )
    due_on = DateField(_l("Due"), [Optional()])
    owner_id = SelectField(_l("Owner"), coerce=read_id)
    private = BooleanField(_l("For my team alone"), description=_l("Nobody else sees it, anywhere."))
    next = HiddenField()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.owner_id.choices = [(str(number), name) for number, name in active_users()]
        if not self.is_submitted() and self.owner_id.data is None:
            self.owner_id.data = current_user.id

    def validate_due_on(self, field: DateField) -> None:
        """Refuse a slip of the keyboard."""
        check_year(field.data)
