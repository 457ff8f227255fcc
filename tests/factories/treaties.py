"""Treaties for tests: what ships with the product, and what officers would add."""

from __future__ import annotations

from datetime import date

import sqlalchemy as sa

from crm.extensions import db
from crm.treaties.actions import LOAD_FACTS, add_action, load_facts
from crm.treaties.models import ActionKind, Confidence, Treaty, TreatyAction
from crm.unit_of_work import unit_of_work


def ship_facts() -> int:
    """Load the facts as every start of the product does; how many rows were written."""
    with unit_of_work(LOAD_FACTS, actor="command:facts"):
        return load_facts()


def icrmw() -> Treaty:
    """The treaty that ships; its facts are loaded where they are missing."""
    found = db.session.scalar(sa.select(Treaty).where(Treaty.code == "ICRMW"))
    if found is None:
        ship_facts()
        return icrmw()
    return found


def action_of(state: str, kind: ActionKind) -> TreatyAction:
    """The one action of this kind by the state."""
    return db.session.scalars(
        sa.select(TreatyAction).where(TreatyAction.state == state, TreatyAction.kind == kind)
    ).one()


def make_action(
    state: str, kind: ActionKind, on: date, *, source: str = "told by a test", actor: str = "user:1"
) -> TreatyAction:
    """Something a state did about the ICRMW, put down by a user."""
    treaty_id = icrmw().id
    with unit_of_work("add treaty action", actor=actor):
        return add_action(treaty_id, state, kind=kind, on=on, source=source, confidence=Confidence.READ)
