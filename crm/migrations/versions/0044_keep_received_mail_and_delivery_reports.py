"""Keep received mail and delivery reports."""

import sqlalchemy as sa
from alembic import op

import crm.database

revision = '0044'
down_revision = '0043'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('outbox_bounce',
    sa.Column('message_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('address_hash', sa.String(length=64), nullable=False),
    sa.Column('kind', sa.String(32), nullable=False),
    sa.Column('status', sa.String(length=12), nullable=False),
    sa.Column('words', sa.String(length=500), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.ForeignKeyConstraint(['message_id'], ['outgoing_message.id'], name=op.f('fk_outbox_bounce_message_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_outbox_bounce')),
    sa.UniqueConstraint('message_id', name=op.f('uq_outbox_bounce_message_id'))
    )
    with op.batch_alter_table('outbox_bounce', schema=None) as batch_op:
        batch_op.create_index('ix_outbox_bounce_address_hash_at', ['address_hash', 'at'], unique=False)

    op.create_table('inbound_message',
    sa.Column('sha256', sa.String(length=64), nullable=False),
    sa.Column('size', sa.BigInteger(), nullable=False),
    sa.Column('source', sa.String(32), nullable=False),
    sa.Column('recipient', sa.String(length=320), nullable=False),
    sa.Column('received_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('state', sa.String(32), nullable=False),
    sa.Column('kind', sa.String(32), nullable=True),
    sa.Column('attempts', sa.Integer(), nullable=False),
    sa.Column('fault', sa.String(32), nullable=True),
    sa.Column('fault_words', sa.String(length=500), nullable=False),
    sa.Column('message_id_header', sa.String(length=320), nullable=False),
    sa.Column('from_address', sa.String(length=320), nullable=False),
    sa.Column('from_name', sa.String(length=300), nullable=False),
    sa.Column('subject', sa.String(length=900), nullable=False),
    sa.Column('sent_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('outgoing_message_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('contact_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('settled_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('settled_by_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.ForeignKeyConstraint(['contact_id'], ['contact.id'], name=op.f('fk_inbound_message_contact_id')),
    sa.ForeignKeyConstraint(['outgoing_message_id'], ['outgoing_message.id'], name=op.f('fk_inbound_message_outgoing_message_id')),
    sa.ForeignKeyConstraint(['settled_by_id'], ['user.id'], name=op.f('fk_inbound_message_settled_by_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_inbound_message')),
    sa.UniqueConstraint('sha256', name=op.f('uq_inbound_message_sha256'))
    )
    with op.batch_alter_table('inbound_message', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_inbound_message_contact_id'), ['contact_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_inbound_message_outgoing_message_id'), ['outgoing_message_id'], unique=False)
        batch_op.create_index('ix_inbound_message_state_id', ['state', 'id'], unique=False)

    with op.batch_alter_table('contact_point', schema=None) as batch_op:
        batch_op.add_column(sa.Column('bounced_at', sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('bounced_with', sa.String(length=300), server_default='', nullable=False))
        batch_op.create_index('ix_contact_point_bounced_at', ['bounced_at'], unique=False, sqlite_where=sa.text('bounced_at IS NOT NULL'), postgresql_where=sa.text('bounced_at IS NOT NULL'))



def downgrade() -> None:
    with op.batch_alter_table('contact_point', schema=None) as batch_op:
        batch_op.drop_index('ix_contact_point_bounced_at', sqlite_where=sa.text('bounced_at IS NOT NULL'), postgresql_where=sa.text('bounced_at IS NOT NULL'))
        batch_op.drop_column('bounced_with')
        batch_op.drop_column('bounced_at')

    with op.batch_alter_table('inbound_message', schema=None) as batch_op:
        batch_op.drop_index('ix_inbound_message_state_id')
        batch_op.drop_index(batch_op.f('ix_inbound_message_outgoing_message_id'))
        batch_op.drop_index(batch_op.f('ix_inbound_message_contact_id'))

    op.drop_table('inbound_message')
    with op.batch_alter_table('outbox_bounce', schema=None) as batch_op:
        batch_op.drop_index('ix_outbox_bounce_address_hash_at')

    op.drop_table('outbox_bounce')
