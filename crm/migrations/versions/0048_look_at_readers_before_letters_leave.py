"""Look at readers once more before their letters leave."""

import sqlalchemy as sa
from alembic import op

revision = "0048"
down_revision = "0047"
branch_labels = None
depends_on = None

_ADDED = {
    "look_at": sa.DateTime(timezone=True),
    "agreed": sa.Integer(),
}


def upgrade() -> None:
    op.add_column("letter", sa.Column("dropped_for", sa.String(32), nullable=True))
    few = sa.text("dropped_for IS NOT NULL")
    op.create_index(
        "ix_letter_dropped", "letter", ["mailing_id", "dropped_for"], sqlite_where=few, postgresql_where=few
    )
    for name, kind in _ADDED.items():
        op.add_column("mailing", sa.Column(name, kind, nullable=True))
    op.add_column("mailing", sa.Column("asked", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("mailing", sa.Column("dropped", sa.JSON(), nullable=False, server_default="{}"))
    due = sa.text("look_at IS NOT NULL")
    op.create_index("ix_mailing_look_at", "mailing", ["look_at"], sqlite_where=due, postgresql_where=due)


def downgrade() -> None:
    op.drop_index("ix_mailing_look_at", "mailing")
    for name in ("dropped", "asked", *reversed(_ADDED)):
        op.drop_column("mailing", name)
    op.drop_index("ix_letter_dropped", "letter")
    op.drop_column("letter", "dropped_for")
