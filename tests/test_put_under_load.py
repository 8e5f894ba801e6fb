"""Tests the load that notebook 11 puts on its servers."""

import asyncio
import json
import math
import re
import sys
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from types import SimpleNamespace

import pytest

from tutorial import Problem, course, load
from tutorial.load import Load, percentile

# The submodule has the name of its function, so `import tutorial.load` gives the function.
MODULE = sys.modules["tutorial.load"]
Answer = Callable[[asyncio.StreamWriter, int], Awaitable[None]]
CREATED = "HTTP/1.1 201 Created\r\nContent-Length: {}\r\n\r\n{}"


class Stand:
    """Stands in for a server: answers each request as told, and counts what it sees."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.connections = 0
        self.requests: list[tuple[str, object]] = []
        self.heads: set[str] = set()
        self.url = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection."""
        self.connections += 1
        try:
            while not writer.is_closing():
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                length = head.lower().partition("content-length: ")[2].split("\r\n")[0]
                body = json.loads(await reader.readexactly(int(length))) if length else None
                self.heads.add(head)
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


def test_it_counts_what_the_server_counts() -> None:
    """Requests, connections, bodies, ids and times: all as the server has seen them."""
    result, stand = run(create, "/task/", {"task_name": "a"}, connections=4, requests=50)
    assert stand.connections == 4
    assert stand.requests == [("POST /task/", {"task_name": "a"})] * 50
    (head,) = stand.heads
    assert {"Host: 127.0.0.1", "Content-Type: application/json"} <= {*head.splitlines()}
    assert (result.answered, result.statuses, result.errors) == (50, {201: 50}, 0)
    assert sorted(result.ids) == list(range(1, 51))
    assert len(result.times) == 50
    assert 0 < result.p50 <= result.p99 <= max(result.times) <= 1000 * result.seconds
    assert result.rate == 50 / result.seconds


def test_it_ends_in_time() -> None:
    """Without a number of requests, it goes on for the seconds that it was given."""
    result, stand = run(says("HTTP/1.1 204 No Content\r\n\r\n"), connections=2, seconds=0.3)
    assert 0.3 <= result.seconds < 3
    assert result.answered == len(stand.requests) > 2
    assert stand.requests[0] == ("GET /ping", None)


@pytest.mark.parametrize("status", [400, 404, 500])
def test_an_answer_that_refuses_is_an_error(status: int) -> None:
    """It is an answer, but not a good one."""
    answer = says(f"HTTP/1.1 {status} No\r\nContent-Length: 2\r\n\r\nno")
    result, _ = run(answer, connections=2, requests=10)
    assert (result.answered, result.errors, result.lost) == (10, 10, 0)
    assert result.statuses == {status: 10}
    assert result.ids == []


@pytest.mark.parametrize(
    "text",
    [
        *("", "HTTP/1.1 201", "HTTP/1.1 201 Created\r\nContent-Length: 9\r\n\r\n{"),
        *("what?\r\n\r\n", "what?" * 20_000),
    ],
    ids=["nothing", "half a head", "half a body", "no HTTP", "no HTTP, and no end"],
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


@pytest.mark.parametrize("wait", [0, 0.3], ids=["at once", "later"])
def test_an_interrupt_ends_it(wait: float) -> None:
    """A load that is cancelled sends nothing more after its open requests.

    At once, its thread has no connection yet: it must not begin then.
    """

    async def both() -> tuple[int, int]:
        async with standing(create) as stand:
            running = asyncio.create_task(load(stand.url, connections=1, seconds=30))
            await asyncio.sleep(wait)
            running.cancel()
            await asyncio.sleep(0.1)
            sent = len(stand.requests)
            await asyncio.sleep(0.1)
            return sent, len(stand.requests)

    sent, later = asyncio.run(both())
    assert sent == later
    assert sent > 0 or not wait


def test_some_connections_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The load goes over those that are open. The address may end with a slash."""
    opened, refused = asyncio.open_connection, iter([ConnectionRefusedError()])

    async def open_connection(*address: object) -> object:
        for error in refused:
            raise error
        return await opened(*address)

    async def both() -> tuple[Load, Stand]:
        async with standing(create) as stand:
            monkeypatch.setattr(asyncio, "open_connection", open_connection)
            return await load(f"{stand.url}/", connections=3, requests=10), stand

    result, stand = asyncio.run(both())
    assert (stand.connections, result.answered, result.errors) == (2, 10, 0)


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


def test_a_stall_does_not_make_async_the_slower_one() -> None:
    """11: 0.8 seconds in which nothing runs, while the async version waits, changes no output."""
    cells = {cell.id: cell.source for cell in course.cells(11)}
    (wait,) = set(re.findall(r"sleep\(([\d.]+)\)", cells["write-waiting"]))
    (faster,) = re.findall(r'print\("async was faster:", (.+)\)', cells["waiting"])
    names = {
        "in_threads": SimpleNamespace(seconds=2 * float(wait)),
        "with_await": SimpleNamespace(seconds=float(wait) + 0.8),
    }
    assert eval(faster, names)
