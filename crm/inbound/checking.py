"""Tries the mailbox that mail is fetched from, in words an officer's IT help understands."""

from __future__ import annotations

import ssl
from collections.abc import Iterator

from imap_tools.errors import MailboxFolderSelectError, MailboxLoginError

from config import Settings
from crm.inbound.mailbox import TROUBLES, open_mailbox
from crm.outbox.checking import Finding, bad, good


def check_mailbox(settings: Settings) -> Iterator[Finding]:
    """Whether mail can be fetched; nothing is, and nothing in the mailbox changes. Silent where none is set."""
    host, port = settings.imap_address
    if not host:
        return
    where = f"{host}, port {port}"
    try:
        with open_mailbox(settings) as box:
            held = len(box.uids("ALL"))
    except MailboxLoginError as error:
        yield bad(
            "Mailbox",
            f"{where} refused INBOUND_IMAP_USER or its password: {error}",
            "Check both; many providers want a password made for programs, or IMAP allowed in the mailbox's settings.",
        )
    except MailboxFolderSelectError as error:
        yield bad(
            "Mailbox",
            f"There is no folder {settings.imap_folder}: {error}",
            "Set INBOUND_IMAP_FOLDER to one there is, such as INBOX.",
        )
    except ssl.SSLError as error:
        yield bad(
            "Mailbox",
            f"{where} could not prove who it is: {error}",
            "INBOUND_IMAP_HOST must be the name in the server's certificate; port 993 wants INBOUND_IMAP_TLS=tls, "
            "port 143 starttls.",
        )
    except TROUBLES as error:
        yield bad(
            "Mailbox",
            f"{where} cannot be reached: {error}",
            "Compare INBOUND_IMAP_HOST, INBOUND_IMAP_PORT and INBOUND_IMAP_TLS with what your provider says.",
        )
    else:
        yield good("Mailbox", f"{settings.imap_user} signs in at {where}; in {settings.imap_folder} are {held} mails.")
