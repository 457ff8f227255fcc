"""What every screen shares: partial answers, safe ways back, toasts with undo, error pages, dates and numbers."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from babel import Locale
from babel.dates import get_datetime_format
from flask import Flask, Response, current_app, flash, g, jsonify, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import (
    format_date,
    format_decimal,
    format_time,
    format_timedelta,
    get_locale,
    gettext,
)
from flask_wtf.csrf import CSRFError
from markupsafe import Markup
from werkzeug.exceptions import HTTPException, SecurityError
from werkzeug.routing import IntegerConverter, RoutingException, ValidationError

from crm import clock, i18n
from crm.database import read_id

PARTIAL_HEADER = "X-Partial"
# Set by the page's own script; it holds no person's data.
THEME_COOKIE = "theme"
_MINUTE = timedelta(minutes=1)


def is_partial() -> bool:
    """Whether the page's own script asks for a piece of a page."""
    return PARTIAL_HEADER in request.headers


def wants_json() -> bool:
    """Whether the caller prefers JSON over a page."""
    return request.accept_mimetypes.best_match(["text/html", "application/json"]) == "application/json"


def toast(
    message: str,
    *,
    undo: int | None = None,
    redo: bool = False,
    undo_at: str | None = None,
    category: str = "success",
) -> None:
    """Show a message on the next page, with a button that undoes the change set `undo`; `redo` names it so.

    `undo_at` is the address of a POST that takes back what has a way of its own.
    """
    flash({"text": message, "undo": undo, "redo": redo, "undo_at": undo_at}, category)  # type: ignore[arg-type]


def _could_leave(path: str) -> bool:
    """Whether a browser could read the text as an address of another host."""
    return not path.startswith("/") or path.startswith("//") or "\\" in path or not path.isprintable()


def own_route(candidate: str | None) -> tuple[str, Mapping[str, Any]] | None:
    """Endpoint and arguments of the page at this path, if our own routes match a GET of it; None for other texts."""
    if not candidate or _could_leave(candidate):
        return None
    try:
        parts = urlsplit(candidate)
        # As the server would read it: a path may hide slashes behind percent signs.
        path = unquote(parts.path, errors="strict")
        if parts.scheme or parts.netloc or _could_leave(path):
            return None
        endpoint, arguments = current_app.url_map.bind("").match(path, method="GET")
    except (ValueError, HTTPException, RoutingException):
        return None
    return None if endpoint == "static" else (endpoint, arguments)


def own_page(candidate: str | None) -> str | None:
    """The path with its query, if our own routes match a GET of it; None for every other text (open redirects)."""
    return candidate if own_route(candidate) else None


class IdConverter(IntegerConverter):
    """A whole number a row's id can be: to addresses with a larger one there is no page."""

    def to_python(self, value: str) -> int:
        """The number in the address; ValidationError, and so the page for 404, beyond what the database holds."""
        try:
            return read_id(value)
        except ValueError:
            raise ValidationError from None


def _error_page(error: HTTPException) -> ResponseReturnValue:
    code = error.code or 500
    titles = {
        400: gettext("That request could not be read"),
        401: gettext("Please sign in again"),
        403: gettext("Your role does not include this"),
        404: gettext("There is nothing at this address"),
        413: gettext("That file is too large"),
        429: gettext("Too many attempts: wait a little and try again"),
    }
    title = titles.get(code, gettext("Something went wrong here; nothing was saved"))
    # werkzeug's own descriptions are for developers: only those a view has written are shown.
    described = error.description if error.description != type(error).description else None
    if wants_json():
        return jsonify(error=described or title), code
    template = "errors/partial.html" if is_partial() else "errors/page.html"
    return render_template(template, title=title, detail=described, code=code), code


def _csrf_error(error: CSRFError) -> ResponseReturnValue:
    error.description = gettext(
        "The page was open too long or in another session: go back, reload it and send it again."
    )
    return _error_page(error)


def _foreign_host(_error: SecurityError) -> ResponseReturnValue:
    # Not a page of ours: without a trusted host no address in it could be built.
    return Response("This server does not answer to that host name (see TRUSTED_HOSTS).\n", 400, mimetype="text/plain")


def _cache_headers(response: Response) -> Response:
    if request.endpoint != "static":
        response.headers.add("Vary", f"{PARTIAL_HEADER}, Cookie")
    elif "v" in request.args:
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    return response


def has_endpoint(endpoint: str) -> bool:
    """Whether a feature has registered this endpoint: the navigation offers only what is there."""
    return endpoint in current_app.view_functions


@cache
def _fingerprint(path: Path, _changed_at: int) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]


def asset(filename: str) -> str:
    """Address of a static file that changes with its content, so that browsers may keep it for good.

    Looked up once a request: a board has two hundred icons of one file.
    """
    known: dict[str, str] = g.setdefault("assets", {})
    if filename not in known:
        path = Path(current_app.static_folder or "") / filename
        known[filename] = url_for("static", filename=filename, v=_fingerprint(path, path.stat().st_mtime_ns))
    return known[filename]


def theme() -> str | None:
    """The reader's own choice of `light` or `dark`; None follows the system."""
    chosen = request.cookies.get(THEME_COOKIE)
    return chosen if chosen in ("light", "dark") else None


def ago(moment: datetime | date | None) -> str:
    """How long ago or how soon, in words of the reader's language."""
    if moment is None:
        return ""
    if not isinstance(moment, datetime):
        days = (moment - i18n.today()).days
        return str(gettext("today") if days == 0 else format_timedelta(moment - i18n.today(), add_direction=True))
    passed = clock.now() - moment
    if abs(passed) < _MINUTE:
        return str(gettext("just now") if passed >= timedelta() else gettext("in a moment"))
    return str(format_timedelta(-passed, add_direction=True))


def minute(moment: datetime | None, *, rebase: bool = True) -> str:
    """A moment to the minute on the reader's clock; without `rebase`, on the clock it is told in."""
    if moment is None:
        return ""
    pattern = str(get_datetime_format("medium", locale=get_locale() or Locale("en"))).replace("'", "")
    return pattern.format(format_time(moment, "short", rebase), format_date(moment, "medium", rebase))


def slug(value: str) -> str:
    """A status or a name as a CSS class."""
    return re.sub(r"[^a-z0-9]+", "-", value.lower()).strip("-")


def initials(name: str) -> str:
    """The first letters of a name's first and last words: `Tomás de la Vega` is `TV`."""
    words = name.split()
    return "".join(word[0].upper() for word in (words[:1] + words[1:][-1:]))


class Once(dict[Any, str]):
    """Words for values, each looked up the first time a page asks for it."""

    def __init__(self, look_up: Callable[[Any], str]) -> None:
        super().__init__()
        self.look_up = look_up

    def __missing__(self, value: Any) -> str:
        self[value] = words = self.look_up(value)
        return words


def _breakable(address: str) -> Markup:
    """An address that a narrow line breaks between its parts, not within them."""
    return Markup("<wbr>").join(part for part in re.split(r"(?<=[@./_])", address) if part)


def init_app(app: Flask) -> None:
    """Register error pages, cache headers, what templates may call and, before any route, the converter of ids."""
    app.url_map.converters["int"] = IdConverter
    app.register_error_handler(HTTPException, _error_page)
    app.register_error_handler(CSRFError, _csrf_error)
    app.register_error_handler(SecurityError, _foreign_host)
    app.after_request(_cache_headers)
    app.jinja_env.globals.update(has_endpoint=has_endpoint, asset=asset, theme=theme)
    app.jinja_env.filters.update(
        breakable=_breakable,
        ago=ago,
        initials=initials,
        slug=slug,
        day=lambda value: format_date(value, "medium") if value else "",
        moment=minute,
        minute=minute,
        number=format_decimal,
    )
