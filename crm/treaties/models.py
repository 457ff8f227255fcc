"""Treaties, what states did about them, and where a state stands on any day."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from enum import StrEnum
from typing import Any, Protocol, TypeVar

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from crm.database import Base, enum_column


class ActionKind(StrEnum):
    """What a state can do about a treaty, in the order it can happen on one day.

    Vienna Convention on the Law of Treaties, articles 11 to 16 and 56.
    """

    SIGNATURE = "signature"
    RATIFICATION = "ratification"
    ACCESSION = "accession"
    SUCCESSION = "succession"
    DENUNCIATION = "denunciation"


# Each of them makes the state a party.
CONSENTS = frozenset({ActionKind.RATIFICATION, ActionKind.ACCESSION, ActionKind.SUCCESSION})
_ORDER = {kind: number for number, kind in enumerate(ActionKind)}


class Confidence(StrEnum):
    """How far the date of an action is known."""

    READ = "read"  # in the source, to the day
    MONTH_READ = "month_read"  # the source gives the month; the day kept is its first
    DAY_REMEMBERED = "day_remembered"  # the source gives the year, the day is from memory
    REPORTED = "reported"  # heard of, not yet read in the depositary's list


class Standing(StrEnum):
    """Where a state stands on a day."""

    PARTY = "party"
    SIGNED = "signed"  # and nothing more
    NEITHER = "neither"


class Treaty(Base):
    """A convention, by the short code people use for it. `known_until` is the day its shipped facts reach to."""

    __tablename__ = "treaty"

    code: Mapped[str] = mapped_column(sa.String(20), unique=True)
    name: Mapped[str] = mapped_column(sa.String(200))
    adopted_on: Mapped[date | None]
    in_force_on: Mapped[date | None]
    known_until: Mapped[date | None]


class TreatyAction(Base):
    """What one state did about a treaty.

    `state` is ISO 3166-1 alpha-2; `done_on` is the day of the signature or of the deposit, of a denunciation the day it
    takes effect. `fact` names the line of the shipped facts the row came from; None where a person added it.
    """

    __tablename__ = "treaty_action"
    __table_args__ = (sa.Index("ix_treaty_action_treaty_id_state", "treaty_id", "state"),)

    treaty_id: Mapped[int] = mapped_column(sa.ForeignKey("treaty.id"))
    state: Mapped[str] = mapped_column(sa.String(2))
    kind: Mapped[ActionKind] = mapped_column(enum_column(ActionKind))
    done_on: Mapped[date]
    source: Mapped[str] = mapped_column(sa.String(300))
    confidence: Mapped[Confidence] = mapped_column(enum_column(Confidence))
    fact: Mapped[str | None] = mapped_column(sa.String(60), unique=True)


class Act(Protocol):
    """What the rules need of an action: a row of the table, or of a select."""

    @property
    def kind(self) -> ActionKind:
        """What the state did."""

    @property
    def done_on(self) -> date:
        """When."""


_Act = TypeVar("_Act", bound=Act | Any)


class Conflict(StrEnum):
    """Why an action cannot stand beside a state's others."""

    FUTURE = "future"  # it has not happened yet
    BEFORE_ADOPTION = "before adoption"
    SIGNED_ALREADY = "signed already"
    PARTY_ALREADY = "party already"
    NOT_A_PARTY = "not a party"  # nothing to denounce


def in_order(acts: Iterable[_Act]) -> list[_Act]:
    """The actions of one state as they happened."""
    return sorted(acts, key=lambda act: (act.done_on, _ORDER[act.kind]))


def standing(acts: Iterable[Act], on: date) -> Standing:
    """Where a state with these actions stands at the end of the day `on`. A denunciation ends all there was."""
    found = Standing.NEITHER
    for act in in_order(acts):
        if act.done_on > on:
            break
        if act.kind in CONSENTS:
            found = Standing.PARTY
        elif act.kind is ActionKind.DENUNCIATION:
            found = Standing.NEITHER
        elif found is Standing.NEITHER:
            found = Standing.SIGNED
    return found


def conflict(others: Iterable[Act], act: Act, *, adopted_on: date | None, today: date) -> Conflict | None:
    """Why `act` cannot stand beside the state's other actions; None where it can.

    A denunciation may lie ahead: it takes effect long after it is notified.
    """
    if act.done_on > today and act.kind is not ActionKind.DENUNCIATION:
        return Conflict.FUTURE
    if adopted_on is not None and act.done_on < adopted_on:
        return Conflict.BEFORE_ADOPTION
    party = signed = False
    for each in in_order([*others, act]):
        if each.kind in CONSENTS:
            if party:
                return Conflict.PARTY_ALREADY
            party = True
        elif each.kind is ActionKind.DENUNCIATION:
            if not party:
                return Conflict.NOT_A_PARTY
            party = False
        else:
            if signed:
                return Conflict.SIGNED_ALREADY
            signed = True
    return None
