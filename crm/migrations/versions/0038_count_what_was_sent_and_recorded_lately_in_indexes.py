"""Count what was sent, stated and promised lately in indexes."""

import sqlalchemy as sa
from alembic import op

revision = '0038'
down_revision = '0037'
branch_labels = None
depends_on = None


def upgrade() -> None:
    has_finished = sa.text('finished_at IS NOT NULL')
    op.create_index(
        'ix_outgoing_message_state_finished_at',
        'outgoing_message',
        ['state', 'finished_at', 'batch_id'],
        sqlite_where=has_finished,
        postgresql_where=has_finished,
    )
    op.create_index(
        'ix_statement_recorded_at', 'statement', ['recorded_at', 'treaty_id', 'contact_id', 'recorded_by', 'team_id']
    )
    op.create_index('ix_commitment_created_at', 'commitment', ['created_at', 'target_id', 'recorded_by_id'])


def downgrade() -> None:
    op.drop_index('ix_commitment_created_at', 'commitment')
    op.drop_index('ix_statement_recorded_at', 'statement')
    op.drop_index('ix_outgoing_message_state_finished_at', 'outgoing_message')
