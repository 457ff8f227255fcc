"""Measures an import of many CSV rows beside the raw inserts of the same rows; `make bench` runs it."""

from __future__ import annotations

import argparse
import csv
import json
import resource
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import event

from benchmarks.servers import running, settings_in
from crm import create_app
from crm.cli.app import prepare_data
from crm.extensions import db
from crm.processes.programs import queue_server
from crm.roster_import import actions, works
from crm.roster_import.progress import Phase, report
from crm.roster_import.records import Item
from crm.roster_import.spool import Spool
from crm.roster_import.staging import read_heading
from crm.unit_of_work import unit_of_work

ROWS = 100_000
MOST_MEGABYTES = 400
MOST_TIMES = 20
ACTOR = "command:benchmark"
# What one CSV row becomes.
_TABLES = ("contact", "contact_point", "membership")
_COUNTRIES = ("ES", "MT", "FR", "DE", "PL", "IT", "SE", "GR", "RO", "IE")


@dataclass(frozen=True)
class Measured:
    """Seconds of the whole import and of its longest write transaction, the raw inserts, and the peak of its memory."""

    rows: int
    seconds: float
    read_seconds: float
    apply_seconds: float
    longest_seconds: float
    raw_seconds: float
    peak_megabytes: float

    @property
    def ratio(self) -> float:
        """How many times the raw inserts it takes."""
        return self.seconds / self.raw_seconds


def write_rows(path: Path, rows: int) -> None:
    """A CSV file of invented officials: name, country, address, ministry, role, since when."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("first_name", "last_name", "country", "email", "institution", "role", "start date"))
        for number in range(rows):
            country = _COUNTRIES[number % len(_COUNTRIES)]
            writer.writerow(
                (
                    f"Ada{number % 977}",
                    f"Invented{number}",
                    country,
                    f"ada{number}@ministry.example",
                    f"Ministry {number % 300} of {country}",
                    "director",
                    "2024-07-16",
                )
            )


def _write_transactions(engine: sa.Engine) -> list[float]:
    """Seconds of every write transaction of the engine from now on, up to its commit; the list grows with them."""
    held: list[float] = []
    began: dict[sa.Connection, float] = {}

    def begin(connection: sa.Connection) -> None:
        if connection.get_execution_options().get("write"):
            began[connection] = time.perf_counter()

    def commit(connection: sa.Connection) -> None:
        if connection in began:
            held.append(time.perf_counter() - began.pop(connection))

    event.listen(engine, "begin", begin)
    event.listen(engine, "commit", commit)
    return held


def run(folder: Path, rows: int) -> dict[str, float]:
    """Import the file in this process, as the desk worker does, with its progress; the figures so far."""
    settings = settings_in(folder)
    prepare_data(settings)
    write_rows(folder / "people.csv", rows)
    app = create_app(settings)
    # Progress is told to a real queue server; without one, every telling waits for it in vain.
    with running(queue_server(settings), settings), app.app_context():
        held = _write_transactions(db.engine)

        def tell(phase: Phase, done: int, total: int) -> None:
            report(import_id, phase, done, total)

        began = time.perf_counter()
        with unit_of_work("bring import", actor=ACTOR):
            import_id = actions.bring("people.csv", stored_name=None, asked={}, user_id=None, ring=False).id
        with Spool[Item]() as lines:
            heading = read_heading(folder / "people.csv", "people.csv", keep=lines)
            works.compare(import_id, heading, actor=ACTOR, report=tell)
        read = time.perf_counter()
        works.apply(import_id, actor=ACTOR, report=tell)
        ended = time.perf_counter()
        db.session.remove()
        db.engine.dispose()
    # Kilobytes on Linux.
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {
        "seconds": ended - began,
        "read_seconds": read - began,
        "apply_seconds": ended - read,
        "longest_seconds": max(held),
        "peak_megabytes": peak,
    }


def raw_inserts(folder: Path) -> float:
    """Seconds of inserting the very rows the import has made into the same schema, by executemany."""
    source = folder / "ratify.db"
    empty = folder / "raw"
    empty.mkdir()
    prepare_data(settings_in(empty))
    with closing(sqlite3.connect(source)) as full, closing(sqlite3.connect(empty / "ratify.db")) as raw:
        raw.execute("PRAGMA journal_mode=WAL")
        raw.execute("PRAGMA synchronous=FULL")
        raw.execute("PRAGMA foreign_keys=ON")
        tables = {}
        for table in _TABLES:
            found = full.execute(f"SELECT * FROM {table} ORDER BY id")  # names of our own
            columns = [column[0] for column in found.description]
            # What the database computes itself cannot be written.
            stored = {row[1] for row in full.execute(f"PRAGMA table_info({table})")}
            kept = [index for index, name in enumerate(columns) if name in stored]
            rows = [tuple(row[index] for index in kept) for row in found]
            tables[table] = ([columns[index] for index in kept], rows)
        # Organizations are rows of the same table as the people who point to them.
        raw.execute("PRAGMA defer_foreign_keys=ON")
        began = time.perf_counter()
        raw.execute("BEGIN IMMEDIATE")
        raw.execute("PRAGMA defer_foreign_keys=ON")
        for table, (columns, rows) in tables.items():
            marks = ", ".join("?" * len(columns))
            raw.executemany(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})", rows)
        raw.commit()
        return time.perf_counter() - began


def measure(rows: int = ROWS) -> Measured:
    """Import in a process of its own, because the peak of memory is a process's."""
    with tempfile.TemporaryDirectory(prefix="ratify-import-") as folder:
        command = [sys.executable, "-m", "benchmarks.imports", "--run", folder, "--rows", str(rows)]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
        figures = json.loads(done.stdout.splitlines()[-1])
        return Measured(rows=rows, raw_seconds=raw_inserts(Path(folder)), **figures)


def check(measured: Measured) -> None:
    """Refuse an import that is too slow or too large. Raises AssertionError."""
    if measured.peak_megabytes >= MOST_MEGABYTES:
        raise AssertionError(f"the import took {measured.peak_megabytes:.0f} MB")
    if measured.ratio > MOST_TIMES:
        raise AssertionError(f"the import took {measured.ratio:.1f} times the raw inserts")


def text(measured: Measured) -> str:
    """The figures, one a line."""
    return (
        f"import of {measured.rows:,} CSV rows: {measured.seconds:.1f} s, {measured.ratio:.1f} times the raw inserts "
        f"({measured.raw_seconds:.1f} s), at most {MOST_TIMES}\n"
        f"  read and compared {measured.read_seconds:.1f} s, applied {measured.apply_seconds:.1f} s, the longest "
        f"write transaction {measured.longest_seconds:.1f} s\n"
        f"  peak memory {measured.peak_megabytes:.0f} MB, at most {MOST_MEGABYTES}"
    )


def as_json(measured: Measured) -> dict[str, float]:
    """The same figures for a program."""
    return {name: round(value, 3) for name, value in asdict(measured).items()} | {
        "ratio": round(measured.ratio, 2),
        "bound_ratio": MOST_TIMES,
        "bound_megabytes": MOST_MEGABYTES,
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--run", type=Path, help="import in this process, into this folder, and print the figures")
    parser.add_argument("--json", type=Path, help="write the figures to this file, beside what is there, as `import`")
    chosen = parser.parse_args()
    if chosen.run:
        print(json.dumps(run(chosen.run, chosen.rows)))
        return
    measured = measure(chosen.rows)
    print(text(measured))
    if chosen.json:
        known = json.loads(chosen.json.read_text()) if chosen.json.exists() else {}
        chosen.json.write_text(json.dumps({**known, "import": as_json(measured)}, indent=2) + "\n")
    check(measured)


if __name__ == "__main__":
    main()
