"""Settings of mail that comes in: where reports and answers go to, and the mailbox they are fetched from."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Self

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings

_THIS_MACHINE = ("localhost", "127.0.0.1", "::1")
_LAST_PORT = 65535


class ImapTls(StrEnum):
    """How the connection to the mailbox is encrypted."""

    TLS = "tls"
    STARTTLS = "starttls"
    NONE = "none"


class InboundSettings(BaseSettings):
    """The part of the settings that is about mail coming in."""

    mail_return_path: str = Field(
        "",
        validation_alias="MAIL_RETURN_PATH",
        description="mailbox that takes delivery reports, such as bounces@example.org: each letter of a mailing names "
        "bounces+…@example.org in its envelope, signed, so that a report tells which letter it is about",
    )
    mail_reply_to: str = Field(
        "",
        validation_alias="MAIL_REPLY_TO",
        description="mailbox that `ratify receive` or INBOUND_IMAP_HOST takes answers from, such as "
        "answers@example.org: letters name answers+…@example.org, signed, beside who sent them, so that an answer "
        "goes to both",
    )
    inbound_limit: int = Field(
        25, validation_alias="INBOUND_LIMIT_MB", ge=1, le=100, description="megabytes a received message may have"
    )
    lmtp: str = Field(
        "",
        validation_alias="INBOUND_LMTP",
        description="where a mail server of this machine hands mail over by LMTP: a port such as 2400, or the path of "
        "a socket; `ratify up` listens there, and so does `ratify receive-lmtp` alone; default: nobody does",
    )
    soft_bounces: int = Field(
        3,
        validation_alias="SOFT_BOUNCES",
        ge=1,
        le=100,
        description="letters that have to come back as undeliverable for now, until their address is given up",
    )
    soft_bounce_days: int = Field(
        90, validation_alias="SOFT_BOUNCE_DAYS", ge=1, le=3650, description="days within which those are counted"
    )
    imap_host: str = Field(
        "",
        validation_alias="INBOUND_IMAP_HOST",
        description="IMAP server of the mailbox that mail is fetched from, every minute; default: none is fetched",
    )
    imap_port: int = Field(
        0,
        validation_alias="INBOUND_IMAP_PORT",
        ge=0,
        le=65535,
        description="its port; default 993, and 143 where INBOUND_IMAP_TLS is starttls or none",
    )
    imap_user: str = Field("", validation_alias="INBOUND_IMAP_USER", description="IMAP user")
    imap_password: SecretStr = Field(
        SecretStr(""), validation_alias="INBOUND_IMAP_PASSWORD", description="IMAP password"
    )
    imap_folder: str = Field("INBOX", validation_alias="INBOUND_IMAP_FOLDER", description="folder that is fetched from")
    imap_tls: ImapTls = Field(
        ImapTls.TLS,
        validation_alias="INBOUND_IMAP_TLS",
        description="tls (from the first byte), starttls, or none (on this machine alone); certificates are verified",
    )
    imap_done_folder: str = Field(
        "",
        validation_alias="INBOUND_IMAP_DONE_FOLDER",
        description="folder that fetched mail is moved to; default: it stays where it is, marked as read",
    )
    imap_delete: bool = Field(
        False, validation_alias="INBOUND_IMAP_DELETE", description="whether fetched mail is deleted from the mailbox"
    )

    @field_validator("mail_return_path", "mail_reply_to")
    @classmethod
    def _takes_a_tag(cls, value: str) -> str:
        # What follows the + has up to 33 of the 64 octets that RFC 5321 allows before the @.
        if value and not re.fullmatch(r"[A-Za-z0-9._-]{1,30}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+", value):
            raise ValueError(f"{value} is no mailbox a tag can be put to: name one such as bounces@example.org")
        return value

    @field_validator("lmtp")
    @classmethod
    def _is_a_port_or_a_path(cls, value: str) -> str:
        if value and not (value.startswith("/") or (value.isdecimal() and 1 <= int(value) <= _LAST_PORT)):
            raise ValueError(f"{value} is neither a port, such as 2400, nor the whole path of a socket")
        return value

    @model_validator(mode="after")
    def _two_mailboxes(self) -> Self:
        if self.mail_reply_to and self.mail_reply_to.lower() == self.mail_return_path.lower():
            raise ValueError("MAIL_REPLY_TO and MAIL_RETURN_PATH are the same mailbox: people need one of their own")
        if self.imap_host and not self.imap_user:
            raise ValueError("INBOUND_IMAP_HOST is set without INBOUND_IMAP_USER: name the mailbox's user")
        if self.imap_delete and self.imap_done_folder:
            raise ValueError("INBOUND_IMAP_DELETE and INBOUND_IMAP_DONE_FOLDER exclude each other: set one")
        if self.imap_host and self.imap_tls is ImapTls.NONE and self.imap_host not in _THIS_MACHINE:
            raise ValueError("INBOUND_IMAP_TLS=none sends the password in the clear: set tls or starttls")
        return self

    @property
    def imap_address(self) -> tuple[str, int]:
        """Host and port of the IMAP server."""
        return self.imap_host, self.imap_port or (993 if self.imap_tls is ImapTls.TLS else 143)
