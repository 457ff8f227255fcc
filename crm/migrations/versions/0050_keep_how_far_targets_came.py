"""Keep how far each target ever came."""

import sqlalchemy as sa
from alembic import op

revision = "0050"
down_revision = "0049"
branch_labels = None
depends_on = None

_REPORT = ("campaign_id", "owner_id", "stage", "next_step_due", "quiet_since", "stage_since", "contact_id")
_STANDING = ("campaign_id", "contact_id", "stage", "close_reason", "next_step_due", "furthest", "owner_id")
_STAGES = ("contacted", "in_dialogue", "convinced", "committed", "delivered")


def upgrade() -> None:
    # Beside the table, which SQLite would else write anew.
    op.add_column("target", sa.Column("furthest", sa.SmallInteger(), server_default="0", nullable=False))
    target = sa.table("target", sa.column("id"), sa.column("furthest"))
    move = sa.table("stage_move", sa.column("target_id"), sa.column("to_stage"))
    place = sa.case({stage: number for number, stage in enumerate(_STAGES, 1)}, value=move.c.to_stage, else_=0)
    furthest = sa.select(sa.func.coalesce(sa.func.max(place), 0)).where(move.c.target_id == target.c.id)
    op.execute(sa.update(target).values(furthest=furthest.scalar_subquery()))
    op.create_index("ix_target_standing", "target", [*_STANDING])
    op.drop_index("ix_target_report", "target")
    op.create_index("ix_target_report", "target", [*_REPORT])


def downgrade() -> None:
    op.drop_index("ix_target_report", "target")
    op.create_index("ix_target_report", "target", [*_REPORT, "close_reason"])
    op.drop_index("ix_target_standing", "target")
    op.drop_column("target", "furthest")
