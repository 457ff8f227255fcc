"""Keep what reports read beside the moves: the campaign, how far a move led, how long it stood before."""

import sqlalchemy as sa
from alembic import op

revision = '0021'
down_revision = '0020'
branch_labels = None
depends_on = None

PLACE = (
    "CASE to_stage WHEN 'contacted' THEN 1 WHEN 'in_dialogue' THEN 2 WHEN 'convinced' THEN 3"
    " WHEN 'committed' THEN 4 WHEN 'delivered' THEN 5 ELSE 0 END"
)
BEFORE = (
    "(SELECT before.at FROM stage_move AS before WHERE before.target_id = stage_move.target_id"
    " AND (before.at < stage_move.at OR (before.at = stage_move.at AND before.id < stage_move.id))"
    " ORDER BY before.at DESC, before.id DESC LIMIT 1)"
)
SECONDS = {
    'sqlite': f"CAST(ROUND((julianday(stage_move.at) - julianday({BEFORE})) * 86400) AS INTEGER)",
    'postgresql': f"CAST(EXTRACT(EPOCH FROM stage_move.at - {BEFORE}) AS INTEGER)",
}
INDEXES = {
    'ix_stage_move_course': ['campaign_id', 'at', 'from_stage', 'to_stage', 'target_id', 'actor'],
    'ix_stage_move_furthest': ['campaign_id', 'target_id', 'place', 'at'],
    'ix_stage_move_stood': ['campaign_id', 'from_stage', 'stood', 'at', 'target_id'],
}
TARGET_INDEX = 'ix_target_report'
TARGET_COLUMNS = [
    'campaign_id', 'owner_id', 'stage', 'due_order', 'quiet_since', 'stage_since', 'contact_id', 'close_reason'
]


def upgrade() -> None:
    number = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')
    op.add_column('stage_move', sa.Column('campaign_id', number, nullable=True))
    op.add_column('stage_move', sa.Column('stood', sa.Integer(), nullable=True))
    op.execute("UPDATE stage_move SET campaign_id = (SELECT campaign_id FROM target WHERE target.id = target_id)")
    seconds = SECONDS[op.get_bind().dialect.name]
    op.execute(f"UPDATE stage_move SET stood = {seconds} WHERE from_stage IS NOT NULL")
    with op.batch_alter_table('stage_move') as batch_op:
        batch_op.alter_column('campaign_id', existing_type=number, nullable=False)
        batch_op.add_column(sa.Column('place', sa.SmallInteger(), sa.Computed(PLACE, persisted=True), nullable=False))
        batch_op.create_foreign_key(batch_op.f('fk_stage_move_campaign_id'), 'campaign', ['campaign_id'], ['id'])
    for name, columns in INDEXES.items():
        op.create_index(name, 'stage_move', columns)
    op.create_index(TARGET_INDEX, 'target', TARGET_COLUMNS)


def downgrade() -> None:
    op.drop_index(TARGET_INDEX, 'target')
    for name in INDEXES:
        op.drop_index(name, 'stage_move')
    with op.batch_alter_table('stage_move') as batch_op:
        batch_op.drop_constraint(batch_op.f('fk_stage_move_campaign_id'), type_='foreignkey')
        batch_op.drop_column('place')
        batch_op.drop_column('stood')
        batch_op.drop_column('campaign_id')
