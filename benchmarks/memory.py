"""The peak memory of a process that sends 1,000 and 100,000 letters; `make bench-mail MEMORY=1` measures it too."""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from benchmarks.children import in_child
from benchmarks.contenders import Product, replaced, sink, time_of_sending
from benchmarks.servers import NoPostgresql, postgresql, settings_in
from crm import create_app

FEW, MANY = 1_000, 100_000
MOST_MEGABYTES = 200.0
# A hundred times the letters may take so much more, a cache of 16 MB that fills among it.
MOST_MORE_MEGABYTES = 40.0


@dataclass(frozen=True)
class Peak:
    """How much memory the process that sent so many letters ever had, and before the first of them."""

    database: str
    letters: int
    megabytes_before: float
    megabytes: float


def _peak() -> float:
    # Kilobytes on Linux.
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _sending() -> tuple[float, float]:
    before = _peak()
    time_of_sending()
    return before, _peak()


def run(folder: Path, port: int, database_url: str) -> tuple[float, float]:
    """Send what is released, as a work-horse does: in a fork of a process that has the app and no more."""
    with create_app(replaced(settings_in(folder, database_url), port)).app_context():
        before, after = in_child(_sending)
    return before, after


def _of(folder: Path, letters: int, database: str, database_url: str) -> Peak:
    with sink(folder) as server:
        product = Product(folder / "data", server.port, database_url, letters=letters, rounds=1)
        released = product.release(0)
        given = ["--folder", str(folder / "data"), "--port", str(server.port), "--database-url", database_url]
        command = [sys.executable, "-m", "benchmarks.memory", *given]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
        before, after = json.loads(done.stdout.splitlines()[-1])
        sent = product.sent(released)
        if sent != server.taken():
            raise AssertionError(f"{sent} letters are on record as sent, the server took {server.taken()}")
    return Peak(database, sent, before, after)


def measure() -> list[Peak]:
    """Few and many letters on each database, each in processes of their own, because a peak is a process's."""
    found = []
    for letters in (FEW, MANY):
        with ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ratify-memory-")))
            folder.chmod(0o755)
            (folder / "sqlite").mkdir()
            found.append(_of(folder / "sqlite", letters, "sqlite", ""))
            try:
                [url] = stack.enter_context(postgresql(folder / "pgserver", [letters])).values()
            except NoPostgresql as reason:
                print(f"PostgreSQL skipped: {reason}")
                continue
            (folder / "postgresql").mkdir()
            found.append(_of(folder / "postgresql", letters, "postgresql", url))
    return sorted(found, key=lambda peak: (peak.database, peak.letters))


def text(peaks: list[Peak]) -> str:
    """The figures, for people."""
    lines = [
        f"  {peak.database:12}{peak.letters:9,} letters: {peak.megabytes:4.0f} MB ({peak.megabytes_before:.0f} before)"
        for peak in peaks
    ]
    return "\n".join(["Peak memory of the sending process:", *lines])


def complaints(peaks: list[Peak]) -> list[str]:
    """What takes more memory than promised, in words."""
    said = [
        f"{peak.letters:,} letters on {peak.database} took {peak.megabytes:.0f} MB, more than {MOST_MEGABYTES:.0f}"
        for peak in peaks
        if peak.megabytes > MOST_MEGABYTES
    ]
    for database in sorted({peak.database for peak in peaks}):
        few, *_others, many = (peak for peak in peaks if peak.database == database)
        if many.megabytes - few.megabytes > MOST_MORE_MEGABYTES:
            said.append(f"memory grows with the letters on {database}: {few.megabytes:.0f}, {many.megabytes:.0f} MB")
    return said


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Send what is released, and print the peak of memory.")
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--database-url", default="")
    chosen = parser.parse_args()
    print(json.dumps(run(chosen.folder, chosen.port, chosen.database_url)))
