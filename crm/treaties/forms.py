"""The form of what a state did about a treaty."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import DateField, SelectField, StringField
from wtforms.validators import DataRequired, InputRequired, Length

from crm.treaties.labels import CONFIDENCES, KINDS
from crm.treaties.models import ActionKind, Confidence


def _stripped(value: str | None) -> str:
    return (value or "").strip()


class ActionForm(FlaskForm):  # type: ignore[misc]  # flask-wtf is untyped
    """An action with its day and where that is known from."""

    kind = SelectField(
        _l("What the state did"), coerce=ActionKind, choices=[(each.value, KINDS[each]) for each in KINDS]
    )
    done_on = DateField(
        _l("Day"),
        [InputRequired(_l("Enter the day it was signed or deposited."))],
        description=_l("Of the signature or the deposit; of a denunciation the day it takes effect."),
    )
    source = StringField(
        _l("Source"),
        [DataRequired(_l("Say where this is known from.")), Length(max=300, message=_l("At most 300 characters."))],
        filters=[_stripped],
        description=_l("Such as: UN Treaty Collection, read today."),
    )
    confidence = SelectField(
        _l("How sure is the day?"), coerce=Confidence, choices=[(each.value, CONFIDENCES[each]) for each in CONFIDENCES]
    )

    def values(self) -> dict[str, Any]:
        """What was entered, as the actions take it."""
        return {
            "kind": self.kind.data,
            "on": self.done_on.data,
            "source": self.source.data,
            "confidence": self.confidence.data,
        }
