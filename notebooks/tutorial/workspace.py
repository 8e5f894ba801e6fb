"""The learner's project folder: where it is, how one project takes the place of another, backups.

The project never is a mixture: it is exchanged by moves that a note names beforehand. If one of
them fails, they are taken back; if the kernel dies between two, the next `begin` does the rest.
"""

import itertools
import json
import os
import shutil
import sqlite3
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from tutorial import course
from tutorial.errors import Problem
from tutorial.state import DATABASE, IGNORED, PROJECT_FILES, PROJECT_FOLDERS, opened

MEMORY = ".course"  # what begin and finish note; hidden from the learner's tree
MOVES = f"{MEMORY}/moves.json"
OWNER = f"{MEMORY}/begun.txt"  # who has begun a step last: its number, a space, the notebook
LOCK_SECONDS = 20.0
TRIES, TRY_SECONDS = 10, 0.1  # to move what another program has open for a moment
# The database first: an open file can't be moved on Windows, and then nothing was moved yet.
PROJECT = (DATABASE, f"{DATABASE}-wal", f"{DATABASE}-shm", *PROJECT_FILES, *PROJECT_FOLDERS)
BUILD = ".rebuild-"  # where a project is built that is to take another one's place
# What the notebooks make only to try something out; one that stopped half-way leaves it behind.
TRIAL = "under_load"  # where notebook 11 keeps its copies of the project
TRIALS = ("try_out.db*", "empty.db*", "copy.db*", "trap", "hidden_0002.py")
BACKUPS = "backups"


def location() -> Path:
    """Return the workspace: TUTORIAL_WORKSPACE if it is set, else notebooks/workspace."""
    # A path that is not whole is one beside the notebooks: `begin` changes the current folder.
    return Path(course.NOTEBOOKS, os.environ.get("TUTORIAL_WORKSPACE") or "workspace").resolve()


def project_of(number: int, workspace: Path | None = None) -> Path:
    """Return the folder of a notebook's project: the workspace, or a chapter's folder in it."""
    name = course.notebook_path(number).stem if course.is_chapter(number) else ""
    return (workspace or location()) / name


def project() -> Path:
    """Return the folder of the project that this notebook has begun; at first, the workspace."""
    return project_of(begun.get("number", 0))


begun: dict[str, int] = {}  # the notebook that has begun its project in this kernel


def copy_project(source: Path, target: Path) -> None:
    """Copy the project in `source` to `target`, in place of what is there.

    Raises Problem if another program holds the database locked.
    """
    for name in PROJECT:
        _delete(target / name)
    target.mkdir(parents=True, exist_ok=True)
    for name in PROJECT_FOLDERS:
        if (source / name).is_dir():
            ignored = shutil.ignore_patterns(*IGNORED)
            shutil.copytree(source / name, target / name, ignore=ignored)
    for name in PROJECT_FILES:
        if (source / name).exists():
            shutil.copyfile(source / name, target / name)
    if not (source / DATABASE).exists():
        return
    try:  # with SQLite itself: what is not yet in the file comes along
        with opened(source / DATABASE) as old, closing(sqlite3.connect(target / DATABASE)) as new:
            old.backup(new)
    except sqlite3.Error:  # it is broken: then its bytes are all that there is
        shutil.copyfile(source / DATABASE, target / DATABASE)


def exchange_project(folder: Path, new: Path, old: Path) -> None:
    """Move the project in `folder` to the folder `old`, and the one in `new` to its place.

    Raises Problem if a file is open on Windows. Whatever is raised, all is where it was.
    """
    old.mkdir(parents=True, exist_ok=True)
    moves = [(folder / name, old / name) for name in PROJECT if (folder / name).exists()]
    moves += [(new / name, folder / name) for name in PROJECT if (new / name).exists()]
    names = [[path.relative_to(folder).as_posix() for path in move] for move in moves]
    try:
        (folder / MOVES).write_text(json.dumps(names), encoding="utf-8", newline="\n")
        _move(moves)
    except BaseException:
        _move([(target, source) for source, target in reversed(moves)])
        (folder / MOVES).unlink(missing_ok=True)
        raise
    (folder / MOVES).unlink()


def _move(moves: list[tuple[Path, Path]]) -> None:
    """Do each move that is not done yet."""
    for source, target in moves:
        if source.exists() and not target.exists() and target.parent.is_dir():
            with moving(source.name):
                rename(source, target)


def _go_on(folder: Path) -> None:
    """Do the rest of an exchange whose kernel has died."""
    try:
        names = json.loads((folder / MOVES).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):  # none, or one that was not written to its end
        names = []  # nothing was moved
    _move([(folder / source, folder / target) for source, target in names])
    (folder / MOVES).unlink(missing_ok=True)


def new_backup(folder: Path) -> Path:
    """Return the path of a new backup in `folder`, which is not made yet."""
    paths = (folder / BACKUPS / f"{number:03d}" for number in itertools.count(1))
    return next(path for path in paths if not path.exists())


def backups(folder: Path) -> list[str]:
    """Return the names of the backups in `folder`, for example backups/001, the oldest first."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.glob(f"{BACKUPS}/*"))


@contextmanager
def build_folder(folder: Path) -> Iterator[Path]:
    """Give an empty folder in `folder`, and delete it with all that is left in it."""
    with tempfile.TemporaryDirectory(prefix=BUILD, dir=folder, ignore_cleanup_errors=True) as name:
        yield Path(name)


@contextmanager
def only_one(folder: Path) -> Iterator[None]:
    """Let only one notebook at a time change the project in `folder`; others wait here.

    Raises Problem if another one takes more than LOCK_SECONDS.
    """
    from filelock import FileLock, Timeout

    (folder / MEMORY).mkdir(parents=True, exist_ok=True)
    try:
        lock = FileLock(folder / MEMORY / "lock").acquire(timeout=LOCK_SECONDS)
    except Timeout as error:
        raise Problem("still-rebuilding", seconds=round(LOCK_SECONDS)) from error
    with lock:
        _go_on(folder)
        yield


def clear_trials(folder: Path) -> None:
    """Delete what an earlier run of a notebook made for a trial and did not clean up."""
    for pattern in (*TRIALS, TRIAL, f"{BUILD}*"):
        for path in folder.glob(pattern):
            with moving(path.name):
                _delete(path)


def _delete(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def rename(source: Path, target: Path) -> None:
    """Move a file or a folder. On Windows, try for a second: a new file may be looked through.

    An antivirus, or a program that copies all files to a cloud, opens what was just written.
    """
    for tries_left in reversed(range(TRIES)):
        try:
            source.replace(target)
        except PermissionError:
            if sys.platform != "win32" or not tries_left:
                raise
            time.sleep(TRY_SECONDS)
        else:
            return


@contextmanager
def moving(name: str) -> Iterator[None]:
    """Raise Problem, in the block, if Windows refuses to move or delete what is open."""
    try:
        yield
    except PermissionError as error:
        if sys.platform != "win32":  # elsewhere, an open file can be moved
            raise
        raise Problem("file-locked", path=name) from error
