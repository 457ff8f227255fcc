"""The forms of the coalition: a feed for a partner, and a partner to follow."""

from __future__ import annotations

from flask import current_app
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import StringField, URLField
from wtforms.validators import DataRequired, Length, ValidationError

from config import Environment, Settings
from crm.coalition.actions import is_followed
from crm.coalition.fetching import CannotFetch, checked
from crm.coalition.models import NAME_LENGTH, URL_LENGTH


def _stripped(value: str | None) -> str:
    return " ".join((value or "").replace("\x00", "").split())


class FeedForm(FlaskForm):  # type: ignore[misc]  # flask-wtf is untyped
    """Whom an address is for."""

    reader = StringField(
        _l("For whom"),
        [DataRequired(_l("Say who gets this address.")), Length(max=NAME_LENGTH, message=_l("This name is too long."))],
        filters=[_stripped],
        description=_l("One for each partner: it can be revoked without the others."),
    )


class PartnerForm(FlaskForm):  # type: ignore[misc]  # flask-wtf is untyped
    """A partner and the address they gave us."""

    partner = StringField(
        _l("Name of the partner"),
        [DataRequired(_l("Enter the partner's name.")), Length(max=NAME_LENGTH, message=_l("This name is too long."))],
        filters=[_stripped],
    )
    url = URLField(
        _l("Address of their feed"),
        [DataRequired(_l("Enter the address they gave you.")), Length(max=URL_LENGTH)],
        filters=[_stripped],
        description=_l("It begins with https:// and is as good as a password: they make one for you."),
    )

    def validate_partner(self, field: StringField) -> None:
        """Each once."""
        if is_followed(field.data or ""):
            raise ValidationError(gettext("This partner is followed already: remove them first to change the address."))

    def validate_url(self, field: URLField) -> None:
        """It must be one that may be read from; where it leads to is looked at each time it is."""
        settings: Settings = current_app.extensions["settings"]
        try:
            checked(field.data or "", local=settings.environment is not Environment.PRODUCTION)
        except CannotFetch:
            raise ValidationError(gettext("This is no address of a feed: it begins with https://.")) from None
