"""Keep what readers of letters ask for, and whose data must not be used."""

import sqlalchemy as sa
from alembic import op

revision = '0035'
down_revision = '0034'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('restriction',
    sa.Column('contact_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('source', sa.String(length=80), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.ForeignKeyConstraint(['contact_id'], ['contact.id'], name=op.f('fk_restriction_contact_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_restriction')),
    sa.UniqueConstraint('contact_id', name=op.f('uq_restriction_contact_id'))
    )
    op.create_table('reader_request',
    sa.Column('kind', sa.String(32), nullable=False),
    sa.Column('contact_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('letter_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('owner_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('words', sa.String(length=2000), nullable=False),
    sa.Column('language', sa.String(length=8), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('taken_back_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('settled_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('settled_by_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.ForeignKeyConstraint(['contact_id'], ['contact.id'], name=op.f('fk_reader_request_contact_id')),
    sa.ForeignKeyConstraint(['letter_id'], ['letter.id'], name=op.f('fk_reader_request_letter_id')),
    sa.ForeignKeyConstraint(['owner_id'], ['user.id'], name=op.f('fk_reader_request_owner_id')),
    sa.ForeignKeyConstraint(['settled_by_id'], ['user.id'], name=op.f('fk_reader_request_settled_by_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_reader_request'))
    )
    with op.batch_alter_table('reader_request', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_reader_request_contact_id'), ['contact_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_reader_request_letter_id'), ['letter_id'], unique=False)
        batch_op.create_index('ix_reader_request_waiting', ['owner_id', 'at'], unique=False, sqlite_where=sa.text('settled_at IS NULL'), postgresql_where=sa.text('settled_at IS NULL'))



def downgrade() -> None:
    with op.batch_alter_table('reader_request', schema=None) as batch_op:
        batch_op.drop_index('ix_reader_request_waiting', sqlite_where=sa.text('settled_at IS NULL'), postgresql_where=sa.text('settled_at IS NULL'))
        batch_op.drop_index(batch_op.f('ix_reader_request_letter_id'))
        batch_op.drop_index(batch_op.f('ix_reader_request_contact_id'))

    op.drop_table('reader_request')
    op.drop_table('restriction')
