"""Posts and memberships: the offices there are, and who held which of them when."""

from __future__ import annotations

from datetime import date, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from crm.database import Base
from crm.directory.models.contacts import Organization, Person

# Room for what several sources are called: a merge keeps those of both.
SOURCES_LENGTH = 1000

# The last day of a mandate that still runs.
OPEN_END = date.max


def last_day(end_date: date | None, ended_by: date | None) -> date:
    """The last day a membership is known to have held; `OPEN_END` while it runs."""
    if end_date is not None:
        return end_date
    return OPEN_END if ended_by is None else ended_by - timedelta(days=1)


class Post(Base):
    """An office of an organization that outlives its holders: a ministry's desk, a region's presidency.

    `country` is ISO 3166-1 alpha-2, `region` ISO 3166-2: the area the post is for, where it is not the organization's.
    """

    __tablename__ = "post"
    __table_args__ = (sa.UniqueConstraint("organization_id", "label"),)

    organization_id: Mapped[int] = mapped_column(sa.ForeignKey("contact.id"))
    label: Mapped[str] = mapped_column(sa.String(200))
    country: Mapped[str | None] = mapped_column(sa.String(2))
    region: Mapped[str | None] = mapped_column(sa.String(6))

    organization: Mapped[Organization] = relationship(foreign_keys=[organization_id])


class Membership(Base):
    """A dated mandate: a person holds a role or a post in an organization, on behalf of a group or party.

    An open `end_date` means the mandate still runs; dates are inclusive, null where unknown. `country` and `region`
    are the area it was won in, `constituency` that area in the source's own words.
    """

    __tablename__ = "membership"
    __table_args__ = (
        sa.Index("ix_membership_organization_id_end_date_id", "organization_id", "end_date", "id"),
        sa.Index("ix_membership_organization_id_start_date", "organization_id", "start_date"),
        sa.Index("ix_membership_on_behalf_of_id", "on_behalf_of_id"),
    )

    person_id: Mapped[int] = mapped_column(sa.ForeignKey("contact.id"), index=True)
    organization_id: Mapped[int] = mapped_column(sa.ForeignKey("contact.id"))
    on_behalf_of_id: Mapped[int | None] = mapped_column(sa.ForeignKey("contact.id"))
    post_id: Mapped[int | None] = mapped_column(sa.ForeignKey("post.id"), index=True)
    role: Mapped[str] = mapped_column(sa.String(300), default="member")
    country: Mapped[str | None] = mapped_column(sa.String(2))
    region: Mapped[str | None] = mapped_column(sa.String(6))
    constituency: Mapped[str | None] = mapped_column(sa.String(200))
    term: Mapped[str | None] = mapped_column(sa.String(40))
    start_date: Mapped[date | None]
    end_date: Mapped[date | None]
    # Only known to have ended by the day a later roster no longer names the person.
    ended_by: Mapped[date | None]
    source: Mapped[str] = mapped_column(sa.String(SOURCES_LENGTH), default="")

    person: Mapped[Person] = relationship(back_populates="memberships", foreign_keys=[person_id])
    organization: Mapped[Organization] = relationship(foreign_keys=[organization_id])
    on_behalf_of: Mapped[Organization | None] = relationship(foreign_keys=[on_behalf_of_id])
    post: Mapped[Post | None] = relationship()
