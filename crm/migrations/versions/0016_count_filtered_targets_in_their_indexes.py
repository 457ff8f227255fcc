"""count filtered targets in their indexes."""

import sqlalchemy as sa
from alembic import op

revision = '0016'
down_revision = '0015'
branch_labels = None
depends_on = None

# With the columns they had before, and what is added to them.
INDEXES = {
    'ix_target_board': (['campaign_id', 'stage', 'due_order', 'priority_order', 'id'], ['contact_id']),
    'ix_target_list': (['campaign_id', 'due_order', 'priority_order', 'id'], ['contact_id']),
    'ix_target_quiet': (['campaign_id', 'quiet_since', 'id'], ['stage', 'contact_id']),
}


def upgrade() -> None:
    for name, (columns, added) in INDEXES.items():
        op.drop_index(name, 'target')
        op.create_index(name, 'target', columns + added)
    private = sa.text('team_id IS NOT NULL')
    op.create_index(
        'ix_timeline_entry_private',
        'timeline_entry',
        ['team_id', 'at'],
        sqlite_where=private,
        postgresql_where=private,
    )


def downgrade() -> None:
    op.drop_index('ix_timeline_entry_private', 'timeline_entry')
    for name, (columns, _added) in INDEXES.items():
        op.drop_index(name, 'target')
        op.create_index(name, 'target', columns)
