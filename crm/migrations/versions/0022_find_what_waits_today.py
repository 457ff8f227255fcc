"""find what waits today."""

import sqlalchemy as sa
from alembic import op

revision = '0022'
down_revision = '0021'
branch_labels = None
depends_on = None

REPLIES = sa.text("kind IN ('reply', 'promise_answered')")


def upgrade() -> None:
    op.create_index(
        'ix_timeline_entry_replies',
        'timeline_entry',
        ['at', 'contact_id'],
        sqlite_where=REPLIES,
        postgresql_where=REPLIES,
    )
    op.create_index(
        'ix_target_owner_quiet',
        'target',
        ['owner_id', 'quiet_since', 'id', 'stage', 'stage_since', 'contact_id'],
    )


def downgrade() -> None:
    op.drop_index('ix_target_owner_quiet', 'target')
    op.drop_index('ix_timeline_entry_replies', 'timeline_entry')
