"""Whom deeds of the trail were about and what they did there, for a list of deeds, at the cost of a few queries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from flask_babel import gettext

from crm.audit.models import Change, ChangeKind
from crm.directory.models import Contact, ContactTag
from crm.extensions import db
from crm.history.models import Interaction, InteractionContact, Task
from crm.pipeline.labels import stage_label
from crm.pipeline.models import Target
from crm.stances.models import Statement

# So many rows of a deed are looked at: several may be of one contact.
_LOOKED_AT = 12
# Tables of which a deed about many writes one row for each contact.
OF_CONTACTS = (Contact.__tablename__, ContactTag.__tablename__, Target.__tablename__)
_TOLD_BY = (
    *OF_CONTACTS,
    Interaction.__tablename__,
    InteractionContact.__tablename__,
    Statement.__tablename__,
    Task.__tablename__,
)

# The id, None once the contact is gone, and the name.
Named = tuple[int | None, str]


@dataclass
class About:
    """The first contacts a deed wrote rows of, and in words what it did there."""

    contacts: list[Named] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)


def _names(wanted: Collection[int]) -> dict[int, Named]:
    """Contacts by their ids, in two queries: of those that are gone, what they were called last."""
    there = db.session.execute(sa.select(Contact.id, Contact.name).where(Contact.id.in_(wanted)))
    found: dict[int, Named] = {row.id: (row.id, row.name) for row in there}
    gone = db.session.execute(
        sa.select(Change.row_id, Change.before)
        .where(
            Change.table_name == Contact.__tablename__,
            Change.row_id.in_([each for each in wanted if each not in found]),
            Change.kind == ChangeKind.DELETE,
        )
        .order_by(Change.id)
    )
    return {**{row.row_id: (None, row.before["name"]) for row in gone if row.before.get("name")}, **found}


def _values(change: Any) -> dict[str, Any]:
    return {**change.before, **change.after}


def _rows(changes: Sequence[Any]) -> dict[tuple[str, int], Any]:
    """Contact and team of targets, statements, tasks and interactions, by table and id, in one query.

    A change tells only what it changed.
    """
    ids: dict[str, set[int]] = defaultdict(set)
    for change in changes:
        ids[change.table_name].add(change.row_id)
        ids[Target.__tablename__].add(_values(change).get("target_id") or 0)
        ids[Interaction.__tablename__].add(_values(change).get("interaction_id") or 0)
    nobody = sa.null().label("contact_id")
    everybody = sa.cast(sa.null(), sa.Integer).label("team_id")

    def part(model: Any, contact_id: Any, team_id: Any) -> Any:
        of = sa.literal(model.__tablename__).label("of")
        return sa.select(of, model.id, contact_id, team_id).where(model.id.in_(ids[model.__tablename__]))

    of_task = sa.func.coalesce(Task.contact_id, Target.contact_id).label("contact_id")
    found = db.session.execute(
        sa.union_all(
            part(Target, Target.contact_id, everybody),
            part(Statement, Statement.contact_id, Statement.team_id),
            part(Task, of_task, Task.team_id).outerjoin(Target, Target.id == Task.target_id),
            part(Interaction, sa.cast(nobody, sa.Integer), Interaction.team_id),
        )
    )
    return {(row.of, row.id): row for row in found}


def _is_of_others(change: Any, rows: Mapping[tuple[str, int], Any], team_id: int) -> bool:
    """Whether a row is, or was, another team's alone: its reader may have gone from one to another."""
    teams = {change.before.get("team_id"), change.after.get("team_id")}
    for key in (
        (change.table_name, change.row_id),
        (Interaction.__tablename__, _values(change).get("interaction_id") or 0),
    ):
        if key in rows:
            teams.add(rows[key].team_id)
    return bool(teams - {None, team_id})


def _contact_of(change: Any, rows: Mapping[tuple[str, int], Any]) -> int | None:
    """The contact a row is of, or is."""
    if change.table_name == Contact.__tablename__:
        return int(change.row_id)
    values = _values(change)
    if values.get("contact_id") is not None:
        return int(values["contact_id"])
    of = (change.table_name, change.row_id), (Target.__tablename__, values.get("target_id") or 0)
    return next((rows[key].contact_id for key in of if key in rows and rows[key].contact_id is not None), None)


def _lines(changes: Sequence[Any]) -> list[str]:
    """What was noted, to which stage targets went, what comes next: each once."""
    lines = [
        str(each.after["summary"])
        for each in changes
        if each.table_name == Interaction.__tablename__ and each.after.get("summary")
    ]
    moves = [
        (each.before.get("stage"), each.after["stage"])
        for each in changes
        if each.table_name == Target.__tablename__ and each.before.get("stage") and each.after.get("stage")
    ]
    for old, new in dict.fromkeys(moves):
        lines.append(str(gettext("From “%(old)s” to “%(new)s”", old=stage_label(old), new=stage_label(new))))
    for change in changes:
        if change.table_name == Target.__tablename__ and change.kind is ChangeKind.UPDATE:
            if step := change.after.get("next_step"):
                lines.append(str(gettext("Next step: %(step)s", step=step)))
        elif change.table_name == Task.__tablename__ and change.after.get("title"):
            lines.append(str(gettext("Task: %(title)s", title=change.after["title"])))
    return list(dict.fromkeys(lines))


def about(ids: Collection[int], pairs: Mapping[int, Sequence[int]], team_id: int) -> dict[int, About]:
    """Whom each change set was about, by a look at the first rows it wrote; of the merges `pairs`, those two.

    Of a deed that wrote what is another team's than `team_id` by now, nothing is told. Four queries.
    """
    rank = sa.func.row_number().over(partition_by=Change.change_set_id, order_by=Change.id).label("rank")
    columns = (Change.change_set_id, Change.table_name, Change.row_id, Change.kind, Change.before, Change.after)
    wrote = sa.select(*columns, rank).where(Change.change_set_id.in_(ids), Change.table_name.in_(_TOLD_BY)).subquery()
    changes = db.session.execute(sa.select(wrote).where(wrote.c.rank <= _LOOKED_AT).order_by(wrote.c.rank)).all()
    rows = _rows(changes)
    hidden = {change.change_set_id for change in changes if _is_of_others(change, rows, team_id)}
    written: dict[int, list[Any]] = defaultdict(list)
    found: dict[int, dict[int, None]] = defaultdict(dict)
    for change in changes:
        if change.change_set_id in hidden:
            continue
        written[change.change_set_id].append(change)
        contact_id = _contact_of(change, rows)
        if contact_id is not None:
            found[change.change_set_id][contact_id] = None
    for number, pair in pairs.items():
        found[number] = dict.fromkeys(pair)
    names = _names({contact_id for each in found.values() for contact_id in each})
    return {
        number: About([names[each] for each in found[number] if each in names], _lines(written[number]))
        for number in {*found, *written}
    }
