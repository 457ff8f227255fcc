"""Find addresses without their accents."""

import sqlalchemy as sa
from alembic import op

revision = "0055"
down_revision = "0054"
branch_labels = None
depends_on = None

_TABLE, _NAME = "contact_point", "ix_contact_point_beyond_ascii"
_AN_ADDRESS = "length(replace(value, '@', '')) < length(value)"


def upgrade() -> None:
    op.create_index(
        _NAME,
        _TABLE,
        ["value"],
        sqlite_where=sa.text(f"length(CAST(value AS BLOB)) > length(value) AND {_AN_ADDRESS}"),
        postgresql_where=sa.text(f"octet_length(value) > length(value) AND {_AN_ADDRESS}"),
    )


def downgrade() -> None:
    op.drop_index(_NAME, _TABLE)
