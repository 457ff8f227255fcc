"""How something went over time: a line of steps between named levels, and the marks it follows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from markupsafe import Markup

from crm.charts.shapes import attributes, picture, text

WIDTH, ROW, FOOT = 400, 26, 24
LABELS = 116  # units for the names of the levels
RADIUS = 5.5


@dataclass(frozen=True)
class Mark:
    """A day at a level (0 is the top one); `firm` fills it, `label` is shown where it is pointed at."""

    day: date
    level: int
    label: str
    firm: bool = True


@dataclass(frozen=True)
class Scale:
    """Where days and levels lie in the drawing."""

    first: date
    last: date
    right_to_left: bool

    def x(self, day: date) -> float:
        """The place of a day: time runs in the direction of reading."""
        room = WIDTH - LABELS - 2 * RADIUS - 4
        along = LABELS + RADIUS + 2 + room * (day - self.first).days / max((self.last - self.first).days, 1)
        return round(WIDTH - along if self.right_to_left else along, 1)

    def y(self, level: int) -> float:
        """The place of a level."""
        return ROW * (level + 0.5)


def _levels(levels: Sequence[str], scale: Scale) -> Iterator[Markup]:
    start, end = (0, WIDTH - LABELS) if scale.right_to_left else (LABELS, WIDTH)
    for level, name in enumerate(levels):
        y = f"{scale.y(level):g}"
        yield Markup("<line {}/>").format(attributes(x1=start, x2=end, y1=y, y2=y, class_="course-level"))
        # In a right-to-left page "start" of a text is its right edge.
        yield text(name, WIDTH if scale.right_to_left else 0, scale.y(level) + 5, font_size=14)


def _ends(ends: tuple[str, str], height: float, scale: Scale) -> Iterator[Markup]:
    y = height - 6
    near, far = (WIDTH - LABELS, 0) if scale.right_to_left else (LABELS, WIDTH)
    yield text(ends[0], near, y, font_size=13, class_="muted")
    yield text(ends[1], far, y, font_size=13, class_="muted", text_anchor="end")


def _line(turns: Sequence[tuple[date, int]], scale: Scale) -> Markup:
    (day, level), *rest = turns
    path = f"M{scale.x(day):g} {scale.y(level):g}"
    for turn, to in rest:
        path += f"H{scale.x(turn):g}V{scale.y(to):g}"
    return Markup("<path {}/>").format(
        attributes(d=f"{path}H{scale.x(scale.last):g}", fill="none", class_="course-line")
    )


def course(
    identifier: str,
    title: str,
    description: str,
    levels: Sequence[str],
    marks: Sequence[Mark],
    turns: Sequence[tuple[date, int]],
    *,
    until: date,
    ends: tuple[str, str],
    right_to_left: bool,
) -> Markup:
    """The line through the turns (from that day on it runs at that level) until a day, and its marks.

    `ends` name the first day and the last. `identifier` must be unique in the page: screen readers hear `title` and
    `description` for the whole picture. Raises ValueError where nothing turns.
    """
    if not turns:
        raise ValueError("there is nothing to draw")
    scale = Scale(min(turns[0][0], *(mark.day for mark in marks)), until, right_to_left)
    height = ROW * len(levels) + FOOT
    shapes = [*_levels(levels, scale), *_ends(ends, height, scale), _line(turns, scale)]
    for mark in marks:
        place = attributes(
            cx=f"{scale.x(mark.day):g}",
            cy=f"{scale.y(mark.level):g}",
            r=RADIUS,
            class_="course-mark" if mark.firm else "course-mark course-unsure",
        )
        shapes.append(Markup("<circle {}><title>{}</title></circle>").format(place, mark.label))
    return picture("course-chart", identifier, title, description, shapes, view=(WIDTH, height))
