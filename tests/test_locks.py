"""A database that another program has locked: readers go on, writers wait, and nobody gets a 500.

They all run beside each other, once, and each test looks at a part of what was seen. The service
waits for 10 seconds. Here it is a copy with a shorter wait, which is in the same place.
"""

import sqlite3
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from shutil import copy

import httpx
import psutil
import pytest
from service import (
    DRIVERS,
    VERSIONS,
    Server,
    copy_project,
    database_url,
    outcome,
    query,
    run,
    serve_all,
    start,
)

OWN_WAIT = "PRAGMA busy_timeout = 10000"
WAIT = 3.5  # seconds that the copy waits
LOCK = 5.0  # longer than the copy waits
LATE = 2.5  # when a writer comes who has to wait for the rest of it
MIGRATION_LOCK = 1.0  # after the migration has begun
NO_WAIT = "?timeout=0"  # in a URL: then Python's sqlite3 does not wait by itself
READS = 20
QUEUED = 2
WAITING = 32  # clients that wait for the database


@contextmanager
def locked(file: Path, *, readers: bool = False) -> Iterator[None]:
    """Hold the write lock of a file until the block ends. It can keep readers out, too."""
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        if readers:
            connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        connection.execute("BEGIN EXCLUSIVE")
        yield
        connection.execute("ROLLBACK")


@dataclass
class Timed:
    """An answer, and the seconds that it took."""

    response: httpx.Response
    seconds: float


def timed(ask: Callable[[], httpx.Response]) -> Timed:
    """Ask, and measure that."""
    begun = time.monotonic()
    response = ask()
    return Timed(response, time.monotonic() - begun)


@dataclass
class Seen:
    """What was seen of one version beside the lock."""

    reads: list[Timed]
    refused: Timed  # who wrote when the lock had just begun
    queued: list[Timed]  # who wrote soon after that, to the same server
    late: Timed  # who wrote LATE seconds after that, to another server


@dataclass
class Migration:
    """How an upgrade went that another program's lock made wait."""

    status: int
    errors: str
    revisions: list[tuple]


def write_to(server: Server, name: str) -> Timed:
    """Create a task, and measure that."""
    return timed(lambda: server.client.post("/task/", json={"task_name": name}))


def read_from(server: Server) -> list[Timed]:
    """Read one task and the list in turn, spread over the whole lock."""
    reads = []
    for number in range(READS):
        path = "/task/1" if number % 2 else "/task/"
        reads.append(timed(lambda path=path: server.client.get(path)))
        time.sleep(LOCK / (READS + 5))
    return reads


def migrate_beside(file: Path, driver: str) -> Migration:
    """Upgrade an empty file while another program holds the lock for MIGRATION_LOCK seconds."""
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        process = start("alembic", "upgrade", "head", url=database_url(file, driver) + NO_WAIT)
        first = process.stderr.readline() if process.stderr else ""
        time.sleep(MIGRATION_LOCK)
        other.execute("ROLLBACK")
        status, _, errors = outcome(process)
        assert "Context impl" in first, first + errors
    revisions = [] if status else query(file, "SELECT version_num FROM alembic_version")
    return Migration(status, errors, revisions)


@dataclass
class Everything:
    """What was seen."""

    versions: dict[str, Seen]
    migrations: list[Migration]
    rows: list[tuple]


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory, file_at_head: Path) -> Everything:
    """Two servers of each version on one file, which another program locks for LOCK seconds."""
    folder = tmp_path_factory.mktemp("locks")
    project = copy_project(folder / "project")
    db = project / "app" / "db.py"
    text = db.read_text(encoding="utf-8")
    assert text.count(OWN_WAIT) == 1
    shorter = text.replace(OWN_WAIT, f"PRAGMA busy_timeout = {WAIT * 1000:.0f}")
    db.write_text(shorter, encoding="utf-8", newline="\n")
    file = Path(copy(file_at_head, folder / "database.db"))
    query(file, "INSERT INTO task (task_name) VALUES ('old')")
    wanted = [
        (version, database_url(file), folder / f"{number} {version}.log")
        for version in VERSIONS
        for number in (1, 2)
    ]
    running = serve_all(wanted, cwd=project)
    with running as servers, ThreadPoolExecutor(8 + 2 * QUEUED) as threads:
        pairs = {version: servers[2 * n : 2 * n + 2] for n, version in enumerate(VERSIONS)}
        for server in servers:
            assert server.client.get("/task/").status_code == 200  # now the file has its journal
        migrations = [
            threads.submit(migrate_beside, folder / f"empty {number}.db", driver)
            for number, driver in enumerate(DRIVERS)
        ]
        with locked(file):
            end = time.monotonic() + LOCK
            refused = {v: threads.submit(write_to, pairs[v][0], "refused") for v in VERSIONS}
            reads = {v: threads.submit(read_from, pairs[v][0]) for v in VERSIONS}
            time.sleep(0.5)
            queued = {
                v: [threads.submit(write_to, pairs[v][0], f"queued, {v}") for _ in range(QUEUED)]
                for v in VERSIONS
            }
            time.sleep(LATE - 0.5)
            late = {v: threads.submit(write_to, pairs[v][1], f"late, {v}") for v in VERSIONS}
            wait(refused.values(), timeout=2 * LOCK)  # on a slow machine, they began late
            time.sleep(max(0.0, end - time.monotonic()))
        versions = {
            v: Seen(
                reads[v].result(),
                refused[v].result(),
                [one.result() for one in queued[v]],
                late[v].result(),
            )
            for v in VERSIONS
        }
        return Everything(
            versions,
            [one.result() for one in migrations],
            query(file, "SELECT task_name FROM task ORDER BY task_name"),
        )


@pytest.mark.parametrize("version", VERSIONS)
def test_readers_do_not_wait(seen: Everything, version: str) -> None:
    """While another program has the write lock, and a client waits for it, reading is as fast."""
    reads = seen.versions[version].reads
    assert len(reads) == READS
    assert {read.response.status_code for read in reads} == {200}
    assert max(read.seconds for read in reads) < WAIT - 1
    assert sum(read.seconds for read in reads) < LOCK


@pytest.mark.parametrize("version", VERSIONS)
def test_writer_gives_up_in_the_end(seen: Everything, version: str) -> None:
    """Who waits longer than the service does gets 503, in JSON, and is told to come again."""
    refused = seen.versions[version].refused
    assert refused.response.status_code == 503
    assert refused.response.json() == {"detail": "The database is busy."}
    assert refused.response.headers["Retry-After"] == "1"
    assert refused.seconds > WAIT - 0.1


@pytest.mark.parametrize("version", VERSIONS)
def test_writer_waits(seen: Everything, version: str) -> None:
    """Who comes when the lock ends sooner than the wait waits for its end, and is served."""
    late = seen.versions[version].late
    assert late.response.status_code == 201, late.response.text
    assert late.seconds > (LOCK - LATE) / 2


@pytest.mark.parametrize("version", VERSIONS)
def test_writers_queue(seen: Everything, version: str) -> None:
    """Who writes to a server that writes already waits for its turn, which here comes late enough.

    With two at a time, the second one would ask SQLite as early as the first one, in vain as well.
    """
    for queued in seen.versions[version].queued:
        assert queued.response.status_code == 201, queued.response.text


def test_only_what_was_acknowledged_is_stored(seen: Everything) -> None:
    """What was answered with 503 is not stored, also not later."""
    names = [f"late, {version}" for version in VERSIONS]
    names += [f"queued, {version}" for version in VERSIONS] * QUEUED
    assert seen.rows == [(name,) for name in sorted([*names, "old"])]


def test_the_service_waits_for_ten_seconds() -> None:
    """Each connection of both versions, whatever Python's sqlite3 would do."""
    code = (
        "import asyncio, app.db, app.db_async\n"
        "sql = 'PRAGMA busy_timeout'\n"
        "with app.db.engine.connect() as one:\n"
        "    print(one.exec_driver_sql(sql).scalar())\n"
        "async def ask():\n"
        "    async with app.db_async.engine.connect() as one:\n"
        "        print((await one.exec_driver_sql(sql)).scalar())\n"
        "    await app.db_async.engine.dispose()\n"
        "asyncio.run(ask())"
    )
    assert run(code, "sqlite:///:memory:").split() == ["10000", "10000"]


@pytest.mark.parametrize("number", range(len(DRIVERS)), ids=DRIVERS)
def test_migration_waits(seen: Everything, number: int) -> None:
    """Of two programs that write or migrate at once, the second one waits, and then does it.

    It is env.py that waits. Python's sqlite3, which waits for 5 seconds, does not do it here.
    """
    migration = seen.migrations[number]
    assert migration.status == 0, migration.errors
    assert migration.revisions == [("0002",)]


def open_files(server: Server, file: Path) -> int:
    """Return how many times a server has a file open: once for each connection."""
    opened = psutil.Process(server.process.pid).open_files()
    return sum(Path(one.path) == file.resolve() for one in opened)


def settled(servers: list[Server], file: Path, wanted: int) -> list[int]:
    """Wait until each server has so many connections, and some time more; return how many."""
    deadline = time.monotonic() + 5
    while any(open_files(one, file) < wanted for one in servers) and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(0.5)
    return [open_files(server, file) for server in servers]


# What needs the one place of those who write, and what has one of the ten.
WRITE = [
    ("POST", "/task/", {"task_name": "new"}),
    ("PATCH", "/task/1", {"task_name": "changed"}),
    ("DELETE", "/task/2", None),
]
READ = ["/task/", "/task/1"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows does not tell all files of a process")
def test_places(tmp_path: Path, file_at_head: Path) -> None:
    """Of many clients that wait, one writes and ten read at a time, each with a connection.

    For once, the lock keeps readers out, too. When it is gone, all clients are served.
    """
    file = Path(copy(file_at_head, tmp_path / "database.db"))
    query(file, "INSERT INTO task (task_name) VALUES ('old'), ('soon deleted')")
    wanted = [(version, database_url(file), tmp_path / f"{version}.log") for version in VERSIONS]
    with serve_all(wanted) as servers, ThreadPoolExecutor(4 * WAITING) as threads:
        with locked(file, readers=True):
            waiting = [
                threads.submit(one.client.request, method, path, json=body)
                for _, (method, path, body) in zip(range(WAITING), cycle(WRITE), strict=False)
                for one in servers
            ]
            counted = [settled(servers, file, 1)]
            waiting += [
                threads.submit(one.client.get, path)
                for _, path in zip(range(WAITING), cycle(READ), strict=False)
                for one in servers
            ]
            counted.append(settled(servers, file, 11))
        answers = [one.result() for one in waiting]
    assert counted == [[1, 1], [11, 11]]
    written = Counter((one.request.method, one.status_code) for one in answers[: 2 * WAITING])
    assert set(written) == {("POST", 201), ("PATCH", 200), ("DELETE", 204), ("DELETE", 404)}
    assert written["DELETE", 204]  # two, if both servers have looked before one deletes
    assert {one.status_code for one in answers[2 * WAITING :]} == {200}
