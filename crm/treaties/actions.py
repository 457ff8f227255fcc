"""Writes of treaties: the facts that ship with the product, and what officers add and correct."""

from __future__ import annotations

from datetime import date
from typing import Any

import sqlalchemy as sa

from crm import i18n
from crm.audit.authorship import columns_set_by_hand, rows_deleted_by_hand
from crm.extensions import db
from crm.treaties.models import CONSENTS, ActionKind, Confidence, Conflict, Treaty, TreatyAction, conflict
from crm.treaties.shipped_facts import action_facts, treaty_facts

LOAD_FACTS = "load facts"


class ActionRefused(Exception):
    """The action cannot stand beside the state's others; `reason` says why."""

    def __init__(self, reason: Conflict) -> None:
        super().__init__(reason.value)
        self.reason = reason


def _load_treaties() -> int:
    written = 0
    known = {treaty.code: treaty for treaty in db.session.scalars(sa.select(Treaty))}
    for code, values in treaty_facts().items():
        if code not in known:
            db.session.add(Treaty(code=code, **values))
            written += 1
        elif any(getattr(known[code], name) != value for name, value in values.items()):
            for name, value in values.items():
                setattr(known[code], name, value)
            written += 1
    db.session.flush()
    return written


def _slot(treaty_id: int, state: str, kind: ActionKind) -> tuple[int, str, str]:
    """What a state does once: sign, consent to be bound, denounce."""
    return treaty_id, state, "consent" if kind in CONSENTS else kind.value


def _differs(row: TreatyAction, values: dict[str, Any]) -> bool:
    return any(getattr(row, name) != value for name, value in values.items())


def _load_actions() -> int:
    treaty_ids = {row.code: row.id for row in db.session.execute(sa.select(Treaty.code, Treaty.id))}
    facts = action_facts()
    for values in facts.values():
        values["treaty_id"] = treaty_ids[values.pop("treaty")]
    rows = list(db.session.scalars(sa.select(TreatyAction)))
    shipped = {row.fact: row for row in rows if row.fact is not None}
    changed = [row for name, row in shipped.items() if name not in facts or _differs(row, facts[name])]
    by_hand = columns_set_by_hand(TreatyAction, [row.id for row in changed], but_not_by=LOAD_FACTS)
    written = 0
    for row in changed:
        # A row somebody has corrected is theirs as a whole: a date and the source it stands in belong together.
        if row.id in by_hand:
            continue
        if row.fact in facts:
            for name, value in facts[row.fact].items():
                setattr(row, name, value)
        else:
            db.session.delete(row)
        written += 1
    missing = facts.keys() - shipped.keys()
    if missing:
        removed = {row["fact"] for row in rows_deleted_by_hand(TreatyAction, but_not_by=LOAD_FACTS)}
        own = {_slot(row.treaty_id, row.state, row.kind) for row in rows if row.fact is None}
        for name in sorted(missing - removed):
            values = facts[name]
            if _slot(values["treaty_id"], values["state"], values["kind"]) not in own:
                db.session.add(TreatyAction(fact=name, **values))
                written += 1
    db.session.flush()
    return written


def load_facts() -> int:
    """Bring the shipped rows to what this release ships and return how many were written; again changes nothing.

    A row that a user has corrected or removed stays as they left it, and what they added by hand is not added twice.
    """
    return _load_treaties() + _load_actions()


def _others(action: TreatyAction) -> list[TreatyAction]:
    """The state's other actions; locked, so that two writers cannot both find room for one ratification."""
    found = sa.select(TreatyAction).where(
        TreatyAction.treaty_id == action.treaty_id, TreatyAction.state == action.state
    )
    return [row for row in db.session.scalars(found.with_for_update()) if row is not action]


def _check(action: TreatyAction) -> None:
    with db.session.no_autoflush:
        treaty = db.session.get_one(Treaty, action.treaty_id, with_for_update=True)
        reason = conflict(_others(action), action, adopted_on=treaty.adopted_on, today=i18n.today())
    if reason is not None:
        raise ActionRefused(reason)


def add_action(
    treaty_id: int, state: str, *, kind: ActionKind, on: date, source: str, confidence: Confidence
) -> TreatyAction:
    """Put down what a state (alpha-2) did. Raises ActionRefused where it cannot be so beside its other actions."""
    action = TreatyAction(
        treaty_id=treaty_id, state=state, kind=kind, done_on=on, source=source.strip(), confidence=confidence
    )
    _check(action)
    db.session.add(action)
    db.session.flush()
    return action


def correct_action(
    action: TreatyAction, *, kind: ActionKind, on: date, source: str, confidence: Confidence
) -> TreatyAction:
    """Correct what is on record. Raises ActionRefused where it cannot be so beside the state's other actions."""
    action.kind, action.done_on, action.source, action.confidence = kind, on, source.strip(), confidence
    _check(action)
    db.session.flush()
    return action


def remove_action(action: TreatyAction) -> None:
    """Take an action off the record: it never happened."""
    db.session.delete(action)
    db.session.flush()
