"""Forms of the pipeline: a campaign, a target, closing a target."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import DateField, RadioField, SelectField, StringField
from wtforms.validators import DataRequired, InputRequired, Length, Optional

from crm.pipeline.filters import NOBODY
from crm.pipeline.labels import CLOSE_REASONS, PRIORITIES
from crm.pipeline.models import CloseReason, Priority

Choices = list[tuple[int, str]]


def _stripped(value: str | None) -> str:
    return (value or "").strip()


def owner_choices(users: Choices) -> list[tuple[int, Any]]:
    """Every user, and nobody first."""
    return [(NOBODY, _l("Nobody yet")), *users]


def priority_choices() -> list[tuple[str, Any]]:
    """The priorities, highest first."""
    return [(priority.value, PRIORITIES[priority]) for priority in Priority]


def reason_choices() -> list[tuple[str, Any]]:
    """Why a target may be closed."""
    return [(reason.value, CLOSE_REASONS[reason]) for reason in CloseReason]


class CampaignForm(FlaskForm):  # type: ignore[misc]  # flask-wtf is untyped
    """What a campaign is about. The view sets the choices of treaty and owner."""

    name = StringField(
        _l("Name"),
        [DataRequired(_l("Give the campaign a name.")), Length(max=160, message=_l("At most 160 characters."))],
        filters=[_stripped],
    )
    treaty_id = SelectField(_l("Treaty"), coerce=int)
    goal = StringField(
        _l("Goal"),
        [Length(max=300, message=_l("At most 300 characters."))],
        filters=[_stripped],
        description=_l("What it takes to have won, such as: ratification by one EU member state."),
    )
    goal_by = DateField(_l("To be reached by"), [Optional()])
    owner_id = SelectField(_l("Owner"), coerce=int)


class TargetForm(FlaskForm):  # type: ignore[misc]  # flask-wtf is untyped
    """What is wanted of a target and what comes next. The view sets the choices of owner."""

    ask = StringField(
        _l("Ask"),
        [Length(max=300, message=_l("At most 300 characters."))],
        filters=[_stripped],
        description=_l("Exactly what we want from them."),
    )
    next_step = StringField(
        _l("Next step"), [Length(max=300, message=_l("At most 300 characters."))], filters=[_stripped]
    )
    next_step_due = DateField(_l("Due"), [Optional()])
    owner_id = SelectField(_l("Owner"), coerce=int)
    priority = SelectField(_l("Priority"), coerce=Priority)


class CloseForm(FlaskForm):  # type: ignore[misc]  # flask-wtf is untyped
    """Why a target is pursued no more."""

    reason = RadioField(_l("Reason"), [InputRequired(_l("Choose a reason."))], coerce=CloseReason)
    note = StringField(_l("Note"), [Length(max=300, message=_l("At most 300 characters."))], filters=[_stripped])
