"""The treaty facts that ship with the product, read from their files."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

from crm.treaties.models import ActionKind, Confidence

FOLDER = Path(__file__).parent / "facts"


def _rows(name: str) -> Iterator[dict[str, str]]:
    with (FOLDER / name).open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def _day(value: str) -> date | None:
    return date.fromisoformat(value) if value else None


def treaty_facts() -> dict[str, dict[str, Any]]:
    """Columns of every treaty, by its code."""
    return {
        row["code"]: {
            "name": row["name"],
            "adopted_on": _day(row["adopted_on"]),
            "in_force_on": _day(row["in_force_on"]),
            "known_until": _day(row["known_until"]),
        }
        for row in _rows("treaties.csv")
    }


def action_facts() -> dict[str, dict[str, Any]]:
    """Columns of every action, by the name of its line; `treaty` is a code. A month stands for its first day."""
    return {
        row["fact"]: {
            "treaty": row["treaty"],
            "state": row["state"],
            "kind": ActionKind(row["kind"]),
            "done_on": date.fromisoformat(row["date"] + ("-01" if row["confidence"] == Confidence.MONTH_READ else "")),
            "source": row["source"],
            "confidence": Confidence(row["confidence"]),
        }
        for row in _rows("actions.csv")
    }
