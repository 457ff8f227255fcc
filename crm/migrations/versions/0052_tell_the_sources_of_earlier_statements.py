"""Tell on timelines where the statements were read that were stored before their entries said so."""

import json

import sqlalchemy as sa
from alembic import op

revision = "0052"
down_revision = "0051"
branch_labels = None
depends_on = None

_CHUNK = 1000


def upgrade() -> None:
    entry = sa.table("timeline_entry", *map(sa.column, ("id", "kind", "reference")), sa.column("details", sa.JSON))
    said = sa.table("statement", sa.column("id", sa.BigInteger), sa.column("source_url"))
    reference = sa.literal("statement:", sa.String) + sa.cast(said.c.id, sa.String)
    found = (
        sa.select(entry.c.id, entry.c.details, said.c.source_url)
        .join(said, entry.c.reference == reference)
        .where(entry.c.kind == "stated", said.c.source_url != "", said.c.id > sa.bindparam("after"))
        .order_by(said.c.id)
        .limit(_CHUNK)
        .add_columns(said.c.id.label("statement_id"))
    )
    told = sa.update(entry).where(entry.c.id == sa.bindparam("entry")).values(details=sa.bindparam("told", type_=sa.JSON))
    connection, after = op.get_bind(), 0
    while rows := connection.execute(found, {"after": after}).all():
        after = rows[-1].statement_id
        lacking = [row for row in rows if "source" not in _read(row.details)]
        if lacking:
            values = [{"entry": row.id, "told": {**_read(row.details), "source": row.source_url}} for row in lacking]
            connection.execute(told, values)


def _read(details: object) -> dict[str, object]:
    """What was stored, whether the driver has read it or left that to us."""
    read = json.loads(details) if isinstance(details, str) else details
    return read if isinstance(read, dict) else {}


def downgrade() -> None:
    """Nothing: an earlier version looks past what it does not know."""
