"""The service is correct under load, in both versions: real servers, and many requests at once.

Each client works alone on its own rows, so it always knows what the database must hold of them.
"""

import socket
import sqlite3
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from itertools import count
from pathlib import Path
from random import Random
from shutil import copy
from threading import Event

import httpx
import pytest
from service import DRIVERS, VERSIONS, alembic, copy_project, database_url, query, serve

CONNECTIONS = 32
HOLD = 2  # seconds for which another program holds the write lock
KEEPER = 10**6  # the id of a row that no client touches, so that no smaller id is given out
URL_DRIVER = dict(zip(VERSIONS, DRIVERS, strict=True))  # the driver of each version


def durations(short: int, long: int) -> pytest.MarkDecorator:
    """Run a test twice: for a few seconds by default, and longer with `pytest -m slow`."""
    slow = pytest.param(long, marks=pytest.mark.slow)
    return pytest.mark.parametrize("seconds", [short, slow], ids="{}s".format)


@pytest.fixture
def database(tmp_path: Path, file_at_head: Path) -> Path:
    """An empty database at the newest revision, of this test only."""
    return Path(copy(file_at_head, tmp_path / "database.db"))


@pytest.fixture(params=VERSIONS)
def version(request: pytest.FixtureRequest) -> str:
    """One version of the service after the other."""
    return request.param


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


def run(workers: list[Worker], seconds: float) -> None:
    """Let all the workers work at once for some seconds."""
    with load([worker.step for worker in workers]):
        time.sleep(seconds)


# What must hold afterwards

Stored = dict[int, tuple[str, str | None]]


def stored(file: Path) -> Stored:
    """Return all the tasks in a file, by their ids."""
    rows = query(file, "SELECT id, task_name, task_description FROM task")
    return {task_id: (name, description) for task_id, name, description in rows}


def acknowledged(workers: list[Worker]) -> Stored:
    """Return the tasks that the workers know to be stored."""
    return {
        task_id: (content["task_name"], content["task_description"])
        for worker in workers
        for task_id, content in worker.rows.items()
    }


def assert_sound(file: Path, *logs: Path) -> None:
    """The file is not damaged, and no server has found it locked."""
    assert query(file, "PRAGMA integrity_check") == [("ok",)]
    for log in logs:
        written = log.read_text(encoding="utf-8")
        assert "database is locked" not in written and " 500 " not in written, written


def assert_kept(file: Path, workers: list[Worker], others: Stored | None = None) -> None:
    """The file holds what was acknowledged, with its last content, and nothing that was deleted."""
    assert stored(file) == {**(others or {}), **acknowledged(workers)}
    assert sum(worker.deleted for worker in workers) > 0
    print(f"{sum(next(worker.serial) for worker in workers)} writes, all kept")


def fill(file: Path, ids: range) -> Stored:
    """Store a task for each id, and return them."""
    rows = {task_id: (f"old task {task_id}", "old") for task_id in ids}
    with closing(sqlite3.connect(file)) as connection, connection:
        tasks = [(task_id, *content) for task_id, content in rows.items()]
        connection.executemany(
            "INSERT INTO task (id, task_name, task_description) VALUES (?, ?, ?)", tasks
        )
    return rows


# One process


@durations(2, 30)
def test_soak(version: str, database: Path, seconds: int) -> None:
    """32 clients write, read and delete at once: nothing fails and nothing is lost."""
    log = database.with_name("server.log")
    with serve(version, database_url(database), log) as server:
        workers = workers_for(server.client)
        run(workers, seconds)
    assert_kept(database, workers)
    assert_sound(database, log)


@durations(2, 15)
def test_long_reader(version: str, database: Path, seconds: int) -> None:
    """While another program reads in one long transaction, the service writes as always.

    And that program sees all the time what was there when it began.
    """
    old = fill(database, range(1, 100))
    everything = "SELECT id, task_name, task_description FROM task ORDER BY id"
    log = database.with_name("server.log")
    with (
        serve(version, database_url(database), log) as server,
        closing(sqlite3.connect(database)) as reader,
    ):
        reader.execute("BEGIN")
        before = reader.execute(everything).fetchall()
        workers = workers_for(server.client)
        with load([worker.step for worker in workers]):
            for _ in range(seconds * 5):
                time.sleep(0.2)
                assert reader.execute(everything).fetchall() == before
        assert len(stored(database)) > len(old)  # a new reader sees the new tasks
        reader.rollback()
    assert_kept(database, workers, old)
    assert_sound(database, log)


def test_long_writer(version: str, database: Path) -> None:
    """While another program holds the write lock, requests wait and then succeed.

    /ping needs no database, so it answers at once even when all 32 clients wait.
    """
    log = database.with_name("server.log")
    with (
        serve(version, database_url(database), log) as server,
        closing(sqlite3.connect(database)) as writer,
        ThreadPoolExecutor(CONNECTIONS) as threads,
    ):
        workers = workers_for(server.client)
        writer.execute("BEGIN IMMEDIATE")
        waiting = [threads.submit(worker.create) for worker in workers]
        end = time.monotonic() + HOLD
        pings = []
        while time.monotonic() < end:
            asked = time.monotonic()
            ask(server.client, {200}, "GET", "/ping")
            pings.append(time.monotonic() - asked)
            time.sleep(0.1)
        assert not any(request.done() for request in waiting)
        writer.rollback()
        for request in waiting:
            request.result()
    assert max(pings) < HOLD / 2
    assert len(acknowledged(workers)) == CONNECTIONS
    assert stored(database) == acknowledged(workers)
    assert_sound(database, log)


LONG_TASKS = """
INSERT INTO task (task_name, task_description)
WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 100)
SELECT 'task ' || n, replace(printf('%1000s', ''), ' ', '🐢') FROM numbers
"""


def test_slow_readers(version: str, database: Path) -> None:
    """Clients that ask for a long list and do not read it keep nobody from the database.

    Their answers are ready, so their sessions are closed, although little of it has arrived.
    """
    query(database, LONG_TASKS)
    log = database.with_name("server.log")
    with serve(version, database_url(database), log) as server, ExitStack() as stack:
        url = server.client.base_url
        for _ in range(4):
            client = stack.enter_context(socket.socket())
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)  # it takes little at once
            client.connect((url.host, url.port))
            # 20 lists of 400 KB: the system takes the first megabytes for the client.
            client.sendall(b"GET /task/?limit=100 HTTP/1.1\r\nHost: x\r\n\r\n" * 20)
        time.sleep(1)  # until they all wait
        ask(server.client, {200}, "GET", "/task/1")
        ask(server.client, {201}, "POST", "/task/", json={"task_name": "new"})
        server.process.kill()  # uvicorn would log that it can't send the other lists any more
    assert_sound(database, log)


# Two processes


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


@pytest.mark.parametrize(
    ("versions", "seconds"),
    [
        (("sync", "async"), 2),
        pytest.param(("sync", "async"), 12, marks=pytest.mark.slow),
        pytest.param(("sync", "sync"), 12, marks=pytest.mark.slow),
        pytest.param(("async", "async"), 12, marks=pytest.mark.slow),
    ],
    ids=lambda value: f"{value}s" if isinstance(value, int) else " and ".join(value),
)
def test_two_processes(versions: tuple[str, str], database: Path, seconds: int) -> None:
    """Two servers on one file keep the same promises, with 16 clients each.

    Half of the time each client works on its own rows, and half of the time on rows that both
    servers change and delete at once. Such a request is answered with 200, 204 or 404.
    """
    shared = fill(database, range(1, 1 + 1000 * seconds))
    keeper = fill(database, range(KEEPER, KEEPER + 1))
    logs = [database.with_name(f"server {number}.log") for number in (1, 2)]
    with ExitStack() as stack:
        servers = [
            stack.enter_context(serve(version, database_url(database), log))
            for version, log in zip(versions, logs, strict=True)
        ]
        workers = workers_for(*(server.client for server in servers))
        quarrel = Quarrel()

        def both(worker: Worker) -> Callable[[], None]:
            return lambda: (worker.step(), quarrel.step(worker.client))

        with load([both(worker) for worker in workers]):
            time.sleep(seconds)
    deleted = {row for row, status in quarrel.done if status == 204}
    changed = {row for row, status in quarrel.done if status == 200} - deleted
    assert deleted and {status for _, status in quarrel.done} == {200, 204, 404}
    untouched = {row: shared[row] for row in shared.keys() - deleted - changed}
    left = {row: content for row, content in stored(database).items() if row not in changed}
    assert left == {**untouched, **keeper, **acknowledged(workers)}
    print(f"{len(quarrel.done)} requests for {len(deleted)} rows that were deleted meanwhile")
    assert_sound(database, *logs)


# A migration while the service runs

MIGRATION = '''
"""A column more, and a copy of the whole table."""

import sqlalchemy as sa

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("task", sa.Column("priority", sa.Integer(), nullable=True))
    with op.batch_alter_table("task", recreate="always"):
        pass
'''


@pytest.fixture
def newer_project(tmp_path: Path) -> Path:
    """A copy of the project that has one revision more."""
    folder = copy_project(tmp_path / "a newer project")
    migration = folder / "alembic" / "versions" / "0003_add_priority.py"
    migration.write_text(MIGRATION, encoding="utf-8")
    return folder


def test_migration_under_load(version: str, database: Path, newer_project: Path) -> None:
    """A migration that copies the table while the service runs: nothing fails, nothing is lost.

    The new column may be empty, so the code that runs need not know it.
    """
    old = fill(database, range(1, 20_001))
    log = database.with_name("server.log")
    with serve(version, database_url(database), log) as server:
        workers = workers_for(server.client, connections=16)
        with load([worker.step for worker in workers]):
            time.sleep(0.3)
            alembic(
                *("upgrade", "head"),
                url=database_url(database, URL_DRIVER[version]),
                cwd=newer_project,
            )
            time.sleep(0.3)
    assert query(database, "SELECT version_num FROM alembic_version") == [("0003",)]
    columns = query(database, "SELECT name FROM pragma_table_info('task')")
    assert columns[-1] == ("priority",)
    assert_kept(database, workers, old)
    assert_sound(database, log)


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


@pytest.mark.parametrize("kills", [1, pytest.param(5, marks=pytest.mark.slow)])
def test_kill(version: str, database: Path, kills: int) -> None:
    """A server that is killed while 32 clients write has stored all that it has acknowledged.

    And it starts again on the same file as if nothing had happened.
    """
    log = database.with_name("server.log")
    known: dict[int, str] = {}
    for number in range(kills):
        with serve(version, database_url(database), log) as server:
            assert_holds(database, known)
            # At once after an answer: a commit that came later than its answer would be lost.
            killer = Writer(server.client, f"{number}.killer", at_end=server.process.kill)
            others = [Writer(server.client, f"{number}.{n}") for n in range(1, CONNECTIONS)]
            writers = [killer, *others]
            with ThreadPoolExecutor(CONNECTIONS) as threads:
                running = [threads.submit(writer.run) for writer in writers]
            for thread in running:
                thread.result()
        assert_sound(database, log)
        for writer in writers:
            assert not writer.rows.keys() & known.keys()  # no id was given out twice
            known |= writer.rows
    assert known, "no client has got an answer"
    with serve(version, database_url(database), log) as server:
        assert_holds(database, known)
        newest = max(known)
        assert server.client.get(f"/task/{newest}").json()["task_name"] == known[newest]
        assert server.client.post("/task/", json={"task_name": "after"}).status_code == 201
    assert_sound(database, log)
    print(f"{len(known)} tasks acknowledged, all kept")


def assert_holds(file: Path, known: dict[int, str]) -> None:
    """The file holds these tasks. It may hold others too, which were stored but not answered."""
    present = {task_id: name for task_id, (name, _) in stored(file).items()}
    assert known.items() <= present.items()


# A commit that fails

FAILING_COMMITS = """
CREATE TABLE refused (task_id INTEGER REFERENCES task (id) DEFERRABLE INITIALLY DEFERRED);
CREATE TRIGGER created AFTER INSERT ON task BEGIN INSERT INTO refused VALUES (-1); END;
CREATE TRIGGER changed AFTER UPDATE ON task BEGIN INSERT INTO refused VALUES (-1); END;
CREATE TRIGGER deleted AFTER DELETE ON task BEGIN INSERT INTO refused VALUES (-1); END;
"""


def test_commit_comes_before_the_answer(version: str, database: Path) -> None:
    """What could not be stored is not acknowledged: a commit that fails is answered with 500.

    Each write refers to a task that is not there. SQLite sees that only when it commits.
    """
    old = fill(database, range(1, 3))
    with closing(sqlite3.connect(database)) as connection:
        connection.executescript(FAILING_COMMITS)
    log = database.with_name("server.log")
    requests = [("POST", "/task/"), ("PATCH", "/task/1"), ("DELETE", "/task/2")]
    close = {"Connection": "close"}  # as the server closes it after an error
    with (
        pytest.raises(AssertionError, match="FOREIGN KEY constraint failed"),  # it is in the log
        serve(version, database_url(database), log) as server,
    ):
        for method, path in requests:
            body = None if method == "DELETE" else {"task_name": "new"}
            ask(server.client, {500}, method, path, json=body, headers=close)
    assert stored(database) == old
