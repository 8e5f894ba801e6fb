"""Starts servers as processes of their own.

`serve` runs a server inside the kernel, which is right for looking at it. To measure a server, or
to kill it, it has to be a process: then it shares no thread with what measures it.
"""

import atexit
import re
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from tutorial import late_types
from tutorial.errors import Problem
from tutorial.explain import explained, one_line
from tutorial.family import Program
from tutorial.inherited import variables_for
from tutorial.running import STOP_SECONDS, Running
from tutorial.server import reach_directly
from tutorial.workspace import TRIAL, copy_project, project

START_SECONDS = 30.0

# Runs uvicorn, and ends it when its standard input is closed: the system closes it when the kernel
# ends, however it ends. os.read, because a thread that waits in sys.stdin can block the exit.
# When uvicorn has imported the app, its types are looked at, as `serve` does it. late_types.py, the
# first argument, is run as a file: the whole of `tutorial` has no place in what is measured.
PROGRAM = """
import os, runpy, sys, threading
threading.Thread(target=lambda: (os.read(0, 1), os._exit(1)), daemon=True).start()
unknown_type = runpy.run_path(sys.argv.pop(1))["unknown_type"]
from uvicorn import Config
from uvicorn.main import main
load = Config.load
def load_and_look(config):
    load(config)
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] == "app":
            if error := unknown_type(list(vars(module).values()), name):
                raise error
Config.load = load_and_look
main()
"""


def trial_folder(name: str) -> Path:
    """Return under_load/`name` beside the project, with a new copy of the project, for a trial."""
    folder = project() / TRIAL / name
    for left in folder.glob("*.log"):
        left.unlink()
    copy_project(project(), folder)
    return folder


class Process(Running):
    """A server that runs in a process of its own. `url` is its address."""

    def __init__(
        self, target: str, folder: Path, options: tuple[str, ...], settings: dict[str, str]
    ) -> None:
        # A file, because a pipe that nobody reads would stop the server when it is full.
        number = len(list(folder.glob("server*.log"))) + 1
        self._log = folder / f"server{number}.log"
        command = [sys.executable, "-c", PROGRAM, late_types.__file__]
        with self._log.open("wb") as log:
            self._process: Program[bytes] = Program(
                [*command, target, "--port", "0", *options],
                cwd=folder,
                env=variables_for(settings),
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                process_group=0,  # JupyterLab's stop button interrupts all of the kernel's group
            )
        super().__init__(target)

    @property
    def is_running(self) -> bool:
        """Whether the process is alive."""
        return self._process.poll() is None

    def log(self) -> None:
        """Print what the server has logged so far, also if it is stopped."""
        print(self._said().strip())

    def stop(self) -> None:
        """Ask the server to end; kill it after STOP_SECONDS. Stopping twice does no harm."""
        if self.url:  # before it is up, it may not notice
            self._process.terminate()
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(STOP_SECONDS)
        self.kill()

    def kill(self) -> None:
        """End the process at once: no line of its code runs any more."""
        self._process.kill()
        if self._process.stdin:
            self._process.stdin.close()

    def _said(self) -> str:
        """Return the log, or "" if another trial in this folder has taken it away."""
        if not self._log.exists():
            return ""
        return self._log.read_text(encoding="utf-8", errors="replace")

    def _is_up(self) -> bool:
        alive = self.is_running  # asked first: what it wrote last is then in the log
        text = self._log.read_text(encoding="utf-8", errors="replace")
        found = re.search(r"Uvicorn running on (http://127\.0\.0\.1:\d+) ", text)
        if not found and not alive:
            raise self.not_started(without_code(text), last_words(text), "process")
        self.url = found[1] if found else ""
        return bool(found)


def without_code(log: str) -> str:
    """Return a log without the lines of code that a traceback quotes.

    The line that raises an error holds its text, too, with names in the place of the values.
    """
    return re.sub(r"(?m)^ {4}.*\n", "", log)


def last_words(log: str) -> str:
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

    Returns the process, whose server is up: it has `url`, `log()`, `stop()` and `kill()`, and it
    stops at the end of a `with` block, and when the kernel ends. Raises Problem with the last words
    of the server if it does not come up.
    """
    if not Path(folder).is_dir():
        raise Problem("no-such-module", name=target.partition(":")[0])
    reach_directly()
    process = Process(target, Path(folder), options, settings)
    process.wait_until_up(START_SECONDS)
    return process


@atexit.register
def stop_processes() -> None:
    """Stop every process that `start_process` started in this kernel."""
    for process in Process.running():
        process.kill()
