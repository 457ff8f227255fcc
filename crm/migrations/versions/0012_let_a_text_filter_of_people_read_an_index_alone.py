"""Let a text filter of people alone, or of organizations alone, read an index alone."""

from alembic import op

revision = '0012'
down_revision = '0011'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index('ix_contact_kind_sort_name_id_search_text', 'contact', ['kind', 'sort_name', 'id', 'search_text'])
    op.drop_index('ix_contact_kind_sort_name_id', 'contact')


def downgrade() -> None:
    op.create_index('ix_contact_kind_sort_name_id', 'contact', ['kind', 'sort_name', 'id'])
    op.drop_index('ix_contact_kind_sort_name_id_search_text', 'contact')
