"""What the computer is, and which of its cores the server and the load tool get."""

import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import psutil

PACKAGES = ("fastapi", "sqlmodel", "sqlalchemy", "uvicorn")


@dataclass(frozen=True)
class Cores:
    """The core of the server and that of the load tool. None: the system chooses, all the time.

    A thread that moves to another core, or wakes one there, pays up to three times as much for
    it, and how often that happens depends on what else the computer does. With one core for the
    server the numbers are steadier.
    """

    server: int | None = None
    tool: int | None = None

    def __str__(self) -> str:
        """Say it, for the report."""
        if self.server is None:
            return "not pinned to cores"
        return f"server pinned to core {self.server}, load tool to core {self.tool}"


def choose_cores(pinned: bool) -> Cores:
    """Choose the first and the last core: of four or more, these mostly share no physical one."""
    if not pinned or not hasattr(os, "sched_getaffinity"):  # only Linux has it
        return Cores()
    cores = sorted(os.sched_getaffinity(0))
    return Cores(cores[0], cores[-1]) if len(cores) > 1 else Cores()


def pin(core: int | None) -> None:
    """Keep this process on a core, and all that it starts from now on."""
    if core is not None:
        os.sched_setaffinity(0, {core})


@contextmanager
def on_core(core: int | None, *, back: int | None) -> Iterator[None]:
    """Start processes on a core: what is started in the block stays there. Then go back."""
    pin(core)
    try:
        yield
    finally:
        pin(back)


def describe() -> str:
    """Describe this computer and the versions of what is measured, in one line."""
    parts = [
        _processor(),
        f"{os.cpu_count()} cores",
        f"{psutil.virtual_memory().total / 2**30:.0f} GB of memory",
        f"temporary files on {_file_system(Path(tempfile.gettempdir()).resolve())}",
        f"{platform.system()} {platform.release()}",
        f"Python {platform.python_version()}",
        *(f"{package} {version(package)}" for package in PACKAGES),
    ]
    return ", ".join(parts)


def _processor() -> str:
    """Return the name of the processor, or at least its kind."""
    with suppress(OSError, StopIteration, subprocess.SubprocessError):
        if sys.platform == "darwin":
            command = ["sysctl", "-n", "machdep.cpu.brand_string"]
            return subprocess.check_output(command, encoding="utf-8").strip()
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        return next(line for line in lines if line.startswith("model name")).split(": ")[1]
    return platform.processor() or platform.machine()


def _file_system(folder: Path) -> str:
    """Return the kind of file system. In memory (tmpfs), a commit costs less than on a disk."""
    places = {Path(part.mountpoint): part.fstype for part in psutil.disk_partitions(all=True)}
    return next((places[place] for place in (folder, *folder.parents) if place in places), "?")
