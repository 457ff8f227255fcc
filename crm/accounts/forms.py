"""Forms of signing in, of one's own account and of administration."""

from __future__ import annotations

from collections.abc import Sequence
from zoneinfo import available_timezones

from email_validator import EmailNotValidError, validate_email
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import BooleanField, EmailField, Field, PasswordField, SelectField, StringField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than its stubs
from wtforms.validators import DataRequired, InputRequired, Length, ValidationError

from crm.accounts.passwords import LONGEST, SHORTEST, Weakness, weakness
from crm.i18n import languages
from crm.policy import Role

ROLE_NAMES = {
    Role.ADMIN: _l("Administrator"),
    Role.LEAD: _l("Campaign lead"),
    Role.OFFICER: _l("Advocacy officer"),
    Role.TRANSLATOR: _l("Translator"),
    Role.VIEWER: _l("Viewer"),
}
_REGIONS = ("Africa", "America", "Antarctica", "Arctic", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific")


def time_zones() -> list[str]:
    """The zones of the IANA database that are named after places, and UTC."""
    return [*sorted(name for name in available_timezones() if name.partition("/")[0] in _REGIONS), "UTC"]


def _deliverable(_form: FlaskForm, field: Field) -> None:
    try:
        validate_email(field.data.strip(), check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        raise ValidationError(gettext("Enter an address such as name@example.org.")) from None


class NewPasswordForm(FlaskForm):  # type: ignore[misc]  # flask-wtf is untyped
    """A new password, typed once: it can be shown, and reset by mail."""

    new_password = PasswordField(
        _l("New password"),
        [InputRequired(_l("Enter a new password.")), Length(max=LONGEST)],
        description=_l("At least %(count)s characters. A few unrelated words are easy to keep.", count=SHORTEST),
    )

    def __init__(self, *personal: str) -> None:
        super().__init__()
        self._personal = personal

    def validate_new_password(self, field: PasswordField) -> None:
        found = weakness(field.data or "", *self._personal)
        if found is Weakness.SHORT:
            raise ValidationError(gettext("Use at least %(count)s characters.", count=SHORTEST))
        if found is Weakness.REPEATED:
            raise ValidationError(gettext("Use more different characters."))
        if found is Weakness.PERSONAL:
            raise ValidationError(gettext("Leave out your name and your address."))


class SignInForm(FlaskForm):  # type: ignore[misc]  # flask-wtf is untyped
    """Address and password."""

    email = EmailField(_l("E-mail"), [DataRequired(_l("Enter your e-mail address.")), Length(max=254)])
    password = PasswordField(_l("Password"), [InputRequired(_l("Enter your password.")), Length(max=LONGEST)])


class ForgottenPasswordForm(FlaskForm):  # type: ignore[misc]  # flask-wtf is untyped
    """The address to send a link to."""

    email = EmailField(_l("E-mail"), [DataRequired(_l("Enter your e-mail address.")), Length(max=254), _deliverable])


class ChoosePasswordForm(NewPasswordForm):
    """The password that a link from a mail lets one choose."""


class ChangePasswordForm(NewPasswordForm):
    """A new password, by who knows the present one."""

    password = PasswordField(
        _l("Present password"), [InputRequired(_l("Enter your present password.")), Length(max=LONGEST)]
    )


class ProfileForm(FlaskForm):  # type: ignore[misc]  # flask-wtf is untyped
    """What a user says about themselves."""

    name = StringField(_l("Name"), [DataRequired(_l("Enter a name.")), Length(max=120)])
    language = SelectField(_l("Language"))
    timezone = SelectField(_l("Time zone"))

    def __init__(self, **values: str) -> None:
        super().__init__(data=values)
        self.language.choices = [SelectChoice(code, name) for code, name in languages().items()]
        self.timezone.choices = [SelectChoice(name, name.replace("_", " ")) for name in time_zones()]


class UserForm(FlaskForm):  # type: ignore[misc]  # flask-wtf is untyped
    """What an administrator says about a user."""

    name = StringField(_l("Name"), [DataRequired(_l("Enter a name.")), Length(max=120)])
    role = SelectField(_l("Role"), choices=[SelectChoice(role, name) for role, name in ROLE_NAMES.items()], coerce=Role)
    team_id = SelectField(_l("Team"), coerce=int)

    def __init__(self, teams: Sequence[tuple[int, str]], **values: object) -> None:
        super().__init__(data=values)
        self.team_id.choices = [SelectChoice(team_id, name) for team_id, name in teams]


class EditUserForm(UserForm):
    """A user who is there already."""

    active = BooleanField(_l("May sign in"))


class InvitationForm(UserForm):
    """A colleague to invite."""

    email = EmailField(_l("E-mail"), [DataRequired(_l("Enter an e-mail address.")), Length(max=254), _deliverable])


class TeamForm(FlaskForm):  # type: ignore[misc]  # flask-wtf is untyped
    """A team's name."""

    name = StringField(_l("Name"), [DataRequired(_l("Enter a name.")), Length(max=120)])
