"""Where to go after signing in: only to a page of our own."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

from flask import current_app
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RoutingException

_NOT_A_PAGE = {"static", "accounts.sign_in"}


def _has_foreign_marks(path: str) -> bool:
    """Whether a browser could read the path as an address of another host."""
    return not path.startswith("/") or path.startswith("//") or "\\" in path or not path.isprintable()


def own_page(candidate: str | None) -> str | None:
    """The path, if a GET of it is matched by our own routes; None for every other text."""
    if not candidate or _has_foreign_marks(candidate):
        return None
    try:
        parts = urlsplit(candidate)
    except ValueError:
        return None
    path = unquote(parts.path)
    if parts.scheme or parts.netloc or _has_foreign_marks(path):
        return None
    try:
        endpoint, _arguments = current_app.url_map.bind("").match(path, method="GET")
    except (HTTPException, RoutingException):
        return None
    return None if endpoint in _NOT_A_PAGE else candidate
