"""Keep the pace of sending, and the office hours of letters."""

import sqlalchemy as sa
from alembic import op

revision = "0056"
down_revision = "0055"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_NEW = {
    "mailing": ("per_minute",),
    "outbox_batch": ("per_minute", "free_at", "crowds"),
    "outgoing_message": ("office_zone",),
}


def upgrade() -> None:
    op.create_table(
        "outbox_pace",
        sa.Column("key", sa.String(300), nullable=False),
        sa.Column("batch_id", sa.BigInteger()),
        sa.Column("domain", sa.String(255)),
        sa.Column("free_at", sa.BigInteger(), nullable=False),
        sa.Column("planned_until", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("per_hour", sa.Integer()),
        sa.Column("left", sa.Integer(), server_default="0", nullable=False),
        sa.Column("id", _ID, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox_pace")),
        sa.UniqueConstraint("key", name=op.f("uq_outbox_pace_key")),
    )
    op.create_index(
        "ix_outbox_pace_batch_id",
        "outbox_pace",
        ["batch_id"],
        sqlite_where=sa.text("batch_id IS NOT NULL"),
        postgresql_where=sa.text("batch_id IS NOT NULL"),
    )
    op.create_table(
        "outbox_connection",
        sa.Column("host", sa.String(300), nullable=False),
        sa.Column("boot", sa.String(64), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("process_start", sa.String(40), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", _ID, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox_connection")),
    )
    op.add_column("mailing", sa.Column("per_minute", sa.Integer()))
    op.add_column("outbox_batch", sa.Column("per_minute", sa.Integer()))
    op.add_column("outbox_batch", sa.Column("free_at", sa.DateTime(timezone=True)))
    op.add_column("outbox_batch", sa.Column("crowds", sa.Integer(), server_default="0", nullable=False))
    op.add_column("outgoing_message", sa.Column("office_zone", sa.String(64)))


def downgrade() -> None:
    for table, columns in _NEW.items():
        with op.batch_alter_table(table) as batch:
            for column in columns:
                batch.drop_column(column)
    op.drop_table("outbox_connection")
    op.drop_table("outbox_pace")
