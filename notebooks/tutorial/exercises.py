"""check: judges an exercise by what the answer does, never by how it is written."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator
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


def check(exercise: str, *answer: Any) -> None:  # noqa: ANN401
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
        print(f"✗ Not quite: your code stops with {type(error).__name__}: {first}")
    else:
        print("✓ Right.")


def _need(condition: bool, otherwise: str) -> None:
    if not condition:
        raise NotQuite(otherwise)


def _accepts(model: type[SQLModel], **data: object) -> bool:
    from pydantic import ValidationError

    try:
        model.model_validate(data)
    except ValidationError:
        return False
    return True


def _in_thread(coroutine: Coroutine) -> Any:  # noqa: ANN401
    """Run a coroutine to its end, although this thread runs an event loop already."""
    results: list[Any] = []
    thread = threading.Thread(target=lambda: results.append(asyncio.run(coroutine)))
    thread.start()
    thread.join()
    return results[0]


@contextmanager
def _engine(*names: str) -> Iterator[Engine]:
    """Give a database in memory with the course's table, and a task of each name."""
    from app.models import Task
    from sqlmodel import Session, SQLModel, create_engine

    engine = create_engine("sqlite://")
    SQLModel.metadata.create_all(engine)
    with Session(engine) as session:
        for name in names:
            session.add(Task(task_name=name))
            session.flush()  # one by one, so that the ids follow the names' order
        session.commit()
    yield engine
    engine.dispose()


@contextmanager
def _operations(*names: str) -> Iterator[tuple[Connection, Operations]]:
    """Give Alembic's `op` for a database in memory with the table `task` of revision 0001."""
    from alembic.operations import Operations
    from alembic.runtime.migration import MigrationContext
    from sqlalchemy import create_engine, text

    engine = create_engine("sqlite://")
    with engine.connect() as connection:
        connection.execute(text("CREATE TABLE task (task_name VARCHAR(100), id INTEGER)"))
        for number, name in enumerate(names, start=1):
            values = {"name": name, "number": number}
            connection.execute(text("INSERT INTO task VALUES (:name, :number)"), values)
        yield connection, Operations(MigrationContext.configure(connection))
    engine.dispose()


def _columns(connection: Connection, table: str) -> dict[str, dict[str, Any]]:
    from sqlalchemy import inspect

    inspector = inspect(connection)
    if not inspector.has_table(table):
        return {}
    return {column["name"]: dict(column) for column in inspector.get_columns(table)}


def reminder(model: type[SQLModel]) -> None:
    """Step 2: limits and a default."""
    good = {"text": "call home", "minutes": 5}
    loose = (
        _accepts(model, text="", minutes=5),
        _accepts(model, text="call home", minutes=0),
        not _accepts(model, text="call home"),
    )
    if all(loose):
        raise NotTried
    _need(_accepts(model, **good), "it refuses a text of 9 characters with 5 minutes.")
    _need(not _accepts(model, text="", minutes=5), "it accepts an empty text.")
    _need(_accepts(model, text="x" * 50, minutes=5), "it refuses a text of 50 characters.")
    _need(not _accepts(model, text="x" * 51, minutes=5), "it accepts a text of 51 characters.")
    for minutes, wanted in ((0, False), (1, True), (60, True), (61, False)):
        word = "refuses" if wanted else "accepts"
        _need(_accepts(model, text="x", minutes=minutes) is wanted, f"it {word} {minutes} minutes.")
    _need(_accepts(model, text="x"), "it refuses a reminder without minutes.")
    default = model.model_validate({"text": "x"}).minutes
    _need(default == 10, f"without minutes it takes {default}, not 10.")


def to_task(function: Callable[[dict], object]) -> None:
    """Step 2: a table model that validates."""
    from app.models import Task
    from pydantic import ValidationError

    def refuses(body: dict) -> bool:
        try:
            function(body)
        except ValidationError:
            return True
        return False

    if not refuses({"task_name": ""}) and not refuses({}):
        raise NotTried
    _need(refuses({"task_name": ""}), "it accepts an empty name.")
    _need(refuses({}), "it accepts a body without a name.")
    _need(refuses({"task_name": "x" * 101}), "it accepts a name of 101 characters.")
    task = function({"task_name": "buy milk"})
    _need(isinstance(task, Task), f"it gives a {type(task).__name__}, not a Task.")
    _need(task.task_name == "buy milk", f"the task's name became {task.task_name!r}.")


def count_tasks(function: Callable[[Session], object]) -> None:
    """Step 3: a query."""
    from sqlmodel import Session

    for names in ((), ("a",), ("a", "b", "b")):
        with _engine(*names) as engine, Session(engine) as session:
            counted = function(session)
        if counted is None:
            raise NotTried
        _need(type(counted) is int, f"it gives a {type(counted).__name__}, not a number.")
        _need(counted == len(names), f"with {len(names)} rows in the table, it gives {counted}.")


def hello(app: FastAPI) -> None:
    """Step 4: an endpoint with a limit."""
    import httpx

    async def ask(name: str) -> httpx.Response:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
            return await client.get(f"/hello/{name}")

    answer = _in_thread(ask("Ada"))
    if answer.status_code == 404:
        raise NotTried
    _need(answer.status_code == 200, f"/hello/Ada answers {answer.status_code}, not 200.")
    _need(answer.json() == {"hello": "Ada"}, f"/hello/Ada answers {answer.text}.")
    _need(_in_thread(ask("Bo")).json() == {"hello": "Bo"}, "it greets everybody by one name.")
    longest = _in_thread(ask("x" * 20)).status_code
    _need(longest == 200, f"a name of 20 characters gets {longest}.")
    too_long = _in_thread(ask("x" * 21)).status_code
    _need(too_long == 422, f"a name of 21 characters gets {too_long}, not 422.")


def three_requests(function: Callable[[httpx.Client], object]) -> None:
    """Step 5: calls with httpx."""
    import json

    import httpx

    seen: list[str] = []

    def service(request: httpx.Request) -> httpx.Response:
        seen.append(f"{request.method} {request.url.path}")
        if seen[-1] == "GET /ping":
            return httpx.Response(200, json={"ping": "pong!"})
        if seen[-1] != "POST /task/":
            return httpx.Response(404)
        try:
            name = json.loads(request.content)["task_name"]
        except (ValueError, KeyError, TypeError):
            return httpx.Response(422)
        good = isinstance(name, str) and 1 <= len(name) <= 100
        return httpx.Response(201 if good else 422, json={"task_name": name, "id": 1})

    with httpx.Client(transport=httpx.MockTransport(service), base_url="http://service") as client:
        statuses = function(client)
    if not seen:
        raise NotTried
    _need("GET /ping" in seen, "it sends no GET to /ping.")
    posts = seen.count("POST /task/")
    _need(posts == 2, f"it sends {posts} POST requests to /task/, not 2.")
    _need(isinstance(statuses, list), f"it gives a {type(statuses).__name__}, not a list.")
    _need(statuses == [200, 201, 422], f"the list is {statuses}, not [200, 201, 422].")


def tag_table(upgrade: Callable[[Operations], None], downgrade: Callable[..., None]) -> None:
    """Step 6: a revision by hand."""
    with _operations("a") as (connection, op):
        upgrade(op)
        columns = _columns(connection, "tag")
        if not columns:
            raise NotTried
        _need(set(columns) == {"id", "name"}, f"the table has the columns {', '.join(columns)}.")
        _need(bool(columns["id"]["primary_key"]), "id is not the primary key.")
        _need(not columns["name"]["nullable"], "name may be empty.")
        downgrade(op)
        _need(not _columns(connection, "tag"), "after the downgrade the table is still there.")
        _need(bool(_columns(connection, "task")), "the downgrade has dropped the table task, too.")


def done_field(model: type[SQLModel]) -> None:
    """Step 7: a new field that leaves old data valid."""
    if "done" not in model.model_fields:
        raise NotTried
    _need(_accepts(model, task_name="x"), "it refuses a task that was written before the change.")
    default = model.model_validate({"task_name": "x"}).done
    _need(default is False, f"an old task becomes done = {default!r}, not False.")
    _need(_accepts(model, task_name="x", done=True), "it refuses a task that is done.")
    _need(model.model_validate({"task_name": "x", "done": True}).done is True, "True gets lost.")
    _need(not _accepts(model, task_name="x", done="perhaps"), "it accepts done = 'perhaps'.")
    _need(not _accepts(model, task_name=""), "it accepts an empty name: build on TaskBase.")


def page_by_name(function: Callable[[str, int, int], Select]) -> None:
    """Step 8: keyset pagination by two columns."""
    from sqlmodel import Session

    names = ("pear", "apple", "fig", "apple", "apple", "kiwi", "fig")
    wanted = sorted((name, number) for number, name in enumerate(names, start=1))
    with _engine(*names) as engine, Session(engine) as session:

        def page(name: str, id_: int) -> list[tuple[str, int]]:
            return [(task.task_name, task.id) for task in session.exec(function(name, id_, 2))]

        if page("", 0) == page("fig", 3) == [("pear", 1), ("apple", 2)]:
            raise NotTried
        found: list[tuple[str, int]] = []
        for _ in names:  # one page more than there are, for a query that never ends
            rows = page(*(found[-1] if found else ("", 0)))
            _need(len(rows) <= 2, f"with limit 2, a page has {len(rows)} rows.")
            found += rows
            if not rows:
                break
    shown = ", ".join(f"{name} {number}" for name, number in found[:7])
    _need(len(found) >= len(wanted), f"it skips rows. All pages together: {shown}.")
    _need(len(found) == len(set(found)), f"it shows rows twice. The pages begin: {shown}.")
    _need(found == wanted, f"the order is not by name, then by id: {shown}.")


def done_column(upgrade: Callable[[Operations], None]) -> None:
    """Step 9: a column that may not be empty, on a table with rows."""
    from sqlalchemy import text

    with _operations("a", "b", "c") as (connection, op):
        upgrade(op)
        columns = _columns(connection, "task")
        if "done" not in columns:
            raise NotTried
        _need(not columns["done"]["nullable"], "done may be empty.")
        query = text("SELECT task_name, done FROM task ORDER BY id")
        rows = [tuple(row) for row in connection.execute(query)]
        _need([name for name, _ in rows] == ["a", "b", "c"], f"the rows are now {rows}.")
        _need(all(done in (0, "0") for _, done in rows), f"the old rows are not undone: {rows}.")


def is_healthy(function: Callable[[httpx.Client], object]) -> None:
    """Step 10: a check that survives a server that is down."""
    import httpx

    def down(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("connection refused", request=request)

    def slow(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("timed out", request=request)

    cases = [
        ("a service that answers 200", lambda request: httpx.Response(200, json={}), True),
        ("a service that answers 500", lambda request: httpx.Response(500), False),
        ("a server that is down", down, False),
        ("a server that does not answer in time", slow, False),
    ]
    results = []
    for name, service, wanted in cases:
        transport = httpx.MockTransport(service)
        with httpx.Client(transport=transport, base_url="http://service") as client:
            try:
                result = function(client)
            except httpx.TransportError as error:
                raise NotQuite(f"for {name}, it stops with {type(error).__name__}.") from error
        results.append(result)
        if result is not None:
            _need(result is wanted, f"for {name}, it gives {result!r}, not {wanted}.")
    if results == [None] * len(cases):
        raise NotTried
    _need(None not in results, "it does not always give True or False.")


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
