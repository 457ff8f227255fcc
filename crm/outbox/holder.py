"""Who holds a lease: one process on one host, told apart from a later one with the same number."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import psutil

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True)
class Holder:
    """A process. `worker` is its name for people; `start` tells two processes with one number apart."""

    worker: str
    host: str
    boot: str
    pid: int
    start: str


@lru_cache(maxsize=1)
def this_boot() -> str:
    """Names the machine's present run: another one after a restart or a power cut."""
    return _BOOT_ID.read_text().strip() if _BOOT_ID.exists() else str(round(psutil.boot_time() / 60))


@lru_cache(maxsize=1)
def this_host() -> str:
    """Names the place where process numbers mean the same: the machine, or one container on it."""
    namespace = Path("/proc/self/ns/pid")
    return f"{socket.gethostname()} {namespace.readlink() if namespace.exists() else ''}".strip()


def process_start(pid: int) -> str | None:
    """When that process of this host started, in a form of its own; None where it is gone or only waits to be reaped.

    Linux counts from the boot, which no change of the clock moves.
    """
    try:
        if Path("/proc/self/stat").exists():
            # The second field is the program's name in brackets, and may itself hold blanks and brackets.
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            return None if fields[0] in "ZX" else fields[19]
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else str(round(process.create_time()))
    except (OSError, IndexError, psutil.Error):
        return None


def this_process(queue: str) -> Holder:
    """The running process as a holder."""
    pid = os.getpid()
    return Holder(f"{queue}@{socket.gethostname()}:{pid}", this_host(), this_boot(), pid, process_start(pid) or "")
