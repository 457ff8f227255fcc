"""One running copy per data folder: the lock on it, held as long as the process lives."""

from __future__ import annotations

import fcntl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


class AlreadyRunning(Exception):
    """Another process holds the data folder; the message says which and what to do."""


@contextmanager
def locked(folder: Path) -> Iterator[Callable[[str], None]]:
    """Hold `folder` for this process; the function it yields leaves a note (its address) for whoever comes second.

    The kernel drops the lock with the process, however it ends. Raises AlreadyRunning.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (folder / "running.lock").open("a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise AlreadyRunning(
                f"Ratify already runs on {folder} ({file.read() or 'it is just starting'}). "
                "Stop it first, or choose another folder and port: RATIFY_DATA=… PORT=…"
            ) from None
        file.truncate(0)

        def leave_note(text: str) -> None:
            file.write(text)
            file.flush()

        yield leave_note
        file.truncate(0)
