"""Whose batches are: a feature that looks at its letters before they go on lets them go on on a page of its own."""

from __future__ import annotations

from collections.abc import Callable

# The address of a batch's page, from its reference.
Page = Callable[[str], str]
_pages: dict[str, Page] = {}


def owned(kind: str, page: Page) -> None:
    """Let batches of that kind go on nowhere but on their own page from now on."""
    _pages[kind] = page


def page_of(kind: str, reference: str) -> str | None:
    """The page of that batch; None where it has none of its own."""
    return _pages[kind](reference) if kind in _pages else None
