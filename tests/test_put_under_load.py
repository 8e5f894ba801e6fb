"""Tests what notebook 11 is built on: servers as processes of their own, and the load."""

import asyncio
import json
import math
import os
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import psutil
import pytest

from tutorial import Problem, load, start_process, steps, trial_folder, workspace
from tutorial.load import Load, number_of_loads, percentile, running_processes, stop_processes

# The submodule has the name of its function, so `import tutorial.load` gives the function.
MODULE = sys.modules["tutorial.load"]
NOTEBOOKS = Path(MODULE.__file__).parent.parent
Answer = Callable[[asyncio.StreamWriter, int], Awaitable[None]]
CREATED = "HTTP/1.1 201 Created\r\nContent-Length: {}\r\n\r\n{}"

# A small ASGI app without FastAPI, which starts fast. It answers with what it was given.
APP = """
import json, os

async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        return
    given = {name: os.environ.get(name) for name in ("COLOUR", "DATABASE_URL")}
    body = json.dumps(given | {"folder": os.getcwd()}).encode()
    headers = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})
"""
HANGS = """
import asyncio

async def app(scope, receive, send):
    await receive()
    if WHEN == "end":
        await send({"type": "lifespan.startup.complete"})
        await receive()
    await asyncio.sleep(60)
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Give an empty workspace; at the end of a test, no process may be left."""
    monkeypatch.setenv("TUTORIAL_WORKSPACE", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", sys.path.copy())
    yield tmp_path
    left = running_processes()
    stop_processes()
    assert not left


class Stand:
    """Stands in for a server: answers each request as told, and counts what it sees."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.connections = 0
        self.requests: list[tuple[str, object]] = []
        self.url = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection."""
        self.connections += 1
        try:
            while not writer.is_closing():
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                length = head.lower().partition("content-length: ")[2].split("\r\n")[0]
                body = json.loads(await reader.readexactly(int(length))) if length else None
                self.requests.append((head.partition(" HTTP")[0], body))
                await self.answer(writer, len(self.requests))
        except (EOFError, OSError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def standing(answer: Answer):
    """Run a stand-in in this loop; the load has a loop of its own."""
    stand = Stand(answer)
    server = await asyncio.start_server(stand.serve, "127.0.0.1", 0)
    stand.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield stand
    finally:
        server.close()


async def create(writer: asyncio.StreamWriter, number: int) -> None:
    """Answer 201 with an id."""
    body = json.dumps({"id": number})
    writer.write(CREATED.format(len(body), body).encode())


def says(text: str, *, closes: bool = False) -> Answer:
    """Return a way to answer always with this text, and to close the connection then."""

    async def answer(writer: asyncio.StreamWriter, number: int) -> None:
        writer.write(text.encode())
        if closes:
            writer.close()

    return answer


def run(answer: Answer, *arguments: object, **more: object) -> tuple[Load, Stand]:
    """Put a stand-in under load; return what came of it, and what the stand-in has seen."""

    async def both() -> tuple[Load, Stand]:
        async with standing(answer) as stand:
            return await load(stand.url, *arguments, **more), stand

    return asyncio.run(both())


# The load


def test_it_counts_what_the_server_counts() -> None:
    """Requests, connections, bodies, ids and times: all as the server has seen them."""
    before = number_of_loads()
    result, stand = run(create, "/task/", {"task_name": "a"}, connections=4, requests=50)
    assert stand.connections == 4
    assert stand.requests == [("POST /task/", {"task_name": "a"})] * 50
    assert (result.answered, result.statuses, result.errors) == (50, {201: 50}, 0)
    assert sorted(result.ids) == list(range(1, 51))
    assert len(result.times) == 50
    assert 0 < result.p50 <= result.p99 <= max(result.times) <= 1000 * result.seconds
    assert result.rate == 50 / result.seconds
    assert number_of_loads() == before + 1


def test_it_ends_in_time() -> None:
    """Without a number of requests, it goes on for the seconds that it was given."""
    result, stand = run(says("HTTP/1.1 204 No Content\r\n\r\n"), connections=2, seconds=0.3)
    assert 0.3 <= result.seconds < 3
    assert result.answered == len(stand.requests) > 2
    assert stand.requests[0] == ("GET /ping", None)


def test_an_answer_that_says_500_is_an_error() -> None:
    """It is an answer, but not a good one."""
    answer = says("HTTP/1.1 500 Internal Server Error\r\nContent-Length: 2\r\n\r\nno")
    result, _ = run(answer, connections=2, requests=10)
    assert (result.answered, result.statuses, result.errors, result.lost) == (10, {500: 10}, 10, 0)
    assert result.ids == []


@pytest.mark.parametrize(
    "text",
    ["", "HTTP/1.1 201", "HTTP/1.1 201 Created\r\nContent-Length: 9\r\n\r\n{", "what?\r\n\r\n"],
    ids=["nothing", "half a head", "half a body", "no HTTP"],
)
def test_a_connection_that_breaks(text: str) -> None:
    """The request that was open is lost, and was not acknowledged. What was before it counts."""

    async def break_later(writer: asyncio.StreamWriter, number: int) -> None:
        if number <= 20:
            await create(writer, number)
        else:
            writer.write(text.encode())
            writer.close()

    result, _ = run(break_later, connections=4, seconds=5)
    assert (result.answered, result.lost, result.errors) == (20, 4, 4)
    assert sorted(result.ids) == list(range(1, 21))
    assert result.seconds < 3


def test_a_server_that_closes_after_its_answer() -> None:
    """If the answer has said so, nothing is lost."""
    text = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    result, _ = run(says(text, closes=True), connections=3, seconds=5)
    assert (result.answered, result.lost) == (3, 0)


def test_a_server_that_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A load does not wait for ever."""
    monkeypatch.setattr(MODULE, "ANSWER_SECONDS", 0.2)
    result, _ = run(says(""), connections=3, seconds=0.1)
    assert (result.answered, result.lost) == (0, 3)
    assert result.seconds < 3
    assert math.isnan(result.p99)


def test_other_work_goes_on() -> None:
    """The loop that awaits a load is free in the meantime, as that of the kernel must be."""

    async def both() -> int:
        async with standing(create) as stand:
            running = asyncio.create_task(load(stand.url, connections=1, seconds=0.5))
            turns = 0
            while not running.done():
                await asyncio.sleep(0.01)
                turns += 1
            return turns

    assert asyncio.run(both()) > 5


def test_an_interrupt_ends_it() -> None:
    """A load that is cancelled sends nothing more after its open requests."""

    async def both() -> tuple[int, int]:
        async with standing(create) as stand:
            running = asyncio.create_task(load(stand.url, connections=1, seconds=30))
            await asyncio.sleep(0.3)
            running.cancel()
            await asyncio.sleep(0.2)
            sent = len(stand.requests)
            await asyncio.sleep(0.3)
            return sent, len(stand.requests)

    sent, later = asyncio.run(both())
    assert 0 < sent == later


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "", "127.0.0.1:8000", "app.main:app"])
def test_no_server(url: str) -> None:
    """It says that nobody answers at this address, and does not print a traceback of asyncio."""
    with pytest.raises(Problem, match="No server answers at this address"):
        asyncio.run(load(url, connections=2))


@pytest.mark.parametrize(
    ("name", "value"),
    [("connections", 0), ("connections", 10_000), ("seconds", 0), ("seconds", 3600)],
)
def test_a_load_has_limits(name: str, value: float) -> None:
    """It says which number is wrong, and what it may be."""
    with pytest.raises(ValueError, match=f"{name} must be"):
        asyncio.run(load("http://127.0.0.1:1", **{name: value}))


@pytest.mark.parametrize(
    ("times", "percent", "right"),
    [
        (range(1, 101), 99, 99),
        (range(100, 0, -1), 99, 99),
        (range(1, 101), 50, 50),
        (range(1, 1001), 99, 990),
        (range(1, 102), 99, 100),
        (range(1, 11), 99, 10),
        ([7], 99, 7),
        ([7], 50, 7),
        ([1, 2], 50, 1),
    ],
)
def test_percentile(times: range | list[int], percent: int, right: int) -> None:
    """The smallest time that enough of the others do not exceed; the order does not matter."""
    given = list(times)
    assert percentile(given, percent) == right
    assert given == list(times)
    assert math.isnan(percentile([], percent))


# The processes


def app_file(folder: Path, text: str = APP) -> None:
    """Write an app into a folder."""
    (folder / "small.py").write_text(text, encoding="utf-8")


def test_a_process(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It runs in its folder with its settings, not with ours, and it is gone after the block."""
    monkeypatch.setenv("DATABASE_URL", "sqlite:///somewhere_else.db")
    app_file(folder)
    with start_process("small:app", folder, COLOUR="red") as server:
        assert running_processes() == [server]
        assert repr(server) == "<small:app runs>"
        got = httpx.get(server.url).json()
        assert (got["COLOUR"], got["DATABASE_URL"]) == ("red", None)
        assert Path(got["folder"]).samefile(folder)
    assert repr(server) == "<small:app is stopped>"
    with pytest.raises(httpx.ConnectError):
        httpx.get(server.url)
    server.stop()
    server.kill()


def test_options_go_to_uvicorn(folder: Path) -> None:
    """With --no-access-log, no request is in the log; two servers of a folder have two logs."""
    app_file(folder)
    for number, options in enumerate([(), ("--no-access-log",)], start=1):
        with start_process("small:app", folder, *options) as server:
            httpx.get(server.url)
        log = (folder / f"server{number}.log").read_text(encoding="utf-8")
        assert ("GET / HTTP/1.1" in log) == (not options)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("raise ValueError('no luck')", "small:app did not start: ValueError: no luck"),
        ("app = (", "small:app did not start: SyntaxError: "),
        ("other = 1", "small has no app with the name `app`"),
        (None, "There is no module small in this project"),
    ],
    ids=["error", "syntax", "no app", "no file"],
)
def test_a_server_that_does_not_start(folder: Path, text: str | None, says: str) -> None:
    """It says why, in one line."""
    if text is not None:
        app_file(folder, text)
    with pytest.raises(Problem, match=says) as caught:
        start_process("small:app", folder)
    assert "Traceback" not in str(caught.value)
    assert not running_processes()


def test_no_folder(folder: Path) -> None:
    """A learner who has left out the cell that writes the app is told so."""
    with pytest.raises(Problem, match="There is no module service in this project") as caught:
        start_process("service:app", folder / "gone")
    assert "run the cells above that write it" in caught.value.todo


def test_an_old_database(folder: Path) -> None:
    """It says which command to run."""
    text = "raise RuntimeError('The database is old: run `alembic upgrade head`, then start.')"
    app_file(folder, text)
    with pytest.raises(Problem, match="The database is old") as caught:
        start_process("small:app", folder)
    assert caught.value.key == "database-not-at-head"


def test_a_server_that_does_not_come_up(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is ended, and the learner is told how long the course has waited."""
    monkeypatch.setattr(MODULE, "START_SECONDS", 1.0)
    app_file(folder, 'WHEN = "start"\n' + HANGS)
    with pytest.raises(Problem, match="did not start within 1 seconds"):
        start_process("small:app", folder)
    assert not running_processes()


def test_a_server_that_does_not_end(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It gets some time, then it is killed."""
    monkeypatch.setattr(MODULE, "STOP_SECONDS", 0.5)
    app_file(folder, 'WHEN = "end"\n' + HANGS)
    server = start_process("small:app", folder)
    started = time.monotonic()
    server.stop()
    assert not server.is_running
    assert time.monotonic() - started < 10


@pytest.mark.parametrize("end", ["pass", "os._exit(1)", "os.kill(os.getpid(), 9)"])
def test_no_server_outlives_its_kernel(folder: Path, end: str) -> None:
    """Whether the kernel ends in order, crashes or is killed: the server ends, too."""
    app_file(folder)
    text = (
        "import os\nfrom tutorial import start_process\n"
        "server = start_process('small:app', '.')\n"
        f"print(server._process.pid, flush=True)\n{end}\n"
    )
    environment = os.environ | {"PYTHONPATH": str(NOTEBOOKS)}
    command = [sys.executable, "-c", text]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=False)
    pid = int(done.stdout)
    deadline = time.monotonic() + 10
    while psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline, "the server runs on"
        time.sleep(0.02)


def test_begin_stops_what_was_left(folder: Path) -> None:
    """A cell that was stopped half-way may leave a server; the next begin ends it."""
    app_file(folder)
    server = start_process("small:app", folder)
    steps.begin(1)
    assert not server.is_running


def test_a_trial_has_a_copy_of_the_project(folder: Path) -> None:
    """What happens in the copy does not reach the project; a copy is made anew each time."""
    (folder / "app").mkdir()
    (folder / "app" / "main.py").write_text("mine = 1\n", encoding="utf-8")
    (folder / "database.db").write_bytes(b"rows")
    for _ in range(2):
        copy = trial_folder("first")
        assert copy == folder.resolve() / workspace.TRIAL / "first"
        assert sorted(path.name for path in copy.iterdir()) == ["app", "database.db"]
        (copy / "app" / "main.py").write_text("changed = 1\n", encoding="utf-8")
        (copy / "database.db").write_bytes(b"other rows")
        (copy / "server1.log").touch()
    assert (folder / "app" / "main.py").read_text(encoding="utf-8") == "mine = 1\n"
    assert (folder / "database.db").read_bytes() == b"rows"
    workspace.clear_trials(folder)
    assert not copy.parent.exists()
