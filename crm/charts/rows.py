"""Rows of divided bars, one below the other: the same parts of several wholes, to be compared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from crm.charts.shapes import attributes, picture, text

WIDTH, ROW, BAR = 640, 28, 18
LABELS, FIGURES = 212, 50
LETTERS = 27


@dataclass(frozen=True)
class Strip:
    """One row: its name, the figure at its end, and its parts, each with what is said where one points at it."""

    label: str
    figure: str
    parts: Sequence[tuple[int, str]]


def strips(
    identifier: str,
    title: str,
    description: str,
    rows: Sequence[Strip],
    tones: Sequence[str],
    *,
    right_to_left: bool,
) -> Markup:
    """Each row divided as its parts are, all of the same length; `tones` are the CSS classes of the parts.

    `identifier` must be unique in the page: screen readers hear `title` and `description` for the whole picture.
    """
    room = WIDTH - LABELS - FIGURES
    first, last = (WIDTH, 0) if right_to_left else (0, WIDTH)
    shapes: list[Markup] = []
    for index, row in enumerate(rows):
        top = index * ROW + (ROW - BAR) / 2
        label = row.label if len(row.label) <= LETTERS else f"{row.label[: LETTERS - 1].rstrip()}…"
        shapes.append(text(label, first, top + BAR / 2 + 5, font_size=14))
        shapes.append(text(row.figure, last, top + BAR / 2 + 5, font_size=14, text_anchor="end", class_="muted"))
        whole, start = sum(size for size, _said in row.parts) or 1, float(LABELS)
        for (size, said), tone in zip(row.parts, tones, strict=True):
            if not size:
                continue
            wide = room * size / whole
            x = WIDTH - start - wide if right_to_left else start
            start += wide
            box = attributes(x=f"{x:g}", y=f"{top:g}", width=f"{max(wide - 1, 1):g}", height=BAR)
            shapes.append(Markup('<rect {} class="{}"><title>{}</title></rect>').format(box, tone, said))
    # Names of groups among it: nobody translates them.
    view = (WIDTH, max(len(rows), 1) * ROW)
    return picture("chart strips-chart", identifier, title, description, shapes, view=view, data_raw="")
