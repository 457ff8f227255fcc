"""Password hashing: argon2id with the library's parameters, the same work for an account that is not there."""

from __future__ import annotations

import unicodedata

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from flask import Flask, current_app

SHORTEST, LONGEST = 12, 200

# Of no password anybody knows, with today's parameters: what an unknown account is checked against.
_NOBODY = "$argon2id$v=19$m=65536,t=3,p=4$x8ttlvIGasVwWi4wQLvKww$31bsDFg/+luDCK3L7tJt+uBOXWUFLD8tY9q/YVtbAqg"


def _hasher() -> PasswordHasher:
    hasher: PasswordHasher = current_app.extensions["password_hasher"]
    return hasher


def _normal(password: str) -> str:
    """The same characters however a keyboard composes them (NIST SP 800-63B)."""
    return unicodedata.normalize("NFKC", password)


def hash_password(password: str) -> str:
    """The hash to keep."""
    return _hasher().hash(_normal(password))


def verify(password_hash: str | None, password: str) -> bool:
    """Whether the password fits. Without a hash the answer is no, after the same work."""
    try:
        _hasher().verify(password_hash or _NOBODY, _normal(password))
    except (VerificationError, InvalidHashError):
        return False
    return password_hash is not None


def is_outdated(password_hash: str) -> bool:
    """Whether the hash was made with weaker parameters than today's."""
    return _hasher().check_needs_rehash(password_hash)


def init_app(app: Flask) -> None:
    """Bind the hasher to the app."""
    app.extensions["password_hasher"] = PasswordHasher()
