"""Forms of the pipeline: a campaign, a target, closing a target, a commitment and what becomes of it."""

from __future__ import annotations

from datetime import date, timedelta
from enum import StrEnum
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import (
    BooleanField,
    DateField,
    IntegerField,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.validators import URL, DataRequired, InputRequired, Length, NumberRange, Optional, ValidationError
from wtforms.widgets import CheckboxInput, ListWidget

from crm import i18n
from crm.attachments.actions import store
from crm.attachments.forms import AttachmentField
from crm.pipeline.actions import Plan, Promise, Verdict
from crm.pipeline.filters import NOBODY
from crm.pipeline.labels import CLOSE_REASONS, PRIORITIES
from crm.pipeline.models import AnswerKind, CloseReason, CommitmentState, Priority
from crm.stances.models import as_link

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
    """What a campaign is about. The view sets the choices of treaties, states and owner."""

    name = StringField(
        _l("Name"),
        [DataRequired(_l("Give the campaign a name.")), Length(max=160, message=_l("At most 160 characters."))],
        filters=[_stripped],
    )
    treaty_id = SelectField(_l("Lead treaty"), coerce=int)
    treaties = SelectMultipleField(
        _l("Other treaties"), coerce=int, widget=ListWidget(prefix_label=False), option_widget=CheckboxInput()
    )
    goal_count = IntegerField(
        _l("States to win"),
        [Optional(), NumberRange(1, 200, _l("Write a whole number, such as 1."))],
        description=_l("How many of the target states are to become parties to the lead treaty."),
    )
    goal_by = DateField(_l("To be reached by"), [Optional()])
    counts_from = DateField(
        _l("Counting from"), [Optional()], description=_l("What a state did on this day or later counts.")
    )
    goal = StringField(
        _l("The goal in your own words"),
        [Length(max=300, message=_l("At most 300 characters."))],
        filters=[_stripped],
        description=_l("Such as: ratification by one EU member state."),
    )
    states = SelectMultipleField(_l("Target states"), coerce=str)
    owner_id = SelectField(_l("Owner"), coerce=int)

    def plan(self) -> Plan:
        """What was filled in."""
        return Plan(
            name=self.name.data or "",
            treaty_id=self.treaty_id.data,
            owner_id=self.owner_id.data,
            goal=self.goal.data or "",
            goal_count=self.goal_count.data,
            goal_by=self.goal_by.data,
            counts_from=self.counts_from.data,
            treaties=self.treaties.data or (),
            states=self.states.data or (),
        )


class CopyForm(CampaignForm):
    """The same for a campaign that starts from another, and what comes along beside the targets."""

    letters = BooleanField(
        _l("Take the letter templates along"),
        description=_l("Their newest words, in every language: to be approved again before they are sent."),
    )


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

    def validate_next_step_due(self, field: DateField) -> None:
        """A day needs something that is due on it."""
        if field.data and not self.next_step.data:
            raise ValidationError(gettext("Say what is due on that day: the next step."))


class CloseForm(FlaskForm):  # type: ignore[misc]  # flask-wtf is untyped
    """Why a target is pursued no more."""

    reason = RadioField(_l("Reason"), [InputRequired(_l("Choose a reason."))], coerce=CloseReason)
    note = StringField(_l("Note"), [Length(max=300, message=_l("At most 300 characters."))], filters=[_stripped])


def _address(label: Any, description: Any = "") -> StringField:
    """A link, only ever one a browser opens safely."""
    return StringField(
        label,
        [
            Optional(),
            Length(max=500, message=_l("At most 500 characters.")),
            URL(message=_l("Write the whole address, such as https://…")),
            _web_address,
        ],
        filters=[as_link],
        render_kw={"inputmode": "url"},
        description=description,
    )


def _web_address(_form: FlaskForm, field: StringField) -> None:
    if not (field.data or "").lower().startswith(("https://", "http://")):
        raise ValidationError(gettext("Write the whole address, such as https://…"))


def _not_ahead(_form: FlaskForm, field: DateField) -> None:
    if field.data and field.data > i18n.today():
        raise ValidationError(gettext("This day lies ahead: choose today or an earlier one."))


def _stored(field: AttachmentField) -> int | None:
    return store(field.data).id if field.data else None


def _verdict(state: CommitmentState, form: Any) -> Verdict:
    found_on = form.found_on.data or i18n.today()
    return Verdict(state, found_on, form.note.data or "", form.proof_url.data or "", _stored(form.proof_file))


class CommitmentForm(FlaskForm):  # type: ignore[misc]  # flask-wtf is untyped
    """What was promised, by when, and where that is written."""

    words = TextAreaField(
        _l("The exact words"),
        [
            DataRequired(_l("Write down what was promised, word for word.")),
            Length(max=4000, message=_l("At most 4,000 characters.")),
        ],
        filters=[_stripped],
        description=_l("As they were said or written, in their own language."),
    )
    act = StringField(
        _l("What they will do"),
        [DataRequired(_l("Say what they will do.")), Length(max=300, message=_l("At most 300 characters."))],
        filters=[_stripped],
        description=_l("Such as: vote for ratification, table a question."),
    )
    promised_on = DateField(_l("Promised on"), [DataRequired(_l("Say when it was promised.")), _not_ahead])
    due_on = DateField(_l("Due"), [Optional()])
    remind_on = DateField(_l("Remind on"), [Optional()], description=_l("Left empty: two weeks before it is due."))
    source_url = _address(_l("Where it is written"), _l("A link to the minutes, the letter, the recording."))
    source_file = AttachmentField(_l("Or a file"), description=_l("A scan, a photograph, an e-mail."))
    public = BooleanField(_l("May be quoted in public"))

    def promise(self) -> Promise:
        """What was filled in; a file is stored in the running unit of work."""
        return Promise(
            words=self.words.data or "",
            act=self.act.data or "",
            promised_on=self.promised_on.data or i18n.today(),
            due_on=self.due_on.data,
            remind_on=self.remind_on.data,
            source_url=self.source_url.data or "",
            source_file_id=_stored(self.source_file),
            public=bool(self.public.data),
        )


def next_week(today: date) -> date:
    """Its Monday; on a Sunday the one after, as tomorrow is offered beside it."""
    monday = today + timedelta(days=7 - today.weekday())
    return monday if monday > today + timedelta(days=1) else monday + timedelta(days=7)


class Later(StrEnum):
    """To when something is put off."""

    TOMORROW = "tomorrow"
    NEXT_WEEK = "next_week"  # its Monday
    DAY = "day"


class PostponeForm(FlaskForm):  # type: ignore[misc]  # flask-wtf is untyped
    """Another day for what is due: tomorrow, next week, or the one chosen."""

    to = SelectField(choices=[(each.value, each.value) for each in Later], coerce=Later, default=Later.DAY)
    day = DateField(_l("Another day"), [Optional()])

    def validate_to(self, field: SelectField) -> None:
        """Ask for the day where one is to be chosen: a day left out is not asked by its own field."""
        if field.data is Later.DAY and self.day.data is None:
            raise ValidationError(gettext("Choose the day."))

    def validate_day(self, field: DateField) -> None:
        """Refuse a day gone by, and a slip of the keyboard."""
        if self.to.data is not Later.DAY or field.data is None:
            return
        if not i18n.today() <= field.data < date(2200, 1, 1):
            raise ValidationError(gettext("Choose today or a day to come."))

    def chosen(self) -> date:
        """The new day, where the reader is."""
        today = i18n.today()
        if self.to.data is Later.TOMORROW:
            return today + timedelta(days=1)
        if self.to.data is Later.NEXT_WEEK:
            return next_week(today)
        assert self.day.data is not None
        return self.day.data


class VerdictForm(FlaskForm):  # type: ignore[misc]  # flask-wtf is untyped
    """Whether a commitment was kept, since when, and what shows it."""

    state = RadioField(_l("What became of it"), [InputRequired(_l("Choose one."))], coerce=CommitmentState)
    found_on = DateField(_l("On"), [DataRequired(_l("Say when.")), _not_ahead])
    proof_url = _address(_l("What shows it"), _l("A link to the vote, the speech, the deposit."))
    proof_file = AttachmentField(_l("Or a file"))
    note = StringField(_l("Note"), [Length(max=300, message=_l("At most 300 characters."))], filters=[_stripped])

    def verdict(self) -> Verdict:
        """What was filled in; a file is stored in the running unit of work."""
        return _verdict(self.state.data, self)


class DeliveryForm(FlaskForm):  # type: ignore[misc]  # flask-wtf is untyped
    """Which commitment was kept, since when, and what shows it. The view sets the choices of commitments."""

    commitment_id = RadioField(
        _l("Which commitment was kept?"), [InputRequired(_l("Choose the commitment that was kept."))], coerce=int
    )
    found_on = DateField(_l("On"), [DataRequired(_l("Say when.")), _not_ahead])
    proof_url = _address(_l("What shows it"), _l("A link to the vote, the speech, the deposit."))
    proof_file = AttachmentField(_l("Or a file"))
    note = StringField(_l("Note"), [Length(max=300, message=_l("At most 300 characters."))], filters=[_stripped])

    def verdict(self) -> Verdict:
        """What was filled in; a file is stored in the running unit of work."""
        return _verdict(CommitmentState.KEPT, self)


class AnswerForm(FlaskForm):  # type: ignore[misc]  # flask-wtf is untyped
    """What the official says, without an account: the link's token stands for the form's own."""

    class Meta:
        """The token in the address is the right to answer: who comes by it holds no session."""

        csrf = False

    kind = RadioField(
        _l("Is this what you said?"),
        [InputRequired(_l("Choose one of the two."))],
        choices=[
            (AnswerKind.CONFIRMED.value, _l("Yes, these are my words")),
            (AnswerKind.CORRECTED.value, _l("Not quite: I correct them below")),
        ],
        coerce=AnswerKind,
    )
    words = TextAreaField(
        _l("In your own words"), [Length(max=4000, message=_l("At most 4,000 characters."))], filters=[_stripped]
    )

    def validate_words(self, field: TextAreaField) -> None:
        """A correction needs its words."""
        if self.kind.data is AnswerKind.CORRECTED and not field.data:
            raise ValidationError(gettext("Write what you would like to be kept on record."))
