"""Treaties."""

from __future__ import annotations

from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from crm.database import Base


class Treaty(Base):
    """A convention, by the short code people use for it."""

    __tablename__ = "treaty"

    code: Mapped[str] = mapped_column(sa.String(20), unique=True)
    name: Mapped[str] = mapped_column(sa.String(200))
    adopted_on: Mapped[date | None]
    in_force_on: Mapped[date | None]
