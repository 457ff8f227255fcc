"""Mailings and their letters, the states of a mailing with their allowed moves, and the ledger that adds up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from crm import clock
from crm.accounts.models import User
from crm.database import Base, enum_column
from crm.letters.models.letters import SkipReason
from crm.letters.models.wordings import LetterTemplate
from crm.letters.schedule import Schedule
from crm.outbox.models import Batch, BatchState
from crm.outbox.reasons import Reason
from crm.pipeline.models import Campaign


class MailingState(StrEnum):
    """What people decided about a mailing; whether an approved one runs or rests is its batch's state."""

    DRAFT = "draft"
    PLANNING = "planning"
    AWAITING_APPROVAL = "awaiting_approval"
    RETURNED = "returned"  # to who planned it
    APPROVED = "approved"
    CANCELLED = "cancelled"


ALLOWED_MOVES: dict[MailingState, frozenset[MailingState]] = {
    MailingState.DRAFT: frozenset({MailingState.PLANNING, MailingState.CANCELLED}),
    MailingState.PLANNING: frozenset({MailingState.AWAITING_APPROVAL, MailingState.CANCELLED}),
    MailingState.AWAITING_APPROVAL: frozenset({MailingState.APPROVED, MailingState.RETURNED, MailingState.CANCELLED}),
    MailingState.RETURNED: frozenset({MailingState.AWAITING_APPROVAL, MailingState.CANCELLED}),
    # Back again while nothing has left.
    MailingState.APPROVED: frozenset({MailingState.AWAITING_APPROVAL, MailingState.CANCELLED}),
    MailingState.CANCELLED: frozenset(),
}
# Its letters are written and none may leave yet: they are checked, edited, left out and read.
BEFORE_APPROVAL = frozenset({MailingState.AWAITING_APPROVAL, MailingState.RETURNED})


class Standing(StrEnum):
    """Where a mailing stands on screen: derived from its state, its batch and its ledger, never stored."""

    DRAFT = "draft"
    PLANNING = "planning"
    AWAITING_APPROVAL = "awaiting_approval"
    RETURNED = "returned"
    SCHEDULED = "scheduled"
    STARTING = "starting"
    SENDING = "sending"
    PAUSED = "paused"
    CANCELLED = "cancelled"
    FINISHED = "finished"


class Mailing(Base):
    """One sending of a template to an audience, frozen when its letters are planned.

    `audience` is the filter in the URL's own terms. `language` is what readers get whose own languages the letter is
    not written in; empty, they get none. Who was written to in the last `rest_days` days is left out (0: nobody is).
    `ask` is what it asks of targets that have no ask of their own. `send_on`, `send_at`, `zone` (IANA), `readers_zone`
    and `office_hours` are its schedule; at most `per_minute` of its letters leave in a minute (none: as many as may).
    `letters` and `skipped` (by reason) are
    counted in the transaction that plans each chunk, so that the ledger of a large mailing costs no scan of letters.
    The check has looked at `checked` letters, the last of them `checked_to`, and is done at `checked_at`.
    `warnings_read_at` is when whoever approved it said that they had read what the check warns of.
    At `look_at` the readers of an approved mailing are looked at once more, and its letters begin to leave. `dropped`
    counts those that were left out by that, by reason; or would be, while `asked` says of how many a person is asked.
    Who lets it go on agrees to so many (`agreed`; null: nobody has said that it may go on).
    """

    __tablename__ = "mailing"
    __undoable__ = False  # letters that have left do not come back
    __table_args__ = (
        sa.Index("ix_mailing_campaign_id_id", "campaign_id", "id"),
        sa.Index("ix_mailing_state", "state"),
        sa.Index(
            "ix_mailing_look_at",
            "look_at",
            sqlite_where=sa.text("look_at IS NOT NULL"),
            postgresql_where=sa.text("look_at IS NOT NULL"),
        ),
    )

    campaign_id: Mapped[int] = mapped_column(sa.ForeignKey("campaign.id"))
    template_id: Mapped[int] = mapped_column(sa.ForeignKey("letter_template.id"), index=True)
    language: Mapped[str] = mapped_column(sa.String(8))
    name: Mapped[str] = mapped_column(sa.String(160))
    audience: Mapped[dict[str, Any]] = mapped_column(default=dict)
    sender_name: Mapped[str] = mapped_column(sa.String(120))
    reply_to: Mapped[str] = mapped_column(sa.String(254))
    ask: Mapped[str] = mapped_column(sa.String(300), default="", server_default="")
    rest_days: Mapped[int] = mapped_column(sa.SmallInteger, default=0, server_default="0")
    send_on: Mapped[date | None]
    send_at: Mapped[time | None] = mapped_column(sa.Time)
    zone: Mapped[str] = mapped_column(sa.String(64), default="UTC", server_default="UTC")
    readers_zone: Mapped[bool] = mapped_column(default=False, server_default=sa.false())
    office_hours: Mapped[bool] = mapped_column(default=False, server_default=sa.false())
    per_minute: Mapped[int | None]
    state: Mapped[MailingState] = mapped_column(enum_column(MailingState), default=MailingState.DRAFT)
    batch_id: Mapped[int | None] = mapped_column(sa.ForeignKey("outbox_batch.id"), unique=True)
    letters: Mapped[int] = mapped_column(default=0)
    skipped: Mapped[dict[str, Any]] = mapped_column(default=dict)
    audience_size: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    planned_by_id: Mapped[int] = mapped_column(sa.ForeignKey("user.id"))
    planned_at: Mapped[datetime | None]
    checked: Mapped[int] = mapped_column(default=0, server_default="0")
    checked_to: Mapped[int] = mapped_column(sa.BigInteger, default=0, server_default="0")
    checked_at: Mapped[datetime | None]
    warnings_read_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user.id"))
    warnings_read_at: Mapped[datetime | None]
    approved_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user.id"))
    approved_at: Mapped[datetime | None]
    look_at: Mapped[datetime | None]
    dropped: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    asked: Mapped[int] = mapped_column(default=0, server_default="0")
    agreed: Mapped[int | None]

    campaign: Mapped[Campaign] = relationship()
    template: Mapped[LetterTemplate] = relationship()
    batch: Mapped[Batch | None] = relationship()
    planned_by: Mapped[User] = relationship(foreign_keys=[planned_by_id])
    approved_by: Mapped[User | None] = relationship(foreign_keys=[approved_by_id])
    warnings_read_by: Mapped[User | None] = relationship(foreign_keys=[warnings_read_by_id])

    @property
    def schedule(self) -> Schedule:
        """When its letters leave."""
        return Schedule(self.send_on, self.send_at, self.zone, self.readers_zone, self.office_hours)


class MailingWording(Base):
    """A version of a wording that a mailing uses, pinned when its planning starts."""

    __tablename__ = "mailing_wording"
    __undoable__ = False
    __table_args__ = (sa.UniqueConstraint("mailing_id", "wording_id"),)

    mailing_id: Mapped[int] = mapped_column(sa.ForeignKey("mailing.id"))
    wording_id: Mapped[int] = mapped_column(sa.ForeignKey("wording.id"), index=True)


class MailingAttachment(Base):
    """A file that goes with every letter of a mailing."""

    __tablename__ = "mailing_attachment"
    __undoable__ = False
    __table_args__ = (sa.UniqueConstraint("mailing_id", "attachment_id"),)

    mailing_id: Mapped[int] = mapped_column(sa.ForeignKey("mailing.id"))
    attachment_id: Mapped[int] = mapped_column(sa.ForeignKey("attachment.id"), index=True)


@dataclass(frozen=True)
class Ledger:
    """What became of each letter of a mailing: planned = skipped + waiting + sent + failed + held + cancelled.

    `posted` letters stand in the outbox, and all but the skipped ones should; `failures` are the failed by reason,
    `bounced` those of the sent that came back.
    """

    planned: int = 0
    skipped_by_reason: Mapping[SkipReason, int] = field(default_factory=dict)
    posted: int = 0
    sent: int = 0
    failed: int = 0
    held: int = 0
    cancelled: int = 0
    failures: Mapping[Reason, int] = field(default_factory=dict)
    bounced: int = 0

    @property
    def skipped(self) -> int:
        return sum(self.skipped_by_reason.values())

    @property
    def settled(self) -> int:
        """Letters nothing more happens to by itself."""
        return self.sent + self.failed + self.held + self.cancelled

    @property
    def waiting(self) -> int:
        return self.posted - self.settled

    @property
    def adds_up(self) -> bool:
        return self.waiting >= 0 and self.posted == self.planned - self.skipped


def standing_of(
    state: MailingState,
    batch: BatchState | None,
    waiting: int,
    look_at: datetime | None = None,
    agreed: int | None = None,
) -> Standing:
    """Where a mailing stands, from what people decided, whether its batch runs, and how many letters still wait."""
    if state is not MailingState.APPROVED:
        return Standing(state.value)
    if batch is BatchState.CANCELLED:
        return Standing.CANCELLED
    if waiting == 0:
        return Standing.FINISHED
    if batch is BatchState.RUNNING:
        return Standing.SENDING
    if look_at is None:
        return Standing.PAUSED
    if batch is BatchState.UNRELEASED:
        return Standing.SCHEDULED
    return Standing.STARTING if agreed is not None else Standing.PAUSED
