"""The database, sync version: one engine, and one session for each request."""

import os
from collections.abc import Iterator
from typing import Any

from sqlalchemy import event
from sqlmodel import Session, create_engine

DATABASE_URL = os.environ.get("DATABASE_URL") or "sqlite:///database.db"
for driver in ("+aiosqlite", "+pysqlite", "+asyncpg", "+psycopg2", "+psycopg"):  # no driver stays
    DATABASE_URL = DATABASE_URL.replace(f"{driver}:", ":", 1)  # Alembic reads it here, too

engine = create_engine(DATABASE_URL, hide_parameters=True)

WRITES, READS = (1, 10) if engine.dialect.name == "sqlite" else (5, 10)  # requests at a time


def set_up_connection(connection: Any, record: Any) -> None:
    """Set up each new connection: SQLite forgets most of these when it closes."""
    connection.execute("PRAGMA busy_timeout = 10000")  # ms to wait for another writer
    connection.execute("PRAGMA journal_mode = WAL")  # readers and one writer at a time
    connection.execute("PRAGMA synchronous = NORMAL")  # faster; a power cut may lose rows
    connection.execute("PRAGMA foreign_keys = ON")  # off by default in SQLite
    record.driver_connection.text_factory = lambda text: text.decode(errors="replace")


if engine.dialect.name == "sqlite":
    event.listen(engine, "connect", set_up_connection)


def get_session() -> Iterator[Session]:
    """Give a request its own session, and close it when the request is done."""
    with Session(engine, expire_on_commit=False, close_resets_only=False) as session:
        try:
            yield session
        finally:
            session.rollback()  # a COMMIT that failed has left its transaction open
