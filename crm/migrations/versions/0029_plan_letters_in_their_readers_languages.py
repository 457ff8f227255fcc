"""Plan letters in their readers' languages, with files, at a time, and keep what people change in one.

Revision ID: 0029
Revises: 0028
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_SKIPPED = sa.text("skip_reason IS NOT NULL")


def _pair(table: str, other: str) -> None:
    op.create_table(
        table,
        sa.Column("mailing_id", _NUMBER, nullable=False),
        sa.Column(f"{other}_id", _NUMBER, nullable=False),
        sa.Column("id", _NUMBER, nullable=False),
        sa.ForeignKeyConstraint([f"{other}_id"], [f"{other}.id"], name=op.f(f"fk_{table}_{other}_id")),
        sa.ForeignKeyConstraint(["mailing_id"], ["mailing.id"], name=op.f(f"fk_{table}_mailing_id")),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
        sa.UniqueConstraint("mailing_id", f"{other}_id", name=op.f(f"uq_{table}_mailing_id_{other}_id")),
    )
    op.create_index(op.f(f"ix_{table}_{other}_id"), table, [f"{other}_id"])


def upgrade() -> None:
    _pair("mailing_wording", "wording")
    _pair("mailing_attachment", "attachment")
    op.execute(
        "INSERT INTO mailing_wording (mailing_id, wording_id) SELECT id, wording_id FROM mailing"
        " WHERE wording_id IS NOT NULL"
    )
    with op.batch_alter_table("mailing") as batch:
        batch.drop_constraint(op.f("fk_mailing_wording_id"), type_="foreignkey")
        batch.drop_index(op.f("ix_mailing_wording_id"))
        batch.drop_column("wording_id")
        batch.add_column(sa.Column("ask", sa.String(300), nullable=False, server_default=""))
        batch.add_column(sa.Column("rest_days", sa.SmallInteger(), nullable=False, server_default="0"))
        batch.add_column(sa.Column("send_on", sa.Date(), nullable=True))
        batch.add_column(sa.Column("send_at", sa.Time(), nullable=True))
        batch.add_column(sa.Column("zone", sa.String(64), nullable=False, server_default="UTC"))
        batch.add_column(sa.Column("readers_zone", sa.Boolean(), nullable=False, server_default=sa.false()))
        batch.add_column(sa.Column("office_hours", sa.Boolean(), nullable=False, server_default=sa.false()))
    with op.batch_alter_table("letter") as batch:
        batch.alter_column("wording_id", existing_type=_NUMBER, nullable=True)
        batch.add_column(sa.Column("language_reason", sa.String(32), nullable=True))
        batch.add_column(sa.Column("edited_at", sa.DateTime(timezone=True), nullable=True))
        batch.create_index(
            op.f("ix_letter_skip_reason"),
            ["mailing_id", "skip_reason", "target_id"],
            sqlite_where=_SKIPPED,
            postgresql_where=_SKIPPED,
        )
    op.create_table(
        "letter_edit",
        sa.Column("letter_id", _NUMBER, nullable=False),
        sa.Column("edited_by_id", _NUMBER, nullable=False),
        sa.Column("edited_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("subject_before", sa.String(900), nullable=False),
        sa.Column("body_before", sa.Text(), nullable=False),
        sa.Column("subject", sa.String(900), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("id", _NUMBER, nullable=False),
        sa.ForeignKeyConstraint(["edited_by_id"], ["user.id"], name=op.f("fk_letter_edit_edited_by_id")),
        sa.ForeignKeyConstraint(["letter_id"], ["letter.id"], name=op.f("fk_letter_edit_letter_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_letter_edit")),
    )
    op.create_index(op.f("ix_letter_edit_edited_by_id"), "letter_edit", ["edited_by_id"])
    op.create_index(op.f("ix_letter_edit_letter_id"), "letter_edit", ["letter_id"])


def downgrade() -> None:
    op.drop_table("letter_edit")
    with op.batch_alter_table("letter") as batch:
        batch.drop_index(op.f("ix_letter_skip_reason"))
        batch.drop_column("edited_at")
        batch.drop_column("language_reason")
    with op.batch_alter_table("mailing") as batch:
        for name in ("office_hours", "readers_zone", "zone", "send_at", "send_on", "rest_days", "ask"):
            batch.drop_column(name)
        batch.add_column(sa.Column("wording_id", _NUMBER, nullable=True))
        batch.create_foreign_key(op.f("fk_mailing_wording_id"), "wording", ["wording_id"], ["id"])
        batch.create_index(op.f("ix_mailing_wording_id"), ["wording_id"])
    op.drop_table("mailing_attachment")
    op.drop_table("mailing_wording")
