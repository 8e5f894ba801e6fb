"""Answers to the exercise `no_twins`."""

from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException
from fastapi.responses import JSONResponse
from sqlmodel import func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from answers import right, wrong
from app.db_async import get_session
from app.models import Task, TaskCreate

SessionDep = Annotated[AsyncSession, Depends(get_session)]
CONFLICT = HTTPException(409)


def hand_in(endpoint, path="/task/", method="POST", answers=Task):
    """Make the app of an endpoint."""
    careful = FastAPI()
    careful.add_api_route(path, endpoint, methods=[method], status_code=201, response_model=answers)
    return careful, get_session


def same(task):
    return select(Task).where(Task.task_name == task.task_name)


@right
async def by_all(task: TaskCreate, session: SessionDep):
    new = Task.model_validate(task)
    result = await session.exec(same(task))
    if result.all():
        raise CONFLICT
    session.add(new)
    await session.commit()
    return new


@right
async def by_count(task: TaskCreate, session: SessionDep):
    new = Task.model_validate(task)
    count = select(func.count()).select_from(same(task).subquery())
    if await session.scalar(count):
        return JSONResponse({}, 409)
    session.add(new)
    await session.flush()
    await session.commit()
    return {"id": new.id, "task_name": new.task_name}


@right
async def by_set_of_names(task: TaskCreate, session: SessionDep):
    new = Task.model_validate(task)
    names = set(await session.scalars(select(Task.task_name)))
    if task.task_name in names:
        raise CONFLICT
    session.add(new)
    await session.commit()
    return new


@wrong("a name that is there already gets 201, not 409")
async def name_that_is_there_already_gets_201(task: TaskCreate, session: SessionDep):
    new = Task.model_validate(task)
    session.add(new)
    await session.commit()
    return new


@wrong("a new name gets 409, not 201")
async def new_name_gets_409_not_201(task: TaskCreate, session: SessionDep):
    raise CONFLICT


@wrong("a new name gets 409, not 201")
async def new_name_gets_409_not_201_2(task: TaskCreate, session: SessionDep):
    new = Task.model_validate(task)
    if (await session.exec(select(Task))).first():
        raise CONFLICT
    session.add(new)
    await session.commit()
    return new


@wrong("an `await` is missing: coroutine 'AsyncSession.commit' was never awaited")
async def an_await_is_missing_coroutine_asyncsession_commit(task: TaskCreate, session: SessionDep):
    new = Task.model_validate(task)
    if (await session.exec(same(task))).first():
        raise CONFLICT
    session.add(new)
    session.commit()
    return new


@wrong("an `await` is missing: 'coroutine' object has no attribute 'first'")
async def an_await_is_missing_coroutine_object_has(task: TaskCreate, session: SessionDep):
    new = Task.model_validate(task)
    if session.exec(same(task)).first():
        raise CONFLICT
    session.add(new)
    await session.commit()
    return new


@wrong("an `await` is missing: 'coroutine' object is not iterable")
async def an_await_is_missing_coroutine_object_is(task: TaskCreate, session: SessionDep):
    new = Task.model_validate(task)
    for _ in session.exec(same(task)):
        raise CONFLICT
    session.add(new)
    await session.commit()
    return new


@wrong("an `await` is missing: coroutine 'AsyncSession.exec' was never awaited")
async def an_await_is_missing_coroutine_asyncsession_exec(task: TaskCreate, session: SessionDep):
    new = Task.model_validate(task)
    if session.exec(same(task)):
        raise CONFLICT
    session.add(new)
    await session.commit()
    return new


@wrong("it answers 201, and the task is not in the table")
async def answers_201_and_task_is_not_in(task: TaskCreate, session: SessionDep):
    new = Task.model_validate(task)
    if (await session.exec(same(task))).first():
        raise CONFLICT
    session.add(new)
    await session.flush()
    return new


@wrong("after a name that is there already, the table has")
async def after_name_that_is_there_already_table(task: TaskCreate, session: SessionDep):
    new = Task.model_validate(task)
    twin = (await session.exec(same(task))).first()
    session.add(new)
    await session.commit()
    if twin:
        raise CONFLICT
    return new


@wrong("an empty name gets 201, not 422")
async def an_empty_name_gets_201_not_422(task: Task, session: SessionDep):
    new = Task(**task.model_dump())
    if (await session.exec(same(task))).first():
        raise CONFLICT
    session.add(new)
    await session.commit()
    return new


@wrong("a new name gets 422, not 201. It says: ")
async def new_name_gets_422_not_201_says(task: str, session: SessionDep):
    return task


@wrong("the new task is {'task_name': 'buy milk', 'id': 1}, and it answers")
async def new_task_is_task_name_buy_milk(task: TaskCreate, session: SessionDep):
    new = Task.model_validate(task)
    if (await session.exec(same(task))).first():
        raise CONFLICT
    session.add(new)
    await session.commit()
    return Task(task_name=1)


@wrong("NoResultFound")
async def noresultfound(task: TaskCreate, session: SessionDep):
    new = Task.model_validate(task)
    (await session.exec(same(task))).one()
    session.add(new)
    await session.commit()
    return new


@wrong("POST /task/ answers 405: it has no such endpoint", method="GET")
async def another_method(): ...


@wrong("it does not take its session from get_session", answers=None)
async def without_a_session(task: TaskCreate):
    raise AssertionError("it might store this")


@wrong("coroutine 'AsyncSession.commit' was never awaited", answers=None)
def sync_style(task: TaskCreate, session: SessionDep):
    session.add(Task.model_validate(task))
    session.commit()


@wrong("POST /task/ answers 307: it has no such endpoint", path="/task")
async def path_without_a_slash(task: TaskCreate): ...
