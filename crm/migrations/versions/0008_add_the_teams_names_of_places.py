"""add the team's names of places."""

import sqlalchemy as sa
from alembic import op

revision = '0008'
down_revision = '0007'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('place_alias',
    sa.Column('label', sa.String(length=80), nullable=False),
    sa.Column('key', sa.String(length=400), nullable=False),
    sa.Column('scope', sa.String(length=2), nullable=False),
    sa.Column('country', sa.String(length=2), nullable=False),
    sa.Column('region', sa.String(length=6), nullable=True),
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_place_alias')),
    sa.UniqueConstraint('scope', 'key', name=op.f('uq_place_alias_scope_key'))
    )
    with op.batch_alter_table('place_alias', schema=None) as batch_op:
        batch_op.create_index('ix_place_alias_key_id', ['key', 'id'], unique=False)



def downgrade() -> None:
    with op.batch_alter_table('place_alias', schema=None) as batch_op:
        batch_op.drop_index('ix_place_alias_key_id')

    op.drop_table('place_alias')
