"""Funnels: how many are left after each step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from crm.charts.shapes import attributes, picture, text

# User units of a funnel; the style sheet sets how wide it is on screen.
WIDTH = 400
ROW, BAR = 50, 38
LABELS, NOTES = 104, 46


@dataclass(frozen=True)
class Step:
    """One step of a funnel. `text` is the value as it is shown, `note` stands beside the bar, `strong` fills it."""

    label: str
    value: int
    text: str
    note: str = ""
    strong: bool = False


def _bar(step: Step, width: float, middle: float, top: float) -> Markup:
    """A bar with its value in it, or beside it where the bar is too short for the figure."""
    rectangle = attributes(
        x=f"{middle - width / 2:g}",
        y=f"{top:g}",
        width=f"{width:g}",
        height=BAR,
        rx=5,
        class_="tone-3" if step.strong else "tone-1",
    )
    fits = width > 9 * len(step.text) + 10
    place = middle if fits else middle + width / 2 + 5 + 4.5 * len(step.text)
    figure = text(
        step.text,
        place,
        top + BAR / 2 + 5,
        text_anchor="middle",
        font_size=15,
        font_weight=700,
        **({"class_": "on-accent"} if step.strong and fits else {}),
    )
    return Markup("<rect {}/>").format(rectangle) + figure


def _between(upper: float, lower: float, middle: float, top: float) -> Markup:
    """The slope from one bar to the next."""
    edges = (middle - upper / 2, middle + upper / 2, middle + lower / 2, middle - lower / 2)
    heights = (top + BAR, top + BAR, top + ROW, top + ROW)
    points = " ".join(f"{x:g},{y:g}" for x, y in zip(edges, heights, strict=True))
    return Markup("<polygon {}/>").format(attributes(points=points, class_="tone-1", fill_opacity="0.5"))


def funnel(identifier: str, title: str, description: str, steps: Sequence[Step], *, right_to_left: bool) -> Markup:
    """Centred bars from the widest to the narrowest, one row of ROW units each; the first value is the full width.

    `identifier` must be unique in the page: screen readers hear `title` and `description` for the whole picture.
    """
    room = WIDTH - LABELS - NOTES
    # In a right-to-left page "start" of a text is its right edge, so both sides only swap their places.
    first, last = (WIDTH, 0) if right_to_left else (0, WIDTH)
    middle = (NOTES if right_to_left else LABELS) + room / 2
    largest = max([step.value for step in steps] + [1])
    widths = [max(room * step.value / largest, 3 if step.value else 1) for step in steps]
    shapes: list[Markup] = []
    for index, (step, width) in enumerate(zip(steps, widths, strict=True)):
        top = index * ROW
        if index + 1 < len(steps):
            shapes.append(_between(width, widths[index + 1], middle, top))
        shapes.append(_bar(step, width, middle, top))
        shapes.append(text(step.label, first, top + BAR / 2 + 5, font_size=14, font_weight=600))
        if step.note:
            note = {"class_": "muted", "font_size": 14, "text_anchor": "end"}
            shapes.append(text(step.note, last, top + BAR / 2 + 5, **note))
    height = len(steps) * ROW - (ROW - BAR)
    return picture("chart", identifier, title, description, shapes, view=(WIDTH, height))
