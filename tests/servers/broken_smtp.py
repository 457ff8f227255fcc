"""An SMTP server that goes wrong before any letter: at the greeting, at EHLO, at STARTTLS, at AUTH."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import cast

from tests.servers.smtp import DROP, HANG

GREETING = "greeting"
_USUAL = {GREETING: "220 broken.example", "EHLO": "250-broken.example\r\n250-STARTTLS\r\n250 AUTH PLAIN"}


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def __init__(self, answers: Mapping[str, str]) -> None:
        super().__init__(("127.0.0.1", 0), _Dialogue)
        self.answers = {**_USUAL, **answers}
        self.asked: list[str] = []
        self.closing = threading.Event()


class _Dialogue(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        server = cast("_Server", self.server)
        verb = GREETING
        while True:
            server.asked.append(verb)
            answer = server.answers.get(verb, "502 not here")
            if answer == HANG:
                server.closing.wait(60)
            if answer in (DROP, HANG):
                return
            self.wfile.write(f"{answer}\r\n".encode())
            line = self.rfile.readline()
            if not line:
                return
            # What comes after STARTTLS is no command but the first bytes of TLS.
            verb = line[:8].decode("ascii", "replace").split(" ")[0].strip().upper() or "?"


@contextmanager
def broken_server(answers: Mapping[str, str]) -> Iterator[tuple[int, list[str]]]:
    """Its port, and the verbs it was asked as they come; `answers` by verb: a reply, DROP or HANG."""
    with _Server(answers) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield server.server_address[1], server.asked
        finally:
            server.closing.set()
            server.shutdown()
            thread.join()
