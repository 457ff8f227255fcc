"""Forms of letters: a template with its wording, a mailing."""

from __future__ import annotations

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import EmailField, HiddenField, SelectField, StringField, TextAreaField
from wtforms.validators import DataRequired, Length, ValidationError

from crm.database import read_id
from crm.directory.actions import InvalidAddress, normalize_address
from crm.salutations.labels import FORMALITIES
from crm.salutations.terms import Formality


def _stripped(value: str | None) -> str:
    return (value or "").strip()


def _lines(value: str | None) -> str:
    """Text with one kind of line end, as browsers send another."""
    return (value or "").replace("\r\n", "\n").replace("\r", "\n")


class WordingForm(FlaskForm):  # type: ignore[misc]  # flask-wtf is untyped
    """A template's name and purpose, and its text in one language. The view sets the choices."""

    campaign_id = SelectField(_l("Campaign"), coerce=int)
    name = StringField(
        _l("Name of the template"),
        [DataRequired(_l("Give the template a name.")), Length(max=160, message=_l("At most 160 characters."))],
        filters=[_stripped],
    )
    purpose = StringField(
        _l("Purpose"),
        [Length(max=300, message=_l("At most 300 characters."))],
        filters=[_stripped],
    )
    language = SelectField(_l("Language of the letter"))
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
        [DataRequired(_l("Write the letter.")), Length(max=50_000, message=_l("At most 50,000 characters."))],
        filters=[_lines],
    )
    seen = HiddenField()


class MailingForm(FlaskForm):  # type: ignore[misc]  # flask-wtf is untyped
    """What a mailing is; its audience stands beside these fields in the terms of the target filter."""

    name = StringField(
        _l("Name of the mailing"),
        [DataRequired(_l("Give the mailing a name.")), Length(max=160, message=_l("At most 160 characters."))],
        filters=[_stripped],
    )
    wording = SelectField(_l("Letter"), [DataRequired(_l("Choose a letter."))])
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

    @property
    def chosen_wording(self) -> tuple[int, str]:
        """Id of the template and language; (0, "") while none is chosen."""
        template_id, _, language = (self.wording.data or "").partition(":")
        try:
            return read_id(template_id), language
        except ValueError:
            return 0, ""
