"""follow ended mandates."""

import sqlalchemy as sa
from alembic import op

import crm.database

revision = '0010'
down_revision = '0009'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('turnover_sweep',
    sa.Column('swept_until', sa.Date(), nullable=False),
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_turnover_sweep'))
    )


def downgrade() -> None:
    op.drop_table('turnover_sweep')
