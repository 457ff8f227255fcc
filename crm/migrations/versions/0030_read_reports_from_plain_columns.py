"""Read reports from plain columns: SQLite looks at the row for one it computes, whatever stands in the index."""

import sqlalchemy as sa
from alembic import op

revision = '0030'
down_revision = '0029'
branch_labels = None
depends_on = None

PLACE = (
    "CASE to_stage WHEN 'contacted' THEN 1 WHEN 'in_dialogue' THEN 2 WHEN 'convinced' THEN 3"
    " WHEN 'committed' THEN 4 WHEN 'delivered' THEN 5 ELSE 0 END"
)
FURTHEST, REPORT = 'ix_stage_move_furthest', 'ix_target_report'
AFTER = ['quiet_since', 'stage_since', 'contact_id', 'close_reason']


def upgrade() -> None:
    op.drop_index(FURTHEST, 'stage_move')
    op.drop_index(REPORT, 'target')
    with op.batch_alter_table('stage_move') as batch_op:
        batch_op.drop_column('place')
    op.create_index(FURTHEST, 'stage_move', ['campaign_id', 'target_id', 'to_stage', 'at'])
    op.create_index(REPORT, 'target', ['campaign_id', 'owner_id', 'stage', 'next_step_due', *AFTER])


def downgrade() -> None:
    op.drop_index(FURTHEST, 'stage_move')
    op.drop_index(REPORT, 'target')
    with op.batch_alter_table('stage_move') as batch_op:
        batch_op.add_column(sa.Column('place', sa.SmallInteger(), sa.Computed(PLACE, persisted=True), nullable=False))
    op.create_index(FURTHEST, 'stage_move', ['campaign_id', 'target_id', 'place', 'at'])
    op.create_index(REPORT, 'target', ['campaign_id', 'owner_id', 'stage', 'due_order', *AFTER])
