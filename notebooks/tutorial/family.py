"""Programs that the course starts, and ends together with those that they have started.

In a virtual environment on Windows, `python.exe` only starts the real Python, and waits for it. Who
kills it ends the real one, too, but that takes a moment longer: until then, it holds its files.
"""

from __future__ import annotations

import subprocess
import sys
import time
from contextlib import contextmanager, nullcontext, suppress
from typing import TYPE_CHECKING, Any, AnyStr

if TYPE_CHECKING:
    from collections.abc import Iterator

    import psutil

SECONDS = 5.0  # how long to wait for the children of what was killed


@contextmanager
def without_debugger() -> Iterator[None]:
    """Let no debugger follow into a process that the block starts.

    While the debugger of JupyterLab is on (its button shows a bug), each Python that a cell starts
    would wait for a debugger of its own, and there is none. PyCharm's debugger has a module of the
    same name, which can't leave out a process.
    """
    patches = sys.modules.get("_pydev_bundle.pydev_monkey")
    with getattr(patches, "skip_subprocess_arg_patch", nullcontext)():
        yield


class Program(subprocess.Popen[AnyStr]):
    """A process. `kill` ends what it has started, too, and returns when all of it is gone."""

    def __init__(self, *args: Any, **options: Any) -> None:
        with without_debugger():
            super().__init__(*args, **options)

    _known: tuple[psutil.Process, ...] = ()

    def terminate(self) -> None:
        """Ask the process to end. On Windows, it ends at once."""
        self._known = tuple(family(self))  # afterwards, nobody can tell whose children they are
        super().terminate()

    def kill(self) -> None:
        """End the process and its children at once."""
        kill_family(self, *self._known)


def family(process: subprocess.Popen[Any]) -> list[psutil.Process]:
    """Return a process and the children it has started, or nothing if it has ended."""
    import psutil

    if process.poll() is None:
        with suppress(psutil.NoSuchProcess):
            parent = psutil.Process(process.pid)
            return [parent, *parent.children(recursive=True)]
    return []


def kill_family(process: subprocess.Popen[Any], *known: psutil.Process) -> None:
    """End a process and its children, also those that are known from before; wait for all."""
    members = {*known, *family(process)}
    for member in members:
        with suppress(Exception):  # it has ended by itself
            member.kill()
    process.wait()
    deadline = time.monotonic() + SECONDS
    while any(map(_lives, members)) and time.monotonic() < deadline:
        time.sleep(0.01)


def _lives(member: psutil.Process) -> bool:
    """Whether a process runs. One that is dead, and whose parent does not ask, does not."""
    import psutil

    try:
        return bool(member.is_running() and member.status() != psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return False


def shown(status: int) -> int:
    """Return an exit status as a shell of Linux shows it, 0 to 255. Windows has other numbers."""
    return 128 - status if status < 0 else status & 0xFF  # killed by a signal; there, none is
