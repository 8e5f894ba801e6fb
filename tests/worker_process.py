"""A process that does one job after the other, because starting Python takes longest.

A job is an Alembic command, or a server to start or to stop. It is read from a line of the standard
input and answered with a line, both in JSON. Each job sees its own folder and DATABASE_URL, and
imports `app` and env.py anew. That the programs `alembic` and `uvicorn` themselves do the same, the
notebooks 5, 6 and 9 show, and the tests of the service.
"""

import importlib
import inspect
import io
import json
import os
import sys
import time
import traceback
from threading import Thread
from typing import Any


class Stream(io.StringIO):
    """What is written to a stream; `both` has it too, in the order in which it was written."""

    def write(self, text: str) -> int:
        both.write(text)
        return super().write(text)


answers = sys.stdout
both = io.StringIO()
# Put into their place before Alembic is imported, because it keeps the one that it finds then.
output = sys.stdout = Stream()
errors = sys.stderr = Stream()

import aiosqlite  # noqa: E402, F401 - this and the next two are imported once, for all commands
import fastapi  # noqa: E402, F401
import sqlmodel.ext.asyncio.session  # noqa: E402, F401
import uvicorn  # noqa: E402
from alembic.config import CommandLine  # noqa: E402
from sqlalchemy import MetaData  # noqa: E402
from sqlmodel import SQLModel  # noqa: E402

PATH = list(sys.path)  # without the folders of projects, which Alembic adds
SECONDS = 60  # the longest that a server may take to start, or to end


def prepare(cwd: str, url: str | None) -> None:
    """Leave nothing of the job before, and go to a folder."""
    os.chdir(cwd)
    sys.path[:] = PATH
    os.environ.pop("DATABASE_URL", None)
    if url is not None:
        os.environ["DATABASE_URL"] = url
    for name in [name for name in sys.modules if name.partition(".")[0] == "app"]:
        del sys.modules[name]
    importlib.invalidate_caches()
    SQLModel.metadata.clear()
    SQLModel.metadata.naming_convention = MetaData().naming_convention
    SQLModel._sa_registry._class_registry.clear()
    for stream in (output, errors, both):
        stream.seek(0)
        stream.truncate()


def run(arguments: list[str], cwd: str, url: str | None) -> tuple[int, str, str, str]:
    """Run a command; return its exit status, output, errors, and both in their order."""
    prepare(cwd, url)
    try:
        CommandLine("alembic").main(argv=arguments)
        status = 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 1
    except Exception:
        traceback.print_exc()
        status = 1
    return status, output.getvalue(), errors.getvalue(), both.getvalue()


class Server(uvicorn.Server):
    """A server that lets go of its database at its end, as the end of a process does it."""

    async def shutdown(self, sockets: Any = None) -> None:
        await super().shutdown(sockets)
        disposed = sys.modules["app.db"].engine.dispose()
        if inspect.isawaitable(disposed):
            await disposed


class Running:
    """One server at a time, in a thread."""

    def start(self, port: int, cwd: str) -> tuple[bool, str]:
        """Start a project's app; return whether it is up, and what it has written."""
        prepare(cwd, None)
        sys.path.insert(0, cwd)
        self.server = Server(uvicorn.Config("app.main:app", port=port))
        self.thread = Thread(target=self.server.run, daemon=True)
        self.thread.start()
        deadline = time.monotonic() + SECONDS
        while self.thread.is_alive() and not self.server.started and time.monotonic() < deadline:
            time.sleep(0.01)
        return self.server.started, both.getvalue()

    def stop(self) -> tuple[bool, str]:
        """Stop it; return whether it has ended, and what it has written."""
        self.server.should_exit = True
        self.thread.join(SECONDS)
        return not self.thread.is_alive(), both.getvalue()


if __name__ == "__main__":
    running = Running()
    jobs = {"alembic": run, "start": running.start, "stop": running.stop}
    for line in sys.stdin:
        name, options = json.loads(line)
        print(json.dumps(jobs[name](**options)), file=answers, flush=True)
