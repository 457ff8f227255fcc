"""Who sends letters in `make bench-mail`: our whole durable path and Postfix's own source, and the sink for all."""

from __future__ import annotations

import logging
import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa
from redis import RedisError

from benchmarks.children import in_children
from benchmarks.peers import Letter
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
KILOBYTE = 1024
# A letter is at least as long as it is said to be, and not much longer.
_LONGER = 1.25
# One target in fifty has no address.
_WITH_ADDRESS = 0.98
# As long as ours.
_LINK = f"https://ratify.example/unsubscribe/{'x' * 135}"
_LINK_HTML = link_to(_LINK)
_BODY = "{{salutation}}\n\nWill you support *the Convention* in {{country}}?"
_END = "\n\n{{closing}}\n{{sender_name}}"
# So many such paragraphs are a kilobyte, for each is there as text and as HTML.
_MORE_PER_KILOBYTE = 4.4
_MORE = "\n\nWe ask *you*, {{name}}, for all who work without papers in {{country}}, and for those who wait for them."


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


@dataclass(frozen=True)
class Turn:
    """One contender's turn: so many letters in so many seconds."""

    letters: int
    seconds: float


def body_of(kilobytes: int) -> str:
    """Words of a template whose letters, text and HTML together, are so long on their way."""
    return _BODY + _MORE * max(0, round((kilobytes - 2) * _MORE_PER_KILOBYTE)) + _END


class Product:
    """Ratify on one database, with a planned mailing for each turn."""

    def __init__(
        self, folder: Path, port: int, database_url: str, *, letters: int, rounds: int, kilobytes: int = 2
    ) -> None:
        self.kilobytes = kilobytes
        settings = replaced(settings_in(folder, database_url), port)
        prepare_data(settings)
        self.app = create_app(settings)
        # Planning rings for the desk worker, and there is no queue server.
        logging.getLogger("crm.unit_of_work").setLevel(logging.ERROR)
        with self.app.app_context():
            self.mailings = prepare(
                round(letters / _WITH_ADDRESS), mailings=rounds, body=body_of(kilobytes), rest_days=0
            )
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

    def release(self, number: int) -> tuple[int, int]:
        """Release that mailing; its id and that of its batch."""
        with self.app.app_context():
            mailing_id = self.mailings[number]
            batch_id = db.session.get_one(Mailing, mailing_id).batch_id
            if batch_id is None:
                raise AssertionError("the mailing was not planned")
            with unit_of_work("release mailing", actor=ACTOR) as work:
                release(batch_id)
                work.doorbells.clear()  # there is no queue server: the job is called here
            self._rest()
        return mailing_id, batch_id

    def turn(self, number: int, workers: int = 1) -> Turn:
        """Release that mailing and send it by the worker's own job in so many forks at once; what came of it."""
        released = self.release(number)
        with self.app.app_context():
            times = in_children(time_of_sending, workers)
        return Turn(self.sent(released), max(ended for _, ended in times) - min(began for began, _ in times))

    def sent(self, released: tuple[int, int]) -> int:
        """Letters of the mailing on record as sent. Raises AssertionError where that record is not whole."""
        with self.app.app_context():
            letters = self._sent(*released)
            self._rest()
        return letters

    def _sent(self, mailing_id: int, batch_id: int) -> int:
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
        if not KILOBYTE <= size / self.kilobytes <= KILOBYTE * _LONGER:
            raise AssertionError(f"a letter takes {size:.0f} bytes")
        told = sa.select(sa.func.count()).where(TimelineEntry.kind == EntryKind.LETTER_SENT)
        if (db.session.scalar(told) or 0) < ledger.sent:
            raise AssertionError("letters are missing on their contacts' timelines")
        return ledger.sent


def replaced(settings: Settings, port: int) -> Settings:
    """The settings with the sink as mail server."""
    return settings.model_copy(update={"mail_server": HOST, "mail_port": port})


def time_of_sending() -> tuple[float, float]:
    """Turns of the worker until nothing is due: when that began and ended, by the one clock of all processes."""
    began = time.perf_counter()
    while True:
        try:
            send_waiting()
        except RedisError:
            continue  # it rang for another turn, and there is no queue server to hear it
        return began, time.perf_counter()


def smtp_source(port: int, letters: int, *, kilobytes: int = 2, one_session: bool = False) -> Turn:
    """Postfix's `smtp-source -s 1`, which calls the server anew for each letter unless it is told not to."""
    command = [tool("smtp-source"), "-s", "1", "-l", str(kilobytes * KILOBYTE), "-m", str(letters)]
    began = time.perf_counter()
    subprocess.run([*command, *(["-d"] if one_session else []), f"{HOST}:{port}"], check=True)
    return Turn(letters, time.perf_counter() - began)
