"""find who came after in an index."""

from alembic import op

revision = '0025'
down_revision = '0024'
branch_labels = None
depends_on = None

COMING = 'ix_membership_organization_id_start_date'
QUIET = 'ix_target_all_quiet'


def upgrade() -> None:
    op.create_index(COMING, 'membership', ['organization_id', 'start_date'])
    op.create_index(QUIET, 'target', ['quiet_since', 'id', 'stage', 'stage_since', 'owner_id', 'contact_id'])


def downgrade() -> None:
    op.drop_index(QUIET, 'target')
    op.drop_index(COMING, 'membership')
