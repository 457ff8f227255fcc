"""Let a text filter read the kind of a contact from the same index as its words.

Revision ID: 0020
Revises: 0019
"""

from __future__ import annotations

from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("ix_contact_sort_name_id_search_text", table_name="contact")
    op.create_index("ix_contact_sort_name_id_kind_search_text", "contact", ["sort_name", "id", "kind", "search_text"])


def downgrade() -> None:
    op.drop_index("ix_contact_sort_name_id_kind_search_text", table_name="contact")
    op.create_index("ix_contact_sort_name_id_search_text", "contact", ["sort_name", "id", "search_text"])
