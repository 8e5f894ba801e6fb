"""The services that are compared, and how each is started on a free port."""

import re
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from shutil import copy

from benchmarks.machine import Cores, pin
from service import ROOT, SECONDS, start

HERE = Path(__file__).parent
FAST = ("--no-access-log",)  # what README recommends for real use


@dataclass(frozen=True)
class Service:
    """One service: what it is called, and what `uvicorn` gets to start it."""

    name: str
    folder: Path  # where its code is
    app: str
    options: tuple[str, ...] = ()
    path: str = "/task/"
    migrated: bool = False  # it needs the tables before it starts
    stores: bool = True


BASE = "article-sync"  # the one that the others are compared with
SERVICES = {
    # As the article runs them: with a line of log for each request.
    BASE: Service("the article, sync", HERE / "article_sync", "app.main:app"),
    "article-options": Service(
        "the article, sync, without access log", HERE / "article_sync", "app.main:app", FAST
    ),
    "article-async": Service("the article, async (mended)", HERE / "article_async", "app.main:app"),
    "sync": Service("this course, sync", ROOT, "app.main:app", FAST, migrated=True),
    "async": Service("this course, async", ROOT, "app.main_async:app", FAST, migrated=True),
    "nothing-def": Service(
        "no database, def", HERE, "nothing:app", FAST, path="/def/", stores=False
    ),
    "nothing-async": Service(
        "no database, async def", HERE, "nothing:app", FAST, path="/async/", stores=False
    ),
}


class StartError(RuntimeError):
    """A server did not start. The text says which one, and what it wrote."""


@contextmanager
def serve(
    service: Service, folder: Path, cores: Cores, *, log: str = "server.log"
) -> Iterator[str]:
    """Run a service in a folder, where its `database.db` is, until the block ends. Yield its URL.

    The server is then killed, so what it has answered must be in the database by itself.
    """
    file = folder / log
    with file.open("w", encoding="utf-8") as output:
        process = start(
            *("uvicorn", service.app, "--app-dir", str(service.folder), "--port", "0"),
            *service.options,
            url=None,
            cwd=folder,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        pin(process.pid, cores.server)
        yield _address(service, process, file)
    finally:
        process.kill()
        process.wait()


def _address(service: Service, process: subprocess.Popen[str], log: Path) -> str:
    """Wait until the server says its address, as long as it lives, and return that."""
    end = time.monotonic() + SECONDS
    written = ""
    while time.monotonic() < end:
        ended = process.poll() is not None  # asked first: what it wrote last is then in the log
        written = log.read_text(encoding="utf-8", errors="replace")
        if said := re.search(r"Uvicorn running on (http://127\.0\.0\.1:\d+) ", written):
            return said[1]
        if ended:
            raise StartError(f"The server of {service.name!r} ended at once. It wrote:\n{written}")
        time.sleep(0.02)
    raise StartError(
        f"The server of {service.name!r} did not start in {SECONDS} seconds. It wrote:\n{written}"
    )


def prepare(service: Service, folder: Path, template: Path) -> Path:
    """Make a folder for one run of a service, with an empty database if it needs one."""
    folder.mkdir()
    file = folder / "database.db"
    if service.migrated:
        copy(template, file)
    return file
