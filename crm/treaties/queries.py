"""Reads of treaties."""

from __future__ import annotations

import sqlalchemy as sa

from crm.extensions import db
from crm.treaties.models import Treaty


def treaty_names() -> list[tuple[int, str]]:
    """Id and name of every treaty, with its short code, for a form's choice."""
    rows = db.session.execute(sa.select(Treaty.id, Treaty.code, Treaty.name).order_by(Treaty.code))
    return [(row.id, f"{row.code} · {row.name}") for row in rows]
