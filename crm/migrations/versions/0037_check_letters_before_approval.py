"""Check letters before approval, keep who opened which, and let a mailing be sent back."""

import sqlalchemy as sa
from alembic import op

revision = '0037'
down_revision = '0036'
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')
EDITED = sa.text('edited_at IS NOT NULL')
WRITTEN = sa.text('message_id IS NOT NULL AND left_out_at IS NULL')


def upgrade() -> None:
    op.create_table(
        'mailing_return',
        sa.Column('mailing_id', ID, nullable=False),
        sa.Column('returned_by_id', ID, nullable=False),
        sa.Column('returned_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('reason', sa.String(length=1000), nullable=False),
        sa.Column('id', ID, nullable=False),
        sa.ForeignKeyConstraint(['mailing_id'], ['mailing.id'], name='fk_mailing_return_mailing_id'),
        sa.ForeignKeyConstraint(['returned_by_id'], ['user.id'], name='fk_mailing_return_returned_by_id'),
        sa.PrimaryKeyConstraint('id', name='pk_mailing_return'),
    )
    op.create_index('ix_mailing_return_mailing_id', 'mailing_return', ['mailing_id'])
    op.create_table(
        'letter_finding',
        sa.Column('mailing_id', ID, nullable=False),
        sa.Column('letter_id', ID, nullable=False),
        sa.Column('code', sa.String(32), nullable=False),
        sa.Column('severity', sa.String(32), nullable=False),
        sa.Column('detail', sa.String(length=200), nullable=False),
        sa.Column('id', ID, nullable=False),
        sa.ForeignKeyConstraint(['letter_id'], ['letter.id'], name='fk_letter_finding_letter_id'),
        sa.ForeignKeyConstraint(['mailing_id'], ['mailing.id'], name='fk_letter_finding_mailing_id'),
        sa.PrimaryKeyConstraint('id', name='pk_letter_finding'),
        sa.UniqueConstraint('letter_id', 'code', name='uq_letter_finding_letter_id_code'),
    )
    op.create_index(
        'ix_letter_finding_mailing_id_code', 'letter_finding', ['mailing_id', 'code', 'severity', 'letter_id']
    )
    op.create_table(
        'letter_reading',
        sa.Column('letter_id', ID, nullable=False),
        sa.Column('user_id', ID, nullable=False),
        sa.Column('opened_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('id', ID, nullable=False),
        sa.ForeignKeyConstraint(['letter_id'], ['letter.id'], name='fk_letter_reading_letter_id'),
        sa.ForeignKeyConstraint(['user_id'], ['user.id'], name='fk_letter_reading_user_id'),
        sa.PrimaryKeyConstraint('id', name='pk_letter_reading'),
        sa.UniqueConstraint('letter_id', 'user_id', name='uq_letter_reading_letter_id_user_id'),
    )
    op.create_index('ix_letter_reading_user_id', 'letter_reading', ['user_id'])
    with op.batch_alter_table('letter') as batch_op:
        batch_op.add_column(sa.Column('left_out_at', sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('left_out_by_id', ID, nullable=True))
        batch_op.create_foreign_key('fk_letter_left_out_by_id', 'user', ['left_out_by_id'], ['id'])
        batch_op.create_index(
            'ix_letter_edited', ['mailing_id', 'edited_at'], sqlite_where=EDITED, postgresql_where=EDITED
        )
        batch_op.create_index(
            'ix_letter_written', ['mailing_id', 'wording_id', 'id'], sqlite_where=WRITTEN, postgresql_where=WRITTEN
        )
    with op.batch_alter_table('mailing') as batch_op:
        batch_op.add_column(sa.Column('checked', sa.Integer(), server_default='0', nullable=False))
        batch_op.add_column(sa.Column('checked_to', sa.BigInteger(), server_default='0', nullable=False))
        batch_op.add_column(sa.Column('checked_at', sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('warnings_read_by_id', ID, nullable=True))
        batch_op.add_column(sa.Column('warnings_read_at', sa.DateTime(timezone=True), nullable=True))
        batch_op.create_foreign_key('fk_mailing_warnings_read_by_id', 'user', ['warnings_read_by_id'], ['id'])


def downgrade() -> None:
    with op.batch_alter_table('mailing') as batch_op:
        batch_op.drop_constraint('fk_mailing_warnings_read_by_id', type_='foreignkey')
        for column in ('warnings_read_at', 'warnings_read_by_id', 'checked_at', 'checked_to', 'checked'):
            batch_op.drop_column(column)
    with op.batch_alter_table('letter') as batch_op:
        batch_op.drop_constraint('fk_letter_left_out_by_id', type_='foreignkey')
        batch_op.drop_index('ix_letter_written')
        batch_op.drop_index('ix_letter_edited')
        batch_op.drop_column('left_out_by_id')
        batch_op.drop_column('left_out_at')
    op.drop_table('letter_reading')
    op.drop_table('letter_finding')
    op.drop_table('mailing_return')
