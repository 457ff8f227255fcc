"""count quiet targets in their index."""

from alembic import op

revision = '0019'
down_revision = '0018'
branch_labels = None
depends_on = None

NAME = 'ix_target_quiet'
ORDER = ['campaign_id', 'quiet_since', 'id', 'stage']


def upgrade() -> None:
    op.drop_index(NAME, 'target')
    op.create_index(NAME, 'target', [*ORDER, 'stage_since', 'contact_id'])


def downgrade() -> None:
    op.drop_index(NAME, 'target')
    op.create_index(NAME, 'target', [*ORDER, 'contact_id'])
