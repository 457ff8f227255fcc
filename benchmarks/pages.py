"""Measures pages beside a bare Flask page of the same server in the same run; `make bench` runs it."""

from __future__ import annotations

import argparse
import re
import statistics
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks import figures
from benchmarks.servers import NoPostgresql, Product, Server, bare_server, postgresql, product
from crm.pipeline.models import Stage

SIZES = (1_000, 100_000)
ROUNDS = 60
WARM_UP = 20


@dataclass(frozen=True)
class Page:
    """A page to measure; `rows` finds one thing that stands on it once a row, `sql` reads the same rows by hand.

    `bound` is how many times a bare page it may take on SQLite, at the largest size; `most_queries` it may send at any.
    """

    name: str
    path: str
    rows: str
    bound: float
    sql: tuple[str, ...]
    most_queries: int = 12


LIST_ROW = r'<th scope="row"'
_LISTED = (
    "SELECT c.id, c.kind, c.category, c.name, c.country, c.email, c.mandate_end, g.name, g.abbreviation, p.name,"
    " p.abbreviation FROM contact c LEFT JOIN contact g ON g.id = c.group_id LEFT JOIN contact p ON p.id = c.party_id"
    " WHERE {} ORDER BY c.sort_name, c.id LIMIT 50"
)
_TARGETS = (
    "SELECT t.*, c.name, c.category, c.country, u.name FROM target t JOIN contact c ON c.id = t.contact_id"
    ' LEFT JOIN "user" u ON u.id = t.owner_id WHERE t.campaign_id = 1 AND {}'
    " ORDER BY t.due_order, t.priority_order, t.id LIMIT 50"
)
_BY_STANCE = (
    "SELECT c.id, c.kind, c.category, c.name, c.country, c.email, c.mandate_end, s.stance, s.said_on"
    " FROM current_stance s JOIN contact c ON c.id = s.contact_id WHERE s.treaty_id = 1 AND s.scope = 0"
    " ORDER BY s.rank, s.sort_name, s.contact_id LIMIT 50"
)
TODAY_ROW = r'<li class="line-with-action"'
_MINE = (
    "SELECT t.*, c.name FROM target t JOIN contact c ON c.id = t.contact_id WHERE t.owner_id = 1 ORDER BY {} LIMIT 10"
)
# Of each kind the most pressing, without what else a row says.
_TODAY = (
    "SELECT * FROM task WHERE owner_id = 1 AND done_at IS NULL ORDER BY due_order, id LIMIT 10",
    _MINE.format("t.due_order, t.id"),
    _MINE.format("t.quiet_since, t.id"),
    "SELECT m.* FROM commitment m, target t WHERE t.id = m.target_id AND owner_id = 1 ORDER BY m.due_order LIMIT 10",
    "SELECT * FROM timeline_entry WHERE kind IN ('reply', 'promise_answered') ORDER BY at DESC LIMIT 10",
)
PAGES = (
    Page("list", "/contacts", LIST_ROW, 60, (_LISTED.format("1 = 1"),)),
    Page("list: country", "/contacts?country=MT", LIST_ROW, 60, (_LISTED.format("c.country = 'MT'"),)),
    Page("list: text", "/contacts?text=quin", LIST_ROW, 60, (_LISTED.format("c.search_text LIKE '%quin%'"),)),
    Page(
        "list: rare text",
        "/contacts?text=malta",
        LIST_ROW,
        60,
        (_LISTED.format("c.search_text LIKE '%malta%'"),),
    ),
    Page(
        "list: by stance",
        "/contacts?sort=stance",
        LIST_ROW,
        60,
        (_BY_STANCE,),
    ),
    Page(
        "contact",
        "/contacts/{contact}",
        r"<time ",
        60,
        (
            "SELECT * FROM contact WHERE id = {contact}",
            "SELECT m.*, o.name FROM membership m, contact o WHERE m.person_id = {contact} AND o.id = organization_id",
            "SELECT * FROM contact_point WHERE contact_id = {contact}",
            "SELECT * FROM timeline_entry WHERE contact_id = {contact} ORDER BY at DESC, id DESC LIMIT 20",
        ),
    ),
    Page(
        "search",
        "/search?q=kov",
        r'href="/contacts/\d+"',
        40,
        ("SELECT id, kind, name FROM contact WHERE search_text LIKE '%kov%' ORDER BY sort_name, id LIMIT 10",),
    ),
    Page(
        "board",
        "/campaigns/1/board",
        "data-target-id",
        80,
        (
            "SELECT stage, count(*) FROM target WHERE campaign_id = 1 GROUP BY stage",
            *(
                "SELECT t.*, c.name, c.category, c.country, u.name FROM target t JOIN contact c ON c.id = t.contact_id"
                ' LEFT JOIN "user" u ON u.id = t.owner_id WHERE t.campaign_id = 1'
                f" AND t.stage = '{stage}' ORDER BY t.due_order, t.priority_order, t.id LIMIT 25"
                for stage in Stage
            ),
        ),
    ),
    # Of a dozen kinds of work, each with its own list.
    Page("today", "/today", TODAY_ROW, 60, _TODAY),
    Page("today: team", "/today?whose=team", TODAY_ROW, 60, _TODAY),
    Page(
        "report",
        "/reports/pipeline",
        r'<th scope="row"',
        200,
        (
            "SELECT stage, count(*) FROM target WHERE campaign_id = 1 GROUP BY stage",
            "SELECT from_stage, to_stage, count(*), avg(stood) FROM stage_move WHERE campaign_id = 1 GROUP BY 1, 2",
        ),
        most_queries=24,
    ),
    Page(
        "targets",
        "/campaigns/1/targets",
        LIST_ROW,
        80,
        (_TARGETS.format("1 = 1"), "SELECT count(*) FROM target WHERE campaign_id = 1"),
    ),
    Page(
        "targets: quiet",
        "/campaigns/1/targets?quiet=30&sort=quiet",
        LIST_ROW,
        80,
        (
            "SELECT count(*) FROM target WHERE campaign_id = 1 AND last_contact_at IS NOT NULL",
            _TARGETS.format("last_contact_at IS NOT NULL"),
        ),
    ),
    Page(
        "targets: country",
        "/campaigns/1/targets?country=MT",
        LIST_ROW,
        80,
        (_TARGETS.format("c.country = 'MT'"),),
    ),
    Page(
        "treaty",
        "/treaties/ICRMW",
        r'<th scope="row"|<a class="row-link"',
        60,
        ("SELECT a.* FROM treaty_action a, treaty t WHERE t.id = a.treaty_id AND t.code = 'ICRMW' ORDER BY a.state",),
    ),
)


@dataclass
class Measured:
    """Figures of one page at one size."""

    queries: int
    rows: int
    raw_sql_ms: float
    times: list[float] = field(default_factory=list)

    @property
    def ms(self) -> float:
        """Median in milliseconds."""
        return statistics.median(self.times)


Found = dict[tuple[str, int], Measured]


def _filled(text: str, measured: Product) -> str:
    # Organizations come first, so this is a person.
    return text.replace("{contact}", str(measured.size))


def measure(bare: Server, products: Sequence[Product], rounds: int) -> tuple[float, Found]:
    """Median of the bare page, and the figures of every page at every size, asked for in turn in every round."""
    bare_times: list[float] = []
    found: Found = {}
    for page in PAGES:
        for each in products:
            path = _filled(page.path, each)
            _took, body = each.server.get(path)
            found[page.name, each.size] = Measured(
                each.queries_of(path),
                len(re.findall(page.rows, body.decode())),
                each.raw_sql_ms([_filled(statement, each) for statement in page.sql]),
            )
    for turn in range(WARM_UP + rounds):
        warm = turn >= WARM_UP
        for page in PAGES:
            for each in products:
                took, _body = each.server.get(_filled(page.path, each))
                if warm:
                    found[page.name, each.size].times.append(took)
            took, _body = bare.get("/")
            if warm:
                bare_times.append(took)
    return statistics.median(bare_times), found


def complaints(bare_ms: float, found: Found, *, bounded: bool) -> list[str]:
    """What is not as it has to be: queries that grow or are too many and, where asked, pages over their bound."""
    said = []
    for page in PAGES:
        queries = {size: found[page.name, size].queries for size in SIZES}
        if len(set(queries.values())) != 1 or max(queries.values()) > page.most_queries:
            said.append(f"{page.name} sends {queries} queries; the most is {page.most_queries}, the same at every size")
        ratio = found[page.name, SIZES[-1]].ms / bare_ms
        if bounded and ratio > page.bound:
            said.append(f"{page.name} takes {ratio:.1f} times the bare page; the most is {page.bound:g}")
    return said


def report(title: str, bare_ms: float, found: Found) -> str:
    """The table."""
    bounds = {page.name: page.bound for page in PAGES}
    lines = [
        f"{title:<18}{'contacts':>10}{'ms':>9}{'x bare':>9}{'bound':>7}{'raw SQL ms':>12}{'queries':>9}{'rows':>6}"
    ]
    lines.append(f"{'bare Flask page':<18}{'':>10}{bare_ms:>9.2f}{1:>9.1f}")
    for (name, size), each in found.items():
        lines.append(
            f"{name:<18}{size:>10,}{each.ms:>9.2f}{each.ms / bare_ms:>9.1f}{bounds[name]:>7g}"
            f"{each.raw_sql_ms:>12.2f}{each.queries:>9}{each.rows:>6}"
        )
    return "\n".join(lines)


def as_json(bare_ms: float, found: Found) -> dict[str, Any]:
    """The same figures for a program."""
    bounds = {page.name: page.bound for page in PAGES}
    pages: dict[str, dict[str, dict[str, float]]] = {}
    for (name, size), each in found.items():
        pages.setdefault(name, {})[str(size)] = {
            "ms": round(each.ms, 3),
            "ratio": round(each.ms / bare_ms, 2),
            "bound_ratio": bounds[name],
            "queries": each.queries,
            "raw_sql_ms": round(each.raw_sql_ms, 3),
            "rows": each.rows,
        }
    return {"bare_ms": round(bare_ms, 3), "pages": pages}


def run(folder: Path, rounds: int, databases: Mapping[int, str] | None = None) -> tuple[float, Found]:
    """Measure on databases in the folder, or on those at the addresses given by size."""
    with ExitStack() as stack:
        products = [
            stack.enter_context(product(folder / str(size), size, (databases or {}).get(size, ""))) for size in SIZES
        ]
        bare = stack.enter_context(bare_server(folder / "bare"))
        return measure(bare, products, rounds)


def main() -> None:
    """Measure, print the tables, write the figures where asked; complain of what is over its bound."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    parser.add_argument("--data", type=Path, help="keep the invented databases in this folder, and use them again")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    chosen = parser.parse_args()
    with ExitStack() as stack:
        folder = chosen.data or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ratify-bench-")))
        measured = run(folder, chosen.rounds)
        print(report("SQLite", *measured), flush=True)
        written, said = as_json(*measured), complaints(*measured, bounded=True)
        try:
            databases = stack.enter_context(postgresql(folder / "postgresql", SIZES))
            measured = run(folder / "on-postgresql", chosen.rounds, databases)
            print(report("PostgreSQL", *measured))
            written["postgresql"] = as_json(*measured)
            said += [f"on PostgreSQL {line}" for line in complaints(*measured, bounded=False)]
        except NoPostgresql as error:
            print(f"PostgreSQL skipped: {error}")
            written["postgresql"] = {"skipped": str(error)}
    if chosen.json:
        figures.write(chosen.json, written)
    if said:
        raise SystemExit("\n".join(said))


if __name__ == "__main__":
    main()
