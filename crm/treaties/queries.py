"""Reads of treaties: who is party, who only signed, on any day."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa

from crm.extensions import db
from crm.places.states import un_members
from crm.treaties.models import CONSENTS, ActionKind, Standing, Treaty, TreatyAction, in_order, standing

ActionRow = sa.Row[*tuple[Any, ...]]


@dataclass(frozen=True)
class StateRow:
    """One state (alpha-2) on a day: where it stands, and what it did by then in the order it happened."""

    state: str
    standing: Standing
    acts: Sequence[ActionRow]

    @property
    def signature(self) -> ActionRow | None:
        """Its signature, where it signed."""
        return next((act for act in self.acts if act.kind is ActionKind.SIGNATURE), None)

    @property
    def latest(self) -> ActionRow | None:
        """The act it is bound by, or the denunciation that ended that."""
        bound = [act for act in self.acts if act.kind in CONSENTS or act.kind is ActionKind.DENUNCIATION]
        return bound[-1] if bound else None


@dataclass(frozen=True)
class TreatyStatus:
    """Every state of the world, and any other with an action, on the day `as_of`; in the order of the codes."""

    as_of: date
    states: Sequence[StateRow]

    def of(self, wanted: Standing) -> list[StateRow]:
        """The states that stand so."""
        return [row for row in self.states if row.standing is wanted]

    def count(self, wanted: Standing) -> int:
        """How many states stand so."""
        return sum(row.standing is wanted for row in self.states)


def treaty_names() -> list[tuple[int, str]]:
    """Id and name of every treaty, with its short code, for a form's choice."""
    rows = db.session.execute(sa.select(Treaty.id, Treaty.code, Treaty.name).order_by(Treaty.code))
    return [(row.id, f"{row.code} · {row.name}") for row in rows]


def treaties() -> Sequence[sa.Row[*tuple[Any, ...]]]:
    """Every treaty by its code: id, code, name, adopted_on, in_force_on, known_until."""
    columns = (Treaty.id, Treaty.code, Treaty.name, Treaty.adopted_on, Treaty.in_force_on, Treaty.known_until)
    return db.session.execute(sa.select(*columns).order_by(Treaty.code)).all()


def treaty_by_code(code: str) -> sa.Row[*tuple[Any, ...]] | None:
    """The treaty of that code, however it is capitalized, with the columns of `treaties`."""
    return next((treaty for treaty in treaties() if treaty.code.lower() == code.lower()), None)


def _acts(*conditions: sa.ColumnElement[bool]) -> Sequence[ActionRow]:
    columns = (
        TreatyAction.id,
        TreatyAction.treaty_id,
        TreatyAction.state,
        TreatyAction.kind,
        TreatyAction.done_on,
        TreatyAction.source,
        TreatyAction.confidence,
        TreatyAction.fact,
    )
    return db.session.execute(sa.select(*columns).where(*conditions)).all()


def _status(acts: Sequence[ActionRow], on: date) -> TreatyStatus:
    by_state: Mapping[str, list[ActionRow]] = defaultdict(list)
    for act in acts:
        if act.done_on <= on:
            by_state[act.state].append(act)
    states = sorted(un_members().keys() | by_state.keys())
    return TreatyStatus(
        on, [StateRow(state, standing(by_state[state], on), in_order(by_state[state])) for state in states]
    )


def treaty_status(treaty_id: int, on: date) -> TreatyStatus:
    """Where every state stood at the end of the day `on`; one query."""
    return _status(_acts(TreatyAction.treaty_id == treaty_id), on)


def treaty_statuses(on: date) -> dict[int, TreatyStatus]:
    """The same for every treaty that has actions, by its id; one query."""
    by_treaty: dict[int, list[ActionRow]] = defaultdict(list)
    for act in _acts():
        by_treaty[act.treaty_id].append(act)
    return {treaty_id: _status(acts, on) for treaty_id, acts in by_treaty.items()}


def acts_of(treaty_id: int, state: str) -> list[ActionRow]:
    """What one state did about a treaty, in the order it happened."""
    return in_order(_acts(TreatyAction.treaty_id == treaty_id, TreatyAction.state == state))
