"""sort a category by index."""

from alembic import op

revision = '0017'
down_revision = '0016'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('contact', schema=None) as batch_op:
        batch_op.create_index(
            'ix_contact_category_country_sort_sort_name_id', ['category', 'country_sort', 'sort_name', 'id']
        )
        batch_op.create_index(
            'ix_contact_category_mandate_order_sort_name_id', ['category', 'mandate_order', 'sort_name', 'id']
        )


def downgrade() -> None:
    with op.batch_alter_table('contact', schema=None) as batch_op:
        batch_op.drop_index('ix_contact_category_mandate_order_sort_name_id')
        batch_op.drop_index('ix_contact_category_country_sort_sort_name_id')
