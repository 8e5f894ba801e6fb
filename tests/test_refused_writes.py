"""What the database refuses: the client is told, nothing of it is stored, and the next one goes on.

Each version has a database of its own, on SQLite, then on PostgreSQL. What refuses is added to it
beside the running server.
"""

import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from importlib.util import find_spec
from pathlib import Path
from shutil import copy
from typing import Any

import httpx
import pytest
from remote import Remote
from service import (
    ROOT,
    VERSIONS,
    Database,
    Server,
    beside,
    copy_of,
    copy_project,
    database_url,
    query,
    run,
    serve_each,
)

from tutorial import file_after

CONFLICT = {"detail": "This breaks a rule of the database."}
NOT_FOUND = {"detail": "There is no such task."}
BUSY = {"detail": "The database is busy."}

# A rule for each kind of failure, and only for tasks whose name is `refused`. The deferred one is
# seen by COMMIT, when all the statements before it have gone well.
RULES = """
CREATE UNIQUE INDEX one_name ON task (task_name);
CREATE TABLE part (task_id INTEGER REFERENCES task (id));
CREATE TABLE late (task_id INTEGER REFERENCES task (id) DEFERRABLE INITIALLY DEFERRED);
"""
FOR_SQLITE = """
CREATE TRIGGER created AFTER INSERT ON task WHEN NEW.task_name = 'refused'
    BEGIN INSERT INTO late VALUES (-1); END;
CREATE TRIGGER changed AFTER UPDATE ON task WHEN NEW.task_name = 'refused'
    BEGIN INSERT INTO late VALUES (-1); END;
CREATE TRIGGER deleted AFTER DELETE ON task WHEN OLD.task_name = 'undeletable'
    BEGIN INSERT INTO late VALUES (-1); END;
"""
FOR_POSTGRESQL = """
CREATE FUNCTION write_late() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN INSERT INTO late VALUES (-1); RETURN NULL; END $$;
CREATE TRIGGER written AFTER INSERT OR UPDATE ON task
    FOR EACH ROW WHEN (NEW.task_name = 'refused') EXECUTE FUNCTION write_late();
CREATE TRIGGER deleted AFTER DELETE ON task
    FOR EACH ROW WHEN (OLD.task_name = 'undeletable') EXECUTE FUNCTION write_late();
"""
ROWS = [(1, "a"), (2, "undeletable"), (3, "has a part")]


@pytest.fixture(scope="module")
def databases(tmp_path_factory: pytest.TempPathFactory, at_head: Database) -> dict[str, Database]:
    """A database for each version, with the rules."""
    folder = tmp_path_factory.mktemp("refused writes")
    databases = {version: copy_of(at_head, folder, version) for version in VERSIONS}
    for database in databases.values():
        add_rules(database, RULES + FOR_SQLITE, RULES + FOR_POSTGRESQL)
    return databases


@pytest.fixture(scope="module")
def servers(databases: dict[str, Database]) -> Iterator[dict[str, Server]]:
    """Both versions. At the end, neither has logged a traceback."""
    with serve_each(databases) as servers:
        yield servers


@pytest.fixture(params=VERSIONS)
def version(request: pytest.FixtureRequest) -> str:
    """One version after the other."""
    return request.param


@pytest.fixture
def database(databases: dict[str, Database], version: str) -> Database:
    """The database of that version, with three tasks, of which the last one has a part."""
    database = databases[version]
    if isinstance(database, Remote):  # without the triggers, and without the rules of `late`
        database.query("TRUNCATE part, late, task; SELECT setval('task_id_seq', 3)")
    else:
        for table in ("part", "late", "task"):
            query(database, f"DELETE FROM {table} WHERE true")
    for row in ROWS:
        query(database, "INSERT INTO task (id, task_name) VALUES (?, ?)", *row)
    query(database, "INSERT INTO part VALUES (3)")
    return database


@pytest.fixture
def client(servers: dict[str, Server], version: str) -> httpx.Client:
    """A client of that version."""
    return servers[version].client


def rows(database: Database) -> list[tuple]:
    """Return the ids and names of all tasks."""
    return query(database, "SELECT id, task_name FROM task ORDER BY id")


def add_rules(database: Database, for_sqlite: str, for_postgresql: str) -> None:
    """Run the statements for the kind of database that it is."""
    if isinstance(database, Remote):
        database.query(for_postgresql)
        return
    with closing(sqlite3.connect(database)) as connection:
        connection.executescript(for_sqlite)


def assert_others_can_write(database: Database, *tables: str) -> None:
    """No transaction is open: another program that does not wait at all gets the lock to write."""
    if isinstance(database, Remote):
        with database.connect() as other:
            names = ", ".join(tables or ("task", "part", "late"))
            other.execute(f"LOCK TABLE {names} IN EXCLUSIVE MODE NOWAIT".encode())
        return
    with closing(sqlite3.connect(database, timeout=0)) as connection:
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


# What is logged, of a rule that refuses a value twice and of one that refuses a value.
SAID = {
    "sqlite": ("UNIQUE constraint failed: task.task_name", "FOREIGN KEY constraint failed"),
    "postgresql": ('unique constraint "one_name"', "violates foreign key constraint"),
}


@pytest.mark.parametrize("refused", REFUSED.values(), ids=REFUSED)
def test_constraint(
    client: httpx.Client,
    version: str,
    database: Database,
    refused: list[tuple[str, str, str | None]],
) -> None:
    """409, logged, and nothing is stored, at once or with a later commit; the next ones succeed.

    After each request that was refused, another program can write, and several clients after each
    other create a task: one of them gets the connection that was refused.
    """
    expected = list(ROWS)
    twice, foreign = SAID["postgresql" if isinstance(database, Remote) else "sqlite"]
    log = beside(database, f"{version}.log")
    for method, path, name in refused:
        body = None if name is None else {"task_name": name}
        response = client.request(method, path, json=body)
        assert (response.status_code, response.json()) == (409, CONFLICT)
        written = log.read_text(encoding="utf-8").splitlines()
        assert (twice if name == "a" else foreign) in written[-2]  # the last is of the request
        assert_others_can_write(database)
        for number in range(3):
            name = f"after {method} {number}"
            response = client.post("/task/", json={"task_name": name})
            assert response.status_code == 201
            expected.append((response.json()["id"], name))
            assert_others_can_write(database)
            assert rows(database) == expected
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


# A value that is missing, and a column that is: the first two are refused, the third has no place.
MUST = """
CREATE TABLE must (value INTEGER NOT NULL);
CREATE TRIGGER created AFTER INSERT ON task WHEN NEW.task_name = 'SECRET new'
    BEGIN INSERT INTO must VALUES (NULL); END;
CREATE TRIGGER changed AFTER UPDATE ON task WHEN NEW.task_name = 'SECRET new'
    BEGIN INSERT INTO must VALUES (NULL); END;
CREATE TRIGGER deleted AFTER DELETE ON task
    BEGIN INSERT INTO must VALUES (NULL); END;
"""
MUST_ON_POSTGRESQL = """
CREATE TABLE must (value INTEGER NOT NULL);
CREATE FUNCTION miss() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN INSERT INTO must VALUES (NULL); RETURN NULL; END $$;
CREATE TRIGGER written AFTER INSERT OR UPDATE ON task
    FOR EACH ROW WHEN (NEW.task_name = 'SECRET new') EXECUTE FUNCTION miss();
CREATE TRIGGER deleted AFTER DELETE ON task FOR EACH ROW EXECUTE FUNCTION miss();
"""


def test_own_mistakes(tmp_path: Path, at_head: Database) -> None:
    """What no client could mend is 500, also where it is a rule of the database: NOT NULL.

    The log has the statement, but nothing of what the client has sent. A column is dropped, and a
    rule added, beside the running server.
    """
    databases = {version: copy_of(at_head, tmp_path, version) for version in VERSIONS}
    task = {"task_name": "SECRET name", "task_description": "SECRET description"}
    new = {"task_name": "SECRET new"}
    missing = [("POST", "/task/", new), ("PATCH", "/task/1", new), ("DELETE", "/task/1", None)]
    dropped = [("POST", "/task/", task), ("PATCH", "/task/1", task)]
    close = {"Connection": "close"}  # as the server closes it after an error
    says = "has no column|does not exist"
    with pytest.raises(AssertionError, match=says), serve_each(databases) as servers:
        for version, database in databases.items():
            client = servers[version].client
            assert client.post("/task/", json=task).status_code == 201
            add_rules(database, MUST, MUST_ON_POSTGRESQL)
            for method, path, body in missing:
                response = client.request(method, path, json=body, headers=close)
                assert response.status_code == 500
                assert_others_can_write(database, "task", "must")
            assert client.get("/task/").json() == [{**task, "id": 1}]
            query(database, "ALTER TABLE task DROP COLUMN task_description")
            for method, path, body in dropped:
                response = client.request(method, path, json=body, headers=close)
                assert response.status_code == 500
    refusal = "NOT NULL constraint failed: must.value|violates not-null constraint"
    for version, database in databases.items():
        written = beside(database, f"{version}.log").read_text(encoding="utf-8")
        assert len(re.findall(rf"(?m)^sqlalchemy\S*IntegrityError: .*({refusal})", written)) == 3
        assert "INSERT INTO task (task_name, task_description) VALUES" in written
        assert "SECRET" not in written


POSTGRES = """
import asyncio
import json
import asyncpg
from psycopg import errors
from sqlalchemy.dialects.postgresql.asyncpg import AsyncAdapt_asyncpg_dbapi
from sqlalchemy.exc import IntegrityError
from app.errors import refused

other = AsyncAdapt_asyncpg_dbapi(asyncpg)
MISSING = 'null value in column "task_name" of relation "task" violates not-null constraint'
DOUBLE = 'duplicate key value\\nDETAIL:  Key (task_name)=(NOT NULL) already exists.'

for error in (
    errors.NotNullViolation(MISSING),
    other.NotNullViolationError(MISSING, asyncpg.NotNullViolationError(MISSING)),
    errors.UniqueViolation(DOUBLE),
    other.IntegrityError(DOUBLE, asyncpg.UniqueViolationError(DOUBLE)),
    errors.ForeignKeyViolation("x"),
    errors.CheckViolation("x"),
):
    try:
        print(asyncio.run(refused(None, IntegrityError("INSERT", {}, error))).status_code)
    except IntegrityError:
        print(500)
"""


@pytest.mark.skipif(not find_spec("asyncpg"), reason="no driver of PostgreSQL is here")
def test_postgresql_too(tmp_path: Path) -> None:
    """The errors of both drivers are told apart by their numbers: PostgreSQL speaks many languages.

    A client's text can't change that.
    """
    answers = run(POSTGRES, tmp_path / "none.db").split()
    assert answers == ["500", "500", "409", "409", "409", "409"]


IN_PROCESS = """
import asyncio
import json
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

BESIDE = (
    IN_PROCESS
    + """
from sqlalchemy import create_engine, pool

other = create_engine(db.DATABASE_URL, poolclass=pool.NullPool)

def do(statement):
    with other.begin() as connection:
        connection.exec_driver_sql(statement)
"""
)


def answered(code: str, database: Database, cwd: Path = ROOT) -> list[list[Any]]:
    """Run code that asks the app; return the status and the text of each answer."""
    return [json.loads(line) for line in run(code, database_url(database), cwd).splitlines()]


RACE = (
    BESIDE
    + """
def delete_meanwhile(connection, cursor, statement, *more):
    if statement.startswith("SELECT task"):
        do("DELETE FROM task")

async def race():
    for module, engine in VERSIONS:
        event.listen(engine, "after_cursor_execute", delete_meanwhile)
        do("INSERT INTO task (id, task_name) VALUES (1, 'a')")
        await ask(module.app, "PATCH", "/task/1", json={"task_name": "b"})
    await db_async.engine.dispose()

asyncio.run(race())
"""
)


def test_deleted_meanwhile(tmp_path: Path, file_at_head: Path) -> None:
    """A task that another process deletes between the look-up and the change is not found: 404."""
    database = Path(copy(file_at_head, tmp_path / "test.db"))
    answers = answered(RACE, database)
    assert [(status, json.loads(text)) for status, text in answers] == [(404, NOT_FOUND)] * 2
    assert rows(database) == []


AT_ONCE = (
    BESIDE
    + """
from sqlalchemy.exc import OperationalError

ASKED = (
    ("PATCH", {"json": {"task_name": "new"}}, "UPDATE task SET task_description = 'new'"),
    ("GET", {}, "SELECT 1"),
    ("DELETE", {}, "DELETE FROM task"),
)

def meanwhile(sql):
    def listener(connection, cursor, statement, *more):
        if statement.startswith("SELECT task"):
            try:
                with other.begin() as another:
                    if another.dialect.name == "postgresql":
                        another.exec_driver_sql("SET LOCAL lock_timeout = '100ms'")
                    another.exec_driver_sql(sql)
            except OperationalError as error:
                print(json.dumps([0, type(error.orig).__name__]))
    return listener

async def race():
    for module, engine in VERSIONS:
        do("INSERT INTO task (id, task_name) VALUES (1, 'a')")
        for method, more, sql in ASKED:
            listener = meanwhile(sql)
            event.listen(engine, "after_cursor_execute", listener)
            await ask(module.app, method, "/task/1", **more)
            event.remove(engine, "after_cursor_execute", listener)
    await db_async.engine.dispose()

asyncio.run(race())
"""
)
TOLD = {"task_name": "new", "task_description": None, "id": 1}
WAITS = (0, "LockNotAvailable")


def at_once(database: Database) -> list[tuple[int, object]]:
    """Change, read and delete a task while another program does; return what happened."""
    answers = answered(AT_ONCE, database)
    return [(status, json.loads(text) if status == 200 else text) for status, text in answers]


def test_at_once(tmp_path: Path, file_at_head: Path) -> None:
    """Both changes are stored, and the answer shows its own. Both who delete the task get 204.

    So the page of the service says of two processes on one SQLite file.
    """
    stored = TOLD | {"task_description": "new"}
    expected = [(200, TOLD), (200, stored), (204, "")]
    assert at_once(Path(copy(file_at_head, tmp_path / "test.db"))) == expected * 2


def test_one_after_the_other_on_postgresql(tmp_path: Path, postgres_at_head: Remote) -> None:
    """There, nobody comes between the look-up of a task and its change: the other one waits."""
    expected = [WAITS, (200, TOLD), (200, TOLD), WAITS, (204, "")]
    assert at_once(copy_of(postgres_at_head, tmp_path, "test")) == expected * 2


HELD = (
    BESIDE
    + """
name = db.engine.url.database
do(f"ALTER DATABASE {name} SET lock_timeout = '100ms'")
do("INSERT INTO task (id, task_name) VALUES (1, 'a')")

async def change():
    for module, _ in VERSIONS:
        await ask(module.app, "PATCH", "/task/1", json={"task_name": "b"})

async def change_twice():
    with other.begin() as another:
        another.exec_driver_sql("SELECT id FROM task FOR UPDATE")
        await change()
    await change()
    await db_async.engine.dispose()

asyncio.run(change_twice())
"""
)


def test_a_lock_timeout_on_postgresql(tmp_path: Path, postgres_at_head: Remote) -> None:
    """As the page of the service says, a lock that stays is then a 500; else one waits."""
    page = (ROOT / "notebooks" / "the_service.md").read_text(encoding="utf-8")
    assert "With a `lock_timeout` of the database, the request is then a 500." in page
    answers = answered(HELD, copy_of(postgres_at_head, tmp_path, "test"))
    assert [status for status, _ in answers] == [500, 500, 200, 200]


READ_BEFORE = (
    BESIDE
    + """
LOCKS = {"with_for_update": True}

def change_meanwhile(connection, cursor, statement, *more):
    if statement.startswith("SELECT task") and "FOR UPDATE" not in statement:
        do("UPDATE task SET task_description = 'new'")

event.listen(db.engine, "after_cursor_execute", change_meanwhile)
do("INSERT INTO task (id, task_name) VALUES (1, 'a')")
for more in (LOCKS, LOCKS | {"populate_existing": True}):
    do("UPDATE task SET task_description = NULL")
    for session in db.get_session():
        before = session.get(Task, 1)
        print(json.dumps([0, session.get(Task, 1, **more).task_description]))
"""
)


def test_a_task_that_was_read_before(tmp_path: Path, postgres_at_head: Remote) -> None:
    """The lock alone does not bring its new values; with what the page says, it does."""
    page = (ROOT / "notebooks" / "the_service.md").read_text(encoding="utf-8")
    assert "`with_for_update=True, populate_existing=True`" in page
    answers = answered(READ_BEFORE, copy_of(postgres_at_head, tmp_path, "test"))
    assert answers == [[0, None], [0, "new"]]


DELETED_AFTER = (
    BESIDE
    + """
from sqlalchemy.orm import Session

async def race():
    event.listen(Session, "after_commit", lambda session: do("DELETE FROM task"))
    for module, _ in VERSIONS:
        do("INSERT INTO task (id, task_name) VALUES (1, 'a')")
        await ask(module.app, "PATCH", "/task/1", json={"task_name": "b"})
    await db_async.engine.dispose()

asyncio.run(race())
"""
)


@pytest.mark.parametrize(("step", "status"), [(10, 500), (11, 200)])
def test_deleted_after_the_commit(
    step: int, status: int, tmp_path: Path, file_at_head: Path
) -> None:
    """Until notebook 11 takes the refresh out, as it says, PATCH is a 500 then."""
    project = copy_project(tmp_path)
    for name in ("main", "main_async", "db", "db_async", "errors"):
        text = file_after(step, f"app/{name}.py")
        (project / "app" / f"{name}.py").write_text(text, encoding="utf-8")
    answers = answered(DELETED_AFTER, Path(copy(file_at_head, tmp_path / "test.db")), project)
    assert [said for said, _ in answers] == [status] * 2


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
    answers = answered(MISTAKES, file)
    assert (
        answers
        == [[500, "Internal Server Error"], [404, json.dumps(NOT_FOUND, separators=(",", ":"))]] * 2
    )
