"""A real SMTP server for tests: it records what it takes, and can be told to refuse, to drop and to dawdle.

`python -m tests.servers.smtp --log FILE` runs one as a process of its own that logs every letter it took.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import signal
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any, cast

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session, syntax

DROP = "drop"  # hang up without a word
HANG = "hang"  # say nothing more, and keep the line
_LONG = 60.0  # seconds; who tests it waits for much less


@dataclass(frozen=True)
class Received:
    """One letter the server said yes to."""

    sender: str
    recipient: str
    data: bytes

    @property
    def message(self) -> EmailMessage:
        """The letter, parsed."""
        return message_from_bytes(self.data, policy=policy.default)


Answer = Callable[[str], str | None]


def _yes(_recipient: str) -> str | None:
    return None


@dataclass
class Behaviour:
    """What to answer at each stage for a recipient (a sender, at MAIL): a reply, DROP, HANG, or None for yes."""

    mail: Answer = _yes
    rcpt: Answer = _yes
    data: Answer = _yes  # instead of 354
    content: Answer = _yes  # after 354, before all of the letter is read
    end: Answer = _yes  # after the final dot
    delay: Callable[[], float] | None = None  # seconds before the final answer
    letters_a_connection: int | None = None  # hang up after so many


def _hang_up(smtp: SMTP) -> None:
    cast("asyncio.Transport", smtp.transport).abort()


class _Dialogue(SMTP):
    behaviour: Behaviour
    letters = 0

    @syntax("DATA")
    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802  # the library's names
        recipients = self.envelope.rcpt_tos if self.envelope else []
        recipient = recipients[0] if recipients else ""
        answer = self.behaviour.data(recipient)
        stops = self.behaviour.content(recipient)
        if answer == HANG:
            await asyncio.sleep(_LONG)
        if answer in (DROP, HANG):
            _hang_up(self)
        elif answer is not None:
            await self.push(answer)
        elif stops is not None:
            await self.push("354 go on")
            cast("asyncio.Transport", self.transport).pause_reading()
            await asyncio.sleep(_LONG if stops == HANG else 0.2)
            _hang_up(self)
        else:
            await super().smtp_DATA(arg)


class _Handler:
    def __init__(self, server: SmtpServer) -> None:
        self.server = server

    async def _answer(self, smtp: SMTP, answer: str | None) -> str:
        if answer == HANG:
            await asyncio.sleep(_LONG)
        if answer in (DROP, HANG):
            _hang_up(smtp)
        return answer or "250 yes"

    async def handle_EHLO(  # noqa: N802
        self, smtp: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        return [responses[0], *(["250-PIPELINING"] if self.server.pipelining else []), *responses[1:]]

    async def handle_MAIL(  # noqa: N802
        self, smtp: _Dialogue, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        limit = self.server.behaviour.letters_a_connection
        answer = DROP if limit is not None and smtp.letters >= limit else self.server.behaviour.mail(address)
        if answer is None:
            envelope.mail_from = address
            envelope.mail_options.extend(options)
        return await self._answer(smtp, answer)

    async def handle_RCPT(  # noqa: N802
        self, smtp: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        answer = self.server.behaviour.rcpt(address)
        if answer is None:
            envelope.rcpt_tos.append(address)
        return await self._answer(smtp, answer)

    async def handle_DATA(self, smtp: _Dialogue, session: Session, envelope: Envelope) -> str:  # noqa: N802
        smtp.letters += 1
        recipient = envelope.rcpt_tos[0]
        answer = self.server.behaviour.end(recipient)
        if self.server.behaviour.delay is not None:
            await asyncio.sleep(self.server.behaviour.delay())
        if answer in (None, DROP, HANG):
            self.server.take(Received(envelope.mail_from or "", recipient, cast("bytes", envelope.content)))
        return await self._answer(smtp, answer)


class _Controller(Controller):
    def __init__(self, server: SmtpServer) -> None:
        self.owner = server
        super().__init__(_Handler(server), hostname=server.host, port=server.port, ready_timeout=20)

    def factory(self) -> SMTP:
        return self.owner.dialogue()


@dataclass
class SmtpServer:
    """A server on a free port of this machine; `received` grows as letters arrive."""

    behaviour: Behaviour = field(default_factory=Behaviour)
    tls: ssl.SSLContext | None = None  # offers STARTTLS
    login: tuple[str, str] | None = None  # asks for user and password
    pipelining: bool = True  # offers RFC 2920
    received: list[Received] = field(default_factory=list)
    on_letter: Callable[[Received], None] | None = None
    host: str = "127.0.0.1"
    port: int = 0

    def take(self, letter: Received) -> None:
        """Keep a letter."""
        if self.on_letter is not None:
            self.on_letter(letter)
        else:
            self.received.append(letter)

    def _authenticate(self, _server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any) -> Any:
        return AuthResult(success=(data.login.decode(), data.password.decode()) == self.login, handled=False)

    def dialogue(self) -> SMTP:
        """One connection's side of the server."""
        dialogue = _Dialogue(
            _Handler(self),
            enable_SMTPUTF8=False,
            tls_context=self.tls,
            authenticator=self._authenticate if self.login else None,
            auth_require_tls=False,
            auth_required=self.login is not None,
            data_size_limit=50_000_000,
        )
        dialogue.behaviour = self.behaviour
        return dialogue

    @contextmanager
    def running(self) -> Iterator[SmtpServer]:
        """Serve in a thread of its own."""
        # The controller knocks at its port to see whether it is up, so it must be told a number.
        with socket.socket() as probe:
            probe.bind((self.host, 0))
            self.port = probe.getsockname()[1]
        controller = _Controller(self)
        controller.start()
        try:
            yield self
        finally:
            controller.stop()


def main() -> None:
    """Serve until SIGTERM; print the port; write one JSON line for each letter taken, before it is acknowledged."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--log", required=True)
    arguments.add_argument("--delay", type=float, default=0.0, help="longest wait before the final answer, seconds")
    given = arguments.parse_args()
    log = os.open(given.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def write(letter: Received) -> None:
        line = {"message_id": letter.message["Message-ID"], "to": letter.recipient, "at": time.time()}
        os.write(log, json.dumps(line).encode() + b"\n")

    behaviour = Behaviour(
        rcpt=lambda address: "550 5.1.1 no such person" if address.startswith("refused") else None,
        delay=(lambda: random.uniform(0, given.delay)) if given.delay else None,
    )
    with SmtpServer(behaviour, on_letter=write).running() as server:
        print(server.port, flush=True)
        signal.sigwait({signal.SIGTERM, signal.SIGINT})


if __name__ == "__main__":
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    main()
