"""The connection to the mail server: Flask-Mail's settings, verified TLS, timeouts, and the dialogue of one letter."""

from __future__ import annotations

import ipaddress
import select
import smtplib
import socket
import ssl
import time
from collections.abc import Callable

import flask_mail
from flask import current_app

from crm.outbox.models import OutageReason
from crm.outbox.outcomes import ConnectionLost, Reply, ServerTrouble, Stage, reply

# RFC 5321 4.5.3.2.6; giving up sooner makes duplicates (RFC 1047).
FINAL_REPLY = 600.0
_SLICE = 20.0
_GO_AHEAD = 354
_CLOSING = 421


def _greeting_name() -> str:
    """What EHLO says. The default of smtplib asks the name service and may hang for it."""
    name = socket.gethostname()
    return name if "." in name else "[127.0.0.1]"


class SmtpConnection(flask_mail.Connection):
    """One SMTP connection. `letters` counts those it has carried.

    `is_local`: whether the server we are really connected to is on this machine; asked once, at the start, because a
    closed connection cannot tell.
    """

    host: smtplib.SMTP
    is_local: bool

    def __init__(self, timeout: float) -> None:
        super().__init__(current_app.extensions["mail"])
        self.timeout = timeout
        self.letters = 0

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

    @property
    def takes_utf8(self) -> bool:
        """Whether the server takes addresses outside ASCII (RFC 6531)."""
        return bool(self.host.has_extn("smtputf8"))

    def _socket(self) -> socket.socket:
        if self.host.sock is None:
            raise ConnectionLost("the connection is closed")
        return self.host.sock

    def _ask(self, command: str, argument: str) -> Reply:
        try:
            answer = reply(*self.host.docmd(command, argument))
        except (smtplib.SMTPException, OSError) as error:
            raise ConnectionLost(str(error)) from error
        if answer.code == _CLOSING:
            raise ConnectionLost(str(answer))
        return answer

    def _refused(self, stage: Stage, answer: Reply) -> tuple[Stage, Reply]:
        """Clear the half-begun letter, so that the connection can go on with the next."""
        try:
            if stage is not Stage.MAIL:
                self._ask("RSET", "")
        except ConnectionLost:
            self.drop()  # the answer stands; the next letter finds the connection closed and calls again
        return stage, answer

    def deliver(
        self,
        sender: str,
        recipient: str,
        message: bytes,
        *,
        hand_over: Callable[[], bool],
        still_waiting: Callable[[], None],
    ) -> tuple[Stage, Reply] | None:
        """One letter's dialogue: the stage it got to, and the server's answer there.

        `hand_over` is called between the server's 354 and the first byte of the letter; if it says no, nothing leaves,
        the connection is dropped and None returned. `still_waiting` is called every 20 seconds of waiting for the
        final answer. Raises ConnectionLost.
        """
        self.letters += 1
        options = f" SIZE={len(message)}" if self.host.has_extn("size") else ""
        if not (sender.isascii() and recipient.isascii()):
            self.host.command_encoding = "utf-8"
            options += " BODY=8BITMIME SMTPUTF8"
        answer = self._ask("MAIL", f"FROM:<{sender}>{options}")
        if answer.code // 100 != 2:
            return self._refused(Stage.MAIL, answer)
        answer = self._ask("RCPT", f"TO:<{recipient}>")
        if answer.code // 100 != 2:
            return self._refused(Stage.RCPT, answer)
        answer = self._ask("DATA", "")
        if answer.code != _GO_AHEAD:
            return self._refused(Stage.DATA, answer)
        if not hand_over():
            self.drop()
            return None
        try:
            # If sendall raises, the last byte was never accepted by the kernel: the server cannot have the final dot.
            self._socket().sendall(message + b".\r\n")
        except OSError as error:
            raise ConnectionLost(str(error), begun=True) from error
        return Stage.CONTENT, self._final_answer(still_waiting)

    def _final_answer(self, still_waiting: Callable[[], None]) -> Reply:
        sock = self._socket()
        until = time.monotonic() + FINAL_REPLY
        while not self._readable(sock):
            if time.monotonic() > until:
                raise ConnectionLost("no final answer within ten minutes", complete=True)
            still_waiting()
        try:
            return reply(*self.host.getreply())
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
        self.host.close()

    def quit(self) -> None:
        """Say goodbye; all letters have had their answer, so what the server says to this does not matter."""
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
