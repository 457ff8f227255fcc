"""Who a contact is: the fields of a person or an organization, and the forms of new ones."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import DateField, EmailField, HiddenField, SelectField, StringField
from wtforms.validators import DataRequired, Length, ValidationError

from crm.directory.actions import InvalidAddress, normalize_address
from crm.directory.labels import GENDERS, category_label, gender_label
from crm.directory.models import (
    HOLDERS_BY_RANK,
    ORGANIZATION_CATEGORIES,
    PERSON_CATEGORIES,
    Category,
    Contact,
    ContactKind,
    Organization,
)
from crm.directory.name_parts import Parts, lost_words, parts_of, renamed, rest_of
from crm.directory.record import Record
from crm.overview.forms.fields import (
    AreaFields,
    ContactField,
    DayField,
    Named,
    check_period,
    choices_of_countries,
    stripped,
)

NAME_LENGTH = 300


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
        self.category_override.choices = choices if self._is_told(held) else [("", self._unset(held)), *choices]
        self.country.choices = choices_of_countries()

    def _is_told(self, held: Contact | None) -> bool:
        """Whether the category must stay chosen: no office tells what an organization is."""
        return self.kind is ContactKind.ORGANIZATION and held is not None

    def _unset(self, held: Contact | None) -> str:
        """What stands where no category is chosen."""
        if self.kind is ContactKind.ORGANIZATION:
            return str(gettext("Choose…"))
        return str(
            gettext("What the mandates tell") if held is not None else gettext("By the office, once one is known")
        )

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
        _l("Name"),
        [DataRequired(_l("Enter the name of the organization.")), Length(max=NAME_LENGTH)],
        filters=[stripped],
    )
    abbreviation = StringField(
        _l("Short name"), [Length(max=40)], filters=[stripped], description=_l("What lists call it, such as UNHCR.")
    )

    kind = ContactKind.ORGANIZATION
    columns = ("name", "abbreviation", *ContactForm.columns)


def check_address(_form: FlaskForm, field: StringField) -> None:
    """Refuse what is no e-mail address, and keep it as the directory will."""
    if field.data:
        try:
            field.data = normalize_address(field.data)
        except InvalidAddress as error:
            raise ValidationError(
                gettext("This is not an e-mail address: check it for a slip. (%(detail)s)", detail=error)
            ) from None


class _WithAddress(FlaskForm):  # type: ignore[misc]  # flask-wtf is untyped
    email = EmailField(_l("E-mail address"), [Length(max=320), check_address], filters=[stripped])
    phone = StringField(_l("Phone number"), [Length(max=320)], filters=[stripped])


class NewPersonForm(PersonForm, _WithAddress):
    """A person added by hand, with the office held, if there is one."""

    organization = ContactField(
        _l("Institution"),
        among=ContactKind.ORGANIZATION,
        description=_l("Where somebody holds an office: a parliament, a government, a ministry."),
    )
    role = StringField(
        _l("Office"), [Length(max=300)], filters=[stripped], description=_l("Such as member, chair or minister.")
    )

    def validate_role(self, field: StringField) -> None:
        """An office is held somewhere."""
        if field.data and self.organization.data is None:
            raise ValidationError(gettext("Say where this office is held: enter the institution."))


class NewOrganizationForm(OrganizationForm, _WithAddress):
    """An organization added by hand."""


NEW_FORMS: dict[ContactKind, type[ContactForm]] = {
    ContactKind.PERSON: NewPersonForm,
    ContactKind.ORGANIZATION: NewOrganizationForm,
}


class PersonDetailsForm(AreaFields, PersonForm):
    """Everything that stands in a person's own row; of many a source tells the whole name alone."""

    family_name = StringField(_l("Family name"), [Length(max=149)], filters=[stripped])
    name = StringField(
        _l("Name as it is written"),
        [Length(max=NAME_LENGTH)],
        filters=[stripped],
        description=_l("It follows the two parts; change it where it differs, such as ORBÁN Viktor."),
    )
    honorific_prefix = StringField(
        _l("Before the name"),
        [Length(max=60)],
        filters=[stripped],
        description=_l("Such as Dr; Ms, Mr or Mx says how letters address somebody."),
    )
    honorific_suffix = StringField(_l("After the name"), [Length(max=60)], filters=[stripped])
    gender = SelectField(
        _l("Gender"), coerce=stripped, description=_l("Only where a source tells it: it is never guessed.")
    )
    birth_date = DayField(_l("Born"))
    death_date = DayField(_l("Died"))

    columns = (
        "honorific_prefix",
        "given_name",
        "family_name",
        "honorific_suffix",
        "name",
        "category_override",
        "country",
        "region",
        "gender",
        "birth_date",
        "death_date",
    )
    order = columns

    # The whole name that would lose words, once the reader was asked about it.
    agreed = HiddenField()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._held = kwargs["obj"]
        if self._held.region is None and self._held.effective_region:
            self._leave_region(gettext("As the office tells: %(region)s"), self._held.effective_region)
        known = dict.fromkeys([*GENDERS, *([self._held.gender] if self._held.gender else [])])
        self.gender.choices = [("", gettext("Not known")), *((value, gender_label(value)) for value in known)]
        self._shown = self._parts()
        if not self._held.family_name and self._shown[1]:
            self.family_name.description = gettext(
                "Given name and family name are read out of the whole name, a proposal: saving takes them over."
            )
            if not self.is_submitted():
                self.given_name.data, self.family_name.data = self._shown
        if self._shown[1]:
            self.name.render_kw = {"data-follows": f"{self.given_name.id} {self.family_name.id}"}

    def _parts(self) -> Parts:
        """The parts the form begins with: what is known, else what the whole name tells."""
        held = self._held
        if held.family_name:
            return held.given_name, held.family_name
        if held.given_name:
            return held.given_name, rest_of(held.name, held.given_name)
        return parts_of(held.name, held.country)

    def _named(self) -> dict[str, Any]:
        """Both parts and the whole name as they would be saved.

        The whole follows its parts unless it was changed itself; a proposal of parts follows the whole.
        """
        parts: Parts = (self.given_name.data, self.family_name.data)
        name, held = self.name.data, self._held
        if name not in (None, held.name):
            if parts == self._shown and not held.family_name:
                parts = parts_of(name, self.country.data)
        elif parts[1]:
            if not (parts[0] or held.given_name or held.family_name):
                # Whoever knew the whole name alone is told one part of it: what is left is the other.
                parts = (rest_of(held.name, parts[1]), parts[1])
            name = renamed(held.name, self._shown, parts)
        return {"given_name": parts[0], "family_name": parts[1], "name": name}

    def validate_family_name(self, field: StringField) -> None:
        """A family name that is known is not taken away; without one the whole name has to be there."""
        if not field.data and (self._held.family_name or not self.name.data):
            raise ValidationError(gettext("Enter the family name."))
        named = self._named()
        if len(named["name"]) > NAME_LENGTH:
            raise ValidationError(gettext("The whole name is too long: leave out what is no name."))
        lost = lost_words(self._held.name, named["name"], self._shown[0], named["given_name"])
        if lost and self.agreed.data != named["name"]:
            self.agreed.data = self.name.data = named["name"]
            raise ValidationError(
                gettext(
                    "Is the whole name “%(name)s” from now on? “%(lost)s” would be gone. Save again if it is meant so.",
                    name=named["name"],
                    lost=" ".join(lost),
                )
            )

    def validate_death_date(self, field: DateField) -> None:
        """Nobody dies before they were born."""
        check_period(self.birth_date.data, field.data)

    def values(self) -> dict[str, Any]:
        """The edited columns, the names as they belong together."""
        return {**super().values(), **self._named()}


class OrganizationDetailsForm(AreaFields, OrganizationForm):
    """Everything that stands in an organization's own row."""

    parent = ContactField(_l("Part of"), among=ContactKind.ORGANIZATION)
    holders_are = SelectField(
        _l("Who holds an office in it is"),
        coerce=lambda value: Category(value) if value else None,
        description=_l("Leave it to the category unless it says something else."),
    )
    founding_date = DayField(_l("Founded"))
    dissolution_date = DayField(_l("Dissolved"))

    columns = (
        "name",
        "abbreviation",
        "category_override",
        "country",
        "region",
        "parent",
        "holders_are",
        "founding_date",
        "dissolution_date",
    )
    order = columns

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._held = kwargs["obj"]
        if self._held.region is None and self._held.effective_region:
            self._leave_region(gettext("As the name tells: %(region)s"), self._held.effective_region)
        offered = [(category.value, category_label(category)) for category in HOLDERS_BY_RANK]
        self.holders_are.choices = [("", gettext("What the category tells")), *offered]

    def validate_parent(self, field: ContactField) -> None:
        """An organization is no part of itself."""
        if field.data is not None and field.data.id == self._held.id:
            raise ValidationError(gettext("An organization cannot be part of itself."))

    def validate_dissolution_date(self, field: DateField) -> None:
        """Nothing is dissolved before it was founded."""
        check_period(self.founding_date.data, field.data)

    def values(self) -> dict[str, Any]:
        """The edited columns."""
        values = super().values()
        parent = values.pop("parent")
        return {**values, "parent_id": parent.id if parent else None}


def details_form(contact: Contact, record: Record) -> ContactForm:
    """The form of a contact's own fields, filled with what is known."""
    if isinstance(contact, Organization):
        above = Named(record.parent.id, record.parent.text0) if record.parent else None
        return OrganizationDetailsForm(obj=contact, data={"parent": above})
    return PersonDetailsForm(obj=contact)
