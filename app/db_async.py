"""The database, async version: one engine, and one session for each request."""

from collections.abc import AsyncIterator
from contextlib import aclosing

from sqlalchemy import event
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlmodel.ext.asyncio.session import AsyncSession

from app.db import set_up_connection, url

if url.drivername == "sqlite":
    url = url.set(drivername="sqlite+aiosqlite")

# A session ends its transaction itself, so the pool need not roll back once more (None).
engine = create_async_engine(url, pool_reset_on_return=None)
new_session = async_sessionmaker(engine, class_=AsyncSession, expire_on_commit=False)
event.listen(engine.sync_engine, "connect", set_up_connection)


async def get_session() -> AsyncIterator[AsyncSession]:
    """Give a request its own session, and close it when the request is done."""
    async with aclosing(new_session()) as session:
        yield session
