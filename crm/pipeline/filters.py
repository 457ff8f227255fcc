"""Which targets of a campaign are meant: a filter that lives in a URL and narrows a query."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self, TypeVar

import sqlalchemy as sa
from flask_babel import gettext
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import BadRequest

from crm import i18n
from crm.database import read_id
from crm.directory.filters import ContactFilter
from crm.directory.models import Contact
from crm.pipeline.models import OPEN_STAGES, CloseReason, Stage, StageMove, Target

NOBODY = 0
Value = TypeVar("Value")


def has_reached(stage: Stage) -> sa.ColumnElement[bool]:
    """Targets that ever stood at `stage` or beyond it; every target was identified once."""
    beyond = OPEN_STAGES[OPEN_STAGES.index(stage) :]
    return sa.exists().where(StageMove.target_id == Target.id, StageMove.to_stage.in_(beyond))


def is_overdue() -> sa.ColumnElement[bool]:
    """Open targets whose next step was due before today."""
    return Target.due_order < i18n.today()


@dataclass(frozen=True)
class TargetFilter:
    """Conditions that all hold; one left out asks nothing. `owner` is a user's id, or NOBODY.

    `stages` are where a target stands now (`stage=committed,delivered`), `reached` one it ever came to or passed.
    """

    stages: tuple[Stage, ...] = ()
    reached: Stage | None = None
    closed_because: CloseReason | None = None
    owner: int | None = None
    overdue: bool = False
    no_country: bool = False
    contact: ContactFilter = field(default_factory=ContactFilter)

    @classmethod
    def from_args(cls, args: Mapping[str, str] | MultiDict[str, str]) -> Self:
        """Read the filter from query arguments; what it does not know is left aside. Raises BadRequest for nonsense."""
        return cls(
            stages=_read(args, "stage", _stages) or (),
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

    def apply(self, statement: sa.Select[*tuple[Any, ...]], *, joined: bool = False) -> sa.Select[*tuple[Any, ...]]:
        """Narrow a select that has `Target` in it; `joined` says that it has `Contact` too, joined here if need be."""
        conditions: list[sa.ColumnElement[bool]] = []
        if self.stages:
            conditions.append(Target.stage.in_(self.stages))
        if self.reached:
            conditions.append(has_reached(self.reached))
        if self.owner is not None:
            conditions.append(Target.owner_id.is_(None) if self.owner == NOBODY else Target.owner_id == self.owner)
        if self.closed_because:
            conditions.append(Target.close_reason == self.closed_because)
        if self.overdue:
            conditions.append(is_overdue())
        if self.no_country:
            conditions.append(Contact.country.is_(None))
        if self.contact.to_args() or self.no_country:
            if not joined:
                statement = statement.join(Contact, Contact.id == Target.contact_id)
            statement = self.contact.apply(statement)
        return statement.where(*conditions)


def _stages(value: str) -> tuple[Stage, ...]:
    return tuple(Stage(part) for part in value.split(","))


def _open_stage(value: str) -> Stage:
    stage = Stage(value)
    if stage not in OPEN_STAGES:
        raise ValueError(value)
    return stage


def _yes(value: str) -> bool:
    if value != "yes":
        raise ValueError(value)
    return True


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
