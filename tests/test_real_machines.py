"""What happens on real machines: a restore after a kill, a full disk, odd rows, files that go away.

And what somebody adds who copies the service: an endpoint that uses its session too late.
"""

import re
import shlex
import sqlite3
import subprocess
import sys
import time
from contextlib import ExitStack, closing
from pathlib import Path
from shutil import copy

import httpx
import pytest
from service import (
    DRIVERS,
    ROOT,
    VERSIONS,
    alembic,
    copy_project,
    database_url,
    dump,
    outcome,
    query,
    run,
    serve,
    serve_each,
    start,
)

PAGE = (ROOT / "notebooks" / "the_service.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r'^(python -c ".+")$', PAGE, re.MULTILINE)

# A session that is used after its request

LATE = """
import asyncio, sqlite3, sys
import httpx
from fastapi import BackgroundTasks
from fastapi.responses import StreamingResponse
from sqlmodel import select
from app import db, db_async, main, main_async
from app.models import Task

def add_sync(app, Session):
    @app.get("/stream")
    def stream(session: Session) -> None:
        def rows():
            yield from (task.task_name for task in session.exec(select(Task)))
        return StreamingResponse(rows())

    @app.get("/read")
    def read(session: Session, tasks: BackgroundTasks) -> None:
        tasks.add_task(session.get, Task, 1)

    @app.get("/write")
    def write(session: Session, tasks: BackgroundTasks) -> None:
        def later():
            session.add(Task(task_name="late"))
            session.flush()
        tasks.add_task(later)

def add_async(app, Session):
    @app.get("/stream")
    async def stream(session: Session) -> None:
        async def rows():
            for task in await session.exec(select(Task)):
                yield task.task_name
        return StreamingResponse(rows())

    @app.get("/read")
    async def read(session: Session, tasks: BackgroundTasks) -> None:
        tasks.add_task(session.get, Task, 1)

    @app.get("/write")
    async def write(session: Session, tasks: BackgroundTasks) -> None:
        async def later():
            session.add(Task(task_name="late"))
            await session.flush()
        tasks.add_task(later)

async def ask():
    add_sync(main.app, main.SessionDep)
    add_async(main_async.app, main_async.SessionDep)
    for app, engine in ((main.app, db.engine), (main_async.app, db_async.engine.sync_engine)):
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
            for path in ("/stream", "/read", "/write"):
                try:
                    said = (await client.get(path)).status_code
                except Exception as error:
                    said = f"{type(error).__name__}: {error}"
                print(path, engine.pool.checkedout(), said)
        other = sqlite3.connect(sys.argv[1], timeout=0, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        other.close()
    await db_async.engine.dispose()

asyncio.run(ask())
"""


def test_session_that_is_used_too_late(tmp_path: Path, file_at_head: Path) -> None:
    """A stream or a background task gets a clear error, and no connection or lock is kept."""
    file = Path(copy(file_at_head, tmp_path / "database.db"))
    query(file, "INSERT INTO task (task_name) VALUES ('a')")
    said = run(LATE, file, arguments=[str(file)]).splitlines()
    closed = "InvalidRequestError: This Session has been permanently closed"
    assert len(said) == 2 * 3
    for line, path in zip(said, ["/stream", "/read", "/write"] * 2, strict=True):
        assert line.startswith(f"{path} 0 {closed}")
    assert closed in PAGE


# A backup, and the way back to it


def copy_by_command(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a line of the page in a folder."""
    python, *arguments = shlex.split(command)
    assert python == "python"
    return subprocess.run(
        [sys.executable, *arguments], cwd=folder, capture_output=True, encoding="utf-8", timeout=60
    )


def tasks_in(file: Path) -> int:
    """Count the tasks in a file."""
    return query(file, "SELECT count(*) FROM task")[0][0]


def test_backup_and_restore(tmp_path: Path, file_at_head: Path) -> None:
    """The page's two lines, to the letter, with a service that is killed between them.

    The same by hand goes wrong: the rows of after the backup are there again.
    """
    backup, restore = COMMANDS
    file = Path(copy(file_at_head, tmp_path / "database.db"))
    query(file, "INSERT INTO task (task_name) VALUES ('kept')" + ", ('kept')" * 19)
    with serve("sync", database_url(file), tmp_path / "server.log") as server:
        assert server.client.patch("/task/1", json={"task_name": "newest"}).status_code == 200
        assert copy_by_command(backup, tmp_path).returncode == 0
        for _ in range(20):
            assert server.client.post("/task/", json={"task_name": "later"}).status_code == 201
        server.process.kill()
        server.process.wait()
    saved, by_hand = tmp_path / "backup.db", tmp_path / "by hand"
    by_hand.mkdir()
    copy(file.with_name("database.db-wal"), by_hand)  # as the kill has left it
    copy(saved, by_hand / "database.db")
    assert tasks_in(by_hand / "database.db") == 40

    assert tasks_in(saved) == 20  # also the newest rows, which were in database.db-wal only
    assert query(saved, "SELECT task_name FROM task WHERE id = 1") == [("newest",)]
    assert copy_by_command(backup, tmp_path).returncode != 0  # it does not overwrite

    done = copy_by_command(restore, tmp_path)
    assert done.returncode == 0, done.stderr
    assert dump(file) == dump(saved)
    alembic("upgrade", "head", url=database_url(file))
    with serve("async", database_url(file), tmp_path / "server.log") as server:
        assert len(server.client.get("/task/?limit=100").json()) == 20


def test_backup_of_nothing(tmp_path: Path) -> None:
    """In another folder, there is no database: both lines say so, and make no empty file."""
    for command in COMMANDS:
        done = copy_by_command(command, tmp_path)
        assert done.returncode != 0
        assert "unable to open database file" in done.stderr
    assert not list(tmp_path.glob("backup*"))


def test_restore_of_a_damaged_file(tmp_path: Path, file_at_head: Path) -> None:
    """The line stops with an error; without the damaged files, it makes a good one."""
    copy(file_at_head, tmp_path / "backup.db")
    damaged = tmp_path / "database.db"
    damaged.write_bytes(b"This was a database before.\n" * 1000)
    damaged.with_name("database.db-wal").write_bytes(b"and this its journal\n" * 1000)
    assert copy_by_command(COMMANDS[1], tmp_path).returncode != 0
    for file in tmp_path.glob("database.db*"):
        file.unlink()
    assert copy_by_command(COMMANDS[1], tmp_path).returncode == 0
    assert dump(damaged) == dump(file_at_head)


# Another program reads for long

PAGE_SIZE = 4096  # bytes; each write is at least one page


@pytest.mark.weekly
def test_journal_beside_a_long_reader(tmp_path: Path, file_at_head: Path) -> None:
    """It grows while the other one reads, is then used again, and is gone after the stop."""
    file = Path(copy(file_at_head, tmp_path / "database.db"))
    journal = file.with_name("database.db-wal")
    task = {"task_name": "a", "task_description": "🐢" * 1000}
    with serve("sync", database_url(file), tmp_path / "server.log", "--no-access-log") as server:

        def write(tasks: int) -> int:
            for _ in range(tasks):
                assert server.client.post("/task/", json=task).status_code == 201
            return journal.stat().st_size

        with closing(sqlite3.connect(file)) as reader:
            reader.execute("BEGIN")
            reader.execute("SELECT count(*) FROM task").fetchall()
            grown = write(400)
        assert grown > 1100 * PAGE_SIZE  # SQLite begins anew at 1000, if nobody reads
        assert write(40) < grown + 20 * PAGE_SIZE
        server.client.close()
        server.process.terminate()
        server.process.wait(30)
    assert sys.platform == "win32" or not journal.exists()


# More clients than there is room for


def test_too_many_clients(tmp_path: Path, file_at_head: Path) -> None:
    """With the page's option, there are so many and no more: the others are told 503."""
    assert "`--limit-concurrency 150`" in PAGE
    files = {version: Path(copy(file_at_head, tmp_path / f"{version}.db")) for version in VERSIONS}
    with serve_each(files, "--limit-concurrency", "4") as servers:
        for server in servers.values():
            with ExitStack() as stack:
                answers = []
                for _ in range(6):
                    client = stack.enter_context(httpx.Client(base_url=server.client.base_url))
                    answers.append(client.get("/task/").status_code)
            assert answers == [200, 200, 200, 503, 503, 503]
            time.sleep(0.2)  # until the server has seen that they left
            assert server.client.get("/task/").status_code == 200


# A migration on a full disk

FULL = """
import sqlalchemy as sa

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table("note", sa.Column("id", sa.Integer(), primary_key=True))
    op.execute("PRAGMA max_page_count = 1")  # the file may not grow any more
    with op.batch_alter_table("task", recreate="always") as batch:
        batch.alter_column("task_name", type_=sa.String(50))


def downgrade() -> None:
    pass
"""


@pytest.mark.parametrize("driver", [*DRIVERS, "sqlite+pysqlite"])
def test_migration_on_a_full_disk(driver: str, tmp_path: Path, file_at_head: Path) -> None:
    """SQLite's own error is the first one in the log, and nothing is changed.

    It has taken back all of the transaction, also the copy that Alembic then wants to remove.
    """
    project = copy_project(tmp_path / "a project")
    new = project / "alembic" / "versions" / "0003_full.py"
    new.write_text(FULL, encoding="utf-8", newline="\n")
    file = Path(copy(file_at_head, tmp_path / "database.db"))
    query(file, "INSERT INTO task (task_name) VALUES ('a')" + f", ('{'a' * 100}')" * 500)
    before = dump(file)
    errors = alembic("upgrade", "head", url=database_url(file, driver), cwd=project, fails=True)
    first, *others = re.findall(r"^sqlite3\.OperationalError: (.+)$", errors, re.MULTILINE)
    assert first == "database or disk is full"
    assert set(others) <= {"no such table: _alembic_tmp_task"}
    assert dump(file) == before
    assert query(file, "PRAGMA integrity_check") == [("ok",)]


# The service on a full disk


def test_service_on_a_full_disk(tmp_path: Path, file_at_head: Path) -> None:
    """A write is a logged 500: a disk is not free again in a second, as 503 would say.

    Nothing of it is stored, reading goes on, and writing does as soon as there is room. For once, a
    setting of SQLite's says how large the file may become.
    """
    assert "`database or disk is full`" in PAGE
    project = copy_project(tmp_path / "a project")
    module = project / "app" / "db.py"
    text = module.read_text(encoding="utf-8")
    last = '    connection.execute("PRAGMA foreign_keys = ON")'
    assert text.count(last) == 1
    limited = text.replace(last, f'    connection.execute("PRAGMA max_page_count = 8")\n{last}')
    module.write_text(limited, encoding="utf-8", newline="\n")
    files = {version: Path(copy(file_at_head, tmp_path / f"{version}.db")) for version in VERSIONS}
    task = {"task_name": "a", "task_description": "d" * 1000}
    close = {"Connection": "close"}  # as the server closes it after an error
    full = pytest.raises(AssertionError, match="database or disk is full")
    with full, serve_each(files, cwd=project) as servers:
        for version, file in files.items():
            client = servers[version].client
            written = 0
            while (answer := client.post("/task/", json=task, headers=close)).status_code == 201:
                written += 1
            assert (answer.status_code, tasks_in(file)) == (500, written)
            assert len(client.get("/task/?limit=100").json()) == written
            for id_ in range(1, written + 1):
                assert client.delete(f"/task/{id_}").status_code == 204
            assert client.post("/task/", json=task).status_code == 201


# Rows that no version of this service has written

ODD = {
    "not UTF-8": ("CAST(x'61FF62' AS TEXT)", "a�b"),
    "cut in a character": ("CAST(x'61E282' AS TEXT)", "a�"),
    "half of a pair": ("CAST(x'EDA080' AS TEXT)", "���"),
    "Latin-1": ("CAST(x'4DFC6C6C' AS TEXT)", "M�ll"),
    "bytes": ("x'6162'", "b'ab'"),
    "bytes that are not UTF-8": ("x'4DFC6C6C'", r"b'M\xfcll'"),
    "no bytes": ("x''", "b''"),
    "an integer": ("9223372036854775807", "9223372036854775807"),
    "a number": ("1.5", "1.5"),
    "infinite": ("-9e999", "-Inf"),
    "a date": ("'2024-01-01'", "2024-01-01"),
    "a character that is none": ("char(65535)", "\uffff"),
}
# A table of somebody's own, whose columns have no types and no rules: SQLite keeps all as it is.
UNTYPED = "CREATE TABLE task (id INTEGER PRIMARY KEY, task_name, task_description)"
KEPT = {
    "NULL": ("NULL", "None"),
    "an integer": ("9223372036854775807", "9223372036854775807"),
    "a number": ("1.5", "1.5"),
    "infinite": ("-9e999", "-inf"),
    "bytes": ("x'FF'", r"b'\xff'"),
}
IDS = [-(2**63), -1, 0, 2**31 - 1, 2**31, 2**53 + 1, 2**63 - 1]


def test_odd_rows(tmp_path: Path, file_at_head: Path) -> None:
    """Whatever a text column or an id holds, its row is listed, read, changed and deleted.

    A text that can't be read as UTF-8 is shown with a � in its place, bytes as Python writes them,
    and both stay as they are in the file until a client changes them. An id that is not in the
    range of the service is never a 5xx. One that is too large is listed, as the page says.
    """
    files = {version: Path(copy(file_at_head, tmp_path / f"{version}.db")) for version in VERSIONS}
    with serve_each(files) as servers:
        for version, server in servers.items():
            file, client = files[version], server.client
            values = [f"({sql}, 'd'), ('n', {sql})" for sql, _ in ODD.values()]
            insert = "INSERT INTO task (task_name, task_description) VALUES "
            query(file, insert + ", ".join(values))
            held = query(file, "SELECT hex(task_name) FROM task WHERE id % 2")
            rows = [
                task
                for _, shown in ODD.values()
                for task in (
                    {"task_name": shown, "task_description": "d"},
                    {"task_name": "n", "task_description": shown},
                )
            ]
            rows = [{**row, "id": number} for number, row in enumerate(rows, 1)]
            assert client.get("/task/?limit=100").json() == rows
            for row in rows:
                path, odd_name = f"/task/{row['id']}", row["id"] % 2
                change = {"task_description" if odd_name else "task_name": "new"}
                assert client.get(path).json() == row
                assert client.patch(path, json=change).json() == {**row, **change}
            assert query(file, "SELECT hex(task_name) FROM task WHERE id % 2") == held
            for row in rows:
                assert client.delete(f"/task/{row['id']}").status_code == 204
            for one in IDS:
                query(file, "DELETE FROM task")
                query(file, "INSERT INTO task (id, task_name) VALUES (?, 'a')", one)
                page = client.get("/task/")
                assert [task["id"] for task in page.json()] == [one] * (one > 0)
                for method in ("GET", "PATCH", "DELETE"):
                    body = {"json": {}} if method == "PATCH" else {}
                    status = client.request(method, f"/task/{one}", **body).status_code
                    assert status in ((200, 204) if one == 2**31 - 1 else (422,))
                assert client.post("/task/", json={"task_name": "b"}).status_code == 201
            query(file, "DROP TABLE task")
            query(file, UNTYPED)
            for number, (sql, shown) in enumerate(KEPT.values(), 1):
                query(file, f"INSERT INTO task VALUES ({number}, {sql}, {sql})")
                described = None if sql == "NULL" else shown
                row = {"task_name": shown, "task_description": described, "id": number}
                assert client.get(f"/task/?after={number - 1}").json() == [row]
                assert client.get(f"/task/{number}").json() == row
                row["task_name"] = "new"
                assert client.patch(f"/task/{number}", json={"task_name": "new"}).json() == row


# What the URL can be, and what is no database


def first_error(url: str, version: str) -> str:
    """Start a version of the service where it can't start, and return the last error."""
    process = start("uvicorn", VERSIONS[version], "--port", "0", url=url)
    with process:
        status, output, errors = outcome(process)
    assert status != 0
    return re.findall(r"^\w+(?:\.\w+)*(?:Error|Exception): .+$", output + errors, re.MULTILINE)[-1]


def test_the_other_name_of_the_sync_driver(tmp_path: Path, file_at_head: Path) -> None:
    """SQLAlchemy's own pages write `sqlite+pysqlite`: both versions and Alembic take it."""
    file = Path(copy(file_at_head, tmp_path / "database.db"))
    url = database_url(file, "sqlite+pysqlite")
    alembic("check", url=url)
    code = "from app import db_async; print(db_async.engine.url.drivername)"
    assert run(code, url).strip() == "sqlite+aiosqlite"


def test_a_folder_that_is_a_file(tmp_path: Path, file_at_head: Path) -> None:
    """`alembic upgrade head` would not help there, so the service does not say it."""
    inside = Path(copy(file_at_head, tmp_path)) / "database.db"
    said = first_error(database_url(inside), "sync")
    assert said.endswith("can't be used: unable to open database file.")


# The file goes away under a service that runs


@pytest.mark.skipif(sys.platform == "win32", reason="Windows deletes no file in use")
def test_file_that_is_deleted(tmp_path: Path, file_at_head: Path) -> None:
    """As the page says: stop the service first. One that runs does not notice, and rows are lost.

    SQLite looks after a file that was moved only with the old journal.
    """
    assert "what it answers with 201 from then on can be lost" in PAGE
    files = {version: Path(copy(file_at_head, tmp_path / f"{version}.db")) for version in VERSIONS}
    with serve_each(files) as servers:
        for version, server in servers.items():
            assert server.client.post("/task/", json={"task_name": "a"}).status_code == 201
            files[version].unlink()
            assert server.client.post("/task/", json={"task_name": "lost"}).status_code == 201
    assert not any(file.exists() for file in files.values())
