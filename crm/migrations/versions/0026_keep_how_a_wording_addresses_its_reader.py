"""Keep how a wording addresses its reader: in the standard or in the formal manner.

Revision ID: 0026
Revises: 0025
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("wording") as batch:
        batch.add_column(sa.Column("formality", sa.String(32), nullable=False, server_default="standard"))


def downgrade() -> None:
    with op.batch_alter_table("wording") as batch:
        batch.drop_column("formality")
