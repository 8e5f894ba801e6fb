"""The learner's project folder: where it is, what state it is in, and how it makes room.

A state is what a step leaves behind: the project's files, and the schema, the revision and the rows
of its database. states.json holds the state after each step; tests/store_outputs.py writes it from
a full run of the notebooks, and a test compares it with a replay.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from tutorial.course import BEYOND, NOTEBOOKS, STEPS
from tutorial.errors import Problem

MEMORY = ".course"  # what begin and finish note; hidden from the learner's tree
LOCK_SECONDS = 60.0
PROJECT_FOLDERS = ("app", "alembic")
PROJECT_FILES = ("alembic.ini", "database.db", "database.db-wal", "database.db-shm")
IGNORED = {"__pycache__", ".ipynb_checkpoints", ".DS_Store"}
DATABASE = "database.db"
# What the notebooks make only to try something out; one that stopped half-way leaves it behind.
TRIAL = "under_load"  # where notebook 11 keeps its copies of the project
TRIALS = (
    *("try_out.db*", "empty.db*", "new_machine.db*", "copy.db*", "alembic_async", ".rebuild-*"),
    TRIAL,
)
BACKUPS = "backups"
STATES = Path(__file__).parent / "states.json"


@dataclass(frozen=True)
class State:
    """What a project holds.

    files: path -> SHA-256 of its text, line ends aside. schema: the CREATE statements. revision:
    Alembic's, or None. rows: those of the table `task`, each a dict by column. A database that
    can't be read has the schema ["unreadable"].
    """

    files: dict[str, str] = field(default_factory=dict)
    schema: list[str] = field(default_factory=list)
    revision: str | None = None
    rows: list[dict[str, object]] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        """Whether there is no project yet."""
        return not self.files and not self.schema

    @property
    def ids(self) -> set[object]:
        """The ids of the rows."""
        return {row["id"] for row in self.rows}

    def continues(self, other: State) -> bool:
        """Whether this is `other`, or `other` with some rows more: the learner's own."""
        same = (self.files, self.schema, self.revision)
        return same == (other.files, other.schema, other.revision) and all(
            row in self.rows for row in other.rows
        )


def location() -> Path:
    """Return the workspace: TUTORIAL_WORKSPACE if it is set, else notebooks/workspace."""
    return Path(os.environ.get("TUTORIAL_WORKSPACE") or NOTEBOOKS / "workspace").resolve()


def project_files(folder: Path) -> list[Path]:
    """Return the project's files in `folder`, without the database, sorted, relative to it."""
    found = [folder / name for name in PROJECT_FILES if not name.startswith(DATABASE)]
    for name in PROJECT_FOLDERS:
        found += (folder / name).rglob("*")
    return sorted(
        path.relative_to(folder)
        for path in found
        if path.is_file() and not IGNORED.intersection(path.relative_to(folder).parts)
    )


def read_only(database: Path) -> sqlite3.Connection:
    """Open an existing SQLite file to read it. Raises sqlite3.OperationalError if there is none."""
    connection = sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro", uri=True)
    connection.row_factory = sqlite3.Row
    return connection


def read_state(folder: Path) -> State:
    """Read the state of the project in `folder`."""
    files = {}
    for path in project_files(folder):
        text = (folder / path).read_bytes().replace(b"\r\n", b"\n")
        files[path.as_posix()] = hashlib.sha256(text).hexdigest()
    database = folder / DATABASE
    if not database.exists():
        return State(files)
    try:
        with closing(read_only(database)) as connection:
            query = "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name"
            schema = dict(connection.execute(query).fetchall())
            rows, revision = [], None
            if "task" in schema:
                rows = [dict(row) for row in connection.execute("SELECT * FROM task ORDER BY id")]
            if "alembic_version" in schema:
                found = connection.execute("SELECT version_num FROM alembic_version").fetchone()
                revision = found[0] if found else None
    except sqlite3.Error:
        return State(files, schema=["unreadable"])
    return State(files, list(schema.values()), revision, rows)


@lru_cache
def known_states() -> dict[int, State]:
    """Return the state after each notebook, by its number; 0 is the empty folder."""
    stored = json.loads(STATES.read_text(encoding="utf-8")) if STATES.exists() else {}
    known = {0: State()} | {int(step): State(**state) for step, state in stored.items()}
    if STEPS in known:
        known[BEYOND] = known[STEPS]  # the notebook after the steps leaves the project as it is
    return known


def step_of(state: State) -> int | None:
    """Return the step that leaves exactly this state, or None: then it holds the learner's work."""
    for step, known in known_states().items():
        if state == known:
            return step
    return None


def clear(folder: Path) -> None:
    """Delete the project in `folder`, and nothing else that lies there."""
    _move_or_delete(folder, None)


def back_up(folder: Path) -> Path:
    """Move the project in `folder` into a new folder below backups/, and return that folder."""
    number = 1
    while (folder / BACKUPS / f"{number:03d}").exists():
        number += 1
    target = folder / BACKUPS / f"{number:03d}"
    target.mkdir(parents=True)
    _move_or_delete(folder, target)
    return target


def take_back(backup: Path, folder: Path) -> None:
    """Copy a backup to `folder`, where no project may be. The backup stays."""
    with tempfile.TemporaryDirectory(prefix=".rebuild-", dir=folder) as name:
        shutil.copytree(backup, name, dirs_exist_ok=True)
        move_in(Path(name), folder)


def end_of(step: int, folder: Path) -> Path:
    """Return where the project is kept as a replay of `step` has left it; it may not be there."""
    return folder / MEMORY / "ends" / f"{step:02d}"


def copy_project(source: Path, target: Path) -> None:
    """Copy the project in `source` to `target`, in place of what is there."""
    if target.exists():
        clear(target)
    target.mkdir(parents=True, exist_ok=True)
    for name in PROJECT_FOLDERS:
        if (source / name).is_dir():
            ignored = shutil.ignore_patterns(*IGNORED)
            shutil.copytree(source / name, target / name, ignore=ignored)
    for name in PROJECT_FILES:
        # Not the -shm file: it is only shared memory, and SQLite makes it anew.
        if (source / name).exists() and not name.endswith("-shm"):
            shutil.copyfile(source / name, target / name)


def backups(folder: Path) -> list[str]:
    """Return the names of the backups in `folder`, for example backups/001, the oldest first."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.glob(f"{BACKUPS}/*"))


@contextmanager
def only_one(folder: Path) -> Iterator[None]:
    """Let only one notebook at a time rebuild the project in `folder`; others wait here.

    Raises Problem if another one takes more than LOCK_SECONDS.
    """
    from filelock import FileLock, Timeout

    (folder / MEMORY).mkdir(exist_ok=True)
    lock = FileLock(folder / MEMORY / "lock")
    try:
        lock.acquire(timeout=LOCK_SECONDS)
    except Timeout as error:
        raise Problem("still-rebuilding", seconds=round(LOCK_SECONDS)) from error
    try:
        yield
    finally:
        lock.release()


def note_owner(folder: Path, step: int, owner: str) -> None:
    """Note which notebook has begun a step in `folder` last."""
    text = json.dumps({"step": step, "owner": owner})
    (folder / MEMORY / "begun.json").write_text(text, encoding="utf-8", newline="\n")


def last_owner(folder: Path) -> tuple[int, str] | None:
    """Return the step that was begun in `folder` last and the notebook that did, if it is known."""
    try:
        noted = json.loads((folder / MEMORY / "begun.json").read_text(encoding="utf-8"))
        return int(noted["step"]), str(noted["owner"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def move_in(source: Path, folder: Path) -> None:
    """Move the project in `source` to `folder`, where no project may be."""
    _move_or_delete(source, folder)


def clear_trials(folder: Path) -> None:
    """Delete what an earlier run of a notebook made for a trial and did not clean up."""
    for pattern in TRIALS:
        for path in folder.glob(pattern):
            with _not_locked(path.name):
                _delete(path)


def _move_or_delete(folder: Path, target: Path | None) -> None:
    # The database first: an open file can't be moved on Windows, and then nothing was moved yet.
    for name in (*PROJECT_FILES[1:], PROJECT_FILES[0], *PROJECT_FOLDERS):
        path = folder / name
        with _not_locked(name):
            if target is None:
                _delete(path)
            elif path.exists():
                path.replace(target / name)


def _delete(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


@contextmanager
def _not_locked(name: str) -> Iterator[None]:
    try:
        yield
    except PermissionError as error:
        if sys.platform != "win32":  # elsewhere, an open file can be moved
            raise
        raise Problem("file-locked", path=name) from error
