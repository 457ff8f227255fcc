"""Files made to fill the memory are refused early, with the line, and without filling it."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest

from crm.roster_import.readers import open_roster
from crm.roster_import.records import UnreadableRoster

pytestmark = pytest.mark.sqlite_only
_MEGABYTE = 1024 * 1024
SIZE = 24 * _MEGABYTE
# However large the file is; what a library holds on to is within it.
MOST = 12 * _MEGABYTE

PARLTRACK = b'{"count": 1, "meps": [{"UserID": "1", "CV": '
TURNOVER = b"<meps><mep><fullName>Ada ONE</fullName><mandate-start>16/07/2024</mandate-start>"
COMMISSIONERS = b"name,iso3,portfolio,since,press_corner_id\n"


def filled(path: Path, start: bytes, piece: bytes) -> Path:
    with path.open("wb") as file:
        file.write(start)
        whole = piece * max(1, 65536 // len(piece))
        for _ in range(SIZE // len(whole)):
            file.write(whole)
    return path


BOMBS: dict[str, tuple[bytes, bytes]] = {
    "json_nesting": (PARLTRACK, b"["),
    "json_maps": (PARLTRACK, b'{"a":'),
    "json_long_text": (PARLTRACK + b'"', b"a"),
    "json_many_values": (PARLTRACK + b"[1", b",1"),
    "json_long_number": (PARLTRACK, b"1"),
    "json_endless_digits": (PARLTRACK + b"9" * 20_000 + b",", b"1,"),
    "xml_nesting": (TURNOVER, b"<a>"),
    "xml_long_attribute": (b'<meps a="', b"a"),
    "xml_long_text": (TURNOVER + b"<country>", b"a"),
    "csv_long_line": (b"name,country\n", b"a"),
    "csv_many_columns": (b"name,country\n", b"a,"),
    "csv_open_quote": (b'name,country\n"', b"a\n"),
    "csv_quoted_lines": (b"name,country\n", b'"\n",'),
    "table_long_line": (COMMISSIONERS, b"a"),
    "table_many_columns": (COMMISSIONERS, b"a,"),
    "table_quoted_lines": (COMMISSIONERS, b'"\n",'),
}


def peak_of(work: Callable[[], object]) -> int:
    tracemalloc.start()
    try:
        with pytest.raises(UnreadableRoster) as refused:
            work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
        assert refused.value.line is not None


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_with_memory_flat(tmp_path: Path, name: str) -> None:
    path = filled(tmp_path / "bomb", *BOMBS[name])
    assert path.stat().st_size > SIZE - _MEGABYTE
    assert peak_of(lambda: sum(1 for _ in open_roster(path).records())) < MOST


def test_entities_are_refused_where_they_are_declared(tmp_path: Path) -> None:
    path = tmp_path / "bomb.xml"
    bomb = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 20))
    path.write_text(
        f'<!DOCTYPE meps [<!ENTITY a0 "ha">{bomb}]>\n<meps><mep><mandate-start>&a19;</mandate-start></mep></meps>'
    )
    assert peak_of(lambda: list(open_roster(path).records())) < MOST
