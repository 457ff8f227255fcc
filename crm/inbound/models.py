"""Messages received, where each stands, and why one could not be worked on."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from crm import clock
from crm.database import Base, enum_column

ADDRESS_LENGTH, NAME_LENGTH, SUBJECT_LENGTH, MESSAGE_ID_LENGTH, WORDS_LENGTH = 320, 300, 900, 320, 500


class Source(StrEnum):
    """By which way it came in."""

    PIPE = "pipe"  # a mail server gave it to `ratify receive`
    LMTP = "lmtp"  # a mail server handed it over to `ratify receive-lmtp`
    IMAP = "imap"  # it was fetched from a mailbox


class InboundState(StrEnum):
    """Where a received message stands."""

    WAITING = "waiting"  # kept, not looked at yet
    MATCHED = "matched"  # it is where it belongs
    UNMATCHED = "unmatched"  # read, and for a person to say whom it is about
    SET_ASIDE = "set_aside"  # it could not be worked on; `fault` says why
    DISMISSED = "dismissed"  # a person saw that nothing is to be done about it
    DUPLICATE = "duplicate"  # the same mail came in before, by another way
    TO_MANY = "to_many"  # a newsletter or a mailing list: it answers nothing of ours, and is nobody's reply


INBOUND_MOVES: dict[InboundState, frozenset[InboundState]] = {
    InboundState.WAITING: frozenset(
        {
            InboundState.MATCHED,
            InboundState.UNMATCHED,
            InboundState.SET_ASIDE,
            InboundState.DUPLICATE,
            InboundState.TO_MANY,
        }
    ),
    # UNMATCHED: it was somebody else's.
    InboundState.MATCHED: frozenset({InboundState.UNMATCHED}),
    InboundState.UNMATCHED: frozenset({InboundState.MATCHED, InboundState.DISMISSED}),
    # WAITING: to be worked on once more.
    InboundState.SET_ASIDE: frozenset({InboundState.WAITING, InboundState.DISMISSED}),
    InboundState.DISMISSED: frozenset({InboundState.UNMATCHED}),
    InboundState.DUPLICATE: frozenset(),
    InboundState.TO_MANY: frozenset({InboundState.UNMATCHED}),
}
# For a person to look at.
OPEN = (InboundState.UNMATCHED, InboundState.SET_ASIDE)


class InboundKind(StrEnum):
    """What a message is."""

    REPORT = "report"  # of a mail server, about the delivery of a letter
    AUTOMATIC = "automatic"  # a program wrote it: an absence, a confirmation of receipt
    OTHER = "other"  # what a person wrote


class Match(StrEnum):
    """By what a message found its contact, the surest first."""

    SIGNED = "signed"  # the address it came to names our letter, signed
    REFERENCE = "reference"  # it answers the Message-ID of a letter of ours
    SENDER = "sender"  # one contact alone has the address it came from
    HAND = "hand"  # somebody of us said whose it is


class Fault(StrEnum):
    """Why a message could not be worked on."""

    TOO_LARGE = "too_large"  # only its beginning was kept
    NO_MAIL = "no_mail"  # there is no header in it
    FORGED = "forged"  # the address it came to names a letter, and is not signed by us
    UNREADABLE = "unreadable"  # reading it failed
    KILLED_WORKER = "killed_worker"  # whoever worked on it died, several times


class InboundMessage(Base):
    """One message as it came: its bytes are kept in the store of attachments under `sha256`, its headers here.

    The same bytes come in once, however often they are handed in; `fingerprint` is alike in two that are the same mail
    and came by different ways. `recipient` is the address of the envelope, where it is known; `outgoing_message_id` and
    `contact_id` say which of our letters it is about, and whom.
    """

    __tablename__ = "inbound_message"
    __audited__ = False  # it says itself what became of it, and who saw to it
    __table_args__ = (sa.Index("ix_inbound_message_state_id", "state", "id"),)

    sha256: Mapped[str] = mapped_column(sa.String(64), unique=True)
    size: Mapped[int] = mapped_column(sa.BigInteger)
    source: Mapped[Source] = mapped_column(enum_column(Source))
    recipient: Mapped[str] = mapped_column(sa.String(ADDRESS_LENGTH), default="")
    received_at: Mapped[datetime] = mapped_column(default=clock.now)

    state: Mapped[InboundState] = mapped_column(enum_column(InboundState), default=InboundState.WAITING)
    kind: Mapped[InboundKind | None] = mapped_column(enum_column(InboundKind))
    attempts: Mapped[int] = mapped_column(default=0)
    fault: Mapped[Fault | None] = mapped_column(enum_column(Fault))
    fault_words: Mapped[str] = mapped_column(sa.String(WORDS_LENGTH), default="")

    fingerprint: Mapped[str] = mapped_column(sa.String(64), default="", server_default="", index=True)
    message_id_header: Mapped[str] = mapped_column(sa.String(MESSAGE_ID_LENGTH), default="")
    from_address: Mapped[str] = mapped_column(sa.String(ADDRESS_LENGTH), default="")
    from_name: Mapped[str] = mapped_column(sa.String(NAME_LENGTH), default="")
    subject: Mapped[str] = mapped_column(sa.String(SUBJECT_LENGTH), default="")
    sent_at: Mapped[datetime | None]

    outgoing_message_id: Mapped[int | None] = mapped_column(sa.ForeignKey("outgoing_message.id"), index=True)
    contact_id: Mapped[int | None] = mapped_column(sa.ForeignKey("contact.id"), index=True)
    matched_by: Mapped[Match | None] = mapped_column(enum_column(Match))
    settled_at: Mapped[datetime | None]
    settled_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user.id"))


class Reply(Base):
    """That a received message stands on a timeline as this interaction; without one it stands on none.

    The state of the message follows from it, also where it is undone. `quoted` is what the mail only quotes; the
    interaction has its new words. `files_left` counts files that came along and are kept in the whole message alone.
    """

    __tablename__ = "inbound_reply"
    __team_of__ = "interaction_id"

    interaction_id: Mapped[int] = mapped_column(sa.ForeignKey("interaction.id"), unique=True)
    message_id: Mapped[int] = mapped_column(sa.ForeignKey("inbound_message.id"), unique=True)
    quoted: Mapped[str] = mapped_column(sa.Text, default="")
    files_left: Mapped[int] = mapped_column(default=0)


class Answer(Base):
    """What one of us wrote back by mail to an interaction; its words and what became of them stand in the outbox."""

    __tablename__ = "inbound_answer"
    __team_of__ = "interaction_id"
    __undoable__ = False  # a letter that has left does not come back

    interaction_id: Mapped[int] = mapped_column(sa.ForeignKey("interaction.id"), index=True)
    contact_id: Mapped[int] = mapped_column(sa.ForeignKey("contact.id"), index=True)
    user_id: Mapped[int] = mapped_column(sa.ForeignKey("user.id"))
    message_id: Mapped[int] = mapped_column(sa.ForeignKey("outgoing_message.id"), unique=True)
    written_at: Mapped[datetime] = mapped_column(default=clock.now)


class Mailbox(Base):
    """How far a mailbox was fetched: by its `key` (server, user, folder), and how the last attempt ended.

    `uid_validity` and `last_uid` are IMAP's (RFC 9051, 2.3.1.1): where the first one changes, all numbers are new.
    """

    __tablename__ = "inbound_mailbox"
    __audited__ = False  # it changes every minute by itself

    key: Mapped[str] = mapped_column(sa.String(700), unique=True)
    uid_validity: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    last_uid: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    fetched_at: Mapped[datetime | None]
    failures: Mapped[int] = mapped_column(default=0)
    failed_at: Mapped[datetime | None]
    words: Mapped[str] = mapped_column(sa.String(WORDS_LENGTH), default="")
