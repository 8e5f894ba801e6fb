"""Puts a server under load, and counts what comes of it."""

import asyncio
import json
import math
import re
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from tutorial.errors import Problem

ANSWER_SECONDS = 30.0  # the longest that an answer may take after the time of a load is over
LONGEST_LOAD = 60.0  # seconds
MOST_CONNECTIONS = 256


@dataclass
class Load:
    """What came of a load.

    connections: how many were open at the same time. statuses: how many answers had each status.
    lost: how many requests got no answer. seconds: how long it took. times: how long each answer
    took, in milliseconds. ids: of the rows whose creation was answered with 201.
    """

    connections: int
    statuses: Counter[int] = field(default_factory=Counter)
    lost: int = 0
    seconds: float = 0.0
    times: list[float] = field(default_factory=list)
    ids: list[int] = field(default_factory=list)

    @property
    def answered(self) -> int:
        """How many requests got an answer, whatever it says."""
        return len(self.times)

    @property
    def errors(self) -> int:
        """How many requests got no answer, or one that says that it went wrong."""
        return self.lost + sum(n for status, n in self.statuses.items() if status >= 400)

    @property
    def rate(self) -> float:
        """Answers a second."""
        return self.answered / self.seconds

    @property
    def p50(self) -> float:
        """The time in milliseconds that half of the answers do not exceed."""
        return percentile(self.times, 50)

    @property
    def p99(self) -> float:
        """The time in milliseconds that 99 of 100 answers do not exceed."""
        return percentile(self.times, 99)


def percentile(times: list[float], percent: int) -> float:
    """Return the smallest of `times` that at least `percent` % of them do not exceed, or NaN."""
    if not times:
        return math.nan
    return sorted(times)[max(math.ceil(len(times) * percent / 100) - 1, 0)]


async def load(
    url: str,
    path: str = "/ping",
    body: dict[str, Any] | None = None,
    *,
    connections: int = 32,
    seconds: float = 1.0,
    requests: int | None = None,
) -> Load:
    """Send requests over several connections at once; each sends the next after its answer.

    url: of the server. body: sent as JSON with POST; without one, the requests are GET. Ends after
    `seconds`, or earlier if `requests` were sent; answers that are still out are waited for. With
    `requests`, and no answer for long, it ends ANSWER_SECONDS later at most.

    Raises Problem if no server answers at that address. It runs in a thread with an event loop of
    its own, so that the kernel can do other things at the same time, and measures no wait of them.
    """
    if not 1 <= connections <= MOST_CONNECTIONS:
        raise ValueError(f"connections must be a number from 1 to {MOST_CONNECTIONS}")
    if not 0 < seconds <= LONGEST_LOAD:
        raise ValueError(f"seconds must be greater than 0, and at most {LONGEST_LOAD:.0f}")
    found = re.fullmatch(r"http://([\w.-]+):(\d+)/?", url)
    if not found:
        raise Problem("server-gone")
    left = math.inf if requests is None else requests
    request = _request(found[1], path, body)
    run = _Run((found[1], int(found[2])), request, seconds, left, Load(connections))
    try:
        await asyncio.to_thread(asyncio.run, run.all())
    finally:
        run.end = 0.0  # an interrupt of the cell does not end the thread
    return run.result


def _request(host: str, path: str, body: dict[str, Any] | None) -> bytes:
    """Return a request as it is sent."""
    if body is None:
        return f"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()
    content = json.dumps(body)
    lines = [f"POST {path} HTTP/1.1", f"Host: {host}", "Content-Type: application/json"]
    return "\r\n".join([*lines, f"Content-Length: {len(content)}", "", content]).encode()


@dataclass
class _Run:
    """One load while it runs."""

    address: tuple[str, int]
    request: bytes
    seconds: float
    left: float  # how many requests may still be sent
    result: Load
    end: float = math.inf

    async def all(self) -> None:
        """Run the connections to their end."""
        opening = [asyncio.open_connection(*self.address) for _ in range(self.result.connections)]
        opened = await asyncio.gather(*opening, return_exceptions=True)
        streams = [one for one in opened if not isinstance(one, BaseException)]
        if not streams:
            refused = [one for one in opened if isinstance(one, BaseException)]
            raise Problem("server-gone") from refused[0]
        self.started = time.perf_counter()
        self.end = min(self.end, self.started + self.seconds)
        try:
            await asyncio.gather(*(self.one(reader, writer) for reader, writer in streams))
        finally:
            self.result.seconds = time.perf_counter() - self.started
            for _, writer in streams:
                writer.close()

    async def one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Send one request after the other over a connection, until it is over or broken."""
        last = asyncio.get_running_loop().time() + self.seconds + ANSWER_SECONDS
        try:
            async with asyncio.timeout_at(last):
                while self.left > 0 and time.perf_counter() < self.end:
                    self.left -= 1
                    sent = time.perf_counter()
                    try:
                        writer.write(self.request)
                        await writer.drain()
                        status, content, goes_on = await _read_answer(reader)
                    except BaseException:
                        self.result.lost += 1
                        raise
                    self.result.times.append(1000 * (time.perf_counter() - sent))
                    self.result.statuses[status] += 1
                    if status == 201:
                        self.result.ids.append(json.loads(content)["id"])
                    if not goes_on:
                        return
        except (OSError, EOFError, ValueError, asyncio.LimitOverrunError):
            return  # the connection is broken, or no HTTP: what it did until then counts


async def _read_answer(reader: asyncio.StreamReader) -> tuple[int, bytes, bool]:
    """Read an HTTP answer: its status, its body, and whether the connection stays open."""
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    status = int(head[9:12])
    length = re.search(rb"\r\ncontent-length: *(\d+)", head)
    content = await reader.readexactly(int(length[1])) if length else b""
    return status, content, b"\r\nconnection: close" not in head
