"""Ways from one to another over others: boxes in columns, joined by lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import wrap

from markupsafe import Markup

from crm.charts.shapes import attributes, picture, text

BOX = 188
ACROSS, DOWN = 52, 16
# Letters that fit into a line of a box, of a name and of the note under it; the lines' heights.
LETTERS, SMALL_LETTERS = 23, 30
LINE, SMALL_LINE, PADDING = 17, 15, 11
# What does not fit is in the box's own title, and in the words beside the drawing.
NAME_LINES, NOTE_LINES = 4, 2


@dataclass(frozen=True)
class Node:
    """A box: its name, and in small letters what it is to us; `strong` fills it."""

    key: int
    name: str
    note: str = ""
    strong: bool = False


@dataclass(frozen=True)
class Way:
    """Boxes from the first to the last; `firm` says of each line between them whether it is drawn whole or dashed."""

    nodes: tuple[Node, ...]
    firm: tuple[bool, ...]


def _lines(words: str, letters: int, most: int) -> list[str]:
    """The words in lines, broken between them; a name of many more words ends in dots."""
    lines = wrap(words, letters)
    if len(lines) > most:
        last = lines[most - 1]
        lines = [*lines[: most - 1], f"{last[: letters - 1].rstrip()}…"]
    return lines


def _written(node: Node) -> tuple[list[str], list[str]]:
    return _lines(node.name, LETTERS, NAME_LINES), _lines(node.note, SMALL_LETTERS, NOTE_LINES)


def _tall(node: Node) -> int:
    name, note = _written(node)
    return 2 * PADDING + LINE * len(name) + SMALL_LINE * len(note)


def _box(node: Node, x: float, y: float, height: int) -> Markup:
    frame = attributes(
        x=f"{x:g}",
        y=f"{y:g}",
        width=BOX,
        height=height,
        rx=8,
        class_="way-box way-strong" if node.strong else "way-box",
    )
    middle = x + BOX / 2
    centred = {"text_anchor": "middle", "unicode_bidi": "plaintext"}
    name, note = _written(node)
    top = y + (height - _tall(node)) / 2 + PADDING
    below = top + LINE * len(name)
    lines = [(words, 13, top + LINE * (place + 1) - 4, 650) for place, words in enumerate(name)]
    lines += [(words, 11, below + SMALL_LINE * (place + 1) - 3, 400) for place, words in enumerate(note)]
    return Markup("<g><title>{}</title><rect {}/>{}</g>").format(
        f"{node.name}, {node.note}" if node.note else node.name,
        frame,
        Markup().join(
            text(words, middle, place, font_size=size, font_weight=weight, **centred)
            for words, size, place, weight in lines
        ),
    )


def _line(start: tuple[float, float], end: tuple[float, float], firm: bool) -> Markup:
    (x, y), (to_x, to_y) = start, end
    half = (x + to_x) / 2
    curve = f"M{x:g} {y:g}C{half:g} {y:g} {half:g} {to_y:g} {to_x:g} {to_y:g}"
    dashes = {} if firm else {"stroke_dasharray": "5 4"}
    return Markup("<path {}/>").format(attributes(d=curve, fill="none", class_="way-line", **dashes))


def _columns(found: Sequence[Way]) -> dict[int, int]:
    """The column of each box: how far it is at most from the end, so that the last one stands alone."""
    columns: dict[int, int] = {}
    for way in found:
        for distance, node in enumerate(reversed(way.nodes)):
            columns[node.key] = max(columns.get(node.key, 0), distance)
    longest = max(columns.values())
    return {key: longest - distance for key, distance in columns.items()}


def ways(identifier: str, title: str, description: str, found: Sequence[Way], *, right_to_left: bool) -> Markup:
    """All ways in one drawing, a box that several have in common once; columns run in the direction of reading.

    The drawing has a size of its own: a narrow screen scrolls it. Raises ValueError where there is no way.
    """
    if not found:
        raise ValueError("there is nothing to draw")
    columns = _columns(found)
    nodes = {node.key: node for way in found for node in way.nodes}
    rows: dict[int, list[int]] = {}
    for key in nodes:
        rows.setdefault(columns[key], []).append(key)
    tallest = max(len(keys) for keys in rows.values())
    tall = max(map(_tall, nodes.values()))
    width = (max(columns.values()) + 1) * (BOX + ACROSS) - ACROSS
    height = tallest * (tall + DOWN) - DOWN
    places: dict[int, tuple[float, float]] = {}
    for column, keys in rows.items():
        begin = column * (BOX + ACROSS)
        x = float(width - begin - BOX if right_to_left else begin)
        top = (height - (len(keys) * (tall + DOWN) - DOWN)) / 2
        for row, key in enumerate(keys):
            places[key] = (x, top + row * (tall + DOWN))
    lines = {}
    for way in found:
        for one, other, firm in zip(way.nodes, way.nodes[1:], way.firm, strict=False):
            (from_x, y), (to_x, to_y) = places[one.key], places[other.key]
            out, into = (0, BOX) if right_to_left else (BOX, 0)
            start, end = (from_x + out, y + tall / 2), (to_x + into, to_y + tall / 2)
            lines[one.key, other.key] = _line(start, end, firm)
    shapes = [*lines.values(), *(_box(node, *places[key], tall) for key, node in nodes.items())]
    # The names in it are data: nobody translates them.
    size = {"data_raw": "", "width": f"{width + 4:g}", "height": f"{height + 4:g}"}
    moved = Markup('<g transform="translate(2 2)">{}</g>').format(Markup().join(shapes))
    return picture("ways-chart", identifier, title, description, [moved], view=(width + 4, height + 4), **size)
