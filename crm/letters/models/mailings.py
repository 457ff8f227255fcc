"""Mailings and their letters, the states of a mailing with their allowed moves, and the ledger that adds up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from crm import clock
from crm.accounts.models import User
from crm.database import Base, enum_column
from crm.letters.models.wordings import LetterTemplate, Wording
from crm.outbox.models import IN_FLIGHT, WAITING, Batch, BatchState, MessageState
from crm.pipeline.models import Campaign


class MailingState(StrEnum):
    """What people decided about a mailing; whether an approved one runs or rests is its batch's state."""

    DRAFT = "draft"
    PLANNING = "planning"
    AWAITING_APPROVAL = "awaiting_approval"
    APPROVED = "approved"
    CANCELLED = "cancelled"


ALLOWED_MOVES: dict[MailingState, frozenset[MailingState]] = {
    MailingState.DRAFT: frozenset({MailingState.PLANNING, MailingState.CANCELLED}),
    MailingState.PLANNING: frozenset({MailingState.AWAITING_APPROVAL, MailingState.CANCELLED}),
    MailingState.AWAITING_APPROVAL: frozenset({MailingState.APPROVED, MailingState.CANCELLED}),
    MailingState.APPROVED: frozenset({MailingState.CANCELLED}),
    MailingState.CANCELLED: frozenset(),
}


class Standing(StrEnum):
    """Where a mailing stands on screen: derived from its state, its batch and its ledger, never stored."""

    DRAFT = "draft"
    PLANNING = "planning"
    AWAITING_APPROVAL = "awaiting_approval"
    SENDING = "sending"
    PAUSED = "paused"
    CANCELLED = "cancelled"
    FINISHED = "finished"


class Mailing(Base):
    """One sending of a template to an audience, frozen when its letters are planned.

    `audience` is the filter in the URL's own terms. `letters` and `skipped` (by reason) are
    counted in the transaction that plans each chunk, so that the ledger of a large mailing costs no scan of letters.
    """

    __tablename__ = "mailing"
    __undoable__ = False  # letters that have left do not come back
    __table_args__ = (
        sa.Index("ix_mailing_campaign_id_id", "campaign_id", "id"),
        sa.Index("ix_mailing_state", "state"),
    )

    campaign_id: Mapped[int] = mapped_column(sa.ForeignKey("campaign.id"))
    template_id: Mapped[int] = mapped_column(sa.ForeignKey("letter_template.id"), index=True)
    language: Mapped[str] = mapped_column(sa.String(8))
    # The version its letters use, pinned when planning starts.
    wording_id: Mapped[int | None] = mapped_column(sa.ForeignKey("wording.id"), index=True)
    name: Mapped[str] = mapped_column(sa.String(160))
    audience: Mapped[dict[str, Any]] = mapped_column(default=dict)
    sender_name: Mapped[str] = mapped_column(sa.String(120))
    reply_to: Mapped[str] = mapped_column(sa.String(254))
    state: Mapped[MailingState] = mapped_column(enum_column(MailingState), default=MailingState.DRAFT)
    batch_id: Mapped[int | None] = mapped_column(sa.ForeignKey("outbox_batch.id"), unique=True)
    letters: Mapped[int] = mapped_column(default=0)
    skipped: Mapped[dict[str, Any]] = mapped_column(default=dict)
    audience_size: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    planned_by_id: Mapped[int] = mapped_column(sa.ForeignKey("user.id"))
    planned_at: Mapped[datetime | None]
    approved_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user.id"))
    approved_at: Mapped[datetime | None]

    campaign: Mapped[Campaign] = relationship()
    template: Mapped[LetterTemplate] = relationship()
    wording: Mapped[Wording | None] = relationship()
    batch: Mapped[Batch | None] = relationship()
    planned_by: Mapped[User] = relationship(foreign_keys=[planned_by_id])
    approved_by: Mapped[User | None] = relationship(foreign_keys=[approved_by_id])


class SkipReason(StrEnum):
    """Why a target of the audience gets no letter; the first that holds, in this order, is the one shown."""

    CLOSED = "closed"
    MANDATE_ENDED = "mandate_ended"
    NO_ADDRESS = "no_address"
    SUPPRESSED = "suppressed"
    DUPLICATE_ADDRESS = "duplicate_address"
    EMPTY_VALUE = "empty_value"


class Letter(Base):
    """One target's letter in a mailing, or the reason why there is none; its words stand in the outbox's message.

    `address` is kept in lower case, to find two targets that share an office address; `skip_detail` names the
    empty placeholders.
    """

    __tablename__ = "letter"
    __audited__ = False  # written in bulk by planning, whose change set tells the counts; never edited
    __table_args__ = (
        sa.UniqueConstraint("mailing_id", "target_id", "merged_target_id"),
        sa.Index("ix_letter_mailing_id_address", "mailing_id", "address"),
        sa.Index(
            "ix_letter_skipped",
            "mailing_id",
            "target_id",
            sqlite_where=sa.text("skip_reason IS NOT NULL"),
            postgresql_where=sa.text("skip_reason IS NOT NULL"),
        ),
    )

    mailing_id: Mapped[int] = mapped_column(sa.ForeignKey("mailing.id"))
    target_id: Mapped[int] = mapped_column(sa.ForeignKey("target.id"), index=True)
    contact_id: Mapped[int] = mapped_column(sa.ForeignKey("contact.id"), index=True)
    wording_id: Mapped[int] = mapped_column(sa.ForeignKey("wording.id"), index=True)
    address: Mapped[str | None] = mapped_column(sa.String(320))
    language: Mapped[str] = mapped_column(sa.String(8))
    skip_reason: Mapped[SkipReason | None] = mapped_column(enum_column(SkipReason))
    skip_detail: Mapped[str] = mapped_column(sa.String(300), default="")
    message_id: Mapped[int | None] = mapped_column(sa.ForeignKey("outgoing_message.id"), unique=True)
    # 0, or the target it was planned for, where that one became part of another that has a letter of the mailing too.
    merged_target_id: Mapped[int] = mapped_column(sa.BigInteger, default=0, server_default="0")


@dataclass(frozen=True)
class Ledger:
    """What became of each letter of a mailing: planned = skipped + waiting + sent + failed + held + cancelled."""

    planned: int = 0
    skipped_by_reason: Mapping[SkipReason, int] = field(default_factory=dict)
    messages: Mapping[MessageState, int] = field(default_factory=dict)

    @property
    def skipped(self) -> int:
        return sum(self.skipped_by_reason.values())

    @property
    def waiting(self) -> int:
        return sum(count for state, count in self.messages.items() if state in WAITING | IN_FLIGHT)

    @property
    def sent(self) -> int:
        return self.messages.get(MessageState.SENT, 0)

    @property
    def failed(self) -> int:
        return self.messages.get(MessageState.FAILED, 0)

    @property
    def held(self) -> int:
        return self.messages.get(MessageState.HELD, 0)

    @property
    def cancelled(self) -> int:
        return self.messages.get(MessageState.CANCELLED, 0)

    @property
    def posted(self) -> int:
        """Letters that stand in the outbox: all that were not skipped."""
        return self.planned - self.skipped

    @property
    def settled(self) -> int:
        """Letters nothing more happens to by itself."""
        return self.posted - self.waiting

    @property
    def adds_up(self) -> bool:
        return self.posted == sum(self.messages.values())


def standing_of(state: MailingState, batch: BatchState | None, waiting: int) -> Standing:
    """Where a mailing stands, from what people decided, whether its batch runs, and how many letters still wait."""
    if state is not MailingState.APPROVED:
        return Standing(state.value)
    if batch is BatchState.CANCELLED:
        return Standing.CANCELLED
    if waiting == 0:
        return Standing.FINISHED
    return Standing.PAUSED if batch is BatchState.PAUSED else Standing.SENDING
