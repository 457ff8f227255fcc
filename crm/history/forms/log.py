"""Logging an interaction with all that follows from it, as one form."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from textwrap import shorten
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from wtforms import BooleanField, DateField, HiddenField, RadioField, SelectField, StringField, TextAreaField
from wtforms.validators import Length, Optional, ValidationError

from crm import clock, i18n
from crm.database import read_id
from crm.history.forms.fields import at_most, check_year, stripped
from crm.history.forms.interaction import InteractionForm
from crm.history.models import SUMMARY_LENGTH, TITLE_LENGTH, StepFate
from crm.history.queries import targets_of
from crm.pipeline.labels import stage_label
from crm.pipeline.models import OPEN_STAGES, Stage
from crm.pipeline.queries import campaign_names
from crm.stances.labels import CONFIDENCE_HINTS, STANCES, refusal_text
from crm.stances.models import QUOTE_LENGTH, STATED, URL_LENGTH, Confidence, Refusal, Stance, as_link, is_link
from crm.treaties.queries import treaty_names


def _id_or_none(value: Any) -> int | None:
    return read_id(value) if value else None


class LogForm(InteractionForm):
    """An interaction, and what follows from it.

    `about` is `target:7` (a target among the contacts), `campaign:3` or empty; it decides where a next step goes.
    """

    # Of a statement that was read somewhere nothing happened between us: see validate_what.
    what = StringField(
        _l("What happened"),
        [Length(max=SUMMARY_LENGTH, message=_l("At most 300 characters: the rest has room in the notes."))],
        filters=[stripped],
    )
    # What the field of the time began with: as long as nobody changes it, the moment is that of saving.
    at_first = HiddenField()
    next_step = StringField(_l("Next step"), [at_most(TITLE_LENGTH)], filters=[stripped])
    next_step_due = DateField(_l("Due"), [Optional()])
    step_before = SelectField(_l("Next step so far"), coerce=lambda value: StepFate(value) if value else None)
    # What is offered follows from who takes part: a choice that is not offered any more counts as none.
    about = SelectField(_l("Campaign"), validate_choice=False)
    stage = SelectField(_l("Stage is now"), coerce=lambda value: Stage(value) if value else None)
    said_by = SelectField(_l("Who said it"), coerce=_id_or_none, validate_choice=False)
    treaty_id = SelectField(_l("Treaty"), coerce=_id_or_none, validate_choice=False)
    stance = RadioField(_l("Where they stand"), coerce=lambda value: Stance(value) if value else None)
    confidence = SelectField(_l("How sure is it?"), coerce=lambda value: Confidence(value) if value else None)
    quote = TextAreaField(_l("Their words"), [at_most(QUOTE_LENGTH)], filters=[stripped])
    source_url = StringField(
        _l("Link, if it was said elsewhere"),
        [Length(max=URL_LENGTH, message=_l("This link is too long."))],
        filters=[as_link],
        render_kw={"inputmode": "url"},
        description=_l("Without one, what happened is the source."),
    )
    promised_words = TextAreaField(
        _l("The exact words"), [at_most(4_000)], filters=[stripped], description=_l("As they were said, word for word.")
    )
    promised_act = StringField(
        _l("What they will do"),
        [at_most(300)],
        filters=[stripped],
        description=_l("Such as: vote for ratification, table a question."),
    )
    promised_due = DateField(_l("Due"), [Optional()])
    promised_public = BooleanField(_l("May be quoted in public"))
    task = StringField(_l("Task"), [at_most(TITLE_LENGTH)], filters=[stripped])
    task_due = DateField(_l("Due"), [Optional()])
    task_owner = SelectField(_l("Owner"), coerce=_id_or_none, validate_choice=False)
    next = HiddenField()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.targets: Sequence[Any] = ()
        self.treaties, self.day, self.now = treaty_names(), i18n.today(), clock.now()
        self.stage.choices = [("", _l("As it is")), *((stage.value, stage_label(stage)) for stage in OPEN_STAGES)]
        self.step_before.choices = [
            ("", _l("It stays, until a new one replaces it")),
            (StepFate.DONE.value, _l("It is done")),
            (StepFate.TASK.value, _l("Still to do: keep it as a task")),
        ]
        self.stance.choices = [("", _l("Nothing said")), *((stance.value, STANCES[stance]) for stance in STATED)]
        self.confidence.choices = [
            ("", _l("By the source: their own words at a link are certain, else likely")),
            *((each.value, CONFIDENCE_HINTS[each]) for each in Confidence),
        ]
        self.task_owner.choices = self.user.choices
        self.treaty_id.choices = [(str(number), name) for number, name in self.treaties]
        self.offer()
        if not self.is_submitted():
            self.task_owner.data = current_user.id
            self.at_first.data = self._at_typed()
            self.stance.data = self.step_before.data = None
            self._choose_target()

    def offer(self) -> None:
        """Offer what depends on who takes part: their targets, and who of them said something."""
        self.targets = targets_of([person.id for person in self.people]) if self.people else []
        several = len(self.people) > 1
        choices: list[tuple[str, Any]] = [("", _l("None: the next step is my task"))]
        for target in self.targets:
            words = f"{target.campaign} · {stage_label(target.stage)}"
            choices.append((f"target:{target.id}", f"{target.name}: {words}" if several else words))
        # Where the only one who takes part is a target, the campaign is offered once.
        theirs = set() if several else {target.campaign_id for target in self.targets}
        choices += [(f"campaign:{number}", name) for number, name in campaign_names() if number not in theirs]
        self.about.choices = choices
        self.said_by.choices = [(str(person.id), person.name) for person in self.people]

    def _choose_target(self) -> None:
        """Begin with the only target there is, or the only one that is the reader's own."""
        own = [target for target in self.targets if target.owner_id == current_user.id]
        meant = own if len(own) == 1 else self.targets
        self.about.data = f"target:{meant[0].id}" if len(meant) == 1 else ""
        self.treaty_id.data = meant[0].treaty_id if len(meant) == 1 else None

    def validate(self, *args: Any, **kwargs: Any) -> bool:
        """Check everything; what is offered depends on who takes part, so that is found out first."""
        self.resolve()
        self.offer()
        self.who.errors = []
        return super().validate(*args, **kwargs)

    def _at_typed(self) -> str:
        return self.at.data.strftime(self.at.format[0]) if self.at.data else ""

    def moment(self) -> datetime:
        """When it happened, in UTC: now, where nobody said otherwise."""
        return self.now if self.at_first.data and self.at_first.data == self._at_typed() else super().moment()

    def is_statement_alone(self) -> bool:
        """Whether nothing happened between us: it was read or heard somewhere, and that is told."""
        told = self.source_url.data or self.notes.data or self.file.data
        return bool(not self.what.data and self.stance.data and told)

    def summary(self) -> str:
        """What happened, or else what was said."""
        if self.what.data:
            return str(self.what.data)
        if self.quote.data:
            quote = shorten(self.quote.data, SUMMARY_LENGTH // 2, placeholder="…")
            return str(gettext("Statement recorded: “%(quote)s”", quote=quote))
        return str(gettext("Statement recorded"))

    def confidence_meant(self) -> Confidence:
        """How sure it is as chosen, or else by the source."""
        in_public = self.source_url.data and self.quote.data
        return self.confidence.data or (Confidence.CERTAIN if in_public else Confidence.LIKELY)

    def validate_what(self, field: StringField) -> None:
        """Something happened, or was said in a place that is named."""
        if field.data or self.is_statement_alone():
            return
        if self.stance.data:
            raise ValidationError(gettext("Say in one line what happened, or paste the link to where they said it."))
        raise ValidationError(gettext("Say in one line what happened."))

    def validate_stage(self, field: SelectField) -> None:
        """A stage is that of a target."""
        if field.data and self.target() is None:
            raise ValidationError(gettext("Choose the campaign in which the stage has changed."))

    def validate_next_step_due(self, field: DateField) -> None:
        """A day without a step is half a thought."""
        if field.data and not self.next_step.data:
            raise ValidationError(gettext("Say what is due on that day, or leave it out."))
        check_year(field.data)

    def validate_task_due(self, field: DateField) -> None:
        """The same for a task."""
        if field.data and not self.task.data:
            raise ValidationError(gettext("Say what is due on that day, or leave it out."))
        check_year(field.data)

    def validate_stance(self, field: RadioField) -> None:
        """A stance is one on a treaty, said by somebody."""
        if field.data and self.treaty_id.data not in {number for number, _name in self.treaties}:
            raise ValidationError(gettext("Choose the treaty."))

    def validate_quote(self, field: TextAreaField) -> None:
        """Words without a stance would be lost."""
        if field.data and not self.stance.data:
            raise ValidationError(gettext("Choose where they stand, or write their words into the notes."))

    def validate_source_url(self, field: StringField) -> None:
        """A source is one of a stance."""
        if field.data and not is_link(field.data):
            raise ValidationError(refusal_text(Refusal.LINK))
        if field.data and not self.stance.data:
            raise ValidationError(gettext("Choose where they stand, or write the link into the notes."))

    def validate_promised_words(self, field: TextAreaField) -> None:
        """A commitment is a target's, in its words, and says what will be done."""
        if bool(field.data) != bool(self.promised_act.data):
            raise ValidationError(gettext("A commitment needs both: the exact words, and what they will do."))
        if field.data and self.target() is None:
            raise ValidationError(gettext("Choose the campaign in which they have promised this."))

    def validate_promised_due(self, field: DateField) -> None:
        """Refuse a slip of the keyboard, and a day without a promise."""
        if field.data and not self.promised_words.data:
            raise ValidationError(gettext("Say what is due on that day, or leave it out."))
        check_year(field.data)

    def target(self) -> Any:
        """The target that was chosen, or None."""
        return next((target for target in self.targets if self.about.data == f"target:{target.id}"), None)

    def fate_of_step(self) -> StepFate | None:
        """What was chosen to become of the target's next step so far; None: it stays, or a new one takes its place."""
        target = self.target()
        if target is None or not target.next_step or target.next_step == self.next_step.data:
            return None
        return StepFate(self.step_before.data) if self.step_before.data else None

    def campaign_id(self) -> int | None:
        """The campaign that was chosen, by itself or by a target in it."""
        target = self.target()
        if target is not None:
            return int(target.campaign_id)
        return next((number for number, _name in campaign_names() if self.about.data == f"campaign:{number}"), None)

    def task_owner_id(self) -> int:
        """Whose the task is: the chosen one's, or the reader's."""
        known = {value for value, *_ in self.user.iter_choices()}
        chosen = self.task_owner.data
        return chosen if str(chosen) in known else int(current_user.id)

    def speaker_id(self) -> int:
        """Who of those who took part said something: the one chosen, or the first."""
        ids = [int(person.id) for person in self.people]
        return self.said_by.data if self.said_by.data in ids else ids[0]
