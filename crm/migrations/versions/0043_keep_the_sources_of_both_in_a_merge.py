"""Make room for what both of two contacts said where they said the same: their sources, notes and labels."""

import sqlalchemy as sa
from alembic import op

revision = '0043'
down_revision = '0042'
branch_labels = None
depends_on = None

# Table to the columns and their lengths, before and after.
WIDER = {
    'contact_point': {'label': (120, 300), 'source': (200, 1000)},
    'membership': {'source': (200, 1000)},
    'other_name': {'note': (200, 500)},
    'relationship': {'note': (300, 1000), 'source': (200, 1000)},
}


def upgrade() -> None:
    for table, columns in WIDER.items():
        with op.batch_alter_table(table) as batch_op:
            for name, (before, after) in columns.items():
                batch_op.alter_column(
                    name, existing_type=sa.String(before), type_=sa.String(after), existing_nullable=False
                )


def downgrade() -> None:
    for table, columns in WIDER.items():
        with op.batch_alter_table(table) as batch_op:
            for name, (before, after) in columns.items():
                batch_op.alter_column(
                    name, existing_type=sa.String(after), type_=sa.String(before), existing_nullable=False
                )
