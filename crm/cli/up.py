"""`ratify up`: the whole product on this machine, until Ctrl-C."""

from __future__ import annotations

import http.client
import json
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from http import HTTPStatus
from time import monotonic
from urllib.parse import urlsplit

import click

from config import Environment, Settings, SettingsError, load_settings
from crm import create_app
from crm.cli.app import prepare_data
from crm.demo.actions import load_demo
from crm.demo.users import PASSWORD, USERS, demo_users_exist, no_users_yet
from crm.extensions import db
from crm.processes import data_folder, ports
from crm.processes.programs import QueueServerMissing, programs
from crm.processes.supervision import supervise

_PATIENCE = 30.0  # seconds until we say what we wait for
_PAUSE = 0.25  # seconds between two questions; a child's output turns the supervisor's loop as well


def _settle(settings: Settings) -> Settings:
    """The settings of all children: ports chosen, and a mail catcher where no mail server is set."""
    if settings.environment is Environment.PRODUCTION and not settings.mail_server:
        raise SettingsError("MAIL_SERVER is missing: mail is caught only outside production")
    chosen = {"RATIFY_DATA": str(settings.data), "PORT": str(ports.claim_port(settings.port))}
    if not settings.mail_server:
        chosen |= {"MAIL_SERVER": ports.HOST, "MAIL_PORT": str(ports.claim_port()), "MAIL_CATCHER": "true"}
    # Children read the same environment; their lines must not wait in a buffer.
    os.environ.update(chosen, PYTHONUNBUFFERED="1")
    return load_settings()


def _load_demo_once(settings: Settings, wanted: bool) -> Sequence[str]:
    """Load the demo on a first start, where it is wanted, and return how to sign in, line by line."""
    with create_app(settings).app_context():
        try:
            if no_users_yet():
                if not wanted or settings.environment is Environment.PRODUCTION:
                    return [
                        f"nobody can sign in yet: {sys.argv[0]} create-user --email … --name … --role admin --team …"
                    ]
                click.echo("Loading the demo: invented people, parties and letters (RATIFY_DEMO=0 starts empty)")
                load_demo()
            if not demo_users_exist():
                return []
            names = [f"  {user.email:<28} {user.role}" for user in USERS]
            return [f"sign in as one of these, with the password: {click.style(PASSWORD, bold=True)}", *names]
        finally:
            db.engine.dispose()


class _Announcement:
    """Prints the address once the product answers that it is ready, and what it waits for if that takes long."""

    def __init__(self, settings: Settings, sign_in: Sequence[str]) -> None:
        self.settings = settings
        self.sign_in = sign_in
        self.patient_until = monotonic() + _PATIENCE
        self.next_question = monotonic()
        self.done = False

    def _obstacles(self) -> list[str]:
        """What is not ready yet; nothing once all is."""
        # Local by construction: no proxy of the environment must stand between.
        connection = http.client.HTTPConnection(ports.HOST, self.settings.port, timeout=5)
        try:
            connection.request("GET", "/readyz", headers={"Host": urlsplit(self.settings.base_url).netloc})
            answer = connection.getresponse()
            found = json.load(answer)
            return [] if answer.status == HTTPStatus.OK else list(found["problems"])
        except (OSError, http.client.HTTPException, ValueError, KeyError) as error:
            return [f"the web server does not answer yet ({error})"]
        finally:
            connection.close()

    def __call__(self, say: Callable[[str], None]) -> None:
        if self.done or monotonic() < self.next_question:
            return
        obstacles = self._obstacles()
        self.next_question = monotonic() + _PAUSE
        if not obstacles:
            self.done = True
            for line in self.sign_in:
                say(line)
            if self.settings.mail_catcher:
                say(f"no real mail leaves this machine: {self.settings.base_url}/caught-mail")
            say(f"ready: {click.style(self.settings.base_url, bold=True)} (Ctrl-C stops everything)")
        elif monotonic() > self.patient_until:
            self.patient_until = monotonic() + _PATIENCE
            say(f"not ready yet: {'; '.join(obstacles)}")


def _run(settings: Settings, with_demo: bool) -> None:
    """Prepare the data and supervise the programs to the end."""
    running = programs(settings)
    click.echo(f"Preparing {settings.data}")
    prepare_data(settings)
    sign_in = _load_demo_once(settings, with_demo)
    try:
        supervise(settings.data / "run", running, _Announcement(settings, sign_in))
    finally:
        with suppress(OSError):  # no socket folder here, or something is in it
            settings.queue_socket.parent.rmdir()


@click.command()
@click.option("--no-demo", is_flag=True, help="Start empty, as RATIFY_DEMO=0 does.")
def up(no_demo: bool) -> None:
    """Run the whole product: web, workers, queue server and mail catcher, until Ctrl-C."""
    try:
        wanted = load_settings()
        with data_folder.locked(wanted.data) as leave_note:
            settings = _settle(wanted)
            leave_note(f"process {os.getpid()}, {settings.base_url}")
            _run(settings, settings.demo and not no_demo)
    except (ports.PortInUse, data_folder.AlreadyRunning, QueueServerMissing, OSError) as refusal:
        raise click.ClickException(str(refusal)) from None
