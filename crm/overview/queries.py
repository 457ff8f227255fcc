"""What the screens made of many features read for themselves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from crm.accounts.models import User
from crm.duplicates.queries import waiting
from crm.extensions import db
from crm.overview.models import ChosenColumns, SavedView

VIEWS_SHOWN = 60


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
