"""Derive the region of people from their offices, and tell regional MPs from others."""

import sqlalchemy as sa
from alembic import op

revision = '0036'
down_revision = '0035'
branch_labels = None
depends_on = None

TOLD, SHOWN = 'ix_contact_region_sort_name_id', 'ix_contact_effective_region_sort_name_id'

# Imports wrote down the region of the office with the person: from now on it follows the office.
FOLLOWS = """
UPDATE contact SET region = NULL WHERE kind = 'person' AND region IS NOT NULL AND EXISTS (
    SELECT 1 FROM membership JOIN contact AS body ON body.id = membership.organization_id
    WHERE membership.person_id = contact.id AND body.region = contact.region)
"""
# Whoever sat in the parliament of a region was nothing in particular.
REGIONAL_MPS = """
UPDATE contact SET holders_are = 'regional_mp'
WHERE category = 'parliament' AND holders_are = 'other' AND country IS NOT NULL
"""


def upgrade() -> None:
    op.add_column('contact', sa.Column('effective_region', sa.String(length=6), nullable=True))
    op.execute('UPDATE contact SET effective_region = region WHERE region IS NOT NULL')
    op.execute(FOLLOWS)
    op.execute(REGIONAL_MPS)
    op.drop_index(TOLD, 'contact')
    op.create_index(SHOWN, 'contact', ['effective_region', 'sort_name', 'id'])
    op.create_table(
        'projection_rules',
        sa.Column('version', sa.Integer(), nullable=False),
        sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_projection_rules')),
    )


def downgrade() -> None:
    op.drop_table('projection_rules')
    op.drop_index(SHOWN, 'contact')
    op.create_index(TOLD, 'contact', ['region', 'sort_name', 'id'])
    op.execute('UPDATE contact SET region = effective_region')
    op.execute("UPDATE contact SET holders_are = 'other' WHERE holders_are = 'regional_mp'")
    op.execute("UPDATE contact SET category = 'other' WHERE category = 'regional_mp'")
    op.execute("UPDATE contact SET category_override = 'other' WHERE category_override = 'regional_mp'")
    op.drop_column('contact', 'effective_region')
