"""Whom a mailing is for: a filter over a campaign's targets, kept with the mailing in the URL's own terms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeVar

import sqlalchemy as sa
from werkzeug.datastructures import MultiDict

from crm.directory.filters import ContactFilter
from crm.directory.models import Contact
from crm.pipeline.models import Priority, Stage, Target

Kind = TypeVar("Kind", bound=StrEnum)


def _known(kind: type[Kind], values: list[str]) -> tuple[Kind, ...]:
    return tuple(member for member in kind if member.value in values)


@dataclass(frozen=True)
class Audience:
    """Targets by where they stand and how much they matter, and their contacts by the directory's own filter."""

    stages: tuple[Stage, ...] = ()
    priorities: tuple[Priority, ...] = ()
    contacts: ContactFilter = field(default_factory=ContactFilter)

    @classmethod
    def from_args(cls, args: MultiDict[str, str]) -> Audience:
        """Read a query string or a form; unknown values are ignored."""
        return cls(
            _known(Stage, args.getlist("stage")),
            _known(Priority, args.getlist("priority")),
            ContactFilter.from_args(args),
        )

    @classmethod
    def from_stored(cls, stored: Mapping[str, Any]) -> Audience:
        """Read what `to_args` wrote."""
        return cls.from_args(MultiDict(stored))

    def to_args(self) -> dict[str, Any]:
        """The filter as it stands in URLs and in the mailing's row; only what narrows is named."""
        own = {"stage": [*map(str, self.stages)], "priority": [*map(str, self.priorities)]}
        return {name: values for name, values in own.items() if values} | self.contacts.to_args()

    def apply(self, statement: sa.Select[Any]) -> sa.Select[Any]:
        """Narrow a select that reads Target; Contact is joined here."""
        statement = statement.join(Contact, Target.contact_id == Contact.id)
        if self.stages:
            statement = statement.where(Target.stage.in_(self.stages))
        if self.priorities:
            statement = statement.where(Target.priority.in_(self.priorities))
        return self.contacts.apply(statement)
