"""Count what was done lately for a campaign in an index."""

from alembic import op

revision = '0033'
down_revision = '0032'
branch_labels = None
depends_on = None

WHOLE, LATELY = 'ix_interaction_campaign_id', 'ix_interaction_campaign_id_at'


def upgrade() -> None:
    op.drop_index(WHOLE, 'interaction')
    op.create_index(LATELY, 'interaction', ['campaign_id', 'at', 'kind', 'recorded_by', 'team_id', 'withdrawn_at'])


def downgrade() -> None:
    op.drop_index(LATELY, 'interaction')
    op.create_index(WHOLE, 'interaction', ['campaign_id'])
