"""A partner's server is read within bounds, and nothing but a public address with a certificate is."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from crm.coalition import fetching
from crm.coalition.fetching import CannotFetch, checked, fetch
from tests.servers.certificates import make_certificate
from tests.servers.tls import tls_door


class _Partner(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/moved":
            self.send_response(302)
            self.send_header("Location", "/feed")
            self.end_headers()
        elif self.path == "/slow":
            self.send_response(200)
            self.end_headers()
            for _piece in range(50):
                self.wfile.write(b" ")
                time.sleep(0.05)
        elif self.headers.get("If-None-Match") == '"one"':
            self.send_response(304)
            self.end_headers()
        elif self.path == "/feed":
            self.send_response(200)
            self.send_header("ETag", '"one"')
            self.end_headers()
            self.wfile.write(b"x" * 1000)
        else:
            self.send_error(403, "Not for you")

    def log_message(self, *_args: object) -> None:
        pass


class _Server(ThreadingHTTPServer):
    def handle_error(self, *_args: object) -> None:
        """Whoever hangs up in the middle is meant to."""


@pytest.fixture
def port() -> Iterator[int]:
    server = _Server(("127.0.0.1", 0), _Partner)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


def _refused(url: str, *, local: bool = True) -> str:
    with pytest.raises(CannotFetch) as caught:
        fetch(url, local=local)
    return str(caught.value)


def test_a_document_is_read_within_bounds(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    base = f"http://127.0.0.1:{port}"
    got = fetch(f"{base}/feed", local=True)
    assert (got.data, got.etag) == (b"x" * 1000, '"one"')
    assert fetch(f"{base}/feed", '"one"', local=True) == fetching.Fetched(None, '"one"')
    assert "302" in _refused(f"{base}/moved")
    assert "403 Not for you" in _refused(f"{base}/other")
    monkeypatch.setattr(fetching, "LARGEST", 999)
    assert "too large" in _refused(f"{base}/feed")
    monkeypatch.setattr(fetching, "TIMEOUT", 0.3)
    assert "too slow" in _refused(f"{base}/slow")
    assert "127.0.0.1" in _refused("http://127.0.0.1:1/")
    assert "begin with https" in _refused(f"{base}/feed", local=False), "not in production"


@pytest.mark.parametrize(
    "url",
    [
        "", "feed", "ftp://partner.example/", "http://partner.example/", "file:///etc/passwd", "https://", "https://:443/",
        "https://a:b@partner.example/", "https://partner.example:x/", "https://partner.example:0/", "https://a b/",
        "https://partner.example/\r\nHost: x",
    ],
)  # fmt: skip
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(CannotFetch):
        checked(url, local=True)


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.0.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "::1", "fe80::1", "fd00::1",
     "::ffff:10.0.0.1", "224.0.0.1"],
)  # fmt: skip
def test_a_name_that_leads_into_a_network_is_refused(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def lookup(host: str, port: int, **_more: object) -> list[object]:
        public = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("93.184.216.34", port))
        return [public, (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    with pytest.raises(CannotFetch, match="no public address"):
        fetch("https://partner.example/feed.json", local=False)


def test_only_a_server_that_proves_who_it_is_is_read(
    port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate, key = make_certificate(tmp_path)
    with tls_door(port, certificate, key) as door:
        assert "certificate" in _refused(f"https://127.0.0.1:{door}/feed")
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        assert fetch(f"https://127.0.0.1:{door}/feed", local=True).data == b"x" * 1000
        assert "mismatch" in _refused(f"https://localhost:{door}/feed").lower()
