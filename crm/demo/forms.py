"""What who starts the real campaign says: who they are, and that the demo may go."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import BooleanField, EmailField, PasswordField, StringField
from wtforms.validators import DataRequired, Length, ValidationError

from crm.accounts.forms import InvitationForm, NewPasswordForm
from crm.demo.users import PASSWORD, TEAM


class StartForm(FlaskForm):  # type: ignore[misc]  # flask-wtf is untyped
    """The team's own name, and the word that the demo may go."""

    team = StringField(
        _l("Your team’s name"),
        [DataRequired(_l("Enter a name.")), Length(max=120)],
        description=_l("Who works together, and sees each other’s notes."),
    )
    agreed = BooleanField(
        _l("Clear the demo. I know that it cannot be undone."),
        [DataRequired(_l("Tick this box, so that nothing is cleared by mistake."))],
    )

    def validate_team(self, field: StringField) -> None:
        """The demo's team is invented."""
        if (field.data or "").strip() == TEAM:
            raise ValidationError(gettext("This is the name of the demo’s team: enter your own."))


class OwnStartForm(StartForm, NewPasswordForm):
    """The same by a user of the demo, who becomes somebody of their own, with a password that only they know."""

    name = StringField(_l("Your name"), [DataRequired(_l("Enter a name.")), Length(max=120)])
    email: Any = InvitationForm.email

    def validate_email(self, field: EmailField) -> None:
        """The demo's addresses are invented."""
        if (field.data or "").strip().lower().endswith("@ratify.example"):
            raise ValidationError(gettext("This is an address of the demo: enter your own."))

    def validate_new_password(self, field: PasswordField) -> None:
        """The demo's password is known to everybody."""
        super().validate_new_password(field)
        if field.data == PASSWORD:
            raise ValidationError(gettext("Everybody knows this password: choose another one."))
