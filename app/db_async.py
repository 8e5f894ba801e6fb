"""The database, async version: one engine, and one session for each request."""

from collections.abc import AsyncIterator

from sqlalchemy import event
from sqlalchemy.ext.asyncio import create_async_engine
from sqlmodel.ext.asyncio.session import AsyncSession

from app.db import DATABASE_URL, set_up_connection

url = DATABASE_URL.replace("sqlite:", "sqlite+aiosqlite:").replace("sql://", "sql+asyncpg://")
engine = create_async_engine(url, hide_parameters=True)

if engine.dialect.name == "sqlite":
    event.listen(engine.sync_engine, "connect", set_up_connection)


async def get_session() -> AsyncIterator[AsyncSession]:
    """Give a request its own session, and close it when the request is done."""
    async with AsyncSession(engine, expire_on_commit=False, close_resets_only=False) as session:
        try:
            yield session
        finally:
            await session.rollback()  # a COMMIT that failed has left its transaction open
