"""Writing many invented rows at once, past the trail: it holds how many people were invented."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from crm.database import Base
from crm.extensions import db


def insert(model: type[Base], rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows that all name the same columns."""
    if rows:
        db.session.execute(sa.insert(model.__table__), rows)  # type: ignore[arg-type]  # a mapped class has a Table


def insert_known(model: type[Base], rows: Sequence[Mapping[str, Any]]) -> list[int]:
    """Insert such rows and return their ids, in the rows' order."""
    if not rows:
        return []
    table = model.__table__
    adding = sa.insert(table).returning(table.c.id, sort_by_parameter_order=True)  # type: ignore[arg-type]
    return list(db.session.scalars(adding, rows))
