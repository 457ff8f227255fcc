"""Keep of a row of an import which other line is like it, and what the file makes of the person.

Revision ID: 0023
Revises: 0022
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("import_row", sa.Column("twin_id", sa.BigInteger(), nullable=True))
    op.add_column("import_row", sa.Column("category", sa.String(length=32), nullable=True))
    has_twin = sa.text("twin_id IS NOT NULL")
    op.create_index("ix_import_row_twin_id", "import_row", ["twin_id"], sqlite_where=has_twin, postgresql_where=has_twin)


def downgrade() -> None:
    op.drop_index("ix_import_row_twin_id", table_name="import_row")
    with op.batch_alter_table("import_row") as batch:
        batch.drop_column("category")
        batch.drop_column("twin_id")
