"""Keeps the programs of `ratify up` running: supervisor in this process, its output with names in front."""

from __future__ import annotations

import os
import shlex
import signal
import sys
from collections.abc import Callable, Sequence
from configparser import RawConfigParser
from contextlib import suppress
from pathlib import Path
from typing import Any

import click
import psutil
from supervisor import events
from supervisor.medusa import asyncore_25
from supervisor.options import ServerOptions
from supervisor.supervisord import Supervisor

from crm.processes.programs import Program

_TIED = (sys.executable, "-I", "-S", str(Path(__file__).with_name("tied.py")))
_COLOURS = ("cyan", "magenta", "green", "yellow", "blue")


def _write_config(folder: Path, programs: Sequence[Program]) -> Path:
    """Supervisor's configuration. Commands go through the environment: a path in the file itself would have to
    survive its comments, its percent signs and its quoting.
    """
    config = RawConfigParser()
    config["supervisord"] = {
        "nodaemon": "true",
        "silent": "true",
        "logfile": "%(here)s/supervisor.log",
        "logfile_maxbytes": "1MB",
        "logfile_backups": "1",
        "pidfile": "%(here)s/supervisor.pid",
        "minfds": "256",
        "minprocs": "1",
    }
    for program in programs:
        variable = f"RATIFY_PROGRAM_{program.name.upper()}"
        os.environ[variable] = shlex.join((*_TIED, *program.command))
        config[f"program:{program.name}"] = {
            "command": f"%(ENV_{variable})s",
            "autorestart": "true",
            # A child that ends sooner is started again at growing distances, and never given up.
            "startsecs": "5",
            "startretries": "1000000",
            "stopwaitsecs": str(program.patience),
            "killasgroup": "true",
            "redirect_stderr": "true",
            "stdout_logfile": "NONE",
            "stdout_events_enabled": "true",
        }
    for group in dict.fromkeys(program.group for program in programs):
        members = [program for program in programs if program.group == group]
        config[f"group:{group}"] = {
            "programs": ",".join(program.name for program in members),
            "priority": str(members[0].priority),
        }
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "supervisor.conf"
    with path.open("w", encoding="utf-8") as file:
        config.write(file)
    return path


class _Output:
    """Writes the children's lines with the child's name in front."""

    def __init__(self, names: Sequence[str]) -> None:
        self._width = max(map(len, (*names, "ratify")))
        self._colours = dict(zip(names, _COLOURS * 2, strict=False))
        self._rest: dict[str, bytes] = {}

    def line(self, name: str, text: str) -> None:
        """Print one line in the name of a child, or of `ratify` itself."""
        mark = click.style(f"{name:<{self._width}} |", fg=self._colours.get(name, "white"))
        click.echo(f"{mark} {text}")

    def data(self, event: Any) -> None:
        """Print the whole lines of what a child has written; the rest waits for more."""
        name = event.process.config.name
        *lines, self._rest[name] = (self._rest.get(name, b"") + event.data).split(b"\n")
        for line in lines:
            self.line(name, line.decode("utf-8", "replace").rstrip())

    def end(self, name: str) -> None:
        """Print what a child has left without a line's end."""
        rest = self._rest.pop(name, b"")
        if rest:
            self.line(name, rest.decode("utf-8", "replace"))


class _Foreman(Supervisor):  # type: ignore[misc]  # supervisor ships no types
    """Supervisor, told what to do at each turn of its loop."""

    def __init__(self, options: Any, output: _Output, each_turn: Callable[[], None]) -> None:
        super().__init__(options)
        self.output = output
        self.each_turn = each_turn
        self.descendants: set[psutil.Process] = set()

    def runforever(self) -> None:
        # A closed terminal means stop; supervisor would take it as "read the configuration again".
        signal.signal(signal.SIGHUP, lambda _number, frame: self.options.signal_receiver.receive(signal.SIGTERM, frame))
        events.subscribe(events.ProcessLogEvent, self.output.data)
        events.subscribe(events.ProcessStateExitedEvent, self._ended)
        events.subscribe(events.ProcessStateBackoffEvent, self._ended)
        events.subscribe(events.SupervisorStoppingEvent, self._stopping)
        events.subscribe(events.ProcessStateStoppingEvent, self._remember)
        # The loop would wait for a second before it starts anything.
        for group in self.process_groups.values():
            group.transition()
        super().runforever()

    def tick(self, now: float | None = None) -> None:
        super().tick(now)
        if not self.stopping:
            self.each_turn()

    def _ended(self, event: Any) -> None:
        self.output.end(event.process.config.name)
        if not self.stopping:
            self.output.line("ratify", f"{event.process.config.name} ended; starting it again")

    def _stopping(self, _event: Any) -> None:
        self.output.line("ratify", "stopping")

    def _remember(self, _event: Any) -> None:
        # A worker's forked child leads a group of its own, which no signal to the worker's group reaches.
        self.descendants.update(psutil.Process().children(recursive=True))


def supervise(folder: Path, programs: Sequence[Program], each_turn: Callable[[Callable[[str], None]], None]) -> None:
    """Run the programs until SIGINT, SIGTERM or SIGHUP, then stop them all, the highest priority first.

    `folder` takes supervisor's own files. `each_turn` is called about once a second with a function that prints a line.
    """
    output = _Output([program.name for program in programs])
    config = _write_config(folder, programs)
    options = ServerOptions()
    options.realize(["-c", str(config)])
    options.first = True
    options.test = False

    def turn() -> None:
        each_turn(lambda text: output.line("ratify", text))

    foreman = _Foreman(options, output, turn)
    with suppress(asyncore_25.ExitNow):
        foreman.main()
    for process in foreman.descendants:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(foreman.descendants, timeout=5)
    output.line("ratify", "stopped")
