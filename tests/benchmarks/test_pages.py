"""The benchmark runs through real servers and writes the figures it promises."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks import pages


def test_every_page_is_measured_at_both_sizes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(pages, "SIZES", (400, 800))
    monkeypatch.setattr(pages, "WARM_UP", 0)
    monkeypatch.setattr("sys.argv", ["pages", "--json", str(tmp_path / "figures.json"), "--rounds", "2"])
    pages.main()
    figures = json.loads((tmp_path / "figures.json").read_text())["pages"]
    assert set(figures) == {page.name for page in pages.PAGES}
    for name, sizes in figures.items():
        assert set(sizes) == {"400", "800"}, name
        assert sizes["400"]["queries"] == sizes["800"]["queries"] <= pages.MOST_QUERIES, name
        assert sizes["800"]["ratio"] > 0, name
    assert figures["list"]["400"]["rows"] == 50
    assert figures["contact"]["400"]["rows"] == 10
    assert figures["search"]["400"]["rows"] > 0
    assert "list: text" in capsys.readouterr().out
