"""Alembic's entry: runs the migrations on the database the caller names in `config.attributes["url"]`."""

from typing import Any, Literal

import sqlalchemy as sa
from alembic import context
from alembic.autogenerate.api import AutogenContext

import crm.models
from crm.database import Base, UtcDateTime, prepare_engine

assert crm.models.FEATURES  # every table is declared by importing the models of every feature


def render_plainly(kind: str, item: Any, _context: AutogenContext) -> str | Literal[False]:
    """Write our column types as the database knows them, so that an old migration needs none of today's code."""
    if kind != "type":
        return False
    if isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    return f"sa.String({item.length})" if isinstance(item, sa.Enum) else False


def without_foreign_keys(connection: Any, _record: Any) -> None:
    """Let a table be built anew and take its old one's place; whether every key still holds is checked at the end."""
    connection.execute("PRAGMA foreign_keys=OFF")


engine = prepare_engine(sa.create_engine(context.config.attributes["url"], poolclass=sa.NullPool))
if engine.dialect.name == "sqlite":
    sa.event.listen(engine, "connect", without_foreign_keys)
with engine.connect().execution_options(write=True) as connection:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=True,
        compare_type=True,
        render_item=render_plainly,
        transaction_per_migration=False,
    )
    with context.begin_transaction():
        # Two processes that start together must not migrate at once.
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("SELECT pg_advisory_xact_lock(7267419)")
        context.run_migrations()
        if connection.dialect.name == "sqlite":
            broken = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
            if broken:
                raise RuntimeError(f"the migration would leave rows that point nowhere: {broken[:5]}")
