"""Take letters in again that were left out.

Revision ID: 0041
Revises: 0040
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None

_INDEXES = {"ix_letter_left_out": "left_out_at", "ix_letter_taken_in": "taken_in_at"}


def upgrade() -> None:
    op.add_column("letter", sa.Column("taken_in_at", sa.DateTime(timezone=True), nullable=True))
    for name, column in _INDEXES.items():
        few = sa.text(f"{column} IS NOT NULL")
        op.create_index(name, "letter", ["mailing_id", column], sqlite_where=few, postgresql_where=few)


def downgrade() -> None:
    for name in _INDEXES:
        op.drop_index(name, "letter")
    op.drop_column("letter", "taken_in_at")
