"""The supervision of children that misbehave."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from tests.processes.product import PATIENCE, ROOT, environment, processes_of, wait_for

SUPERVISE = """
import sys
from pathlib import Path
from crm.processes.programs import Program
from crm.processes.supervision import supervise

program = Program("child", "children", 10, 1, (sys.executable, "-u", "-c", sys.argv[2]))
supervise(Path(sys.argv[1]), [program], lambda say: None)
"""

# Like a worker that is busy: its fork leads a process group of its own, and neither heeds SIGTERM.
BUSY = """
import os, signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
if os.fork() == 0:
    os.setpgrp()
    print("working", flush=True)
time.sleep(600)
"""


@contextmanager
def supervised(folder: Path, code: str) -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
    output = folder / "output.log"
    with output.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-c", SUPERVISE, folder / "run", code],
            env=environment(folder),
            cwd=ROOT,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield process, output
    finally:
        for left in processes_of(folder):
            left.kill()
        process.wait(PATIENCE)


def test_a_busy_child_and_its_fork_are_ended_in_bounded_time(tmp_path: Path) -> None:
    with supervised(tmp_path, BUSY) as (process, output):
        wait_for("the fork", lambda: "child  | working" in output.read_text())
        assert len(processes_of(tmp_path)) == 3
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0
        assert processes_of(tmp_path) == []
        assert "stopped" in output.read_text()


def test_children_stand_outside_the_terminals_process_group(tmp_path: Path) -> None:
    with supervised(tmp_path, "print('hello'); import time; time.sleep(600)") as (process, output):
        wait_for("the child", lambda: "child  | hello" in output.read_text())
        (child,) = psutil.Process(process.pid).children()
        assert os.getpgid(child.pid) != os.getpgid(process.pid)
        os.killpg(os.getpgid(process.pid), signal.SIGHUP)  # what a closed terminal sends
        assert process.wait(PATIENCE) == 0
        assert processes_of(tmp_path) == []


def test_a_child_that_keeps_failing_is_tried_again(tmp_path: Path) -> None:
    with supervised(tmp_path, "print('one line'); print('half', end=''); raise SystemExit(3)") as (process, output):
        wait_for("three starts", lambda: output.read_text().count("child  | one line") >= 3)
        assert "child ended; starting it again" in output.read_text()
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE) == 0
