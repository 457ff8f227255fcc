"""Which contacts the list shows: a filter of the directory, and where they stand in campaigns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

import sqlalchemy as sa
from flask_babel import gettext
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import BadRequest

from crm.database import read_id
from crm.directory.filters import Condition, ContactFilter
from crm.directory.models import Contact, ContactKind
from crm.extensions import db
from crm.pipeline.labels import stage_label
from crm.pipeline.models import Campaign, Stage, Target

# In the place of a kind: people and organizations alike.
EVERYBODY = "all"


def _several(args: Mapping[str, Any], name: str, read: Any) -> tuple[Any, ...]:
    given = args.getlist(name) if isinstance(args, MultiDict) else [str(args.get(name, ""))]
    values = [part.strip() for value in given for part in value.split(",") if part.strip()]
    try:
        return tuple(dict.fromkeys(read(value) for value in values))
    except ValueError:
        raise BadRequest(
            gettext(
                "The filter in this address is damaged: %(name)s cannot be %(value)s.",
                name=name,
                value=",".join(values),
            )
        ) from None


@dataclass(frozen=True)
class ListFilter:
    """Conditions that all hold: those of the directory, and being a target of the campaigns, at one of the stages.

    People alone are shown unless `kind=all`, another kind or a category is asked for.
    """

    contact: ContactFilter = field(default_factory=lambda: ContactFilter(kind=ContactKind.PERSON))
    campaign: tuple[int, ...] = ()
    stage: tuple[Stage, ...] = ()

    @classmethod
    def from_args(cls, args: Mapping[str, Any]) -> Self:
        """Read the filter from query arguments; what it does not know is left aside. Raises BadRequest for nonsense."""
        kind = args.get("kind", "").strip()
        others = MultiDict(args)
        others.pop("kind", None)
        contact = ContactFilter.from_args(others if kind == EVERYBODY else args)
        if not kind:
            contact = replace(contact, kind=_usual_kind(contact))
        return cls(contact, _several(args, "campaign", read_id), _several(args, "stage", Stage))

    def to_args(self) -> dict[str, str]:
        """Query arguments that `from_args` reads back."""
        args = self.contact.to_args()
        args.pop("kind", None)
        if self.contact.kind is not _usual_kind(self.contact):
            args["kind"] = self.contact.kind or EVERYBODY
        own = {"campaign": ",".join(map(str, self.campaign)), "stage": ",".join(self.stage)}
        return args | {name: value for name, value in own.items() if value}

    @property
    def asks_nothing(self) -> bool:
        """Whether all people pass."""
        return not self.to_args()

    def of_kind(self, kind: ContactKind | None) -> Self:
        """The same conditions on contacts of another kind."""
        return replace(self, contact=replace(self.contact, kind=kind))

    def apply(self, statement: sa.Select[*tuple[Any, ...]]) -> sa.Select[*tuple[Any, ...]]:
        """Narrow a select that has `Contact` in it; no join is added."""
        statement = self.contact.apply(statement)
        if not self.campaign and not self.stage:
            return statement
        targets = sa.select(Target.contact_id)
        if self.campaign:
            targets = targets.where(Target.campaign_id.in_(self.campaign))
        if self.stage:
            targets = targets.where(Target.stage.in_(self.stage))
        return statement.where(Contact.id.in_(targets))

    def conditions(self) -> list[Condition]:
        """Each value of each condition but the kind, in the reader's language, with what is left without it."""
        said = [
            replace(condition, without=self._with(condition.without))
            for condition in self.contact.conditions()
            if condition.name != "kind"
        ]
        names = _campaign_names(self.campaign)
        said += [
            Condition(
                "campaign",
                gettext("Target in"),
                names.get(number, gettext("a campaign that is gone")),
                str(number),
                replace(self, campaign=tuple(other for other in self.campaign if other != number)).to_args(),
            )
            for number in self.campaign
        ]
        said += [
            Condition(
                "stage",
                gettext("Stage"),
                stage_label(stage),
                stage,
                replace(self, stage=tuple(other for other in self.stage if other is not stage)).to_args(),
            )
            for stage in self.stage
        ]
        return said

    def _with(self, contact_args: Mapping[str, str]) -> dict[str, str]:
        return replace(self, contact=ContactFilter.from_args(contact_args)).to_args()


def _usual_kind(contact: ContactFilter) -> ContactKind | None:
    """What is shown where no kind is asked for: a category says the kind itself."""
    return None if contact.category else ContactKind.PERSON


def _campaign_names(ids: tuple[int, ...]) -> dict[int, str]:
    if not ids:
        return {}
    return {
        row.id: row.name
        for row in db.session.execute(sa.select(Campaign.id, Campaign.name).where(Campaign.id.in_(ids)))
    }
