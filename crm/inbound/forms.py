"""The form of an answer to a mail."""

from __future__ import annotations

import secrets
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from flask_wtf.file import MultipleFileField
from werkzeug.datastructures import FileStorage
from wtforms import HiddenField, StringField, TextAreaField
from wtforms.validators import DataRequired, Length, Regexp, ValidationError

from crm.attachments.actions import FileRefused, inspect
from crm.attachments.forms import refusal_text
from crm.attachments.models import FILE_TYPES, readable_name
from crm.attachments.views import file_size
from crm.inbound.models import SUBJECT_LENGTH
from crm.inbound.parsing import MOST_TEXT
from crm.letters.actions import files_limit


def _stripped(value: str | None) -> str:
    return (value or "").strip()


class AnswerForm(FlaskForm):  # type: ignore[misc]  # flask-wtf is untyped
    """What is written back; their own words stand quoted below it, as far as they are wanted there."""

    subject = StringField(
        _l("Subject"),
        [DataRequired(_l("Enter a subject.")), Length(max=SUBJECT_LENGTH, message=_l("This subject is too long."))],
        filters=[_stripped],
    )
    text = TextAreaField(
        _l("Your answer"),
        [DataRequired(_l("Write your answer.")), Length(max=MOST_TEXT, message=_l("This answer is too long."))],
        filters=[_stripped],
    )
    quoted = TextAreaField(
        _l("Quoted below it"),
        [Length(max=2 * MOST_TEXT, message=_l("This is too long: leave some of it out."))],
        filters=[_stripped],
        description=_l("What they wrote, so that they see what you answer. Shorten it, or empty it."),
    )
    files = MultipleFileField(
        _l("Files that go with it"), render_kw={"accept": ",".join(f".{ending}" for ending in FILE_TYPES)}
    )
    # The same form sent twice is one answer.
    token = HiddenField(validators=[Regexp(r"[0-9a-f]{16}$")])

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.is_submitted():
            self.token.data = secrets.token_hex(8)

    @property
    def uploads(self) -> list[FileStorage]:
        """The files chosen now."""
        return [file for file in self.files.data or () if isinstance(file, FileStorage) and file.filename]

    def validate_files(self, _field: MultipleFileField) -> None:
        """Each must be one that can be kept, and all together one letter's."""
        size = 0
        for file in self.uploads:
            try:
                size += inspect(file)
            except FileRefused as refused:
                raise ValidationError(f"{readable_name(file.filename)}: {refusal_text(refused.reason)}") from None
        if size > files_limit():
            raise ValidationError(
                gettext(
                    "Together these files are %(size)s: at most %(limit)s can go with one letter.",
                    size=file_size(size),
                    limit=file_size(files_limit()),
                )
            )

    def whole(self) -> str:
        """The letter's text."""
        return "\n\n".join(filter(None, (self.text.data, self.quoted.data))) + "\n"
