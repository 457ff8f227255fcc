"""The signed link by which a recipient ends all letters to an address, without an account (RFC 8058)."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from functools import lru_cache

from flask import current_app
from itsdangerous import BadSignature, URLSafeSerializer
from itsdangerous.encoding import base64_encode

from crm.outbox.addresses import address_hash


@dataclass(frozen=True)
class Unsubscription:
    """What a link says: the letter it came in, and the address it speaks for."""

    message_id: int
    address_hash: str


class _Tokens(URLSafeSerializer):
    """A token is made for each letter: its key is derived once, and a payload as short as ours is not compressed."""

    def __init__(self, secret: str) -> None:
        super().__init__(secret, salt="unsubscribe")
        self._key = self.make_signer(self.salt).derive_key()

    def token(self, message_id: int, hashed: str) -> str:
        """What `loads` reads back as a list of both; `hashed` is hexadecimal."""
        payload = base64_encode(f'[{message_id}, "{hashed}"]')
        return b".".join((payload, base64_encode(hmac.digest(self._key, payload, "sha1")))).decode()


@lru_cache(maxsize=4)
def _tokens_of(secret: str) -> _Tokens:
    return _Tokens(secret)


def _tokens() -> _Tokens:
    return _tokens_of(str(current_app.config["SECRET_KEY"]))


def unsubscribe_token(message_id: int, address: str) -> str:
    """The signed token for a letter's link. It works when the letter is long erased, and shows no address in a log."""
    return _tokens().token(message_id, address_hash(address))


def read_token(token: str) -> Unsubscription | None:
    """What the token says, or None for one we did not sign."""
    try:
        message_id, hashed = _tokens().loads(token)
    except (BadSignature, ValueError):
        return None
    return Unsubscription(int(message_id), str(hashed))
