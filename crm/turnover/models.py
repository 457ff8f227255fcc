"""How far the passing of days has been followed."""

from __future__ import annotations

from datetime import date

from sqlalchemy.orm import Mapped

from crm.database import Base


class TurnoverSweep(Base):
    """The day up to which ended mandates have been followed; there is one row, or none before the first time."""

    __tablename__ = "turnover_sweep"
    __audited__ = False  # a bookmark

    swept_until: Mapped[date]
