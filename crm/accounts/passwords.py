"""Passwords: what makes a good one, and their hashes by argon2id, with the same work where there is no account."""

from __future__ import annotations

import unicodedata
from enum import StrEnum

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from flask import Flask, current_app

SHORTEST, LONGEST = 12, 200
_FEWEST_CHARACTERS = 5

# Of no password anybody knows, with today's parameters: what an unknown account is checked against.
NOBODY = "$argon2id$v=19$m=65536,t=3,p=4$x8ttlvIGasVwWi4wQLvKww$31bsDFg/+luDCK3L7tJt+uBOXWUFLD8tY9q/YVtbAqg"


class Weakness(StrEnum):
    """Why a password is refused. Length counts, rules of composition do not (NIST SP 800-63B)."""

    SHORT = "short"
    REPEATED = "repeated"
    PERSONAL = "personal"


def weakness(password: str, *personal: str) -> Weakness | None:
    """What is wrong with a new password, given its owner's name and address; None for a good one."""
    if len(password) < SHORTEST:
        return Weakness.SHORT
    if len(set(password)) < _FEWEST_CHARACTERS:
        return Weakness.REPEATED
    words = {word for text in personal for word in (text, text.partition("@")[0], *text.split()) if len(word) > 3}
    rest = password.casefold()
    for word in sorted(words, key=len, reverse=True):
        rest = rest.replace(word.casefold(), "")
    return Weakness.PERSONAL if len(rest) < SHORTEST // 2 else None


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
        _hasher().verify(password_hash or NOBODY, _normal(password))
    except (VerificationError, InvalidHashError):
        return False
    return password_hash is not None


def is_outdated(password_hash: str) -> bool:
    """Whether the hash was made with other parameters than today's."""
    return _hasher().check_needs_rehash(password_hash)


def init_app(app: Flask) -> None:
    """Bind the hasher to the app."""
    app.extensions["password_hasher"] = PasswordHasher()
