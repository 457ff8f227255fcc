"""Reads of statements and of the stances they come to, each as one team sees them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeAlias

import sqlalchemy as sa
from flask import current_app

from config import Settings
from crm import policy
from crm.attachments.models import Attachment
from crm.directory.models import Contact
from crm.extensions import db
from crm.paging import Page, SortKey, page
from crm.stances.derivation import Derived, Staleness, by_day, derive, months_before, staleness
from crm.stances.models import SHARED, CurrentStance, SettledContradiction, Stance, Statement, Withdrawal
from crm.stances.sources import REPLIED_AT
from crm.treaties.models import Treaty

AnyRow: TypeAlias = sa.Row[*tuple[Any, ...]]
# Ids of treaties, or what finds them.
Treaties: TypeAlias = Collection[int] | sa.Select[Any]

_own = sa.orm.aliased(CurrentStance)
_held = Contact.__table__.alias("held")


def stale_months() -> int:
    """After how many months a stance is out of date."""
    settings: Settings = current_app.extensions["settings"]
    return settings.stance_stale_months


def visible_to(team_id: int | None) -> sa.ColumnElement[bool]:
    """Statements that a team may read: everybody's and its own. None stands for everybody's alone."""
    return policy.visible_to(Statement.team_id, team_id)


def is_valid() -> sa.ColumnElement[bool]:
    """Statements that nobody has withdrawn."""
    return ~sa.exists().where(Withdrawal.statement_id == Statement.id)


_STATEMENT = (
    Statement.id,
    Statement.contact_id,
    Statement.treaty_id,
    Statement.stance,
    Statement.said_on,
    Statement.confidence,
    Statement.quote,
    Statement.source_url,
    Statement.source_reference,
    Statement.attachment_id,
    Statement.team_id,
    Statement.recorded_by,
    Statement.recorded_at,
    Attachment.name.label("file_name"),
    Attachment.size.label("file_size"),
    Attachment.sha256.label("file_sha256"),
    Withdrawal.reason.label("withdrawn_reason"),
    Withdrawal.withdrawn_by,
    Withdrawal.withdrawn_at,
)


def statement(statement_id: int, team_id: int) -> AnyRow | None:
    """One statement with its file and its withdrawal, if this team may read it."""
    return db.session.execute(
        sa.select(*_STATEMENT, REPLIED_AT, Contact.name.label("contact"), Treaty.code.label("treaty_code"))
        .join(Contact, Contact.id == Statement.contact_id)
        .join(Treaty, Treaty.id == Statement.treaty_id)
        .outerjoin(Attachment, Attachment.id == Statement.attachment_id)
        .outerjoin(Withdrawal, Withdrawal.statement_id == Statement.id)
        .where(Statement.id == statement_id, visible_to(team_id))
    ).one_or_none()


@dataclass(frozen=True)
class Prior:
    """The line of a group or party somebody belongs to: a label beside their own stance, never one of it."""

    contact_id: int
    name: str
    derived: Derived[AnyRow]


@dataclass(frozen=True)
class TreatyStance:
    """Where a contact stands on one treaty on a day, as one team sees it.

    `statements` are all there are, withdrawn and later ones too, the latest first.
    """

    treaty_id: int
    code: str
    name: str
    derived: Derived[AnyRow]
    stale: Staleness | None
    priors: Sequence[Prior]
    statements: Sequence[AnyRow]

    @property
    def valid(self) -> list[AnyRow]:
        """Those that nobody has withdrawn."""
        return [said for said in self.statements if said.withdrawn_at is None]

    @property
    def is_known(self) -> bool:
        """Whether anything was ever said, by the contact or by whom it belongs to."""
        return bool(self.statements or self.priors)


def treaty_stances(contact: Contact, team_id: int, on: date) -> list[TreatyStance]:
    """Where the contact stands on every treaty, by its code, with the lines of its group and party; one query.

    The rule is that of `derivation`, on the statements themselves: any day will do.
    """
    sides = [number for number in (contact.group_id, contact.party_id) if number is not None]
    rows = db.session.execute(
        sa.select(
            Treaty.id.label("the_treaty"),
            Treaty.code,
            Treaty.name,
            *_STATEMENT,
            REPLIED_AT,
            Contact.name.label("contact"),
            SettledContradiction.earlier_id.label("settled_with"),
        )
        .select_from(Treaty)
        .outerjoin(
            Statement,
            sa.and_(
                Statement.treaty_id == Treaty.id,
                Statement.contact_id.in_([contact.id, *sides]),
                visible_to(team_id),
            ),
        )
        .outerjoin(Contact, Contact.id == Statement.contact_id)
        .outerjoin(Attachment, Attachment.id == Statement.attachment_id)
        .outerjoin(Withdrawal, Withdrawal.statement_id == Statement.id)
        .outerjoin(SettledContradiction, SettledContradiction.later_id == Statement.id)
        .order_by(Treaty.code, Statement.said_on, Statement.id)
    ).all()
    by_treaty: dict[int, list[AnyRow]] = defaultdict(list)
    for row in rows:
        by_treaty[row.the_treaty].append(row)
    return [_treaty_stance(contact, found, sides, on) for found in by_treaty.values()]


def shown_stances(held: Sequence[TreatyStance]) -> list[TreatyStance]:
    """Those a contact's page shows: the treaties of which anything is known, else the first one alone."""
    return [one for one in held if one.is_known] or list(held[:1])


def _treaty_stance(contact: Contact, rows: Sequence[AnyRow], sides: Sequence[int], on: date) -> TreatyStance:
    settled = {(row.settled_with, row.id) for row in rows if row.settled_with is not None}
    # A statement comes once for each contradiction it was settled with.
    said = list({row.id: row for row in rows if row.id is not None}.values())
    own = [row for row in said if row.contact_id == contact.id]
    found = derive([row for row in own if row.withdrawn_at is None], on, settled)
    priors = []
    for side in sides:
        line = [row for row in said if row.contact_id == side and row.withdrawn_at is None and row.said_on <= on]
        if line and side != contact.id:
            priors.append(Prior(side, line[0].contact, derive(line, on)))
    return TreatyStance(
        rows[0].the_treaty,
        rows[0].code,
        rows[0].name,
        found,
        staleness(found.statement.said_on, on, stale_months(), contact.mandate_end) if found.statement else None,
        priors,
        by_day(own),
    )


def derived_stances(treaty_id: int, team_id: int | None, on: date) -> dict[int, Derived[AnyRow]]:
    """Where every contact that ever said anything stood on the treaty at the end of `on`, by its id; two queries."""
    columns = (Statement.id, Statement.contact_id, Statement.stance, Statement.said_on, Statement.confidence)
    found = db.session.execute(
        sa.select(*columns).where(
            Statement.treaty_id == treaty_id, Statement.said_on <= on, visible_to(team_id), is_valid()
        )
    )
    said: dict[int, list[AnyRow]] = defaultdict(list)
    for row in found:
        said[row.contact_id].append(row)
    pairs = sa.select(SettledContradiction.earlier_id, SettledContradiction.later_id)
    settled = {(pair.earlier_id, pair.later_id) for pair in db.session.execute(pairs)}
    return {contact_id: derive(statements, on, settled) for contact_id, statements in said.items()}


def seen_by(team_id: int | sa.ColumnElement[Any] | None) -> sa.ColumnElement[bool]:
    """The current stances a team sees: its own row where there is one, else the shared one."""
    shared = CurrentStance.scope == SHARED
    if team_id is None:
        return shared
    has_own = sa.exists().where(
        _own.contact_id == CurrentStance.contact_id,
        _own.treaty_id == CurrentStance.treaty_id,
        _own.scope == team_id,
    )
    return sa.or_(CurrentStance.scope == team_id, sa.and_(shared, ~has_own))


def _scopes(team_id: int | None) -> tuple[int, ...]:
    return (SHARED,) if team_id is None else (SHARED, team_id)


def has_stance(stances: Collection[Stance], treaties: Treaties, team_id: int | None) -> sa.ColumnElement[bool]:
    """Contacts whose current stance on one of the treaties is one of these, as a team sees it.

    For a select that has `Contact` in it; UNKNOWN are those that never said anything of any of the treaties.
    """
    conditions: list[sa.ColumnElement[bool]] = []
    known = [stance for stance in stances if stance is not Stance.UNKNOWN]
    if known:
        found = sa.select(CurrentStance.contact_id).where(
            CurrentStance.treaty_id.in_(treaties), CurrentStance.stance.in_(known), seen_by(team_id)
        )
        conditions.append(Contact.id.in_(found))
    if Stance.UNKNOWN in stances:
        spoken = sa.select(CurrentStance.contact_id).where(
            CurrentStance.treaty_id.in_(treaties), CurrentStance.scope.in_(_scopes(team_id))
        )
        conditions.append(Contact.id.not_in(spoken))
    return sa.or_(*conditions)


def has_stale_stance(treaties: Treaties, team_id: int | None, on: date) -> sa.ColumnElement[bool]:
    """Contacts whose current stance is out of date, as `derivation.staleness` says it."""
    left_office = sa.and_(_held.c.mandate_end < on, CurrentStance.said_on <= _held.c.mandate_end)
    found = (
        sa.select(CurrentStance.contact_id)
        .join(_held, _held.c.id == CurrentStance.contact_id)
        .where(
            CurrentStance.treaty_id.in_(treaties),
            seen_by(team_id),
            sa.or_(CurrentStance.said_on < months_before(on, stale_months()), left_office),
        )
    )
    return Contact.id.in_(found)


def current(column: Any, treaty: int | sa.ScalarSelect[Any], team_id: int | None) -> sa.ScalarSelect[Any]:
    """A column of the current stance on a treaty of the contact in the row, null where nothing was said."""
    return (
        sa.select(column)
        .where(
            CurrentStance.contact_id == Contact.id,
            CurrentStance.treaty_id == treaty,
            CurrentStance.scope.in_(_scopes(team_id)),
        )
        # A team's own row before the shared one.
        .order_by(CurrentStance.scope.desc())
        .limit(1)
        .scalar_subquery()
    )


def current_stances(contact_ids: Iterable[int], team_id: int | None) -> dict[tuple[int, int], AnyRow]:
    """Stance, said_on and since of those of the contacts that ever said anything; one query.

    By the ids of contact and treaty.
    """
    columns = (
        CurrentStance.contact_id,
        CurrentStance.treaty_id,
        CurrentStance.stance,
        CurrentStance.said_on,
        CurrentStance.since,
    )
    found = sa.select(*columns).where(CurrentStance.contact_id.in_(list(contact_ids)), seen_by(team_id))
    return {(row.contact_id, row.treaty_id): row for row in db.session.execute(found)}


def stances_on(treaty_id: int, contact_ids: Iterable[int], team_id: int | None) -> dict[int, AnyRow]:
    """Stance, stance_said_on, later_id and mandate_end of those of the contacts that spoke of the treaty, by id."""
    found = (
        sa.select(
            CurrentStance.contact_id,
            CurrentStance.stance,
            CurrentStance.said_on.label("stance_said_on"),
            CurrentStance.later_id,
            Contact.mandate_end,
        )
        .join(Contact, Contact.id == CurrentStance.contact_id)
        .where(CurrentStance.contact_id.in_(list(contact_ids)), CurrentStance.treaty_id == treaty_id, seen_by(team_id))
    )
    return {row.contact_id: row for row in db.session.execute(found)}


def shared_statements(contact_ids: Iterable[int]) -> dict[int, list[AnyRow]]:
    """Everything these contacts ever said that everybody may read, withdrawn or not, in its order; one query.

    Rows have the columns of `statement` but the contact's name.
    """
    found = (
        sa.select(*_STATEMENT, Treaty.code.label("treaty_code"))
        .join(Treaty, Treaty.id == Statement.treaty_id)
        .outerjoin(Attachment, Attachment.id == Statement.attachment_id)
        .outerjoin(Withdrawal, Withdrawal.statement_id == Statement.id)
        .where(Statement.contact_id.in_(list(contact_ids)), visible_to(None))
        .order_by(Statement.said_on, Statement.id)
    )
    said: dict[int, list[AnyRow]] = defaultdict(list)
    for row in db.session.execute(found):
        said[row.contact_id].append(row)
    return said


def contradictions_page(team_id: int, cursor: str | None) -> Page:
    """Contradictions a team sees that nobody has settled, one a contact and treaty, those written down last first.

    Rows hold contact_id, contact, category, treaty_id, treaty, stance (the current one) and, for both statements, their
    id, stance, said_on, confidence and quote under `earlier_…` and `later_…`.
    """
    sides = {"earlier": sa.orm.aliased(Statement), "later": sa.orm.aliased(Statement)}
    said = [
        getattr(alias, name).label(f"{side}_{name}")
        for side, alias in sides.items()
        for name in ("id", "stance", "said_on", "confidence", "quote")
    ]
    found = (
        sa.select(
            CurrentStance.contact_id,
            Contact.name.label("contact"),
            Contact.category,
            CurrentStance.treaty_id,
            Treaty.code.label("treaty"),
            CurrentStance.stance,
            *said,
        )
        .join(Contact, Contact.id == CurrentStance.contact_id)
        .join(Treaty, Treaty.id == CurrentStance.treaty_id)
        .join(sides["earlier"], sides["earlier"].id == CurrentStance.earlier_id)
        .join(sides["later"], sides["later"].id == CurrentStance.later_id)
        .where(CurrentStance.later_id.is_not(None), seen_by(team_id))
    )
    order = (CurrentStance.later_id, CurrentStance.id)
    return page(found, [SortKey(column, descending=True) for column in order], cursor)
