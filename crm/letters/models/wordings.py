"""Templates and their wordings: for whom each is meant, who approved it, and what is being written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from crm import clock
from crm.accounts.models import User
from crm.database import Base, enum_column
from crm.pipeline.models import Campaign
from crm.salutations.terms import Formality
from crm.stances.models import Stance


class Approach(StrEnum):
    """What a wording wants of its reader, told by the reader's stance; GENERAL is for everyone who has none."""

    GENERAL = "general"
    THANK = "thank"
    ASK = "ask"
    PERSUADE = "persuade"


APPROACH_TO: dict[Stance, Approach] = {
    Stance.CHAMPION: Approach.THANK,
    Stance.SUPPORTIVE: Approach.THANK,
    Stance.UNDECIDED: Approach.ASK,
    Stance.UNKNOWN: Approach.ASK,
    Stance.LEANING_AGAINST: Approach.PERSUADE,
    Stance.OPPOSED: Approach.PERSUADE,
}
STANCES_OF: dict[Approach, list[Stance]] = {
    approach: [stance for stance, meant in APPROACH_TO.items() if meant is approach]
    for approach in (Approach.THANK, Approach.ASK, Approach.PERSUADE)
}


class LetterTemplate(Base):
    """A letter's purpose in a campaign; what it says stands in its wordings.

    `source_language` is the one it is written in first; its other languages are translations of that.
    """

    __tablename__ = "letter_template"
    __table_args__ = (sa.UniqueConstraint("campaign_id", "name"),)

    campaign_id: Mapped[int] = mapped_column(sa.ForeignKey("campaign.id"))
    name: Mapped[str] = mapped_column(sa.String(160))
    purpose: Mapped[str] = mapped_column(sa.String(300), default="")
    source_language: Mapped[str] = mapped_column(sa.String(8), default="en", server_default="en")
    created_at: Mapped[datetime] = mapped_column(default=clock.now)

    campaign: Mapped[Campaign] = relationship()


class Wording(Base):
    """A template's text in one language for one approach, in versions; `body` is Markdown with placeholders.

    No word of a version changes any more once a mailing uses it (`frozen_at`), a second person approved it
    (`approved_at`) or a translation was made from it: writing on makes the next version. `source_id` is the version
    in the template's source language that a translation was made from.
    """

    __tablename__ = "wording"
    __undoable__ = False  # undoing a change could alter words that were sent since
    __table_args__ = (sa.UniqueConstraint("template_id", "language", "approach", "version"),)

    template_id: Mapped[int] = mapped_column(sa.ForeignKey("letter_template.id"))
    language: Mapped[str] = mapped_column(sa.String(8))
    approach: Mapped[Approach] = mapped_column(
        enum_column(Approach), default=Approach.GENERAL, server_default=Approach.GENERAL.value
    )
    version: Mapped[int] = mapped_column(default=1)
    subject: Mapped[str] = mapped_column(sa.String(200))
    body: Mapped[str] = mapped_column(sa.Text)
    # How its salutation and closing address the reader.
    formality: Mapped[Formality] = mapped_column(
        enum_column(Formality), default=Formality.STANDARD, server_default=Formality.STANDARD.value
    )
    source_id: Mapped[int | None] = mapped_column(sa.ForeignKey("wording.id"), index=True)
    written_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user.id"))
    written_at: Mapped[datetime] = mapped_column(default=clock.now)
    frozen_at: Mapped[datetime | None]
    approved_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user.id"))
    approved_at: Mapped[datetime | None]

    template: Mapped[LetterTemplate] = relationship()
    source: Mapped[Wording | None] = relationship(remote_side="Wording.id")
    written_by: Mapped[User | None] = relationship(foreign_keys=[written_by_id])
    approved_by: Mapped[User | None] = relationship(foreign_keys=[approved_by_id])

    @property
    def revision(self) -> str:
        """Names what stands here now, so that an author who started from something older is told."""
        return f"{self.version}-{self.written_at.isoformat()}"


class WordingDraft(Base):
    """What an author typed and did not save yet, kept at every pause: one a wording and author.

    `seen` is the revision the author started from, `source_id` the source that stood beside it.
    """

    __tablename__ = "wording_draft"
    __audited__ = False  # kept every few seconds of typing; what it comes to is a wording, which is audited
    __table_args__ = (sa.UniqueConstraint("template_id", "language", "approach", "author_id"),)

    template_id: Mapped[int] = mapped_column(sa.ForeignKey("letter_template.id"))
    language: Mapped[str] = mapped_column(sa.String(8))
    approach: Mapped[Approach] = mapped_column(enum_column(Approach))
    author_id: Mapped[int] = mapped_column(sa.ForeignKey("user.id"), index=True)
    subject: Mapped[str] = mapped_column(sa.String(200))
    body: Mapped[str] = mapped_column(sa.Text)
    formality: Mapped[Formality] = mapped_column(enum_column(Formality))
    seen: Mapped[str] = mapped_column(sa.String(60), default="")
    source_id: Mapped[int | None] = mapped_column(sa.ForeignKey("wording.id"), index=True)
    saved_at: Mapped[datetime] = mapped_column(default=clock.now)

    author: Mapped[User] = relationship()


Wordings = Mapping[tuple[str, Approach], Wording]


def pick_wording(wordings: Wordings, languages: Sequence[str], stance: Stance) -> Wording | None:
    """The wording a reader of that stance gets: in the first of these languages that has one for them, or for everyone.

    Null where none has: a letter to thank is never sent to whom it does not fit.
    """
    wanted = (APPROACH_TO[stance], Approach.GENERAL)
    found = (wordings.get((language, approach)) for language in languages for approach in wanted)
    return next((wording for wording in found if wording is not None), None)
