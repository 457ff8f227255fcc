"""Bars divided as the parts of a whole are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from crm.charts.shapes import attributes, picture

# User units; the style sheet sets how wide and how thick it is on screen.
WIDTH, THICKNESS = 400, 12


@dataclass(frozen=True)
class Share:
    """One part of a whole. `tone` is 1, 2 or 3, from pale to full."""

    label: str
    value: int
    tone: int


def stacked_bar(
    identifier: str, title: str, description: str, shares: Sequence[Share], *, right_to_left: bool
) -> Markup:
    """One bar of the whole width, divided as the shares are; the figures stand beside it in words.

    `identifier` must be unique in the page: screen readers hear `title` and `description` for the whole picture.
    """
    whole = sum(share.value for share in shares) or 1
    shapes: list[Markup] = []
    start = 0.0
    for share in shares:
        width = WIDTH * share.value / whole
        x = WIDTH - start - width if right_to_left else start
        start += width
        if share.value:
            # The gap between two parts is cut from the bar, so that it shows in every colour scheme.
            size = attributes(
                x=f"{x:g}", y=0, width=f"{max(width - 1, 1):g}", height=THICKNESS, class_=f"tone-{share.tone}"
            )
            shapes.append(Markup("<rect {}/>").format(size))
    more = {"preserveAspectRatio": "none"}
    return picture("chart bar", identifier, title, description, shapes, view=(WIDTH, THICKNESS), **more)
