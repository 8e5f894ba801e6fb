"""The endpoints, async version."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException, Path, Query
from fastapi.exceptions import RequestValidationError
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.db_async import engine, get_session
from app.errors import name_mistakes
from app.models import Task, TaskCreate, TaskPublic, TaskUpdate
from app.revision import OneLineStartupError, require_newest_revision

MAX_ID = 2**63 - 1  # the largest integer that SQLite stores

SessionDep = Annotated[AsyncSession, Depends(get_session)]
TaskId = Annotated[int, Path(ge=1, le=MAX_ID)]
NOT_FOUND = {404: {"description": "There is no task with this id."}}


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Check the database before the first request, close it after the last."""
    async with engine.connect() as connection:
        await connection.run_sync(require_newest_revision)
    yield
    await engine.dispose()


app = FastAPI(title="Tasks", lifespan=lifespan)
app.add_middleware(OneLineStartupError)
app.add_exception_handler(RequestValidationError, name_mistakes)


async def find_task(task_id: TaskId, session: SessionDep) -> Task:
    """Find the task that the path names, or answer 404."""
    task = await session.get(Task, task_id)
    if task is None:
        raise HTTPException(404, f"There is no task {task_id}.")
    return task


FoundTask = Annotated[Task, Depends(find_task)]


@app.get("/ping")
async def ping() -> dict[str, str]:
    """Answer, to show that the service is up."""
    return {"ping": "pong!"}


@app.post("/task/", status_code=201, response_model=TaskPublic)
async def create_task(task: TaskCreate, session: SessionDep) -> Task:
    """Store a new task."""
    db_task = Task.model_validate(task)
    session.add(db_task)
    await session.commit()
    return db_task


@app.get("/task/", response_model=list[TaskPublic])
async def list_tasks(
    session: SessionDep,
    after: Annotated[int, Query(ge=0, le=MAX_ID)] = 0,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> list[Task]:
    """List tasks by id: at most `limit` of them, those that come after the id `after`."""
    page = select(Task).where(col(Task.id) > after).order_by(col(Task.id)).limit(limit)
    result = await session.exec(page)
    return list(result)


@app.get("/task/{task_id}", response_model=TaskPublic, responses=NOT_FOUND)
async def read_task(task: FoundTask) -> Task:
    """Read one task."""
    return task


@app.patch("/task/{task_id}", response_model=TaskPublic, responses=NOT_FOUND)
async def update_task(task: FoundTask, changes: TaskUpdate, session: SessionDep) -> Task:
    """Change the fields that the request names, and no others."""
    task.sqlmodel_update(changes.model_dump(exclude_unset=True))
    await session.commit()
    return task


@app.delete("/task/{task_id}", status_code=204, responses=NOT_FOUND)
async def delete_task(task: FoundTask, session: SessionDep) -> None:
    """Delete a task."""
    await session.delete(task)
    await session.commit()
