"""What notebook 11 says of the lines that it adds, and of those that it leaves out, is so."""

import asyncio
import gc
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, StaticPool, create_engine, func, text
from sqlalchemy.exc import StatementError
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from tutorial import versions


def notes(*, eager: bool) -> Any:
    """Return a table whose rows hold the time of their last change: the database computes it."""

    class Base(DeclarativeBase):
        pass

    class Note(Base):
        __tablename__ = "note"
        __mapper_args__ = {"eager_defaults": True} if eager else {}

        id: Mapped[int] = mapped_column(primary_key=True)
        text: Mapped[str]
        changed: Mapped[datetime | None] = mapped_column(onupdate=func.current_timestamp())

    return Note


async def changed(table: Any, *, forgets: bool) -> datetime:
    """Change a row as the async PATCH does it, without a refresh; return when that was."""
    engine = create_async_engine("sqlite+aiosqlite://", poolclass=StaticPool)
    try:
        async with engine.begin() as connection:
            await connection.run_sync(table.metadata.create_all)
        async with AsyncSession(engine, expire_on_commit=forgets) as session:
            note = table(text="old")
            session.add(note)
            await session.flush()
            note.text = "new"
            await session.commit()
            return note.changed
    finally:
        await engine.dispose()


@pytest.mark.parametrize(("eager", "forgets"), [(False, False), (True, True)])
def test_a_value_that_is_not_in_the_object(eager: bool, forgets: bool) -> None:
    """What the database has computed, or what was forgotten, can't be read without an await."""
    with versions._no_random_warning():
        with pytest.raises(StatementError, match="MissingGreenlet"):
            asyncio.run(changed(notes(eager=eager), forgets=forgets))
        gc.collect()  # what was not awaited: else a later test would be warned of it


def test_a_value_that_comes_back_with_the_write() -> None:
    """With eager_defaults, what the database has computed is in the object."""
    assert isinstance(asyncio.run(changed(notes(eager=True), forgets=False)), datetime)


@pytest.fixture(params=["rollback", None], ids=["reset", "no reset"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """An engine whose pool resets a connection that comes back, and one whose pool does not."""
    url = f"sqlite:///{(tmp_path / 'notes.db').as_posix()}"
    engine = create_engine(url, pool_reset_on_return=request.param)
    with closing(sqlite3.connect(tmp_path / "notes.db")) as connection:
        connection.execute("CREATE TABLE note (text)")
    yield engine
    engine.dispose()


def test_a_transaction_that_is_left_open(
    engine: Engine, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """Without the reset, the next borrower of the connection stores what nobody has committed."""
    borrowed = engine.raw_connection()
    borrowed.cursor().execute("INSERT INTO note VALUES ('of the first')")
    borrowed.close()
    with Session(engine) as session:
        session.execute(text("INSERT INTO note VALUES ('of the second')"))
        session.commit()
    with closing(sqlite3.connect(tmp_path / "notes.db")) as connection:
        stored = [row[0] for row in connection.execute("SELECT text FROM note ORDER BY 1")]
    with_reset = request.node.callspec.id == "reset"
    assert stored == (["of the second"] if with_reset else ["of the first", "of the second"])


@pytest.mark.parametrize("checks", [False, True])
def test_a_foreign_key_is_checked_only_on_request(checks: bool) -> None:
    """SQLite stores a row that refers to nothing, until it is told to check."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        connection.execute(f"PRAGMA foreign_keys = {checks}")
        connection.execute("CREATE TABLE task (id INTEGER PRIMARY KEY)")
        connection.execute("CREATE TABLE note (task_id INTEGER REFERENCES task (id))")
        if checks:
            with pytest.raises(sqlite3.IntegrityError):
                connection.execute("INSERT INTO note VALUES (99)")
        else:
            connection.execute("INSERT INTO note VALUES (99)")
