"""Limits on guessing: per network, per account from one network, and per account from browsers nobody knows.

A limit per account alone would let a stranger lock its owner out, and one per network alone would let a botnet guess
without end. So strangers share one allowance per account, and a browser that has signed in to the account before
keeps its own (OWASP, "Slow Down Online Guessing Attacks with Device Cookies"). Somebody locked out on a new browser
waits an hour, or resets the password, which makes the browser a known one.
"""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeVar, cast

from flask import Response, current_app, request
from flask_limiter import RouteLimit
from flask_login import current_user
from itsdangerous import BadSignature, URLSafeTimedSerializer

from crm.accounts.tokens import account_key
from crm.extensions import limiter

View = TypeVar("View", bound=Callable[..., Any])

KNOWN_FOR = timedelta(days=365)
_MOST_ACCOUNTS = 8  # that share one browser


def _network() -> str:
    """The caller's address; of IPv6 the /64 that one household or server has."""
    try:
        address = ipaddress.ip_address(request.remote_addr or "")
    except ValueError:
        return "network:unknown"
    return f"network:{ipaddress.ip_network((address, 64), strict=False) if address.version == 6 else address}"


def _account() -> str:
    return f"account:{account_key(request.form.get('email', ''))}"


def _account_and_network() -> str:
    return f"{_account()} {_network()}"


def _own_account() -> str:
    return f"user:{current_user.id}" if current_user.is_authenticated else _network()


def _failed(response: Response) -> bool:
    return response.status_code == 401


def _cookie_name() -> str:
    return f"{current_app.config['SESSION_COOKIE_NAME']}-browser"


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(current_app.config["SECRET_KEY"], salt="known browser")


def _accounts_known_here() -> list[str]:
    try:
        found = _signer().loads(request.cookies.get(_cookie_name(), ""), max_age=int(KNOWN_FOR.total_seconds()))
    except BadSignature:
        return []
    return [str(key) for key in found]


def _is_known_browser() -> bool:
    return account_key(request.form.get("email", "")) in _accounts_known_here()


def remember_browser(response: Response, email: str) -> None:
    """Let this browser be known as one the account's owner signs in from."""
    own = account_key(email)
    accounts = [own, *(key for key in _accounts_known_here() if key != own)][:_MOST_ACCOUNTS]
    response.set_cookie(
        _cookie_name(),
        str(_signer().dumps(accounts)),
        max_age=KNOWN_FOR,
        httponly=True,
        samesite="Lax",
        secure=current_app.config["SESSION_COOKIE_SECURE"],
    )


def _under(view: View, *limits: RouteLimit) -> View:
    limited: Any = view
    for limit in limits:
        limited = limit(limited)
    return cast("View", limited)


def limit_sign_in(view: View) -> View:
    """Bound the failed attempts at a sign-in form; the successful ones do not count."""
    limits = (
        limiter.limit("10 per 15 minutes", key_func=_account_and_network, methods=["POST"], deduct_when=_failed),
        limiter.limit("50 per 15 minutes", key_func=_network, methods=["POST"], deduct_when=_failed),
        limiter.limit(
            "100 per hour", key_func=_account, methods=["POST"], deduct_when=_failed, exempt_when=_is_known_browser
        ),
    )
    return _under(view, *limits)


def limit_mails(view: View) -> View:
    """Bound how often a form sends a mail: nobody's mailbox is filled through it."""
    return _under(
        view,
        limiter.limit("3 per hour", key_func=_account, methods=["POST"]),
        limiter.limit("20 per hour", key_func=_network, methods=["POST"]),
    )


def limit_password_changes(view: View) -> View:
    """Bound the guesses at the present password in a session left open."""
    return _under(
        view, limiter.limit("10 per 15 minutes", key_func=_own_account, methods=["POST"], deduct_when=_failed)
    )


def minutes_to_wait() -> int:
    """How long the limit that was just hit lasts, in whole minutes, at least one."""
    limit = limiter.current_limit
    seconds = limit.reset_at - time.time() if limit else 60
    return max(1, -(-int(seconds) // 60))
