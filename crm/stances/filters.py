"""Which stances are meant: a part of a filter that lives in a URL."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Self

import sqlalchemy as sa

from crm import i18n
from crm.database import read_id
from crm.directory.models import Contact
from crm.filter_values import read_value, read_values, yes_or_no
from crm.stances.models import Stance
from crm.stances.past import fresh_since, held_stances, is_out_of_date


@dataclass(frozen=True)
class StanceFilter:
    """Contacts that hold one of the `stances` on the treaty; `stale` asks for those out of date, or for all others.

    UNKNOWN are those that never said anything of it. Without a treaty nothing is asked.
    """

    treaty: int | None = None
    stances: tuple[Stance, ...] = ()
    stale: bool | None = None

    @classmethod
    def from_args(cls, args: Mapping[str, Any]) -> Self:
        """Read the filter from query arguments. Raises BadRequest for nonsense."""
        return cls(
            read_value(args, "treaty", read_id),
            read_values(args, "stance", Stance),
            read_value(args, "stale", yes_or_no),
        )

    def to_args(self) -> dict[str, str]:
        """Query arguments that `from_args` reads back; none where nothing is asked."""
        if not self.stances and self.stale is None:
            return {}
        own = {
            "treaty": None if self.treaty is None else str(self.treaty),
            "stance": ",".join(self.stances) or None,
            "stale": None if self.stale is None else "yes" if self.stale else "no",
        }
        return {name: value for name, value in own.items() if value is not None}

    def clauses(self, contact_id: Any, team_id: int | None, on: date | None) -> Iterator[sa.ColumnElement[bool]]:
        """What it asks of the contact whose id a column holds, as the team sees it at the end of `on` (now: None)."""
        if self.treaty is None or not self.to_args():
            return
        held = held_stances(self.treaty, team_id, on)
        stated = [stance for stance in self.stances if stance is not Stance.UNKNOWN]
        found = sa.select(held.c.contact_id)
        if stated:
            found = found.where(held.c.stance.in_(stated))
        if self.stale is not None:
            day = on or i18n.today()
            outdated = is_out_of_date(held, day, fresh_since(day))
            found = found.join(Contact, Contact.id == held.c.contact_id)
            found = found.where(outdated if self.stale else ~outdated).correlate(None)
        asked = [contact_id.in_(found)] if stated or self.stale is not None else []
        if Stance.UNKNOWN in self.stances:
            asked.append(contact_id.not_in(sa.select(held.c.contact_id)))
        yield sa.or_(*asked)
