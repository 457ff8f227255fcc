"""The signed link by which a recipient ends all letters to an address, without an account (RFC 8058)."""

from __future__ import annotations

from dataclasses import dataclass

from flask import current_app
from itsdangerous import BadSignature, URLSafeSerializer

from crm.outbox.addresses import address_hash


@dataclass(frozen=True)
class Unsubscription:
    """What a link says: the letter it came in, and the address it speaks for."""

    message_id: int
    address_hash: str


def _serializer() -> URLSafeSerializer:
    return URLSafeSerializer(current_app.config["SECRET_KEY"], salt="unsubscribe")


def unsubscribe_token(message_id: int, address: str) -> str:
    """The signed token for a letter's link. It works when the letter is long erased, and shows no address in a log."""
    return str(_serializer().dumps([message_id, address_hash(address)]))


def read_token(token: str) -> Unsubscription | None:
    """What the token says, or None for one we did not sign."""
    try:
        message_id, hashed = _serializer().loads(token)
    except (BadSignature, ValueError):
        return None
    return Unsubscription(int(message_id), str(hashed))
