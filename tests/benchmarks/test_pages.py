"""The benchmark runs through real servers and writes the figures it promises."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks import pages
from benchmarks.figures import write


def test_every_page_is_measured_at_both_sizes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(pages, "SIZES", (400, 800))
    monkeypatch.setattr(pages, "WARM_UP", 0)
    # Of what a busy machine takes nothing can be said.
    monkeypatch.setattr(pages, "complaints", lambda *_figures, bounded: [])
    monkeypatch.setattr("sys.argv", ["pages", "--json", str(tmp_path / "figures.json"), "--rounds", "2"])
    pages.main()
    written = json.loads((tmp_path / "figures.json").read_text())
    said = capsys.readouterr().out
    assert {"list", "contact", "search", "treaty", "board", "today", "report"} <= set(written["pages"])
    databases = [written]
    if "skipped" in written["postgresql"]:
        assert "PostgreSQL skipped: " in said
    else:
        databases.append(written["postgresql"])
    for database in databases:
        measured = database["pages"]
        allowed = {page.name: page.most_queries for page in pages.PAGES}
        assert measured.keys() == allowed.keys()
        for name, sizes in measured.items():
            assert set(sizes) == {"400", "800"}, name
            for figures in sizes.values():
                assert figures.keys() == {"ms", "ratio", "bound_ratio", "queries", "raw_sql_ms", "rows"}, name
                assert min(figures["ratio"], figures["raw_sql_ms"], figures["bound_ratio"]) > 0, name
            assert sizes["400"]["queries"] == sizes["800"]["queries"] <= allowed[name], name
        assert measured["list"]["400"]["rows"] == 50
        assert measured["contact"]["400"]["rows"] >= 10
        assert measured["search"]["400"]["rows"] > 0
        assert measured["treaty"]["400"]["rows"] >= 193
        assert measured["today"]["400"]["rows"] > 0
    assert "list: text" in said


def test_complaints_name_what_is_over_its_bound() -> None:
    def found(queries: int, ms: float) -> pages.Found:
        measured = {(page.name, size): pages.Measured(5, 1, 1, [1.0]) for page in pages.PAGES for size in pages.SIZES}
        measured["search", pages.SIZES[-1]] = pages.Measured(queries, 1, 1, [ms])
        return measured

    assert pages.complaints(1, found(5, 40), bounded=True) == []
    assert "search takes 41.0 times" in pages.complaints(1, found(5, 41), bounded=True)[0]
    assert pages.complaints(1, found(5, 41), bounded=False) == []
    assert "search sends" in pages.complaints(1, found(6, 1), bounded=False)[0]


def test_each_benchmark_leaves_the_others_figures_alone(tmp_path: Path) -> None:
    path = tmp_path / "figures.json"
    write(path, {"pages": {"list": 1}, "bare_ms": 2})
    write(path, {"imports": 3})
    assert json.loads(path.read_text()) == {"pages": {"list": 1}, "bare_ms": 2, "imports": 3}
