"""Fields that the forms of the contact pages share: a day, a contact by its name, an area."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask import url_for
from flask_babel import get_locale, gettext
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from markupsafe import Markup
from wtforms import DateField, SelectField, StringField
from wtforms.validators import Optional, StopValidation, ValidationError
from wtforms.widgets import DateInput, TextInput

from crm.database import read_id
from crm.directory.finding import contacts_named
from crm.directory.labels import category_label, country_label, region_label
from crm.directory.models import ContactKind
from crm.directory.naming import contact_chosen, contacts_called
from crm.places.countries import countries_by_name
from crm.places.regions import regions_of
from crm.text import seen


def stripped(value: str | None) -> str | None:
    """What was typed, as it looks and without blanks around it; None for nothing."""
    return text(value) or None


def text(value: str | None) -> str:
    """What was typed, as it looks and without blanks around it."""
    return seen(value or "").strip()


class DayField(DateField):
    """A day that may be unknown."""

    widget = DateInput()

    def __init__(self, label: Any, **kwargs: Any) -> None:
        super().__init__(label, [Optional()], **kwargs)

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read the day. Raises ValueError with words that say how to write one."""
        try:
            super().process_formdata(valuelist)
        except ValueError:
            raise ValueError(gettext("Write the day as year-month-day, such as 2026-05-31.")) from None


@dataclass(frozen=True)
class Named:
    """A contact as a form names it."""

    id: int
    name: str


class _NameInput(TextInput):
    """The name, with suggestions as one types; after a refusal, a choice under it where it could mean several."""

    def __call__(self, field: Any, **kwargs: Any) -> Markup:
        kwargs["data-suggest"] = url_for("overview.suggestions", kind=field.among)
        kwargs["data-suggest-id"] = f"{field.name}_id"
        kwargs["data-suggest-count"] = gettext("Results: %(count)s", count="{count}")
        kwargs["data-suggest-none"] = gettext("Nobody is called that.")
        written = super().__call__(field, autocomplete="off", **kwargs)
        if not field.candidates:
            return written
        options = Markup().join(
            Markup('<option value="{}">{}</option>').format(row.id, _described(row)) for row in field.candidates
        )
        return Markup('{}<select name="{}_id" aria-label="{}"><option value="">{}</option>{}</select>').format(
            written, field.name, gettext("Which one is meant?"), gettext("Which one is meant?"), options
        )


def _described(row: Any) -> str:
    return ", ".join(part for part in (row.name, category_label(row.category), country_label(row.country)) if part)


class ContactField(StringField):
    """Another contact, by name or short name; its data is a `Named`, or None.

    Where several are called so, `candidates` are offered for choice beside what was typed.
    """

    widget = _NameInput()

    def __init__(self, label: Any, *, among: ContactKind | None = None, needed: str = "", **kwargs: Any) -> None:
        super().__init__(label, **kwargs)
        self.data: Any
        self.among, self._needed = among, needed
        self.candidates: Sequence[Any] = ()
        self._typed = ""
        self._chosen = ""
        self.flags.required = bool(needed)

    def process(self, formdata: Any, data: Any = None, extra_filters: Any = None) -> None:
        """Read the name, and which of several was chosen."""
        super().process(formdata, data, extra_filters)
        self._chosen = (formdata.get(f"{self.name}_id") or "") if formdata else ""

    def process_data(self, value: Named | None) -> None:
        """Start with a contact that is known."""
        self.data, self._known = value, value
        self._typed = value.name if value else ""

    def process_formdata(self, valuelist: list[str]) -> None:
        """Take what was typed; `pre_validate` finds out who that is."""
        self._typed = text(valuelist[0]) if valuelist else ""
        self.data = None

    def _value(self) -> str:
        return self._typed

    def pre_validate(self, form: FlaskForm) -> None:
        """Find the contact. Raises StopValidation where nobody, or nobody in particular, is called so."""
        if not self._typed:
            if self._needed:
                raise StopValidation(self._needed)
            return
        if self._known and self._typed == self._known.name and not self._chosen:
            self.data = self._known
            return
        found = contacts_called(self._typed, self.among)
        meant = self._meant(found)
        if meant is not None:
            self.data = Named(meant.id, meant.name)
            return
        # Nobody bears the name, but somebody may be known by it, or by where they belong.
        self.candidates = found or contacts_named(self._typed, kind=self.among)
        if found:
            raise StopValidation(gettext("Several are called like this: choose which one is meant."))
        if self.candidates:
            raise StopValidation(gettext("Nobody is called just so: choose who is meant, or check the spelling."))
        raise StopValidation(
            gettext("Nobody in the directory is called “%(name)s”: check the spelling, or add them first.")
            % {"name": self._typed}
        )

    def _meant(self, found: Sequence[Any]) -> Any:
        """The one that was chosen, or the only one there is; None where it is not clear."""
        chosen = self._chosen_id()
        if chosen is not None:
            listed = next((row for row in found if row.id == chosen), None)
            meant = listed or contact_chosen(chosen, self._typed, self.among) or self._listed_before(chosen)
            if meant is not None:
                return meant
        return found[0] if len(found) == 1 else None

    def _chosen_id(self) -> int | None:
        try:
            return read_id(self._chosen) if self._chosen else None
        except ValueError:
            return None

    def _listed_before(self, chosen: int) -> Any:
        """One of those offered for a text that is nobody's name."""
        return next((row for row in contacts_named(self._typed, kind=self.among) if row.id == chosen), None)


def choices_of_countries(none: Any = None) -> list[tuple[str, str]]:
    """Every country by its name in the reader's language, after the choice of none."""
    return [("", str(none or gettext("None or several"))), *countries_by_name(get_locale())]


class AreaFields(FlaskForm):  # type: ignore[misc]  # flask-wtf is untyped
    """A country and one of its regions."""

    country = SelectField(_l("Country"), coerce=stripped)
    region = SelectField(_l("Region"), coerce=stripped, validate_choice=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.country.choices = choices_of_countries()
        regions = regions_of(self.country.data, get_locale())
        self._regions = regions
        self._offer_regions(gettext("The whole country") if regions else gettext("None"))
        # A region of the country that was chosen before says nothing of the new one.
        if self.region.data not in dict(regions):
            self.region.data = None

    def _leave_region(self, pattern: str, code: str) -> None:
        """Say what the region is where none is chosen."""
        self._offer_regions(pattern % {"region": region_label(code)})

    def _offer_regions(self, none: str) -> None:
        self.region.choices = [("", none), *self._regions]


def check_period(start: date | None, end: date | None) -> None:
    """Refuse a last day before the first one."""
    if start and end and end < start:
        raise ValidationError(gettext("The last day is before the first one."))


def own_id(value: Any) -> int | None:
    """The id of a row out of a choice; None for no choice. Raises ValueError for anything else."""
    return read_id(str(value)) if value not in (None, "", "None") else None
