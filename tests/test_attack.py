"""The service under attack, in both versions: bad input, forgeries, signals, faults of the disk.

However it is treated, no row that it has acknowledged is lost, no client makes it answer with 5xx,
and it does not grow. Each attack has a short form, which runs always, and a long one, which runs
with `pytest -m weekly -s` and prints how much it has tried.
"""

import asyncio
import json
import signal
import socket
import struct
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import count, product
from pathlib import Path
from random import Random
from shutil import copy

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
    serve_all,
    start,
)

KEEPER = 10**6  # the id of a row that no client deletes, so that no smaller id is given out again
SECONDS = 30.0
LONGEST = 1800  # seconds, of a long form on a slow machine
POOL = 5 * 3  # files: the connections that are kept open, with three files each
Address = tuple[str, int]


def short_or_long(short: int, long: int) -> pytest.MarkDecorator:
    """Run a test with a small number always, and with a large one in the weekly run."""
    return pytest.mark.parametrize(
        "size", [short, pytest.param(long, marks=pytest.mark.weekly)], ids=["short", "long"]
    )


@pytest.fixture
def own_file(tmp_path: Path, file_at_head: Path) -> Path:
    """A database at the newest revision, with one row, for the servers of one test."""
    new = Path(copy(file_at_head, tmp_path / "database.db"))
    query(new, "INSERT INTO task (id, task_name) VALUES (?, 'keeper')", KEEPER)
    return new


@pytest.fixture(scope="module")
def running(
    tmp_path_factory: pytest.TempPathFactory, file_at_head: Path
) -> Iterator[tuple[Path, list[Server]]]:
    """Both versions on one database, for all the tests that leave them running."""
    new = Path(copy(file_at_head, tmp_path_factory.mktemp("attack") / "database.db"))
    with both(new, "--no-access-log") as servers:
        yield new, servers


@pytest.fixture
def file(running: tuple[Path, list[Server]]) -> Path:
    """The database of these servers, with one row."""
    query(running[0], "DELETE FROM task")
    query(running[0], "INSERT INTO task (id, task_name) VALUES (?, 'keeper')", KEEPER)
    return running[0]


@pytest.fixture
def servers(running: tuple[Path, list[Server]]) -> list[Server]:
    """These servers."""
    return running[1]


@contextmanager
def both(file: Path, *options: str, cwd: Path | None = None) -> Iterator[list[Server]]:
    """Run both versions on one database."""
    wanted = [(one, database_url(file), file.with_name(f"{one}.log")) for one in VERSIONS]
    more = {} if cwd is None else {"cwd": cwd}
    with serve_all(wanted, *options, **more) as servers:
        yield servers


def address(server: Server) -> Address:
    """Return where a server listens."""
    return (server.client.base_url.host, server.client.base_url.port)


# Clients that are faster than httpx


class Gone(Exception):  # noqa: N818 - it is no error of the client
    """The server has closed the connection without an answer."""


@dataclass
class Connection:
    """A connection that is kept open, for one request after the other."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    @classmethod
    async def to(cls, server: Address) -> "Connection":
        """Open it."""
        return cls(*await asyncio.open_connection(*server))

    async def ask(self, method: str, path: str, body: object = None) -> tuple[int, bytes]:
        """Send a request; return the status and the body of its answer. Raise Gone."""
        content = b"" if body is None else json.dumps(body).encode()
        head = f"{method} {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        sent = f"{head}Content-Length: {len(content)}\r\n\r\n".encode() + content
        try:
            self.writer.write(sent)
            header = await self.reader.readuntil(b"\r\n\r\n")
            length = header.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
            return int(header[9:12]), await self.reader.readexactly(int(length or 0))
        except (OSError, EOFError) as error:
            raise Gone from error


@dataclass
class Known:
    """What clients have seen: answers by their status, and the rows that were acknowledged."""

    statuses: Counter[int] = field(default_factory=Counter)
    rows: dict[int, str] = field(default_factory=dict)

    @property
    def requests(self) -> int:
        """How many requests were answered."""
        return self.statuses.total()


async def work(server: Address, number: int, known: Known, goes_on: Callable[[], bool]) -> None:
    """Create, read, change, list and delete own tasks; each answer must be what it should be."""
    random, serial, own = Random(number), count(), list[int]()
    try:
        connection = await Connection.to(server)
    except OSError:
        return  # the server has gone before this client came
    while goes_on():
        what = random.choices(["POST", "PATCH", "GET", "DELETE", "list"], [3, 2, 3, 2, 1])[0]
        name = f"client {number}, {next(serial)}"
        if not own or what == "POST":
            call, wanted = ("POST", "/task/", {"task_name": name}), 201
        elif what == "list":
            call, wanted = ("GET", f"/task/?after={own[-1] - 1}&limit=20"), 200
        else:
            task = random.choice(own)
            body = ({"task_name": name},) if what == "PATCH" else ()
            call, wanted = (what, f"/task/{task}", *body), 204 if what == "DELETE" else 200
        if call[0] in ("PATCH", "DELETE"):  # it may be done, also if no answer comes
            known.rows.pop(task)
        if call[0] == "DELETE":
            own.remove(task)
        try:
            status, answer = await connection.ask(*call)
        except Gone:
            return
        known.statuses[status] += 1
        assert status == wanted, (call, status, answer)
        if call[0] == "POST":
            task = json.loads(answer)["id"]
            own.append(task)
        if call[0] in ("POST", "PATCH"):
            known.rows[task] = name
        elif what == "GET":
            assert json.loads(answer)["task_name"] == known.rows[task]
        elif what == "list":
            assert json.loads(answer)[0] == {
                "task_name": known.rows[own[-1]],
                "task_description": None,
                "id": own[-1],
            }
    connection.writer.close()


def together(*calls: Awaitable[object]) -> None:
    """Run these beside each other until all are done."""

    async def all_of_them() -> None:
        await asyncio.gather(*calls)

    asyncio.run(all_of_them())


def assert_holds(file: Path, known: Known) -> None:
    """The file is in order, and holds each row that was acknowledged, with its last content."""
    rows = dict(query(file, "SELECT id, task_name FROM task"))
    lost = {row: name for row, name in known.rows.items() if rows.get(row) != name}
    assert not lost
    assert query(file, "PRAGMA integrity_check") == [("ok",)]


def assert_no_error(file: Path) -> None:
    """Neither version has logged a traceback so far."""
    for version in VERSIONS:
        written = file.with_name(f"{version}.log").read_text(encoding="utf-8")
        assert "Traceback" not in written, written[written.index("Traceback") :][-2000:]


# Many requests


@dataclass
class Held:
    """What a process holds."""

    memory: int
    handles: int
    threads: int

    @classmethod
    def by(cls, server: Server) -> "Held":
        """Ask the system."""
        process = psutil.Process(server.process.pid)
        handles = process.num_handles() if sys.platform == "win32" else process.num_fds()
        return cls(process.memory_info().rss, handles, process.num_threads())


@pytest.mark.timeout(LONGEST)
@short_or_long(800, 33_000)
def test_does_not_grow(file: Path, servers: list[Server], size: int) -> None:
    """After many requests, a server holds no more memory, files and threads than after some."""
    known = Known()

    def some(requests: int, first: int) -> None:
        end = known.requests + requests
        together(
            *(
                work(address(server), first + number, known, lambda: known.requests < end)
                for number in range(8)
                for server in servers
            )
        )
        query(file, "DELETE FROM task WHERE id > ?", KEEPER)
        known.rows.clear()
        time.sleep(0.3)  # until the connections are closed

    some(max(size // 6, 600), 0)
    before = [Held.by(server) for server in servers]
    some(2 * size, 100)
    after = [Held.by(server) for server in servers]
    print(f"\n{known.requests} requests, {dict(known.statuses)}\n{before}\n{after}")
    for one, other in zip(before, after, strict=True):
        assert other.memory - one.memory < 8_000_000
        assert other.handles <= one.handles + POOL
        assert other.threads <= one.threads + 5


@pytest.mark.weekly
@pytest.mark.timeout(LONGEST)
def test_many_requests(file: Path, servers: list[Server]) -> None:
    """As many requests as the service has to stand: each is answered as it should be."""
    known = Known()
    together(
        *(
            work(address(server), number, known, lambda: known.requests < 190_000)
            for number, server in enumerate(servers * 16)
        )
    )
    assert_holds(file, known)
    print(f"\n{known.requests} requests, {dict(known.statuses)}")


# Bad input

VALUES = [
    *(None, True, 0, -1, 1.5, 10**400, [], {}, "", "\0", "a\0b", "x" * 101, "x" * 1001, ["a"]),
    *({"a": 1}, "\ud800", "😀" * 101, float("nan"), float("inf"), "x" * 20_000, [[[[]]]]),
]
KEYS = ["task_name", "task_description", "id", "", "__class__", "task_name\0", "TASK_NAME", "$ne"]
TARGETS = [("POST", "/task/"), ("PATCH", f"/task/{KEEPER}"), ("PATCH", "/task/1")]
IDS = ["0", "-1", "a", "1.5", "1e3", "%00", "2147483648", "9" * 400, "NaN", "null", "0x1", "%2e%2e"]
QUERIES = ["after", "limit"]


def bad_inputs() -> Iterator[tuple[str, str, object]]:
    """Give requests of which none may be a reason for a 5xx, whatever else it is answered."""
    for (method, path), key, value in product(TARGETS, KEYS, VALUES):
        yield method, path, {"task_name": "good", key: value}
    for (method, path), value in product(TARGETS, VALUES):
        yield method, path, value
    for method, one in product(("GET", "PATCH", "DELETE"), IDS):
        yield method, f"/task/{one}", {"task_name": "good"} if method == "PATCH" else None
    for name, one in product(QUERIES, IDS):
        yield "GET", f"/task/?{name}={one}", None


@short_or_long(8, 1)
def test_bad_input(file: Path, servers: list[Server], size: int) -> None:
    """Some hundred bad inputs (in the short form, every eighth): no 5xx, no row but those of 201.

    `size` is how many of them stand between two that are tried.
    """
    inputs = list(bad_inputs())[::size]
    known = Known()

    async def send_all(server: Address) -> None:
        connection = await Connection.to(server)
        for method, path, body in inputs:
            status, answer = await connection.ask(method, path, body)
            known.statuses[status] += 1
            assert status < 500, (method, path, body, answer)
            if status in (400, 413):  # then it closes the connection
                connection = await Connection.to(server)
            if status == 201:
                known.rows[json.loads(answer)["id"]] = json.loads(answer)["task_name"]

    together(*(send_all(address(server)) for server in servers))
    assert_holds(file, known)
    assert query(file, "SELECT count(*) FROM task") == [(1 + len(known.rows),)]
    print(f"\n{len(inputs)} bad inputs for each version, {dict(known.statuses)}")


# Forged HTTP

BODY = b'{"task_name": "forged"}'
LINES = [
    *(b"POST /task/ HTTP/1.1", b"POST /task/ HTTP/1.0", b"POST  /task/ HTTP/1.1"),
    *(b"POST /task/\t HTTP/1.1", b"POST /task/ HTTP/2.0", b"post /task/ HTTP/1.1"),
    *(b"POST http://x/task/ HTTP/1.1", b"POST //task/ HTTP/1.1", b"POST /task/#a HTTP/1.1"),
    *(b"POST /task/?\xff HTTP/1.1", b"POST /task/%00 HTTP/1.1", b"\r\n\r\nPOST /task/ HTTP/1.1"),
    *(b"CONNECT x:1 HTTP/1.1", b"TRACE /task/ HTTP/1.1", b"PRI * HTTP/2.0", b"OPTIONS * HTTP/1.1"),
]
FORGED = [
    *(b"", b"Content-Length: 23\r\nContent-Length: 23", b"Content-Length: 23\r\nContent-Length: 5"),
    *(b"Content-Length: +23", b"Content-Length: 0x17", b"Content-Length: 2 3"),
    *(b"Content-Length: 99999999999999999999", b"Content-Length: 23\r\nTransfer-Encoding: chunked"),
    *(b"Transfer-Encoding: chunked, chunked", b"Transfer-Encoding: xchunked"),
    *(b"Transfer-Encoding : chunked", b"Content-Length: 23\r\n folded", b"X: a\0b", b"X: a\rb"),
    *(b": empty", b"X" * 70_000 + b": a", b"Expect: 200-ok", b"Upgrade: h2c\r\nHTTP2-Settings: a"),
    *(b"Connection: close, keep-alive\r\nContent-Length: 23", b"Content-Encoding: gzip"),
]


WAIT = 1.0  # seconds for an answer


def forgeries() -> Iterator[bytes]:
    """Give what is no HTTP, or hardly: each line with good headers and with each bad one."""
    good = b"Host: x\r\nConnection: close\r\nContent-Type: application/json\r\n"
    for line, forged in product(LINES, FORGED):
        yield line + b"\r\n" + good + forged + b"\r\n\r\n" + BODY
    yield from (b"\0" * 100, b"\xff" * 100, b"\n" * 100, b"GET", b"\x16\x03\x01\x02\x00", b"*")


@short_or_long(16, 1)
def test_forgery(file: Path, servers: list[Server], size: int) -> None:
    """Some hundred of them (in the short form, every 16th): no 5xx, no row but those of 201.

    A middleware that limits bodies by their `Content-Length`, for example, fails here.
    """
    sent = list(forgeries())[::size]
    statuses: Counter[int] = Counter()

    async def forge(server: Address, one: bytes) -> None:
        reader, writer = await asyncio.open_connection(*server)
        writer.write(one)
        answer = b""
        with suppress(TimeoutError, ConnectionError):
            async with asyncio.timeout(WAIT):  # some of them wait for more
                while got := await reader.read(65536):
                    answer += got
        writer.close()
        statuses[0] += not answer
        for line in answer.split(b"\n"):
            if line.startswith(b"HTTP/1."):
                assert line[9:10] != b"5", (one, answer)
                statuses[int(line[9:12])] += 1

    for first in range(0, len(sent), 20):
        some = sent[first : first + 20]
        together(*(forge(address(server), one) for one in some for server in servers))
    for server in servers:
        assert server.client.get("/ping").status_code == 200
    [(stored,)] = query(file, "SELECT count(*) FROM task")
    assert 0 <= stored - 1 - statuses[201] <= statuses[0]  # of some, the answer came too late
    assert_no_error(file)
    print(f"\n{len(sent)} forgeries for each version, {dict(statuses)}")


# Clients that leave


@short_or_long(60, 3_000)
def test_disconnects(file: Path, servers: list[Server], size: int) -> None:
    """Clients that leave in the middle of a request, or before its answer, with and without a
    word: nobody else waits, no row is stored twice, and the connections are free again.

    A middleware that reads the body, for example, stops here with an error in the log.
    """
    requests = [
        b"POST /task/ HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        b"Content-Length: 23\r\n\r\n" + BODY,
        b"GET /task/?limit=100 HTTP/1.1\r\nHost: x\r\n\r\n",
    ]
    random, whole = Random(1), 0
    before = [Held.by(server).handles for server in servers]
    for server in servers:
        for number in range(size):
            request = requests[number % 2]
            cut = random.choice([len(request), random.randrange(len(request))])
            whole += number % 2 == 0 and cut == len(request)
            with socket.create_connection(address(server), SECONDS) as client:
                client.sendall(request[:cut])
                if random.random() < 0.5:  # RST in the place of FIN
                    linger = struct.pack("ii" if sys.platform != "win32" else "hh", 1, 0)
                    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    for server in servers:
        assert server.client.get("/task/").status_code == 200
        assert server.client.post("/task/", json={"task_name": "own"}).status_code == 201
    deadline = time.monotonic() + SECONDS
    for server, old in zip(servers, before, strict=True):
        while Held.by(server).handles > old + POOL + 1:  # and the one client's own
            assert time.monotonic() < deadline
            time.sleep(0.05)
    [(stored,)] = query(file, "SELECT count(*) FROM task WHERE task_name = 'forged'")
    assert stored <= whole
    assert_no_error(file)
    print(f"\n{2 * size} disconnects; {stored} rows of {whole} whole requests")


# Signals

SIGNALS = ["KILL", *([] if sys.platform == "win32" else ["TERM", "INT"])]


async def send(name: str, servers: list[Server], seconds: float) -> None:
    """Send a signal to each server after some time. Windows knows only one, which kills."""
    await asyncio.sleep(seconds)
    for server in servers:
        server.process.send_signal(getattr(signal, f"SIG{name}", signal.SIGTERM))


@pytest.mark.timeout(LONGEST)
@short_or_long(1, 10)
def test_signals(own_file: Path, size: int) -> None:
    """Servers that are stopped or killed while clients write have lost nothing of what they said.

    Each round is one signal for each version, and then both start again on the same file.
    """
    known, sent = Known(), Counter[str]()
    random = Random(1)
    for name, _ in product(SIGNALS if size > 1 else ["TERM"], range(size)):
        with both(own_file, "--timeout-graceful-shutdown", "10") as servers:
            assert_holds(own_file, known)
            workers = [
                work(address(server), 1000 * sent.total() + number, known, lambda: True)
                for number, server in enumerate(servers * 8)
            ]
            together(send(name, servers, random.uniform(0.2, 0.8)), *workers)
            sent[name] += len(servers)
            for server in servers:
                server.process.wait(SECONDS)
        assert_holds(own_file, known)
    print(f"\n{dict(sent)}: {known.requests} requests, {len(known.rows)} rows are left and known")


# Migrations beside each other


@pytest.mark.timeout(LONGEST)
@short_or_long(2, 6)
def test_simultaneous_migrations(tmp_path: Path, file_at_head: Path, size: int) -> None:
    """Several `alembic upgrade head` at once on a new file: all succeed, and it is done once.

    The first revision takes its time, so that the others come while it is at work.
    """
    project = copy_project(tmp_path / "a project")
    first = project / "alembic" / "versions" / "0001_init.py"
    text = first.read_text(encoding="utf-8")
    slow = text.replace('"""Upgrade schema."""\n', "__import__('time').sleep(0.5)\n")
    assert slow != text
    first.write_text(slow, encoding="utf-8", newline="\n")
    expected = query(file_at_head, "SELECT sql FROM sqlite_schema ORDER BY name")
    rounds = 1 if size == 2 else 9
    for number in range(rounds):
        file = tmp_path / f"{number}.db"
        processes = [
            start("alembic", "upgrade", "head", url=database_url(file, driver), cwd=project)
            for driver in (DRIVERS * size)[:size]
        ]
        results = [outcome(process) for process in processes]
        assert [status for status, _, _ in results] == [0] * size, results
        assert query(file, "SELECT sql FROM sqlite_schema ORDER BY name") == expected
        assert query(file, "SELECT version_num FROM alembic_version") == [("0002",)]
    print(f"\n{rounds * size} migrations, {size} at once")
