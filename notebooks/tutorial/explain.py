"""Turns an exception into a Problem: what happened, and what to do."""

import errno
import functools
import re
import sqlite3
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, ParamSpec, TypeVar

from tutorial import course
from tutorial.environment import requirements
from tutorial.errors import Problem
from tutorial.said import SQLITE, meaning
from tutorial.state import PROJECT_FOLDERS
from tutorial.workspace import location

Shell = Any  # IPython's InteractiveShell: half of it has no types, and some that it has are wrong
P = ParamSpec("P")
R = TypeVar("R")
LOCKED_ON_WINDOWS = (32, 33)  # winerror: the file is in use; a part of it is locked


def explained(function: Callable[P, R]) -> Callable[P, R]:
    """Let a function raise Problem for each exception that has an explanation."""

    @functools.wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return function(*args, **kwargs)
        except Exception as error:
            problem = explain(error)
            if problem is None:
                raise
            raise problem from error

    return run


def explain(error: BaseException) -> Problem | None:
    """Return the Problem that an exception means, or None: then nothing is known about it.

    The order of the rules matters: a missing table while a file is being imported is a mistake in
    that file, so the file comes before what the database says.
    """
    if isinstance(error, Problem):
        return None
    original = getattr(error, "orig", None)  # SQLAlchemy wraps what the driver raised
    rules = (_folder, _system, _missing_module, _file_of_the_project, _name, _library, _sqlite)
    for rule in rules:
        problem = rule(original if rule is _sqlite and original else error)
        if problem is not None:
            problem.__cause__ = error
            return problem
    return None


def one_line(error: BaseException | str | None) -> str:
    """Return an error, or the text of a traceback, as "Type: the first line of its message"."""
    if isinstance(error, BaseException):
        error = f"{type(error).__name__}: {error}"
    lines = (error or "").strip().splitlines()
    if lines and lines[0].startswith("Traceback"):
        frames = [number for number, line in enumerate(lines) if line.startswith("  File ")]
        after = [line for line in lines[max(frames, default=0) + 1 :] if not line.startswith(" ")]
        lines = [re.sub(r"^(\w+\.)+(?=\w+:)", "", line) for line in after] or lines[-1:]
    return lines[0].strip().removesuffix(":") if lines else ""


def _folder(error: BaseException) -> Problem | None:
    """The project's folder is gone: nothing in it can be read or imported."""
    if here() is None and isinstance(error, OSError | ImportError | sqlite3.Error):
        return Problem("folder-gone")
    return None


def _system(error: BaseException) -> Problem | None:
    """The system refuses: no room, no right to write, no such file."""
    if not isinstance(error, OSError):
        return None
    if error.errno == errno.ENOSPC:
        return Problem("disk-full")
    if getattr(error, "winerror", None) in LOCKED_ON_WINDOWS:
        return Problem("file-locked", path=_shown(error.filename))
    if error.errno in (errno.EACCES, errno.EROFS, errno.EPERM):
        return Problem("read-only", path=_shown(error.filename))
    if isinstance(error, FileExistsError | NotADirectoryError):
        return Problem("name-taken", path=_shown(error.filename))
    if isinstance(error, FileNotFoundError):
        name = str(error.filename)
        if name.endswith((".py", ".ini", ".mako")):
            return Problem("file-gone", path=_shown(name))
    return None


def _file_of_the_project(error: BaseException) -> Problem | None:
    """A file of the project could not be imported."""
    if isinstance(error, SyntaxError) and _in_project(error.filename):
        message = error.msg.rstrip(".?")
        values = {"path": _shown(error.filename), "line": error.lineno, "message": message}
        return Problem("syntax-error", **values)
    places = _places(error)
    if all(frame.name != "<module>" for frame in places):
        return None  # the file was imported, and a function in it failed
    path, line = _shown(places[-1].filename), places[-1].lineno
    return Problem("import-stops", path=path, line=line, error=one_line(error))


def _missing_module(error: BaseException) -> Problem | None:
    """A module, or a name in one, is not there."""
    if isinstance(error, ModuleNotFoundError):
        name = error.name or ""
        if name.split(".")[0] == "app":
            if places := _places(error):
                name += f" ({_shown(places[-1].filename)}, line {places[-1].lineno})"
            return Problem("no-such-module", name=name)
        if name.split(".")[0] in {package.replace("-", "_") for package in requirements()}:
            return Problem("missing-packages", python=sys.executable, packages=name)
    elif isinstance(error, ImportError) and _in_project(error.path):
        # Python 3.12 and newer tell the name; 3.11 has it in the message only.
        found = re.search(r"cannot import name '(\w+)'", str(error))
        if found:
            return Problem("not-in-module", path=_shown(error.path), name=found[1])
    return None


def _name(error: BaseException) -> Problem | None:
    """A cell uses a name that no cell has set."""
    if not isinstance(error, NameError) or isinstance(error, UnboundLocalError):
        return None
    frames = list(traceback.walk_tb(error.__traceback__))
    name = getattr(error, "name", None)
    if not name or not frames or frames[-1][0].f_globals.get("__name__") != "__main__":
        return None
    step = _begun.get("step")
    # A file that a cell writes, and a hidden solution, set no name for the cells below them.
    used = step and any(
        cell.kind == "code"
        and not cell.source.startswith("%%")
        and not cell.id.endswith("-solution")
        and re.search(rf"\b{re.escape(name)}\b", cell.source)
        for cell in course.cells(step)
    )
    return Problem("name-not-set" if used else "unknown-name", name=name)


def _library(error: BaseException) -> Problem | None:
    """A library says something that beginners meet often."""
    kind, text = type(error).__name__, str(error)
    module = type(error).__module__.split(".")[0]
    if module == "httpx" and kind == "ConnectError":
        return Problem("server-gone")
    if kind == "RuntimeError" and "client has been closed" in text:
        return Problem("client-closed")
    if kind == "RuntimeError" and "asyncio.run() cannot be called" in text:
        return Problem("event-loop-runs")
    if module == "sqlalchemy":
        if kind == "PendingRollbackError":
            return Problem("transaction-failed")
        found = re.match(r"Table '(\w+)' is already defined", text)
        if found:
            return Problem("table-defined-twice", table=found[1])
    return None


def _sqlite(error: BaseException) -> Problem | None:
    """SQLite refuses."""
    if not isinstance(error, sqlite3.Error):
        return None
    text = one_line(str(error)).rstrip(".")
    if isinstance(error, sqlite3.IntegrityError):
        return Problem("row-refused", error=text)
    return meaning(text, SQLITE, error=text)


def here() -> Path | None:
    """Return the current folder, or None if it was deleted."""
    try:
        return Path.cwd()
    except FileNotFoundError:
        return None


def _in_project(filename: str | None) -> bool:
    """Whether a file belongs to the project: to the current folder, or to the workspace."""
    if not filename:
        return False
    folders = [folder for folder in (here(), location()) if folder is not None]
    path = Path(filename)
    return any(path.is_relative_to(folder / name) for folder in folders for name in PROJECT_FOLDERS)


def _places(error: BaseException) -> list[traceback.FrameSummary]:
    """Return where an exception passed through files of the project, the innermost last."""
    frames = traceback.extract_tb(error.__traceback__)
    return [frame for frame in frames if _in_project(frame.filename)]


def _shown(filename: str | bytes | int | None) -> str:
    """Return a path as the learner knows it: below the project, or in full."""
    if not isinstance(filename, str) or not filename:
        return "The file"
    path = Path(filename)
    for folder in (here(), location()):
        if folder is not None and path.is_relative_to(folder) and path != folder:
            return path.relative_to(folder).as_posix()
    return str(path)


_begun: dict[str, int] = {}  # the step whose notebook runs in this kernel


def explain_errors(shell: Shell, step: int) -> None:
    """Let a notebook show each exception that has an explanation as a Problem, in every cell.

    %tb shows the whole traceback of the last one.
    """
    _begun["step"] = step
    shell.set_custom_exc((Exception,), _show)
    original = shell.find_line_magic("tb")

    def tb(line: str) -> None:
        problem = getattr(sys, "last_value", None)  # what was shown last
        if isinstance(problem, Problem):
            error = problem.__cause__ or problem
            values = type(error), error, error.__traceback__
            lines = shell.InteractiveTB.structured_traceback(*values)
            print(shell.InteractiveTB.stb2text(lines))
        else:
            original(line)

    if getattr(original, "__name__", "") != "whole_traceback":
        tb.__name__ = "whole_traceback"
        shell.register_magic_function(tb, "line", "tb")


def _show(
    shell: Shell,
    kind: type[BaseException],
    error: BaseException,
    trace: TracebackType | None,
    tb_offset: int | None = None,
) -> None:
    """Show an exception in the cell (the form is IPython's)."""
    problem = error if isinstance(error, Problem) else explain(error)
    if problem is not None:
        kind, error = Problem, problem
    shell.showtraceback((kind, error, trace), running_compiled_code=True)
