"""Keep of an edited letter the text part it had, under a name that says so.

Revision ID: 0032
Revises: 0031
"""

from __future__ import annotations

from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.alter_column("letter_edit", "body_before", new_column_name="text_before")


def downgrade() -> None:
    op.alter_column("letter_edit", "text_before", new_column_name="body_before")
