"""Other ways to send the same letters, none of which records anything; each takes a port and the words of letters."""

from __future__ import annotations

import csv
import io
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import astuple, dataclass, fields
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TypeAlias

from flask import Flask
from flask_mail import Mail, Message

from benchmarks.children import in_child
from crm.processes.ports import HOST

SENDER = "olga@team.example"


@dataclass(frozen=True)
class Letter:
    """The words of one letter of a mailing."""

    to_address: str
    subject: str
    text: str
    html: str


Letters: TypeAlias = Sequence[Letter]


@contextmanager
def _flask_mail(port: int) -> Iterator[Mail]:
    app = Flask("plain")
    app.config.update(MAIL_SERVER=HOST, MAIL_PORT=port, MAIL_DEFAULT_SENDER=SENDER)
    mail = Mail(app)
    with app.app_context():
        yield mail


def _message(letter: Letter) -> Message:
    return Message(letter.subject, [letter.to_address], letter.text, letter.html)


def flask_mail_loop(port: int, letters: Letters) -> float:
    """A plain loop over Flask-Mail's `mail.send`, which calls the server anew for each; its seconds."""
    with _flask_mail(port) as mail:
        began = time.perf_counter()
        for letter in letters:
            mail.send(_message(letter))
        return time.perf_counter() - began


def flask_mail_reused(port: int, letters: Letters) -> float:
    """One connection of Flask-Mail for all (`with mail.connect()`); its seconds."""
    with _flask_mail(port) as mail:
        began = time.perf_counter()
        with mail.connect() as connection:
            for letter in letters:
                connection.send(_message(letter))
        return time.perf_counter() - began


_TEMPLATE = f"""TO: {{{{to_address}}}}
SUBJECT: {{{{subject}}}}
FROM: {SENDER}
MIME-Version: 1.0
Content-Type: multipart/alternative; boundary="boundary"

--boundary
Content-Type: text/plain; charset=utf-8

{{{{text}}}}

--boundary
Content-Type: text/html; charset=utf-8

{{{{html}}}}

--boundary--
"""


def _cells(letter: Letter) -> list[str]:
    """A row for mailmerge: quotes mislead its guess how the file is written, and it wants HTML in ASCII."""
    return [cell.replace('"', "'").encode("ascii", "xmlcharrefreplace").decode() for cell in astuple(letter)]


def mailmerge(port: int, letters: Letters) -> float:
    """The command `mailmerge` with a multipart template and a CSV file; its seconds, once it has started."""
    command = import_module("mailmerge.__main__").main
    with tempfile.TemporaryDirectory(prefix="ratify-mailmerge-") as place:
        folder = Path(place)
        template, rows, server = (folder / name for name in ("template.txt", "rows.csv", "server.conf"))
        template.write_text(_TEMPLATE)
        with rows.open("w", newline="") as file:
            writer = csv.writer(file, quoting=csv.QUOTE_ALL)
            writer.writerow([field.name for field in fields(Letter)])
            writer.writerows(_cells(letter) for letter in letters)
        server.write_text(f"[smtp_server]\nhost = {HOST}\nport = {port}\n")
        given = ["--no-dry-run", "--no-limit", "--output-format", "text"]
        given += ["--template", str(template), "--database", str(rows), "--config", str(server)]
        with redirect_stdout(io.StringIO()):
            began = time.perf_counter()
            command(given, standalone_mode=False)
            return time.perf_counter() - began


def send_mass_mail(port: int, letters: Letters) -> float:
    """Django's `send_mass_mail`, and as it has no HTML, what it does: all messages over one connection; its seconds."""
    import_module("django.conf").settings.configure(EMAIL_HOST=HOST, EMAIL_PORT=port)
    mail = import_module("django.core.mail")
    began = time.perf_counter()
    connection = mail.get_connection()
    messages = []
    for letter in letters:
        addresses = [letter.to_address]
        message = mail.EmailMultiAlternatives(letter.subject, letter.text, SENDER, addresses, connection=connection)
        message.attach_alternative(letter.html, "text/html")
        messages.append(message)
    if connection.send_messages(messages) != len(letters):
        raise AssertionError("Django did not send all letters")
    return time.perf_counter() - began


# The name of each among the figures, and a module it needs.
PEERS: dict[str, tuple[Callable[[int, Letters], float], str]] = {
    "flask_mail_loop": (flask_mail_loop, "flask_mail"),
    "flask_mail_reused": (flask_mail_reused, "flask_mail"),
    "mailmerge": (mailmerge, "mailmerge"),
    "django_send_mass_mail": (send_mass_mail, "django"),
}


def missing(name: str) -> str:
    """Why this peer cannot send here; empty where it can."""
    module = PEERS[name][1]
    return "" if find_spec(module) else f"{module} is not installed (it is among the extra packages called `bench`)"


def turn(name: str, port: int, letters: Letters) -> float:
    """Let that peer send the letters in a process of its own; its seconds."""
    send = PEERS[name][0]
    return float(in_child(lambda: send(port, letters)))
