"""add what states did about treaties."""

import sqlalchemy as sa
from alembic import op

revision = '0004'
down_revision = '0003'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('treaty_action',
    sa.Column('treaty_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('state', sa.String(length=2), nullable=False),
    sa.Column('kind', sa.String(32), nullable=False),
    sa.Column('done_on', sa.Date(), nullable=False),
    sa.Column('source', sa.String(length=300), nullable=False),
    sa.Column('confidence', sa.String(32), nullable=False),
    sa.Column('fact', sa.String(length=60), nullable=True),
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.ForeignKeyConstraint(['treaty_id'], ['treaty.id'], name=op.f('fk_treaty_action_treaty_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_treaty_action')),
    sa.UniqueConstraint('fact', name=op.f('uq_treaty_action_fact'))
    )
    with op.batch_alter_table('treaty_action', schema=None) as batch_op:
        batch_op.create_index('ix_treaty_action_treaty_id_state', ['treaty_id', 'state'], unique=False)

    with op.batch_alter_table('treaty', schema=None) as batch_op:
        batch_op.add_column(sa.Column('known_until', sa.Date(), nullable=True))



def downgrade() -> None:
    with op.batch_alter_table('treaty', schema=None) as batch_op:
        batch_op.drop_column('known_until')

    with op.batch_alter_table('treaty_action', schema=None) as batch_op:
        batch_op.drop_index('ix_treaty_action_treaty_id_state')

    op.drop_table('treaty_action')
