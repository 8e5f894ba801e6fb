"""Starts servers as processes of their own.

`serve` runs a server inside the kernel, which is right for looking at it. To measure a server, or
to kill it, it has to be a process: then it shares no thread with what measures it.
"""

from __future__ import annotations

import atexit
import os
import re
import subprocess
import sys
import time
from pathlib import Path

from tutorial.errors import Problem
from tutorial.explain import explained, one_line
from tutorial.said import PROCESS
from tutorial.server import STOP_SECONDS, Stoppable, not_started
from tutorial.workspace import TRIAL, copy_project, location

START_SECONDS = 30.0

# Runs uvicorn, and ends it when its standard input is closed: the system closes it when the kernel
# ends, however it ends. os.read, because a thread that waits in sys.stdin can block the exit.
PROGRAM = """
import os, threading
threading.Thread(target=lambda: (os.read(0, 1), os._exit(1)), daemon=True).start()
from uvicorn.main import main
main()
"""

_running: list[Process] = []


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

    def __init__(
        self, target: str, folder: Path, options: tuple[str, ...], settings: dict[str, str]
    ) -> None:
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
            if url := address(text):
                self.url = url
                return
            if not alive:
                raise not_started(self.target, text, _last_words(text), PROCESS)
            if time.monotonic() > deadline:
                seconds = round(START_SECONDS)
                raise Problem("server-too-slow", name=self.target, seconds=seconds)
            time.sleep(0.02)


def address(log: str) -> str | None:
    """Return the address at which a server is up, as uvicorn logs it, or None: it is not up yet."""
    found = re.search(r"Uvicorn running on (http://127\.0\.0\.1:\d+) ", log)
    return found[1] if found else None


def _last_words(log: str) -> str:
    """Return the error that a server logged, or "": uvicorn's line, or the end of a traceback."""
    if "Traceback" in log:
        return one_line(log[log.index("Traceback") :])
    errors = [line.removeprefix("ERROR:").strip() for line in log.splitlines() if "ERROR:" in line]
    return next(iter(errors or log.strip().splitlines()[-1:]), "")


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
