"""Who sends letters in `make bench-mail`: our whole durable path, Postfix's own source, and a plain Flask-Mail loop."""

from __future__ import annotations

import logging
import os
import pickle
import re
import shutil
import socket
import subprocess
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from flask import Flask
from flask_mail import Mail, Message
from redis import RedisError

from benchmarks.planning import prepare
from benchmarks.servers import settings_in
from config import Settings
from crm import create_app
from crm.cli.app import prepare_data
from crm.extensions import db
from crm.letters.jobs import plan
from crm.letters.models import Mailing
from crm.letters.queries import ledgers
from crm.outbox.actions import release
from crm.outbox.footers import html_with, link_to, text_with
from crm.outbox.jobs import send_waiting
from crm.outbox.models import Lease, MessageState, OutgoingMessage
from crm.processes.ports import HOST
from crm.timeline.models import EntryKind, TimelineEntry
from crm.unit_of_work import unit_of_work

ACTOR = "command:benchmark"
# One letter is about so many bytes on its way.
LETTER_BYTES = 2048
# One target in fifty has no address.
_WITH_ADDRESS = 0.98
# As long as ours.
_LINK = f"https://ratify.example/unsubscribe/{'x' * 135}"
_LINK_HTML = link_to(_LINK)
_BODY = "{{salutation}}\n\nWill you support *the Convention* in {{country}}?\n\n{{closing}}\n{{sender_name}}"


class NoTools(Exception):
    """Postfix's tools for measuring are not here; the message says which."""


def tool(name: str) -> str:
    """Where Debian's package postfix put that program. Raises NoTools."""
    found = shutil.which(name, path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin")
    if found is None:
        raise NoTools(f"there is no {name} here (Debian's package postfix has it; its service is not needed)")
    return found


class Sink:
    """Postfix's `smtp-sink`, which takes and forgets letters, and says how many it took."""

    def __init__(self, port: int, told: Path) -> None:
        self.port = port
        self.told = told

    def taken(self) -> int:
        """How many letters it has said yes to."""
        with self.told.open("rb") as file:
            file.seek(max(0, self.told.stat().st_size - 200))
            counts = re.findall(rb"mesg=(\d+)", file.read())
        return int(counts[-1]) if counts else 0


@contextmanager
def sink(folder: Path) -> Iterator[Sink]:
    """A running sink. Raises NoTools, and RuntimeError where it does not come up."""
    program = tool("smtp-sink")
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port = probe.getsockname()[1]
    told = folder / "sink.txt"
    # It refuses to run as root.
    user = ["-u", "nobody"] if os.geteuid() == 0 else []
    with told.open("wb") as output:
        process = subprocess.Popen([program, "-c", *user, f"{HOST}:{port}", "100"], stdout=output)
    try:
        for _attempt in range(100):
            try:
                socket.create_connection((HOST, port), 1).close()
                break
            except ConnectionRefusedError:
                time.sleep(0.05)
        else:
            raise RuntimeError("smtp-sink did not come up in 5 s")
        yield Sink(port, told)
    finally:
        process.terminate()
        process.wait(10)


def in_child(work: Callable[[], Any]) -> Any:
    """What `work` returns in a forked child, as the worker runs its jobs. Raises RuntimeError where that fails."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.close(reading)
            with os.fdopen(writing, "wb") as pipe:
                pickle.dump(work(), pipe)
            status = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(status)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        said = pipe.read()
    _pid, status = os.waitpid(child, 0)
    if status:
        raise RuntimeError("a measured child failed: its error stands above")
    return pickle.loads(said)


@dataclass(frozen=True)
class Letter:
    """The words of one letter of a mailing."""

    to_address: str
    subject: str
    text: str
    html: str


@dataclass(frozen=True)
class Turn:
    """One contender's turn: so many letters in so many seconds."""

    letters: int
    seconds: float


class Product:
    """Ratify on one database, with a planned mailing for each round."""

    def __init__(self, folder: Path, port: int, database_url: str, *, letters: int, rounds: int) -> None:
        settings = replaced(settings_in(folder, database_url), port)
        prepare_data(settings)
        self.app = create_app(settings)
        # Planning rings for the desk worker, and there is no queue server.
        logging.getLogger("crm.unit_of_work").setLevel(logging.ERROR)
        with self.app.app_context():
            self.mailings = prepare(round(letters / _WITH_ADDRESS), mailings=rounds, body=_BODY, rest_days=0)
            for mailing_id in self.mailings:
                plan(mailing_id)
            if database_url:
                # What a server's autovacuum does sooner or later.
                with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                    connection.exec_driver_sql("VACUUM ANALYZE")
            self._rest()

    @staticmethod
    def _rest() -> None:
        """No connection may be open when a child is forked."""
        db.session.remove()
        db.engine.dispose()

    def words(self, count: int) -> list[Letter]:
        """So many letters as they leave, but for the token in the link below them."""
        with self.app.app_context():
            columns = (OutgoingMessage.to_address, OutgoingMessage.subject, OutgoingMessage.text, OutgoingMessage.html)
            rows = db.session.execute(sa.select(*columns, OutgoingMessage.footer).limit(count))
            found = [
                Letter(
                    address,
                    subject,
                    text_with(below or "", text, _LINK),
                    html_with(below or "", html or "", _LINK_HTML),
                )
                for address, subject, text, html, below in rows
            ]
            self._rest()
        return found

    def turn(self, number: int) -> Turn:
        """Release the mailing of that round and send it by the worker's own job in a fork; what came of it."""
        with self.app.app_context():
            mailing_id = self.mailings[number]
            batch_id = db.session.get_one(Mailing, mailing_id).batch_id
            if batch_id is None:
                raise AssertionError("the mailing was not planned")
            with unit_of_work("release mailing", actor=ACTOR) as work:
                release(batch_id)
                work.doorbells.clear()  # there is no queue server: the job is called here
            self._rest()
            seconds = in_child(_seconds_of_sending)
            letters = self._sent(mailing_id, batch_id)
            self._rest()
        return Turn(letters, seconds)

    @staticmethod
    def _sent(mailing_id: int, batch_id: int) -> int:
        """Letters of the mailing on record as sent. Raises AssertionError where that record is not whole."""
        ledger = ledgers([mailing_id])[mailing_id]
        if not ledger.adds_up or ledger.sent != ledger.posted or not ledger.sent:
            raise AssertionError(f"{ledger.sent} of {ledger.posted} letters are on record as sent")
        record = sa.select(sa.func.count(), sa.func.avg(OutgoingMessage.size)).where(
            OutgoingMessage.batch_id == batch_id,
            OutgoingMessage.state == MessageState.SENT,
            OutgoingMessage.reply_code == 250,
            OutgoingMessage.handed_over_at.is_not(None),
            OutgoingMessage.finished_at.is_not(None),
            OutgoingMessage.html.is_not(None),
            OutgoingMessage.lease_token.is_(None),
        )
        whole, size = db.session.execute(record).one()
        if whole != ledger.sent or db.session.scalar(sa.select(sa.func.count()).select_from(Lease)):
            raise AssertionError(f"of {ledger.sent} sent letters {whole} have their whole record")
        if not LETTER_BYTES <= size <= LETTER_BYTES * 1.25:
            raise AssertionError(f"a letter takes {size:.0f} bytes")
        told = sa.select(sa.func.count()).where(TimelineEntry.kind == EntryKind.LETTER_SENT)
        if (db.session.scalar(told) or 0) < ledger.sent:
            raise AssertionError("letters are missing on their contacts' timelines")
        return ledger.sent


def replaced(settings: Settings, port: int) -> Settings:
    """The settings with the sink as mail server."""
    return settings.model_copy(update={"mail_server": HOST, "mail_port": port})


def _seconds_of_sending() -> float:
    """Turns of the worker until nothing is due."""
    began = time.perf_counter()
    while True:
        try:
            send_waiting()
        except RedisError:
            continue  # it rang for another turn, and there is no queue server to hear it
        return time.perf_counter() - began


def smtp_source(port: int, letters: int, *, one_session: bool = False) -> Turn:
    """Postfix's `smtp-source -s 1`, which calls the server anew for each letter unless it is told not to."""
    command = [tool("smtp-source"), "-s", "1", "-l", str(LETTER_BYTES), "-m", str(letters)]
    began = time.perf_counter()
    subprocess.run([*command, *(["-d"] if one_session else []), f"{HOST}:{port}"], check=True)
    return Turn(letters, time.perf_counter() - began)


def flask_mail_loop(port: int, letters: Sequence[Letter]) -> Turn:
    """A plain loop over Flask-Mail's `mail.send` with the words of our letters."""
    app = Flask("plain")
    app.config.update(MAIL_SERVER=HOST, MAIL_PORT=port, MAIL_DEFAULT_SENDER="olga@team.example")
    mail = Mail(app)

    def loop() -> float:
        with app.app_context():
            began = time.perf_counter()
            for letter in letters:
                mail.send(Message(letter.subject, [letter.to_address], letter.text, letter.html))
            return time.perf_counter() - began

    return Turn(len(letters), in_child(loop))
