"""How Alembic connects: one file for sync and async URLs, online and offline."""

import asyncio
import os
from logging.config import fileConfig

from alembic import context
from sqlalchemy import Connection, create_engine, make_url, pool
from sqlalchemy.ext.asyncio import create_async_engine
from sqlmodel import SQLModel

from app.models import Task  # noqa: F401 - importing the model registers its table

config = context.config
if config.config_file_name is not None:
    fileConfig(config.config_file_name, disable_existing_loggers=False)

# The app and Alembic read the same variable, so they can't work on different databases.
url = make_url(os.environ.get("DATABASE_URL") or config.get_main_option("sqlalchemy.url", ""))
target_metadata = SQLModel.metadata


def migrate(connection: Connection) -> None:
    """Run the migrations through an open connection, all of them or none."""
    context.configure(
        connection=connection,
        target_metadata=target_metadata,
        render_as_batch=True,  # SQLite changes a constraint by copying the table
        transactional_ddl=True,
    )
    with context.begin_transaction():
        if connection.dialect.name == "sqlite":
            # Python's sqlite3 opens no transaction for DDL by itself.
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        context.run_migrations()


async def migrate_async() -> None:
    """Do the same through an async driver."""
    engine = create_async_engine(url, poolclass=pool.NullPool)
    async with engine.connect() as connection:
        await connection.run_sync(migrate)
    await engine.dispose()


if context.is_offline_mode():  # --sql: print the statements, connect to nothing
    context.configure(
        url=url,
        target_metadata=target_metadata,
        literal_binds=True,
        render_as_batch=True,
        transactional_ddl=True,
    )
    with context.begin_transaction():
        context.run_migrations()
elif url.get_dialect().is_async:
    asyncio.run(migrate_async())
else:
    with create_engine(url, poolclass=pool.NullPool).connect() as connection:
        migrate(connection)
