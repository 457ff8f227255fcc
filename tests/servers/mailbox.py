"""A real mailbox: mail-devel, which takes mail by SMTP and lets it be fetched by IMAP."""

from __future__ import annotations

import smtplib
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import EmailMessage

USER, PASSWORD = "answers@ratify.example", "a-password"


def free_port() -> int:
    """A port of this machine nobody listens at."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@dataclass
class MailboxServer:
    """The server; stopped and started again on the same ports it is another mailbox, whose numbers begin anew."""

    smtp_port: int
    imap_port: int
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Come up, empty."""
        command = [sys.executable, "-m", "mail_devel", "--host", "127.0.0.1", "--user", USER, "--password", PASSWORD]
        ports = [
            "--smtp-port",
            str(self.smtp_port),
            "--imap-port",
            str(self.imap_port),
            "--no-http",
            "--smtps-port",
            "0",
        ]
        self.process = subprocess.Popen([*command, *ports], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until = time.monotonic() + 60
        for port in (self.smtp_port, self.imap_port):
            while True:
                try:
                    socket.create_connection(("127.0.0.1", port), 1).close()
                    break
                except OSError:
                    assert self.process.poll() is None, "mail-devel has ended"
                    assert time.monotonic() < until, "mail-devel did not come up"
                    time.sleep(0.05)

    def stop(self) -> None:
        """Go away with everything in it."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def put(self, mail: EmailMessage) -> None:
        """Let a mail arrive."""
        with smtplib.SMTP("127.0.0.1", self.smtp_port) as smtp:
            smtp.login(USER, PASSWORD)
            smtp.send_message(mail, "ann@parliament.example", [USER])


@contextmanager
def mailbox_server() -> Iterator[MailboxServer]:
    """A mailbox for a test."""
    server = MailboxServer(free_port(), free_port())
    server.start()
    try:
        yield server
    finally:
        server.stop()
