from logging.config import fileConfig

from sqlalchemy import engine_from_config
from sqlalchemy import pool

from alembic import context
from sqlmodel import SQLModel

from app.db import DATABASE_URL
from app.models import Task  # noqa: F401 - importing the model registers its table

# this is the Alembic Config object, which provides
# access to the values within the .ini file in use.
config = context.config

# Alembic works on the database of the app. In the settings of Alembic, a % is written twice.
config.set_main_option("sqlalchemy.url", DATABASE_URL.replace("%", "%%"))

# Interpret the config file for Python logging.
# This line sets up loggers basically.
if config.config_file_name is not None:
    fileConfig(config.config_file_name, disable_existing_loggers=False)

# add your model's MetaData object here
# for 'autogenerate' support
# from myapp import mymodel
# target_metadata = mymodel.Base.metadata
target_metadata = SQLModel.metadata

# other values from the config, defined by the needs of env.py,
# can be acquired:
# my_important_option = config.get_main_option("my_important_option")
# ... etc.


def run_migrations_offline() -> None:
    """Run migrations in 'offline' mode.

    This configures the context with just a URL
    and not an Engine, though an Engine is acceptable
    here as well.  By skipping the Engine creation
    we don't even need a DBAPI to be available.

    Calls to context.execute() here emit the given string to the
    script output.

    """
    url = config.get_main_option("sqlalchemy.url")
    context.configure(
        url=url,
        target_metadata=target_metadata,
        literal_binds=True,
        dialect_opts={"paramstyle": "named"},
        transactional_ddl=True,
    )

    with context.begin_transaction():
        context.run_migrations()


def run_migrations_online() -> None:
    """Run migrations in 'online' mode.

    In this scenario we need to create an Engine
    and associate a connection with the context.

    """
    connectable = engine_from_config(
        config.get_section(config.config_ini_section, {}),
        prefix="sqlalchemy.",
        poolclass=pool.NullPool,
    )

    with connectable.connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=target_metadata,
            render_as_batch=True,  # SQLite changes a constraint by copying the table
            transactional_ddl=True,
        )

        with context.begin_transaction():
            sqlite = connection.dialect.name == "sqlite"
            if sqlite:
                connection.exec_driver_sql("PRAGMA busy_timeout = 60000")  # ms to wait for a writer
                connection.exec_driver_sql("PRAGMA foreign_keys = OFF")  # a copied table is dropped
                connection.exec_driver_sql("BEGIN IMMEDIATE")  # all of the migration, or nothing
            context.run_migrations()
            if sqlite:
                for table, row, other, _ in connection.exec_driver_sql("PRAGMA foreign_key_check"):
                    raise RuntimeError(f"Row {row} of {table} refers to no row of {other}.")


if context.is_offline_mode():
    run_migrations_offline()
else:
    run_migrations_online()
