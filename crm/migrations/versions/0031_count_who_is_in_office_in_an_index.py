"""Count who is in office, by group and country, in an index."""

from alembic import op

revision = '0031'
down_revision = '0030'
branch_labels = None
depends_on = None

COUNTED = 'ix_contact_group_id_country_kind_mandate_end'


def upgrade() -> None:
    op.create_index(COUNTED, 'contact', ['group_id', 'country', 'kind', 'mandate_end'])


def downgrade() -> None:
    op.drop_index(COUNTED, 'contact')
