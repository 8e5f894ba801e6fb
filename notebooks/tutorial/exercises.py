"""check: judges an exercise by what the answer does, never by how it is written."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

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


def check(exercise: str, *answer: Any) -> None:
    """Try an answer, and print whether it is not tried yet, not quite right (and why), or right.

    exercise: its name. answer: what the learner wrote: a class, a function, an app. Raises KeyError
    if there is no exercise of that name.
    """
    judge = EXERCISES[exercise]
    try:
        judge(*answer)
    except NotTried:
        print("○ Not tried yet. Change the cell above, run it, then run this cell again.")
    except NotQuite as reason:
        print(f"✗ Not quite: {reason}")
    except Exception as error:
        first = (str(error).splitlines() or [""])[0]
        print(f"✗ Not quite: your code stops with {type(error).__name__}: {first}".rstrip(": "))
    else:
        print("✓ Right.")


def _need(condition: bool, otherwise: str) -> None:
    if not condition:
        raise NotQuite(otherwise)


def _kind(value: object) -> str:
    if value is None:
        return "None"
    name = type(value).__name__
    return f"an {name}" if name[0] in "aeiouAEIOU" else f"a {name}"


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


def _tables(connection: Connection) -> list[str]:
    from sqlalchemy import inspect

    return inspect(connection).get_table_names()


def _columns(connection: Connection, table: str) -> dict[str, dict[str, Any]]:
    from sqlalchemy import inspect

    return {column["name"]: dict(column) for column in inspect(connection).get_columns(table)}


def reminder(model: type[SQLModel]) -> None:
    """Step 2: limits and a default."""
    good = {"text": "call home", "minutes": 5}
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
    _need(default == 10, f"without minutes it takes {default}, not 10.")


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
    _need(refuses({"task_name": ""}), "it accepts an empty name.")
    _need(refuses({}), "it accepts a body without a name.")
    _need(refuses({"task_name": "x" * 101}), "it accepts a name of 101 characters.")
    _need(not refuses({"task_name": "x" * 100}), "it refuses a name of 100 characters.")
    task = function({"task_name": "buy milk"})
    _need(is_task(task), f"it gives {_kind(task)}, not a Task.")
    _need(task.task_name == "buy milk", f"the task's name became {task.task_name!r}.")


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
            event.listen(engine, "before_execute", lambda *args, seen=queries: seen.append(args))
            with Session(engine) as session:
                counted = function(session)
        if counted is None and not queries:
            raise NotTried
        _need(type(counted) is int, f"it gives {_kind(counted)}, not a number.")
        _need(counted == len(names), f"with {len(names)} rows in the table, it gives {counted}.")


def hello(app: FastAPI) -> None:
    """Step 4: an endpoint with a limit."""
    import fastapi
    import httpx

    async def ask(name: str) -> httpx.Response:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
            return await client.get(f"/hello/{name}")

    def greets(name: str) -> bool:
        try:
            return answers[name].json() == {"hello": name}
        except ValueError:
            return False

    answers = {name: _in_thread(ask(name)) for name in ("Ada", "Bo", "x" * 20, "x" * 21)}
    ada, bo, longest, too_long = answers.values()
    if ada.status_code == 404 and len(app.routes) == len(fastapi.FastAPI().routes):
        raise NotTried
    _need(ada.status_code == 200, f"/hello/Ada answers {ada.status_code}, not 200.")
    _need(greets("Ada"), f"/hello/Ada answers {ada.text[:100]}.")
    _need(bo.text != ada.text, "it greets everybody by one name.")
    _need(bo.status_code == 200, f"/hello/Bo answers {bo.status_code}, not 200.")
    _need(greets("Bo"), f"/hello/Bo answers {bo.text[:100]}.")
    _need(longest.status_code == 200, f"a name of 20 characters gets {longest.status_code}.")
    _need(greets("x" * 20), f"a name of 20 characters gets {longest.text[:100]}.")
    code = too_long.status_code
    _need(code == 422, f"a name of 21 characters gets {code}, not 422.")


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
            statuses = function(client)
        if not seen:
            raise NotTried
        _need("GET /ping" in seen, "it sends no GET to /ping.")
        posts = seen.count("POST /task/")
        _need(posts == 2, f"it sends {posts} POST requests to /task/, not 2.")
        _need(len(seen) == 3, f"it sends {len(seen)} requests, not 3: {', '.join(seen)}.")
        _need(isinstance(statuses, list), f"it gives {_kind(statuses)}, not a list.")
        if codes[0] == 200:
            _need(statuses == codes, f"the list is {statuses}, not {codes}.")
        _need(statuses == codes, f"from a service that answers {codes}, it gives {statuses}.")


def tag_table(upgrade: Callable[[Operations], None], downgrade: Callable[..., None]) -> None:
    """Step 6: a revision by hand."""
    with _operations("a") as (connection, op):
        upgrade(op)
        tables = _tables(connection)
        if tables == ["task"]:
            raise NotTried
        _need("tag" in tables, f"there is no table tag. There is: {', '.join(tables)}.")
        _need("task" in tables, "the upgrade has dropped the table task.")
        columns = _columns(connection, "tag")
        _need(set(columns) == {"id", "name"}, f"the table has the columns {', '.join(columns)}.")
        _need(bool(columns["id"]["primary_key"]), "id is not the primary key.")
        _need(not columns["name"]["primary_key"], "name is a part of the primary key, too.")
        _need(not columns["name"]["nullable"], "name may be empty.")
        downgrade(op)
        tables = _tables(connection)
        _need("tag" not in tables, "after the downgrade the table is still there.")
        _need("task" in tables, "the downgrade has dropped the table task, too.")


def done_field(model: type[SQLModel]) -> None:
    """Step 7: a new field that leaves old data valid."""
    from app.models import TaskBase

    fields = list(model.model_fields)
    if fields == list(TaskBase.model_fields):
        raise NotTried
    _need("done" in fields, f"it has no field done. It has: {', '.join(fields)}.")
    lost = [field for field in TaskBase.model_fields if field not in fields]
    _need(not lost, f"it has lost {', '.join(lost)}: build on TaskBase.")
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


def done_column(upgrade: Callable[[Operations], None]) -> None:
    """Step 9: a column that may not be empty, on a table with rows."""
    from sqlalchemy import Boolean, text

    with _operations("a", "b", "c") as (connection, op):
        before = _columns(connection, "task")
        upgrade(op)
        _need("task" in _tables(connection), "the table task is gone.")
        columns = _columns(connection, "task")
        if list(columns) == list(before) and _tables(connection) == ["task"]:
            raise NotTried
        wanted = {*before, "done"}
        _need(set(columns) == wanted, f"the table task has the columns {', '.join(columns)}.")
        _need(not columns["done"]["nullable"], "done may be empty.")
        kind = columns["done"]["type"]
        _need(isinstance(kind, Boolean), f"the type of done is {kind}, not BOOLEAN.")
        query = text("SELECT task_name, done FROM task ORDER BY id")
        rows = [tuple(row) for row in connection.execute(query)]
        _need([name for name, _ in rows] == ["a", "b", "c"], f"the rows are now {rows}.")
        _need(all(done == 0 for _, done in rows), f"the old rows are not undone: {rows}.")


def is_healthy(function: Callable[[httpx.Client], object]) -> None:
    """Step 10: a check that survives a server that is down."""
    import httpx

    def answers(code: int) -> Callable[[httpx.Request], httpx.Response]:
        def service(request: httpx.Request) -> httpx.Response:
            if request.url.path != "/ping":
                return httpx.Response(404)
            return httpx.Response(code if request.method == "GET" else 405)

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
        _need(result is wanted, f"for {name}, it gives {result!r}, not {wanted}.")


EXERCISES: dict[str, Callable[..., None]] = {
    judge.__name__: judge
    for judge in (
        reminder,
        to_task,
        count_tasks,
        hello,
        three_requests,
        tag_table,
        done_field,
        page_by_name,
        done_column,
        is_healthy,
    )
}
