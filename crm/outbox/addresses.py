"""Mail addresses: their ASCII form, those that are not real, and the keyed hash that stands for one."""

from __future__ import annotations

import hashlib
import hmac
import re
from functools import lru_cache

import idna
from flask import current_app

# RFC 2606 and RFC 6761: names that never belong to anyone.
_RESERVED = re.compile(r"(^|\.)(example|test|invalid|localhost|example\.(com|net|org))$")
# RFC 5321 4.5.3.1: 64 octets before the @, 255 after it; no blank, control or bracket anywhere.
_SHAPE = re.compile(r"[^\s\x00-\x1f\x7f-\x9f<>()\[\],;:\\\"@]{1,64}@[^\s\x00-\x1f\x7f-\x9f<>()\[\],;:\\\"@]{1,255}")


class BadAddress(ValueError):
    """Not an address mail can be sent to."""


@lru_cache(maxsize=4096)
def _ascii_domain(domain: str) -> str:
    try:
        return domain.lower() if domain.isascii() else idna.encode(domain, uts46=True).decode().lower()
    except idna.IDNAError as error:
        raise BadAddress(f"{domain!r} is not a domain: {error}") from None


def for_envelope(address: str) -> str:
    """The address with its domain in ASCII, fit for SMTP and headers. Raises BadAddress."""
    if not _SHAPE.fullmatch(address):
        raise BadAddress(f"{address!r} is not an address")
    local, _, domain = address.rpartition("@")
    labels = _ascii_domain(domain)
    if local.startswith(".") or local.endswith(".") or ".." in local or not all(labels.split(".")):
        raise BadAddress(f"{address!r} is not an address")
    return f"{local}@{labels}"


def is_reserved(address: str) -> bool:
    """Whether the address lies under a name that never belongs to anyone, such as `.example`."""
    return _RESERVED.search(address.rpartition("@")[2].lower().rstrip(".")) is not None


def normalized(address: str) -> str:
    """One form for all ways to write an address: trimmed, lower case, ASCII domain where it has one."""
    address = address.strip().casefold()
    local, _, domain = address.rpartition("@")
    try:
        return f"{local}@{_ascii_domain(domain)}"
    except BadAddress:
        return address


@lru_cache(maxsize=4)
def _key_of(secret: str) -> bytes:
    return hmac.digest(secret.encode(), b"suppressed addresses", "sha256")


def _key() -> bytes:
    return _key_of(str(current_app.config["SECRET_KEY"]))


def key_id() -> str:
    """Names the key of the hashes without telling it."""
    return hashlib.sha256(_key()).hexdigest()[:8]


# A claim asks whether its addresses are suppressed, then signs a link for each.
@lru_cache(maxsize=1024)
def _hash(key: bytes, address: str) -> str:
    return hmac.digest(key, normalized(address).encode(), "sha256").hex()


def address_hash(address: str) -> str:
    """The keyed hash that stands for an address where the address itself must not be kept."""
    return _hash(_key(), address)
