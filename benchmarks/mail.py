"""Measures the sending of letters beside Postfix's own source and what others send with; `make bench-mail` runs it.

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
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks import memory
from benchmarks.contenders import NoTools, Product, Sink, Turn, sink, smtp_source, tool
from benchmarks.figures import write
from benchmarks.peers import PEERS, Letters, missing, turn
from benchmarks.servers import NoPostgresql, postgresql

# A turn of the worker takes 20 seconds: few letters would measure its first moments, when statements are compiled.
LETTERS, ROUNDS, LEAST_ROUNDS = 5000, 5, 5
SIZES, WORKERS = (2, 20), (1, 2)
# A contender that takes ten times as long need not send as many letters, nor anybody as many long ones.
_PLAIN_PART = 8
_LONG_KILOBYTES, _LONG_PART = 10, 5
OURS = ("ratify_sqlite", "ratify_postgresql")
SOURCE, ONE_SESSION, PLAIN = "smtp_source", "smtp_source_one_session", "flask_mail_loop"
# Of letters of 2 KB, sent by one worker.
LEAST_OF_SOURCE = {"ratify_sqlite": 0.35, "ratify_postgresql": 0.2}
LEAST_OF_PLAIN = 5.0

Contender = Callable[[int], Turn]
Rates = dict[str, float]


def on_one_core() -> int:
    """Keep this process and all it starts on one core, the last it may use; its number."""
    core = max(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {core})
    return core


def name_of(ours: str, workers: int) -> str:
    """`ratify_sqlite` for one worker, `ratify_sqlite_2_workers` for two."""
    return ours if workers == 1 else f"{ours}_{workers}_workers"


class Field:
    """All who send letters of one size, by name; each is called with the number of the round."""

    def __init__(self, server: Sink, kilobytes: int, letters: int, rounds: int, workers: Sequence[int]) -> None:
        self.port = server.port
        self.kilobytes, self.letters, self.rounds, self.workers = kilobytes, letters, rounds, workers
        self.contenders: dict[str, Contender] = {SOURCE: self._source}

    def _source(self, _round: int, *, one_session: bool = False) -> Turn:
        return smtp_source(self.port, self.letters, kilobytes=self.kilobytes, one_session=one_session)

    def add_product(self, name: str, folder: Path, database_url: str) -> Product:
        """Plan a mailing for each turn, and let one worker take its turns, or several at once."""
        turns = self.rounds * len(self.workers)
        product = Product(folder, self.port, database_url, letters=self.letters, rounds=turns, kilobytes=self.kilobytes)
        for place, workers in enumerate(self.workers):
            self.contenders[name_of(name, workers)] = partial(self._of_product, product, place, workers)
        return product

    def _of_product(self, product: Product, place: int, workers: int, number: int) -> Turn:
        return product.turn(place * self.rounds + number, workers)

    def add_peers(self, letters: Letters) -> None:
        """The same words, sent by others."""
        self.contenders[ONE_SESSION] = partial(self._source, one_session=True)
        for name in PEERS:
            if reason := missing(name):
                print(f"{name} skipped: {reason}")
            else:
                self.contenders[name] = partial(self._of_peer, name, letters)

    def _of_peer(self, name: str, letters: Letters, _round: int) -> Turn:
        return Turn(len(letters), turn(name, self.port, letters))


def contenders(stack: ExitStack, folder: Path, field: Field) -> dict[str, Contender]:
    """Everybody who can be had here."""
    product = field.add_product(OURS[0], folder / "sqlite", "")
    try:
        [url] = stack.enter_context(postgresql(folder / "pgserver", [field.letters])).values()
        field.add_product(OURS[1], folder / "postgresql", url)
    except NoPostgresql as reason:
        print(f"PostgreSQL skipped: {reason}")
    field.add_peers(product.words(max(1, field.letters // _PLAIN_PART)))
    return field.contenders


def measure(kilobytes: int, letters: int, rounds: int, workers: Sequence[int]) -> dict[str, list[float]]:
    """Letters a second of each contender, round by round. Raises AssertionError where a letter is missing."""
    found: dict[str, list[float]] = defaultdict(list)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ratify-mail-")))
        # The sink gives its privileges up, and writes what it was handed.
        server = stack.enter_context(sink(folder))
        for number, name, send in _turns(
            contenders(stack, folder, Field(server, kilobytes, letters, rounds, workers)), rounds
        ):
            before = server.taken()
            turned = send(number)
            taken = server.taken() - before
            if taken != turned.letters:
                raise AssertionError(f"{name} sent {turned.letters} letters, the server took {taken}")
            found[name].append(turned.letters / turned.seconds)
    return found


def _turns(field: dict[str, Contender], rounds: int) -> Iterator[tuple[int, str, Contender]]:
    for number in range(rounds):
        for name, send in field.items():
            yield number, name, send


def complaints(rates: Rates, *, kilobytes: int) -> list[str]:
    """What is slower than promised, in words."""
    said = []
    for name in OURS:
        if name not in rates:
            continue
        of_source, of_plain = rates[name] / rates[SOURCE], rates[name] / rates[PLAIN]
        if kilobytes == SIZES[0] and of_source < LEAST_OF_SOURCE[name]:
            said.append(f"{name} reaches {of_source:.2f} of {SOURCE}, less than {LEAST_OF_SOURCE[name]}")
        if kilobytes == SIZES[0] and of_plain < LEAST_OF_PLAIN:
            said.append(f"{name} reaches {of_plain:.1f} times {PLAIN}, less than {LEAST_OF_PLAIN}")
        said += [
            f"{name} sends letters of {kilobytes} KB more slowly than {peer}"
            for peer in PEERS
            if peer in rates and rates[name] <= rates[peer]
        ]
    return said


def show(found: dict[str, list[float]], kilobytes: int, rounds: int) -> Rates:
    """Print the medians of letters of one size, and return them."""
    rates = {name: statistics.median(each) for name, each in found.items()}
    core = max(os.sched_getaffinity(0))
    print(f"Letters of {kilobytes} KB a second on core {core}, medians of {rounds} interleaved rounds:")
    for name, rate in rates.items():
        spread = f"{min(found[name]):,.0f} to {max(found[name]):,.0f}"
        ratios = f"{rate / rates[SOURCE]:5.2f} of {SOURCE} {rate / rates[PLAIN]:6.1f} times {PLAIN}"
        print(f"  {name:28}{rate:8,.0f}  {ratios}  ({spread})", flush=True)
    return rates


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(each) for each in text.split(",") if int(each) > 0)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--letters", type=int, default=LETTERS, help="a turn; a fifth where they are long")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--sizes", type=_numbers, default=SIZES, help="of the letters, in KB, such as 2,20")
    parser.add_argument("--workers", type=_numbers, default=WORKERS, help="at once, such as 1,2")
    parser.add_argument("--memory", action="store_true", help="also the peak memory of a process that sends 100,000")
    parser.add_argument("--json", type=Path, help="write the medians to this file as `letters_per_s`, `…_20_kb`")
    given = parser.parse_args()
    if given.rounds < LEAST_ROUNDS:
        parser.error(f"fewer than {LEAST_ROUNDS} rounds tell nothing")
    if 1 not in given.workers or not given.sizes:
        parser.error("one worker is what everything is compared with")
    return given


def main() -> int:
    """Measure, print, and say whether the bounds hold."""
    given = _arguments()
    try:
        tool("smtp-source")
        tool("smtp-sink")
    except NoTools as reason:
        print(f"bench-mail skipped: {reason}")
        return 0
    on_one_core()
    figures: dict[str, Any] = {}
    said: list[str] = []
    for kilobytes in given.sizes:
        letters = given.letters if kilobytes < _LONG_KILOBYTES else max(1, given.letters // _LONG_PART)
        found = measure(kilobytes, letters, given.rounds, given.workers)
        rates = show(found, kilobytes, given.rounds)
        key = "letters_per_s" if kilobytes == SIZES[0] else f"letters_per_s_{kilobytes}_kb"
        figures[key] = {name: round(rate, 1) for name, rate in rates.items()}
        said += complaints(rates, kilobytes=kilobytes)
    if given.memory:
        peaks = memory.measure()
        print(memory.text(peaks))
        figures["sending_memory"] = [asdict(each) for each in peaks]
        said += memory.complaints(peaks)
    if given.json:
        write(given.json, figures)
    for complaint in said:
        print(f"MISSED: {complaint}", file=sys.stderr)
    return 1 if said else 0


if __name__ == "__main__":
    sys.exit(main())
