"""add goals, commitments and last contacts."""

import sqlalchemy as sa
from alembic import op

import crm.database

revision = '0014'
down_revision = '0013'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('campaign_state',
    sa.Column('campaign_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('state', sa.String(length=2), nullable=False),
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.ForeignKeyConstraint(['campaign_id'], ['campaign.id'], name=op.f('fk_campaign_state_campaign_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_campaign_state')),
    sa.UniqueConstraint('campaign_id', 'state', name=op.f('uq_campaign_state_campaign_id_state'))
    )
    op.create_table('campaign_treaty',
    sa.Column('campaign_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('treaty_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.ForeignKeyConstraint(['campaign_id'], ['campaign.id'], name=op.f('fk_campaign_treaty_campaign_id')),
    sa.ForeignKeyConstraint(['treaty_id'], ['treaty.id'], name=op.f('fk_campaign_treaty_treaty_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_campaign_treaty')),
    sa.UniqueConstraint('campaign_id', 'treaty_id', name=op.f('uq_campaign_treaty_campaign_id_treaty_id'))
    )
    with op.batch_alter_table('campaign_treaty', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_campaign_treaty_treaty_id'), ['treaty_id'], unique=False)

    op.create_table('target_change',
    sa.Column('user_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('campaign_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('action', sa.String(32), nullable=False),
    sa.Column('value', sa.String(length=80), nullable=False),
    sa.Column('reason', sa.String(length=32), nullable=False),
    sa.Column('chosen', sa.JSON(), nullable=False),
    sa.Column('expected', sa.Integer(), nullable=False),
    sa.Column('came_from', sa.String(length=2000), nullable=False),
    sa.Column('state', sa.String(32), nullable=False),
    sa.Column('asked_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('changed', sa.Integer(), nullable=True),
    sa.Column('stayed', sa.Integer(), nullable=True),
    sa.Column('unfounded', sa.Integer(), nullable=True),
    sa.Column('change_set_id', sa.Integer(), nullable=True),
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.ForeignKeyConstraint(['campaign_id'], ['campaign.id'], name=op.f('fk_target_change_campaign_id')),
    sa.ForeignKeyConstraint(['user_id'], ['user.id'], name=op.f('fk_target_change_user_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_target_change'))
    )
    with op.batch_alter_table('target_change', schema=None) as batch_op:
        batch_op.create_index('ix_target_change_state_id', ['state', 'id'], unique=False)

    op.create_table('commitment',
    sa.Column('target_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('words', sa.Text(), nullable=False),
    sa.Column('act', sa.String(length=300), nullable=False),
    sa.Column('promised_on', sa.Date(), nullable=False),
    sa.Column('due_on', sa.Date(), nullable=True),
    sa.Column('remind_on', sa.Date(), nullable=True),
    sa.Column('source_url', sa.String(length=500), nullable=False),
    sa.Column('source_file_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('public', sa.Boolean(), nullable=False),
    sa.Column('state', sa.String(32), nullable=False),
    sa.Column('due_order', sa.Date(), sa.Computed("CASE WHEN state <> 'open' OR due_on IS NULL THEN '9999-12-31' ELSE due_on END", persisted=True), nullable=False),
    sa.Column('settled_on', sa.Date(), nullable=True),
    sa.Column('recorded_by_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.ForeignKeyConstraint(['recorded_by_id'], ['user.id'], name=op.f('fk_commitment_recorded_by_id')),
    sa.ForeignKeyConstraint(['source_file_id'], ['attachment.id'], name=op.f('fk_commitment_source_file_id')),
    sa.ForeignKeyConstraint(['target_id'], ['target.id'], name=op.f('fk_commitment_target_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_commitment'))
    )
    with op.batch_alter_table('commitment', schema=None) as batch_op:
        batch_op.create_index('ix_commitment_due_order_id', ['due_order', 'id'], unique=False)
        batch_op.create_index('ix_commitment_promised_on_id', ['promised_on', 'id'], unique=False)
        batch_op.create_index('ix_commitment_state_remind_on', ['state', 'remind_on'], unique=False)
        batch_op.create_index(batch_op.f('ix_commitment_target_id'), ['target_id'], unique=False)

    op.create_table('commitment_verdict',
    sa.Column('commitment_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('state', sa.String(32), nullable=False),
    sa.Column('found_on', sa.Date(), nullable=False),
    sa.Column('note', sa.String(length=300), nullable=False),
    sa.Column('proof_url', sa.String(length=500), nullable=False),
    sa.Column('proof_file_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('actor', sa.String(length=80), nullable=False),
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.ForeignKeyConstraint(['commitment_id'], ['commitment.id'], name=op.f('fk_commitment_verdict_commitment_id')),
    sa.ForeignKeyConstraint(['proof_file_id'], ['attachment.id'], name=op.f('fk_commitment_verdict_proof_file_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_commitment_verdict'))
    )
    with op.batch_alter_table('commitment_verdict', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_commitment_verdict_commitment_id'), ['commitment_id'], unique=False)

    op.create_table('commitment_link',
    sa.Column('commitment_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('token_hash', sa.String(length=64), nullable=False),
    sa.Column('created_by_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('revoked_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('used_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.ForeignKeyConstraint(['commitment_id'], ['commitment.id'], name=op.f('fk_commitment_link_commitment_id')),
    sa.ForeignKeyConstraint(['created_by_id'], ['user.id'], name=op.f('fk_commitment_link_created_by_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_commitment_link')),
    sa.UniqueConstraint('token_hash', name=op.f('uq_commitment_link_token_hash'))
    )
    with op.batch_alter_table('commitment_link', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_commitment_link_commitment_id'), ['commitment_id'], unique=False)

    op.create_table('commitment_answer',
    sa.Column('commitment_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('link_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('kind', sa.String(32), nullable=False),
    sa.Column('asked', sa.Text(), nullable=False),
    sa.Column('words', sa.Text(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('seen_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.ForeignKeyConstraint(['commitment_id'], ['commitment.id'], name=op.f('fk_commitment_answer_commitment_id')),
    sa.ForeignKeyConstraint(['link_id'], ['commitment_link.id'], name=op.f('fk_commitment_answer_link_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_commitment_answer')),
    sa.UniqueConstraint('link_id', name=op.f('uq_commitment_answer_link_id'))
    )
    with op.batch_alter_table('commitment_answer', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_commitment_answer_commitment_id'), ['commitment_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_commitment_answer_seen_at'), ['seen_at'], unique=False)

    with op.batch_alter_table('campaign', schema=None) as batch_op:
        batch_op.add_column(sa.Column('goal_count', sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column('counts_from', sa.Date(), nullable=False, server_default='1970-01-01'))
    op.execute('UPDATE campaign SET counts_from = date(created_at)')

    with op.batch_alter_table('target', schema=None) as batch_op:
        batch_op.add_column(sa.Column('last_contact_at', sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(
            sa.Column('quiet_since', sa.DateTime(timezone=True), nullable=False, server_default='1970-01-01 00:00:00')
        )
        batch_op.create_index('ix_target_quiet', ['campaign_id', 'quiet_since', 'id'], unique=False)
    op.execute(
        "UPDATE target SET last_contact_at = (SELECT max(at) FROM timeline_entry WHERE kind = 'letter_sent'"
        ' AND timeline_entry.contact_id = target.contact_id AND team_id IS NULL)'
    )
    op.execute('UPDATE target SET quiet_since = coalesce(last_contact_at, created_at)')



def downgrade() -> None:
    # In place: a table with generated columns cannot be copied row by row.
    op.drop_index('ix_target_quiet', 'target')
    op.execute('ALTER TABLE target DROP COLUMN quiet_since')
    op.execute('ALTER TABLE target DROP COLUMN last_contact_at')
    op.execute('ALTER TABLE campaign DROP COLUMN counts_from')
    op.execute('ALTER TABLE campaign DROP COLUMN goal_count')

    with op.batch_alter_table('commitment_answer', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_commitment_answer_seen_at'))
        batch_op.drop_index(batch_op.f('ix_commitment_answer_commitment_id'))

    op.drop_table('commitment_answer')
    with op.batch_alter_table('commitment_link', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_commitment_link_commitment_id'))

    op.drop_table('commitment_link')
    with op.batch_alter_table('commitment_verdict', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_commitment_verdict_commitment_id'))

    op.drop_table('commitment_verdict')
    with op.batch_alter_table('commitment', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_commitment_target_id'))
        batch_op.drop_index('ix_commitment_state_remind_on')
        batch_op.drop_index('ix_commitment_promised_on_id')
        batch_op.drop_index('ix_commitment_due_order_id')

    op.drop_table('commitment')
    with op.batch_alter_table('target_change', schema=None) as batch_op:
        batch_op.drop_index('ix_target_change_state_id')

    op.drop_table('target_change')
    with op.batch_alter_table('campaign_treaty', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_campaign_treaty_treaty_id'))

    op.drop_table('campaign_treaty')
    op.drop_table('campaign_state')
