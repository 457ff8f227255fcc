"""Add approaches, approvals, sources and drafts to wordings.

Revision ID: 0027
Revises: 0026
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_OLD, _NEW = ["template_id", "language", "version"], ["template_id", "language", "approach", "version"]


def upgrade() -> None:
    op.create_table(
        "wording_draft",
        sa.Column("template_id", _NUMBER, nullable=False),
        sa.Column("language", sa.String(8), nullable=False),
        sa.Column("approach", sa.String(32), nullable=False),
        sa.Column("author_id", _NUMBER, nullable=False),
        sa.Column("subject", sa.String(200), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("formality", sa.String(32), nullable=False),
        sa.Column("seen", sa.String(60), nullable=False),
        sa.Column("source_id", _NUMBER, nullable=True),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", _NUMBER, nullable=False),
        sa.ForeignKeyConstraint(["author_id"], ["user.id"], name=op.f("fk_wording_draft_author_id")),
        sa.ForeignKeyConstraint(["source_id"], ["wording.id"], name=op.f("fk_wording_draft_source_id")),
        sa.ForeignKeyConstraint(["template_id"], ["letter_template.id"], name=op.f("fk_wording_draft_template_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_wording_draft")),
        sa.UniqueConstraint(
            "template_id",
            "language",
            "approach",
            "author_id",
            name=op.f("uq_wording_draft_template_id_language_approach_author_id"),
        ),
    )
    op.create_index(op.f("ix_wording_draft_author_id"), "wording_draft", ["author_id"])
    op.create_index(op.f("ix_wording_draft_source_id"), "wording_draft", ["source_id"])
    with op.batch_alter_table("letter_template") as batch:
        batch.add_column(sa.Column("source_language", sa.String(8), nullable=False, server_default="en"))
    # What was written first is what the other languages were translated from.
    op.execute(
        "UPDATE letter_template SET source_language = (SELECT language FROM wording WHERE id = (SELECT min(id)"
        " FROM wording WHERE template_id = letter_template.id))"
        " WHERE EXISTS (SELECT 1 FROM wording WHERE template_id = letter_template.id)"
    )
    with op.batch_alter_table("wording") as batch:
        batch.add_column(sa.Column("approach", sa.String(32), nullable=False, server_default="general"))
        batch.add_column(sa.Column("source_id", _NUMBER, nullable=True))
        batch.add_column(sa.Column("approved_by_id", _NUMBER, nullable=True))
        batch.add_column(sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True))
        batch.drop_constraint(op.f("uq_wording_template_id_language_version"), type_="unique")
        batch.create_unique_constraint(op.f("uq_wording_template_id_language_approach_version"), _NEW)
        batch.create_index(op.f("ix_wording_source_id"), ["source_id"])
        batch.create_foreign_key(op.f("fk_wording_approved_by_id"), "user", ["approved_by_id"], ["id"])
        batch.create_foreign_key(op.f("fk_wording_source_id"), "wording", ["source_id"], ["id"])


def downgrade() -> None:
    with op.batch_alter_table("wording") as batch:
        batch.drop_constraint(op.f("fk_wording_source_id"), type_="foreignkey")
        batch.drop_constraint(op.f("fk_wording_approved_by_id"), type_="foreignkey")
        batch.drop_constraint(op.f("uq_wording_template_id_language_approach_version"), type_="unique")
        batch.drop_index(op.f("ix_wording_source_id"))
        batch.create_unique_constraint(op.f("uq_wording_template_id_language_version"), _OLD)
        batch.drop_column("approved_at")
        batch.drop_column("approved_by_id")
        batch.drop_column("source_id")
        batch.drop_column("approach")
    with op.batch_alter_table("letter_template") as batch:
        batch.drop_column("source_language")
    op.drop_table("wording_draft")
