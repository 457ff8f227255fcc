"""What else goes wrong beside kills: the queue server, the database, the disk, the clock and the power.

Each trouble is a function that makes it, lets it last, and ends it; `lacking` says why one cannot be had here.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import redis
import sqlalchemy as sa

from config import Settings
from crm.extensions import db
from crm.outbox.leases import LEASES, MESSAGES, RECEIPTS
from crm.outbox.models import MessageState
from tests.kill_test.letters import unfinished
from tests.servers.processes import Crew, PromiseBroken, QueueServer, ServerLog

LOCKED_FOR = 10.0  # seconds
_PATIENCE = 60.0
_NO_ROOM = "database or disk is full"
_SWITCH_AFTER = timedelta(seconds=20)
_FAKETIME = ("/usr/lib/*-linux-gnu/faketime", "/usr/lib/faketime", "/usr/lib64/faketime")


@dataclass
class World:
    """What the workers work with, and may lose. `small_disk`: the data folder has a disk of its own."""

    settings: Settings
    crew: Crew
    queue: QueueServer
    log: ServerLog
    clock: Clock
    small_disk: bool = False

    @property
    def on_sqlite(self) -> bool:
        """Whether the database is a file of this host."""
        return db.engine.dialect.name == "sqlite"

    def stalled(self, seconds: float) -> bool:
        """Whether no letter was taken for so long; says so at once when one is."""
        taken, until = self.log.read(), time.monotonic() + seconds
        while time.monotonic() < until:
            time.sleep(0.05)
            if self.log.read() > taken:
                return False
        return True


class Clock:
    """The workers' clock, moved by libfaketime, and their time zone, whose summer time begins in their midst.

    Both belong to the workers alone: nobody else's clock moves.
    """

    def __init__(self, folder: Path) -> None:
        roots = [root for pattern in _FAKETIME for root in Path("/").glob(pattern.lstrip("/"))]
        found = [library for root in roots for library in sorted(root.glob("libfaketime.so*"))]
        self.library = found[0] if found else None
        self.file = folder / "clock"
        self.file.write_text("+0")
        self.summer_begins = datetime.now(UTC) + _SWITCH_AFTER

    def environment(self) -> dict[str, str]:
        """What makes a worker go by this clock."""
        switch = self.summer_begins
        # POSIX: a day's number counts from 1 and knows no 29 February; both rules are times of the clock they end.
        day = (switch.replace(year=2001) - datetime(2001, 1, 1, tzinfo=UTC)).days + 1
        rule = f"J{day}/{switch:%H:%M:%S}"
        back = f"J{(day + 100) % 365 + 1}"
        zone = {"TZ": f"WIN0SUM-1,{rule},{back}"}
        if self.library is None:
            return zone
        return zone | {
            "LD_PRELOAD": str(self.library),
            "FAKETIME_TIMESTAMP_FILE": str(self.file),
            "FAKETIME_CACHE_DURATION": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }

    def move(self, offset: timedelta) -> None:
        """Show the workers so much more than the true time."""
        self.file.write_text(f"{offset.total_seconds():+.0f}")


def flush_queue(world: World) -> None:
    """All the queue server holds is gone."""
    redis.from_url(world.settings.redis_url).flushall()


def empty_queue_server(world: World) -> None:
    """The queue server is killed, away for some seconds, and comes back with nothing."""
    world.queue.kill()
    time.sleep(3)
    world.queue.start()


def lock_database(world: World) -> None:
    """Somebody holds the database so that nobody else writes; next to no letter may leave meanwhile."""
    # Whoever begins to write on SQLite has its lock.
    with db.engine.connect().execution_options(write=True) as connection, connection.begin() as transaction:
        if not world.on_sqlite:
            connection.exec_driver_sql("LOCK TABLE outgoing_message, outbox_lease, outbox_receipt IN EXCLUSIVE MODE")
        time.sleep(1)
        taken = world.log.read()
        time.sleep(LOCKED_FOR - 1)
        leaked = world.log.read() - taken
        transaction.rollback()
    if leaked > world.crew.size:
        raise PromiseBroken(f"{leaked} letters left while no mark could be written")


def fill_disk(world: World) -> None:
    """The disk of the database is full until no letter leaves any more, and the workers say why."""
    filler = world.settings.data / "filler"
    said_before = world.crew.log.read_text().count(_NO_ROOM)
    try:
        # What a log file frees meanwhile is filled again.
        patience = time.monotonic() + _PATIENCE
        while True:
            with contextlib.suppress(OSError), filler.open("ab", buffering=0) as file:
                while True:
                    file.write(b"\0" * 4096)
            if world.stalled(3) and world.crew.log.read_text().count(_NO_ROOM) > said_before:
                return
            if time.monotonic() > patience:
                raise PromiseBroken("letters still leave, though the disk is full")
    finally:
        filler.unlink()


def day_ahead(world: World) -> None:
    """The clock jumps three days ahead."""
    world.clock.move(timedelta(days=3))


def day_back(world: World) -> None:
    """The clock goes back to the true time."""
    world.clock.move(timedelta())


def _claimed() -> bool:
    """Whether letters are in somebody's claim."""
    claimed = sa.exists().where(MESSAGES.c.state == MessageState.CLAIMED, MESSAGES.c.lease_token.is_not(None))
    with db.engine.connect() as connection:
        return bool(connection.scalar(sa.select(claimed)))


def cut_power(world: World) -> None:
    """Every process dies at one moment, and the marks that had not reached the disk are gone with them.

    What a power cut leaves: claims, which wait for the disk; no receipts, and leases of another boot. PostgreSQL
    empties the leases after a crash, for their table is unlogged.
    """
    patience = time.monotonic() + _PATIENCE
    world.crew.kill_all()
    while not _claimed():
        # Killed at once where they are at work; where they still start, after their first claim.
        world.crew.ensure()
        while not _claimed():
            if time.monotonic() > patience:
                raise PromiseBroken("nothing was claimed for a minute")
            time.sleep(0.005)
        world.crew.kill_all()
    with db.engine.begin() as connection:
        connection.execute(sa.delete(RECEIPTS))
        if world.on_sqlite:
            connection.execute(sa.update(LEASES).values(boot="before the power cut", leaving_id=None))
        else:
            connection.execute(sa.delete(LEASES))
    world.crew.ensure()


@dataclass(frozen=True)
class Trouble:
    """One that goes wrong once. `holds`: how many letters a worker may have to hold for it, as for a kill."""

    name: str
    make: Callable[[World], None]
    holds: int = 0
    lacking: Callable[[World], str | None] = lambda _world: None


def _no_clock(world: World) -> str | None:
    return None if world.clock.library else "libfaketime is not installed"


def _no_small_disk(world: World) -> str | None:
    if not world.on_sqlite:
        return "PostgreSQL's disk is not ours to fill"
    return None if world.small_disk else "no disk of its own could be mounted"


# The power cut first, where one worker is at work; the others in this order too, at moments of chance.
TROUBLES = (
    Trouble("power cut", cut_power),
    Trouble("queue flushed", flush_queue),
    Trouble("queue server emptied", empty_queue_server),
    Trouble("database locked", lock_database, holds=1),
    Trouble("disk full", fill_disk, holds=1, lacking=_no_small_disk),
    Trouble("clock three days ahead", day_ahead, holds=1, lacking=_no_clock),
    Trouble("clock back", day_back, holds=1, lacking=_no_clock),
)


def possible(world: World) -> Iterator[Trouble]:
    """The troubles that can be had here."""
    for trouble in TROUBLES:
        if trouble.lacking(world) is None:
            yield trouble


def resumed(world: World, within: float) -> float:
    """Seconds until the next letter is taken. Raises PromiseBroken where that lasts too long."""
    began, taken = time.monotonic(), world.log.read()
    while world.log.read() == taken:
        world.crew.ensure()
        if time.monotonic() - began > within:
            raise PromiseBroken(f"no letter left for {within:.0f} seconds; {unfinished()} wait")
        time.sleep(0.02)
    return time.monotonic() - began
