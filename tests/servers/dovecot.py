"""A real mailbox of the server most mailboxes are on: Debian's dovecot, which speaks IMAP with TLS and STARTTLS."""

from __future__ import annotations

import grp
import imaplib
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path

from tests.servers.mailbox import PASSWORD, USER, free_port

_CONFIGURATION = """
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
listen = 127.0.0.1
protocols = imap
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
first_valid_uid = 1
ssl = yes
ssl_cert = <{certificate}
ssl_key = <{key}
mail_location = maildir:{folder}/mail
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={user} gid={group} home={folder}
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {tls_port}
    ssl = yes
  }}
}}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
"""


def program() -> str | None:
    """Where the server is; None where the machine has none."""
    return shutil.which("dovecot", path=f"{os.environ.get('PATH', '')}:/usr/sbin")


@dataclass
class Dovecot:
    """The server; stopped and started again it is another mailbox, whose numbers begin anew."""

    imap_port: int
    tls_port: int
    certificate: Path
    key: Path
    folder: Path | None = None
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Come up, empty."""
        # It serves no mail of the superuser, and its own users are there only where the package was set up.
        user = pwd.getpwnam("nobody") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
        self.folder = Path(tempfile.mkdtemp(prefix="ratify-dovecot-"))
        configuration = self.folder / "dovecot.conf"
        values = {
            "folder": self.folder,
            "user": user.pw_name,
            "group": grp.getgrgid(user.pw_gid).gr_name,
            "password": PASSWORD,
            "port": self.imap_port,
            "tls_port": self.tls_port,
            "certificate": self.certificate,
            "key": self.key,
        }
        configuration.write_text(_CONFIGURATION.format_map(values))
        os.chown(self.folder, user.pw_uid, user.pw_gid)
        self.process = subprocess.Popen([str(program()), "-F", "-c", str(configuration)])
        until = time.monotonic() + 60
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.tls_port), 1).close()
                break
            except OSError:
                said = self.folder / "log"
                assert self.process.poll() is None, said.read_text() if said.exists() else "dovecot has ended"
                assert time.monotonic() < until, "dovecot did not come up"
                time.sleep(0.05)

    def stop(self) -> None:
        """Go away with everything in it."""
        if self.process is not None:
            self.process.terminate()
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(20)
            self.process.kill()
            self.process.wait()
            self.process = None
        if self.folder is not None:
            shutil.rmtree(self.folder, ignore_errors=True)

    def put(self, mail: EmailMessage) -> None:
        """Let a mail arrive."""
        with imaplib.IMAP4("127.0.0.1", self.imap_port) as box:
            box.login(USER, PASSWORD)
            status, said = box.append("INBOX", "", "", mail.as_bytes())
            assert status == "OK", said


@contextmanager
def dovecot_server(certificate: Path, key: Path) -> Iterator[Dovecot]:
    """A mailbox for a test."""
    server = Dovecot(free_port(), free_port(), certificate, key)
    try:
        server.start()
        yield server
    finally:
        server.stop()
