"""Alembic's entry: runs the migrations on the database the caller names in `config.attributes["url"]`."""

import sqlalchemy as sa
from alembic import context

import crm.models
from crm.database import Base, prepare_engine

assert crm.models.FEATURES  # every table is declared by importing the models of every feature

engine = prepare_engine(sa.create_engine(context.config.attributes["url"], poolclass=sa.NullPool))
with engine.connect().execution_options(write=True) as connection:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=True,
        compare_type=True,
        transaction_per_migration=False,
    )
    with context.begin_transaction():
        # Two processes that start together must not migrate at once.
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("SELECT pg_advisory_xact_lock(7267419)")
        context.run_migrations()
