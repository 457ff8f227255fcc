"""Find the targets that two became one in without walking through every move."""

import sqlalchemy as sa
from alembic import op

revision = '0040'
down_revision = '0039'
branch_labels = None
depends_on = None


def upgrade() -> None:
    added = sa.text('from_stage IS NULL')
    op.create_index(
        'ix_stage_move_added',
        'stage_move',
        ['campaign_id', 'target_id', 'at'],
        sqlite_where=added,
        postgresql_where=added,
    )


def downgrade() -> None:
    op.drop_index('ix_stage_move_added', 'stage_move')
