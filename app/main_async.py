"""The endpoints, async version."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import Depends, FastAPI
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.db import READS, WRITES
from app.db_async import engine, get_session
from app.errors import HANDLERS, MAX_BODY, also, found
from app.models import After, Limit, Task, TaskCreate, TaskId, TaskPublic, TaskUpdate
from app.revision import require_newest_revision

SessionDep = Annotated[AsyncSession, Depends(get_session, scope="function", max_concurrency=WRITES)]
ReaderDep = Annotated[AsyncSession, Depends(get_session, scope="function", max_concurrency=READS)]


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Check the database before the first request, close it after the last."""
    require_newest_revision()
    yield
    await engine.dispose()


app = FastAPI(title="Tasks", lifespan=lifespan, exception_handlers=HANDLERS, max_body_size=MAX_BODY)


@app.get("/ping")
async def ping() -> dict[str, str]:
    """Answer, to show that the service is up."""
    return {"ping": "pong!"}


@app.post("/task/", status_code=201, response_model=TaskPublic, responses=also(400, 409, 413, 503))
async def create_task(task: TaskCreate, session: SessionDep) -> Task:
    """Store a new task."""
    db_task = Task.model_validate(task)
    session.add(db_task)
    await session.commit()
    return db_task


@app.get("/task/", response_model=list[TaskPublic], responses=also(503))
async def list_tasks(session: ReaderDep, after: After = 0, limit: Limit = 20) -> list[Task]:
    """List tasks by id: at most `limit` of them, those that come after the id `after`."""
    page = select(Task).where(col(Task.id) > after).order_by(col(Task.id)).limit(limit)
    return list(await session.exec(page))


@app.get("/task/{task_id}", response_model=TaskPublic, responses=also(404, 503))
async def read_task(task_id: TaskId, session: ReaderDep) -> Task:
    """Read one task."""
    return found(await session.get(Task, task_id))


@app.patch("/task/{task_id}", response_model=TaskPublic, responses=also(400, 404, 409, 413, 503))
async def update_task(task_id: TaskId, changes: TaskUpdate, session: SessionDep) -> Task:
    """Change the fields that the request names, and no others."""
    task = found(await session.get(Task, task_id, with_for_update=True))
    task.sqlmodel_update(changes.model_dump(exclude_unset=True))
    await session.commit()
    return task


@app.delete("/task/{task_id}", status_code=204, responses=also(404, 409, 503))
async def delete_task(task_id: TaskId, session: SessionDep) -> None:
    """Delete a task."""
    await session.delete(found(await session.get(Task, task_id, with_for_update=True)))
    await session.commit()
