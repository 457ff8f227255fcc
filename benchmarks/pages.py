"""Measures pages beside a bare Flask page of the same server in the same run; `make bench` runs it."""

from __future__ import annotations

import argparse
import json
import re
import statistics
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.servers import Product, Server, bare_server, product

SIZES = (1_000, 100_000)
ROUNDS = 60
WARM_UP = 20
MOST_QUERIES = 12


@dataclass(frozen=True)
class Page:
    """A page to measure; `rows` finds one thing that stands on it once a row."""

    name: str
    path: str
    rows: str


LIST_ROW = r'<th scope="row">'
PAGES = (
    Page("list", "/contacts", LIST_ROW),
    Page("list: country", "/contacts?country=MT", LIST_ROW),
    Page("list: text", "/contacts?text=quin", LIST_ROW),
    Page("list: rare text", "/contacts?text=quinulridge+ada", LIST_ROW),
    Page("contact", "/contacts/{contact}", r"<time "),
    Page("search", "/search?q=kov", r'<a href="/contacts/\d+">'),
)


@dataclass
class Measured:
    """Figures of one page at one size."""

    queries: int
    rows: int
    times: list[float] = field(default_factory=list)

    @property
    def ms(self) -> float:
        """Median in milliseconds."""
        return statistics.median(self.times)


def _path(page: Page, measured: Product) -> str:
    # Organizations come first, so this is a person.
    return page.path.format(contact=measured.size)


def measure(bare: Server, products: Sequence[Product], rounds: int) -> tuple[float, dict[tuple[str, int], Measured]]:
    """Median of the bare page, and the figures of every page at every size, asked for in turn in every round."""
    bare_times: list[float] = []
    found = {}
    for page in PAGES:
        for each in products:
            path = _path(page, each)
            _took, body = each.server.get(path)
            found[page.name, each.size] = Measured(each.queries_of(path), len(re.findall(page.rows, body.decode())))
    for turn in range(WARM_UP + rounds):
        warm = turn >= WARM_UP
        for page in PAGES:
            for each in products:
                took, _body = each.server.get(_path(page, each))
                if warm:
                    found[page.name, each.size].times.append(took)
            took, _body = bare.get("/")
            if warm:
                bare_times.append(took)
    return statistics.median(bare_times), found


def check(found: dict[tuple[str, int], Measured]) -> None:
    """Refuse figures that would not mean what they say. Raises AssertionError."""
    for page in PAGES:
        queries = {size: found[page.name, size].queries for size in SIZES}
        if len(set(queries.values())) != 1 or max(queries.values()) > MOST_QUERIES:
            raise AssertionError(f"{page.name} sends {queries} queries")


def report(bare_ms: float, found: dict[tuple[str, int], Measured]) -> str:
    """The table."""
    lines = [f"{'page':<18}{'contacts':>10}{'ms':>9}{'x bare':>9}{'queries':>9}{'rows':>6}"]
    lines.append(f"{'bare Flask page':<18}{'':>10}{bare_ms:>9.2f}{1:>9.1f}{0:>9}{0:>6}")
    for (name, size), figures in found.items():
        ratio = figures.ms / bare_ms
        lines.append(f"{name:<18}{size:>10,}{figures.ms:>9.2f}{ratio:>9.1f}{figures.queries:>9}{figures.rows:>6}")
    return "\n".join(lines)


def as_json(bare_ms: float, found: dict[tuple[str, int], Measured]) -> str:
    """The same figures for a program."""
    pages: dict[str, dict[str, dict[str, float]]] = {}
    for (name, size), figures in found.items():
        pages.setdefault(name, {})[str(size)] = {
            "ms": round(figures.ms, 3),
            "ratio": round(figures.ms / bare_ms, 2),
            "queries": figures.queries,
            "rows": figures.rows,
        }
    return json.dumps({"bare_ms": round(bare_ms, 3), "pages": pages}, indent=2) + "\n"


def main() -> None:
    """Measure, print the table, write the figures where asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    parser.add_argument("--data", type=Path, help="keep the invented databases in this folder, and use them again")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    chosen = parser.parse_args()
    with ExitStack() as stack:
        folder = chosen.data or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ratify-bench-")))
        products = [stack.enter_context(product(folder / str(size), size)) for size in SIZES]
        bare = stack.enter_context(bare_server(folder / "bare"))
        bare_ms, found = measure(bare, products, chosen.rounds)
    print(report(bare_ms, found))
    check(found)
    if chosen.json:
        chosen.json.write_text(as_json(bare_ms, found))


if __name__ == "__main__":
    main()
