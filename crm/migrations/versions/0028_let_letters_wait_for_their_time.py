"""Let letters wait for their time, batches pause by themselves, and files go with letters.

Revision ID: 0028
Revises: 0027
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "outbox_enclosure",
        sa.Column("batch_id", _NUMBER, nullable=False),
        sa.Column("key", sa.String(80), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("media_type", sa.String(100), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("id", _NUMBER, nullable=False),
        sa.ForeignKeyConstraint(["batch_id"], ["outbox_batch.id"], name=op.f("fk_outbox_enclosure_batch_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox_enclosure")),
        sa.UniqueConstraint("batch_id", "key", "name", name=op.f("uq_outbox_enclosure_batch_id_key_name")),
    )
    # As plain ADD COLUMN: a table of a million letters is not copied for it.
    op.add_column("outbox_batch", sa.Column("paused_for", sa.String(32), nullable=True))
    op.add_column("outgoing_message", sa.Column("late_after", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column("outgoing_message", "late_after")
    op.drop_column("outbox_batch", "paused_for")
    op.drop_table("outbox_enclosure")
