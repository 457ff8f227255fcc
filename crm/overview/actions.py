"""What changes the list's own tables: saved views, chosen columns, changes of many contacts that were asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from crm.extensions import db
from crm.overview.bulk import Chosen
from crm.overview.models import ALLOWED_STATES, BulkAction, BulkChange, BulkState, ChosenColumns, SavedView
from crm.unit_of_work import current_unit_of_work


class NameTaken(Exception):
    """The reader has another view of this name."""


class MoveRefused(Exception):
    """The change was made, or refused, already."""


def _refuse_taken_name(user_id: int, name: str, view_id: int | None = None) -> None:
    taken = db.session.scalar(sa.select(SavedView.id).where(SavedView.user_id == user_id, SavedView.name == name))
    if taken not in (None, view_id):
        raise NameTaken(name)


def save_view(user_id: int, name: str, args: Mapping[str, str], *, team_id: int | None) -> SavedView:
    """A new view; with a `team_id` that team sees it too. Raises NameTaken."""
    _refuse_taken_name(user_id, name)
    view = SavedView(user_id=user_id, name=name, args=dict(args), team_id=team_id)
    db.session.add(view)
    db.session.flush()
    return view


def update_view(view: SavedView, *, name: str, team_id: int | None) -> None:
    """Another name, or shared and unshared. Raises NameTaken."""
    _refuse_taken_name(view.user_id, name, view.id)
    view.name, view.team_id = name, team_id
    db.session.flush()


def keep_in_view(view: SavedView, args: Mapping[str, str]) -> None:
    """Another filter, order and columns under the same name."""
    view.args = dict(args)
    db.session.flush()


def delete_view(view: SavedView) -> None:
    """Forget a view."""
    db.session.delete(view)
    db.session.flush()


def choose_columns(user_id: int, columns: Sequence[str]) -> None:
    """Keep the reader's columns; none means the usual ones."""
    chosen = db.session.scalar(sa.select(ChosenColumns).where(ChosenColumns.user_id == user_id))
    if chosen is None:
        chosen = ChosenColumns(user_id=user_id)
        db.session.add(chosen)
    chosen.columns = ",".join(columns)
    db.session.flush()


def request_change(
    user_id: int, action: BulkAction, value: str, chosen: Chosen, *, expected: int, came_from: str
) -> int:
    """Ask the desk worker for a change of many contacts; its id."""
    change = BulkChange(
        user_id=user_id, action=action, value=value, chosen=chosen.to_json(), expected=expected, came_from=came_from
    )
    db.session.add(change)
    db.session.flush()
    current_unit_of_work().ring("crm.overview.jobs.change_queued", change.id)
    return change.id


def decide(change_id: int, state: BulkState) -> BulkChange:
    """Take a waiting change up for good, locked until the unit of work ends. Raises MoveRefused for any other."""
    change: Any = db.session.get_one(BulkChange, change_id, with_for_update=True)
    if state not in ALLOWED_STATES[change.state]:
        raise MoveRefused(change.state)
    change.state = state
    db.session.flush()
    return change  # type: ignore[no-any-return]
