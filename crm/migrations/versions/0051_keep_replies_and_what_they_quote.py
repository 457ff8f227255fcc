"""Keep replies and what they quote."""

import sqlalchemy as sa
from alembic import op

revision = '0051'
down_revision = '0050'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('inbound_reply',
    sa.Column('interaction_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('message_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('quoted', sa.Text(), nullable=False),
    sa.Column('files_left', sa.Integer(), nullable=False),
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.ForeignKeyConstraint(['interaction_id'], ['interaction.id'], name=op.f('fk_inbound_reply_interaction_id')),
    sa.ForeignKeyConstraint(['message_id'], ['inbound_message.id'], name=op.f('fk_inbound_reply_message_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_inbound_reply')),
    sa.UniqueConstraint('interaction_id', name=op.f('uq_inbound_reply_interaction_id')),
    sa.UniqueConstraint('message_id', name=op.f('uq_inbound_reply_message_id'))
    )
    with op.batch_alter_table('inbound_message', schema=None) as batch_op:
        batch_op.add_column(sa.Column('fingerprint', sa.String(length=64), server_default='', nullable=False))
        batch_op.add_column(sa.Column('matched_by', sa.String(32), nullable=True))
        batch_op.create_index(batch_op.f('ix_inbound_message_fingerprint'), ['fingerprint'], unique=False)



def downgrade() -> None:
    with op.batch_alter_table('inbound_message', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_inbound_message_fingerprint'))
        batch_op.drop_column('matched_by')
        batch_op.drop_column('fingerprint')

    op.drop_table('inbound_reply')
