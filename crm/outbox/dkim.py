"""DKIM signatures (RFC 6376) on letters as they leave: rsa-sha256, relaxed in header and body, bound to one domain.

The usual library computes RSA in plain Python and takes ten times as long; the tests read our signatures with it.
"""

from __future__ import annotations

import base64
import hashlib
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

# RFC 8301: verifiers may refuse less than 1024 bits, signers should use 2048.
_BITS, _FEWEST_BITS = 2048, 1024
# Named once more than they occur, so that nobody can add one of them on the way (RFC 6376, 8.15).
_SIGNED = (
    *("from", "to", "subject", "date", "message-id", "reply-to", "in-reply-to", "references"),
    *("mime-version", "content-type", "content-transfer-encoding", "list-unsubscribe", "list-unsubscribe-post"),
)
_SPACES = re.compile(rb"[ \t]+")
_FOLDED = re.compile(rb"\r\n(?=[ \t])")
_EMPTY_LINES = re.compile(rb"(?:\r\n)+\Z")
_LINE = 72


class NoKey(Exception):
    """The key that letters are to be signed with cannot be used; the message says why and what to do."""


def _relaxed_header(name: bytes, value: bytes) -> bytes:
    return name.lower() + b":" + _SPACES.sub(b" ", _FOLDED.sub(b"", value)).strip()


def _relaxed_body(body: bytes) -> bytes:
    body = _EMPTY_LINES.sub(b"", _SPACES.sub(b" ", body).replace(b" \r\n", b"\r\n").rstrip(b" "))
    return body and body + b"\r\n"


def _headers_of(head: bytes) -> dict[str, list[bytes]]:
    """The signed headers of a message in relaxed form, by name, the last first as verifiers take them."""
    found: dict[str, list[bytes]] = {}
    for line in _FOLDED.sub(b"", head).split(b"\r\n"):
        name, _, value = line.partition(b":")
        key = name.strip().lower().decode("ascii")
        if key in _SIGNED:
            found.setdefault(key, []).insert(0, _relaxed_header(name.strip(), value))
    return found


def _folded(words: Sequence[str], between: str = "") -> str:
    """`words` with `between` between them, on as many lines as it takes."""
    lines = [""]
    for word in words:
        if len(lines[-1]) + len(word) >= _LINE:
            lines.append("")
        lines[-1] += word + between
    return "\r\n\t".join(lines).removesuffix(between)


@dataclass(frozen=True, eq=False)
class Signer:
    """Signs for `domain` with `key`; receivers find its public half at `<selector>._domainkey.<domain>`."""

    domain: str
    selector: str
    key: rsa.RSAPrivateKey

    def signed(self, message: bytes, at: int) -> bytes:
        """`message` (lines end in CRLF, no dots doubled) with its signature before it; `at` in seconds since 1970."""
        head, _, body = message.partition(b"\r\n\r\n")
        headers = _headers_of(head)
        names = [name for name in _SIGNED for _ in range(len(headers.get(name, ())) + 1)]
        body_hash = base64.b64encode(hashlib.sha256(_relaxed_body(body)).digest()).decode()
        start = (
            f"DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d={self.domain};\r\n\ts={self.selector}; t={at};"
            f"\r\n\th={_folded(names, ':')};\r\n\tbh={body_hash};\r\n\tb="
        )
        name, _, value = start.encode().partition(b":")
        lines = [line for key in _SIGNED for line in headers.get(key, ())]
        covered = b"\r\n".join([*lines, _relaxed_header(name, value)])
        signature = self.key.sign(covered, padding.PKCS1v15(), hashes.SHA256())
        return (start + _folded(base64.b64encode(signature).decode()) + "\r\n").encode() + message

    def record(self) -> str:
        """The text of the TXT record that receivers check signatures with."""
        public = self.key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        return f"v=DKIM1; k=rsa; p={base64.b64encode(public).decode()}"

    @property
    def record_name(self) -> str:
        """Where that record belongs in the DNS."""
        return f"{self.selector}._domainkey.{self.domain}"


def make_key(path: Path) -> None:
    """Make a new private key that only this user can read. Raises FileExistsError: a key in use is never replaced."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=_BITS)
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(pem)


@lru_cache(maxsize=4)
def signer(domain: str, selector: str, path: Path) -> Signer:
    """The signer with the private key (PEM) in a file, read once. Raises NoKey."""
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except FileNotFoundError:
        raise NoKey(f"there is no key in {path}: `ratify dkim` makes one") from None
    except (OSError, ValueError, TypeError) as error:
        raise NoKey(f"the key in {path} cannot be read: {error}") from None
    if not isinstance(key, rsa.RSAPrivateKey) or key.key_size < _FEWEST_BITS:
        raise NoKey(f"the key in {path} is no RSA key of at least {_FEWEST_BITS} bits")
    return Signer(domain, selector, key)
