"""read imports in the background."""

import sqlalchemy as sa
from alembic import op

revision = '0007'
down_revision = '0006'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('column_mapping',
    sa.Column('header_hash', sa.String(length=64), nullable=False),
    sa.Column('fields', sa.JSON(), nullable=False),
    sa.Column('file_name', sa.String(length=200), nullable=False),
    sa.Column('user_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('updated_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.ForeignKeyConstraint(['user_id'], ['user.id'], name=op.f('fk_column_mapping_user_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_column_mapping')),
    sa.UniqueConstraint('header_hash', name=op.f('uq_column_mapping_header_hash'))
    )
    with op.batch_alter_table('import', schema=None) as batch_op:
        batch_op.add_column(sa.Column('attempts', sa.Integer(), nullable=False, server_default='0'))
        batch_op.add_column(sa.Column('asked', sa.JSON(), nullable=False, server_default='{}'))
        batch_op.alter_column('format',
               existing_type=sa.VARCHAR(length=32),
               nullable=True)


    with op.batch_alter_table('import_row', schema=None) as batch_op:
        batch_op.add_column(sa.Column('stays', sa.Boolean(), nullable=False, server_default=sa.false()))


def downgrade() -> None:
    with op.batch_alter_table('import_row', schema=None) as batch_op:
        batch_op.drop_column('stays')
    with op.batch_alter_table('import', schema=None) as batch_op:
        batch_op.alter_column('format',
               existing_type=sa.VARCHAR(length=32),
               nullable=False)
        batch_op.drop_column('asked')
        batch_op.drop_column('attempts')

    op.drop_table('column_mapping')
