"""The forms of a statement: writing it down, withdrawing it, settling two that contradict each other."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import BooleanField, DateField, RadioField, SelectField, StringField, TextAreaField
from wtforms.validators import DataRequired, InputRequired, Length, ValidationError

from crm import i18n
from crm.attachments.forms import AttachmentField
from crm.database import read_id
from crm.stances.labels import CONFIDENCE_HINTS, STANCES, refusal_text
from crm.stances.models import (
    FIRST_DAY,
    QUOTE_LENGTH,
    REASON_LENGTH,
    STATED,
    URL_LENGTH,
    Confidence,
    Refusal,
    Stance,
    as_link,
    is_link,
)


def _stripped(value: str | None) -> str:
    return (value or "").strip()


class StatementForm(FlaskForm):  # type: ignore[misc]  # flask-wtf is untyped
    """What a contact said of a treaty, and where that is known from."""

    treaty_id = SelectField(_l("Treaty"), coerce=read_id)
    stance = RadioField(
        _l("Where they stand"),
        [InputRequired(_l("Choose where they stand."))],
        choices=[(stance.value, STANCES[stance]) for stance in STATED],
        coerce=lambda value: Stance(value) if value else None,
    )
    # A field of this type would let the browser refuse an address without https://.
    source_url = StringField(
        _l("Link to the source"),
        [Length(max=URL_LENGTH, message=_l("This link is too long."))],
        filters=[as_link],
        render_kw={"inputmode": "url"},
        description=_l("The page, video or minutes where it can be read or heard."),
    )
    file = AttachmentField(
        _l("Or a file"), description=_l("A PDF, a picture or a saved letter; its fingerprint is kept.")
    )
    said_on = DateField(_l("Day it was said"), [InputRequired(_l("Enter the day it was said."))])
    confidence = RadioField(
        _l("How sure is it?"),
        choices=[(each.value, CONFIDENCE_HINTS[each]) for each in Confidence],
        default=Confidence.CERTAIN.value,
        coerce=lambda value: Confidence(value) if value else None,
    )
    quote = TextAreaField(
        _l("Their words"),
        [Length(max=QUOTE_LENGTH, message=_l("At most 2,000 characters."))],
        filters=[_stripped],
        description=_l("As they were said, in their language. It may be left out."),
    )
    private = BooleanField(
        _l("For my team alone"), description=_l("Nobody else sees it, and it moves no figure that others see.")
    )

    def __init__(self, *args: Any, treaties: Sequence[tuple[int, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.treaty_id.choices = [(str(number), name) for number, name in treaties]
        if not self.is_submitted() and self.said_on.data is None:
            self.said_on.data = i18n.today()

    def validate_said_on(self, field: DateField) -> None:
        """Refuse days to come, and years that are a slip of the keyboard."""
        if isinstance(field.data, date) and field.data > i18n.today():
            raise ValidationError(refusal_text(Refusal.FUTURE))
        if isinstance(field.data, date) and field.data < FIRST_DAY:
            raise ValidationError(refusal_text(Refusal.TOO_EARLY))

    def validate_source_url(self, field: StringField) -> None:
        """A link, or else a file."""
        if field.data and not is_link(field.data):
            raise ValidationError(refusal_text(Refusal.LINK))
        if not field.data and not self.file.data:
            raise ValidationError(refusal_text(Refusal.SOURCE))

    def values(self) -> dict[str, Any]:
        """What was entered, as the action takes it; file and team aside."""
        names = ("treaty_id", "stance", "said_on", "confidence", "source_url", "quote")
        # A form that builds on this one may have left some out.
        return {name: self[name].data for name in names if name in self}


class WithdrawalForm(FlaskForm):  # type: ignore[misc]
    """Why a statement no longer counts."""

    reason = StringField(
        _l("Why it no longer counts"),
        [
            DataRequired(_l("Say why it no longer counts.")),
            Length(max=REASON_LENGTH, message=_l("At most 300 characters.")),
        ],
        filters=[_stripped],
        description=_l("Such as: they were misquoted; it was about another treaty; wrong person."),
    )
    anew = BooleanField(_l("Then write it down again, corrected"))


class SettlementForm(FlaskForm):  # type: ignore[misc]
    """That both statements stand."""

    note = StringField(
        _l("How is it known?"),
        [Length(max=REASON_LENGTH, message=_l("At most 300 characters."))],
        filters=[_stripped],
        description=_l("Such as: said so after the hearing. It may be left out."),
    )
