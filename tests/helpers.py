"""What the tests of several modules need."""

import os
import socket
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

# The child has both ends of its input, so it does not notice that its parent has ended.
REDIRECTOR = """#!{}
import os, subprocess, sys

reader, writer = os.pipe()
command = [sys.executable, *sys.argv[1:]]
sys.exit(subprocess.Popen(command, stdin=reader, pass_fds=[writer]).wait())
"""


def write(path: str, text: str) -> None:
    """Write a file, in UTF-8 and with the line ends as they are; make its folders, too."""
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text(text, encoding="utf-8", newline="\n")


def left_behind(before: set[threading.Thread]) -> set[threading.Thread]:
    """Return the threads that are new since `before`; those that are just ending have a second."""
    deadline = time.monotonic() + 1
    while (new := set(threading.enumerate()) - before) and time.monotonic() < deadline:
        time.sleep(0.01)
    return new


def free_port() -> int:
    """Return a port of this computer that is free now."""
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        port: int = trial.getsockname()[1]
        return port


def redirect(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a program take the place of Python, as in an environment of Windows.

    It only starts Python, and waits for it. That one ends a moment later when it is killed.
    """
    program = folder / "redirector"
    program.write_text(REDIRECTOR.format(sys.executable), encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(program))
    kill = psutil.Process.kill

    def later(process: psutil.Process) -> None:
        time.sleep(0.3)
        with suppress(psutil.NoSuchProcess):
            kill(process)

    def kill_slowly(process: psutil.Process) -> None:
        if process.ppid() == os.getpid():
            kill(process)
        else:
            threading.Thread(target=later, args=[process]).start()

    monkeypatch.setattr(psutil.Process, "kill", kill_slowly)


def child_of(pid: int) -> psutil.Process:
    """Return the process that a process has started, as soon as it is there."""
    while not (children := psutil.Process(pid).children()):
        time.sleep(0.01)
    child: psutil.Process = children[0]
    return child


def is_gone(process: psutil.Process) -> bool:
    """Whether a process has ended, though nobody may have asked how."""
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def until(happens: Callable[[], bool], seconds: float = 30) -> None:
    """Wait until something happens, so long at most."""
    deadline = time.monotonic() + seconds
    while not happens():
        assert time.monotonic() < deadline
        time.sleep(0.05)
