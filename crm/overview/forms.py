"""Forms of the contact pages: a contact's basic fields, a new contact, a new contact point."""

from __future__ import annotations

from typing import Any

from flask_babel import get_locale, gettext
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import EmailField, SelectField, StringField
from wtforms.validators import DataRequired, Length, ValidationError

from crm.directory.actions import InvalidAddress, normalize_address
from crm.directory.labels import POINTS, category_label
from crm.directory.models import (
    ORGANIZATION_CATEGORIES,
    PERSON_CATEGORIES,
    Category,
    Contact,
    ContactKind,
    Person,
    PointKind,
)
from crm.places.countries import countries_by_name


def stripped(value: str | None) -> str | None:
    """What was typed, without blanks around it; None for nothing."""
    return (value or "").strip() or None


class ContactForm(FlaskForm):  # type: ignore[misc]  # flask-wtf is untyped
    """What every contact has; `kind` decides which categories are offered."""

    category_override = SelectField(_l("Category"), coerce=lambda value: Category(value) if value else None)
    country = SelectField(_l("Country"), coerce=stripped)

    kind: ContactKind
    # The columns of the table that the form edits, by their names.
    columns: tuple[str, ...] = ("category_override", "country")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        mine = PERSON_CATEGORIES if self.kind is ContactKind.PERSON else ORGANIZATION_CATEGORIES
        held = kwargs.get("obj")
        own = held.category_override if held is not None else None
        offered = (*mine, own) if own is not None and own not in mine else mine
        choices = [(category.value, category_label(category)) for category in offered]
        self.category_override.choices = choices if self._is_told(held) else [("", self._unset()), *choices]
        self.country.choices = [("", gettext("None or several")), *countries_by_name(get_locale())]

    def _is_told(self, held: Contact | None) -> bool:
        """Whether the category must stay chosen: no office tells what an organization is."""
        return self.kind is ContactKind.ORGANIZATION and held is not None

    def _unset(self) -> str:
        """What stands where no category is chosen."""
        return str(gettext("What the mandates tell") if self.kind is ContactKind.PERSON else gettext("Choose…"))

    def validate_category_override(self, field: SelectField) -> None:
        """An organization has no mandates that would tell its category."""
        if self.kind is ContactKind.ORGANIZATION and field.data is None:
            raise ValidationError(gettext("Choose a category."))

    def values(self) -> dict[str, Any]:
        """The edited columns with what was typed."""
        return {name: self[name].data for name in self.columns}


class PersonForm(ContactForm):
    """A person's basic fields."""

    given_name = StringField(_l("Given name"), [Length(max=150)], filters=[stripped])
    family_name = StringField(
        _l("Family name"),
        [DataRequired(_l("Enter the family name.")), Length(max=149)],
        filters=[stripped],
    )

    kind = ContactKind.PERSON
    columns = ("given_name", "family_name", *ContactForm.columns)


class OrganizationForm(ContactForm):
    """An organization's basic fields."""

    name = StringField(
        _l("Name"), [DataRequired(_l("Enter the name of the organization.")), Length(max=300)], filters=[stripped]
    )
    abbreviation = StringField(
        _l("Short name"), [Length(max=40)], filters=[stripped], description=_l("What lists call it, such as UNHCR.")
    )

    kind = ContactKind.ORGANIZATION
    columns = ("name", "abbreviation", *ContactForm.columns)


def contact_form(contact: Contact) -> ContactForm:
    """The form of a contact's kind, filled with what is known."""
    return (PersonForm if isinstance(contact, Person) else OrganizationForm)(obj=contact)


def _address(_form: FlaskForm, field: StringField) -> None:
    """Refuse what is no e-mail address, and keep it as the directory will."""
    if field.data:
        try:
            field.data = normalize_address(field.data)
        except InvalidAddress as error:
            raise ValidationError(
                gettext("This is not an e-mail address: check it for a slip. (%(detail)s)", detail=error)
            ) from None


class _WithAddress(FlaskForm):  # type: ignore[misc]  # flask-wtf is untyped
    email = EmailField(_l("E-mail address"), [Length(max=320), _address], filters=[stripped])


class NewPersonForm(PersonForm, _WithAddress):
    """A person added by hand."""


class NewOrganizationForm(OrganizationForm, _WithAddress):
    """An organization added by hand."""


NEW_FORMS: dict[ContactKind, type[ContactForm]] = {
    ContactKind.PERSON: NewPersonForm,
    ContactKind.ORGANIZATION: NewOrganizationForm,
}


class PointForm(FlaskForm):  # type: ignore[misc]  # flask-wtf is untyped
    """One more way to reach a contact."""

    kind = SelectField(_l("Kind"), coerce=PointKind, choices=[(kind.value, label) for kind, label in POINTS.items()])
    value = StringField(
        _l("Address or number"),
        [DataRequired(_l("Enter the address or number.")), Length(max=320)],
        filters=[stripped],
    )

    def validate_value(self, field: StringField) -> None:
        """An e-mail address must be one; a website must be a web address."""
        if self.kind.data is PointKind.EMAIL:
            _address(self, field)
        if self.kind.data is PointKind.URL and not str(field.data).startswith(("https://", "http://")):
            raise ValidationError(gettext("Enter the whole web address, beginning with https://"))
