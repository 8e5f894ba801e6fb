"""Checks that this machine and this kernel can run the course."""

import importlib.metadata
import os
import re
import shutil
import site
import sys
import sysconfig
import tempfile
from pathlib import Path

from tutorial import course
from tutorial.errors import Problem
from tutorial.messages import MESSAGES, SET_UP_AGAIN
from tutorial.workspace import location

NEEDED_MB = 100  # the project is below 1 MB; a full disk gives errors that are hard to read


def requirements() -> dict[str, tuple[int, ...]]:
    """Return the packages that pyproject.toml names, each with the oldest version that will do.

    Not those that only some systems have (after a ;): the chapter that needs them asks for them.
    """
    listed = course.project()["dependencies"]
    found = (re.fullmatch(r"([A-Za-z0-9_-]+)(?:\[\w+\])?>=([\d.]+)", entry) for entry in listed)
    return {entry[1]: _numbers(entry[2]) for entry in found if entry}


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version)[:3])


def wrong_packages() -> list[str]:
    """Return the needed packages that are missing or too old, each as "name" or "name (why)"."""
    wrong = []
    for name, oldest in requirements().items():
        try:
            version = importlib.metadata.version(name)
            if _numbers(version) < oldest:
                wrong.append(f"{name} ({version} is too old)")
        except importlib.metadata.PackageNotFoundError:
            wrong.append(name)
    return wrong


def require_kernel() -> None:
    """Raise Problem, with what to do, if this Python leaves code out or lacks a package."""
    if sys.flags.optimize:
        raise Problem("python-optimized", option=f"-{'O' * sys.flags.optimize}")
    if not (wrong := wrong_packages()):
        return
    if folder := _foreign_folder(wrong[0].partition(" ")[0]):
        raise Problem("package-elsewhere", packages=", ".join(wrong), folder=folder)
    raise Problem("missing-packages", python=sys.executable, packages=", ".join(wrong))


def require_path(folder: Path) -> None:
    """Raise Problem if Alembic can't read the path of the project: in its settings, % is a sign."""
    if "%" in str(folder):
        raise Problem("path-unreadable", folder=folder)


def _foreign_folder(name: str) -> Path | None:
    """Return where a package is found, if PYTHONPATH or the user's own packages put it there."""
    try:
        folder = Path(str(importlib.metadata.distribution(name).locate_file(""))).resolve()
    except importlib.metadata.PackageNotFoundError:
        return None
    named = [site.getusersitepackages(), *os.environ.get("PYTHONPATH", "").split(os.pathsep)]
    own = {Path(sysconfig.get_path(one)).resolve() for one in ("purelib", "platlib")}
    return folder if folder in {Path(one).resolve() for one in named if one} - own else None


def check_environment() -> None:
    """Print ✓, or ✗ and what to do, for each thing needed. Raise Problem if one is missing."""
    folder = location()
    wrong = {entry.split(" ")[0]: entry for entry in wrong_packages()}
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    room = shutil.disk_usage(existing).free > NEEDED_MB * 1_000_000
    no_curl = f"not found. {MESSAGES['curl-not-found'][1]}"
    closed = f"{folder} can't be written. {MESSAGES['read-only'][1]}"
    lines = [("Python 3.11 or newer", True, "")]  # an older one does not come to this line
    for name in requirements():
        lines.append((name, name not in wrong, f"missing: {wrong.get(name)}. {SET_UP_AGAIN}"))
    lines += [
        ("curl", shutil.which("curl") is not None, no_curl),
        (f"{NEEDED_MB} MB of free disk", room, MESSAGES["disk-full"][1]),
        ("a folder to write in", _can_write(existing), closed),
        ("a path that Alembic can read", "%" not in str(folder), MESSAGES["path-unreadable"][1]),
    ]
    for name, good, hint in lines:
        print(f"✓ {name}" if good else f"✗ {name}: {hint}")
    if missing := [name for name, good, _ in lines if not good]:
        values = {"missing": len(missing), "all": len(lines), "names": ", ".join(missing)}
        raise Problem("not-ready", **values)


def _can_write(folder: Path) -> bool:
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"x")
    except OSError:
        return False
    return True
