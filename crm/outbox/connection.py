"""The connection to the mail server: Flask-Mail's settings, verified TLS, timeouts, and the dialogue of one letter."""

from __future__ import annotations

import ipaddress
import select
import smtplib
import socket
import ssl
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property

import flask_mail
from flask import current_app

from crm.outbox.models import OutageReason
from crm.outbox.outcomes import ConnectionLost, Reply, ServerTrouble, Stage, reply

# RFC 5321 4.5.3.2.6; giving up sooner makes duplicates (RFC 1047).
FINAL_REPLY = 600.0
_SLICE = 20.0
_GO_AHEAD = 354
_CLOSING = 421
_NO_CODE = -1
_LONGEST_LINE = 8192
_INTRODUCTION = (Stage.MAIL, Stage.RCPT, Stage.DATA)


def _goes_on(stage: Stage, answer: Reply) -> bool:
    """Whether the server wants to hear what comes after that stage."""
    return answer.code == _GO_AHEAD if stage is Stage.DATA else 200 <= answer.code < 300


def _lines(*commands: str) -> str:
    if any("\r" in command or "\n" in command for command in commands):
        raise ValueError("a line break in a command")
    return "".join(f"{command}\r\n" for command in commands)


def _greeting_name() -> str:
    """What EHLO says. The default of smtplib asks the name service and may hang for it."""
    name = socket.gethostname()
    return name if "." in name else "[127.0.0.1]"


@dataclass(frozen=True, eq=False)
class Envelope:
    """A letter as the dialogue needs it: two addresses from `for_envelope`, and bytes that need only the final dot."""

    sender: str
    recipient: str
    message: bytes


class SmtpConnection(flask_mail.Connection):
    """One SMTP connection. `letters` counts those it has carried; `announced` is one the server expects now.

    `is_local`: whether the server we are really connected to is on this machine; asked once, at the start, because a
    closed connection cannot tell.
    """

    host: smtplib.SMTP
    is_local: bool

    def __init__(self, timeout: float) -> None:
        super().__init__(current_app.extensions["mail"])
        self.timeout = timeout
        self.letters = 0
        self.announced: Envelope | None = None

    def configure_host(self) -> smtplib.SMTP:
        """Connect, secure, sign in."""
        if self.mail.use_ssl:
            host: smtplib.SMTP = smtplib.SMTP_SSL(
                self.mail.server,
                self.mail.port,
                _greeting_name(),
                timeout=self.timeout,
                context=ssl.create_default_context(),
            )
        else:
            host = smtplib.SMTP(self.mail.server, self.mail.port, _greeting_name(), timeout=self.timeout)
        host.ehlo_or_helo_if_needed()
        if self.mail.use_tls:
            host.starttls(context=ssl.create_default_context())
            host.ehlo_or_helo_if_needed()
        if self.mail.username and self.mail.password:
            host.login(self.mail.username, self.mail.password)
        return host

    def open(self) -> None:
        """Connect as the settings say. Raises what smtplib, ssl and the sockets raise."""
        self.host = self.configure_host()
        address = self._socket().getpeername()[0]
        self.is_local = ipaddress.ip_address(address.partition("%")[0]).is_loopback

    @cached_property
    def pipelines(self) -> bool:
        """Whether the server takes several commands at once (RFC 2920), which saves two waits a letter."""
        return bool(self.host.has_extn("pipelining"))

    @cached_property
    def takes_sizes(self) -> bool:
        """Whether the server wants to know how long a letter is (RFC 1870)."""
        return bool(self.host.has_extn("size"))

    @cached_property
    def takes_utf8(self) -> bool:
        """Whether the server takes addresses outside ASCII (RFC 6531)."""
        return bool(self.host.has_extn("smtputf8"))

    def _socket(self) -> socket.socket:
        if self.host.sock is None:
            raise ConnectionLost("the connection is closed")
        return self.host.sock

    def _say(self, *commands: str) -> None:
        try:
            self.host.send(_lines(*commands))
        except (smtplib.SMTPException, OSError) as error:
            raise ConnectionLost(str(error)) from error

    def _read(self) -> Reply:
        """The next answer, as `smtplib.SMTP.getreply` reads it, at half the cost. Raises OSError."""
        if self.host.file is None:
            raise smtplib.SMTPServerDisconnected("Connection unexpectedly closed")
        words = []
        while line := self.host.file.readline(_LONGEST_LINE + 1):
            if len(line) > _LONGEST_LINE:
                raise smtplib.SMTPServerDisconnected("Line too long")
            words.append(line[4:])
            code = int(line[:3]) if line[:3].isdigit() else _NO_CODE
            if code == _NO_CODE or line[3:4] != b"-":
                return reply(code, b" ".join(words))
        raise smtplib.SMTPServerDisconnected("Connection unexpectedly closed")

    def _hear(self) -> Reply:
        try:
            answer = self._read()
        except (smtplib.SMTPException, OSError) as error:
            raise ConnectionLost(str(error)) from error
        if answer.code == _CLOSING:
            raise ConnectionLost(str(answer))
        return answer

    def _refused(self, stage: Stage, answer: Reply, *, waits_for_content: bool = False) -> tuple[Stage, Reply]:
        """Clear the half-begun letter, so that the connection can go on with the next."""
        try:
            if waits_for_content:
                raise ConnectionLost("it took DATA after a refusal: there is no way back but to hang up")
            if stage is not Stage.MAIL:
                self._say("RSET")
                self._hear()
        except ConnectionLost:
            self.drop()  # the answer stands; the next letter finds the connection closed and calls again
        return stage, answer

    def _introduce(self, envelope: Envelope) -> tuple[Stage, Reply] | None:
        """The dialogue up to the 354: the stage that was refused and the server's answer there, or None."""
        if self.pipelines:
            if self.announced is None:
                self._say(*self._commands(envelope).values())
            self.announced = None
            return self._answers(_INTRODUCTION)
        for stage, command in self._commands(envelope).items():
            self._say(command)
            answer = self._hear()
            if not _goes_on(stage, answer):
                return self._refused(stage, answer)
        return None

    def _commands(self, envelope: Envelope) -> dict[Stage, str]:
        options = f" SIZE={len(envelope.message)}" if self.takes_sizes else ""
        if not (envelope.sender.isascii() and envelope.recipient.isascii()):
            self.host.command_encoding = "utf-8"
            options += " BODY=8BITMIME SMTPUTF8"
        return {
            Stage.MAIL: f"MAIL FROM:<{envelope.sender}>{options}",
            Stage.RCPT: f"RCPT TO:<{envelope.recipient}>",
            Stage.DATA: "DATA",
        }

    def _answers(self, stages: Iterable[Stage]) -> tuple[Stage, Reply] | None:
        """Commands said at once (RFC 2920) have their answers one by one, also those after a refused one."""
        refused: tuple[Stage, Reply] | None = None
        for stage in stages:
            try:
                answer = self._hear()
            except ConnectionLost:
                if refused is None:
                    raise
                self.drop()
                return refused
            if refused is None and not _goes_on(stage, answer):
                refused = (stage, answer)
        return refused and self._refused(*refused, waits_for_content=answer.code == _GO_AHEAD)

    def deliver(
        self,
        envelope: Envelope,
        *,
        following: Envelope | None,
        hand_over: Callable[[], bool],
        still_waiting: Callable[[], None],
    ) -> tuple[Stage, Reply] | None:
        """One letter's dialogue: the stage it got to, and the server's answer there.

        `hand_over` is called between the server's 354 and the first byte of the letter; if it says no, nothing leaves,
        the connection is dropped and None returned. `still_waiting` is called every 20 seconds of waiting for the
        final answer. The commands of the `following` letter, up to DATA, go with the end of this one where the server
        allows it; what is asked for next must then be that letter, or the connection dropped. Raises ConnectionLost.
        """
        self.letters += 1
        if self.announced is not None and self.announced is not envelope:
            raise ConnectionLost("another letter was announced")
        if refused := self._introduce(envelope):
            return refused
        allowed = False
        try:
            allowed = hand_over()
        finally:
            if not allowed:
                self.drop()
        if not allowed:
            return None
        ahead = b""
        if following is not None and self.pipelines:
            ahead = _lines(*self._commands(following).values()).encode()
            self.announced = following
        self._pass_on(envelope.message + b".\r\n", ahead)
        return Stage.CONTENT, self._final_answer(still_waiting)

    def _pass_on(self, letter: bytes, ahead: bytes) -> None:
        """Send a whole letter and what goes with it. Raises ConnectionLost where the letter's end did not leave."""
        sock, passed = self._socket(), 0
        # What the kernel did not take, the server cannot have; encrypted, that is known of a whole call only.
        for portion in (letter, ahead) if isinstance(sock, ssl.SSLSocket) else (letter + ahead,):
            rest = memoryview(portion)
            while rest:
                try:
                    taken = sock.send(rest)
                except OSError as error:
                    if passed < len(letter):
                        raise ConnectionLost(str(error), begun=True) from error
                    return  # the answer may be there all the same
                passed, rest = passed + taken, rest[taken:]

    def _final_answer(self, still_waiting: Callable[[], None]) -> Reply:
        sock = self._socket()
        until = time.monotonic() + FINAL_REPLY
        while not self._readable(sock):
            if time.monotonic() > until:
                raise ConnectionLost("no final answer within ten minutes", complete=True)
            still_waiting()
        try:
            return self._read()
        except (smtplib.SMTPException, OSError) as error:
            raise ConnectionLost(str(error), complete=True) from error

    @staticmethod
    def _readable(sock: socket.socket) -> bool:
        # What TLS has decrypted already does not show on the socket.
        if isinstance(sock, ssl.SSLSocket) and sock.pending():
            return True
        return bool(select.select([sock], [], [], _SLICE)[0])

    def drop(self) -> None:
        """Hang up without a word: the server must not take what it has so far for a letter."""
        self.announced = None
        self.host.close()

    def quit(self) -> None:
        """Say goodbye; all letters have had their answer, so what the server says to this does not matter."""
        if self.announced is not None:
            self.drop()  # it waits for that letter, and would take the goodbye for its words
            return
        try:
            self._socket().settimeout(5)
            self.host.quit()
        except (smtplib.SMTPException, OSError, ConnectionLost):
            self.host.close()


def connect(timeout: float) -> SmtpConnection:
    """An open connection with the app's mail settings. Raises ServerTrouble with the server's words."""
    connection = SmtpConnection(timeout)
    if not connection.mail.server:
        raise ServerTrouble(OutageReason.NO_SERVER, "MAIL_SERVER is not set")
    try:
        connection.open()
    except ssl.SSLError as error:
        raise ServerTrouble(OutageReason.NOT_TRUSTED, str(error)) from error
    except smtplib.SMTPNotSupportedError as error:
        reason = OutageReason.NOT_TRUSTED if "STARTTLS" in str(error) else OutageReason.LOGIN_REFUSED
        raise ServerTrouble(reason, str(error)) from error
    except smtplib.SMTPAuthenticationError as error:
        raise ServerTrouble(OutageReason.LOGIN_REFUSED, str(reply(error.smtp_code, error.smtp_error))) from error
    except smtplib.SMTPResponseException as error:
        raise ServerTrouble(OutageReason.REFUSED, str(reply(error.smtp_code, error.smtp_error))) from error
    except (smtplib.SMTPException, OSError, ConnectionLost) as error:
        raise ServerTrouble(OutageReason.UNREACHABLE, str(error)) from error
    return connection
