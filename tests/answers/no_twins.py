"""Answers to the exercise `no_twins`."""

import asyncio
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException, Response
from fastapi.responses import JSONResponse
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlmodel import Field, SQLModel, col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from answers import right, wrong
from app.db_async import get_session
from app.main import app
from app.models import Task, TaskCreate

SessionDep = Annotated[AsyncSession, Depends(get_session)]
CONFLICT = HTTPException(409)


def hand_in(endpoint, path="/task/", method="POST", answers=Task, app=None, status=201):
    """Make the app of an endpoint, or give the endpoint to another app."""
    careful = FastAPI()
    if app is not None:
        app.post(path, status_code=201)(endpoint)
        return careful, get_session
    careful.add_api_route(
        path, endpoint, methods=[method], status_code=status, response_model=answers
    )
    return careful, get_session


def same(task):
    return select(Task).where(Task.task_name == task.task_name)


async def store(task, session):
    new = Task.model_validate(task)
    session.add(new)
    await session.commit()
    await session.refresh(new)
    return new


@right
async def by_all(task: TaskCreate, session: SessionDep):
    new = Task.model_validate(task)
    result = await session.exec(same(task))
    if result.all():
        raise CONFLICT
    session.add(new)
    await session.commit()
    await session.refresh(new)
    return new


@right
async def by_count(task: TaskCreate, session: SessionDep):
    new = Task.model_validate(task)
    count = select(func.count()).select_from(same(task).subquery())
    if await session.scalar(count):
        return JSONResponse({}, 409)
    session.add(new)
    await session.flush()
    stored = {"id": new.id, "task_name": new.task_name}
    await session.commit()
    return stored


@right(answers=None)
async def with_two_fields(task: TaskCreate, session: SessionDep):
    new = await by_count.written(task, session)
    return {"id": new["id"], "task_name": new["task_name"]} if isinstance(new, dict) else new


@right
async def answers_nothing_more(task: TaskCreate, session: SessionDep):
    if (await session.exec(same(task))).first():
        return Response(status_code=409)
    return await store(task, session)


@wrong("the new task is {'task_name': 'buy milk', 'id': 1}, and it answers [{", answers=None)
async def in_a_list(task: TaskCreate, session: SessionDep):
    if (await session.exec(same(task))).first():
        raise CONFLICT
    return [await store(task, session)]


@wrong("a new name gets 409, not 201. Its condition is true for a new name, too: does the query")
async def refuses_a_new_name(task: TaskCreate, session: SessionDep):
    if (await session.exec(same(task))).first() is None:
        return Response(status_code=409)
    return await store(task, session)


@wrong("after a name that is there already, the table has ('buy milk', 1), ('buy bread', 2)")
async def looks_when_it_is_stored(task: TaskCreate, session: SessionDep):
    new = await store(task, session)
    if len((await session.exec(same(task))).all()) > 1:
        raise CONFLICT
    return new


@wrong("after a new name, the table has ")
async def changes_names_to_compare_them(task: TaskCreate, session: SessionDep):
    tasks = (await session.exec(select(Task))).all()
    if task.task_name in [one.task_name for one in tasks]:
        raise CONFLICT
    for one in tasks:
        one.task_name = one.task_name.lower()
    return await store(task, session)


@right
async def by_set_of_names(task: TaskCreate, session: SessionDep):
    new = Task.model_validate(task)
    names = set(await session.scalars(select(Task.task_name)))
    if task.task_name in names:
        raise CONFLICT
    session.add(new)
    await session.commit()
    await session.refresh(new)
    return new


@wrong("a name that is there already gets 201, not 409")
async def name_that_is_there_already_gets_201(task: TaskCreate, session: SessionDep):
    new = Task.model_validate(task)
    session.add(new)
    await session.commit()
    await session.refresh(new)
    return new


@wrong("a new name gets 409, not 201")
async def new_name_gets_409_not_201(task: TaskCreate, session: SessionDep):
    raise CONFLICT


@wrong("does the query ask for `task.task_name`, and the condition for what `first()` has found?")
async def new_name_gets_409_not_201_2(task: TaskCreate, session: SessionDep):
    new = Task.model_validate(task)
    if (await session.exec(select(Task))).first():
        raise CONFLICT
    session.add(new)
    await session.commit()
    await session.refresh(new)
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
    await session.refresh(new)
    return new


@wrong("an `await` is missing: 'coroutine' object is not iterable")
async def an_await_is_missing_coroutine_object_is(task: TaskCreate, session: SessionDep):
    new = Task.model_validate(task)
    for _ in session.exec(same(task)):
        raise CONFLICT
    session.add(new)
    await session.commit()
    await session.refresh(new)
    return new


@wrong("an `await` is missing: coroutine 'AsyncSession.exec' was never awaited")
async def an_await_is_missing_coroutine_asyncsession_exec(task: TaskCreate, session: SessionDep):
    new = Task.model_validate(task)
    if session.exec(same(task)):
        raise CONFLICT
    session.add(new)
    await session.commit()
    await session.refresh(new)
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
    await session.refresh(new)
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
    await session.refresh(new)
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
    await session.refresh(new)
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


@wrong("POST /task/ answers 307: its path lacks the slash at the end: write `/task/`", path="/task")
async def path_without_a_slash(task: TaskCreate): ...


@right
async def by_exists(task: TaskCreate, session: SessionDep):
    if await session.scalar(select(same(task).exists())):
        raise CONFLICT
    return await store(task, session)


@right
async def by_scalar(task: TaskCreate, session: SessionDep):
    if await session.scalar(select(Task.id).where(Task.task_name == task.task_name)) is not None:
        raise HTTPException(status_code=409, detail="twin")
    return await store(task, session)


@right
async def by_sql(task: TaskCreate, session: SessionDep):
    query = text("SELECT 1 FROM task WHERE task_name = :name").bindparams(name=task.task_name)
    if (await session.exec(query)).first():
        raise CONFLICT
    return await store(task, session)


@right(answers=None)
async def by_model_dump(task: TaskCreate, session: SessionDep):
    if (await session.exec(same(task).limit(1))).one_or_none():
        raise CONFLICT
    new = await store(task, session)
    return JSONResponse(new.model_dump(), 201)


@right
async def name_only(task: TaskCreate, session: SessionDep):
    if len((await session.exec(same(task))).all()) > 0:
        raise CONFLICT
    session.add(new := Task(task_name=task.task_name))
    await session.commit()
    await session.refresh(new)
    return new


@wrong("brackets are missing: `await` takes all that follows it, also `.first`")
async def brackets_missing(task: TaskCreate, session: SessionDep):
    if await session.exec(same(task)).first():
        raise CONFLICT
    return await store(task, session)


@wrong("Write `(await …).all`, in the line `twins = await session.exec(same(task)).all()`")
async def brackets_missing_before_all(task: TaskCreate, session: SessionDep):
    twins = await session.exec(same(task)).all()
    if twins:
        raise CONFLICT
    return await store(task, session)


@wrong("a new name, 'Buy Milk', gets 409, not 201.")
async def no_capitals(task: TaskCreate, session: SessionDep):
    name = func.lower(Task.task_name)
    if (await session.exec(select(Task).where(name == task.task_name.lower()))).first():
        raise CONFLICT
    return await store(task, session)


@wrong("a name that is there already, 'Buy Milk', gets 201, not 409")
async def no_capitals_of_the_column(task: TaskCreate, session: SessionDep):
    name = func.lower(Task.task_name)
    if (await session.exec(select(Task).where(name == task.task_name))).first():
        raise CONFLICT
    return await store(task, session)


@wrong("a new name, 'buy%', gets 409, not 201")
async def with_wildcards(task: TaskCreate, session: SessionDep):
    # Only for SQLite's LIKE is M the same as m; GLOB tells them apart.
    glob = col(Task.task_name).op("GLOB")(task.task_name.replace("%", "*").replace("_", "?"))
    if (await session.exec(select(Task).where(glob))).first():
        raise CONFLICT
    return await store(task, session)


@wrong("gets 409, not 201")
async def by_beginning(task: TaskCreate, session: SessionDep):
    begins = col(Task.task_name).startswith(task.task_name, autoescape=True)
    if (await session.exec(select(Task).where(begins))).first():
        raise CONFLICT
    return await store(task, session)


@wrong("a name that is there already, in old rows, 'row 129', gets 201, not 409")
async def one_page(task: TaskCreate, session: SessionDep):
    tasks = await session.exec(select(Task).order_by(Task.id).limit(100))
    if task.task_name in [one.task_name for one in tasks]:
        raise CONFLICT
    return await store(task, session)


@wrong("your code stops with MultipleResultsFound")
async def one_or_none(task: TaskCreate, session: SessionDep):
    if (await session.exec(same(task))).one_or_none():
        raise CONFLICT
    return await store(task, session)


SEEN = set()


@wrong("gets 201, not 409")
async def in_memory(task: TaskCreate, session: SessionDep):
    if task.task_name in SEEN and task.task_name != "row 0":
        raise CONFLICT
    new = await store(task, session)
    SEEN.add(task.task_name)
    return new


KEPT = set()


@wrong("a new name that was deleted before gets 409, not 201")
async def also_in_memory(task: TaskCreate, session: SessionDep):
    if task.task_name in KEPT or (await session.exec(same(task))).first():
        raise CONFLICT
    new = await store(task, session)
    KEPT.add(task.task_name)
    return new


@wrong("a name that is there already gets 400, not 409.")
async def status_400(task: TaskCreate, session: SessionDep):
    if (await session.exec(same(task))).first():
        raise HTTPException(400)
    return await store(task, session)


@wrong("a new name gets 200, not 201.")
async def status_200(task: TaskCreate, session: SessionDep):
    if (await session.exec(same(task))).first():
        raise CONFLICT
    return JSONResponse((await store(task, session)).model_dump(), 200)


@wrong('and it answers {"task_name":"buy milk","task_description":null}.', answers=TaskCreate)
async def without_the_id(task: TaskCreate, session: SessionDep):
    if (await session.exec(same(task))).first():
        raise CONFLICT
    return await store(task, session)


@wrong("after a new name, the table has ('buy milk', 1), ('buy milk', 2).")
async def stores_twice(task: TaskCreate, session: SessionDep):
    if (await session.exec(same(task))).first():
        raise CONFLICT
    await store(task, session)
    return await store(task, session)


@wrong("a new name, ' milk ', gets 409, not 201")
async def strips(task: TaskCreate, session: SessionDep):
    task.task_name = task.task_name.strip()
    if (await session.exec(same(task))).first():
        raise CONFLICT
    return await store(task, session)


@wrong("your code stops with OperationalError")
async def sql_in_an_f_string(task: TaskCreate, session: SessionDep):
    query = text(f"SELECT 1 FROM task WHERE task_name = '{task.task_name}'")
    if (await session.exec(query)).first():
        raise CONFLICT
    return await store(task, session)


@wrong("your code stops with OperationalError")
async def sql_with_double_quotes(task: TaskCreate, session: SessionDep):
    query = text(f'SELECT 1 FROM task WHERE task_name = "{task.task_name}"')
    if (await session.exec(query)).first():
        raise CONFLICT
    return await store(task, session)


class NewTask(SQLModel):
    task_name: str = Field(default="new", min_length=1, max_length=100)


@wrong("a task without a name gets 201, not 422")
async def with_a_name_of_its_own(task: NewTask, session: SessionDep):
    if (await session.exec(same(task))).first():
        raise CONFLICT
    return await store(task, session)


class ShortTask(SQLModel):
    task_name: str = Field(min_length=1, max_length=99)


@wrong("gets 422, not 201. It says: {")
async def with_a_short_limit(task: ShortTask, session: SessionDep):
    if (await session.exec(same(task))).first():
        raise CONFLICT
    return await store(task, session)


@wrong("a name of 101 characters gets 201, not 422")
async def only_an_empty_name(task: Task, session: SessionDep):
    if not task.task_name:
        raise HTTPException(422)
    new = Task(task_name=task.task_name)
    if (await session.exec(same(task))).first():
        raise CONFLICT
    session.add(new)
    await session.commit()
    await session.refresh(new)
    return new


@wrong("your code stops with ZeroDivisionError: division by zero, in the line `1 / 0")
async def divides_by_zero(task: TaskCreate, session: SessionDep):
    1 / 0  # noqa: B018


@wrong("your code stops with ValueError, in the line `raise ValueError`")
async def stops_with_value_error(task: TaskCreate, session: SessionDep):
    raise ValueError


@wrong("an `await` is missing: coroutine 'AsyncSession.exec' was never awaited")
async def stops_at_a_forgotten_await(task: TaskCreate, session: SessionDep):
    session.exec(same(task))
    return await store(task, session)


@wrong("and it answers {}. A commit empties the object: `await session.refresh(…)` fills it again")
async def without_refresh(task: TaskCreate, session: SessionDep):
    if (await session.exec(same(task))).first():
        raise CONFLICT
    new = Task.model_validate(task)
    session.add(new)
    await session.commit()
    return new


@wrong("A commit empties the object")
async def reads_without_refresh(task: TaskCreate, session: SessionDep):
    if (await session.exec(same(task))).first():
        raise CONFLICT
    new = Task.model_validate(task)
    session.add(new)
    await session.commit()
    return {"id": new.id}


@wrong("To return an HTTPException is not enough: write `raise` in place of `return`.")
async def returns_the_exception(task: TaskCreate, session: SessionDep):
    if (await session.exec(same(task))).first():
        return HTTPException(409, "There is one.")
    return await store(task, session)


@wrong("gets 201, not 409. To return an HTTPException is not enough", answers=None)
async def returns_the_exception_without_a_type(task: TaskCreate, session: SessionDep):
    if (await session.exec(same(task))).first():
        return HTTPException(409, "There is one.")
    return await store(task, session)


@wrong("it returns None, which does not fit the type behind `->`")
async def returns_nothing(task: TaskCreate, session: SessionDep):
    if (await session.exec(same(task))).first():
        raise CONFLICT
    await store(task, session)


@wrong("and does `raise` stand before the `HTTPException`?")
async def makes_the_exception_only(task: TaskCreate, session: SessionDep):
    if (await session.exec(same(task))).first():
        HTTPException(409, "There is one.")
    return await store(task, session)


@wrong("brackets are missing: `await` takes all that follows it, also `.first`. Write `(await …)")
async def brackets_missing_in_two_lines(task: TaskCreate, session: SessionDep):
    query = select(Task).where(Task.task_name == task.task_name)
    result = await session.exec(query).first()
    if result is not None:
        raise CONFLICT
    return await store(task, session)


@wrong("`careful` has no endpoint yet: write `@careful.post(…)`, not `@app.post(…)`.", app=app)
async def given_to_app(task: TaskCreate, session: SessionDep) -> Task:
    if (await session.exec(same(task))).first():
        raise CONFLICT
    return await store(task, session)


@wrong("an `await` is missing: coroutine 'AsyncSession.commit' was never awaited")
async def commit_without_await(task: TaskCreate, session: SessionDep):
    if (await session.exec(same(task))).first():
        raise CONFLICT
    new = Task.model_validate(task)
    session.add(new)
    session.commit()
    await session.refresh(new)
    return new


@wrong("it returns an int, `409`, which does not fit the type behind `->`")
async def returns_the_status(task: TaskCreate, session: SessionDep):
    if (await session.exec(same(task))).first():
        return 409
    return await store(task, session)


@asynccontextmanager
async def own_session(*rows):
    engine = create_async_engine("sqlite+aiosqlite://")
    async with engine.begin() as connection:
        await connection.run_sync(SQLModel.metadata.create_all)
    async with AsyncSession(engine) as session:
        session.add_all(rows)
        await session.flush()
        yield session
    await engine.dispose()


OPENED = "It has not looked through the `session` that the function gets: do not open one."


@wrong(f"a new name gets 409, not 201. {OPENED}")
async def looks_with_a_session_of_its_own(task: TaskCreate, session: SessionDep):
    async with own_session(Task(task_name="buy milk")) as other:
        if (await other.exec(same(task))).first():
            raise CONFLICT
    return await store(task, session)


@wrong(f"a name that is there already gets 201, not 409. {OPENED}")
async def looks_into_another_database(task: TaskCreate, session: SessionDep):
    async with own_session() as other:
        if (await other.exec(same(task))).first():
            raise CONFLICT
    return await store(task, session)


@wrong(f"the task is not in the table. {OPENED}")
async def stores_with_a_session_of_its_own(task: TaskCreate, session: SessionDep):
    async with own_session() as other:
        if (await other.exec(same(task))).first():
            raise CONFLICT
        return await store(task, other)


@wrong("That needs `async def`, in place of `def`")
def without_async(task: TaskCreate, session: SessionDep):
    if session.exec(same(task)).first():
        raise CONFLICT
    session.add(Task.model_validate(task))
    session.commit()


@wrong("a status is a number: write `HTTPException(409, …)`, without quotes around the number")
async def status_as_a_text(task: TaskCreate, session: SessionDep):
    if (await session.exec(same(task))).first():
        raise HTTPException("409", "it is there")
    return await store(task, session)


@wrong("so it finds the new task: look before the `add`.")
async def looks_after_the_add(task: TaskCreate, session: SessionDep):
    new = Task.model_validate(task)
    session.add(new)
    if (await session.exec(same(task))).first():
        raise CONFLICT
    await session.commit()
    await session.refresh(new)
    return new


@wrong("for one request, it sends more than 1000 statements, and goes on, in the line `while (")
async def waits_until_it_is_gone(task: TaskCreate, session: SessionDep):
    while (await session.exec(same(task))).first():
        pass
    return await store(task, session)


@wrong("a call still runs after 0.3 s, in the line `")
async def never_ends(task: TaskCreate, session: SessionDep):
    twins = (await session.exec(same(task))).all()
    while twins:
        pass
    return await store(task, session)


@wrong("a new name gets 409, not 201. Its condition is true for a new name, too: does the query")
async def asks_the_result_itself(task: TaskCreate, session: SessionDep):
    if (await session.exec(same(task))) is not None:
        raise CONFLICT
    return await store(task, session)


@wrong("gets 201, not 409. It has looked, and then stored the name: does the query ask for")
async def asks_for_another_name(task: TaskCreate, session: SessionDep):
    if (await session.exec(select(Task).where(Task.task_name == "lost"))).first():
        raise CONFLICT
    return await store(task, session)


@wrong("`status_code=` in the decorator is for a new task: write 201 there.", status=409)
async def conflict_in_the_decorator(task: TaskCreate, session: SessionDep):
    if (await session.exec(same(task))).first():
        raise CONFLICT
    return await store(task, session)


@wrong("after 0.3 s, in the line `await asyncio.Event().wait()` (line ")
async def never_ends_and_awaits(task: TaskCreate, session: SessionDep):
    await asyncio.Event().wait()
    return await store(task, session)


@wrong("after 0.3 s, in the line `await asyncio.sleep(10**6)` (line ")
async def never_ends_in_a_task_of_its_own(task: TaskCreate, session: SessionDep):
    async def wait():
        await asyncio.sleep(10**6)

    await asyncio.create_task(wait())
    return await store(task, session)


@wrong("instances of 'str' and 'int', in the line `if task.task_name > 0:` (line ")
async def compares_a_name_with_a_number(task: TaskCreate, session: SessionDep):
    if task.task_name > 0:
        raise CONFLICT
    return await store(task, session)


@wrong("A commit empties the object")
async def reads_what_it_has_let_go(task: TaskCreate, session: SessionDep):
    if (await session.exec(same(task))).first():
        raise CONFLICT
    new = Task.model_validate(task)
    session.add(new)
    await session.flush()
    session.expire(new)
    return {"id": new.id}


@wrong("If it is an `HTTPException`: the status is a number, and comes first")
async def status_behind_the_words(task: TaskCreate, session: SessionDep):
    result = await session.exec(same(task))
    if result.first() is not None:
        raise HTTPException("There is one.", 409)
    return await store(task, session)


@wrong("`refresh` reads a row that is stored. Before it, the object needs `session.add(…)`")
async def refreshes_what_is_not_added(task: TaskCreate, session: SessionDep):
    result = await session.exec(same(task))
    if result.first() is not None:
        raise CONFLICT
    new = Task.model_validate(task)
    await session.commit()
    await session.refresh(new)
    return new


@wrong("Old rows may have one name twice: `first()` is enough to know that there is one.")
async def at_most_one(task: TaskCreate, session: SessionDep):
    result = await session.exec(same(task))
    if result.one_or_none() is not None:
        raise CONFLICT
    return await store(task, session)


@wrong("`one()` stops if there is none: `first()` gives None then.")
async def exactly_one(task: TaskCreate, session: SessionDep):
    result = await session.exec(same(task))
    if result.one() is not None:
        raise CONFLICT
    return await store(task, session)


@wrong("after 0.3 s, in the line `await asyncio.sleep(10**5)` (line ")
async def never_ends_in_a_task_with_a_name(task: TaskCreate, session: SessionDep):
    async def wait():
        await asyncio.sleep(10**5)

    await asyncio.create_task(wait(), name="mine")
