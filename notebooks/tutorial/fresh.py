"""Keeps imports as fresh as the files: an edited app/ is imported anew, as `--reload` does it."""

import importlib
import sys
from pathlib import Path

_loaded: dict[str, tuple[int, int]] = {}  # file -> (time, size) when its module was imported


def app_modules() -> dict[str, object]:
    """Return the modules of `app` that are imported now, by name."""
    return {
        name: module
        for name, module in sys.modules.items()
        if name == "app" or name.startswith("app.")
    }


def forget_app() -> None:
    """Forget `app` and its tables, so that the next import reads the files.

    A server that runs the old code keeps it: its classes stay mapped. Only the names are given
    free, because SQLModel keeps one registry of tables for the whole process.
    """
    for name in app_modules():
        del sys.modules[name]
    importlib.invalidate_caches()
    _loaded.clear()
    if "sqlmodel" in sys.modules:
        from sqlmodel import SQLModel

        SQLModel.metadata.clear()
        SQLModel._sa_registry._class_registry.clear()


def forget_changed_app(_info: object = None) -> None:
    """Forget `app` if one of its imported files was changed. Runs before each cell."""
    files = {
        file: _stamp(file)
        for module in app_modules().values()
        if (file := getattr(module, "__file__", None))
    }
    if any(_loaded.get(file, stamp) != stamp for file, stamp in files.items()):
        forget_app()
        return
    _loaded.update(files)


def _stamp(file: str) -> tuple[int, int]:
    try:
        status = Path(file).stat()
    except OSError:
        return (0, 0)
    return (status.st_mtime_ns, status.st_size)
