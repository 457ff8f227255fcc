"""Forms of letters: a template with its wording, a mailing."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from flask_wtf.file import MultipleFileField
from werkzeug.datastructures import FileStorage
from wtforms import (
    BooleanField,
    DateField,
    EmailField,
    HiddenField,
    IntegerField,
    SelectField,
    StringField,
    TextAreaField,
    TimeField,
)
from wtforms.validators import DataRequired, InputRequired, Length, NumberRange, Optional, ValidationError

from crm import clock
from crm.accounts.forms import time_zones
from crm.attachments.actions import FileRefused, inspect
from crm.attachments.forms import refusal_text
from crm.attachments.models import FILE_TYPES, readable_name
from crm.database import read_id
from crm.directory.actions import InvalidAddress, normalize_address
from crm.letters.actions import Typed
from crm.letters.labels import APPROACHES
from crm.letters.models import Approach
from crm.letters.schedule import Schedule
from crm.salutations.labels import FORMALITIES
from crm.salutations.terms import Formality

BODY_LENGTH = 50_000


def _id(value: str | None) -> int | None:
    try:
        return read_id(value or "")
    except ValueError:
        return None


def _stripped(value: str | None) -> str:
    return (value or "").strip()


def _lines(value: str | None) -> str:
    """Text with one kind of line end, as browsers send another."""
    return (value or "").replace("\r\n", "\n").replace("\r", "\n")


class TemplateForm(FlaskForm):  # type: ignore[misc]  # flask-wtf is untyped
    """A template's name and purpose, and the language it is written in first. The view sets the choices."""

    name = StringField(
        _l("Name of the letter"),
        [DataRequired(_l("Give the letter a name.")), Length(max=160, message=_l("At most 160 characters."))],
        filters=[_stripped],
    )
    purpose = StringField(
        _l("Purpose"),
        [Length(max=300, message=_l("At most 300 characters."))],
        filters=[_stripped],
    )
    source_language = SelectField(
        _l("Written first in"), description=_l("The other languages are translations of this one.")
    )


class NewTemplateForm(TemplateForm):
    """A new template of a campaign, and whom its first text is for."""

    campaign_id = SelectField(_l("Campaign"), coerce=int)
    approach = SelectField(
        _l("Start with the text"),
        coerce=Approach,
        choices=[(approach.value, label) for approach, (label, _hint) in APPROACHES.items()],
        default=Approach.GENERAL,
    )


class WordingForm(FlaskForm):  # type: ignore[misc]  # flask-wtf is untyped
    """A template's text in one language for one approach."""

    formality = SelectField(
        _l("How it addresses its reader"),
        coerce=Formality,
        choices=[(formality.value, label) for formality, label in FORMALITIES.items()],
        default=Formality.STANDARD,
    )
    subject = StringField(
        _l("Subject"),
        [DataRequired(_l("Give the letter a subject.")), Length(max=200, message=_l("At most 200 characters."))],
        filters=[_stripped],
    )
    body = TextAreaField(
        _l("Text (Markdown)"),
        [DataRequired(_l("Write the letter.")), Length(max=BODY_LENGTH, message=_l("At most 50,000 characters."))],
        filters=[_lines],
    )
    up_to_date = BooleanField(_l("This says what the source says now"))
    seen = HiddenField()
    source_id = HiddenField()

    @property
    def typed(self) -> Typed:
        """What stands in its fields, valid or not."""
        return Typed(
            (self.subject.data or "")[:200],
            (self.body.data or "")[:BODY_LENGTH],
            self.formality.data or Formality.STANDARD,
            (self.seen.data or "")[:60],
            _id(self.source_id.data),
        )


class LetterForm(FlaskForm):  # type: ignore[misc]  # flask-wtf is untyped
    """The words of one letter, for its reader alone."""

    subject = StringField(
        _l("Subject"),
        [DataRequired(_l("Give the letter a subject.")), Length(max=900, message=_l("At most 900 characters."))],
        filters=[_stripped],
    )
    body = TextAreaField(
        _l("Text (Markdown)"),
        [DataRequired(_l("Write the letter.")), Length(max=50_000, message=_l("At most 50,000 characters."))],
        filters=[_lines],
    )


class ReturnForm(FlaskForm):  # type: ignore[misc]  # flask-wtf is untyped
    """Why a mailing goes back to who planned it."""

    reason = TextAreaField(
        _l("What has to change"),
        [DataRequired(_l("Say what has to change.")), Length(max=1000, message=_l("At most 1,000 characters."))],
        filters=[_stripped],
    )


class ScheduleForm(FlaskForm):  # type: ignore[misc]  # flask-wtf is untyped
    """When the letters of a mailing leave."""

    send_on = DateField(_l("Day"), [Optional()], description=_l("Empty: as soon as it is approved."))
    send_at = TimeField(_l("Time"), [Optional()], description=_l("Empty: at 9 in the morning."))
    zone = SelectField(_l("Time zone"))
    readers_zone = BooleanField(
        _l("On each reader's clock"), description=_l("That of the capital of their country; ours, where none is known.")
    )
    office_hours = BooleanField(_l("Only in office hours"), description=_l("Monday to Friday, from 9 to 17."))

    def __init__(self, **values: Any) -> None:
        super().__init__(**values)
        self.zone.choices = [(name, name.replace("_", " ")) for name in time_zones()]

    @property
    def schedule(self) -> Schedule:
        """What was chosen, once it is valid."""
        return Schedule(
            self.send_on.data, self.send_at.data, self.zone.data, self.readers_zone.data, self.office_hours.data
        )

    def validate_send_at(self, field: TimeField) -> None:
        """A time needs its day."""
        if field.data and not self.send_on.data:
            raise ValidationError(gettext("Choose the day too."))


class NewTimeForm(ScheduleForm):
    """When the letters of an approved mailing leave: at a time to come, as they were not approved to leave at once."""

    send_on = DateField(
        _l("Day"),
        [
            InputRequired(
                _l(
                    "Name a day. To let the letters leave at once, take the approval back and have them approved "
                    "without a day."
                )
            )
        ],
        description=_l("The letters are approved, and leave then."),
    )

    def __init__(self, countries: Collection[str | None], **values: Any) -> None:
        super().__init__(**values)
        self.countries = countries

    def validate_send_on(self, field: DateField) -> None:
        """It is to come, on the clock of every reader if that is the one that counts."""
        if field.data is None or self.schedule.is_to_come(self.countries, clock.now()):
            return
        if self.readers_zone.data:
            raise ValidationError(gettext("This time has passed on the clock of some readers: choose a later one."))
        raise ValidationError(gettext("This time has passed: choose a later one."))

    def validate_send_at(self, field: TimeField) -> None:
        """The day is asked for by itself."""


class PaceForm(FlaskForm):  # type: ignore[misc]  # flask-wtf is untyped
    """How fast the letters of a mailing leave."""

    per_minute = IntegerField(
        _l("At most … letters a minute"),
        [Optional(), NumberRange(1, 60_000, _l("At least one letter a minute."))],
        description=_l("Empty: as fast as they may. Letters to one parliament are kept apart anyway."),
    )


class MailingForm(ScheduleForm, PaceForm):
    """What a mailing is; its audience stands beside these fields in the terms of the target filter."""

    name = StringField(
        _l("Name of the mailing"),
        [DataRequired(_l("Give the mailing a name.")), Length(max=160, message=_l("At most 160 characters."))],
        filters=[_stripped],
    )
    template = SelectField(_l("Letter"), [DataRequired(_l("Choose a letter."))], coerce=int)
    fallback = SelectField(
        _l("Everybody else gets it in"),
        description=_l("Readers get it in a language they read, else in one of their country, if it is written in it."),
    )
    ask = StringField(
        _l("What it asks"),
        [Length(max=300, message=_l("At most 300 characters."))],
        filters=[_stripped],
        description=_l("Stands for {{ask}}, except for targets that have an ask of their own."),
    )
    rest_days = IntegerField(
        _l("Leave out who was written to in the last … days"),
        [Optional(), NumberRange(0, 365, _l("Between 0 and 365 days."))],
        default=14,
        description=_l("By any mailing, or by a letter logged by hand. 0 leaves nobody out."),
    )
    files = MultipleFileField(
        _l("Files that go with it"),
        description=_l("A link in the letter arrives more often than a large file."),
        render_kw={"accept": ",".join(f".{ending}" for ending in FILE_TYPES)},
    )
    sender_name = StringField(
        _l("Sender"),
        [DataRequired(_l("Say whose name the letters bear.")), Length(max=120, message=_l("At most 120 characters."))],
        filters=[_stripped],
        description=_l("The name readers see, and {{sender_name}}."),
    )
    reply_to = EmailField(
        _l("Answers go to"),
        [DataRequired(_l("Say where answers go.")), Length(max=254, message=_l("At most 254 characters."))],
        filters=[_stripped],
        description=_l("The address their mail programs answer to."),
    )

    def validate_reply_to(self, field: EmailField) -> None:
        """It must be an address; kept as the directory keeps addresses."""
        try:
            field.data = normalize_address(field.data or "")
        except InvalidAddress as error:
            raise ValidationError(
                gettext("This is not an e-mail address: check it for a slip. (%(detail)s)", detail=error)
            ) from None

    def __init__(self, **values: Any) -> None:
        super().__init__(**values)
        # The languages each letter is written in, by its id; the view fills it.
        self.languages: dict[int, list[str]] = {}

    @property
    def uploads(self) -> list[FileStorage]:
        """The files chosen now."""
        return [file for file in self.files.data or () if isinstance(file, FileStorage) and file.filename]

    def validate_fallback(self, field: SelectField) -> None:
        """The letter must be written in it."""
        written = self.languages.get(self.template.data, [])
        if field.data and field.data not in written:
            raise ValidationError(gettext("This letter is not written in that language: choose another one."))

    def validate_files(self, _field: MultipleFileField) -> None:
        """Each must be a file that can be kept."""
        for file in self.uploads:
            try:
                inspect(file)
            except FileRefused as refused:
                raise ValidationError(f"{readable_name(file.filename)}: {refusal_text(refused.reason)}") from None
