"""A learner who has a notebook open in this process: a shell, a workspace, cells in any order.

It starts at once, where a kernel takes two seconds. What needs a process of its own (a kill,
another environment, two notebooks at once) is played with `learner.Learner`. In its %%terminal
cells, Alembic's commands run in a process that is there already.
"""

import io
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Self

from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from learner import FAILED, Notebook
from service import run_alembic
from traitlets.config import Config

from tutorial import course, stop_servers, terminal
from tutorial.exercises.stopped import sources
from tutorial.fresh import forget_app
from tutorial.workspace import begun


class Ended:
    """A command of Alembic's that has run, in the form of a process."""

    def __init__(self, arguments: list[str], environment: dict[str, str]) -> None:
        url = environment.get("DATABASE_URL")
        self._status, _, _, printed = run_alembic(arguments, url=url, cwd=Path.cwd())
        self.stdout = io.StringIO(printed)

    def poll(self) -> int:
        """Return the exit status, as the system would give it."""
        return self._status % 256

    wait = poll


def start(command: list[str], **options: Any) -> Any:
    """Do what subprocess.Popen does, in the place of which it stands in %%terminal."""
    if Path(command[0]).stem == "alembic":
        return Ended(command[1:], options["env"])
    return subprocess.Popen(command, **options)


class Shell(Notebook):
    """One notebook in one shell. Leave the `with` block to close it; all is then as before.

    step: whose notebook. workspace: the project's folder.
    """

    def __init__(self, step: int, workspace: Path) -> None:
        super().__init__(step, course.notebook_path(step))
        self._workspace = workspace

    def __enter__(self) -> Self:
        self._before = os.environ.copy(), sys.path.copy(), Path.cwd()
        self._bytecode = sys.dont_write_bytecode
        self._main = sys.modules["__main__"]  # the shell puts the module of its cells there
        os.environ["TUTORIAL_WORKSPACE"] = str(self._workspace)
        os.chdir(course.NOTEBOOKS)
        forget_app()
        begun.clear()  # as in a new kernel
        InteractiveShell.clear_instance()
        # A history would be the user's own, and would take its time at the end.
        self._shell = InteractiveShell.instance(config=Config(HistoryManager={"enabled": False}))
        self._shell.colors = "nocolor"
        terminal.subprocess = SimpleNamespace(**{**vars(subprocess), "Popen": start})
        return self

    def __exit__(self, *_: object) -> None:
        terminal.subprocess = subprocess
        stop_servers()
        forget_app()
        begun.clear()  # as in a new kernel
        InteractiveShell.clear_instance()
        environment, path, folder = self._before
        os.environ.clear()
        os.environ.update(environment)
        sys.path[:] = path
        sys.dont_write_bytecode = self._bytecode
        sys.modules["__main__"] = self._main
        sources.clear()
        os.chdir(folder)

    def write(self, source: str) -> str:
        """Run a cell of the learner's own, which may fail; return what is seen below it."""
        with capture_output() as seen:
            result = self._shell.run_cell(source, store_history=True)
        shown = [str(output.data.get("text/plain", "")) + "\n" for output in seen.outputs]
        text = seen.stdout + "".join(shown)
        error = result.error_before_exec or result.error_in_exec
        return f"{FAILED}{error}\n{text}" if error and FAILED not in text else text
