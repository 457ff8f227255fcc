"""record merges and propose duplicates."""

import sqlalchemy as sa
from alembic import op

import crm.database

revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('contact_merge',
    sa.Column('survivor_id', sa.BigInteger(), nullable=False),
    sa.Column('absorbed_id', sa.BigInteger(), nullable=False),
    sa.Column('absorbed_name', sa.String(length=300), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('actor', sa.String(length=80), nullable=False),
    sa.Column('counts', sa.JSON(), nullable=False),
    sa.Column('unmerged_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_contact_merge'))
    )
    with op.batch_alter_table('contact_merge', schema=None) as batch_op:
        batch_op.create_index('ix_contact_merge_absorbed_id', ['absorbed_id'], unique=False)
        batch_op.create_index('ix_contact_merge_survivor_id', ['survivor_id'], unique=False)

    op.create_table('duplicate_search',
    sa.Column('contacts_until', sa.DateTime(timezone=True), nullable=False),
    sa.Column('last_point_id', sa.BigInteger(), nullable=False),
    sa.Column('last_identifier_id', sa.BigInteger(), nullable=False),
    sa.Column('last_other_name_id', sa.BigInteger(), nullable=False),
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_duplicate_search'))
    )
    op.create_table('merge_step',
    sa.Column('merge_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('kind', sa.String(32), nullable=False),
    sa.Column('table_name', sa.String(length=64), nullable=False),
    sa.Column('row_ids', sa.JSON(), nullable=False),
    sa.Column('before', sa.JSON(), nullable=False),
    sa.Column('after', sa.JSON(), nullable=False),
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.ForeignKeyConstraint(['merge_id'], ['contact_merge.id'], name=op.f('fk_merge_step_merge_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_merge_step'))
    )
    with op.batch_alter_table('merge_step', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_merge_step_merge_id'), ['merge_id'], unique=False)

    op.create_table('duplicate_proposal',
    sa.Column('one_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('other_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('kind', sa.String(32), nullable=False),
    sa.Column('score', sa.SmallInteger(), nullable=False),
    sa.Column('reasons', sa.JSON(), nullable=False),
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.ForeignKeyConstraint(['one_id'], ['contact.id'], name=op.f('fk_duplicate_proposal_one_id')),
    sa.ForeignKeyConstraint(['other_id'], ['contact.id'], name=op.f('fk_duplicate_proposal_other_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_duplicate_proposal')),
    sa.UniqueConstraint('one_id', 'other_id', name=op.f('uq_duplicate_proposal_one_id_other_id'))
    )
    with op.batch_alter_table('duplicate_proposal', schema=None) as batch_op:
        batch_op.create_index('ix_duplicate_proposal_kind_score_id', ['kind', 'score', 'id'], unique=False)
        batch_op.create_index('ix_duplicate_proposal_other_id', ['other_id'], unique=False)
        batch_op.create_index('ix_duplicate_proposal_score_id', ['score', 'id'], unique=False)

    op.create_table('told_apart',
    sa.Column('one_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('other_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('user_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.ForeignKeyConstraint(['one_id'], ['contact.id'], name=op.f('fk_told_apart_one_id')),
    sa.ForeignKeyConstraint(['other_id'], ['contact.id'], name=op.f('fk_told_apart_other_id')),
    sa.ForeignKeyConstraint(['user_id'], ['user.id'], name=op.f('fk_told_apart_user_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_told_apart')),
    sa.UniqueConstraint('one_id', 'other_id', name=op.f('uq_told_apart_one_id_other_id'))
    )
    with op.batch_alter_table('told_apart', schema=None) as batch_op:
        batch_op.create_index('ix_told_apart_other_id', ['other_id'], unique=False)

    with op.batch_alter_table('contact', schema=None) as batch_op:
        batch_op.create_index('ix_contact_updated_at', ['updated_at'], unique=False)

    with op.batch_alter_table('letter', schema=None) as batch_op:
        batch_op.add_column(sa.Column('merged_target_id', sa.BigInteger(), server_default='0', nullable=False))
        batch_op.drop_constraint(batch_op.f('uq_letter_mailing_id_target_id'), type_='unique')
        batch_op.create_unique_constraint(batch_op.f('uq_letter_mailing_id_target_id_merged_target_id'), ['mailing_id', 'target_id', 'merged_target_id'])



def downgrade() -> None:
    with op.batch_alter_table('letter', schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f('uq_letter_mailing_id_target_id_merged_target_id'), type_='unique')
        batch_op.create_unique_constraint(batch_op.f('uq_letter_mailing_id_target_id'), ['mailing_id', 'target_id'])
        batch_op.drop_column('merged_target_id')

    with op.batch_alter_table('contact', schema=None) as batch_op:
        batch_op.drop_index('ix_contact_updated_at')

    with op.batch_alter_table('told_apart', schema=None) as batch_op:
        batch_op.drop_index('ix_told_apart_other_id')

    op.drop_table('told_apart')
    with op.batch_alter_table('duplicate_proposal', schema=None) as batch_op:
        batch_op.drop_index('ix_duplicate_proposal_score_id')
        batch_op.drop_index('ix_duplicate_proposal_other_id')
        batch_op.drop_index('ix_duplicate_proposal_kind_score_id')

    op.drop_table('duplicate_proposal')
    with op.batch_alter_table('merge_step', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_merge_step_merge_id'))

    op.drop_table('merge_step')
    op.drop_table('duplicate_search')
    with op.batch_alter_table('contact_merge', schema=None) as batch_op:
        batch_op.drop_index('ix_contact_merge_survivor_id')
        batch_op.drop_index('ix_contact_merge_absorbed_id')

    op.drop_table('contact_merge')
