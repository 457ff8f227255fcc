"""What happened with whom, as a form."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import get_timezone, gettext
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from flask_wtf import FlaskForm
from wtforms import BooleanField, DateTimeLocalField, SelectField, SelectMultipleField, StringField, TextAreaField
from wtforms.validators import DataRequired, InputRequired, Length, StopValidation, ValidationError

from crm import clock
from crm.accounts.queries import active_users
from crm.attachments.forms import AttachmentField
from crm.database import read_id
from crm.directory.finding import contacts_named
from crm.directory.naming import contacts_called
from crm.history.forms.fields import at_most, check_year, stripped
from crm.history.labels import KINDS, beginnings, guess_kind, small_words
from crm.history.models import NOTES_LENGTH, SUMMARY_LENGTH, InteractionKind
from crm.history.queries import named
from crm.pipeline.queries import campaign_names

MOST_CONTACTS = 50
# Clocks differ: what happens now on one may be in a minute on ours.
_LATE = timedelta(minutes=5)


def _zone() -> ZoneInfo:
    return ZoneInfo(str(get_timezone()))


def to_local(moment: datetime) -> datetime:
    """The moment as the reader's clock shows it, to the minute."""
    return moment.astimezone(_zone()).replace(tzinfo=None, second=0, microsecond=0)


class WhoField(StringField):
    """Contacts, several: those chosen so far are boxes beside the field (`contact`), one more is found by its name.

    `data` is what was typed; the form's `contact_ids` are all. Names are separated by semicolons; where one could mean
    several, `candidates` are offered.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.candidates: list[Any] = []
        self.found: list[int] = []

    def find(self) -> None:
        """Look up what was typed. Raises StopValidation where it is nobody's, or not clearly one's, name."""
        unknown: list[str] = []
        self.candidates = []
        for name in filter(None, (part.strip() for part in (self.data or "").split(";"))):
            rows = contacts_called(name)
            if len(rows) == 1:
                self.found.append(rows[0].id)
                continue
            unknown.append(name)
            self.candidates += rows or contacts_named(name)
        self.data = "; ".join(unknown)
        if self.candidates:
            raise StopValidation(gettext("Tick who is meant below, or type more of the name."))
        if unknown:
            raise StopValidation(
                gettext("Nobody in the directory is called “%(name)s”: check the spelling, or add them first.")
                % {"name": unknown[0]}
            )


class InteractionForm(FlaskForm):  # type: ignore[misc]  # flask-wtf is untyped
    """What happened with whom."""

    contact = SelectMultipleField(_l("Who"), coerce=read_id, validate_choice=False)
    who = WhoField(_l("Who"), filters=[stripped])
    what = StringField(
        _l("What happened"),
        [
            DataRequired(_l("Say in one line what happened.")),
            Length(max=SUMMARY_LENGTH, message=_l("At most 300 characters: the rest has room in the notes.")),
        ],
        filters=[stripped],
    )
    kind = SelectField(_l("Kind"), coerce=lambda value: InteractionKind(value) if value else None)
    at = DateTimeLocalField(
        _l("When"), [InputRequired(_l("Enter the day and the time it happened."))], format="%Y-%m-%dT%H:%M"
    )
    notes = TextAreaField(_l("Notes"), [at_most(NOTES_LENGTH)], filters=[stripped])
    user = SelectMultipleField(_l("Who of us"), coerce=read_id)
    file = AttachmentField(_l("File"), description=_l("Such as minutes or a scanned letter."))
    private = BooleanField(_l("For my team alone"), description=_l("Nobody else sees it, anywhere."))

    def __init__(
        self,
        *args: Any,
        contact_ids: Sequence[int] = (),
        took_part: Sequence[tuple[int, str]] = (),
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.kind.choices = [("", _l("By the first words")), *((kind.value, KINDS[kind]) for kind in InteractionKind)]
        users = dict([*active_users(), *took_part])
        self.user.choices = [(str(number), name) for number, name in users.items()]
        self.people = named(list(self.contact.data or []) if self.is_submitted() else contact_ids)
        if not self.is_submitted():
            self.contact.data = [person.id for person in self.people]
            self.at.data = self.at.data or to_local(clock.now())
            self.user.data = self.user.data or [current_user.id]

    def words_of_kinds(self) -> dict[str, list[str]]:
        """The words by which the page's script guesses a kind, as the server does."""
        return {kind.value: words for kind, words in beginnings().items()}

    def small_words(self) -> list[str]:
        """The words it passes over on the way."""
        return small_words()

    def summary(self) -> str:
        """What happened, in one line."""
        return self.what.data or ""

    def resolve(self) -> bool:
        """Find whom the typed names mean and tick them; False where one is not clear, with the reason at the field."""
        try:
            self.who.find()
        except StopValidation as stopped:
            self.who.errors = [str(stopped)]
        self.people = named([*(self.contact.data or []), *self.who.found])
        self.contact.data = [person.id for person in self.people]
        return not self.who.errors

    def validate(self, *args: Any, **kwargs: Any) -> bool:
        """Check everything, who it was among it."""
        fine = bool(super().validate(*args, **kwargs))
        clear = self.resolve()
        if clear and not self.people:
            self.who.errors = [gettext("Say with whom: type a name.")]
        if len(self.people) > MOST_CONTACTS:
            self.who.errors = [gettext("At most 50 contacts take part: log a larger event with those who matter.")]
        return fine and not self.who.errors

    def validate_at(self, field: DateTimeLocalField) -> None:
        """Refuse what has not happened yet."""
        check_year(field.data)
        if field.data and self.moment() > clock.now() + _LATE:
            raise ValidationError(gettext("This is still to come: write it down as a task, or as a next step."))

    def moment(self) -> datetime:
        """When it happened, in UTC."""
        assert self.at.data is not None
        return self.at.data.replace(tzinfo=_zone()).astimezone(UTC)

    def kind_meant(self) -> InteractionKind:
        """The kind that was chosen, or the one the first words tell."""
        return self.kind.data or guess_kind(self.what.data or "")


class ChangeForm(InteractionForm):
    """An interaction as it is to be from now on."""

    campaign_id = SelectField(_l("Campaign"), coerce=lambda value: read_id(value) if value else None)

    gone = SelectMultipleField(_l("Remove files"), coerce=read_id)

    def __init__(self, *args: Any, files: Sequence[tuple[int, str]] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.campaign_id.choices = [("", _l("None")), *((str(number), name) for number, name in campaign_names())]
        self.gone.choices = [(str(number), name) for number, name in files]
        self._name_contacts()

    def _name_contacts(self) -> None:
        """Let those who take part be called by their names where others have changed who they are."""
        meant = [*(self.contact.object_data or ()), *(self.contact.data or ())]
        self.contact.choices = [(str(row.id), row.name) for row in named(list(dict.fromkeys(meant)))]

    def take_over_contacts(self) -> None:
        """Go by the field, which others may have changed meanwhile."""
        self.people = named(list(self.contact.data or ()))
