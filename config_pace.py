"""Settings of the pace of sending: how much leaves at once, and when so much fails that a mailing pauses itself."""

from __future__ import annotations

from pydantic import Field
from pydantic_settings import BaseSettings


class PaceSettings(BaseSettings):
    """The part of the settings that bounds the sending."""

    mail_per_minute: int = Field(
        0,
        validation_alias="MAIL_PER_MINUTE",
        ge=0,
        le=60_000,
        description="letters that leave in a minute at most, by all workers together (0: as many as can)",
    )
    mail_domain_per_minute: int = Field(
        60,
        validation_alias="MAIL_DOMAIN_PER_MINUTE",
        ge=0,
        le=60_000,
        description="letters to one domain in a minute at most, password links aside (0: as many as can)",
    )
    mail_connections: int = Field(
        0,
        validation_alias="MAIL_CONNECTIONS",
        ge=0,
        description="connections to the mail server at once, by all workers together (0: one for each worker)",
    )
    mail_error_window: int = Field(
        100,
        validation_alias="MAIL_ERROR_WINDOW",
        ge=10,
        le=1000,
        description="how many of a mailing's last letters are looked at to tell whether too many fail",
    )
    mail_error_share: int = Field(
        20,
        validation_alias="MAIL_ERROR_SHARE",
        ge=0,
        le=100,
        description="percent of those that may fail; with more, the mailing pauses itself (100: it never does)",
    )
    mail_error_least: int = Field(
        10,
        validation_alias="MAIL_ERROR_LEAST",
        ge=1,
        le=1000,
        description="failures it takes at least to pause a mailing",
    )
