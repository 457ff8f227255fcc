"""Find contacts by telephone number."""

import sqlalchemy as sa
from alembic import op

revision = "0049"
down_revision = "0048"
branch_labels = None
depends_on = None

_DIGITS = "value"
for _mark in (" ", "\u00a0", "-", ".", "/", "(", ")"):
    _DIGITS = f"replace({_DIGITS}, '{_mark}', '')"


def upgrade() -> None:
    tail = sa.text(f"substr({_DIGITS}, length({_DIGITS}) - 5)")
    op.create_index("ix_contact_point_phone_tail", "contact_point", [tail])


def downgrade() -> None:
    op.drop_index("ix_contact_point_phone_tail", "contact_point")
