"""The services that are compared, and how each is started on a free port."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from shutil import copy

from service import ROOT

from benchmarks.machine import Cores, on_core
from tutorial import start_process

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


@contextmanager
def serve(service: Service, folder: Path, cores: Cores) -> Iterator[str]:
    """Run a service in a folder, where its `database.db` is, until the block ends. Yield its URL.

    The server is then killed, so what it has answered must be in the database by itself. Raises
    the Problem of `start_process` if it does not start.
    """
    with on_core(cores.server, back=cores.tool):
        server = start_process(
            service.app, folder, "--app-dir", str(service.folder), *service.options
        )
    try:
        yield server.url
    finally:
        server.kill()


def prepare(service: Service, folder: Path, template: Path) -> Path:
    """Make a folder for one run of a service, with an empty database if it needs one."""
    folder.mkdir()
    file = folder / "database.db"
    if service.migrated:
        copy(template, file)
    return file
