"""Keep answers and how far a mailbox was fetched."""

import sqlalchemy as sa
from alembic import op

revision = '0054'
down_revision = '0053'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('inbound_mailbox',
    sa.Column('key', sa.String(length=700), nullable=False),
    sa.Column('uid_validity', sa.BigInteger(), nullable=False),
    sa.Column('last_uid', sa.BigInteger(), nullable=False),
    sa.Column('fetched_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('failures', sa.Integer(), nullable=False),
    sa.Column('failed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('words', sa.String(length=500), nullable=False),
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_inbound_mailbox')),
    sa.UniqueConstraint('key', name=op.f('uq_inbound_mailbox_key'))
    )
    op.create_table('inbound_answer',
    sa.Column('interaction_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('contact_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('user_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('message_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('written_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.ForeignKeyConstraint(['contact_id'], ['contact.id'], name=op.f('fk_inbound_answer_contact_id')),
    sa.ForeignKeyConstraint(['interaction_id'], ['interaction.id'], name=op.f('fk_inbound_answer_interaction_id')),
    sa.ForeignKeyConstraint(['message_id'], ['outgoing_message.id'], name=op.f('fk_inbound_answer_message_id')),
    sa.ForeignKeyConstraint(['user_id'], ['user.id'], name=op.f('fk_inbound_answer_user_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_inbound_answer')),
    sa.UniqueConstraint('message_id', name=op.f('uq_inbound_answer_message_id'))
    )
    with op.batch_alter_table('inbound_answer', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_inbound_answer_contact_id'), ['contact_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_inbound_answer_interaction_id'), ['interaction_id'], unique=False)

    with op.batch_alter_table('outgoing_message', schema=None) as batch_op:
        batch_op.add_column(sa.Column('answering', sa.String(length=4000), nullable=True))



def downgrade() -> None:
    with op.batch_alter_table('outgoing_message', schema=None) as batch_op:
        batch_op.drop_column('answering')

    with op.batch_alter_table('inbound_answer', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_inbound_answer_interaction_id'))
        batch_op.drop_index(batch_op.f('ix_inbound_answer_contact_id'))

    op.drop_table('inbound_answer')
    op.drop_table('inbound_mailbox')
