"""Which targets of a campaign are meant: a filter that lives in a URL and narrows a query."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Self, TypeVar

import sqlalchemy as sa
from flask_babel import gettext, ngettext
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import BadRequest

from crm import clock, i18n
from crm.database import read_id
from crm.directory.filters import Condition, ContactFilter
from crm.directory.models import Contact
from crm.pipeline.labels import close_reason_label, priority_label, stage_label
from crm.pipeline.models import IN_TOUCH, OPEN_STAGES, CloseReason, Priority, Stage, StageMove, Target
from crm.timeline.models import REACHING, TimelineEntry

NOBODY = 0
# Days after which a target is said to have gone quiet, as the filter offers them; the second one is the usual.
QUIET_DAYS = (14, 30, 60, 90)
QUIET_USUALLY = 30
_MOST_DAYS = 3650
Value = TypeVar("Value")


def has_reached(stage: Stage) -> sa.ColumnElement[bool]:
    """Targets that ever stood at `stage` or beyond it; every target was identified once."""
    beyond = OPEN_STAGES[OPEN_STAGES.index(stage) :]
    return sa.exists().where(StageMove.target_id == Target.id, StageMove.to_stage.in_(beyond))


def is_overdue() -> sa.ColumnElement[bool]:
    """Open targets whose next step was due before today."""
    return Target.due_order < i18n.today()


def is_quiet(days: int, team_id: int | None) -> sa.ColumnElement[bool]:
    """Targets we were in touch with, that have stood still and that nothing has reached for so many days.

    What only the team knows of counts for it.
    """
    return is_quiet_since(clock.now() - timedelta(days=days), team_id)


def is_quiet_since(
    since: datetime | sa.ColumnElement[Any], team_id: int | sa.ColumnElement[Any] | None
) -> sa.ColumnElement[bool]:
    """The same since a moment; both may be parameters of a statement that is built once."""
    quiet = sa.and_(Target.quiet_since < since, Target.stage_since < since, Target.stage.in_(IN_TOUCH))
    if team_id is None:
        return quiet
    reached = sa.select(TimelineEntry.contact_id).where(
        TimelineEntry.team_id == team_id, TimelineEntry.at >= since, TimelineEntry.kind.in_(REACHING)
    )
    return sa.and_(quiet, Target.contact_id.not_in(reached))


@dataclass(frozen=True)
class TargetFilter:
    """Conditions that all hold; one left out asks nothing. `owner` is a user's id, or NOBODY.

    `quiet` is a number of days in which targets we were in touch with stood still and nothing reached them; what the
    `team` alone knows counts too. `stages` are where a target stands now (`stage=committed,delivered`), `reached` one
    it ever came to or passed.
    """

    stages: tuple[Stage, ...] = ()
    priority: tuple[Priority, ...] = ()
    quiet: int | None = None
    reached: Stage | None = None
    closed_because: CloseReason | None = None
    owner: int | None = None
    overdue: bool = False
    no_country: bool = False
    contact: ContactFilter = field(default_factory=ContactFilter)
    team: int | None = None

    @classmethod
    def from_args(cls, args: Mapping[str, str] | MultiDict[str, str], *, team: int | None = None) -> Self:
        """Read the filter from query arguments; what it does not know is left aside. Raises BadRequest for nonsense."""
        return cls(
            stages=_read_several(args, "stage", Stage),
            priority=_read_several(args, "priority", Priority),
            quiet=_read(args, "quiet", _days),
            team=team,
            reached=_read(args, "reached", _open_stage),
            owner=_read(args, "owner", read_id),
            closed_because=_read(args, "closed_because", CloseReason),
            overdue=bool(_read(args, "overdue", _yes)),
            no_country=bool(_read(args, "no_country", _yes)),
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
            "closed_because": self.closed_because,
            "overdue": "yes" if self.overdue else None,
            "no_country": "yes" if self.no_country else None,
        }
        return {name: str(value) for name, value in own.items() if value is not None} | self.contact.to_args()

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
        return said + [
            Condition(name, label, value, raw, replace(self, **rest).to_args()) for name, label, value, raw, rest in own
        ]

    def _with(self, contact_args: Mapping[str, str]) -> dict[str, str]:
        return replace(self, contact=ContactFilter.from_args(contact_args)).to_args()

    def apply(self, statement: sa.Select[*tuple[Any, ...]], *, joined: bool = False) -> sa.Select[*tuple[Any, ...]]:
        """Narrow a select that has `Target` in it; `joined` says that it has `Contact` too, joined here if need be."""
        statement = statement.where(*self._standing(), *self._pursuit())
        if not self.asks_of_contacts:
            return statement
        if self._finds_few:
            # Looked up once and met in the index of targets: 20,000 contacts are not read one by one.
            found = self.contact.apply(sa.select(Contact.id)).correlate(None)
            return statement.where(Target.contact_id.in_(found))
        if not joined:
            statement = statement.join(Contact, Contact.id == Target.contact_id)
        return self.contact.apply(statement.where(Contact.country.is_(None)) if self.no_country else statement)

    @property
    def asks_of_contacts(self) -> bool:
        """Whether the contacts have a say, not the targets alone."""
        return self.no_country or bool(self.contact.to_args())

    @property
    def _finds_few(self) -> bool:
        """Whether an index of contacts leads to few of them: most are people, in office and have an address."""
        return not self.no_country and bool(self.contact.to_args().keys() - {"kind", "mandate", "has_address"})

    def _standing(self) -> Iterator[sa.ColumnElement[bool]]:
        """Where a target stands, and what it came to."""
        if self.stages:
            yield Target.stage.in_(self.stages)
        if self.reached:
            yield has_reached(self.reached)
        if self.closed_because:
            yield Target.close_reason == self.closed_because

    def _pursuit(self) -> Iterator[sa.ColumnElement[bool]]:
        """How it is pursued."""
        if self.priority:
            yield Target.priority.in_(self.priority)
        if self.owner is not None:
            yield Target.owner_id.is_(None) if self.owner == NOBODY else Target.owner_id == self.owner
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


def _yes(value: str) -> bool:
    if value != "yes":
        raise ValueError(value)
    return True


def _read_several(
    args: Mapping[str, str] | MultiDict[str, str], name: str, read: Callable[[str], Value]
) -> tuple[Value, ...]:
    given = args.getlist(name) if isinstance(args, MultiDict) else [str(args.get(name, ""))]
    parts = [part.strip() for value in given for part in value.split(",") if part.strip()]
    found = [_read({name: part}, name, read) for part in parts]
    return tuple(dict.fromkeys(value for value in found if value is not None))


def _read(args: Mapping[str, str], name: str, read: Callable[[str], Value]) -> Value | None:
    value = args.get(name, "").strip()
    if not value:
        return None
    try:
        return read(value)
    except ValueError:
        raise BadRequest(
            gettext("The filter in this address is damaged: %(name)s cannot be %(value)s.", name=name, value=value)
        ) from None
