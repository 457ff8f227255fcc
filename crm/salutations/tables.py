"""Reads the facts of this room: tables that people can read and correct, loaded once."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

FACTS = Path(__file__).parent / "facts"


def rows(name: str) -> Iterator[dict[str, str]]:
    """The rows of a table of facts, by its file's name without the ending."""
    with (FACTS / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)
