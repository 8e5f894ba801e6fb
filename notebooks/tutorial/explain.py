"""Turns an exception into a Problem: what happened, and what to do."""

import ast
import dis
import errno
import functools
import linecache
import re
import sqlite3
import sys
import textwrap
import traceback
from collections.abc import Callable, Iterator
from json import JSONDecodeError
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from tutorial import course
from tutorial.edits import SOURCES, maker_of
from tutorial.environment import requirements
from tutorial.errors import Problem
from tutorial.hints import hint, syntax_hint
from tutorial.imports import hidden_in
from tutorial.late_types import unknown_type_behind
from tutorial.said import meaning
from tutorial.state import PROJECT_FOLDERS, project_files
from tutorial.workspace import begun, project

P = ParamSpec("P")
R = TypeVar("R")

stopped: dict[str, str] = {}  # a name -> the error of the cell that should have set it


def explained(function: Callable[P, R]) -> Callable[P, R]:
    """Let a function raise Problem for each exception that has an explanation."""

    @functools.wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return function(*args, **kwargs)
        except Exception as error:
            if problem := explain(error):
                raise problem from error
            raise

    return run


def explain(error: BaseException) -> Problem | None:
    """Return the Problem that an exception means, or None: then nothing is known about it.

    The order of the rules matters: a missing table while a file is being imported is a mistake in
    that file, so the file comes before what the database says.
    """
    if isinstance(error, Problem):
        return None
    error = unknown_type_behind(error) or error
    files = (_other_encoding, _file_of_the_project)
    rules = (_system, _hidden, _missing_module, *files, _name, _answer, _library, _sqlite)
    for rule in rules:
        if problem := rule(error):
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


def _system(error: BaseException) -> Problem | None:
    """The system refuses: no folder of the project, no room, no right to write, no such file."""
    if here() is None and isinstance(error, OSError | ImportError | sqlite3.Error):
        return Problem("folder-gone")
    if not isinstance(error, OSError):
        return None
    a_source = str(error.filename).endswith(SOURCES)
    no_such = isinstance(error, FileNotFoundError)
    no_folder = no_such and a_source and not Path(error.filename).parent.exists()
    kinds = {
        "disk-full": error.errno == errno.ENOSPC,
        # On Windows: the file is in use (32), or a part of it is locked (33).
        "file-locked": getattr(error, "winerror", None) in (32, 33),
        "read-only": error.errno in (errno.EACCES, errno.EROFS, errno.EPERM),
        "name-taken": isinstance(error, FileExistsError | NotADirectoryError),
        "no-such-folder": no_folder,
        "file-gone": no_such and (a_source or maker_of(_shown(error.filename)) is not None),
    }
    key = next((key for key, is_it in kinds.items() if is_it), None)
    return Problem(key, path=_shown(error.filename)) if key else None


def _hidden(error: BaseException) -> Problem | None:
    """A file of the project was imported in place of a package."""
    if not isinstance(error, ImportError | AttributeError):
        return None
    return hidden_in(str(error), project())


def _other_encoding(error: BaseException) -> Problem | None:
    """A file of the project was saved in another encoding, or holds a NUL, as UTF-16 does."""
    known = error.filename if isinstance(error, SyntaxError) else None
    if _in_project(known) and re.search(r"\(unicode error\)|Non-UTF-8 code", str(error)):
        return Problem("other-encoding", path=_shown(known))
    # In both other cases, the error does not name the file.
    null = isinstance(error, SyntaxError) and known is None and "null bytes" in str(error)
    if not null and not isinstance(error, UnicodeDecodeError):
        return None
    for path in project_files(here() or Path()):
        held = path.read_bytes()
        if (null and b"\0" in held) or held == getattr(error, "object", None):
            return Problem("other-encoding", path=path.as_posix())
    return None


def other_encoding_in(text: str, folder: Path) -> Problem | None:
    """Return the Problem if an error's text tells of bytes that a file of a folder really has.

    Python does not always say in which file it has met them.
    """
    if not re.search("'utf-8' codec can't decode|Non-UTF-8 code|null bytes", text):
        return None
    for path in project_files(folder):
        held = (folder / path).read_bytes()
        try:
            held.decode("utf-8")
            broken = b"\0" in held
        except UnicodeDecodeError:
            broken = True
        if broken:
            return Problem("other-encoding", path=path.as_posix())
    return None


def _file_of_the_project(error: BaseException) -> Problem | None:
    """A file of the project could not be imported."""
    if isinstance(error, SyntaxError) and _in_project(error.filename):
        # Of an f-string, Python 3.11 gives a part in the place of the line.
        linecache.checkcache(error.filename)
        quoted = linecache.getline(str(error.filename), error.lineno or 0)
        path, message = _shown(error.filename), error.msg.rstrip(".?") + _text_of(quoted)
        problem = Problem("syntax-error", path=path, line=error.lineno, message=message)
        return _with(syntax_hint(error), problem)
    places = _places(error)
    if all(frame.name not in ("<module>", "__annotate__") for frame in places):
        return None  # the file was imported, and a function in it failed
    path, line = _shown(places[-1].filename), places[-1].lineno
    said = textwrap.shorten(one_line(error).rstrip("."), 200, placeholder=" …")
    said += _text_of(places[-1].line)
    return _with(hint(error), Problem("import-stops", path=path, line=line, error=f"{said}."))


def _with(told: str, problem: Problem) -> Problem:
    """Let a Problem say first what helps with the error that it quotes."""
    problem.todo = f"{told} {problem.todo}".strip()
    return problem


def _text_of(line: str | None) -> str:
    """Return a line of a file as words of a message, or "" if there is none."""
    text = (line or "").strip()[:100]
    return f", in the line `{text}`" if text else ""


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
    if not isinstance(error, NameError) or "is not defined" not in str(error):
        return None  # also for a name that the function itself sets later
    frames = list(traceback.walk_tb(error.__traceback__))
    name = getattr(error, "name", None)
    if not name or not frames or frames[-1][0].f_globals.get("__name__") != "__main__":
        return None
    if name in stopped:
        return Problem("cell-stopped", name=name, error=stopped[name])
    step = begun.get("number")
    # A file that a cell writes, and what the learner changes, set no name for the cells below them.
    has_cell = step and any(
        not cell.source.startswith("%%")
        and not cell.id.startswith("your-turn-")
        and name in set_in(cell.source)
        for cell in course.cells(step)
        if cell.kind == "code" and name in cell.source
    )
    if not has_cell and (line := import_of(name, step or 0)):
        return Problem("name-not-imported", name=name, line=line)
    if has_cell:
        return Problem("name-not-set", name=name)
    return _with(hint(error), Problem("unknown-name", name=name))


def import_of(name: str, step: int) -> str:
    """Return the line that imports a name in the notebooks up to a step, or "".

    Of a name that they import from two places, such as `Path`, it can't tell which is meant.
    """
    found: set[str] = set()
    for number in (one for one in course.numbers() if one <= step):
        for cell in course.cells(number):
            source = re.sub(r"\A%%writefile .*", "", cell.source)
            if cell.kind == "code" and name in source:
                found.update(_imports_of(name, source))
    return found.pop() if len(found) == 1 else ""


def _imports_of(name: str, source: str) -> Iterator[str]:
    try:
        tree = ast.parse(source)
    except SyntaxError:  # another magic
        return
    for node in ast.walk(tree):
        for alias in node.names if isinstance(node, ast.Import | ast.ImportFrom) else ():
            if (alias.asname or alias.name) == name == alias.name:
                before = f"from {node.module} " if isinstance(node, ast.ImportFrom) else ""
                yield f"{before}import {name}"


def set_in(source: str) -> set[str]:
    """Return the names that a cell sets in the notebook: not those of arguments or attributes."""
    python = re.sub(r"^[%!].*", "", source, flags=re.MULTILINE)
    steps = dis.get_instructions(compile(python, "cell", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT))
    return {str(step.argval) for step in steps if step.opname in ("STORE_NAME", "STORE_GLOBAL")}


READ_OTHERWISE = {  # the status of an answer that is no JSON -> what helps
    204: "Leave out `.json()`: after such a request, there is nothing to read.",
    307: "Write the path as the endpoint has it, with or without the slash at its end.",
    500: "Run `server.log()`, put right what it names, and run the cell with `serve` and this one "
    "again.",
}


def _answer(error: BaseException) -> Problem | None:
    """A service answered with a body that is no JSON, mostly after an error in its code."""
    if isinstance(error, JSONDecodeError):
        for frame, _ in traceback.walk_tb(error.__traceback__):
            answer = frame.f_locals.get("self")
            if type(answer).__module__.partition(".")[0] == "httpx":
                status: Any = getattr(answer, "status_code", "?")
                helps = READ_OTHERWISE.get(status, "Read it with `.text`: it shows what came.")
                return Problem("answer-without-json", status=status, helps=helps)
    return None


def _library(error: BaseException) -> Problem | None:
    """A library says something that beginners meet often."""
    package = type(error).__module__.partition(".")[0]
    return meaning(f"{package}.{type(error).__name__}: {error}", "exception")


def _sqlite(error: BaseException) -> Problem | None:
    """SQLite refuses."""
    error = getattr(error, "orig", None) or error  # SQLAlchemy wraps what the driver raised
    if not isinstance(error, sqlite3.Error):
        return None
    text = one_line(str(error)).rstrip(".")
    if isinstance(error, sqlite3.IntegrityError):
        return Problem("row-refused", error=text)
    return meaning(text, "sqlite", error=text)


def here() -> Path | None:
    """Return the current folder, or None if it was deleted."""
    try:
        return Path.cwd()
    except FileNotFoundError:
        return None


def _below(filename: object) -> list[Path]:
    """Return a path as seen from the current folder and from the workspace, if it is in there."""
    if not isinstance(filename, str):
        return []
    folders = [folder for folder in (here(), project()) if folder is not None]
    path = Path(filename)
    return [path.relative_to(folder) for folder in folders if path.is_relative_to(folder)]


def _in_project(filename: str | None) -> bool:
    """Whether a file belongs to the project, or to a project in the current folder."""
    return any(path.parts[:1] == (name,) for path in _below(filename) for name in PROJECT_FOLDERS)


def _places(error: BaseException) -> list[traceback.FrameSummary]:
    """Return where an exception passed through files of the project, the innermost last."""
    frames = traceback.extract_tb(error.__traceback__)
    return [frame for frame in frames if _in_project(frame.filename)]


def _shown(filename: object) -> str:
    """Return a path as the learner knows it: below the project, or in full."""
    if not isinstance(filename, str) or not filename:
        return "The file"
    return next((path.as_posix() for path in _below(filename) if path.parts), filename)
