"""Columns over time: how the parts of a whole changed from one day to the next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from crm.charts.shapes import attributes, picture, text

WIDTH, HEIGHT, FOOT = 640, 220, 24
SCALE = 44
GAP = 0.28


@dataclass(frozen=True)
class Pillar:
    """One column: its name, and its parts from the lowest up, each with what is said where one points at it."""

    label: str
    parts: Sequence[tuple[int, str]]


def _ceiling(largest: int) -> int:
    """A round number that nothing is taller than."""
    step = 1
    while True:
        for factor in (1, 2, 5):
            if largest <= 4 * step * factor:
                return 4 * step * factor
        step *= 10


def pillars(
    identifier: str,
    title: str,
    description: str,
    columns: Sequence[Pillar],
    tones: Sequence[str],
    *,
    number: Sequence[str] | None = None,
    right_to_left: bool,
) -> Markup:
    """Stacked columns in the direction of reading; `tones` are the CSS classes of the parts, in their order.

    `number` are the five marks of the scale from nought up, as the reader writes numbers (see `marks`). `identifier`
    must be unique in the page: screen readers hear `title` and `description` for the whole picture.
    """
    top = _ceiling(max((sum(size for size, _said in column.parts) for column in columns), default=1) or 1)
    room = (WIDTH - SCALE) / max(len(columns), 1)
    shapes: list[Markup] = []
    for index, mark in enumerate(number or [str(value) for value in marks(columns)]):
        y = HEIGHT - (HEIGHT - 12) * index / 4
        line = attributes(x1=0 if right_to_left else SCALE, x2=WIDTH - SCALE if right_to_left else WIDTH, y1=y, y2=y)
        shapes.append(Markup('<line {} class="course-level"/>').format(line))
        edge = WIDTH - SCALE + 6 if right_to_left else SCALE - 6
        shapes.append(text(mark, edge, y + 4, font_size=12, text_anchor="end", class_="muted"))
    every = 1 if len(columns) <= 6 else 2
    for index, column in enumerate(columns):
        begin = SCALE + room * index
        x = WIDTH - begin - room if right_to_left else begin
        y = float(HEIGHT)
        for (size, said), tone in zip(column.parts, tones, strict=True):
            tall = (HEIGHT - 12) * size / top
            y -= tall
            if size:
                box = attributes(
                    x=f"{x + room * GAP / 2:g}", y=f"{y:g}", width=f"{room * (1 - GAP):g}", height=f"{tall:g}"
                )
                shapes.append(Markup('<rect {} class="{}"><title>{}</title></rect>').format(box, tone, said))
        if (len(columns) - 1 - index) % every == 0:
            place = x + room / 2
            shapes.append(
                text(column.label, place, HEIGHT + FOOT - 6, font_size=12, text_anchor="middle", class_="muted")
            )
    return picture("chart weeks-chart", identifier, title, description, shapes, view=(WIDTH, HEIGHT + FOOT))


def marks(columns: Sequence[Pillar]) -> list[int]:
    """The five numbers of the scale, from nought up."""
    top = _ceiling(max((sum(size for size, _said in column.parts) for column in columns), default=1) or 1)
    return [top * quarter // 4 for quarter in range(5)]
