"""How long a read takes when the table is small, and when it is large."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from http.client import HTTPConnection
from math import ceil
from pathlib import Path
from random import Random
from statistics import median
from urllib.parse import urlsplit

from benchmarks.machine import Cores
from benchmarks.services import SERVICES, prepare, serve

VERSIONS = ("sync", "async")
PAGE = 20
BLOCKS = 6  # so often it is each server's turn


@dataclass
class Reads:
    """The medians of the times, in milliseconds, for one version and one size of the table."""

    rows: int
    version: str
    one: float  # reading one task, from anywhere in the table
    first: float  # listing the first page
    last: float  # listing the last page


def fill(file: Path, rows: int) -> None:
    """Store so many tasks, with the ids from 1 on."""
    tasks = ((n, f"task {n}", "a task that was stored before") for n in range(1, rows + 1))
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.executemany(
            "INSERT INTO task (id, task_name, task_description) VALUES (?, ?, ?)", tasks
        )


def paths(rows: int) -> dict[str, Iterator[str]]:
    """Return, for each kind of read, the paths to ask for, without an end."""
    random = Random(1)
    return {
        "one": iter(lambda: f"/task/{random.randint(1, rows)}", None),
        "first": iter(lambda: f"/task/?limit={PAGE}", None),
        "last": iter(lambda: f"/task/?after={max(rows - PAGE, 0)}&limit={PAGE}", None),
    }


def ask(url: str, asked: Iterator[str], count: int) -> list[float]:
    """Read so many times on one connection, and return how long each took, in milliseconds."""
    times = []
    with closing(HTTPConnection(urlsplit(url).netloc, timeout=30)) as connection:
        for _ in range(count + 1):
            begun = time.perf_counter()
            connection.request("GET", next(asked))
            response = connection.getresponse()
            body = response.read()
            times.append((time.perf_counter() - begun) * 1e3)
            if response.status != 200:
                raise RuntimeError(f"a read was answered with {response.status}: {body.decode()}")
    return times[1:]  # the first one also paid for the connection


def measure_reads(
    sizes: list[int], requests: int, template: Path, folder: Path, cores: Cores
) -> list[Reads]:
    """Measure both versions on a table of each size, in turn: what disturbs one disturbs all."""
    with ExitStack() as stack:
        urls = {}
        for rows in sizes:
            place = folder / f"{rows} rows"
            fill(prepare(SERVICES["sync"], place, template), rows)
            for version in VERSIONS:
                server = serve(SERVICES[version], place, cores)
                urls[rows, version] = stack.enter_context(server)
        times = {key: {kind: [] for kind in ("one", "first", "last")} for key in urls}
        for _ in range(BLOCKS):
            for (rows, version), url in urls.items():
                for kind, asked in paths(rows).items():
                    times[rows, version][kind] += ask(url, asked, ceil(requests / BLOCKS))
    return [
        Reads(*key, **{kind: median(values) for kind, values in kinds.items()})
        for key, kinds in times.items()
    ]
