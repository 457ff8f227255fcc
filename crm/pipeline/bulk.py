"""Changing many targets at once: whom a request means, what is done to them, and what that came to in words."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from flask_babel import gettext, ngettext

from crm.accounts.models import User
from crm.database import read_id
from crm.directory.filters import ContactFilter
from crm.extensions import db
from crm.pipeline import queries
from crm.pipeline.actions import add_targets, assign_targets, move_targets, prioritize_targets
from crm.pipeline.filters import NOBODY, TargetFilter
from crm.pipeline.labels import priority_label, stage_label
from crm.pipeline.models import CloseReason, Priority, Stage, TargetAction, TargetChange

# Up to so many targets are changed while one waits; more are the desk worker's.
AT_ONCE = 500
_CHUNK = 500
Report = Callable[[int, int], None]


class CannotDo(Exception):
    """The change was not asked for whole; the message says what is missing, in the reader's language."""


@dataclass(frozen=True)
class Chosen:
    """Targets of a campaign by their ids, or all that a filter finds; contacts of the directory to be added."""

    ids: tuple[int, ...] = ()
    targets: TargetFilter | None = None
    contacts: ContactFilter | None = None

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Self:
        """What `to_json` wrote."""
        if "contacts" in kept:
            return cls(contacts=ContactFilter.from_args(kept["contacts"]))
        if "filter" in kept:
            return cls(targets=TargetFilter.from_args(kept["filter"], team=kept["team"]))
        return cls(ids=tuple(kept["ids"]))

    def to_json(self) -> dict[str, Any]:
        """As a row keeps it."""
        if self.contacts is not None:
            return {"contacts": self.contacts.to_args()}
        if self.targets is not None:
            return {"filter": self.targets.to_args(), "team": self.targets.team}
        return {"ids": list(self.ids)}

    def count(self, campaign_id: int) -> int:
        """How many targets there are to change, or contacts to be added."""
        if self.contacts is not None:
            return queries.candidates(campaign_id, self.contacts, sample=0).new
        if self.targets is not None:
            return sum(queries.stage_counts(campaign_id, self.targets).values())
        return len(queries.targets_of_campaign(campaign_id, self.ids))

    def resolved(self, campaign_id: int) -> Sequence[int]:
        """Their ids, those of this campaign only."""
        if self.contacts is not None:
            return queries.contact_ids(self.contacts)
        if self.targets is not None:
            return queries.target_ids(campaign_id, self.targets)
        return queries.targets_of_campaign(campaign_id, self.ids)


@dataclass(frozen=True)
class Order:
    """What is to be done: an action with its value (see TargetChange), and why, where targets are closed."""

    action: TargetAction
    value: str = ""
    reason: str = ""

    @classmethod
    def of(cls, change: TargetChange) -> Self:
        """The order of a kept change."""
        return cls(change.action, change.value, change.reason)

    def named(self) -> str:
        """What the targets get, by its name. Raises CannotDo where nothing sensible was chosen."""
        if self.action is TargetAction.MOVE:
            return self._stage()
        if self.action is TargetAction.PRIORITY:
            if self.value not in set(Priority):
                raise CannotDo(gettext("Nothing was changed: choose the priority first."))
            return priority_label(Priority(self.value))
        return self._owner()

    def _stage(self) -> str:
        if self.value not in set(Stage):
            raise CannotDo(gettext("Nothing was moved: choose the stage first."))
        if self.value == Stage.CLOSED and self.reason not in set(CloseReason):
            raise CannotDo(gettext("Nothing was closed: choose the reason too."))
        return stage_label(self.value)

    def _owner(self) -> str:
        try:
            user = db.session.get(User, read_id(self.value))
        except ValueError:
            user = None
        if self.value != str(NOBODY) and (user is None or not user.active):
            raise CannotDo(gettext("Nothing was assigned: choose the owner first."))
        return user.name if user else gettext("nobody")


@dataclass
class Outcome:
    """What it came to: targets changed, left as they were, and of those the ones that have no commitment."""

    changed: int = 0
    stayed: int = 0
    unfounded: int = 0


def _perform(order: Order, campaign_id: int, ids: Sequence[int], outcome: Outcome) -> None:
    if order.action is TargetAction.MOVE:
        reason = CloseReason(order.reason) if order.value == Stage.CLOSED else None
        moved = move_targets(ids, Stage(order.value), reason=reason)
        outcome.changed += moved.moved
        outcome.stayed += moved.stayed
        outcome.unfounded += moved.unfounded
        return
    if order.action is TargetAction.ADD:
        changed = add_targets(campaign_id, ids, owner_id=int(order.value) or None).added
    elif order.action is TargetAction.ASSIGN:
        changed = assign_targets(ids, int(order.value) or None)
    else:
        changed = prioritize_targets(ids, Priority(order.value))
    outcome.changed += changed
    outcome.stayed += len(ids) - changed


def perform(order: Order, campaign_id: int, ids: Sequence[int], report: Report = lambda _done, _total: None) -> Outcome:
    """Do it to every target, in the running unit of work. Raises CannotDo."""
    order.named()
    outcome = Outcome()
    for start in range(0, len(ids), _CHUNK):
        chunk = ids[start : start + _CHUNK]
        _perform(order, campaign_id, chunk, outcome)
        report(start + len(chunk), len(ids))
    return outcome


def said_of(order: Order, name: str, outcome: Outcome) -> str:
    """What it came to, in sentences."""
    count = outcome.changed
    if order.action is TargetAction.MOVE:
        said = ngettext("%(num)d target moved to “%(name)s”.", "%(num)d targets moved to “%(name)s”.", count, name=name)
        return " ".join(filter(None, (said, _stayed(order, outcome))))
    if order.action is TargetAction.ADD:
        said = ngettext("%(num)d target added.", "%(num)d targets added.", count)
        if outcome.stayed:
            said += " " + ngettext("%(num)d was there already.", "%(num)d were there already.", outcome.stayed)
        return str(said)
    if order.action is TargetAction.ASSIGN:
        return str(
            ngettext("%(num)d target given to %(name)s.", "%(num)d targets given to %(name)s.", count, name=name)
        )
    return str(
        ngettext(
            "%(num)d target has the priority “%(name)s” now.",
            "%(num)d targets have the priority “%(name)s” now.",
            count,
            name=name,
        )
    )


def _stayed(order: Order, outcome: Outcome) -> str:
    said = []
    others = outcome.stayed - outcome.unfounded
    if others:
        said.append(
            ngettext(
                "%(num)d stayed: it stands there already, or is closed.",
                "%(num)d stayed: they stand there already, or are closed.",
                others,
            )
        )
    if outcome.unfounded and order.value == Stage.COMMITTED:
        said.append(
            ngettext(
                "%(num)d stayed: what it promised is not written down yet: move it by itself to do that.",
                "%(num)d stayed: what they promised is not written down yet: move each by itself to do that.",
                outcome.unfounded,
            )
        )
    elif outcome.unfounded:
        said.append(
            ngettext(
                "%(num)d stayed: no commitment of it was kept yet.",
                "%(num)d stayed: no commitment of theirs was kept yet.",
                outcome.unfounded,
            )
        )
    return " ".join(said)
