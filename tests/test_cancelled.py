"""A request that is ended from outside leaves nothing behind: no lock, no place, no half a row.

A time limit around the app, or a middleware that gives up when the client is gone, cancels a
request while its POST waits for another writer. A plain `def` endpoint goes on in its thread then,
and its session must not be closed under it (SQLAlchemy: IllegalStateChangeError).
"""

from pathlib import Path
from shutil import copy

import pytest
from service import query, run

# Each way ends a call of the app after 0.3 seconds.
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

async def limited(scope, receive, send):
    call = main.app(scope, receive, send)
    {way}

def client(app):
    transport = httpx.ASGITransport(app)
    return httpx.AsyncClient(transport=transport, base_url="http://service", timeout=60)

async def ask():
    other = sqlite3.connect(sys.argv[1], isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    asyncio.get_running_loop().call_later(0.8, other.execute, "ROLLBACK")
    async with client(limited) as impatient:
        posts = [impatient.post("/task/", json=dict(task_name="cancelled")) for _ in range(8)]
        for answer in await asyncio.gather(*posts, return_exceptions=True):
            print(type(answer).__name__)
    start = time.monotonic()
    async with client(main.app) as patient:
        posts = [patient.post("/task/", json=dict(task_name="kept")) for _ in range(8)]
        print([answer.status_code for answer in await asyncio.gather(*posts)])
    print("soon:", time.monotonic() - start < 5)
    other.execute("PRAGMA busy_timeout = 0")
    other.execute("BEGIN IMMEDIATE")  # nobody keeps the lock
    other.execute("ROLLBACK")
    other.close()
    sys.stdout.flush()
    # A connection that SQLAlchemy still closes has a thread, for which Python would wait.
    os._exit(0)

asyncio.run(ask())
"""


@pytest.mark.parametrize("module", ["main", "main_async"])
@pytest.mark.parametrize("way", WAYS)
def test_cancelled_while_it_waits(
    module: str, way: str, tmp_path: Path, file_at_head: Path
) -> None:
    """Eight POSTs are cancelled while another program writes. Eight more are answered at once."""
    file = Path(copy(file_at_head, tmp_path / "database.db"))
    query(file, "PRAGMA journal_mode = WAL")  # as the service's start leaves it
    said = run(
        PROGRAM.format(module=module, way=WAYS[way]), file, arguments=[str(file)]
    ).splitlines()
    # Who cancels a task that has a thread can meet the last one. Nothing must be left of it.
    assert set(said[:8]) <= {"TimeoutError", "CancelledError", "IllegalStateChangeError"}
    assert said[8:] == [str([201] * 8), "soon: True"]
    names = [name for (name,) in query(file, "SELECT task_name FROM task")]
    assert names.count("kept") == 8
    # The thread of a `def` endpoint can't be stopped: its row may be there, but only whole.
    assert set(names) <= {"kept", "cancelled"}
