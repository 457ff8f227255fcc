"""Measures a mailing's pages while a worker sends 100,000 letters, beside a bare Flask page; `make bench-sending`."""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.figures import write
from benchmarks.planning import LARGE, approve, prepare
from benchmarks.servers import (
    EMAIL,
    PASSWORD,
    NoPostgresql,
    Product,
    bare_server,
    postgresql,
    running,
    served,
    settings_in,
)
from config import Settings
from crm import create_app
from crm.accounts.actions import create_user
from crm.cli.app import prepare_data
from crm.extensions import db
from crm.job_queue import MAIL
from crm.letters.jobs import plan
from crm.letters.models import Ledger, Mailing, MailingState
from crm.letters.queries import ledgers
from crm.policy import Role
from crm.processes.ports import HOST, claim_port
from crm.processes.programs import ROOT, worker
from crm.unit_of_work import unit_of_work

# How many times a bare page each of them may take.
BOUND = 60.0
MOST_QUERIES = 20
ROUNDS, WARM_UP = 60, 10
PATIENCE = 300.0
ACTOR = "command:benchmark"
PAGES = {
    "progress": "/mailings/1/progress",
    "ledger": "/mailings/1",
    "ledger: waiting": "/mailings/1?outcome=waiting",
    "ledger: sent": "/mailings/1?outcome=sent",
    "ledger: failed": "/mailings/1?outcome=failed&reason=recipient_refused",
    "ledger: skipped": "/mailings/1?outcome=skipped&reason=no_address",
    "ledger: language": "/mailings/1?language=fr&outcome=sent",
    "ledger: country": "/mailings/1?country=MT",
    "ledger: text": "/mailings/1?text=ada55",
    "mailings": "/letters",
}


@dataclass
class Measured:
    """What was measured of the pages while letters left."""

    bare_ms: float
    before: Ledger
    after: Ledger
    queries: dict[str, int]
    times: dict[str, list[float]] = field(default_factory=dict)

    def ratio(self, name: str) -> float:
        """How many times the bare page the median of a page takes."""
        return statistics.median(self.times[name]) / self.bare_ms


def _fill(settings: Settings, letters: int) -> None:
    """Plan and approve a mailing to so many targets, unless it is there already."""
    prepare_data(settings)
    with create_app(settings).app_context():
        if db.session.get(Mailing, 1) is None:
            [mailing_id] = prepare(letters)
            plan(mailing_id)
            with unit_of_work("make approver", actor=ACTOR):
                approver_id = create_user(EMAIL, "Officer", Role.LEAD, "Campaigns", PASSWORD).id
            approve(mailing_id, approver_id)
        if db.session.get_one(Mailing, 1).state is not MailingState.APPROVED:
            raise RuntimeError("the mailing is not on its way")
        db.session.remove()
        if db.engine.dialect.name == "postgresql":
            # What a server's autovacuum does sooner or later.
            with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.exec_driver_sql("VACUUM ANALYZE")
        db.engine.dispose()


@contextmanager
def _sink() -> Iterator[None]:
    """A mail server, to which every process started meanwhile sends."""
    port = claim_port()
    process = subprocess.Popen([sys.executable, "-m", "benchmarks.sink", str(port)], cwd=ROOT)
    os.environ |= {"MAIL_SERVER": HOST, "MAIL_PORT": str(port)}
    try:
        yield
    finally:
        process.terminate()
        process.wait()


def _ledger(product: Product) -> Ledger:
    with product.app.app_context():
        found = ledgers([1])[1]
        db.session.rollback()
        return found


def measure(folder: Path, letters: int, rounds: int, database_url: str = "") -> Measured:
    """Ask for every page in turn while a worker sends. Raises AssertionError where nothing left meanwhile."""
    with ExitStack() as stack:
        stack.enter_context(_sink())
        settings = settings_in(folder, database_url)
        _fill(settings, letters)
        product = stack.enter_context(served(settings, letters))
        bare = stack.enter_context(bare_server(folder / "bare"))
        stack.enter_context(running(worker(MAIL), settings))
        patience = time.monotonic() + PATIENCE
        while not _ledger(product).failed:
            if time.monotonic() > patience:
                raise AssertionError(f"no letter left within {PATIENCE:.0f} s: look at what the worker said")
            time.sleep(0.2)
        bare_times: list[float] = []
        times: dict[str, list[float]] = {name: [] for name in PAGES}
        before = _ledger(product)
        for turn in range(WARM_UP + rounds):
            for name, path in PAGES.items():
                took = product.server.get(path)[0]
                if turn >= WARM_UP:
                    times[name].append(took)
            took = bare.get("/")[0]
            if turn >= WARM_UP:
                bare_times.append(took)
        after = _ledger(product)
        queries = {name: product.queries_of(path) for name, path in PAGES.items()}
        if not before.sent < after.sent or not after.waiting or not after.adds_up or not before.adds_up:
            raise AssertionError(f"no letters left while the pages were asked for: {before}, then {after}")
        return Measured(statistics.median(bare_times), before, after, queries, times)


def complaints(found: Measured) -> list[str]:
    """What is over its bound."""
    said = [
        f"{name} takes {found.ratio(name):.1f} times the bare page; the most is {BOUND:g}"
        for name in PAGES
        if found.ratio(name) > BOUND
    ]
    return said + [
        f"{name} sends {number} queries; the most is {MOST_QUERIES}"
        for name, number in found.queries.items()
        if number > MOST_QUERIES
    ]


def report(title: str, found: Measured) -> str:
    """The table."""
    letters = f"{found.after.posted:,} letters, {found.before.sent:,} of them sent before, {found.after.sent:,} after"
    lines = [
        f"{title}: {letters}",
        f"{'page':<18}{'ms':>9}{'x bare':>9}{'bound':>7}{'queries':>9}",
        f"{'bare Flask page':<18}{found.bare_ms:>9.2f}{1:>9.1f}",
    ]
    lines += [
        f"{name:<18}{statistics.median(found.times[name]):>9.2f}{found.ratio(name):>9.1f}{BOUND:>7g}"
        f"{found.queries[name]:>9}"
        for name in PAGES
    ]
    return "\n".join(lines)


def as_json(found: Measured) -> dict[str, Any]:
    """The same figures for a program."""
    return {
        "letters": found.after.posted,
        "sent_meanwhile": found.after.sent - found.before.sent,
        "bare_ms": round(found.bare_ms, 3),
        "pages": {
            name: {
                "ms": round(statistics.median(found.times[name]), 3),
                "ratio": round(found.ratio(name), 2),
                "bound_ratio": BOUND,
                "queries": found.queries[name],
            }
            for name in PAGES
        },
    }


def main() -> None:
    """Measure on SQLite and on PostgreSQL, print the tables, complain of what is over its bound on SQLite."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, help="write the figures to this file, beside what is there, as `sending`")
    parser.add_argument("--data", type=Path, help="keep the planned mailings in this folder, and go on with them")
    parser.add_argument("--letters", type=int, default=LARGE)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--sqlite-only", action="store_true")
    chosen = parser.parse_args()
    with ExitStack() as stack:
        folder = chosen.data or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ratify-sending-")))
        found = measure(folder / "sqlite", chosen.letters, chosen.rounds)
        print(report("SQLite", found), flush=True)
        written: dict[str, Any] = {"sqlite": as_json(found)}
        said = complaints(found)
        try:
            if not chosen.sqlite_only:
                databases = stack.enter_context(postgresql(folder / "server", [chosen.letters]))
                found = measure(folder / "postgresql", chosen.letters, chosen.rounds, databases[chosen.letters])
                print(report("PostgreSQL", found))
                written["postgresql"] = as_json(found)
        except NoPostgresql as error:
            print(f"PostgreSQL skipped: {error}")
    if chosen.json:
        write(chosen.json, {"sending": written})
    if said:
        raise SystemExit("\n".join(said))


if __name__ == "__main__":
    main()
