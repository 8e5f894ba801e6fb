"""check: judges an exercise by what the answer does, never by how it is written."""

from __future__ import annotations

import asyncio
import inspect
import warnings
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from tutorial.errors import Problem
from tutorial.explain import explained

if TYPE_CHECKING:  # imported late, because begin() must be able to say what is missing
    import httpx
    from alembic.operations import Operations
    from fastapi import FastAPI
    from sqlalchemy import Connection, Engine, Select
    from sqlmodel import Session, SQLModel


class NotTried(Exception):  # noqa: N818 - not an error
    """The answer is still what the notebook gave."""


class NotQuite(Exception):  # noqa: N818 - not an error
    """The answer does something else than it should; the text says what."""


# After an error in the cell above, its names are still those of the version before it.
NOT_TRIED = (
    "○ Not tried yet. Change the cell above and run it. "
    "If it stops with an error, put that right first."
)


@explained
def check(exercise: str, *answer: Any) -> None:
    """Try an answer, and print whether it is not tried yet, not quite right (and why), or right.

    exercise: its name. answer: what the learner wrote: a class, a function, an app. Raises Problem
    if there is no exercise of that name, or if it takes another number of answers.
    """
    judge = _judge_of(exercise, answer)
    try:
        _need_plain_functions(answer)
        judge(*answer)
    except NotTried:
        print(NOT_TRIED)
    except NotQuite as reason:
        print(f"✗ Not quite: {reason}")
    except Exception as error:
        first = (str(error).splitlines() or [""])[0]
        print(f"✗ Not quite: your code stops with {type(error).__name__}: {first}".rstrip(": "))
    else:
        print("✓ Right.")


def _judge_of(exercise: str, answer: tuple[Any, ...]) -> Callable[..., None]:
    if not isinstance(exercise, str) or exercise not in EXERCISES:
        close = get_close_matches(str(exercise), EXERCISES, n=1) or list(EXERCISES)
        raise Problem("no-such-exercise", name=repr(exercise), names=", ".join(close))
    judge = EXERCISES[exercise]
    wanted = list(inspect.signature(judge).parameters)
    if len(answer) != len(wanted):
        values = {"name": repr(exercise), "wanted": len(wanted), "given": len(answer)}
        raise Problem("other-answers-wanted", **values)
    return judge


def _need(condition: bool, otherwise: str) -> None:
    if not condition:
        raise NotQuite(otherwise)


def _need_plain_functions(answer: tuple[Any, ...]) -> None:
    """Check that no answer is an `async def`: every exercise wants what a call gives at once."""
    for one in answer:
        problem = "when it is called, it gives a coroutine: write `def`, not `async def`."
        _need(not inspect.iscoroutinefunction(one), problem)


def _kind(value: object) -> str:
    if value is None:
        return "None"
    name = type(value).__name__
    return f"an {name}" if name[0] in "aeiouAEIOU" else f"a {name}"


def _in_one_line(error: Exception) -> str:
    """Return an error with the reason, which pydantic puts below the first line of its message."""
    lines = [line for line in str(error).splitlines() if "errors.pydantic.dev" not in line]
    return f"{type(error).__name__}: {' '.join(' '.join(lines).split())[:200]}".rstrip(": ")


def _accepts(model: type[SQLModel], **data: object) -> bool:
    from pydantic import ValidationError

    try:
        model.model_validate(data)
    except ValidationError:
        return False
    return True


def _in_thread(coroutine: Coroutine) -> Any:
    """Run a coroutine to its end, although this thread runs an event loop already."""
    with ThreadPoolExecutor(max_workers=1) as pool:
        return pool.submit(asyncio.run, coroutine).result()  # also raises what it raised


@contextmanager
def _engine(*names: str) -> Iterator[Engine]:
    """Give a database in memory with the course's table, and a task of each name."""
    from sqlmodel import Session, SQLModel, create_engine

    from app.models import Task

    engine = create_engine("sqlite://")
    try:
        SQLModel.metadata.create_all(engine)
        with Session(engine) as session:
            for name in names:
                session.add(Task(task_name=name))
                session.flush()  # one by one, so that the ids follow the names' order
            session.commit()
        yield engine
    finally:
        engine.dispose()


@contextmanager
def _operations(*names: str) -> Iterator[tuple[Connection, Operations]]:
    """Give Alembic's `op` for a database in memory with the table `task` of revision 0001."""
    from alembic.operations import Operations
    from alembic.runtime.migration import MigrationContext
    from sqlalchemy import create_engine, text

    table = "CREATE TABLE task (task_name VARCHAR(100) NOT NULL, id INTEGER NOT NULL PRIMARY KEY)"
    engine = create_engine("sqlite://")
    try:
        with engine.connect() as connection:
            connection.execute(text(table))
            for number, name in enumerate(names, start=1):
                values = {"name": name, "number": number}
                connection.execute(text("INSERT INTO task VALUES (:name, :number)"), values)
            yield connection, Operations(MigrationContext.configure(connection))
    finally:
        engine.dispose()


NO_ENDPOINT = (307, 404, 405)  # 307: only with another slash at the end, or without it


@contextmanager
def _instead(app: FastAPI, dependency: Callable, replacement: Callable) -> Iterator[None]:
    """Let an app use another dependency for a while, as tests of FastAPI do it."""
    before = dict(app.dependency_overrides)
    app.dependency_overrides[dependency] = replacement
    try:
        yield
    finally:
        app.dependency_overrides = before


def _client(app: FastAPI) -> httpx.AsyncClient:
    """Give a client that calls an app without a server."""
    import httpx

    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://service")


def _is_empty(app: FastAPI) -> bool:
    """Whether an app has no endpoint but those that every app has."""
    import fastapi

    return len(app.routes) == len(fastapi.FastAPI().routes)


def _json(response: httpx.Response) -> Any:
    try:
        return response.json()
    except ValueError:
        return None


def _list(values: Iterable[object]) -> str:
    """Return some values as words, not too many of them."""
    words = [str(value) for value in values]
    return ", ".join(words[:7]) + (", …" if len(words) > 7 else "") or "nothing"


def _rows(connection: Connection, columns: str = "id, task_name") -> list[tuple]:
    from sqlalchemy import text

    query = text(f"SELECT {columns} FROM task ORDER BY id")
    return [tuple(row) for row in connection.execute(query)]


def _sends_nothing(*functions: Callable[[Operations], object]) -> bool:
    """Whether the functions of a revision do nothing at all, as those of the notebook."""
    from sqlalchemy import event

    sent: list[object] = []
    with _operations("a") as (connection, op):
        event.listen(connection, "before_cursor_execute", lambda *args: sent.append(args))
        for function in functions:
            try:
                function(op)
            except Exception:
                return False
    return not sent


def _form(connection: Connection) -> dict[str, tuple[str, bool, bool]]:
    """Return what a migration must not change by the way: each column's type and rules."""
    return {
        name: (str(column["type"]), column["nullable"], bool(column["primary_key"]))
        for name, column in _columns(connection, "task").items()
    }


def _need_form(connection: Connection, form: dict[str, tuple[str, bool, bool]], when: str) -> None:
    """Check that the table `task` has exactly these columns, whatever their order."""
    _need("task" in _tables(connection), f"{when}, the table task is gone.")
    found = _form(connection)
    columns = f"{when}, the table task has the columns {', '.join(found)}."
    _need(set(found) == set(form), columns)
    for name, rules in form.items():
        _need(found[name] == rules, f"{when}, {name} has not the type and the rules it had.")


def _tables(connection: Connection) -> list[str]:
    from sqlalchemy import inspect

    return inspect(connection).get_table_names()


def _columns(connection: Connection, table: str) -> dict[str, dict[str, Any]]:
    from sqlalchemy import inspect

    return {column["name"]: dict(column) for column in inspect(connection).get_columns(table)}


def reminder(model: type[SQLModel]) -> None:
    """Step 2: limits and a default."""
    good = {"text": "call home", "minutes": 5}
    _need(not hasattr(model, "__table__"), "it is a table: leave out `table=True`.")
    as_given = (
        _accepts(model, text="", minutes=5),
        _accepts(model, text="x" * 51, minutes=5),
        _accepts(model, text="x", minutes=0),
        _accepts(model, text="x", minutes=61),
        not _accepts(model, text="x"),
        not _accepts(model, minutes=5),
    )
    if all(as_given):
        raise NotTried
    _need(_accepts(model, **good), "it refuses a text of 9 characters with 5 minutes.")
    kept = model.model_validate(good)
    _need(kept.text == "call home", f"the text 'call home' becomes {kept.text!r}.")
    _need(kept.minutes == 5, f"5 minutes become {kept.minutes!r}.")
    _need(not _accepts(model, text="", minutes=5), "it accepts an empty text.")
    _need(not _accepts(model, minutes=5), "it accepts a reminder without a text.")
    _need(not _accepts(model, text=None, minutes=5), "it accepts None as the text.")
    _need(_accepts(model, text="x" * 50, minutes=5), "it refuses a text of 50 characters.")
    _need(not _accepts(model, text="x" * 51, minutes=5), "it accepts a text of 51 characters.")
    for minutes, wanted in ((0, False), (1, True), (60, True), (61, False)):
        word = "refuses" if wanted else "accepts"
        _need(_accepts(model, text="x", minutes=minutes) is wanted, f"it {word} {minutes} minutes.")
    _need(not _accepts(model, text="x", minutes=None), "it accepts None as the minutes.")
    _need(_accepts(model, text="x"), "it refuses a reminder without minutes.")
    default = model.model_validate({"text": "x"}).minutes
    _need(default == 10, f"without minutes it takes {default!r}, not 10.")


def to_task(function: Callable[[dict], object]) -> None:
    """Step 2: a table model that validates."""

    def is_task(answer: object) -> bool:
        # Not isinstance: after a change of app/models.py, the notebook may still have the old Task.
        return getattr(answer, "__tablename__", None) == "task"

    def refuses(body: dict) -> bool:
        try:
            function(body)
        except ValueError:  # a ValidationError is one
            return True
        return False

    if not refuses({}) and not refuses({"task_name": ""}):
        tasks = function({"task_name": ""}), function({})
        if all(map(is_task, tasks)) and [task.task_name for task in tasks] == ["", None]:
            raise NotTried
    body = {"task_name": "buy milk"}
    try:
        task = function(dict(body))
    except ValueError as error:
        raise NotQuite(f"it refuses {body}, with {_in_one_line(error)}") from error
    _need(is_task(task), f"for {body}, it gives {_kind(task)}, not a Task.")
    _need(task.task_name == "buy milk", f"for {body}, the task's name is {task.task_name!r}.")
    _need(refuses({"task_name": ""}), "it accepts an empty name.")
    _need(refuses({}), "it accepts a body without a name.")
    _need(refuses({"task_name": "x" * 101}), "it accepts a name of 101 characters.")
    _need(not refuses({"task_name": "x" * 100}), "it refuses a name of 100 characters.")


def count_tasks(function: Callable[[Session], object]) -> None:
    """Step 3: a query."""
    from sqlalchemy import event
    from sqlmodel import Session

    from app.models import Task

    for names in ((), ("a", "b"), ("a", "b", "b")):
        queries: list[object] = []
        with _engine("gone", *names) as engine:
            with Session(engine) as session:  # a deleted row, so that the highest id is no answer
                session.delete(session.get_one(Task, 1))
                session.commit()
            note = queries.append
            event.listen(engine, "before_cursor_execute", lambda *args, note=note: note(args))
            with Session(engine) as session:
                counted = function(session)
        if counted is None and not queries:
            raise NotTried
        _need(type(counted) is int, f"it gives {_kind(counted)}, not a number.")
        _need(bool(queries), "it asks nothing through the session that it gets.")
        _need(counted == len(names), f"with {len(names)} rows in the table, it gives {counted}.")


def rename_all(function: Callable[[Session, dict[int, str | None]], object]) -> None:
    """Step 3: a transaction."""
    queries: list[object] = []
    result, _, now = _rename(function, {1: "x", 3: "z"}, queries)
    if result is None and not queries:
        raise NotTried
    _need(
        result is not False or now != "a, b, c, d",
        "the database refuses names that are fine: change the tasks that are there.",
    )
    _need(now != "a, b, c, d", "names that are fine are not stored: is there a commit?")
    _need(now == "x, b, z, d", f"a, b, c, d should become x, b, z, d, and become {now}.")
    _need(result is True, f"after renaming them all, it gives {result!r}, not True.")
    for names, refused in (
        ({1: "x", 2: "d", 3: "z"}, "a name that another task has"),
        ({1: "d", 2: "y"}, "a name that another task has"),
        ({1: "x", 2: None}, "the name None"),
        ({1: "x", 2: "x"}, "a name for two tasks"),
    ):
        result, seen, now = _rename(function, names, queries)
        _need(now == "a, b, c, d", f"with {refused}, a, b, c, d should stay, and become {now}.")
        _need(result is False, f"with {refused}, it gives {result!r}, not False.")
        _need(seen == now, f"with {refused}, the session still has the names {seen}.")


def _rename(
    function: Callable[[Session, dict[int, str | None]], object],
    names: dict[int, str | None],
    queries: list[object],
) -> tuple[object, str, str]:
    """Return what the answer gives, and the names: as its session sees them, and as stored.

    What the answer sends is added to `queries`.
    """
    from sqlalchemy import event, text
    from sqlalchemy.exc import IntegrityError, PendingRollbackError
    from sqlmodel import Session, col, select

    from app.models import Task

    def note(*query: object) -> None:
        queries.append(query)

    def all_names(session: Session) -> str:
        return ", ".join(session.exec(select(Task.task_name).order_by(col(Task.id))))

    with _engine("a", "b", "c", "d") as engine:
        with engine.begin() as connection:
            connection.execute(text("CREATE UNIQUE INDEX names ON task (task_name)"))
        event.listen(engine, "before_cursor_execute", note)
        # Closing the session takes back what was not committed.
        with Session(engine, expire_on_commit=False) as session:
            try:
                result = function(session, names)
                event.remove(engine, "before_cursor_execute", note)
            except IntegrityError as error:
                problem = "when the database refuses a name, it stops with IntegrityError."
                raise NotQuite(problem) from error
            try:
                seen = all_names(session)
            except (IntegrityError, PendingRollbackError) as error:
                problem = "after a name that is refused, the session is stuck: call its rollback."
                raise NotQuite(problem) from error
        with Session(engine) as session:
            return result, seen, all_names(session)


def hello(app: FastAPI) -> None:
    """Step 4: an endpoint with a limit."""

    async def ask(name: str) -> httpx.Response:
        async with _client(app) as client:
            return await client.get(f"/hello/{name}")

    def greets(name: str) -> bool:
        return _json(answers[name]) == {"hello": name}

    answers = {name: _in_thread(ask(name)) for name in ("Ada", "Bo", "x" * 20, "x" * 21)}
    ada, bo, longest, too_long = answers.values()
    if ada.status_code == 404 and _is_empty(app):
        raise NotTried
    hints = {
        404: " Is the path right, and does it begin with /?",
        422: f" Is the argument named as in the path? It says: {ada.text[:200]}",
    }
    hint = hints.get(ada.status_code, "")
    _need(ada.status_code == 200, f"/hello/Ada answers {ada.status_code}, not 200.{hint}")
    _need(greets("Ada"), f"/hello/Ada answers {ada.text[:100]}.")
    _need(bo.text != ada.text, "it greets everybody by one name.")
    _need(bo.status_code == 200, f"/hello/Bo answers {bo.status_code}, not 200.")
    _need(greets("Bo"), f"/hello/Bo answers {bo.text[:100]}.")
    _need(longest.status_code == 200, f"a name of 20 characters gets {longest.status_code}.")
    _need(greets("x" * 20), f"a name of 20 characters gets {longest.text[:100]}.")
    code = too_long.status_code
    _need(code == 422, f"a name of 21 characters gets {code}, not 422.")


def no_twins(app: FastAPI, get_session: Callable[[], object]) -> None:
    """Step 4: an async endpoint that looks before it writes."""
    if _is_empty(app):
        raise NotTried
    _in_thread(_no_twins(app, get_session))


async def _no_twins(app: FastAPI, get_session: Callable[[], object]) -> None:
    from sqlalchemy.ext.asyncio import create_async_engine
    from sqlmodel import SQLModel, col, select
    from sqlmodel.ext.asyncio.session import AsyncSession

    from app.models import Task

    async def session_in_memory() -> AsyncIterator[AsyncSession]:
        async with AsyncSession(engine, expire_on_commit=False) as session:
            given.append(session)
            yield session

    async def post(body: object) -> httpx.Response:
        with _forgotten_await(), _instead(app, get_session, session_in_memory):
            async with _client(app) as client:
                return await client.post("/task/", json=body)

    async def stored() -> list[tuple[str, int]]:
        async with AsyncSession(engine) as session:
            rows = await session.exec(select(Task.task_name, Task.id).order_by(col(Task.id)))
            return [tuple(row) for row in rows]

    given: list[AsyncSession] = []
    engine = create_async_engine("sqlite+aiosqlite://")
    try:
        async with engine.begin() as connection:
            await connection.run_sync(SQLModel.metadata.create_all)
        # No task can come of this body, so it does no harm if the session is another one.
        code = (await post([])).status_code
        _need(code not in NO_ENDPOINT, f"POST /task/ answers {code}: it has no such endpoint.")
        _need(bool(given), "it does not take its session from get_session.")
        code = (await post({"task_name": ""})).status_code
        _need(code == 422, f"an empty name gets {code}, not 422.")
        await _judge_twins(post, stored)
    finally:
        await engine.dispose()


async def _judge_twins(
    post: Callable[[object], Coroutine], stored: Callable[[], Coroutine]
) -> None:
    names: list[str] = []
    for name, wanted in (
        ("buy milk", 201),
        ("buy bread", 201),
        ("buy milk", 409),
        ("buy bread", 409),
        ("milk", 201),
        ("milk", 409),
    ):
        answer = await post({"task_name": name})
        known = "a name that is there already" if wanted == 409 else "a new name"
        code = answer.status_code
        reason = f" It says: {answer.text[:200]}" if code == 422 else ""
        _need(code == wanted, f"{known} gets {code}, not {wanted}.{reason}")
        rows = await stored()
        if wanted == 201:
            names.append(name)
            _need(len(rows) >= len(names), "it answers 201, and the task is not in the table.")
        _need([row[0] for row in rows] == names, f"after {known}, the table has {_list(rows)}.")
        if wanted == 201:
            task = {"task_name": name, "id": rows[-1][1]}
            found = _json(answer)
            same = isinstance(found, dict) and task.items() <= found.items()
            _need(same, f"the new task is {task}, and it answers {answer.text[:100]}.")


@contextmanager
def _forgotten_await() -> Iterator[None]:
    """Say which call was never awaited; Python itself only warns of it."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            yield
        except (AttributeError, TypeError) as error:
            promise = getattr(error, "obj", None)  # what has no such attribute
            if inspect.iscoroutine(promise):
                promise.close()  # else Python warns of it, too
            if "coroutine" not in str(error):
                raise
            problem = f"an `await` is missing: {str(error).splitlines()[0]}."
            raise NotQuite(problem) from error
        finally:
            forgotten = [str(one.message) for one in caught if "never awaited" in str(one.message)]
    if forgotten:
        raise NotQuite(f"an `await` is missing: {forgotten[0].splitlines()[0]}.")


def three_requests(function: Callable[[httpx.Client], object]) -> None:
    """Step 5: calls with httpx."""
    import json

    import httpx

    def service(request: httpx.Request, up: int, created: int, refused: int) -> httpx.Response:
        seen.append(f"{request.method} {request.url.path}")
        if seen[-1] == "GET /ping":
            return httpx.Response(up, json={"ping": "pong!"})
        if seen[-1] != "POST /task/":
            return httpx.Response(404)
        try:
            name = json.loads(request.content)["task_name"]
        except (ValueError, KeyError, TypeError):
            return httpx.Response(refused)
        good = isinstance(name, str) and 1 <= len(name) <= 100
        return httpx.Response(created if good else refused, json={"task_name": name, "id": 1})

    # The second service answers with other codes, for a list that was written down beforehand.
    for codes in ([200, 201, 422], [202, 200, 400]):
        seen: list[str] = []
        transport = httpx.MockTransport(lambda request, codes=codes: service(request, *codes))
        with httpx.Client(transport=transport, base_url="http://service") as client:
            try:
                statuses = function(client)
            except httpx.TransportError as error:
                problem = "it sends a request without the client that it gets."
                raise NotQuite(problem) from error
        if not seen and statuses in (None, []):
            raise NotTried
        _need(bool(seen), "it sends nothing with the client that it gets.")
        _need("GET /ping" in seen, "it sends no GET to /ping.")
        if "POST /task" in seen:
            raise NotQuite("it sends POST /task, not POST /task/: these are two different paths.")
        others = ", ".join(one for one in seen if one not in ("GET /ping", "POST /task/"))
        _need(not others, f"it sends {others}. Send only GET /ping and POST /task/.")
        posts = seen.count("POST /task/")
        _need(posts == 2, f"it sends {posts} POST requests to /task/, not 2.")
        _need(len(seen) == 3, f"it sends {len(seen)} requests, not 3: {', '.join(seen)}.")
        _need(isinstance(statuses, list), f"it gives {_kind(statuses)}, not a list.")
        if codes[0] == 200:
            _need(statuses == codes, f"the list is {statuses}, not {codes}.")
        _need(statuses == codes, f"from a service that answers {codes}, it gives {statuses}.")


def tag_table(upgrade: Callable[[Operations], None], downgrade: Callable[..., None]) -> None:
    """Step 6: a revision by hand."""
    if _sends_nothing(upgrade, downgrade):
        raise NotTried
    with _operations("a") as (connection, op):
        upgrade(op)
        tables = _tables(connection)
        _need("tag" in tables, f"there is no table tag. There is: {', '.join(tables)}.")
        _need("task" in tables, "the upgrade has dropped the table task.")
        columns = _columns(connection, "tag")
        _need(set(columns) == {"id", "name"}, f"the table has the columns {', '.join(columns)}.")
        _need(bool(columns["id"]["primary_key"]), "id is not the primary key.")
        _need(not columns["name"]["primary_key"], "name is a part of the primary key, too.")
        _need(not columns["name"]["nullable"], "name may be empty.")
        downgrade(op)
        tables = _tables(connection)
        _need("tag" not in tables, "after the downgrade, the table tag is still there.")
        _need("task" in tables, "the downgrade has dropped the table task, too.")


def unique_names(upgrade: Callable[[Operations], None], downgrade: Callable[..., None]) -> None:
    """Step 6: a constraint, on a table whose rows break it."""
    from sqlalchemy.exc import IntegrityError

    if _sends_nothing(upgrade, downgrade):
        raise NotTried
    before = ["buy milk", "call home", "buy milk", "sleep", "buy milk", "sleep"]
    with _operations(*before) as (connection, op):
        form = _form(connection)
        try:
            upgrade(op)
        except IntegrityError as error:
            if "UNIQUE" not in str(error):
                raise
            problem = "the database refuses the rule, because two tasks still have one name."
            raise NotQuite(problem) from error
        _need_form(connection, form, "after the upgrade")
        rows = dict(_rows(connection))
        after = [rows.get(number) for number in range(1, 7)]
        strict = _refuses_twin(connection)
        for number, (old, new) in enumerate(zip(before, after, strict=True), start=1):
            _need(new is not None, f"task {number} is lost: give it another name instead.")
            first = before.index(old) == number - 1
            _need(new == old or not first, f"task {number} should stay {old!r}, and is {new!r}.")
            _need(new.startswith(old), f"the name of task {number} was {old!r}, and is {new!r}.")
        _need(len(set(after)) == len(after), f"two tasks have one name: {_list(after)}.")
        _need(strict, "after the upgrade, the table still takes a name twice.")
        downgrade(op)
        _need_form(connection, form, "after the downgrade")
        kept = [number for number, _ in _rows(connection)]
        _need(kept == list(rows), f"after the downgrade, the tasks are {_list(kept)}.")
        _need(not _refuses_twin(connection), "after the downgrade, the rule is still there.")


def _refuses_twin(connection: Connection) -> bool:
    """Whether the table takes no second task of one name; it keeps the rows that it has."""
    from sqlalchemy import text
    from sqlalchemy.exc import IntegrityError

    row = {"name": _rows(connection)[0][1]} if _rows(connection) else {"name": "x"}
    try:
        connection.execute(text("INSERT INTO task (task_name) VALUES (:name)"), row)
    except IntegrityError:
        return True
    connection.execute(text("DELETE FROM task WHERE id = last_insert_rowid()"))
    return False


def done_field(model: type[SQLModel]) -> None:
    """Step 7: a new field that leaves old data valid."""
    from app.models import TaskBase

    fields = list(model.model_fields)
    if fields == list(TaskBase.model_fields):
        raise NotTried
    _need("done" in fields, f"it has no field done. It has: {', '.join(fields)}.")
    lost = [field for field in TaskBase.model_fields if field not in fields]
    _need(not lost, f"it has lost {', '.join(lost)}: build on TaskBase.")
    more = [field for field in fields if field not in (*TaskBase.model_fields, "done")]
    _need(not more, f"it has more than one field more: {', '.join(['done', *more])}.")
    _need(_accepts(model, task_name="x"), "it refuses a task that was written before the change.")
    default = model.model_validate({"task_name": "x"}).done
    _need(default is False, f"an old task becomes done = {default!r}, not False.")
    _need(_accepts(model, task_name="x", done=True), "it refuses a task that is done.")
    _need(model.model_validate({"task_name": "x", "done": True}).done is True, "True gets lost.")
    _need(not _accepts(model, task_name="x", done="perhaps"), "it accepts done = 'perhaps'.")
    _need(not _accepts(model, task_name="x", done=None), "it accepts done = None.")
    _need(not _accepts(model, task_name=""), "it accepts an empty name: build on TaskBase.")
    too_long = _accepts(model, task_name="x" * 101)
    _need(not too_long, "it accepts a name of 101 characters: build on TaskBase.")


def page_by_name(function: Callable[[str, int, int], Select]) -> None:
    """Step 8: keyset pagination by two columns."""
    from sqlalchemy import Executable, text
    from sqlmodel import Session

    names = ("pear", "apple", "fig", "apple", "apple", "kiwi", "fig")
    wanted = sorted((name, number) for number, name in enumerate(names, start=1))
    with _engine(*names) as engine, Session(engine) as session:

        def page(name: str, id_: int, limit: int) -> list[tuple[str, int]]:
            query = function(name, id_, limit)
            _need(isinstance(query, Executable), f"it gives {_kind(query)}, not a query.")
            return [(task.task_name, task.id) for task in session.exec(query)]

        if page("", 0, 2) == page("fig", 3, 2) == [("pear", 1), ("apple", 2)]:
            raise NotTried
        # With this index, a query that does not ask for the order by id gets another one.
        session.connection().execute(text("CREATE INDEX by_name ON task (task_name, id DESC)"))
        for limit in (2, 3):
            _judge_pages(lambda name, id_, limit=limit: page(name, id_, limit), wanted, limit)


def _judge_pages(
    page: Callable[[str, int], list[tuple[str, int]]], wanted: list[tuple[str, int]], limit: int
) -> None:
    def show(rows: list[tuple[str, int]]) -> str:
        return ", ".join(f"{name} {number}" for name, number in rows[:7])

    found = page("", 0)
    _need(len(found) == limit, f"with limit {limit}, the first page has {len(found)} rows.")
    order = "the order is not by name, then by id"
    _need(found == wanted[:limit], f"{order}: the first page has {show(found)}.")
    for _ in wanted:  # more pages than there are, for a query that never ends
        rows = page(*found[-1])
        _need(len(rows) <= limit, f"with limit {limit}, a page has {len(rows)} rows.")
        found += rows
        if not rows:
            break
    _need(len(found) == len(set(found)), f"it shows rows twice. The pages begin: {show(found)}.")
    _need(len(found) >= len(wanted), f"it skips rows. All pages together: {show(found)}.")
    _need(found == wanted, f"{order}: {show(found)}.")


def search(app: FastAPI, get_session: Callable[[], object]) -> None:
    """Step 8: a search in which every character means itself."""
    if _is_empty(app):
        raise NotTried
    _in_thread(_search(app, get_session))


async def _search(app: FastAPI, get_session: Callable[[], object]) -> None:
    from sqlalchemy import StaticPool, insert, text
    from sqlmodel import Session, SQLModel, create_engine

    from app.models import Task

    def session_in_memory() -> Iterator[Session]:
        with Session(engine) as session:
            given.append(session)
            yield session

    async def get(**query: object) -> httpx.Response:
        with _instead(app, get_session, session_in_memory):
            async with _client(app) as client:
                return await client.get("/search", params=query)

    given: list[Session] = []
    # One connection for all threads: each sync endpoint runs in another one.
    engine = create_engine(
        "sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False}
    )
    try:
        SQLModel.metadata.create_all(engine)
        tasks = [
            {"task_name": name, "task_description": "found", "id": number}
            for number, name in enumerate(SEARCHED, start=1)
        ]
        with engine.begin() as connection:
            connection.execute(insert(Task), tasks)
            # A query that does not ask for an order gets the rows from the last to the first.
            connection.execute(text("PRAGMA reverse_unordered_selects = ON"))
        await _judge_search(get, tasks, given)
    finally:
        engine.dispose()


SEARCHED = (
    "pour milk",
    "50% done",
    "snake_case",
    "buy milk",
    "500 done",
    "snakes case",
    "and/or",
    "andor",
    "c:\\data",
    "c:data",
    "milk the cow",
    *(f"row {number}" for number in range(101)),
)


async def _judge_search(
    get: Callable[..., Coroutine], tasks: list[dict[str, Any]], given: list[Session]
) -> None:
    async def found(wanted_limit: int, **query: object) -> None:
        """Ask, and compare with the same search in Python."""
        asked = "/search?" + "&".join(f"{name}={value}" for name, value in query.items())
        answer = await get(**query)
        code = answer.status_code
        _need(code not in NO_ENDPOINT, f"GET {asked} answers {code}: it has no such endpoint.")
        reason = f" It says: {answer.text[:200]}" if code == 422 else ""
        _need(code == 200, f"{asked} answers {code}, not 200.{reason}")
        _need(bool(given), "it does not take its session from get_session.")
        wanted = [task for task in tasks if str(query["text"]) in task["task_name"]]
        wanted = wanted[:wanted_limit]
        rows = _json(answer)
        are_tasks = isinstance(rows, list) and all(isinstance(row, dict) for row in rows)
        _need(are_tasks, f"{asked} answers {answer.text[:100]}, and not a list of tasks.")
        _need(len(rows) <= wanted_limit, f"{asked} gives {len(rows)} tasks, not {wanted_limit}.")
        names = [row.get("task_name") for row in rows]
        wanted_names = [task["task_name"] for task in wanted]
        if sorted(map(str, names)) == sorted(wanted_names):
            _need(names == wanted_names, f"{asked} gives the tasks in another order than by id.")
        problem = f"{asked} finds {_list(names)}, and should find {_list(wanted_names)}."
        _need(names == wanted_names, problem)
        _need(rows == wanted, f"{asked} answers {answer.text[:100]}, and not whole tasks.")

    await found(20, text="milk")
    await found(20, text="pour milk")
    await found(2, text="milk", limit=2)
    await found(1, text="milk", limit=1)
    await found(20, text="nothing")
    for text in ("0%", "e_c", "%", "_", "d/o", ":\\d"):
        await found(20, text=text)
    await found(20, text="row")
    await found(100, text="row", limit=100)
    for query, problem in (
        ({"text": "milk", "limit": 0}, "a limit of 0"),
        ({"text": "milk", "limit": 101}, "a limit of 101"),
        ({}, "a request without a text"),
    ):
        code = (await get(**query)).status_code
        _need(code == 422, f"{problem} gets {code}, not 422.")


def done_column(upgrade: Callable[[Operations], None]) -> None:
    """Step 9: a column that may not be empty, on a table with rows."""
    from sqlalchemy import Boolean

    if _sends_nothing(upgrade):
        raise NotTried
    with _operations("a", "b", "c") as (connection, op):
        before = _form(connection)
        upgrade(op)
        _need("task" in _tables(connection), "the table task is gone.")
        columns = _columns(connection, "task")
        wanted = {*before, "done"}
        _need(set(columns) == wanted, f"the table task has the columns {', '.join(columns)}.")
        _need(not columns["done"]["nullable"], "done may be empty.")
        kind = columns["done"]["type"]
        _need(isinstance(kind, Boolean), f"the type of done is {kind}, not BOOLEAN.")
        rules = {**before, "done": _form(connection)["done"]}
        _need_form(connection, rules, "after the upgrade")
        rows = _rows(connection, "task_name, done")
        _need([name for name, _ in rows] == ["a", "b", "c"], f"the rows are now {rows}.")
        _need(all(done == 0 for _, done in rows), f"the old rows should have done = false: {rows}.")


def split_names(upgrade: Callable[[Operations], None], downgrade: Callable[..., None]) -> None:
    """Step 9: a migration that moves data, there and back."""
    from sqlalchemy import text

    names = (
        "urgent: buy milk",
        "call home",
        "urgent: urgent: sleep",
        "ask: is it urgent: no",
        "Urgent: tea",  # LIKE knows no difference between U and u
        "urgent:now",
    )
    split = [
        (1, "buy milk", "urgent"),
        (2, "call home", None),
        (3, "urgent: sleep", "urgent"),
        (4, "ask: is it urgent: no", None),
        (5, "Urgent: tea", None),
        (6, "urgent:now", None),
    ]
    if _sends_nothing(upgrade, downgrade):
        raise NotTried
    with _operations(*names) as (connection, op):
        form = _form(connection)
        upgrade(op)
        _need("task" in _tables(connection), "the table task is gone.")
        columns = list(_columns(connection, "task"))
        _need("priority" in columns, f"the table task has the columns {', '.join(columns)}.")
        priority = _form(connection)["priority"]
        _need_form(connection, {**form, "priority": priority}, "after the upgrade")
        _need_rows(_rows(connection, "id, task_name, priority"), split, "after the upgrade")
        # What is written after the upgrade, for a downgrade that only knows the old rows.
        connection.execute(text("UPDATE task SET task_name = 'buy bread' WHERE id = 1"))
        insert = "INSERT INTO task (task_name, priority, id) VALUES ('new', 'urgent', 7)"
        connection.execute(text(insert))
        _downgrade(downgrade, op)
        _need_form(connection, form, "after the downgrade")
        back = [(1, "urgent: buy bread"), *enumerate(names[1:], start=2), (7, "urgent: new")]
        _need_rows(_rows(connection), back, "after the downgrade")


def _downgrade(downgrade: Callable[..., None], op: Operations) -> None:
    from sqlalchemy.exc import IntegrityError

    try:
        downgrade(op)
    except IntegrityError as error:
        if "NOT NULL" not in str(error):
            raise
        problem = "the downgrade gives a task without a priority no name: a text || NULL is NULL."
        raise NotQuite(problem) from error


def _need_rows(rows: list[tuple], wanted: list[tuple], when: str) -> None:
    for row in wanted:
        found = [one for one in rows if one[0] == row[0]]
        _need(bool(found), f"{when}, task {row[0]} is lost.")
        _need(found == [row], f"{when}, there is the row {found[0]}, and it should be {row}.")
    _need(len(rows) == len(wanted), f"{when}, there are {len(rows)} tasks, not {len(wanted)}.")


def is_healthy(function: Callable[[httpx.Client], object]) -> None:
    """Step 10: a check that survives a server that is down."""
    import httpx

    def answers(code: int) -> Callable[[httpx.Request], httpx.Response]:
        def service(request: httpx.Request) -> httpx.Response:
            if request.url.path != "/ping":
                return httpx.Response(404)
            if request.method != "GET":
                return httpx.Response(405)
            # The same body with every status: the status is what counts.
            return httpx.Response(code, json=None if code == 204 else {"ping": "pong!"})

        return service

    def fails(kind: type[httpx.TransportError]) -> Callable[[httpx.Request], httpx.Response]:
        def service(request: httpx.Request) -> httpx.Response:
            raise kind("no answer", request=request)

        return service

    cases = (
        ("a service that answers 200 to GET /ping", answers(200), True),
        ("a service that answers 500", answers(500), False),
        ("a service that answers 404", answers(404), False),
        ("a service that answers 204", answers(204), False),
        ("a server that is down", fails(httpx.ConnectError), False),
        ("a server that does not answer in time", fails(httpx.ReadTimeout), False),
        ("a server that can't be reached in time", fails(httpx.ConnectTimeout), False),
    )
    for name, service, wanted in cases:
        asked: list[httpx.Request] = []
        transport = httpx.MockTransport(service)
        with httpx.Client(transport=transport, base_url="http://service") as client:
            client.event_hooks["request"].append(asked.append)
            try:
                result = function(client)
            except httpx.HTTPError as error:
                stops = f"for {name}, it stops with {type(error).__name__}."
                raise NotQuite(stops) from error
        if result is None and not asked:
            raise NotTried
        _need(bool(asked), "it asks nothing with the client that it gets.")
        _need(result is wanted, f"for {name}, it gives {result!r}, not {wanted}.")


def patch_test(function: Callable[[httpx.Client], object]) -> None:
    """Step 10: a test that tells a right service from the broken ones."""

    def changed(task: dict, sent: dict) -> dict:
        return {**task, **sent}

    def without_description(task: dict, sent: dict) -> dict:
        return {**task, "task_description": None, **sent}

    def without_name(task: dict, sent: dict) -> dict:
        return {**task, "task_name": "", **sent}

    def unchanged(task: dict, sent: dict) -> dict:
        return task

    def only_name(task: dict, sent: dict) -> dict:
        return {**task, "task_name": sent.get("task_name", task["task_name"])}

    for name, first_id in (("a right service", 1), ("a right service with old tasks", 7)):
        asked: list[str] = []
        client = _stand_in(asked, first_id, stores=changed, answers=changed)
        with client:
            try:
                result = function(client)
            except Exception as error:
                if not asked:
                    raise
                text = f"{type(error).__name__}: {error}".splitlines()[0].rstrip(": ")
                raise NotQuite(f"{name} fails the test, with {text}.") from error
        if result is None and not asked:
            raise NotTried
        _need(bool(asked), "it asks nothing with the client that it gets.")
    for name, stores, answers in (
        ("that changes nothing", unchanged, unchanged),
        ("that answers with the change, and does not store it", unchanged, changed),
        ("that loses the description if only a name is sent", *[without_description] * 2),
        ("that loses the name if only a description is sent", *[without_name] * 2),
        ("that answers with a new description, and does not store it", only_name, changed),
    ):
        with _stand_in([], 1, stores=stores, answers=answers) as client:
            try:
                result = function(client)
            except Exception:  # as in pytest: whatever stops a test lets it fail
                continue
        said = "" if result is None else f" Giving {result!r} is not enough: use `assert`."
        raise NotQuite(f"a service {name} passes the test.{said}")


def _stand_in(
    asked: list[str],
    first_id: int,
    stores: Callable[[dict, dict], dict],
    answers: Callable[[dict, dict], dict],
) -> httpx.Client:
    """Give a client of a stand-in for the service, whose PATCH stores and answers as told.

    It notes in `asked` what it was asked. It has tasks before `first_id`, which is the next one.
    """
    import json

    import httpx

    blank = {"task_name": "old", "task_description": None}
    tasks: dict[int, dict] = {number: {**blank, "id": number} for number in range(1, first_id)}

    def body_of(request: httpx.Request) -> dict | None:
        """Return the fields that a request sends; None if the real service would answer 422."""
        try:
            sent = {
                key: value for key, value in json.loads(request.content).items() if key in blank
            }
        except (ValueError, AttributeError):
            return None
        name, about = sent.get("task_name", "x"), sent.get("task_description")
        good_name = isinstance(name, str) and 1 <= len(name) <= 100
        good_about = about is None or (isinstance(about, str) and len(about) <= 1000)
        return sent if good_name and good_about else None

    def service(request: httpx.Request) -> httpx.Response:
        asked.append(request.method)
        method, path = request.method, request.url.path
        sent = body_of(request) if method in ("POST", "PATCH") else {}
        if path == "/ping" and method == "GET":
            return httpx.Response(200, json={"ping": "pong!"})
        if path == "/task/" and method == "GET":
            return httpx.Response(200, json=list(tasks.values()))
        if path == "/task/" and method == "POST":
            if sent is None or "task_name" not in sent:
                return httpx.Response(422, json={"detail": []})
            number = max(tasks, default=0) + 1
            tasks[number] = {**blank, **sent, "id": number}
            return httpx.Response(201, json=tasks[number])
        number = path.removeprefix("/task/")
        if not number.isdecimal() or int(number) not in tasks:
            return httpx.Response(404, json={"detail": "There is no such task."})
        return one(method, int(number), sent)

    def one(method: str, number: int, sent: dict | None) -> httpx.Response:
        task = tasks[number]
        if method == "GET":
            return httpx.Response(200, json=task)
        if method == "DELETE":
            del tasks[number]
            return httpx.Response(204)
        if method != "PATCH":
            return httpx.Response(405)
        if sent is None:
            return httpx.Response(422, json={"detail": []})
        tasks[number] = stores(task, sent)
        return httpx.Response(200, json=answers(task, sent))

    return httpx.Client(transport=httpx.MockTransport(service), base_url="http://service")


def p99(function: Callable[[list[float]], object]) -> None:
    """Notebook 11: the time that 99 of 100 clients do not exceed."""
    import random

    from tutorial.load import percentile

    for number in (100, 10, 1, 2, 101, 160, 250, 1000):
        times = [1.5 * place for place in range(1, number + 1)]
        random.Random(number).shuffle(times)
        given = times.copy()
        result = function(given)
        if result is None and number == 100:
            raise NotTried
        name = "the time 1.5" if number == 1 else f"{number} times, from 1.5 to {1.5 * number}"
        _need(given == times, f"for {name}, it changes the list that it gets.")
        right = percentile(times, 99)
        _need(result == right, f"for {name}, it gives {result!r}, not {right}.")
    same = function([7.0] * 98 + [9.0, 8.0])
    _need(same == 8.0, f"for 98 times of 7.0, one of 8.0 and one of 9.0, it gives {same!r}.")


EXERCISES: dict[str, Callable[..., None]] = {
    judge.__name__: judge
    for judge in (
        reminder,
        to_task,
        count_tasks,
        rename_all,
        hello,
        no_twins,
        three_requests,
        tag_table,
        unique_names,
        done_field,
        page_by_name,
        search,
        done_column,
        split_names,
        is_healthy,
        patch_test,
        p99,
    )
}
