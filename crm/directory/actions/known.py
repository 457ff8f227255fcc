"""What may be in the directory only once: the same name, number or tie is not written a second time."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from crm.database import Base
from crm.extensions import db


class AlreadyKnown(ValueError):
    """The directory has this row already; `contact_id` is whose it is."""

    def __init__(self, contact_id: int) -> None:
        super().__init__("the directory knows this already")
        self.contact_id = contact_id


def refuse_known(row: Base, owner: str, **values: Any) -> None:
    """Raise AlreadyKnown where another row of `row`'s table has these values; `owner` names the contact's column."""
    model = type(row)
    table = model.__table__
    same = [table.c[name].is_not_distinct_from(value) for name, value in values.items()]
    # The row itself must not reach the database before it is known to be the only one.
    with db.session.no_autoflush:
        found = db.session.execute(sa.select(table.c[owner]).where(*same, table.c.id != (row.id or 0)).limit(1)).first()
    if found is not None:
        raise AlreadyKnown(found[0])


def assign(row: Base, values: dict[str, Any]) -> bool:
    """Set the columns that differ and flush; say whether any did."""
    changed = {name: value for name, value in values.items() if getattr(row, name) != value}
    for name, value in changed.items():
        setattr(row, name, value)
    db.session.flush()
    return bool(changed)
