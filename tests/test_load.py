"""The service is correct under load, in both versions: real servers, and many requests at once.

Each client works alone on its own rows, so it always knows what the database must hold of them.
Both versions run at the same time, on one database, and each has half of the clients. The database
is SQLite's, then PostgreSQL's. The long runs (`pytest -m weekly`) have each version alone, too.
"""

import socket
import sqlite3
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from random import Random
from threading import Event
from typing import Any

import httpx
import pytest
from helpers import until
from remote import DRIVERS as DRIVERS_OF_REMOTE
from remote import Remote
from service import (
    DRIVERS,
    VERSIONS,
    Database,
    Server,
    alembic,
    beside,
    copy_of,
    copy_project,
    database_url,
    make_empty,
    query,
    serve_all,
)

CONNECTIONS = 32
READERS = 11  # one more than those that use the database at a time
HOLD = 1.5  # seconds for which another program holds the write lock
KEEPER = 10**6  # the id of a row that no client touches, so that no smaller id is given out


def weekly(long: int) -> object:
    """Return the parameter of a long run."""
    return pytest.param(long, marks=pytest.mark.weekly)


@dataclass
class Running:
    """Servers on one database."""

    database: Database
    servers: list[Server]
    logs: list[Path]

    @property
    def clients(self) -> list[httpx.Client]:
        """A client for each server."""
        return [server.client for server in self.servers]


@contextmanager
def running_on(database: Database, *versions: str) -> Iterator[Running]:
    """Run these versions on one database; the logs are beside it."""
    names = [f"{number} {version}.log" for number, version in enumerate(versions)]
    logs = [beside(database, name) for name in names]
    url = database_url(database)
    wanted = [(version, url, log) for version, log in zip(versions, logs, strict=True)]
    with serve_all(wanted) as servers:
        yield Running(database, servers, logs)


@pytest.fixture
def database(tmp_path: Path, at_head: Database) -> Database:
    """An empty database at the newest revision, of this test only."""
    return copy_of(at_head, tmp_path, "test")


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory, at_head: Database) -> Iterator[Running]:
    """Both versions, for all the tests that leave them as they found them."""
    with running_on(copy_of(at_head, tmp_path_factory.mktemp("load")), *VERSIONS) as servers:
        yield servers


@pytest.fixture
def both(running: Running) -> Running:
    """Both versions, with an empty table."""
    make_empty(running.database)
    return running


# The load


class WrongAnswerError(Exception):
    """An answer that breaks a promise."""


def ask(client: httpx.Client, statuses: set[int], method: str, path: str, **more) -> httpx.Response:
    """Send a request. Any other status than these is wrong."""
    response = client.request(method, path, **more)
    if response.status_code not in statuses:
        raise WrongAnswerError(f"{method} {path}: {response.status_code} {response.text}")
    return response


class Worker:
    """A client that creates, reads, changes, lists and deletes tasks, one request at a time."""

    def __init__(self, client: httpx.Client, number: int) -> None:
        """Use a client; `number` makes the content and the order of the requests its own."""
        self.client = client
        self.number = number
        self.random = Random(number)
        self.serial = count()
        self.rows: dict[int, dict] = {}  # what the service has acknowledged last of each row
        self.deleted = 0

    def step(self) -> None:
        """Send one request, and check its answer against what was acknowledged before.

        A deleted id is not asked for again: another client may have got it for a new task.
        """
        action = self.random.choices(
            [self.create, self.change, self.read, self.delete, self.list], [30, 25, 20, 15, 10]
        )[0]
        (action if self.rows else self.create)()

    def content(self) -> dict[str, str | None]:
        """Return a content that no other task has, also none of another worker."""
        name = f"worker {self.number}, task {next(self.serial)}"
        return {"task_name": name, "task_description": self.random.choice([None, "d" * 500])}

    def own_id(self) -> int:
        """Choose one of the rows."""
        return self.random.choice(list(self.rows))

    def create(self) -> None:
        """Create a task."""
        content = self.content()
        task = ask(self.client, {201}, "POST", "/task/", json=content).json()
        self.rows[task["id"]] = content
        self.compare(task)

    def change(self) -> None:
        """Change one or both fields of a task."""
        task_id, content = self.own_id(), self.content()
        changes = self.random.choice([content, {"task_name": content["task_name"]}])
        task = ask(self.client, {200}, "PATCH", f"/task/{task_id}", json=changes).json()
        self.rows[task_id] = {**self.rows[task_id], **changes}
        self.compare(task)

    def read(self) -> None:
        """Read a task."""
        self.compare(ask(self.client, {200}, "GET", f"/task/{self.own_id()}").json())

    def delete(self) -> None:
        """Delete a task."""
        task_id = self.own_id()
        ask(self.client, {204}, "DELETE", f"/task/{task_id}")
        del self.rows[task_id]
        self.deleted += 1

    def list(self) -> None:
        """List tasks, from one of the own rows on."""
        task_id = self.own_id()
        parameters = {"after": task_id - 1, "limit": 100}
        tasks = ask(self.client, {200}, "GET", "/task/", params=parameters).json()
        self.compare(tasks[0])
        ids = [task["id"] for task in tasks]
        if ids != sorted(set(ids)):
            raise WrongAnswerError(f"the list is out of order: {ids}")

    def compare(self, task: dict) -> None:
        """The service answers an own task as it has acknowledged it before."""
        task_id = task["id"]
        if {**self.rows[task_id], "id": task_id} != task:
            raise WrongAnswerError(
                f"{self.rows[task_id]} was acknowledged, but the answer is {task}"
            )


@contextmanager
def load(steps: list[Callable[[], None]]) -> Iterator[None]:
    """Repeat each step in a thread of its own until the block ends. An error in one fails."""
    stop = Event()

    def repeat(step: Callable[[], None]) -> int:
        done = 0
        while not stop.is_set():
            step()
            done += 1
        return done

    with ThreadPoolExecutor(len(steps)) as threads:
        running = [threads.submit(repeat, step) for step in steps]
        try:
            yield
        finally:
            stop.set()
    done = [thread.result() for thread in running]
    assert all(done), "a client has sent nothing"


def workers_for(*clients: httpx.Client, connections: int = CONNECTIONS) -> list[Worker]:
    """Make workers, as many for each client."""
    return [Worker(clients[n % len(clients)], n) for n in range(connections)]


# What must hold afterwards

Stored = dict[int, tuple[str, str | None]]


def stored(database: Database) -> Stored:
    """Return all the tasks in a database, by their ids."""
    rows = query(database, "SELECT id, task_name, task_description FROM task")
    return {task_id: (name, description) for task_id, name, description in rows}


def acknowledged(workers: list[Worker]) -> Stored:
    """Return the tasks that the workers know to be stored."""
    return {
        task_id: (content["task_name"], content["task_description"])
        for worker in workers
        for task_id, content in worker.rows.items()
    }


def assert_sound(database: Database, *logs: Path) -> None:
    """The file is not damaged, and no server has found it locked, or failed."""
    if isinstance(database, Path):
        assert query(database, "PRAGMA integrity_check") == [("ok",)]
    for log in logs:
        written = log.read_text(encoding="utf-8")
        assert "database is locked" not in written and " 500 " not in written, written


def assert_kept(database: Database, workers: list[Worker], others: Stored | None = None) -> None:
    """What was acknowledged is there, with its last content, and nothing that was deleted."""
    assert stored(database) == {**(others or {}), **acknowledged(workers)}
    assert sum(worker.deleted for worker in workers) > 0
    print(f"{sum(next(worker.serial) for worker in workers)} writes, all kept")


def fill(database: Database, ids: range) -> Stored:
    """Store a task for each id, and return them. The next id is the one after them."""
    rows = {task_id: (f"old task {task_id}", "old") for task_id in ids}
    mark = "%s" if isinstance(database, Remote) else "?"
    insert = f"INSERT INTO task (id, task_name, task_description) VALUES ({mark}, {mark}, {mark})"
    with another(database) as connection:
        tasks = [(task_id, *content) for task_id, content in rows.items()]
        connection.cursor().executemany(insert, tasks)
        if isinstance(database, Remote):
            connection.execute("SELECT setval('task_id_seq', max(id)) FROM task")
        connection.commit()
    return rows


def another(database: Database) -> Any:
    """Return a connection of another program, to use in a `with` block, which closes it."""
    if isinstance(database, Remote):
        return database.connect()
    return closing(sqlite3.connect(database))


# Many clients


class Quarrel:
    """Changes and deletes of the same rows, by many clients at once.

    The clients take the rows one after the other, and eight requests for each: in the middle of
    six changes, two clients delete the row. So a client often deletes what another one changes.
    """

    METHODS = ("PATCH", "PATCH", "PATCH", "DELETE", "DELETE", "PATCH", "PATCH", "PATCH")

    def __init__(self) -> None:
        """Begin with the first row."""
        self.tickets = count()
        self.done: list[tuple[int, int]] = []  # a row and the status of an answer

    def step(self, client: httpx.Client) -> None:
        """Send the next request."""
        row, turn = divmod(next(self.tickets), len(self.METHODS))
        method = self.METHODS[turn]
        body = {"json": {"task_name": f"change {turn}"}} if method == "PATCH" else {}
        statuses = {404, 204 if method == "DELETE" else 200}
        response = ask(client, statuses, method, f"/task/{row + 1}", **body)
        self.done.append((row + 1, response.status_code))


def soak(running: Running, seconds: float) -> None:
    """32 clients write, read and delete at once: nothing fails and nothing is lost.

    Half of the time each client works on its own rows, and half of the time on rows that all of
    them change and delete. Such a request is answered with 200, 204 or 404.
    """
    shared = fill(running.database, range(1, int(1 + 1000 * seconds)))
    keeper = fill(running.database, range(KEEPER, KEEPER + 1))
    workers = workers_for(*running.clients)
    quarrel = Quarrel()

    def both(worker: Worker) -> Callable[[], None]:
        return lambda: (worker.step(), quarrel.step(worker.client))

    with load([both(worker) for worker in workers]):
        time.sleep(seconds)
    deleted = {row for row, status in quarrel.done if status == 204}
    changed = {row for row, status in quarrel.done if status == 200} - deleted
    assert deleted and {status for _, status in quarrel.done} == {200, 204, 404}
    untouched = {row: shared[row] for row in shared.keys() - deleted - changed}
    left = {row: content for row, content in stored(running.database).items() if row not in changed}
    assert left == {**untouched, **keeper, **acknowledged(workers)}
    print(f"{len(quarrel.done)} requests for {len(deleted)} rows that were deleted meanwhile")
    assert_sound(running.database, *running.logs)


def test_soak(both: Running) -> None:
    """Both versions keep the promises of a soak together, for a short time."""
    soak(both, 2)


@pytest.mark.weekly
@pytest.mark.parametrize(
    ("versions", "seconds"),
    [
        (("sync",), 30),
        (("async",), 30),
        (("sync", "async"), 12),
        (("sync", "sync"), 12),
        (("async", "async"), 12),
    ],
    ids=lambda value: f"{value}s" if isinstance(value, int) else " and ".join(value),
)
def test_long_soak(versions: tuple[str, ...], database: Database, seconds: int) -> None:
    """Each version keeps them alone, and each two servers on one file keep them."""
    with running_on(database, *versions) as running:
        soak(running, seconds)


@pytest.mark.parametrize("seconds", [1, weekly(15)])
def test_long_reader(both: Running, seconds: int) -> None:
    """While another program reads in one long transaction, the service writes as always.

    And that program sees all the time what was there when it began.
    """
    old = fill(both.database, range(1, 100))
    everything = "SELECT id, task_name, task_description FROM task ORDER BY id"
    workers = workers_for(*both.clients)
    # On PostgreSQL, one asks for a transaction that sees all the time the same.
    begin = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"
    with another(both.database) as reader:
        reader.execute(begin if isinstance(both.database, Remote) else "BEGIN")
        before = reader.execute(everything).fetchall()
        with load([worker.step for worker in workers]):
            for _ in range(seconds * 5):
                time.sleep(0.2)
                assert reader.execute(everything).fetchall() == before
        assert len(stored(both.database)) > len(old)  # a new reader sees the new tasks
        reader.rollback()
    assert_kept(both.database, workers, old)
    assert_sound(both.database, *both.logs)


def test_long_writer(both: Running) -> None:
    """While another program holds the write lock, or that of the table, requests wait and succeed.

    /ping needs no database, so it answers at once even when all 32 clients wait.
    """
    workers = workers_for(*both.clients)
    with (
        another(both.database) as writer,
        ThreadPoolExecutor(CONNECTIONS) as threads,
    ):
        lock = "LOCK TABLE task IN EXCLUSIVE MODE"  # others may read
        writer.execute(lock if isinstance(both.database, Remote) else "BEGIN IMMEDIATE")
        waiting = [threads.submit(worker.create) for worker in workers]
        end = time.monotonic() + HOLD
        pings = []
        while time.monotonic() < end:
            for client in both.clients:
                asked = time.monotonic()
                ask(client, {200}, "GET", "/ping")
                pings.append(time.monotonic() - asked)
            time.sleep(0.1)
        assert not any(request.done() for request in waiting)
        writer.rollback()
        for request in waiting:
            request.result()
    assert max(pings) < HOLD / 2
    assert len(acknowledged(workers)) == CONNECTIONS
    assert stored(both.database) == acknowledged(workers)
    assert_sound(both.database, *both.logs)


def test_slow_readers(both: Running) -> None:
    """Clients that ask for a long list and do not read it keep nobody from the database.

    There are more of them than may read at a time. Their answers are ready, so their sessions are
    closed, although little of it has arrived.
    """
    insert = "INSERT INTO task (task_name, task_description) VALUES "
    query(both.database, insert + ", ".join([f"('long', '{'🐢' * 1000}')"] * 100))
    with ExitStack() as stack:
        slow_clients = []
        for client in both.clients * READERS:
            url = client.base_url
            slow = stack.enter_context(socket.socket())
            slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)  # it takes little at once
            slow.connect((url.host, url.port))
            # 13 lists of 400 KB: the system takes the first megabytes for the client.
            slow.sendall(b"GET /task/?limit=100 HTTP/1.1\r\nHost: x\r\n\r\n" * 12)
            slow.sendall(b"GET /task/?limit=100 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            slow_clients.append(slow)
        time.sleep(1)  # until they all wait
        for client in both.clients:
            ask(client, {200}, "GET", "/task/1")
            ask(client, {201}, "POST", "/task/", json={"task_name": "new"})
        for slow in slow_clients:  # uvicorn would log that it can't send the other lists any more
            slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1_000_000)
            while slow.recv(1_000_000):
                pass
    assert_sound(both.database, *both.logs)


# A migration while the service runs

MIGRATION = '''
"""A column more, a copy of the whole table, and much more to do before the commit."""

import time

import sqlalchemy as sa

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("task", sa.Column("priority", sa.Integer(), nullable=True))
    if op.get_bind().dialect.name == "sqlite":  # others need no copy, and lock the table meanwhile
        with op.batch_alter_table("task", recreate="always"):
            pass
        time.sleep(1.5)


def downgrade() -> None:
    with op.batch_alter_table("task") as batch:
        batch.drop_column("priority")
'''


@pytest.fixture
def newer_project(tmp_path: Path) -> Path:
    """A copy of the project that has one revision more."""
    folder = copy_project(tmp_path / "a newer project")
    migration = folder / "alembic" / "versions" / "0003_add_priority.py"
    migration.write_text(MIGRATION, encoding="utf-8")
    return folder


def test_migration_under_load(both: Running, newer_project: Path) -> None:
    """Migrations that copy the table while the service runs: nothing fails, nothing is lost.

    Clients that write wait for their end, and clients that read do not, on SQLite; on PostgreSQL
    both wait for a moment.

    The new column may be empty, so the code that runs need not know it. One driver adds it, and
    the other one takes it away again.
    """
    old = fill(both.database, range(1, 20_001))
    workers = workers_for(*both.clients, connections=8)
    reads: list[float] = []
    drivers = DRIVERS_OF_REMOTE if isinstance(both.database, Remote) else DRIVERS

    def read() -> None:
        for client in both.clients:
            asked = time.monotonic()
            ask(client, {200}, "GET", f"/task/{len(old)}")
            reads.append(time.monotonic() - asked)
        time.sleep(0.02)

    with load([read, *[worker.step for worker in workers]]):
        for_sync, for_async = (database_url(both.database, driver) for driver in drivers)
        alembic("upgrade", "head", url=for_sync, cwd=newer_project)
        assert revision_and_last_column(both.database) == ("0003", "priority")
        alembic("downgrade", "0002", url=for_async, cwd=newer_project)
        assert revision_and_last_column(both.database) == ("0002", "task_description")
        # Those that write have waited: let each kind of request come.
        until(lambda: any(worker.deleted for worker in workers), 10)
    assert max(reads) < 1
    assert_kept(both.database, workers, old)
    assert_sound(both.database, *both.logs)


def revision_and_last_column(database: Database) -> tuple[str, str]:
    """Return the revision of a database, and the name of the last column of its tasks."""
    [(revision,)] = query(database, "SELECT version_num FROM alembic_version")
    names = "SELECT name FROM pragma_table_info('task')"
    if isinstance(database, Remote):
        names = "SELECT column_name FROM information_schema.columns WHERE table_name = 'task'"
        names += " ORDER BY ordinal_position"
    *_, (column,) = query(database, names)
    return revision, column


# A server that is killed


class Writer:
    """A client that creates tasks until the server is gone."""

    def __init__(
        self, client: httpx.Client, number: str, at_end: Callable[[], None] | None = None
    ) -> None:
        """Use a client; `number` makes the names its own.

        With `at_end`, it stops at its 20th answer, or at an error, and calls that.
        """
        self.client = client
        self.at_end = at_end
        self.number = number
        self.serial = count()
        self.rows: dict[int, str] = {}  # what the service has acknowledged

    def run(self) -> None:
        """Create tasks. The request that meets the end of the server may fail, and is the last."""
        try:
            while self.at_end is None or len(self.rows) < 20:
                name = f"writer {self.number}, task {next(self.serial)}"
                task = ask(self.client, {201}, "POST", "/task/", json={"task_name": name}).json()
                self.rows[task["id"]] = name
        except httpx.TransportError:
            return
        finally:
            if self.at_end is not None:
                self.at_end()


@pytest.mark.parametrize(
    ("at_head", "kills"),
    [
        ("file_at_head", 1),
        pytest.param("file_at_head", 5, marks=pytest.mark.weekly),
        pytest.param("postgres_at_head", 5, marks=pytest.mark.weekly),
    ],
    indirect=["at_head"],
)
def test_kill(database: Database, kills: int) -> None:
    """Servers that are killed while 32 clients write have stored all that they acknowledged.

    And they start again on the same database as if nothing had happened.
    """
    known: dict[int, str] = {}
    for number in range(kills):
        with running_on(database, *VERSIONS) as running:
            assert_holds(database, known)
            writers = []
            for server, version in zip(running.servers, VERSIONS, strict=True):
                name = f"{number}.{version}"
                # At once after an answer: a commit that came later than its answer would be lost.
                writers.append(Writer(server.client, f"{name}.killer", server.process.kill))
                others = range(1, CONNECTIONS // 2)
                writers += [Writer(server.client, f"{name}.{other}") for other in others]
            with ThreadPoolExecutor(CONNECTIONS) as threads:
                done = [threads.submit(writer.run) for writer in writers]
            for writer in done:
                writer.result()
        assert_sound(database, *running.logs)
        for writer in writers:
            assert not writer.rows.keys() & known.keys()  # no id was given out twice
            known |= writer.rows
    assert known, "no client has got an answer"
    with running_on(database, *VERSIONS) as running:
        assert_holds(database, known)
        newest = max(known)
        for client in running.clients:
            assert client.get(f"/task/{newest}").json()["task_name"] == known[newest]
            assert client.post("/task/", json={"task_name": "after"}).status_code == 201
    assert_sound(database, *running.logs)
    print(f"{len(known)} tasks acknowledged, all kept")


def assert_holds(database: Database, known: dict[int, str]) -> None:
    """These tasks are there. Others may be there too, which were stored but not answered."""
    present = {task_id: name for task_id, (name, _) in stored(database).items()}
    assert known.items() <= present.items()
