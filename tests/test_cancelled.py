"""A request that is ended from outside leaves nothing behind: no lock, no place, no half a row.

A time limit around the app, or a middleware that gives up when the client is gone, cancels a
request while its POST waits for another writer. A plain `def` endpoint goes on in its thread then,
and its session must not be closed under it (SQLAlchemy: IllegalStateChangeError).
"""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from shutil import copy

import pytest
from service import query, run

# Each way ends a call of the app after 0.3 seconds. They are tried one after the other.
WAYS = {
    "asyncio.wait_for": "await asyncio.wait_for(call, 0.3)",
    "asyncio.timeout": "async with asyncio.timeout(0.3): await call",
    "anyio.fail_after": "with anyio.fail_after(0.3): await call",
    "task.cancel": (
        "one = asyncio.ensure_future(call); await asyncio.sleep(0.3); one.cancel(); await one"
    ),
}
PROGRAM = """
import asyncio, os, sqlite3, sys, time
import anyio, httpx
from app import {module} as main

WAYS = {{}}

{ways}

def client(app):
    transport = httpx.ASGITransport(app)
    return httpx.AsyncClient(transport=transport, base_url="http://service", timeout=60)

async def ask(limited, name):
    other = sqlite3.connect(sys.argv[1], isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    asyncio.get_running_loop().call_later(0.8, other.execute, "ROLLBACK")
    async with client(limited) as impatient:
        task = dict(task_name="cancelled " + name)
        posts = [impatient.post("/task/", json=task) for _ in range(8)]
        for answer in await asyncio.gather(*posts, return_exceptions=True):
            print(type(answer).__name__)
    start = time.monotonic()
    async with client(main.app) as patient:
        posts = [patient.post("/task/", json=dict(task_name="kept " + name)) for _ in range(8)]
        print([answer.status_code for answer in await asyncio.gather(*posts)])
    print("soon:", time.monotonic() - start < 5)
    other.execute("PRAGMA busy_timeout = 0")
    other.execute("BEGIN IMMEDIATE")  # nobody keeps the lock
    other.execute("ROLLBACK")
    other.close()

async def ask_all():
    for name, limited in WAYS.items():
        print(name)
        await ask(limited, name)
    sys.stdout.flush()
    # A connection that SQLAlchemy still closes has a thread, for which Python would wait.
    os._exit(0)

asyncio.run(ask_all())
"""


FUNCTION = """
async def limited(scope, receive, send):
    call = main.app(scope, receive, send)
    {way}

WAYS[{name!r}] = limited
"""


MODULES = ("main", "main_async")
Tried = tuple[list[str], list[str]]


@pytest.fixture(scope="module")
def tried(tmp_path_factory: pytest.TempPathFactory, file_at_head: Path) -> dict[str, Tried]:
    """Try all ways, and return for each version what it said, and the names in its file.

    Both versions at once, each on a file of its own: nearly all of the time, they only wait.
    """
    ways = "".join(FUNCTION.format(name=name, way=way) for name, way in WAYS.items())
    folder = tmp_path_factory.mktemp("cancelled")

    def try_all(module: str) -> Tried:
        file = Path(copy(file_at_head, folder / f"{module}.db"))
        query(file, "PRAGMA journal_mode = WAL")  # as the service's start leaves it
        said = run(PROGRAM.format(module=module, ways=ways), file, arguments=[str(file)])
        names = query(file, "SELECT task_name FROM task")
        return said.splitlines(), [name for (name,) in names]

    with ThreadPoolExecutor() as threads:
        return dict(zip(MODULES, threads.map(try_all, MODULES), strict=True))


@pytest.mark.parametrize("module", MODULES)
def test_cancelled_while_it_waits(module: str, tried: dict[str, Tried]) -> None:
    """Eight POSTs are cancelled while another program writes. Eight more are answered at once."""
    said, names = tried[module]
    assert len(said) == 11 * len(WAYS)
    for place, way in enumerate(WAYS):
        title, *cancelled, later, soon = said[11 * place :][:11]
        assert title == way
        # Who cancels a task that has a thread can meet the last one. Nothing must be left of it.
        assert set(cancelled) <= {"TimeoutError", "CancelledError", "IllegalStateChangeError"}, way
        assert (later, soon) == (str([201] * 8), "soon: True"), way
        assert names.count(f"kept {way}") == 8
    # The thread of a `def` endpoint can't be stopped: its row may be there, but only whole.
    assert set(names) <= {f"{what} {way}" for what in ("kept", "cancelled") for way in WAYS}
