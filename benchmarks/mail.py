"""Measures the sending of letters beside Postfix's own source and a plain Flask-Mail loop; `make bench-mail` runs it.

Everything happens on one core: the sink that takes the letters, the database server, and whoever sends. The contenders
take turns, and medians of their turns are compared, because a machine is not equally fast from minute to minute.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from benchmarks.contenders import NoTools, Product, Sink, Turn, flask_mail_loop, sink, smtp_source, tool
from benchmarks.figures import write
from benchmarks.servers import NoPostgresql, postgresql

# A turn of the worker takes 20 seconds: few letters would measure its first moments, when statements are compiled.
LETTERS, ROUNDS, LEAST_ROUNDS = 5000, 5, 5
# A contender that takes ten times as long need not send as many letters.
_PLAIN_PART = 8
OURS = ("ratify_sqlite", "ratify_postgresql")
SOURCE, ONE_SESSION, PLAIN = "smtp_source", "smtp_source_one_session", "flask_mail_loop"
LEAST_OF_SOURCE = 0.2
LEAST_OF_PLAIN = 3.0

Contender = Callable[[int], Turn]


def on_one_core() -> int:
    """Keep this process and all it starts on one core, the last it may use; its number."""
    core = max(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {core})
    return core


def contenders(stack: ExitStack, folder: Path, server: Sink, letters: int, rounds: int) -> dict[str, Contender]:
    """Who sends, by name; each is called with the number of the round."""
    product = Product(folder / "sqlite", server.port, "", letters=letters, rounds=rounds)
    others = {OURS[0]: product.turn}
    try:
        [url] = stack.enter_context(postgresql(folder / "pgserver", [letters])).values()
        on_postgresql = Product(folder / "postgresql", server.port, url, letters=letters, rounds=rounds)
        others[OURS[1]] = on_postgresql.turn
    except NoPostgresql as reason:
        print(f"PostgreSQL skipped: {reason}")
    words = product.words(max(1, letters // _PLAIN_PART))
    return {
        SOURCE: lambda _round: smtp_source(server.port, letters),
        **others,
        ONE_SESSION: lambda _round: smtp_source(server.port, letters, one_session=True),
        PLAIN: lambda _round: flask_mail_loop(server.port, words),
    }


def measure(letters: int, rounds: int) -> dict[str, list[float]]:
    """Letters a second of each contender, round by round. Raises AssertionError where a letter is missing."""
    found: dict[str, list[float]] = defaultdict(list)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ratify-mail-")))
        # The sink gives its privileges up, and writes what it was handed.
        server = stack.enter_context(sink(folder))
        field = contenders(stack, folder, server, letters, rounds)
        for number in range(rounds):
            for name, send in field.items():
                before = server.taken()
                turn = send(number)
                taken = server.taken() - before
                if taken != turn.letters:
                    raise AssertionError(f"{name} sent {turn.letters} letters, the server took {taken}")
                found[name].append(turn.letters / turn.seconds)
    return found


def complaints(rates: dict[str, float]) -> list[str]:
    """What is slower than promised, in words."""
    said = []
    for name in OURS:
        if name in rates:
            of_source, of_plain = rates[name] / rates[SOURCE], rates[name] / rates[PLAIN]
            if of_source < LEAST_OF_SOURCE:
                said.append(f"{name} reaches {of_source:.2f} of {SOURCE}, less than {LEAST_OF_SOURCE}")
            if of_plain < LEAST_OF_PLAIN:
                said.append(f"{name} reaches {of_plain:.1f} times {PLAIN}, less than {LEAST_OF_PLAIN}")
    return said


def main() -> int:
    """Measure, print, and say whether the bounds hold."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--letters", type=int, default=LETTERS, help="of each contender's turn")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--json", type=Path, help="write the medians to this file as `letters_per_s`")
    given = parser.parse_args()
    if given.rounds < LEAST_ROUNDS:
        parser.error(f"fewer than {LEAST_ROUNDS} rounds tell nothing")
    try:
        tool("smtp-source")
        tool("smtp-sink")
    except NoTools as reason:
        print(f"bench-mail skipped: {reason}")
        return 0
    core = on_one_core()
    found = measure(given.letters, given.rounds)
    rates = {name: statistics.median(rounds) for name, rounds in found.items()}
    print(f"Letters of 2 KB a second on core {core}, medians of {given.rounds} interleaved rounds:")
    for name, rate in rates.items():
        spread = f"{min(found[name]):,.0f} to {max(found[name]):,.0f}"
        ratios = f"{rate / rates[SOURCE]:5.2f} of {SOURCE} {rate / rates[PLAIN]:6.1f} times {PLAIN}"
        print(f"  {name:24}{rate:8,.0f}  {ratios}  ({spread})")
    if given.json:
        write(given.json, {"letters_per_s": {name: round(rate, 1) for name, rate in rates.items()}})
    for complaint in (said := complaints(rates)):
        print(f"TOO SLOW: {complaint}", file=sys.stderr)
    return 1 if said else 0


if __name__ == "__main__":
    sys.exit(main())
