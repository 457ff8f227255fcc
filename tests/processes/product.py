"""A real `ratify up` in a folder of its own, started, watched and stopped from outside."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import psutil

from config import load_settings

ROOT = Path(__file__).parents[2]
RATIFY = Path(sys.executable).with_name("ratify")
# Generous, because other tests run on the same machine; nothing waits this long where all is well.
PATIENCE = 90.0

T = TypeVar("T")


def environment(folder: Path, **settings: str) -> dict[str, str]:
    """The environment of a command on `folder`, without the settings of whoever runs the tests."""
    ours = ("RATIFY_", "MAIL_", "INBOUND_", "DATABASE_URL", "REDIS_URL", "PORT", "SECRET_KEY", "TRUSTED_HOSTS")
    kept = {name: value for name, value in os.environ.items() if not name.startswith((*ours, "WEB_CONCURRENCY"))}
    return kept | {"RATIFY_DATA": str(folder), "PYTHONPATH": str(ROOT), "WEB_CONCURRENCY": "1"} | settings


def ratify(folder: Path, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(
        [RATIFY, *arguments],
        env=environment(folder, **settings),
        cwd="/",  # commands work from anywhere
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


def wait_for(what: str, condition: Callable[[], T | None]) -> T:
    """The first true value of `condition`."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        value = condition()
        if value:
            return value
        time.sleep(0.1)
    raise AssertionError(f"not within {PATIENCE:.0f} seconds: {what}")


def processes_of(folder: Path) -> list[psutil.Process]:
    """Every living process that was started for the data folder, whoever its parent is now."""
    # The queue server writes its title over its environment.
    socket = str(load_settings(RATIFY_DATA=str(folder)).queue_socket)
    found = []
    for process in psutil.process_iter():
        try:
            ours = process.environ().get("RATIFY_DATA") == str(folder) or socket in " ".join(process.cmdline())
            if ours and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except psutil.Error:
            continue
    return found


class Product:
    """One running copy."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self.folder = folder
        self._output = folder.with_name(f"{folder.name}.log")
        with self._output.open("w") as file:
            self.process = subprocess.Popen(
                [RATIFY, "up"],
                env=environment(folder, PORT="0", **settings),
                cwd=folder.parent,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def output(self) -> str:
        """All it has printed."""
        return self._output.read_text()

    def wait_until_ready(self) -> str:
        """Its address, as it prints it."""

        def address() -> str | None:
            assert self.process.poll() is None, self.output
            match = re.search(r"ready: (http://\S+)", self.output)
            return match.group(1) if match else None

        return wait_for(f"ready\n{self.output}", address)

    def child(self, name: str) -> psutil.Process | None:
        """The running child whose command line holds `name`."""
        for process in psutil.Process(self.process.pid).children():
            try:
                if any(name in part for part in process.cmdline()):
                    return process
            except psutil.Error:
                continue
        return None

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send the signal and wait for the end; the exit code is returned."""
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)


@contextmanager
def running(folder: Path, **settings: str) -> Iterator[Product]:
    """A ready copy; whatever a failed test leaves behind is killed."""
    folder.mkdir(parents=True, exist_ok=True)
    product = Product(folder, **settings)
    try:
        product.wait_until_ready()
        yield product
    finally:
        if product.process.poll() is None:
            product.stop()
        for process in processes_of(folder):
            process.kill()
