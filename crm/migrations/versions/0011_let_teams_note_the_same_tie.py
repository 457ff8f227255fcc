"""let teams note the same tie."""

from alembic import op

revision = '0011'
down_revision = '0010'
branch_labels = None
depends_on = None

COLUMNS = ['subject_id', 'object_id', 'kind', 'start_date']


def upgrade() -> None:
    with op.batch_alter_table('relationship', schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f('uq_relationship_subject_id_object_id_kind_start_date'), type_='unique')
        batch_op.create_unique_constraint(
            batch_op.f('uq_relationship_subject_id_object_id_kind_start_date_team_id'), [*COLUMNS, 'team_id']
        )


def downgrade() -> None:
    with op.batch_alter_table('relationship', schema=None) as batch_op:
        batch_op.drop_constraint(
            batch_op.f('uq_relationship_subject_id_object_id_kind_start_date_team_id'), type_='unique'
        )
        batch_op.create_unique_constraint(
            batch_op.f('uq_relationship_subject_id_object_id_kind_start_date'), COLUMNS
        )
