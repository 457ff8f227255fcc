"""Maps of equal tiles: a place for every state, however small, in roughly the neighbourhood it has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from crm.charts.shapes import attributes, picture, text

SIDE, GAP = 44, 5
# Column and row of each European state, by ISO 3166-1 alpha-2. West stays left in every language, as on any map.
EUROPE = {
    "IS": (0, 0),
    "NO": (5, 0),
    "SE": (6, 0),
    "FI": (7, 0),
    "EE": (7, 1),
    "RU": (8, 1),
    "IE": (1, 2),
    "GB": (2, 2),
    "DK": (5, 2),
    "LV": (7, 2),
    "NL": (4, 3),
    "DE": (5, 3),
    "PL": (6, 3),
    "LT": (7, 3),
    "BY": (8, 3),
    "FR": (2, 4),
    "BE": (3, 4),
    "LU": (4, 4),
    "CZ": (5, 4),
    "SK": (6, 4),
    "UA": (7, 4),
    "CH": (3, 5),
    "LI": (4, 5),
    "AT": (5, 5),
    "HU": (6, 5),
    "RO": (7, 5),
    "MD": (8, 5),
    "GE": (9, 5),
    "PT": (0, 6),
    "ES": (1, 6),
    "AD": (2, 6),
    "MC": (3, 6),
    "IT": (4, 6),
    "SI": (5, 6),
    "HR": (6, 6),
    "RS": (7, 6),
    "BG": (8, 6),
    "AM": (9, 6),
    "AZ": (10, 6),
    "SM": (4, 7),
    "BA": (6, 7),
    "ME": (7, 7),
    "MK": (8, 7),
    "TR": (9, 7),
    "MT": (4, 8),
    "AL": (7, 8),
    "GR": (8, 8),
    "CY": (10, 8),
}


@dataclass(frozen=True)
class Tile:
    """One state: its code, what is said of it where one points at it, its tone, and whether it has a ring."""

    code: str
    said: str
    tone: str
    ringed: bool = False


def _tile(tile: Tile, column: int, row: int) -> Markup:
    x, y = column * (SIDE + GAP), row * (SIDE + GAP)
    inset = 1.5 if tile.ringed else 0
    frame = attributes(
        x=f"{x + inset:g}",
        y=f"{y + inset:g}",
        width=f"{SIDE - 2 * inset:g}",
        height=f"{SIDE - 2 * inset:g}",
        rx=7,
    )
    words = text(tile.code, x + SIDE / 2, y + SIDE / 2 + 5, font_size=14, font_weight=700, text_anchor="middle")
    css_class = f"tile tile-{tile.tone}{' ringed' if tile.ringed else ''}"
    return Markup('<g class="{}"><title>{}</title><rect {}/>{}</g>').format(css_class, tile.said, frame, words)


def tile_map(identifier: str, title: str, description: str, tiles: Sequence[Tile]) -> Markup:
    """The European ones among the tiles, each at its place; `description` says the whole in words.

    `identifier` must be unique in the page: screen readers hear `title` and `description` for the whole picture.
    """
    shapes = [_tile(tile, *EUROPE[tile.code]) for tile in tiles if tile.code in EUROPE]
    columns, rows = (max(place[axis] for place in EUROPE.values()) + 1 for axis in (0, 1))
    view = (columns * (SIDE + GAP) - GAP, rows * (SIDE + GAP) - GAP)
    # Codes of states, and names in the reader's language.
    return picture("tile-map", identifier, title, description, shapes, view=view, data_raw="")
