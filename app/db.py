"""The database, sync version: one engine, and one session for each request."""

import os
from collections.abc import AsyncIterator
from typing import Any

from sqlalchemy import event, make_url
from sqlalchemy.orm import sessionmaker
from sqlmodel import Session, create_engine

url = make_url(os.environ.get("DATABASE_URL", "sqlite:///database.db"))
if url.drivername == "sqlite+aiosqlite":
    url = url.set(drivername="sqlite")

engine = create_engine(url)
new_session = sessionmaker(engine, class_=Session, expire_on_commit=False)


@event.listens_for(engine, "connect")
def set_up_connection(connection: Any, _record: Any) -> None:
    """Set up each new connection: SQLite forgets most of these when it closes."""
    if url.get_backend_name() != "sqlite":
        return
    cursor = connection.cursor()
    cursor.execute("PRAGMA busy_timeout = 10000")  # ms to wait for another writer
    cursor.execute("PRAGMA journal_mode = WAL")  # readers and one writer at a time
    cursor.execute("PRAGMA synchronous = NORMAL")  # safe with WAL, and faster than FULL
    cursor.execute("PRAGMA foreign_keys = ON")  # off by default in SQLite
    cursor.close()


async def get_session() -> AsyncIterator[Session]:
    """Give a request its own session, and close it when the request is done."""
    with new_session() as session:
        yield session
