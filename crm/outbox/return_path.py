"""Where a letter's delivery report (VERP) and its answer come to: addresses that name the letter, signed by us."""

from __future__ import annotations

import base64
import hmac
import re
from functools import lru_cache

from flask import current_app

from config import Settings

# Case is lost on the way through some mail servers: hexadecimal digits and lower base32 survive that. 80 bits of the
# signature are more than anybody can guess by mail.
_TAG = re.compile(r"\+([0-9a-f]{1,16})-([a-z2-7]{16})@")
_SIGNED_BYTES = 10


class ForgedTag(ValueError):
    """The address looks like one of ours, and we have not signed it."""


@lru_cache(maxsize=4)
def _key_of(secret: str) -> bytes:
    return hmac.digest(secret.encode(), b"return path", "sha256")


def _signature(number: str) -> str:
    key = _key_of(str(current_app.config["SECRET_KEY"]))
    digest = hmac.digest(key, number.encode(), "sha256")
    return base64.b32encode(digest[:_SIGNED_BYTES]).decode().lower()


def return_path(mailbox: str, message_id: int) -> str:
    """`bounces+1f3a-…@example.org` for the mailbox `bounces@example.org`; empty where there is no mailbox."""
    if not mailbox:
        return ""
    local, _, domain = mailbox.rpartition("@")
    number = f"{message_id:x}"
    return f"{local}+{number}-{_signature(number)}@{domain}"


def is_answer_address(address: str) -> bool:
    """Whether answers come to this address, and not delivery reports."""
    settings: Settings = current_app.extensions["settings"]
    return bool(settings.mail_reply_to) and _TAG.sub("@", address.lower()) == settings.mail_reply_to.lower()


def letter_of(address: str) -> int | None:
    """The id of the letter that such an address names; None for any other address. Raises ForgedTag."""
    found = _TAG.search(address.lower())
    if found is None:
        return None
    number, signature = found.groups()
    if not hmac.compare_digest(_signature(number), signature):
        raise ForgedTag(address)
    return int(number, 16)
