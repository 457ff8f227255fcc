"""Repeat the names of contacts beside their stances, so that a list sorted by stance walks one index."""

import sqlalchemy as sa
from alembic import op

revision = '0045'
down_revision = '0044'
branch_labels = None
depends_on = None

NAME = sa.String(length=300).with_variant(sa.String(length=300, collation='C'), 'postgresql')
SORTED = 'ix_current_stance_sorted'


def upgrade() -> None:
    op.add_column('current_stance', sa.Column('sort_name', NAME, nullable=False, server_default=''))
    op.execute(
        'UPDATE current_stance SET sort_name ='
        ' (SELECT contact.sort_name FROM contact WHERE contact.id = current_stance.contact_id)'
    )
    op.create_index(SORTED, 'current_stance', ['treaty_id', 'scope', 'rank', 'sort_name', 'contact_id'])


def downgrade() -> None:
    op.drop_index(SORTED, 'current_stance')
    op.drop_column('current_stance', 'sort_name')
