"""remind users of a morning."""

import sqlalchemy as sa
from alembic import op

revision = '0024'
down_revision = '0023'
branch_labels = None
depends_on = None


def upgrade() -> None:
    number = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')
    op.create_table(
        'reminder',
        sa.Column('user_id', number, nullable=False),
        sa.Column('active', sa.Boolean(), nullable=False),
        sa.Column('hour', sa.SmallInteger(), nullable=False),
        sa.Column('weekdays', sa.String(length=7), nullable=False),
        sa.Column('looked_on', sa.Date(), nullable=True),
        sa.Column('id', number, nullable=False),
        sa.ForeignKeyConstraint(['user_id'], ['user.id'], name=op.f('fk_reminder_user_id')),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_reminder')),
        sa.UniqueConstraint('user_id', name=op.f('uq_reminder_user_id')),
    )


def downgrade() -> None:
    op.drop_table('reminder')
