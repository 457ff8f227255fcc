"""Sends letters through real workers that are killed all the while, and counts what became of each letter.

`python -m tests.kill_test --kills N [--letters L] [--database-url URL] [--seed S]`. Real `worker.py mail` processes and
their forked children get SIGKILL (parent, child or both, in random order at random moments) and are started again,
while the letters go to a real SMTP server, in a process of its own that logs each letter before it says yes. The last
line is one JSON object; the exit code is 0 only if every promise held and the test reached what it is about.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import sqlalchemy as sa

from config import Settings, load_settings
from crm import create_app
from crm.database import upgrade_schema
from crm.extensions import db
from crm.outbox.actions import Draft, open_batch, post, release, suppress
from crm.outbox.models import MessageState, OutgoingMessage, SuppressionReason
from crm.outbox.tallies import recount
from crm.unit_of_work import unit_of_work
from tests.servers.processes import PromiseBroken, ServerLog, Workers, environment_of, queue_process, smtp_process

FINAL = {MessageState.SENT, MessageState.FAILED, MessageState.HELD, MessageState.CANCELLED}
# One letter in a hundred goes to somebody the server does not know, another to somebody who is suppressed.
REFUSED, SUPPRESSED = 17, 53
VICTIMS = ("parent", "child", "both")


def _draft(number: int) -> Draft:
    kind = {REFUSED: "refused", SUPPRESSED: "suppressed"}.get(number % 100, "member")
    return Draft(
        reference=f"letter:{number}",
        to_address=f"{kind}{number}@parliament.example",
        to_name=f"Membre n° {number} Ελλάδα",
        subject=f"Ratification № {number}",
        text=f"Dear member {number},\n\nplease ratify.\n" * 5,
        html=f"<p>Dear member {number},</p><p>please ratify.</p>" * 5,
        one_click_unsubscribe=True,
    )


def post_letters(count: int) -> int:
    """A released batch of so many letters; its id."""
    if db.session.scalar(sa.select(sa.exists().where(OutgoingMessage.id.is_not(None)))):
        raise PromiseBroken("this database already has letters: give the kill test one of its own")
    with unit_of_work("post letters", actor="command:kill-test"):
        batch = open_batch("kill-test", "kill-test")
        for start in range(0, count, 1000):
            post(batch.id, [_draft(number) for number in range(start, min(start + 1000, count))])
        for number in range(SUPPRESSED, count, 100):
            suppress(f"suppressed{number}@parliament.example", SuppressionReason.BY_HAND)
        release(batch.id)
        return batch.id


def unfinished() -> int:
    """How many letters have not come to an end."""
    db.session.rollback()
    return (
        db.session.scalar(sa.select(sa.func.count()).where(OutgoingMessage.state.in_(set(MessageState) - FINAL))) or 0
    )


def say(text: str) -> None:
    """Progress, apart from the result."""
    print(text, file=sys.stderr, flush=True)


@dataclass
class Killing:
    """The killing itself, at so many moments spread over the sending."""

    workers: Workers
    log: ServerLog
    letters: int
    kills: int
    chance: random.Random
    done: Counter[str] = field(default_factory=Counter)
    in_flight_at_last: int = 0

    def run(self) -> None:
        """Kill so many times, each while letters are on their way, at moments that depend on the letters' progress."""
        last = int(self.letters * 0.95)
        moments = sorted(self.chance.randrange(1, last) for _ in range(self.kills))
        victims = [VICTIMS[number % len(VICTIMS)] for number in range(self.kills)]
        self.chance.shuffle(victims)
        for number, (moment, victim) in enumerate(zip(moments, victims, strict=True), 1):
            self._wait_for(moment)
            self._kill(victim)
            if number % 10 == 0:
                say(f"{number} kills, {self.log.read()} letters taken")

    def _wait_for(self, moment: int) -> None:
        patience = time.monotonic() + 120
        while self.log.read() < moment:
            self.workers.ensure()
            if time.monotonic() > patience:
                raise PromiseBroken(f"no progress for two minutes at {self.log.read()} of {self.letters} letters")
            time.sleep(0.002)

    def _kill(self, victim: str) -> None:
        patience = time.monotonic() + 60
        time.sleep(self.chance.uniform(0, 0.02))
        while not self.workers.kill(victim):
            if time.monotonic() > patience:
                raise PromiseBroken("no worker at work for a minute")
            time.sleep(0.002)
        self.done[victim] += 1
        self.in_flight_at_last = unfinished()


def figures(log: ServerLog, killing: Killing) -> dict[str, int]:
    """Every letter accounted for, by the database on one side and the server's own log on the other."""
    log.read()
    rows = db.session.execute(sa.select(OutgoingMessage.message_id_header, OutgoingMessage.state)).all()
    states = Counter(state for _message_id, state in rows)
    taken = log.letters
    with unit_of_work("recount", actor="test"):
        miscounted = len(recount())
    return {
        "kills": sum(killing.done.values()),
        "letters": len(rows),
        "server_received": len(taken),
        "duplicates": sum(taken.values()) - len(taken),
        "lost": sum(1 for message_id, state in rows if message_id not in taken and state not in FINAL),
        "false_sent": sum(1 for message_id, state in rows if message_id not in taken and state is MessageState.SENT),
        "held": states[MessageState.HELD],
        "held_arrived": sum(1 for message_id, state in rows if message_id in taken and state is MessageState.HELD),
        "sent": states[MessageState.SENT],
        "failed": states[MessageState.FAILED],
        "cancelled": states[MessageState.CANCELLED],
        **{f"killed_{victim}": killing.done[victim] for victim in VICTIMS},
        "in_flight_at_last_kill": killing.in_flight_at_last,
        "miscounted_batches": miscounted,
    }


def broken_promises(found: dict[str, int], *, kills: int, letters: int) -> list[str]:
    """What did not hold, in words."""
    not_arrived = found["held"] - found["held_arrived"]
    accounted = found["server_received"] + found["failed"] + found["cancelled"] + not_arrived
    checks = {
        "a letter was sent twice": found["duplicates"] == 0,
        "a letter was lost": found["lost"] == 0,
        "a letter is called sent that never arrived": found["false_sent"] == 0,
        "more letters are held than kills were done": found["held"] <= found["kills"],
        "the letters do not add up": found["letters"] == accounted,
        "a batch has counted its letters wrongly": found["miscounted_batches"] == 0,
        "a letter arrived that is called failed or cancelled": found["server_received"]
        == found["sent"] + found["held_arrived"],
        "fewer kills than asked": found["kills"] == kills,
        "fewer letters than asked": found["letters"] == letters,
        "the last kill came when all was done": kills == 0 or found["in_flight_at_last_kill"] > 0,
        "one kind of kill never happened": kills < len(VICTIMS) or all(found[f"killed_{victim}"] for victim in VICTIMS),
        "no letter was refused or suppressed": found["failed"] > 0 and found["cancelled"] > 0,
    }
    return [words for words, held in checks.items() if not held]


def run(settings: Settings, log: ServerLog, kills: int, letters: int, seed: int) -> dict[str, int]:
    """Send the letters through killed workers, to the end."""
    upgrade_schema(settings.sqlalchemy_url)
    with create_app(settings).app_context():
        post_letters(letters)
        workers = Workers(environment_of(settings), settings.data / "worker.log")
        killing = Killing(workers, log, letters, kills, random.Random(seed))
        try:
            killing.run()
            patience = time.monotonic() + 180
            while unfinished():
                workers.ensure()
                if time.monotonic() > patience:
                    break  # the figures tell which letters hang
                time.sleep(0.1)
            workers.stop()
            if workers.left_over():
                raise PromiseBroken(f"processes are left: {workers.left_over()}")
            return figures(log, killing)
        finally:
            for pid in workers.left_over():
                os.kill(pid, signal.SIGKILL)
            workers.ensure_dead()
            db.session.remove()
            db.engine.dispose()


def main() -> int:
    """The command."""
    arguments = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    arguments.add_argument("--kills", type=int, default=100)
    arguments.add_argument("--letters", type=int, default=0, help="default 2,000, or ten for each kill")
    arguments.add_argument("--database-url", default="", help="an empty database; default a SQLite file of its own")
    arguments.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    given = arguments.parse_args()
    letters = given.letters or max(2000, given.kills * 10)
    started = time.monotonic()
    say(f"kill test: {given.kills} kills, {letters} letters, seed {given.seed}")
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ratify-kill-test-")))
        queue_url = stack.enter_context(queue_process(folder))
        log = ServerLog(folder / "smtp.log")
        port = stack.enter_context(smtp_process(log.path))
        settings = load_settings(
            RATIFY_ENV="test",
            RATIFY_DATA=str(folder),
            DATABASE_URL=given.database_url,
            REDIS_URL=queue_url,
            SECRET_KEY="only for the kill test, long enough to sign",
            MAIL_SERVER="127.0.0.1",
            MAIL_PORT=str(port),
        )
        try:
            found = run(settings, log, given.kills, letters, given.seed)
            broken = broken_promises(found, kills=given.kills, letters=letters)
        except PromiseBroken as error:
            found, broken = {}, [str(error)]
        if broken:
            say((folder / "worker.log").read_text()[-20_000:] if (folder / "worker.log").exists() else "no worker ran")
    for words in broken:
        say(f"BROKEN: {words}")
    print(json.dumps({**found, "seconds": round(time.monotonic() - started), "seed": given.seed, "broken": broken}))
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
