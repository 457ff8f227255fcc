"""Keep what one of us says of an address that must not be written to, and list those of one reason quickly."""

import sqlalchemy as sa
from alembic import op

revision = '0046'
down_revision = '0045'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('suppression', sa.Column('note', sa.String(length=200), server_default='', nullable=False))
    op.create_index('ix_suppression_reason_id', 'suppression', ['reason', 'id'])


def downgrade() -> None:
    op.drop_index('ix_suppression_reason_id', 'suppression')
    op.drop_column('suppression', 'note')
