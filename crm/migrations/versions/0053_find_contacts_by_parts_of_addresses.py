"""Find contacts by the domain of an address and by its beginning."""

import sqlalchemy as sa
from alembic import op

revision = "0053"
down_revision = "0052"
branch_labels = None
depends_on = None

_TABLE, _VALUES, _DOMAINS = "contact_point", "ix_contact_point_kind_value", "ix_contact_point_domain"
_DOMAIN = "replace(value, rtrim(value, replace(value, '@', '')), '')"


def upgrade() -> None:
    on_postgresql = op.get_bind().dialect.name == "postgresql"
    op.create_index(_DOMAINS, _TABLE, [sa.text(f"({_DOMAIN}) text_pattern_ops" if on_postgresql else _DOMAIN)])
    if on_postgresql:
        op.drop_index(_VALUES, _TABLE)
        op.create_index(_VALUES, _TABLE, ["kind", sa.text("value varchar_pattern_ops")])


def downgrade() -> None:
    op.drop_index(_DOMAINS, _TABLE)
    if op.get_bind().dialect.name == "postgresql":
        op.drop_index(_VALUES, _TABLE)
        op.create_index(_VALUES, _TABLE, ["kind", "value"])
