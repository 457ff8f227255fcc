"""Reading a document from a partner's server: over TLS, from a public address, in bounded time and size.

Where a name leads to is looked up once, and that address is connected to: a name that leads elsewhere a moment later,
into our own network, gains nothing. No redirect is followed, and no proxy of the environment is asked.
"""

from __future__ import annotations

import http.client
import socket
import ssl
import time
from dataclasses import dataclass
from http import HTTPStatus
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

TIMEOUT = 20.0
LARGEST = 10 * 1024 * 1024
_PIECE = 64 * 1024
_THIS_MACHINE = frozenset({"localhost", "127.0.0.1", "::1"})


class CannotFetch(Exception):
    """The document cannot be had; the message says why, in words for whoever looks after the partnership."""


@dataclass(frozen=True)
class Fetched:
    """A document with what its server calls it; without `data` it is the one known already."""

    data: bytes | None
    etag: str


def checked(url: str, *, local: bool) -> SplitResult:
    """The parts of an address that may be fetched from; with `local`, this machine's too. Raises CannotFetch."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise CannotFetch("this is no address of a document") from None
    here = local and parts.hostname in _THIS_MACHINE
    if parts.scheme != "https" and not (here and parts.scheme == "http"):
        raise CannotFetch("the address must begin with https://")
    if not parts.hostname or port == 0 or parts.username is not None or any(each <= " " for each in url):
        raise CannotFetch("this is no address of a document")
    return parts


def _address_of(host: str, port: int, *, local: bool) -> str:
    """Where the name leads to, if that may be connected to."""
    try:
        found = {str(row[4][0]) for row in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)}
    except OSError as error:
        raise CannotFetch(f"{host} is not known: {error}") from None
    for address in found:
        ip = ip_address(address.partition("%")[0])
        if not (ip.is_global and not ip.is_multicast) and not (local and ip.is_loopback):
            raise CannotFetch(f"{host} leads to {ip}, which is no public address")
    return min(found)


class _Pinned(http.client.HTTPConnection):
    """A connection to one address, whatever the name leads to by now; the certificate must bear the name."""

    def __init__(self, host: str, port: int, address: str, trusted: ssl.SSLContext | None) -> None:
        super().__init__(host, port, timeout=TIMEOUT)
        self._address, self._trusted = address, trusted

    def connect(self) -> None:
        """Open it. Raises OSError."""
        self.sock = socket.create_connection((self._address, self.port), TIMEOUT)
        if self._trusted is not None:
            self.sock = self._trusted.wrap_socket(self.sock, server_hostname=self.host)


def fetch(url: str, etag: str = "", *, local: bool) -> Fetched:
    """The document, unless its server says that it is still the one called `etag`. Raises CannotFetch."""
    parts = checked(url, local=local)
    secure = parts.scheme == "https"
    host, port = str(parts.hostname), parts.port or (443 if secure else 80)
    until = time.monotonic() + TIMEOUT
    address = _address_of(host, port, local=local)
    connection = _Pinned(host, port, address, ssl.create_default_context() if secure else None)
    path = f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}"
    headers = {
        "Accept": "application/feed+json, application/json",
        "Accept-Encoding": "identity",
        "User-Agent": "Ratify",
    }
    try:
        connection.request("GET", path, headers=headers | ({"If-None-Match": etag} if etag else {}))
        answer = connection.getresponse()
        if answer.status == HTTPStatus.NOT_MODIFIED:
            return Fetched(None, etag)
        if answer.status != HTTPStatus.OK:
            raise CannotFetch(f"{host} answered {answer.status} {answer.reason}")
        return Fetched(_body(answer, until), answer.headers.get("ETag", ""))
    except (OSError, http.client.HTTPException, UnicodeError) as error:
        # “Connection refused” without its number.
        raise CannotFetch(f"{host}: {getattr(error, 'strerror', None) or error or type(error).__name__}") from None
    finally:
        connection.close()


def _body(answer: http.client.HTTPResponse, until: float) -> bytes:
    data = bytearray()
    while piece := answer.read1(_PIECE):
        data += piece
        if len(data) > LARGEST:
            raise CannotFetch("the document is too large")
        if time.monotonic() > until:
            raise CannotFetch("the server is too slow")
    return bytes(data)
