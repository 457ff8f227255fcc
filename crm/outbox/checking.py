"""Tries the mail settings step by step: the way to the server, what it says to us, and what the DNS says of us."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from types import SimpleNamespace
from urllib.parse import urlsplit

from config import Settings
from crm import clock
from crm.outbox.addresses import for_envelope, is_reserved
from crm.outbox.composition import compose
from crm.outbox.connection import Envelope, SmtpConnection, connect
from crm.outbox.models import OutageReason
from crm.outbox.outcomes import ConnectionLost, ServerTrouble
from crm.outbox.safe_header import mailbox
from crm.outbox.sender import signer_of
from crm.outbox.sender_records import DnsSilent, Records

# Base64 makes three bytes four, and lines; the words and the headers come to it.
_GROWS, _WORDS = 1.4, 200_000


class Level(StrEnum):
    """How good a finding is."""

    GOOD = "good"
    DOUBT = "doubt"  # letters leave, and may not be welcome
    BAD = "bad"  # no letter leaves, or none arrives


@dataclass(frozen=True)
class Finding:
    """One step: what was found, and what to do where it is not good."""

    level: Level
    step: str
    said: str
    advice: str = ""


def good(step: str, said: str) -> Finding:
    """A step that holds."""
    return Finding(Level.GOOD, step, said)


def doubt(step: str, said: str, advice: str) -> Finding:
    """A step that holds, and may harm."""
    return Finding(Level.DOUBT, step, said, advice)


def bad(step: str, said: str, advice: str) -> Finding:
    """A step that does not hold."""
    return Finding(Level.BAD, step, said, advice)


_TROUBLES = {
    OutageReason.UNREACHABLE: "Connection",
    OutageReason.REFUSED: "Connection",
    OutageReason.NOT_TRUSTED: "Encryption",
    OutageReason.LOGIN_REFUSED: "Sign-in",
}
_ADVICE = {
    OutageReason.UNREACHABLE: "Compare MAIL_SERVER and MAIL_PORT with what your provider says (mostly 587 with "
    "MAIL_USE_TLS, or 465 with MAIL_USE_SSL), and ask whether a firewall lets this machine connect to that port.",
    OutageReason.REFUSED: "The server answers and does not want us: send its words to your provider.",
    OutageReason.NOT_TRUSTED: "MAIL_SERVER must be the name in the server's certificate, valid and signed by "
    "a known authority; a server that offers no STARTTLS wants MAIL_USE_SSL and port 465, or deserves no password.",
    OutageReason.LOGIN_REFUSED: "Check MAIL_USERNAME and MAIL_PASSWORD; many providers want a password made for "
    "programs, or a permission to send by SMTP, in the settings of the mailbox.",
}


def _server(settings: Settings) -> Iterator[Finding]:
    """Whether the name of the server leads anywhere."""
    try:
        found = socket.getaddrinfo(settings.mail_server, settings.mail_port, type=socket.SOCK_STREAM)
    except OSError as error:
        yield bad("Name", f"{settings.mail_server}: {error}", "Check how MAIL_SERVER is spelt.")
    else:
        yield good("Name", f"{settings.mail_server} is {', '.join(sorted({str(to[4][0]) for to in found}))}.")


def _encryption(settings: Settings, connection: SmtpConnection) -> Finding:
    if settings.mail_use_tls or settings.mail_use_ssl:
        return good("Encryption", "The connection is encrypted, and the server's certificate is valid.")
    if connection.is_local:
        return good("Encryption", "Not needed: the server is on this machine.")
    return doubt(
        "Encryption",
        "Letters and the password travel in the clear.",
        "Set MAIL_USE_TLS=true (port 587) or MAIL_USE_SSL=true (port 465).",
    )


def _sign_in(settings: Settings, connection: SmtpConnection) -> Finding:
    if settings.mail_username:
        return good("Sign-in", f"The server let {settings.mail_username} in.")
    if connection.is_local:
        return good("Sign-in", "None is set, and the server is on this machine.")
    return doubt(
        "Sign-in",
        "None is set.",
        "Most servers take mail for other places only from who signs in: set MAIL_USERNAME and MAIL_PASSWORD.",
    )


def _size(settings: Settings, connection: SmtpConnection) -> Finding:
    said = str(connection.host.esmtp_features.get("size", "")).strip()
    files = settings.letter_attachments_limit
    needed = round(files * 1_000_000 * _GROWS) + _WORDS
    if said.isdecimal() and 0 < int(said) < needed:
        return doubt(
            "Size",
            f"The server takes {int(said) // 1_000_000} MB, and {files} MB of files make {needed // 1_000_000}.",
            "Set LETTER_ATTACHMENTS_LIMIT_MB lower.",
        )
    return good("Size", f"Letters with {files} MB of files fit.")


def _try_sender(sender: str, connection: SmtpConnection) -> Finding:
    """Say MAIL and RCPT as for a letter to ourselves, and take it back: nothing is sent."""
    code, words = connection.host.mail(sender)
    if code == 250:
        code, words = connection.host.rcpt(sender)
    answer = f"{code} {words.decode('utf-8', 'replace')}"
    connection.host.rset()
    if code in (250, 251):
        return good("Sender", f"The server takes letters from {sender}.")
    return bad(
        "Sender",
        f"The server does not take a letter from and to {sender}: {answer}",
        "Set MAIL_DEFAULT_SENDER to an address that MAIL_USERNAME may send from.",
    )


def _dns(settings: Settings, sender: str, records: Records) -> Iterator[Finding]:
    domain = sender.rpartition("@")[2]
    returns_to = (settings.mail_return_path or sender).rpartition("@")[2]
    yield from _dkim(settings, domain, records)
    policies = records.spf(returns_to)
    if len(policies) == 1:
        yield good(
            "SPF", f"{returns_to} says who may send for it: {policies[0]}. It must cover {settings.mail_server}."
        )
    else:
        found = f"{len(policies)} records" if policies else "no record"
        yield doubt(
            "SPF",
            f"{returns_to} has {found} that says who may send for it.",
            f"Have exactly one TXT record at {returns_to} that begins with v=spf1 and covers {settings.mail_server}.",
        )
    policy = records.dmarc(domain)
    if policy:
        yield good("DMARC", f"{domain} says what becomes of forgeries: {policy}.")
    else:
        yield doubt(
            "DMARC",
            f"{domain} does not say what becomes of forgeries; large providers refuse many letters from such domains.",
            f'Put a TXT record at _dmarc.{domain}, to begin with: "v=DMARC1; p=none; rua=mailto:{sender}".',
        )
    for place in sorted({domain, returns_to}):
        if records.takes_mail(place):
            yield good("Answers", f"Mail to {place} has somewhere to go.")
        else:
            yield bad("Answers", f"Nobody takes mail for {place}: answers and reports are lost.", "Set an MX record.")


def _dkim(settings: Settings, domain: str, records: Records) -> Iterator[Finding]:
    try:
        signer = signer_of(settings)
    except ServerTrouble as trouble:
        yield bad("DKIM", trouble.words, "Run `ratify dkim`.")
        return
    if signer is None:
        yield doubt(
            "DKIM",
            "Letters are not signed here.",
            "Unless your provider signs them: set DKIM_DOMAIN, and put what `ratify dkim` prints into the DNS.",
        )
        return
    published = records.signing_key(signer.record_name)
    if published is None or published not in signer.record():
        problem = "another key than ours" if published else "no key"
        yield bad("DKIM", f"The DNS has {problem} at {signer.record_name}.", "Put there what `ratify dkim` prints.")
    elif domain != signer.domain and not domain.endswith(f".{signer.domain}"):
        yield doubt(
            "DKIM",
            f"Letters from {domain} are signed for {signer.domain}, which proves nothing about {domain}.",
            f"Set DKIM_DOMAIN={domain}.",
        )
    else:
        yield good("DKIM", f"Letters are signed for {signer.domain}, and the key in the DNS is ours.")


def _pages(settings: Settings) -> Finding:
    place = urlsplit(settings.base_url)
    if place.scheme == "https":
        return good("Links", f"Links in letters lead to {settings.base_url}.")
    return doubt(
        "Links",
        f"Links in letters, also those that end them, lead to {settings.base_url}, where no reader gets.",
        "Set RATIFY_URL to the https address people open.",
    )


def _identity(settings: Settings) -> Finding:
    if settings.controller:
        return good("Identity", f"Below every letter stands: {settings.controller}")
    return doubt(
        "Identity",
        "Letters do not say who is behind them, and where.",
        "Set DATA_CONTROLLER to your name and postal address, and TRANSPARENCY_REGISTER to your number in the EU "
        "Transparency Register where you have one.",
    )


def _send_one(sender: str, to: str, settings: Settings, connection: SmtpConnection) -> Finding:
    recipient = for_envelope(to)
    if is_reserved(recipient) and not connection.is_local:
        return bad("Test letter", f"{recipient} belongs to nobody.", "Name an address you read.")
    letter = SimpleNamespace(
        to_name="",
        subject="A test of the mail settings",
        text="This letter was sent to try the mail settings of Ratify. Its full source shows whether it was signed "
        "(dkim=pass) and came from where it may (spf=pass).\n",
        html=None,
        sender=None,
        reply_to=None,
        footer=None,
        message_id_header=f"<check-{clock.now():%Y%m%d%H%M%S%f}@{sender.rpartition('@')[2]}>",
    )
    message = compose(
        letter,
        to_address=recipient,
        default_sender=settings.mail_default_sender,
        at=clock.now(),
        unsubscribe_url=None,
        signer=signer_of(settings),
    )
    try:
        said = connection.deliver(
            Envelope(sender, recipient, message), following=None, hand_over=lambda: True, still_waiting=lambda: None
        )
    except ConnectionLost as lost:
        return bad("Test letter", f"The connection broke: {lost.reply}", "Try again, then ask your provider.")
    answer = said[1] if said else None
    if answer is not None and answer.code == 250:
        return good("Test letter", f"The server took a letter to {recipient}: {answer}")
    return bad("Test letter", f"The server refused a letter to {recipient}: {answer}", "Show its words your provider.")


def _dialogue(settings: Settings, to: str | None, sender: str) -> Iterator[Finding]:
    """What the server says to us, in one connection as the worker makes it. Raises ServerTrouble."""
    connection = connect(min(settings.mail_timeout, 20))
    try:
        yield good("Connection", f"{settings.mail_server} answers at port {settings.mail_port}.")
        steps: list[Callable[[], Finding]] = [
            lambda: _encryption(settings, connection),
            lambda: _sign_in(settings, connection),
            lambda: _size(settings, connection),
            lambda: _try_sender(sender, connection),
        ]
        if to:
            steps.append(lambda: _send_one(sender, to, settings, connection))
        for step in steps:
            yield step()
    finally:
        connection.quit()


def check_mail(settings: Settings, records: Callable[[], Records], to: str | None = None) -> Iterator[Finding]:
    """Every step, one after the other; nothing is sent but one letter to `to`, where it is given. Raises BadAddress."""
    if not settings.mail_server:
        yield bad("Settings", "No mail server is set.", "Set MAIL_SERVER, and what else your provider says.")
        return
    sender = for_envelope(mailbox(settings.mail_default_sender)[1])
    yield from _server(settings)
    try:
        yield from _dialogue(settings, to, sender)
    except ServerTrouble as trouble:
        yield bad(_TROUBLES[trouble.reason], trouble.words, _ADVICE[trouble.reason])
    try:
        if is_reserved(sender):
            yield doubt("DNS", f"{sender} belongs to nobody.", "Set MAIL_DEFAULT_SENDER to an address of yours.")
        else:
            yield from _dns(settings, sender, records())
    except DnsSilent as silent:
        yield doubt("DNS", f"The name service did not answer: {silent}", "Try again from where letters will be sent.")
    yield _pages(settings)
    yield _identity(settings)
