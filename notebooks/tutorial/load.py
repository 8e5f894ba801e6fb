"""Starts servers as processes of their own, and puts them under load.

`serve` runs a server inside the kernel, which is right for looking at it. To measure a server, or
to kill it, it has to be a process: then it shares no thread with what measures it.
"""

from __future__ import annotations

import asyncio
import atexit
import json
import math
import os
import re
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from tutorial.errors import Problem
from tutorial.explain import explained, one_line
from tutorial.server import STOP_SECONDS, Stoppable, not_started
from tutorial.workspace import TRIAL, copy_project, location

START_SECONDS = 30.0
ANSWER_SECONDS = 30.0  # the longest that an answer may take after the time of a load is over
LONGEST_LOAD = 60.0  # seconds
MOST_CONNECTIONS = 256

# Runs uvicorn, and ends it when its standard input is closed: the system closes it when the kernel
# ends, however it ends. os.read, because a thread that waits in sys.stdin can block the exit.
PROGRAM = """
import os, threading
threading.Thread(target=lambda: (os.read(0, 1), os._exit(1)), daemon=True).start()
from uvicorn.main import main
main()
"""

_running: list[Process] = []
_loads = Counter[str]()


def trial_folder(name: str) -> Path:
    """Return a folder for a trial, with a copy of the project: under_load/`name` in the workspace.

    A copy of an earlier run is replaced.
    """
    folder = location() / TRIAL / name
    for left in folder.glob("*.log"):
        left.unlink()
    copy_project(location(), folder)
    return folder


class Process(Stoppable):
    """A server that runs in a process of its own. `url` is its address."""

    def __init__(self, target: str, folder: Path, options: tuple[str, ...], settings: dict) -> None:
        self.target = target
        # A file, because a pipe that nobody reads would stop the server when it is full.
        number = len(list(folder.glob("server*.log"))) + 1
        self._log = folder / f"server{number}.log"
        environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONUTF8": "1"}
        environment.pop("DATABASE_URL", None)
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-c", PROGRAM, target, "--port", "0", *options],
                cwd=folder,
                env=environment | settings,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        _running.append(self)
        self.url = ""

    def __repr__(self) -> str:
        return f"<{self.target} {'runs' if self.is_running else 'is stopped'}>"

    @property
    def is_running(self) -> bool:
        """Whether the process is alive."""
        return self._process.poll() is None

    def stop(self) -> None:
        """Ask the server to end; kill it after STOP_SECONDS. Stopping twice does no harm."""
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
        self._clean_up()

    def kill(self) -> None:
        """End the process at once: no line of its code runs any more."""
        self._process.kill()
        self._clean_up()

    def _clean_up(self) -> None:
        self._process.wait()
        if self._process.stdin:
            self._process.stdin.close()
        if self in _running:
            _running.remove(self)

    def wait_until_up(self) -> None:
        """Wait until the server says its address. Raises Problem with its last words if it ends."""
        deadline = time.monotonic() + START_SECONDS
        while True:
            alive = self.is_running  # asked first: what it wrote last is then in the log
            text = self._log.read_text(encoding="utf-8", errors="replace")
            if found := re.search(r"running on (http://127\.0\.0\.1:\d+) ", text):
                self.url = found[1]
                return
            if not alive:
                raise _reason(self.target, text)
            if time.monotonic() > deadline:
                seconds = round(START_SECONDS)
                raise Problem("server-too-slow", name=self.target, seconds=seconds)
            time.sleep(0.02)


def _reason(target: str, log: str) -> Problem:
    """Return why a server did not start, from what it has logged."""
    if found := re.search(r'Could not import module "(.+)"', log):
        return Problem("no-such-module", name=found[1])
    if found := re.search(r'Attribute "(.+)" not found in module "(.+)"', log):
        return Problem("no-app", name=found[1], module=found[2])
    return not_started(target, log, _last_words(log))


def _last_words(log: str) -> str:
    """Return the error that a server logged: uvicorn's own line, or the end of a traceback."""
    if "Traceback" in log:
        return one_line(log[log.index("Traceback") :])
    errors = [line.removeprefix("ERROR:").strip() for line in log.splitlines() if "ERROR:" in line]
    return next(iter(errors or log.strip().splitlines()[-1:]), "it gave no reason.")


@explained
def start_process(target: str, folder: str | Path, *options: str, **settings: str) -> Process:
    """Start a server as a process of its own, on 127.0.0.1 and a free port.

    target: as on uvicorn's command line, for example "app.main:app". folder: where it runs.
    options: of uvicorn, for example "--no-access-log". settings: environment variables.

    Returns the process, whose server is up: it has `url`, `stop()` and `kill()`, and it stops at
    the end of a `with` block, and when the kernel ends. Raises Problem with the last words of the
    server if it does not come up.
    """
    if not Path(folder).is_dir():
        raise Problem("no-such-module", name=target.partition(":")[0])
    process = Process(target, Path(folder), options, settings)
    try:
        process.wait_until_up()
    except BaseException:  # an interrupt too must leave no process behind
        process.kill()
        raise
    return process


@atexit.register
def stop_processes() -> None:
    """Stop every process that `start_process` started in this kernel."""
    for process in list(_running):
        process.kill()


def running_processes() -> list[Process]:
    """Return the servers that run as processes of this kernel."""
    return [process for process in _running if process.is_running]


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
        wrong = sum(number for status, number in self.statuses.items() if status >= 400)
        return wrong + self.lost

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
    """Return the smallest of `times` that at least `percent` % of them do not exceed.

    NaN if there are none.
    """
    if not times:
        return math.nan
    return sorted(times)[max(math.ceil(len(times) * percent / 100) - 1, 0)]


async def load(
    url: str,
    path: str = "/ping",
    body: dict | None = None,
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
    run = _Run(url, path, body, seconds, requests, Load(connections))
    try:
        await asyncio.to_thread(asyncio.run, run.all())
    finally:
        run.end = 0.0  # an interrupt of the cell does not end the thread
    _loads[path] += 1
    return run.result


def number_of_loads() -> int:
    """Return how many loads have ended in this kernel."""
    return _loads.total()


class _Run:
    """One load while it runs."""

    def __init__(
        self,
        url: str,
        path: str,
        body: dict | None,
        seconds: float,
        requests: int | None,
        result: Load,
    ) -> None:
        found = re.fullmatch(r"http://([\w.-]+):(\d+)/?", url)
        if not found:
            raise Problem("server-gone")
        self.address = found[1], int(found[2])
        self.seconds = seconds
        self.end = math.inf
        self.left = math.inf if requests is None else requests
        self.result = result
        content = b"" if body is None else json.dumps(body).encode()
        lines = [f"{'GET' if body is None else 'POST'} {path} HTTP/1.1", f"Host: {found[1]}"]
        if body is not None:
            lines += ["Content-Type: application/json", f"Content-Length: {len(content)}"]
        self.request = "\r\n".join([*lines, "", ""]).encode() + content

    async def all(self) -> None:
        """Run the connections to their end."""
        opening = [asyncio.open_connection(*self.address) for _ in range(self.result.connections)]
        opened = await asyncio.gather(*opening, return_exceptions=True)
        streams = [one for one in opened if not isinstance(one, BaseException)]
        if not streams:
            raise Problem("server-gone") from opened[0]
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
                    self.note(status, content, 1000 * (time.perf_counter() - sent))
                    if not goes_on:
                        return
        except (OSError, EOFError, ValueError, TimeoutError):
            return  # the connection is broken: what it did until then counts

    def note(self, status: int, content: bytes, milliseconds: float) -> None:
        """Count an answer."""
        self.result.times.append(milliseconds)
        self.result.statuses[status] += 1
        if status == 201:
            self.result.ids.append(json.loads(content)["id"])


async def _read_answer(reader: asyncio.StreamReader) -> tuple[int, bytes, bool]:
    """Read an HTTP answer: its status, its body, and whether the connection stays open."""
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
    except asyncio.LimitOverrunError as error:
        raise ValueError("this is no answer of HTTP") from error
    status = int(head[9:12])
    length = re.search(rb"\r\ncontent-length: *(\d+)", head)
    content = await reader.readexactly(int(length[1])) if length else b""
    return status, content, b"\r\nconnection: close" not in head
