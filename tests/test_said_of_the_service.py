"""What notebooks/the_service.md says of uvicorn, sessions, ids, starts and PostgreSQL."""

import socket
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from http.client import HTTPResponse
from pathlib import Path
from shutil import copy

import psycopg
import pytest
from helpers import until
from psycopg.sql import SQL, Identifier, Literal
from remote import Remote
from service import (
    ROOT,
    SECONDS,
    VERSIONS,
    alembic,
    copy_project,
    database_url,
    query,
    run,
    serve_each,
)
from sqlalchemy import make_url

from tutorial.postgres import Postgres

PAGE = (ROOT / "notebooks" / "the_service.md").read_text(encoding="utf-8")

SUFFIXES = {"sync": "", "async": "_async"}  # of the modules
CREATE = (
    b"POST /task/ HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    b'Content-Length: 17\r\n\r\n{"task_name":"a"}'
)

# A full uvicorn


def test_connections_that_send_nothing_count(tmp_path: Path, file_at_head: Path) -> None:
    """At the limit, a client that was there before them is refused, too, until they leave."""
    assert "also to one on an older connection. Those that send nothing count, too" in PAGE
    files = {version: Path(copy(file_at_head, tmp_path / f"{version}.db")) for version in VERSIONS}
    with serve_each(files, "--limit-concurrency", "4") as servers:
        for server in servers.values():

            def status(client=server.client) -> int:
                return client.get("/ping").status_code

            url = server.client.base_url
            with ExitStack() as stack:
                older = stack.enter_context(socket.create_connection((url.host, url.port)))
                assert ping(older) == 200
                for _ in range(4):
                    stack.enter_context(socket.create_connection((url.host, url.port)))
                until(lambda: status() == 503, 10)  # it sees a little later who comes
                assert ping(older) == 503
            until(lambda: status() == 200, 10)


def ping(connection: socket.socket) -> int:
    """Ask on a connection that is open, read the whole answer, and return its status."""
    connection.settimeout(SECONDS)
    connection.sendall(b"GET /ping HTTP/1.1\r\nHost: x\r\n\r\n")
    response = HTTPResponse(connection)
    response.begin()
    response.read()  # else its body would be the beginning of the next answer
    return response.status


# A 500


@pytest.mark.parametrize("version", VERSIONS)
def test_after_a_500_the_connection_is_closed(tmp_path: Path, version: str) -> None:
    """The answer does not say so. What comes next on it is not read: no row of it is stored."""
    assert "After a 500, uvicorn closes the connection, and its answer does not say so" in PAGE
    file = tmp_path / "database.db"
    alembic("stamp", "head", url=database_url(file))  # there is no table
    answers = []
    with (
        pytest.raises(AssertionError, match="no such table: task"),  # the log has a traceback
        serve_each({version: file}) as servers,
    ):
        url = servers[version].client.base_url
        with socket.create_connection((url.host, url.port), timeout=SECONDS) as connection:
            connection.sendall(b"GET /task/1 HTTP/1.1\r\nHost: x\r\n\r\n")
            response = HTTPResponse(connection)
            response.begin()
            answers += [response.status, response.getheader("Connection"), response.read()]
            query(file, "CREATE TABLE task (id INTEGER PRIMARY KEY, task_name, task_description)")
            with suppress(OSError):  # the end may come as a reset
                connection.sendall(CREATE)
                answers.append(connection.recv(1))
        rows = query(file, "SELECT id FROM task")
        answers.append(servers[version].client.get("/task/").status_code)
    assert answers[:3] == [500, None, b"Internal Server Error"]
    assert answers[3:] in ([200], [b"", 200])
    assert rows == []


# Two dependencies

TWO_SESSIONS = """
import asyncio, inspect, sys
from importlib import import_module
from typing import Annotated, Any

import httpx
from fastapi import Depends
from sqlmodel import text

main, db = (import_module(f"app.{name}{sys.argv[1]}") for name in ("main", "db"))

def add(path, asked):
    async def user(session: asked) -> Any:
        done = session.exec(text("UPDATE task SET task_description = 'seen'"))
        if inspect.isawaitable(done):
            await done
        return session

    @main.app.post(path)
    async def write(first: Annotated[Any, Depends(user)], session: main.SessionDep) -> bool:
        session.add(main.Task(task_name="b"))
        done = session.commit()
        if inspect.isawaitable(done):
            await done
        return first is session

async def ask():
    add("/own", main.SessionDep)
    add("/reader", main.ReaderDep)
    add("/plain", Annotated[Any, Depends(db.get_session)])
    transport = httpx.ASGITransport(main.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
        for path in ("/own", "/reader", "/plain"):
            answer = await client.post(path)
            print(answer.status_code, answer.text)

asyncio.run(ask())
"""


@pytest.mark.parametrize("version", VERSIONS)
def test_a_plain_dependency_is_a_second_session(
    tmp_path: Path, file_at_head: Path, version: str
) -> None:
    """It locks out the first one, which the project's own two do not."""
    assert "So ask for these, and not for `Depends(get_session)`" in PAGE
    project, file = with_a_short_wait(tmp_path, file_at_head)
    query(file, "INSERT INTO task (task_name) VALUES ('a')")
    said = run(TWO_SESSIONS, file, cwd=project, arguments=[SUFFIXES[version]])
    assert said.splitlines() == ["200 true", "200 true", '503 {"detail":"The database is busy."}']


def with_a_short_wait(folder: Path, at_head: Path) -> tuple[Path, Path]:
    """Return a copy of the project that waits 0.3 seconds for a lock, and a database for it."""
    project = copy_project(folder)
    db = project / "app" / "db.py"
    shorter = db.read_text("utf-8").replace("busy_timeout = 10000", "busy_timeout = 300")
    db.write_text(shorter, encoding="utf-8", newline="\n")
    return project, Path(copy(at_head, folder / "database.db"))


# Ids that another program chose


def test_ids_that_the_service_does_not_take(tmp_path: Path, file_at_head: Path) -> None:
    """The list shows those that are too large, and not those below 1. 422 is for both."""
    assert "a task with a larger id, but none with an id below 1, and each other endpoint" in PAGE
    files = {version: Path(copy(file_at_head, tmp_path / f"{version}.db")) for version in VERSIONS}
    for file in files.values():
        for odd in (-1, 0, 1, 2**31):
            query(file, "INSERT INTO task (task_name, id) VALUES ('a', ?)", odd)
    with serve_each(files) as servers:
        for server in servers.values():
            assert [task["id"] for task in server.client.get("/task/").json()] == [1, 2**31]
            for odd in (-1, 0, 2**31):
                for method, sent in (("GET", None), ("PATCH", {}), ("DELETE", None)):
                    answer = server.client.request(method, f"/task/{odd}", json=sent)
                    assert answer.status_code == 422
            answer = server.client.post("/task/", json={"task_name": "b"})
            assert (answer.status_code, answer.json()["id"]) == (201, 2**31 + 1)


# The first start

START = """
from app.revision import require_newest_revision

try:
    require_newest_revision()
    print("it starts")
except RuntimeError as error:
    print(error)
"""
OTHERS = {
    "reads": ["BEGIN", "SELECT * FROM task"],
    "writes": ["BEGIN IMMEDIATE"],
    "keeps others out": ["BEGIN EXCLUSIVE"],
}


@pytest.mark.parametrize("statements", OTHERS.values(), ids=OTHERS)
def test_only_the_first_start_waits(
    tmp_path: Path, file_at_head: Path, statements: list[str]
) -> None:
    """The start that turns WAL on is refused beside another program; a later one is not."""
    assert "In WAL mode it waits for nobody. The first start on a file turns WAL on" in PAGE
    project, file = with_a_short_wait(tmp_path, file_at_head)

    def start_beside_it() -> str:
        with closing(sqlite3.connect(file, isolation_level=None)) as other:
            for statement in statements:
                other.execute(statement).fetchall()
            return run(START, file, cwd=project)

    assert start_beside_it().endswith("can't be used: database is locked.\n")
    assert run(START, file, cwd=project) == "it starts\n"
    query(file, "DELETE FROM task")
    assert start_beside_it() == "it starts\n"


# PostgreSQL

ASKS = """
import asyncio, sys
from importlib import import_module

import httpx
import psycopg
from sqlalchemy import make_url

app = import_module(f"app.main{sys.argv[1]}").app
url = make_url(sys.argv[2]).set(drivername="postgresql").render_as_string(hide_password=False)

async def ask(method, path, **sent):
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
        return (await client.request(method, path, **sent)).status_code

def other(sql):
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(sql)
        return cursor.fetchone()[0] if cursor.description else None
"""
NEW_TYPE = """
async def main():
    await asyncio.gather(*(ask("GET", "/task/1") for _ in range(10)))
    other("ALTER TABLE task ALTER COLUMN task_name TYPE VARCHAR(200)")
    print(*[await ask("GET", "/task/1") for _ in range(15)])

asyncio.run(main())
"""
TWO_AT_ONCE = """
WAIT = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND state = 'active'"

async def main():
    with psycopg.connect(url) as first:
        first.execute("SELECT id FROM task WHERE id = 1 FOR UPDATE")
        both = [ask("PATCH", "/task/1", json={"task_name": name}) for name in ("b", "c")]
        both = [asyncio.create_task(one) for one in both]
        while other(WAIT) < 2:
            await asyncio.sleep(0.05)
    print(*sorted([await one for one in both]))

asyncio.run(main())
"""
NAMES = """
async def main():
    print(*[await ask("POST", "/task/", json={"task_name": name}) for name in ("e", "🐢")])

asyncio.run(main())
"""
by_version = pytest.mark.parametrize("version", VERSIONS)


def statuses(code: str, version: str, url: str) -> list[int]:
    """Run this code with a version of the service on a database; return what it prints."""
    return [int(one) for one in run(ASKS + code, url, arguments=(SUFFIXES[version], url)).split()]


@pytest.fixture
def with_a_task(postgres_at_head: Remote, tmp_path: Path) -> Remote:
    """Return a database with one task."""
    database = postgres_at_head.copy("said", tmp_path)
    query(database, "INSERT INTO task (task_name) VALUES ('a')")
    return database


@by_version
def test_a_new_type(with_a_task: Remote, version: str) -> None:
    """The async version has prepared its statements for the old type, and sees it once."""
    assert "a request to the async version that runs can be a 500, once (`Invalid" in PAGE
    first, *others = statuses(NEW_TYPE, version, with_a_task.url)
    assert first == {"sync": 200, "async": 500}[version]
    assert others == [200] * 14


@by_version
@pytest.mark.parametrize("level", ["read committed", "repeatable read", "serializable"])
def test_two_at_once(with_a_task: Remote, version: str, level: str) -> None:
    """One after the other changes the task, or the second is refused by PostgreSQL."""
    assert "`default_transaction_isolation` to more than `read committed`" in PAGE
    with with_a_task.connect(autocommit=True) as connection:
        name = Identifier(with_a_task.url.rpartition("/")[2])
        level_of = SQL("ALTER DATABASE {} SET default_transaction_isolation = {}")
        connection.execute(level_of.format(name, Literal(level)))
    wanted = [200, 200] if level == "read committed" else [200, 500]
    assert statuses(TWO_AT_ONCE, version, with_a_task.url) == wanted


@contextmanager
def encoded(server: Postgres, encoding: str) -> Iterator[str]:
    """Make a database in an encoding, and return its URL. At the end it is dropped."""
    address = make_url(server.url)
    name = f"{address.database}_{encoding}".lower()
    url = address.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(url, autocommit=True) as connection:
        drop = SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(Identifier(name))
        connection.execute(drop)
        create = SQL("CREATE DATABASE {} ENCODING {} LOCALE 'C' TEMPLATE template0")
        connection.execute(create.format(Identifier(name), Literal(encoding)))
        try:
            yield address.set(database=name).render_as_string(hide_password=False)
        finally:
            connection.execute(drop)


def test_another_encoding(postgres: Postgres) -> None:
    """What an encoding can't hold is a 500, and with SQL_ASCII nothing starts."""
    assert "with `LATIN1`, a name such as 🐢 is a 500, and with `SQL_ASCII`, neither" in PAGE
    with encoded(postgres, "LATIN1") as url:
        alembic("upgrade", "head", url=url)
        for version in VERSIONS:
            assert statuses(NAMES, version, url) == [201, 500]
    with encoded(postgres, "SQL_ASCII") as url:
        assert "TypeError" in alembic("upgrade", "head", url=url, fails=True)
        assert "bytes-like" in run(START.replace("RuntimeError", "Exception"), url)
