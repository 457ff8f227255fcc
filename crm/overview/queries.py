"""What the screens made of many features read for themselves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from crm.accounts.models import User
from crm.database import Base
from crm.directory.models import Contact
from crm.duplicates.queries import waiting
from crm.extensions import db
from crm.letters.models import Mailing, MailingState
from crm.outbox.models import WAITING, Batch, BatchState, MessageState, OutgoingMessage
from crm.overview.models import ChosenColumns, SavedView
from crm.pipeline.models import NO_NEXT_STEP, Campaign, Stage, Target

NEXT_STEPS_SHOWN = 8
VIEWS_SHOWN = 60


@dataclass(frozen=True)
class HomeFigures:
    """Where the work stands."""

    contacts: int
    campaigns: int
    letters_waiting: int
    letters_held: int
    has_mailing: bool


def home_figures() -> HomeFigures:
    """The figures of the home page, in one query."""

    def count(table: type[Base], *conditions: sa.ColumnElement[bool]) -> sa.ScalarSelect[int]:
        return sa.select(sa.func.count()).select_from(table).where(*conditions).scalar_subquery()

    # What nobody has approved yet, or somebody has paused, does not wait for the worker.
    running = sa.select(Batch.id).where(Batch.state == BatchState.RUNNING)
    row = db.session.execute(
        sa.select(
            count(Contact),
            count(Campaign, Campaign.archived_at.is_(None)),
            count(OutgoingMessage, OutgoingMessage.state.in_(WAITING), OutgoingMessage.batch_id.in_(running)),
            count(OutgoingMessage, OutgoingMessage.state == MessageState.HELD),
            sa.exists(sa.select(Mailing.id)),
        )
    ).one()
    contacts, campaigns, waiting, held, has_mailing = row
    return HomeFigures(contacts or 0, campaigns or 0, waiting or 0, held or 0, bool(has_mailing))


def next_steps_of(user_id: int, limit: int = NEXT_STEPS_SHOWN) -> Sequence[sa.Row[*tuple[Any, ...]]]:
    """The open targets of a user whose next steps are due first, with their contact's and campaign's names."""
    statement = (
        sa.select(
            Target.id,
            Target.stage,
            Target.next_step,
            Target.next_step_due,
            Contact.name,
            Campaign.name.label("campaign"),
        )
        .join(Contact, Contact.id == Target.contact_id)
        .join(Campaign, Campaign.id == Target.campaign_id)
        .where(
            Target.owner_id == user_id,
            Target.due_order < NO_NEXT_STEP,
            Target.stage != Stage.CLOSED,
            Campaign.archived_at.is_(None),
        )
        .order_by(Target.due_order, Target.id)
        .limit(limit)
    )
    return db.session.execute(statement).all()


def mailings_to_approve(limit: int = 5) -> Sequence[sa.Row[*tuple[Any, ...]]]:
    """Id, name and number of letters of the mailings that wait for a second person, the oldest first."""
    statement = (
        sa.select(Mailing.id, Mailing.name, Mailing.letters)
        .where(Mailing.state == MailingState.AWAITING_APPROVAL)
        .order_by(Mailing.id)
        .limit(limit)
    )
    return db.session.execute(statement).all()


@dataclass(frozen=True)
class ListReader:
    """What a reader has set up for the list: columns of their own, and the saved views they may use.

    `duplicates` is how many pairs wait beside it, as `crm.duplicates.queries.waiting` counts them.
    """

    columns: tuple[str, ...]
    views: Sequence[sa.Row[*tuple[Any, ...]]]
    duplicates: int


def reader_of_list(user_id: int, team_id: int) -> ListReader:
    """The reader's columns and views (id, user_id, team_id, name, args), their own first, in one query."""
    mine = SavedView.user_id == user_id
    found = db.session.execute(
        sa.select(
            ChosenColumns.columns,
            SavedView.id,
            SavedView.user_id,
            SavedView.team_id,
            SavedView.name,
            SavedView.args,
            waiting().label("duplicates"),
        )
        .select_from(User)
        .outerjoin(ChosenColumns, ChosenColumns.user_id == User.id)
        .outerjoin(SavedView, sa.or_(mine, SavedView.team_id == team_id))
        .where(User.id == user_id)
        .order_by(sa.case((mine, 0), else_=1), SavedView.name, SavedView.id)
        .limit(VIEWS_SHOWN)
    ).all()
    chosen = found[0].columns if found else None
    return ListReader(
        tuple((chosen or "").split(",")) if chosen else (),
        [row for row in found if row.id is not None],
        found[0].duplicates if found else 0,
    )
