"""keep interactions and tasks."""

import sqlalchemy as sa
from alembic import op


# As in the first migration: SQLite numbers rows only in a column of type INTEGER.
ID = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')

revision = '0018'
down_revision = '0017'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('interaction',
    sa.Column('kind', sa.String(32), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('summary', sa.String(length=300), nullable=False),
    sa.Column('notes', sa.Text(), nullable=False),
    sa.Column('campaign_id', ID, nullable=True),
    sa.Column('team_id', ID, nullable=True),
    sa.Column('recorded_by', sa.String(length=80), nullable=False),
    sa.Column('recorded_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('edited_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('withdrawn_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('id', ID, nullable=False),
    sa.ForeignKeyConstraint(['campaign_id'], ['campaign.id'], name=op.f('fk_interaction_campaign_id')),
    sa.ForeignKeyConstraint(['team_id'], ['team.id'], name=op.f('fk_interaction_team_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_interaction'))
    )
    with op.batch_alter_table('interaction', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_interaction_campaign_id'), ['campaign_id'], unique=False)
        batch_op.create_index('ix_interaction_recorded_by_at', ['recorded_by', 'at'], unique=False)

    op.create_table('interaction_attachment',
    sa.Column('interaction_id', ID, nullable=False),
    sa.Column('attachment_id', ID, nullable=False),
    sa.Column('id', ID, nullable=False),
    sa.ForeignKeyConstraint(['attachment_id'], ['attachment.id'], name=op.f('fk_interaction_attachment_attachment_id')),
    sa.ForeignKeyConstraint(['interaction_id'], ['interaction.id'], name=op.f('fk_interaction_attachment_interaction_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_interaction_attachment')),
    sa.UniqueConstraint('interaction_id', 'attachment_id', name=op.f('uq_interaction_attachment_interaction_id_attachment_id'))
    )
    with op.batch_alter_table('interaction_attachment', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_interaction_attachment_attachment_id'), ['attachment_id'], unique=False)

    op.create_table('interaction_contact',
    sa.Column('interaction_id', ID, nullable=False),
    sa.Column('contact_id', ID, nullable=False),
    sa.Column('id', ID, nullable=False),
    sa.ForeignKeyConstraint(['contact_id'], ['contact.id'], name=op.f('fk_interaction_contact_contact_id')),
    sa.ForeignKeyConstraint(['interaction_id'], ['interaction.id'], name=op.f('fk_interaction_contact_interaction_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_interaction_contact')),
    sa.UniqueConstraint('interaction_id', 'contact_id', name=op.f('uq_interaction_contact_interaction_id_contact_id'))
    )
    with op.batch_alter_table('interaction_contact', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_interaction_contact_contact_id'), ['contact_id'], unique=False)

    op.create_table('interaction_user',
    sa.Column('interaction_id', ID, nullable=False),
    sa.Column('user_id', ID, nullable=False),
    sa.Column('id', ID, nullable=False),
    sa.ForeignKeyConstraint(['interaction_id'], ['interaction.id'], name=op.f('fk_interaction_user_interaction_id')),
    sa.ForeignKeyConstraint(['user_id'], ['user.id'], name=op.f('fk_interaction_user_user_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_interaction_user')),
    sa.UniqueConstraint('interaction_id', 'user_id', name=op.f('uq_interaction_user_interaction_id_user_id'))
    )
    with op.batch_alter_table('interaction_user', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_interaction_user_user_id'), ['user_id'], unique=False)

    op.create_table('task',
    sa.Column('title', sa.String(length=300), nullable=False),
    sa.Column('owner_id', ID, nullable=False),
    sa.Column('due_on', sa.Date(), nullable=True),
    sa.Column('due_order', sa.Date(), sa.Computed("CASE WHEN due_on IS NULL THEN '9999-12-31' ELSE due_on END", persisted=True), nullable=False),
    sa.Column('contact_id', ID, nullable=True),
    sa.Column('target_id', ID, nullable=True),
    sa.Column('team_id', ID, nullable=True),
    sa.Column('created_by', sa.String(length=80), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('done_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('done_by', sa.String(length=80), nullable=False),
    sa.Column('id', ID, nullable=False),
    sa.ForeignKeyConstraint(['contact_id'], ['contact.id'], name=op.f('fk_task_contact_id')),
    sa.ForeignKeyConstraint(['owner_id'], ['user.id'], name=op.f('fk_task_owner_id')),
    sa.ForeignKeyConstraint(['target_id'], ['target.id'], name=op.f('fk_task_target_id')),
    sa.ForeignKeyConstraint(['team_id'], ['team.id'], name=op.f('fk_task_team_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_task'))
    )
    with op.batch_alter_table('task', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_task_contact_id'), ['contact_id'], unique=False)
        batch_op.create_index('ix_task_done_at_due_order_id', ['done_at', 'due_order', 'id'], unique=False)
        batch_op.create_index('ix_task_owner_id_done_at_due_order_id', ['owner_id', 'done_at', 'due_order', 'id'], unique=False)
        batch_op.create_index(batch_op.f('ix_task_target_id'), ['target_id'], unique=False)

    with op.batch_alter_table('timeline_entry', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_timeline_entry_contact_id_at_id'))
        batch_op.create_index('ix_timeline_entry_contact_id_at_id_kind_team_id', ['contact_id', 'at', 'id', 'kind', 'team_id'], unique=False)


def downgrade() -> None:
    with op.batch_alter_table('timeline_entry', schema=None) as batch_op:
        batch_op.drop_index('ix_timeline_entry_contact_id_at_id_kind_team_id')
        batch_op.create_index('ix_timeline_entry_contact_id_at_id', ['contact_id', 'at', 'id'], unique=False)
    for table in ('task', 'interaction_user', 'interaction_contact', 'interaction_attachment', 'interaction'):
        op.drop_table(table)
