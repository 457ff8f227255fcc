"""The form of a name of a place."""

from __future__ import annotations

from typing import Any

from flask_babel import get_locale, gettext
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import SelectField, StringField
from wtforms.validators import DataRequired, InputRequired, Length, ValidationError

from crm.places.countries import countries_by_name
from crm.places.regions import region_code


def _stripped(value: str | None) -> str:
    return (value or "").strip()


class AliasForm(FlaskForm):  # type: ignore[misc]  # flask-wtf is untyped
    """A name and what it means."""

    label = StringField(
        _l("Name in your files"),
        [
            DataRequired(_l("Enter the name as your files have it.")),
            Length(max=80, message=_l("At most 80 characters.")),
        ],
        filters=[_stripped],
    )
    country = SelectField(_l("Means this country"), [InputRequired(_l("Choose the country."))])
    region = StringField(
        _l("Or this region in it"),
        filters=[_stripped],
        description=_l("Its name or code, such as Catalonia or ES-CT. Leave it empty for the country itself."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.country.choices = [("", gettext("Choose…")), *countries_by_name(get_locale())]

    def validate_region(self, field: StringField) -> None:
        """What was typed has to be a region of the chosen country."""
        if field.data and region_code(field.data, self.country.data or None) is None:
            raise ValidationError(gettext("The country has no region of this name or code. Try a code such as ES-CT."))

    def region_code(self) -> str | None:
        """The region's code, None where the country itself is meant."""
        return region_code(self.region.data, self.country.data) if self.region.data else None
