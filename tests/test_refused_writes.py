"""What the database refuses: the client is told, nothing of it is stored, and the next one goes on.

Each version has a database of its own. What refuses is added to it beside the running server.
"""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from shutil import copy

import httpx
import pytest
from service import VERSIONS, Server, copy_project, query, run, serve_each

CONFLICT = {"detail": "This breaks a rule of the database."}
NOT_FOUND = {"detail": "There is no such task."}
BUSY = {"detail": "The database is busy."}

# A rule for each kind of failure, and only for tasks whose name is `refused`. The deferred one is
# seen by COMMIT, when all the statements before it have gone well.
RULES = """
CREATE UNIQUE INDEX one_name ON task (task_name);
CREATE TABLE part (task_id INTEGER REFERENCES task (id));
CREATE TABLE late (task_id INTEGER REFERENCES task (id) DEFERRABLE INITIALLY DEFERRED);
CREATE TRIGGER created AFTER INSERT ON task WHEN NEW.task_name = 'refused'
    BEGIN INSERT INTO late VALUES (-1); END;
CREATE TRIGGER changed AFTER UPDATE ON task WHEN NEW.task_name = 'refused'
    BEGIN INSERT INTO late VALUES (-1); END;
CREATE TRIGGER deleted AFTER DELETE ON task WHEN OLD.task_name = 'undeletable'
    BEGIN INSERT INTO late VALUES (-1); END;
"""
ROWS = [(1, "a"), (2, "undeletable"), (3, "has a part")]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory, file_at_head: Path) -> dict[str, Path]:
    """A database for each version, with the rules."""
    folder = tmp_path_factory.mktemp("refused writes")
    files = {version: Path(copy(file_at_head, folder / f"{version}.db")) for version in VERSIONS}
    for file in files.values():
        with closing(sqlite3.connect(file)) as connection:
            connection.executescript(RULES)
    return files


@pytest.fixture(scope="module")
def servers(files: dict[str, Path]) -> Iterator[dict[str, Server]]:
    """Both versions. At the end, neither has logged a traceback."""
    with serve_each(files) as servers:
        yield servers


@pytest.fixture(params=VERSIONS)
def version(request: pytest.FixtureRequest) -> str:
    """One version after the other."""
    return request.param


@pytest.fixture
def file(files: dict[str, Path], version: str) -> Path:
    """The database of that version, with three tasks, of which the last one has a part."""
    file = files[version]
    for table in ("part", "late", "task"):
        query(file, f"DELETE FROM {table} WHERE true")
    for row in ROWS:
        query(file, "INSERT INTO task (id, task_name) VALUES (?, ?)", *row)
    query(file, "INSERT INTO part VALUES (3)")
    return file


@pytest.fixture
def client(servers: dict[str, Server], version: str) -> httpx.Client:
    """A client of that version."""
    return servers[version].client


def rows(file: Path) -> list[tuple]:
    """Return the ids and names of all tasks."""
    return query(file, "SELECT id, task_name FROM task ORDER BY id")


def assert_others_can_write(file: Path) -> None:
    """No transaction is open: another program that does not wait at all gets the write lock."""
    with closing(sqlite3.connect(file, timeout=0)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        connection.rollback()


# What a constraint refuses

REFUSED = {
    "at once": [
        ("POST", "/task/", "a"),
        ("PATCH", "/task/2", "a"),
        ("DELETE", "/task/3", None),  # only because foreign keys are on
    ],
    "by COMMIT": [
        ("POST", "/task/", "refused"),
        ("PATCH", "/task/1", "refused"),
        ("DELETE", "/task/2", None),
    ],
}


FOREIGN = "FOREIGN KEY constraint failed"


@pytest.mark.parametrize("refused", REFUSED.values(), ids=REFUSED)
def test_constraint(
    client: httpx.Client, file: Path, refused: list[tuple[str, str, str | None]]
) -> None:
    """409, logged, and nothing is stored, at once or with a later commit; the next ones succeed.

    After each request that was refused, another program can write, and several clients after each
    other create a task: one of them gets the connection that was refused.
    """
    expected = list(ROWS)
    for method, path, name in refused:
        body = None if name is None else {"task_name": name}
        response = client.request(method, path, json=body)
        assert (response.status_code, response.json()) == (409, CONFLICT)
        written = file.with_suffix(".log").read_text(encoding="utf-8").splitlines()
        rule = "UNIQUE constraint failed: task.task_name" if name == "a" else FOREIGN
        assert written[-2].endswith(rule)  # the last line is of the request
        assert_others_can_write(file)
        for number in range(3):
            name = f"after {method} {number}"
            response = client.post("/task/", json={"task_name": name})
            assert response.status_code == 201
            expected.append((response.json()["id"], name))
            assert_others_can_write(file)
            assert rows(file) == expected
        assert client.get("/task/").json()[-1]["task_name"] == name


# A COMMIT that can't get its lock: a thing of the old journal, which the service does not use

OWN_JOURNAL = {
    "busy_timeout = 10000": "busy_timeout = 300",
    "journal_mode = WAL": "journal_mode = DELETE",
}


def test_commit_beside_a_reader(tmp_path: Path, file_at_head: Path) -> None:
    """Where WAL can't be had, COMMIT waits for readers: 503, and then all is as in test_constraint.

    The settings are those of a copy of the project, so that the wait is short.
    """
    project = copy_project(tmp_path / "a project")
    module = project / "app" / "db.py"
    text = module.read_text(encoding="utf-8")
    for setting, other in OWN_JOURNAL.items():
        assert setting in text
        text = text.replace(setting, other)
    module.write_text(text, encoding="utf-8", newline="\n")
    files = {version: Path(copy(file_at_head, tmp_path / f"{version}.db")) for version in VERSIONS}
    for file in files.values():
        query(file, "INSERT INTO task (task_name) VALUES ('a')")
    with serve_each(files, cwd=project) as servers:
        for version, file in files.items():
            client = servers[version].client
            with closing(sqlite3.connect(file)) as reader:
                reader.execute("BEGIN")
                reader.execute("SELECT * FROM task").fetchall()
                for method, path in (("POST", "/task/"), ("PATCH", "/task/1")):
                    response = client.request(method, path, json={"task_name": "refused"})
                    assert (response.status_code, response.json()) == (503, BUSY)
                    assert int(response.headers["Retry-After"]) > 0
                response = client.delete("/task/1")
                assert (response.status_code, response.json()) == (503, BUSY)
            written = file.with_suffix(".log").read_text(encoding="utf-8")
            for request in ("POST /task/", "PATCH /task/1", "DELETE /task/1"):
                assert f"The database stayed locked: {request}\n" in written
            assert_others_can_write(file)
            for number in range(3):
                body = {"task_name": f"after {number}"}
                assert client.post("/task/", json=body).status_code == 201
                assert_others_can_write(file)
            expected = ["a", "after 0", "after 1", "after 2"]
            assert [name for _, name in rows(file)] == expected


# Mistakes in the service itself


def test_log_has_no_text_of_a_client(tmp_path: Path, file_at_head: Path) -> None:
    """A write that fails is logged with its statement, but without what the client has sent.

    The column was dropped beside the running server. That is nothing that a client could mend: 500.
    """
    files = {version: Path(copy(file_at_head, tmp_path / f"{version}.db")) for version in VERSIONS}
    task = {"task_name": "SECRET name", "task_description": "SECRET description"}
    close = {"Connection": "close"}  # as the server closes it after an error
    with pytest.raises(AssertionError, match="has no column"), serve_each(files) as servers:
        for version, file in files.items():
            client = servers[version].client
            assert client.post("/task/", json=task).status_code == 201
            query(file, "ALTER TABLE task DROP COLUMN task_description")
            for method, path in (("POST", "/task/"), ("PATCH", "/task/1")):
                response = client.request(method, path, json=task, headers=close)
                assert response.status_code == 500
    for version, file in files.items():
        written = file.with_name(f"{version}.log").read_text(encoding="utf-8")
        assert "INSERT INTO task (task_name, task_description) VALUES" in written
        assert "SECRET" not in written


IN_PROCESS = """
import asyncio
import json
import sys
import httpx
from sqlalchemy import event
from sqlmodel import select
from app import db, db_async, main, main_async
from app.models import Task

VERSIONS = ((main, db.engine), (main_async, db_async.engine.sync_engine))


async def ask(app, method, path, **more):
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
        response = await client.request(method, path, **more)
        print(json.dumps([response.status_code, response.text]))
"""

RACE = (
    IN_PROCESS
    + """
import sqlite3

def delete_meanwhile(connection, cursor, statement, *more):
    if statement.startswith("SELECT"):
        other = sqlite3.connect(sys.argv[1])
        other.execute("DELETE FROM task")
        other.commit()
        other.close()

async def race():
    for module, engine in VERSIONS:
        event.listen(engine, "after_cursor_execute", delete_meanwhile)
        with sqlite3.connect(sys.argv[1]) as other:
            other.execute("INSERT INTO task (id, task_name) VALUES (1, 'a')")
        other.close()
        await ask(module.app, "PATCH", "/task/1", json={"task_name": "b"})
    await db_async.engine.dispose()

asyncio.run(race())
"""
)


def test_deleted_meanwhile(tmp_path: Path, file_at_head: Path) -> None:
    """A task that another program deletes between the look-up and the change is not found: 404."""
    file = Path(copy(file_at_head, tmp_path / "database.db"))
    answers = [json.loads(line) for line in run(RACE, file, arguments=[str(file)]).splitlines()]
    assert [(status, json.loads(text)) for status, text in answers] == [(404, NOT_FOUND)] * 2
    assert rows(file) == []


MISTAKES = (
    IN_PROCESS
    + """
def no_row(session: main.ReaderDep):
    return session.exec(select(Task).where(Task.id == 7)).one()

async def no_row_async(session: main_async.ReaderDep):
    return (await session.exec(select(Task).where(Task.id == 7))).one()

async def look():
    for (module, engine), endpoint in zip(VERSIONS, (no_row, no_row_async)):
        module.app.get("/mistake", response_model=None)(endpoint)
        await ask(module.app, "GET", "/mistake")
        await ask(module.app, "GET", "/task/7")
    await db_async.engine.dispose()

asyncio.run(look())
"""
)


def test_a_mistake_is_no_404(tmp_path: Path, file_at_head: Path) -> None:
    """404 comes from the look-up of a task. Another query that misses its row is our mistake: 500.

    Else a client would be told that the task is not there, and nobody would see the mistake.
    """
    file = Path(copy(file_at_head, tmp_path / "database.db"))
    answers = [json.loads(line) for line in run(MISTAKES, file).splitlines()]
    assert (
        answers
        == [[500, "Internal Server Error"], [404, json.dumps(NOT_FOUND, separators=(",", ":"))]] * 2
    )
