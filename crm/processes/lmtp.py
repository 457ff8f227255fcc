"""Takes messages from a mail server of this machine by LMTP (RFC 2033): each is kept before the server is told so."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import Envelope, Session
from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from crm.inbound.actions import receive, size_limit
from crm.inbound.models import Source
from crm.processes.ports import HOST
from crm.unit_of_work import unit_of_work

logger = logging.getLogger(__name__)
_LATER = "451 4.3.0 it could not be kept just now: try again later"
_START_OF_MESSAGE = "354"
# The user's own group may write to it: the mail server's, where the service runs in that.
_SOCKET_MODE = 0o660


class _Dialogue(LMTP):
    # Mail servers break longer lines as they hand over (RFC 5321, 4.5.3.1.6), but not all of them.
    line_length_limit = 1024 * 1024
    _answers_due = 0

    async def push(self, status: str | bytes) -> None:
        """After a message each recipient has an answer of its own (RFC 2033, 4.2); here it is the same one for all."""
        words = status.decode() if isinstance(status, bytes) else status
        if self._answers_due:
            words = "\r\n".join([words] * self._answers_due)
            self._answers_due = 0
        await super().push(words)
        if words.startswith(_START_OF_MESSAGE) and self.envelope is not None:
            self._answers_due = len(self.envelope.rcpt_tos)


class _Intake:
    """Keeps what is handed over, one message after the other, each in a transaction of its own."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._keeper = ThreadPoolExecutor(max_workers=1, thread_name_prefix="intake")

    async def handle_EHLO(  # noqa: N802
        self, _server: LMTP, session: Session, _envelope: Envelope, hostname: str, answers: list[str]
    ) -> list[str]:
        session.host_name = hostname
        return [answers[0], "250-PIPELINING", *answers[1:]]

    async def handle_DATA(self, _server: LMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        raw = _with_trace(envelope)
        return await asyncio.get_running_loop().run_in_executor(self._keeper, self._keep, raw, envelope.rcpt_tos[0])

    async def handle_exception(self, error: Exception) -> str:
        logger.error("a message could not be taken", exc_info=error)
        return _LATER

    def _keep(self, raw: bytes, recipient: str) -> str:
        with self._app.app_context():
            try:
                with unit_of_work("receive message", actor="command:receive-lmtp"):
                    receipt = receive(raw, Source.LMTP, recipient=recipient)
            except (SQLAlchemyError, OSError):
                logger.exception("a message could not be kept")
                return _LATER
        return f"250 2.0.0 kept as {receipt.id}"

    def end(self) -> None:
        """Wait for the message that is being kept."""
        self._keeper.shutdown()


def _with_trace(envelope: Envelope) -> bytes:
    """The message below what who delivers it at last writes above it (RFC 5321, 4.4): from where, and to whom."""
    # The library keeps “<>”, the sender of reports and absences, as it stands.
    sender = (envelope.mail_from or "").strip("<>")
    trace = [f"Return-Path: <{sender}>", *(f"Delivered-To: {to}" for to in envelope.rcpt_tos)]
    content = envelope.original_content or b""
    return "".join(f"{line}\r\n" for line in trace).encode("utf-8", "surrogateescape") + content


async def listen(app: Flask, address: str, stopped: asyncio.Event, ready: Callable[[], None] = lambda: None) -> None:
    """Serve on a port of this machine, or on the socket of that path, until `stopped`. Raises OSError."""
    loop, intake = asyncio.get_running_loop(), _Intake(app)
    with app.app_context():
        limit = size_limit()
    # The library logs every line of a dialogue, people's addresses among them.
    logging.getLogger("mail.log").setLevel(logging.ERROR)

    def dialogue() -> _Dialogue:
        return _Dialogue(intake, data_size_limit=limit, enable_SMTPUTF8=True, hostname="ratify", ident="", loop=loop)

    if address.isdecimal():
        server = await loop.create_server(dialogue, HOST, int(address))
    else:
        server = await loop.create_unix_server(dialogue, address)
        Path(address).chmod(_SOCKET_MODE)
    async with server:
        ready()
        await stopped.wait()
    intake.end()
    if not address.isdecimal():
        with suppress(OSError):
            Path(address).unlink()
