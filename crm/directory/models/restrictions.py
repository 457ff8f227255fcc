"""Whose data must not be used any more, because they said so."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from crm import clock
from crm.database import Base


class Restriction(Base):
    """A contact who objects to the use of their data (Articles 18 and 21 GDPR); `source` says how we know."""

    __tablename__ = "restriction"
    __undoable__ = False  # an objection is not taken back by somebody else's click
    __table_args__ = (sa.UniqueConstraint("contact_id"),)

    contact_id: Mapped[int] = mapped_column(sa.ForeignKey("contact.id"))
    source: Mapped[str] = mapped_column(sa.String(80))
    at: Mapped[datetime] = mapped_column(default=clock.now)
