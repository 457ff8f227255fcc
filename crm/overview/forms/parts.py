"""What describes a contact row by row: ways to reach, identifiers, names, sources, languages, forms of address."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from babel import Locale
from flask_babel import get_locale, gettext
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import SelectField, StringField
from wtforms.validators import DataRequired, Length, Regexp, ValidationError

from crm import i18n
from crm.accounts.queries import active_users
from crm.directory.labels import POINTS, REGISTERS, language_label, register_label, role_label
from crm.directory.models import Contact, PointKind
from crm.directory.offices import Mandate
from crm.overview.forms.contacts import check_address
from crm.overview.forms.fields import DayField, check_period, own_id, stripped, text
from crm.stances.models import as_link
from crm.text import fold

# The languages a contact may be written to in: those of the European Union and of the United Nations come first.
_FIRST = ("en", "fr", "es", "ar", "de", "it", "pt", "nl", "pl", "el", "ro", "ru", "zh")
_MORE_BLANKS = 2


def _web_address(_form: FlaskForm, field: StringField) -> None:
    if field.data and not str(field.data).startswith(("https://", "http://")):
        raise ValidationError(gettext("Enter the whole web address, beginning with https://"))


def languages_by_name() -> list[tuple[str, str]]:
    """Code and name of the world's languages: those letters are most often written in, then all by name."""
    named: dict[str, str] = dict((get_locale() or Locale("en")).languages)
    rest = sorted((code for code in named if len(code) == 2 and code not in _FIRST), key=lambda code: fold(named[code]))
    return [(code, language_label(code)) for code in (*_FIRST, *rest)]


class PartForm(FlaskForm):  # type: ignore[misc]  # flask-wtf is untyped
    """A small form in the contact's page; `columns` are those of its table."""

    columns: tuple[str, ...] = ()

    def values(self) -> dict[str, Any]:
        """The edited columns with what was typed."""
        return {name: self[name].data for name in self.columns}


class PointForm(PartForm):
    """One way to reach a contact."""

    kind = SelectField(_l("Kind"), coerce=PointKind, choices=[(kind.value, label) for kind, label in POINTS.items()])
    value = StringField(
        _l("Address or number"), [DataRequired(_l("Enter the address or number.")), Length(max=500)], filters=[stripped]
    )
    label = StringField(
        _l("Label"), [Length(max=300)], filters=[text], description=_l("Tells several apart, such as Strasbourg.")
    )
    membership_id = SelectField(
        _l("Belongs to the office"),
        coerce=own_id,
        description=_l("It goes out of use when the office ends."),
    )

    columns: tuple[str, ...] = ("kind", "value", "label", "membership_id")

    def __init__(self, offices: Sequence[Mandate], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if offices:
            named = [(line.id, f"{line.organization}, {role_label(line.role)}") for line in offices]
            self.membership_id.choices = [("", gettext("None: it is personal")), *named]
        else:
            del self.membership_id
            self.columns = tuple(name for name in self.columns if name != "membership_id")

    def validate_value(self, field: StringField) -> None:
        """An e-mail address must be one; a website must be a web address."""
        if self.kind.data is PointKind.EMAIL:
            check_address(self, field)
        if self.kind.data is PointKind.URL:
            field.data = as_link(field.data)
            _web_address(self, field)


class IdentifierForm(PartForm):
    """A name of the contact in somebody's register."""

    scheme = StringField(
        _l("Register"),
        [
            DataRequired(_l("Enter the register, such as wikidata.")),
            Length(max=40),
            Regexp(r"[\w-]+\Z", message=_l("A register is one word, such as wikidata or europarl.")),
        ],
        filters=[stripped],
    )
    value = StringField(
        _l("Number or code in it"),
        [DataRequired(_l("Enter the number or code.")), Length(max=120)],
        filters=[stripped],
    )

    columns: tuple[str, ...] = ("scheme", "value")

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        known = ", ".join(f"{scheme} ({register_label(scheme)})" for scheme in REGISTERS)
        self.scheme.description = gettext("Known ones: %(registers)s.", registers=known)


class OtherNameForm(PartForm):
    """One more name a contact goes or went by."""

    name = StringField(_l("Name"), [DataRequired(_l("Enter the name.")), Length(max=300)], filters=[stripped])
    language = SelectField(_l("Language"), coerce=stripped)
    note = StringField(
        _l("Note"), [Length(max=500)], filters=[text], description=_l("What it is, such as the name before marriage.")
    )
    start_date = DayField(_l("From"))
    end_date = DayField(_l("Until"))

    columns: tuple[str, ...] = ("name", "language", "note", "start_date", "end_date")

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.language.choices = [("", gettext("Not known")), *languages_by_name()]

    def validate_end_date(self, field: DayField) -> None:
        """The last day comes after the first."""
        check_period(self.start_date.data, field.data)


class SourceForm(PartForm):
    """Where something known of the contact was read."""

    label = StringField(
        _l("Source"),
        [DataRequired(_l("Say what the source is.")), Length(max=200)],
        filters=[stripped],
        description=_l("Such as the ministry's web page."),
    )
    url = StringField(_l("Web address"), [Length(max=500), _web_address], filters=[as_link])
    as_of = DayField(_l("Read on"), default=i18n.today)

    columns: tuple[str, ...] = ("label", "url", "as_of")


class OwnerForm(PartForm):
    """Who of us looks after the contact."""

    owner_id = SelectField(_l("Who of us"), coerce=own_id)

    columns: tuple[str, ...] = ("owner_id",)

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        users = active_users()
        held = kwargs["obj"].owner_id
        if held is not None and held not in dict(users):
            users.append((held, gettext("Somebody who has left")))
        self.owner_id.choices = [("", gettext("Nobody in particular")), *users]


def languages_form(languages: Sequence[str]) -> PartForm:
    """Selects for the languages a contact reads, best first, with blanks for more."""

    class LanguagesForm(PartForm):
        """The languages, in their order."""

        def values(self) -> dict[str, Any]:
            """The chosen ones, each once."""
            return {"languages": [field.data for field in self if field.type == "SelectField" and field.data]}

    for place in range(len(languages) + _MORE_BLANKS):
        label = _l("First language") if place == 0 else _l("Next language")
        setattr(LanguagesForm, f"language_{place}", SelectField(label, coerce=stripped))
    form = LanguagesForm(data={f"language_{place}": code for place, code in enumerate(languages)})
    choices = languages_by_name()
    known = dict(choices)
    choices += [(code, language_label(code)) for code in languages if code not in known]
    for field in form:
        if field.type == "SelectField":
            field.choices = [("", gettext("None")), *choices]
    return form


def addressing_form(contact: Contact, languages: Sequence[str]) -> PartForm:
    """A line for the opening of a letter in each language that matters, and one for a further language."""
    codes = list(dict.fromkeys([*contact.forms_of_address, *languages, "en"]))

    class AddressingForm(PartForm):
        """The openings by language."""

        further = SelectField(_l("Another language"), coerce=stripped)
        opening = StringField(_l("Opening in it"), [Length(max=200)], filters=[stripped])

        def values(self) -> dict[str, Any]:
            """The openings that were written, by language."""
            written = {code: self[f"opening_{code}"].data for code in codes}
            if self.further.data and self.opening.data:
                written[self.further.data] = self.opening.data
            return {"forms_of_address": {code: opening for code, opening in written.items() if opening}}

        def validate_opening(self, field: StringField) -> None:
            """An opening needs its language."""
            if field.data and not self.further.data:
                raise ValidationError(gettext("Choose the language it is in."))

    for code in codes:
        setattr(
            AddressingForm, f"opening_{code}", StringField(language_label(code), [Length(max=200)], filters=[stripped])
        )
    form = AddressingForm(data={f"opening_{code}": opening for code, opening in contact.forms_of_address.items()})
    offered = [(code, name) for code, name in languages_by_name() if code not in codes]
    form.further.choices = [("", gettext("None")), *offered]
    return form
