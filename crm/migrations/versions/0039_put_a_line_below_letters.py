"""Put a line below letters, by which their readers can stop them.

Revision ID: 0039
Revises: 0038
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("outgoing_message", sa.Column("footer", sa.String(400), nullable=True))


def downgrade() -> None:
    op.drop_column("outgoing_message", "footer")
