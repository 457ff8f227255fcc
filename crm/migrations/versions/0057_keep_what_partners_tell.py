"""Keep feeds for partners, and what partners tell."""

import sqlalchemy as sa
from alembic import op

revision = '0057'
down_revision = '0056'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('coalition_feed',
    sa.Column('name', sa.String(length=120), nullable=False),
    sa.Column('token_hash', sa.String(length=64), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('created_by_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('revoked_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.ForeignKeyConstraint(['created_by_id'], ['user.id'], name=op.f('fk_coalition_feed_created_by_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_coalition_feed')),
    sa.UniqueConstraint('token_hash', name=op.f('uq_coalition_feed_token_hash'))
    )
    op.create_table('coalition_partner',
    sa.Column('name', sa.String(length=120), nullable=False),
    sa.Column('url', sa.String(length=500), nullable=False),
    sa.Column('added_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('added_by_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.ForeignKeyConstraint(['added_by_id'], ['user.id'], name=op.f('fk_coalition_partner_added_by_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_coalition_partner')),
    sa.UniqueConstraint('name', name=op.f('uq_coalition_partner_name'))
    )
    op.create_table('coalition_fetching',
    sa.Column('partner_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('etag', sa.String(length=200), nullable=False),
    sa.Column('offices', sa.Integer(), nullable=False),
    sa.Column('asked_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('fetched_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('failures', sa.Integer(), nullable=False),
    sa.Column('words', sa.String(length=500), nullable=False),
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.ForeignKeyConstraint(['partner_id'], ['coalition_partner.id'], name=op.f('fk_coalition_fetching_partner_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_coalition_fetching')),
    sa.UniqueConstraint('partner_id', name=op.f('uq_coalition_fetching_partner_id'))
    )
    op.create_table('coalition_letter',
    sa.Column('partner_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('key', sa.String(length=180), nullable=False),
    sa.Column('on', sa.Date(), nullable=False),
    sa.Column('campaign', sa.String(length=200), nullable=False),
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.ForeignKeyConstraint(['partner_id'], ['coalition_partner.id'], name=op.f('fk_coalition_letter_partner_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_coalition_letter')),
    sa.UniqueConstraint('partner_id', 'key', name=op.f('uq_coalition_letter_partner_id_key'))
    )
    with op.batch_alter_table('coalition_letter', schema=None) as batch_op:
        batch_op.create_index('ix_coalition_letter_key_on', ['key', 'on'], unique=False)



def downgrade() -> None:
    with op.batch_alter_table('coalition_letter', schema=None) as batch_op:
        batch_op.drop_index('ix_coalition_letter_key_on')

    op.drop_table('coalition_letter')
    op.drop_table('coalition_fetching')
    op.drop_table('coalition_partner')
    op.drop_table('coalition_feed')
