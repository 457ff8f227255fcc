"""Settings: typed, read once from the environment, checked before anything starts."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import tempfile
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Self
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from pydantic import AliasChoices, Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import NoDecode, SettingsConfigDict

from config_inbound import InboundSettings
from config_pace import PaceSettings


class Environment(StrEnum):
    """Where the process runs; production refuses unsafe settings."""

    DEVELOPMENT = "development"
    PRODUCTION = "production"
    TEST = "test"


class SettingsError(Exception):
    """The environment holds a value the product cannot start with; the message says what to set."""


class Settings(PaceSettings, InboundSettings):
    """Every setting, by the name of its environment variable; the README's table is made from here."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", case_sensitive=True)

    environment: Environment = Field(
        Environment.DEVELOPMENT, validation_alias="RATIFY_ENV", description="development, production or test"
    )
    data: Path = Field(
        Path("instance"),
        validation_alias="RATIFY_DATA",
        description="folder of the SQLite database, the embedded queue, caught mail and uploads",
    )
    attachment_limit: int = Field(
        20, validation_alias="ATTACHMENT_LIMIT_MB", ge=1, le=60, description="megabytes a stored file may have"
    )
    letter_attachments_limit: int = Field(
        5,
        validation_alias="LETTER_ATTACHMENTS_LIMIT_MB",
        ge=1,
        le=25,
        description="megabytes that may go with one letter of a mailing, all its files together",
    )
    approval_cooling_hours: int = Field(
        12,
        validation_alias="APPROVAL_COOLING_HOURS",
        ge=0,
        le=168,
        description="hours after which who planned a mailing may approve it, where nobody else in the team may",
    )
    letters_alike_limit: int = Field(
        100,
        validation_alias="LETTERS_ALIKE_LIMIT",
        ge=1,
        description="letters of one text to one institution above which the check of a mailing warns, and letters of "
        "one mailing that one domain gets in an hour at most, where more go to it",
    )
    port: int = Field(
        8000, validation_alias="PORT", ge=0, le=65535, description="port of the web server of `ratify up`"
    )
    demo: bool = Field(
        True,
        validation_alias="RATIFY_DEMO",
        description="whether a first `ratify up` loads the demo; never in production",
    )
    public_url: str = Field(
        "",
        validation_alias="RATIFY_URL",
        description="address people open, used in mails; default http://127.0.0.1:PORT",
    )
    controller: str = Field(
        "",
        validation_alias="DATA_CONTROLLER",
        max_length=150,
        description="who writes and is responsible for the data (GDPR), with a postal address; stands below every "
        "letter",
    )
    transparency_register: str = Field(
        "",
        validation_alias="TRANSPARENCY_REGISTER",
        description="identification number in the EU Transparency Register, such as 123456789012-34; stands below "
        "every letter",
    )
    trusted_hosts: Annotated[list[str], NoDecode] = Field(
        default=[],
        validation_alias="TRUSTED_HOSTS",
        description="comma-separated host names the web server answers to; needed in production",
    )
    trusted_proxies: int = Field(
        0,
        validation_alias="TRUSTED_PROXIES",
        ge=0,
        description="reverse proxies in front, whose X-Forwarded-For and X-Forwarded-Proto are believed",
    )
    timezone: str = Field(
        "Europe/Brussels",
        validation_alias="RATIFY_TIMEZONE",
        description="time zone new users begin with, by its name in the IANA database",
    )
    stance_stale_months: int = Field(
        24,
        validation_alias="STANCE_STALE_MONTHS",
        ge=1,
        le=240,
        description="months after which a stance nobody has heard again is out of date",
    )
    secret_key: SecretStr = Field(
        SecretStr(""), validation_alias="SECRET_KEY", description="signs sessions and links; at least 32 characters"
    )
    debug: bool = Field(
        False, validation_alias=AliasChoices("FLASK_DEBUG", "DEBUG"), description="refused in production"
    )
    database_url: str = Field(
        "", validation_alias="DATABASE_URL", description="postgresql://… in production; default SQLite in RATIFY_DATA"
    )
    redis_url: str = Field(
        "", validation_alias="REDIS_URL", description="queue server; default the embedded one `ratify up` starts"
    )
    mail_server: str = Field(
        "", validation_alias="MAIL_SERVER", description="SMTP host; `ratify up` catches mail where none is set"
    )
    mail_port: int = Field(25, validation_alias="MAIL_PORT", description="SMTP port")
    mail_username: str = Field("", validation_alias="MAIL_USERNAME", description="SMTP user")
    mail_password: SecretStr = Field(SecretStr(""), validation_alias="MAIL_PASSWORD", description="SMTP password")
    mail_use_tls: bool = Field(False, validation_alias="MAIL_USE_TLS", description="STARTTLS, certificate verified")
    mail_use_ssl: bool = Field(
        False, validation_alias="MAIL_USE_SSL", description="TLS from the first byte, certificate verified"
    )
    mail_default_sender: str = Field(
        "Ratify <ratify@ratify.example>",
        validation_alias="MAIL_DEFAULT_SENDER",
        description="From of the product's own mails",
    )
    dkim_domain: str = Field(
        "",
        validation_alias="DKIM_DOMAIN",
        description="domain that signs all mails (DKIM), the one of their From; `ratify dkim` makes the key and prints "
        "the DNS record; default: none is signed",
    )
    dkim_selector: str = Field(
        "ratify", validation_alias="DKIM_SELECTOR", description="name of the key in the DNS of that domain"
    )
    dkim_key_file: str = Field(
        "",
        validation_alias="DKIM_KEY_FILE",
        description="its private key (PEM, RSA), the same on every host; default `dkim.pem` in RATIFY_DATA",
    )
    mail_timeout: float = Field(
        60.0, validation_alias="MAIL_TIMEOUT", gt=0, description="seconds to wait for an SMTP reply"
    )
    mail_catcher: bool = Field(
        False,
        validation_alias="MAIL_CATCHER",
        description="set by `ratify up`: letters are caught, none leaves the machine",
    )

    @field_validator("trusted_hosts", mode="before")
    @classmethod
    def _split_hosts(cls, value: Any) -> Any:
        return [host.strip() for host in value.split(",") if host.strip()] if isinstance(value, str) else value

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        if value not in available_timezones():
            raise ValueError(f"there is no time zone {value}: name one such as Europe/Brussels")
        return value

    @field_validator("transparency_register")
    @classmethod
    def _number_in_register(cls, value: str) -> str:
        if value and not re.fullmatch(r"[0-9]{6,15}-[0-9]{2}", value):
            raise ValueError(f"{value} is no number of the EU Transparency Register: write it as 123456789012-34")
        return value

    @field_validator("dkim_domain", "dkim_selector")
    @classmethod
    def _name_in_dns(cls, value: str) -> str:
        if value and not re.fullmatch(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*", value):
            raise ValueError(f"{value} is no name in the DNS: write it in small letters, such as example.org")
        return value

    @field_validator("data")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        return value.expanduser().resolve()

    @field_validator("database_url")
    @classmethod
    def _with_driver(cls, value: str) -> str:
        scheme, separator, rest = value.partition("://")
        return f"postgresql+psycopg://{rest}" if separator and scheme in ("postgres", "postgresql") else value

    @model_validator(mode="after")
    def _safe_in_production(self) -> Self:
        if self.mail_use_tls and self.mail_use_ssl:
            raise ValueError("MAIL_USE_TLS and MAIL_USE_SSL exclude each other: set one")
        if self.environment is not Environment.PRODUCTION:
            return self
        if self.debug:
            raise ValueError("FLASK_DEBUG is on: debug mode shows the inside of the product to strangers; unset it")
        if len(self.secret_key.get_secret_value()) < 32:
            raise ValueError("SECRET_KEY is missing or shorter than 32 characters: set it to a long random text")
        if not self.trusted_hosts or "*" in self.trusted_hosts:
            raise ValueError("TRUSTED_HOSTS is empty or open: list the host names people use, such as crm.example.org")
        if urlsplit(self.public_url).scheme != "https":
            raise ValueError("RATIFY_URL is missing or not https: set it to the address people open")
        return self

    @property
    def sqlalchemy_url(self) -> str:
        """The database address with its driver, SQLite in the data folder by default."""
        return self.database_url or f"sqlite:///{self.data / 'ratify.db'}"

    @property
    def queue_socket(self) -> Path:
        """Unix socket of the embedded queue server: short enough for the 108 bytes a socket path may have."""
        digest = hashlib.sha256(str(self.data).encode()).hexdigest()[:16]
        return Path(tempfile.gettempdir()) / f"ratify-{os.getuid()}-{digest}" / "queue.sock"

    @property
    def queue_url(self) -> str:
        """Address of the queue server, the embedded one by default."""
        return self.redis_url or f"unix://{self.queue_socket}"

    @property
    def base_url(self) -> str:
        """Address of the product without a trailing slash, for links in mails."""
        return (self.public_url or f"http://127.0.0.1:{self.port}").rstrip("/")

    @property
    def dkim_key(self) -> Path:
        """File of the private key that mails are signed with."""
        return Path(self.dkim_key_file) if self.dkim_key_file else self.data / "dkim.pem"

    @property
    def caught_mail(self) -> Path:
        """Maildir of the local mail catcher."""
        return self.data / "caught-mail"

    def signing_key(self) -> str:
        """The secret key; outside production one is made and kept in the data folder where none is set."""
        given = self.secret_key.get_secret_value()
        if given:
            return given
        path = self.data / "secret_key"
        self.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(secrets.token_urlsafe(48))
        except FileExistsError:
            pass
        return path.read_text()

    def flask_config(self) -> dict[str, Any]:
        """The same settings under the names Flask and its extensions read."""
        secure = self.base_url.startswith("https")
        return {
            "SECRET_KEY": self.signing_key(),
            "DEBUG": self.debug,
            "TESTING": self.environment is Environment.TEST,
            "TRUSTED_HOSTS": self.trusted_hosts or None,
            "MAX_CONTENT_LENGTH": 64 * 1024 * 1024,
            "MAX_FORM_MEMORY_SIZE": 2 * 1024 * 1024,
            "SESSION_COOKIE_NAME": "__Host-ratify" if secure else "ratify",
            "SESSION_COOKIE_HTTPONLY": True,
            "SESSION_COOKIE_SAMESITE": "Lax",
            "SESSION_COOKIE_SECURE": secure,
            "SQLALCHEMY_DATABASE_URI": self.sqlalchemy_url,
            "WTF_CSRF_TIME_LIMIT": None,
            "MAIL_SERVER": self.mail_server,
            "MAIL_PORT": self.mail_port,
            "MAIL_USERNAME": self.mail_username or None,
            "MAIL_PASSWORD": self.mail_password.get_secret_value() or None,
            "MAIL_USE_TLS": self.mail_use_tls,
            "MAIL_USE_SSL": self.mail_use_ssl,
            "MAIL_DEFAULT_SENDER": self.mail_default_sender,
            "MAIL_SUPPRESS_SEND": False,
            "RATELIMIT_STORAGE_URI": f"redis+{self.queue_url}" if self.queue_url.startswith("unix") else self.queue_url,
            "RATELIMIT_STORAGE_OPTIONS": {"socket_connect_timeout": 2, "socket_timeout": 2},
            "RATELIMIT_IN_MEMORY_FALLBACK_ENABLED": True,
            # Counting attempts protects sign-in; a fault in it must not be what stops everybody.
            "RATELIMIT_SWALLOW_ERRORS": True,
            "BABEL_TRANSLATION_DIRECTORIES": str(Path(__file__).parent / "translations"),
        }


def load_settings(**overrides: Any) -> Settings:
    """Read the environment once. Raises SettingsError with one line per wrong value."""
    try:
        return Settings(**overrides)
    except ValidationError as error:
        lines = [
            f"{'.'.join(str(part) for part in item['loc'])}: {item['msg']}".removeprefix(": ").replace(
                "Value error, ", ""
            )
            for item in error.errors()
        ]
        raise SettingsError("\n".join(lines)) from None
