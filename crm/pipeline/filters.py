"""Which targets of a campaign are meant: a filter that lives in a URL and narrows a query."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Self, TypeVar

import sqlalchemy as sa
from flask_babel import format_date, gettext, ngettext
from werkzeug.datastructures import MultiDict

from crm import clock, i18n
from crm.accounts.models import Team, User
from crm.database import read_id
from crm.directory.filters import Condition, ContactFilter
from crm.directory.models import Contact
from crm.extensions import db
from crm.filter_values import is_yes, read_value, read_values
from crm.pipeline.labels import close_reason_label, priority_label, stage_label
from crm.pipeline.models import IN_TOUCH, OPEN_STAGES, PLACES, CloseReason, Priority, Stage, StageMove, Target
from crm.pipeline.past import Past, reason_at, stage_at
from crm.stances.filters import StanceFilter
from crm.stances.labels import stance_label
from crm.timeline.models import REACHING, TimelineEntry

NOBODY = 0
# Days after which a target is said to have gone quiet, as the filter offers them; the second one is the usual.
QUIET_DAYS = (14, 30, 60, 90)
QUIET_USUALLY = 30
_MOST_DAYS = 3650
Value = TypeVar("Value")


def has_reached(stage: Stage, end: datetime | None = None) -> sa.ColumnElement[bool]:
    """Targets that stood at `stage` or beyond it before a moment (ever); every target was identified once."""
    if end is None:
        return Target.furthest >= PLACES[stage]
    beyond = OPEN_STAGES[PLACES[stage] :]
    return sa.exists().where(StageMove.target_id == Target.id, StageMove.to_stage.in_(beyond), StageMove.at < end)


def is_owned_by_team(team_id: int) -> sa.ColumnElement[bool]:
    """Targets that somebody of the team looks after."""
    return Target.owner_id.in_(sa.select(User.id).where(User.team_id == team_id))


def is_overdue() -> sa.ColumnElement[bool]:
    """Open targets whose next step was due before today."""
    return Target.due_order < i18n.today()


def is_quiet(days: int, team_id: int | None) -> sa.ColumnElement[bool]:
    """Targets we were in touch with with whom nothing has passed for so many days.

    What only the team knows of counts for it; that somebody moved their stage is no contact.
    """
    return is_quiet_since(clock.now() - timedelta(days=days), team_id)


def is_quiet_since(
    since: datetime | sa.ColumnElement[Any], team_id: int | sa.ColumnElement[Any] | None
) -> sa.ColumnElement[bool]:
    """The same since a moment; both may be parameters of a statement that is built once."""
    quiet = sa.and_(Target.quiet_since < since, Target.stage.in_(IN_TOUCH))
    if team_id is None:
        return quiet
    reached = sa.select(TimelineEntry.contact_id).where(
        TimelineEntry.team_id == team_id, TimelineEntry.at >= since, TimelineEntry.kind.in_(REACHING)
    )
    return sa.and_(quiet, Target.contact_id.not_in(reached))


@dataclass(frozen=True)
class TargetFilter:
    """Conditions that all hold; one left out asks nothing. `owner` is a user's id, or NOBODY.

    `quiet` is a number of days in which nothing passed between us and targets we were in touch with; what the
    `team` alone knows counts too. `stages` are where a target stands (`stage=committed,delivered`), `reached` one it
    ever came to or passed. `owner_team` is the team of who owns it. `past` may ask of moves and stances how they were
    at the end of a day; owners, next steps and all that is known of contacts are of today.
    """

    stages: tuple[Stage, ...] = ()
    priority: tuple[Priority, ...] = ()
    quiet: int | None = None
    reached: Stage | None = None
    closed_because: CloseReason | None = None
    owner: int | None = None
    owner_team: int | None = None
    overdue: bool = False
    no_country: bool = False
    no_group: bool = False
    past: Past = field(default_factory=Past)
    held: StanceFilter = field(default_factory=StanceFilter)
    contact: ContactFilter = field(default_factory=ContactFilter)
    team: int | None = None

    @classmethod
    def from_args(cls, args: Mapping[str, str] | MultiDict[str, str], *, team: int | None = None) -> Self:
        """Read the filter from query arguments; what it does not know is left aside. Raises BadRequest for nonsense."""
        return cls(
            stages=read_values(args, "stage", Stage),
            priority=read_values(args, "priority", Priority),
            quiet=read_value(args, "quiet", _days),
            team=team,
            reached=read_value(args, "reached", _open_stage),
            owner=read_value(args, "owner", read_id),
            owner_team=read_value(args, "owner_team", read_id),
            closed_because=read_value(args, "closed_because", CloseReason),
            overdue=bool(read_value(args, "overdue", is_yes)),
            no_country=bool(read_value(args, "no_country", is_yes)),
            no_group=bool(read_value(args, "no_group", is_yes)),
            past=Past.from_args(args),
            held=StanceFilter.from_args(args),
            contact=ContactFilter.from_args(args),
        )

    def to_args(self) -> dict[str, str]:
        """Query arguments that `from_args` reads back."""
        own = {
            "stage": ",".join(self.stages) or None,
            "priority": ",".join(self.priority) or None,
            "quiet": self.quiet,
            "reached": self.reached,
            "owner": self.owner,
            "owner_team": self.owner_team,
            "closed_because": self.closed_because,
            "overdue": "yes" if self.overdue else None,
            "no_country": "yes" if self.no_country else None,
            "no_group": "yes" if self.no_group else None,
        }
        asked = {name: str(value) for name, value in own.items() if value is not None}
        return asked | self.past.to_args() | self.held.to_args() | self.contact.to_args()

    @property
    def asks_nothing(self) -> bool:
        """Whether every target passes."""
        return not self.to_args()

    def conditions(self) -> list[Condition]:
        """Each value of each condition in the reader's language, the owner aside, with what is left without it."""
        said = [replace(condition, without=self._with(condition.without)) for condition in self.contact.conditions()]
        own: list[tuple[str, str, str, str, dict[str, Any]]] = [
            ("stage", gettext("Stage"), stage_label(one), one, {"stages": _but(self.stages, one)})
            for one in self.stages
        ]
        own += [
            ("priority", gettext("Priority"), priority_label(one), one, {"priority": _but(self.priority, one)})
            for one in self.priority
        ]
        if self.quiet is not None:
            days = ngettext("%(num)d day", "%(num)d days", self.quiet)
            own.append(("quiet", gettext("Quiet for"), days, str(self.quiet), {"quiet": None}))
        if self.reached:
            own.append(("reached", gettext("Once came to"), stage_label(self.reached), self.reached, {"reached": None}))
        if self.closed_because:
            reason = close_reason_label(self.closed_because)
            own.append(("closed_because", gettext("Closed"), reason, self.closed_because, {"closed_because": None}))
        if self.overdue:
            own.append(("overdue", gettext("Next step"), gettext("overdue"), "yes", {"overdue": False}))
        if self.no_country:
            own.append(("no_country", gettext("Country"), gettext("not known"), "yes", {"no_country": False}))
        if self.no_group:
            own.append(("no_group", gettext("Political group"), gettext("none"), "yes", {"no_group": False}))
        if self.owner_team is not None:
            name = db.session.scalar(sa.select(Team.name).where(Team.id == self.owner_team)) or str(self.owner_team)
            own.append(("owner_team", gettext("Owner's team"), name, str(self.owner_team), {"owner_team": None}))
        own += self._past_words()
        return said + [
            Condition(name, label, value, raw, replace(self, **rest).to_args()) for name, label, value, raw, rest in own
        ]

    def _past_words(self) -> Iterator[tuple[str, str, str, str, dict[str, Any]]]:
        """The same of what was, and of stances."""
        past, held = self.past, self.held
        if past.came:
            yield "came", gettext("Came to"), stage_label(past.came), past.came, {"past": replace(past, came=None)}
        if past.since:
            label = gettext("since") if past.came else gettext("Moved since")
            yield "since", label, format_date(past.since), str(past.since), {"past": replace(past, since=None)}
        if past.as_of:
            rest = {"past": replace(past, as_of=None)}
            yield "as_of", gettext("As it stood on"), format_date(past.as_of), str(past.as_of), rest
        for one in held.stances:
            left = replace(held, stances=_but(held.stances, one))
            yield "stance", gettext("Stance"), stance_label(one), one, {"held": left}
        if held.stale is not None:
            said = gettext("out of date") if held.stale else gettext("not out of date")
            yield "stale", gettext("Stance"), said, "yes" if held.stale else "no", {"held": replace(held, stale=None)}

    def _with(self, contact_args: Mapping[str, str]) -> dict[str, str]:
        return replace(self, contact=ContactFilter.from_args(contact_args)).to_args()

    def apply(self, statement: sa.Select[*tuple[Any, ...]], *, joined: bool = False) -> sa.Select[*tuple[Any, ...]]:
        """Narrow a select that has `Target` in it; `joined` says that it has `Contact` too, joined here if need be."""
        statement = statement.where(*self._standing(), *self._pursuit())
        if not self.asks_of_contacts:
            return statement
        if self.finds_few:
            # Looked up once and met in the index of targets: 20,000 contacts are not read one by one.
            found = self.contact.apply(sa.select(Contact.id)).correlate(None)
            return statement.where(Target.contact_id.in_(found))
        if not joined:
            statement = statement.join(Contact, Contact.id == Target.contact_id)
        unknown = [column.is_(None) for column, asked in self._unknown() if asked]
        return self.contact.apply(statement.where(*unknown))

    @property
    def asks_of_contacts(self) -> bool:
        """Whether the contacts have a say, not the targets alone."""
        return self.no_country or self.no_group or bool(self.contact.to_args())

    def _unknown(self) -> Iterator[tuple[Any, bool]]:
        """Columns of a contact that may be empty, and whether that is asked for."""
        yield Contact.country, self.no_country
        yield Contact.group_id, self.no_group

    @property
    def finds_few(self) -> bool:
        """Whether an index of contacts leads to few of them.

        Most are people, in office, have an address, and are of one category: to gather those would take longer than to
        look up the contacts of the targets on the way.
        """
        return not (self.no_country or self.no_group) and bool(
            self.contact.to_args().keys() - {"kind", "mandate", "has_address", "category"}
        )

    def _standing(self) -> Iterator[sa.ColumnElement[bool]]:
        """Where a target stands, and what it came to."""
        end = self.past.end
        if self.stages:
            yield (Target.stage if end is None else stage_at(end)).in_(self.stages)
        if self.reached:
            yield has_reached(self.reached, end)
        if self.closed_because:
            yield (Target.close_reason if end is None else reason_at(end)) == self.closed_because
        yield from self.past.clauses()
        yield from self.held.clauses(Target.contact_id, self.team, self.past.as_of)

    def _pursuit(self) -> Iterator[sa.ColumnElement[bool]]:
        """How it is pursued."""
        if self.priority:
            yield Target.priority.in_(self.priority)
        if self.owner is not None:
            yield Target.owner_id.is_(None) if self.owner == NOBODY else Target.owner_id == self.owner
        if self.owner_team is not None:
            yield is_owned_by_team(self.owner_team)
        if self.overdue:
            yield is_overdue()
        if self.quiet is not None:
            yield is_quiet(self.quiet, self.team)


def _but(values: tuple[Value, ...], one: Value) -> tuple[Value, ...]:
    return tuple(value for value in values if value != one)


def _days(value: str) -> int:
    if not value.isascii() or not value.isdigit() or not 0 < int(value[:6]) <= _MOST_DAYS:
        raise ValueError(value)
    return int(value)


def _open_stage(value: str) -> Stage:
    stage = Stage(value)
    if stage not in OPEN_STAGES:
        raise ValueError(value)
    return stage
