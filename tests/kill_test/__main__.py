"""Sends letters through real workers that are killed all the while, and counts what became of each letter.

`python -m tests.kill_test --kills N [--letters L] [--database-url URL] [--seed S]`. Real `worker.py mail` processes,
one, then two, then four at once, and their forked children get SIGKILL (parent, child or both, in random order at
random moments) and are started again, while the letters go to a real SMTP server, in a process of its own that logs
each letter before it says yes. In between all else goes wrong once: `tests/kill_test/troubles.py`. The last line is
one JSON object; the exit code is 0 only if every promise held and the test reached what it is about.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from config import Settings, load_settings
from crm import create_app
from crm.database import upgrade_schema
from crm.extensions import db
from tests.kill_test.killing import CREWS, VICTIMS, Killing, say
from tests.kill_test.letters import accounts, post_letters, unfinished
from tests.kill_test.troubles import TROUBLES, Clock, World, possible
from tests.servers.processes import UNPACED, Crew, PromiseBroken, QueueServer, ServerLog, environment_of, smtp_process

_LARGEST_CLAIM = 200
# Room for what each letter takes, and little more: a disk is to be filled.
_DISK_MEGABYTES, _LETTERS_IN_A_MEGABYTE = 32, 250
_APART = "RATIFY_KILL_TEST_MOUNTS"


def broken_promises(found: Mapping[str, Any], *, kills: int, letters: int, troubles: int) -> list[str]:
    """What did not hold, in words."""
    not_arrived = found["held"] - found["held_arrived"]
    accounted = found["server_received"] + found["failed"] + found["cancelled"] + not_arrived
    checks = {
        "a letter was sent twice": found["duplicates"] == 0,
        "a letter was lost": found["lost"] == 0,
        "a letter is called sent that never arrived": found["false_sent"] == 0,
        "more letters are held than there were kills and troubles": found["held"] - found["held_by_power_cut"]
        <= found["may_be_held"],
        "a power cut leaves more in doubt than a claim, or nothing": 0 < found["held_by_power_cut"] <= _LARGEST_CLAIM,
        "the letters do not add up": found["letters"] == accounted,
        "a batch has counted its letters wrongly": found["miscounted_batches"] == 0,
        "a letter arrived that is called failed or cancelled": found["server_received"]
        == found["sent"] + found["held_arrived"],
        "fewer kills than asked": found["kills"] == kills,
        "fewer letters than asked": found["letters"] == letters,
        "fewer troubles than there are": len(found["resumed_after_seconds"]) == troubles,
        "the last kill came when all was done": kills == 0 or found["in_flight_at_last_kill"] > 0,
        "one kind of kill never happened": kills < len(VICTIMS) or all(found[f"killed_{victim}"] for victim in VICTIMS),
        "no letter was refused or suppressed": found["failed"] > 0 and found["cancelled"] > 0,
        "never so many workers at once as meant": found["most_workers"] == max(CREWS),
        "summer time began after the last letter": found["summer_time_began"],
    }
    return [words for words, held in checks.items() if not held]


def _send_to_the_end(world: World) -> None:
    patience = time.monotonic() + 180
    while unfinished():
        world.crew.ensure()
        if time.monotonic() > patience:
            return  # the figures tell which letters hang
        time.sleep(0.1)


def run(world: World, kills: int, letters: int, seed: int) -> tuple[dict[str, Any], list[str]]:
    """Send the letters through killed workers, to the end: what was found, and what did not hold."""
    upgrade_schema(world.settings.sqlalchemy_url)
    with create_app(world.settings).app_context():
        post_letters(letters)
        killing = Killing(world, letters, kills, random.Random(seed))
        try:
            killing.run()
            _send_to_the_end(world)
            world.crew.stop()
            if world.crew.left_over():
                raise PromiseBroken(f"processes are left: {world.crew.left_over()}")
            lacking = {trouble.name: why for trouble in TROUBLES if (why := trouble.lacking(world))}
            found = accounts(world.log) | killing.reach() | {"lacking": lacking}
            troubles = len(list(possible(world)))
            return found, broken_promises(found, kills=kills, letters=letters, troubles=troubles)
        finally:
            world.crew.kill_all()
            db.session.remove()
            db.engine.dispose()


def _settings(data: Path, database_url: str, queue: QueueServer, port: int) -> Settings:
    return load_settings(
        RATIFY_ENV="test",
        RATIFY_DATA=str(data),
        DATABASE_URL=database_url,
        REDIS_URL=queue.url,
        SECRET_KEY="only for the kill test, long enough to sign",
        MAIL_SERVER="127.0.0.1",
        MAIL_PORT=str(port),
        **UNPACED,
    )


def _see_own_mounts_alone() -> None:
    """Begin anew where a disk can be mounted without being root, and is gone with this process; else go on as it is."""
    alone = ["unshare", "--user", "--map-root-user", "--mount"]
    if _APART in os.environ or shutil.which("unshare") is None:
        return
    if subprocess.run([*alone, "true"], capture_output=True, check=False).returncode == 0:
        command = [*alone, sys.executable, "-m", "tests.kill_test", *sys.argv[1:]]
        os.execvpe(command[0], command, os.environ | {_APART: "1"})


@contextlib.contextmanager
def _own_disk(folder: Path, letters: int) -> Iterator[bool]:
    """A small disk at that folder, where this process may mount one; whether it could."""
    folder.mkdir()
    if _APART not in os.environ:
        yield False
        return
    size = f"size={_DISK_MEGABYTES + letters // _LETTERS_IN_A_MEGABYTE}m"
    mount = ["mount", "-t", "tmpfs", "-o", size, "tmpfs", str(folder)]
    mounted = subprocess.run(mount, capture_output=True, check=False).returncode == 0
    try:
        yield mounted
    finally:
        if mounted:
            subprocess.run(["umount", str(folder)], check=True)


def main() -> int:
    """The command."""
    arguments = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    arguments.add_argument("--kills", type=int, default=100)
    arguments.add_argument("--letters", type=int, default=0, help="default 4,000, or twenty for each kill")
    arguments.add_argument("--database-url", default="", help="an empty database; default a SQLite file of its own")
    arguments.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    given = arguments.parse_args()
    if not given.database_url:
        _see_own_mounts_alone()
    letters = given.letters or max(4000, given.kills * 20)
    started = time.monotonic()
    say(f"kill test: {given.kills} kills, {letters} letters, seed {given.seed}")
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ratify-kill-test-")))
        small_disk = stack.enter_context(_own_disk(folder / "data", letters))
        queue = stack.enter_context(QueueServer(folder))
        log = ServerLog(folder / "smtp.log")
        settings = _settings(folder / "data", given.database_url, queue, stack.enter_context(smtp_process(log.path)))
        clock = Clock(folder)
        crew = Crew(environment_of(settings) | clock.environment(), folder / "worker.log")
        world = World(settings, crew, queue, log, clock, small_disk)
        found: dict[str, Any] = {}
        try:
            found, broken = run(world, given.kills, letters, given.seed)
        except PromiseBroken as error:
            broken = [str(error)]
        if broken:
            say((folder / "worker.log").read_text()[-20_000:] if (folder / "worker.log").exists() else "no worker ran")
    for words in broken:
        say(f"BROKEN: {words}")
    print(json.dumps({**found, "seconds": round(time.monotonic() - started), "seed": given.seed, "broken": broken}))
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
