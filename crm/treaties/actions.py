"""Loading the treaty facts that ship with the product."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path

import sqlalchemy as sa

from crm.extensions import db
from crm.treaties.models import Treaty

FACTS = Path(__file__).parent / "facts"


def _day(value: str) -> date | None:
    return date.fromisoformat(value) if value else None


def load_facts() -> int:
    """Add the shipped treaties that are not there yet and return how many; running it again changes nothing."""
    known = set(db.session.scalars(sa.select(Treaty.code)))
    with (FACTS / "treaties.csv").open(encoding="utf-8", newline="") as file:
        missing = [row for row in csv.DictReader(file) if row["code"] not in known]
    db.session.add_all(
        Treaty(
            code=row["code"], name=row["name"], adopted_on=_day(row["adopted_on"]), in_force_on=_day(row["in_force_on"])
        )
        for row in missing
    )
    db.session.flush()
    return len(missing)
