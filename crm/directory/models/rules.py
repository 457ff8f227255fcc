"""By which rules what is derived of contacts was written."""

from __future__ import annotations

from sqlalchemy.orm import Mapped

from crm.database import Base


class ProjectionRules(Base):
    """The version of the rules (`crm.directory.projection.RULES`) that every contact follows; one row, or none yet."""

    __tablename__ = "projection_rules"
    __audited__ = False  # a mark for upgrades

    version: Mapped[int]
