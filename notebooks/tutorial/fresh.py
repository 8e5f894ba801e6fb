"""Keeps imports as fresh as the files: an edited app/ is imported anew, as `--reload` does it."""

import importlib
import os
import sys
from pathlib import Path
from types import ModuleType
from weakref import WeakSet

from tutorial.late_types import unknown_type

_imported: dict[str, bytes | None] = {}  # file -> what it held when its module was noted
_known: WeakSet[ModuleType] = WeakSet()  # the modules whose types Python has looked at


def app_modules() -> dict[str, ModuleType]:
    """Return the modules of `app` that are imported now, by name."""
    modules = list(sys.modules.items())
    return {name: module for name, module in modules if f"{name}.".startswith("app.")}


def forget_app() -> None:
    """Forget `app` and its tables, so that the next import reads the files.

    A server that runs the old code keeps it: its classes stay mapped. Only the names are given
    free, because SQLModel keeps one registry of tables for the whole process.
    """
    for name in app_modules():
        del sys.modules[name]
    importlib.invalidate_caches()
    _imported.clear()
    if "sqlmodel" in sys.modules:
        from sqlalchemy import MetaData
        from sqlmodel import SQLModel

        try:
            SQLModel._sa_registry.configure()
        except Exception:  # a relationship that does not work would stop its corrected form, too
            SQLModel._sa_registry.dispose()
        SQLModel.metadata.clear()
        SQLModel.metadata.naming_convention = MetaData().naming_convention
        SQLModel._sa_registry._class_registry.clear()


def note_app(_info: object = None) -> None:
    """Note what the files of `app` hold, for those that were imported since the last note.

    Runs after each cell too: a file that is edited before the next one must be seen as changed.
    """
    for file, text in _files().items():
        _imported.setdefault(file, text)


def app_is_current() -> bool:
    """Whether every imported file of `app` was noted, and holds now what it held then."""
    noted = all(_imported.get(file, b"not noted") == text for file, text in _files().items())
    return noted and not _half_imported()


def import_now(name: str) -> ModuleType:
    """Import a module of `app` as the files are now, and return it.

    The files may have been changed since the cell began that asks for it. They are noted at once:
    when that cell ends, they may hold another text than the one that was imported. Raises
    also the error of a type that Python has not looked at yet.
    """
    if not app_is_current():
        forget_app()
    module = importlib.import_module(name)
    if error := unknown_type_in_app():
        raise error
    note_app()
    return module


def unknown_type_in_app() -> Exception | None:
    """Look at all types of `app`, once. Of one that is unknown, return the error; forget `app`."""
    for name, module in app_modules().items():
        if module not in _known and (error := unknown_type(list(vars(module).values()), name)):
            forget_app()
            return error
        _known.add(module)
    return None


def forget_changed_app(_info: object = None) -> None:
    """Before each cell, forget `app` if one of its imported files was changed, else note them."""
    importlib.invalidate_caches()  # a file that was renamed: not every disk notes when
    note_app()
    if not app_is_current():
        forget_app()


def _half_imported() -> bool:
    """Whether a table is left of a module of `app` whose import failed further down.

    Python forgets such a module, SQLModel keeps its table: the corrected file would meet it.
    """
    if "sqlmodel" not in sys.modules:
        return False
    from sqlmodel import SQLModel

    modules = {one.__module__ for one in list(SQLModel._sa_registry._class_registry.values())}
    return any(name.startswith("app.") and name not in sys.modules for name in modules)


def _files() -> dict[str, bytes | None]:
    """Return the text of each imported file of `app`, None for one that is gone; and the URL."""
    files = {}
    for module in app_modules().values():
        # A package without __init__.py has no file, and must notice when it gets one.
        path = Path(module.__file__ or f"{module.__path__[0]}/__init__.py")
        files[str(path)] = path.read_bytes() if path.is_file() else None
    if files:  # the engines were made with the address of that time
        files["DATABASE_URL"] = os.environ.get("DATABASE_URL", "").encode()
    return files
