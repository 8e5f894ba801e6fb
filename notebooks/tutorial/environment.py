"""Checks that this machine and this kernel can run the course."""

from __future__ import annotations

import importlib.metadata
import os
import re
import shutil
import sys
import tempfile
from pathlib import Path

from tutorial.course import NOTEBOOKS
from tutorial.errors import Problem
from tutorial.workspace import location

OLDEST_PYTHON = (3, 11)
NEEDED_MB = 100  # the project is below 1 MB; a full disk gives errors that are hard to read
SET_UP_AGAIN = (
    "Run `conda env create -f environment.yml`, then `conda activate fastapi_sqlmodel` and "
    "`jupyter lab`; or choose that environment in Kernel → Change Kernel."
)


def requirements() -> dict[str, tuple[int, ...]]:
    """Return the packages that pyproject.toml names, each with the oldest version that will do.

    Read without a TOML library, because this must also work on a Python that is too old.
    """
    text = (NOTEBOOKS.parent / "pyproject.toml").read_text(encoding="utf-8")
    listed = text.split("dependencies = [", 1)[1].split("\n]", 1)[0]
    found = re.findall(r'^\s*"([A-Za-z0-9_-]+)(?:\[\w+\])?>=([\d.]+)"', listed, flags=re.MULTILINE)
    return {name: _numbers(version) for name, version in found}


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version)[:3])


def wrong_packages() -> list[str]:
    """Return the needed packages that are missing or too old, each as "name" or "name (why)"."""
    wrong = []
    for name, oldest in requirements().items():
        try:
            version = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            wrong.append(name)
            continue
        if _numbers(version) < oldest:
            wrong.append(f"{name} ({version} is too old)")
    return wrong


def require_kernel() -> None:
    """Check that this kernel's Python can run the course.

    Raises Problem, which names this Python, what it lacks and the command to run.
    """
    if sys.version_info < OLDEST_PYTHON:
        raise Problem(
            f"This notebook runs on Python {sys.version.split()[0]} ({sys.executable}); "
            "the course needs 3.11 or newer.",
            SET_UP_AGAIN,
        )
    wrong = wrong_packages()
    if wrong:
        raise Problem(
            f"The Python that runs this notebook ({sys.executable}) lacks: {', '.join(wrong)}.",
            SET_UP_AGAIN,
        )


def check_environment() -> None:
    """Print a line for each thing that the course needs, ✓ or ✗ with what to do.

    Raises Problem at the end if anything is missing.
    """
    folder = location()
    lines = [
        (
            "Python 3.11 or newer",
            sys.version_info >= OLDEST_PYTHON,
            f"this is {sys.version.split()[0]}. {SET_UP_AGAIN}",
        )
    ]
    wrong = {entry.split(" ")[0]: entry for entry in wrong_packages()}
    for name in requirements():
        lines.append((name, name not in wrong, f"missing: {wrong.get(name)}. {SET_UP_AGAIN}"))
    lines += [
        (
            "curl",
            shutil.which("curl") is not None,
            "not found. Windows 10 and macOS have it; on Debian or Ubuntu `sudo apt install curl`.",
        ),
        (
            f"{NEEDED_MB} MB of free disk",
            shutil.disk_usage(_existing(folder)).free > NEEDED_MB * 1_000_000,
            "the disk is full: delete something, then run this cell again.",
        ),
        (
            "a folder to write in",
            _can_write(folder),
            f"{folder} can't be written. Copy the course to a folder of your own.",
        ),
    ]
    for name, good, hint in lines:
        print(f"✓ {name}" if good else f"✗ {name}: {hint}")
    missing = [name for name, good, _ in lines if not good]
    if missing:
        raise Problem(
            f"{len(missing)} of {len(lines)} things are not ready: {', '.join(missing)}.",
            "Do what the lines with ✗ say, restart the kernel, and run this cell again.",
        )


def _existing(folder: Path) -> Path:
    while not folder.exists():
        folder = folder.parent
    return folder


def _can_write(folder: Path) -> bool:
    try:
        with tempfile.TemporaryFile(dir=_existing(folder)) as file:
            file.write(b"x")
    except OSError:
        return False
    return os.access(_existing(folder), os.W_OK)
