"""write down what contacts say of treaties."""

import sqlalchemy as sa
from alembic import op

revision = '0013'
down_revision = '0012'
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')


def upgrade() -> None:
    op.create_table('statement',
    sa.Column('contact_id', ID, nullable=False),
    sa.Column('treaty_id', ID, nullable=False),
    sa.Column('stance', sa.String(32), nullable=False),
    sa.Column('said_on', sa.Date(), nullable=False),
    sa.Column('confidence', sa.String(32), nullable=False),
    sa.Column('quote', sa.String(length=2000), nullable=False),
    sa.Column('source_url', sa.String(length=1000), nullable=False),
    sa.Column('attachment_id', ID, nullable=True),
    sa.Column('source_reference', sa.String(length=60), nullable=False),
    sa.Column('team_id', ID, nullable=True),
    sa.Column('recorded_by', sa.String(length=80), nullable=False),
    sa.Column('recorded_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('id', ID, nullable=False),
    sa.CheckConstraint(
        "source_url <> '' OR attachment_id IS NOT NULL OR source_reference <> ''", name=op.f('ck_statement_sourced')
    ),
    sa.ForeignKeyConstraint(['attachment_id'], ['attachment.id'], name=op.f('fk_statement_attachment_id')),
    sa.ForeignKeyConstraint(['contact_id'], ['contact.id'], name=op.f('fk_statement_contact_id')),
    sa.ForeignKeyConstraint(['team_id'], ['team.id'], name=op.f('fk_statement_team_id')),
    sa.ForeignKeyConstraint(['treaty_id'], ['treaty.id'], name=op.f('fk_statement_treaty_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_statement'))
    )
    with op.batch_alter_table('statement', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_statement_attachment_id'), ['attachment_id'], unique=False)
        batch_op.create_index(
            'ix_statement_contact_id_treaty_id_said_on', ['contact_id', 'treaty_id', 'said_on'], unique=False
        )

    op.create_table('statement_withdrawal',
    sa.Column('statement_id', ID, nullable=False),
    sa.Column('reason', sa.String(length=300), nullable=False),
    sa.Column('withdrawn_by', sa.String(length=80), nullable=False),
    sa.Column('withdrawn_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('id', ID, nullable=False),
    sa.ForeignKeyConstraint(['statement_id'], ['statement.id'], name=op.f('fk_statement_withdrawal_statement_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_statement_withdrawal')),
    sa.UniqueConstraint('statement_id', name=op.f('uq_statement_withdrawal_statement_id'))
    )

    op.create_table('settled_contradiction',
    sa.Column('earlier_id', ID, nullable=False),
    sa.Column('later_id', ID, nullable=False),
    sa.Column('note', sa.String(length=300), nullable=False),
    sa.Column('settled_by', sa.String(length=80), nullable=False),
    sa.Column('settled_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('id', ID, nullable=False),
    sa.ForeignKeyConstraint(['earlier_id'], ['statement.id'], name=op.f('fk_settled_contradiction_earlier_id')),
    sa.ForeignKeyConstraint(['later_id'], ['statement.id'], name=op.f('fk_settled_contradiction_later_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_settled_contradiction')),
    sa.UniqueConstraint('later_id', 'earlier_id', name=op.f('uq_settled_contradiction_later_id_earlier_id'))
    )
    with op.batch_alter_table('settled_contradiction', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_settled_contradiction_earlier_id'), ['earlier_id'], unique=False)

    op.create_table('current_stance',
    sa.Column('contact_id', ID, nullable=False),
    sa.Column('treaty_id', ID, nullable=False),
    sa.Column('scope', sa.BigInteger(), nullable=False),
    sa.Column('stance', sa.String(32), nullable=False),
    sa.Column('rank', sa.Integer(), nullable=False),
    sa.Column('statement_id', ID, nullable=False),
    sa.Column('said_on', sa.Date(), nullable=False),
    sa.Column('since', sa.Date(), nullable=False),
    sa.Column('earlier_id', ID, nullable=True),
    sa.Column('later_id', ID, nullable=True),
    sa.Column('id', ID, nullable=False),
    sa.ForeignKeyConstraint(['contact_id'], ['contact.id'], name=op.f('fk_current_stance_contact_id')),
    sa.ForeignKeyConstraint(['earlier_id'], ['statement.id'], name=op.f('fk_current_stance_earlier_id')),
    sa.ForeignKeyConstraint(['later_id'], ['statement.id'], name=op.f('fk_current_stance_later_id')),
    sa.ForeignKeyConstraint(['statement_id'], ['statement.id'], name=op.f('fk_current_stance_statement_id')),
    sa.ForeignKeyConstraint(['treaty_id'], ['treaty.id'], name=op.f('fk_current_stance_treaty_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_current_stance')),
    sa.UniqueConstraint('contact_id', 'treaty_id', 'scope', name=op.f('uq_current_stance_contact_id_treaty_id_scope'))
    )
    with op.batch_alter_table('current_stance', schema=None) as batch_op:
        batch_op.create_index('ix_current_stance_earlier_id', ['earlier_id'], unique=False)
        batch_op.create_index('ix_current_stance_later_id', ['later_id'], unique=False)
        batch_op.create_index('ix_current_stance_statement_id', ['statement_id'], unique=False)
        batch_op.create_index(
            'ix_current_stance_treaty_id_stance_scope_contact_id',
            ['treaty_id', 'stance', 'scope', 'contact_id'],
            unique=False,
        )


def downgrade() -> None:
    op.drop_table('current_stance')
    op.drop_table('settled_contradiction')
    op.drop_table('statement_withdrawal')
    op.drop_table('statement')
