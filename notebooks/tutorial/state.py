"""What a project holds: its files, and the schema, the revision and the rows of its database."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePath
from urllib.parse import quote_from_bytes

from tutorial.errors import Problem

PROJECT_FILES = (
    *("alembic.ini", "pytest.ini", "requirements.txt", ".gitignore"),
    *("Dockerfile", ".dockerignore", "compose.yaml", "compose.postgres.yaml"),
    "requirements-service.txt",
)
PROJECT_FOLDERS = ("app", "alembic", "tests", ".github")
DATABASE = "database.db"
IGNORED = {"__pycache__", ".ipynb_checkpoints", ".DS_Store"}
Row = dict[str, object]  # of the table `task`, by column
LOCK_SECONDS = 2.0  # how long to wait for another program that writes into the database


@dataclass(frozen=True)
class State:
    """What a project holds.

    files: path -> text, with line ends as on Linux. schema: name -> CREATE statement. revision:
    Alembic's, or None. rows: those of the table `task`, each a dict by column. broken: whether
    there is a database that can't be read.
    """

    files: dict[str, str] = field(default_factory=dict)
    schema: dict[str, str] = field(default_factory=dict)
    revision: str | None = None
    rows: list[Row] = field(default_factory=list)
    broken: bool = False

    @property
    def ids(self) -> set[object]:
        """The ids of the rows."""
        return {row["id"] for row in self.rows}

    def continues(self, other: State) -> bool:
        """Whether this is `other`, or `other` with some rows more: the learner's own."""
        mine = replace(self, rows=other.rows)
        return mine == other and all(row in self.rows for row in other.rows)


def project_files(folder: Path) -> list[Path]:
    """Return the project's files in `folder`, without the database, sorted, relative to it."""
    inside = (path for name in PROJECT_FOLDERS for path in (folder / name).rglob("*"))
    found = [*(folder / name for name in PROJECT_FILES), *inside]
    paths = (path.relative_to(folder) for path in found if path.is_file())
    return in_order(path for path in paths if not IGNORED.intersection(path.parts))


def in_order(paths: Iterable[Path]) -> list[Path]:
    """Sort paths alike on every system: by themselves, those of Windows ignore the case."""
    return sorted(paths, key=lambda path: path.parts)


def read_text(path: Path) -> str:
    """Return a file's text, with line ends as on Linux. What is not UTF-8 is kept apart.

    Some editors write a mark at the beginning, which nobody sees, and which Python leaves out.
    """
    text = path.read_bytes().replace(b"\r\n", b"\n").decode("utf-8", "surrogateescape")
    return text.removeprefix("\ufeff") if path.suffix == ".py" else text


def as_uri(database: PurePath) -> str:
    """Return the address of an SQLite file, also of one on a network drive of Windows.

    The name of that computer must not stand where addresses have it, file://computer/folder: there,
    SQLite allows none.
    """
    path = quote_from_bytes(os.fsencode(database.as_posix()), safe="/:")
    return f"file://{'' if path.startswith('/') else '/'}{path}"


@contextmanager
def opened(database: Path, mode: str = "ro") -> Iterator[sqlite3.Connection]:
    """Open an existing SQLite file, to read it or ("rw") to write too, and close it at the end.

    Raises Problem if SQLite says in the block that the database is locked.
    """
    address = f"{as_uri(database.absolute())}?mode={mode}"
    try:
        with closing(sqlite3.connect(address, uri=True, timeout=LOCK_SECONDS)) as connection:
            connection.row_factory = sqlite3.Row
            yield connection
    except sqlite3.OperationalError as error:
        if "locked" not in str(error):
            raise
        raise Problem("database-locked") from error


def read_state(folder: Path) -> State:
    """Read the state of the project in `folder`.

    Raises Problem if another program holds the database locked: then nobody knows what it holds.
    """
    files = {path.as_posix(): read_text(folder / path) for path in project_files(folder)}
    database = folder / DATABASE
    if not database.exists():
        return State(files)
    try:
        with opened(database) as connection:
            return State(files, *read_database(connection))
    except sqlite3.Error:
        return State(files, broken=True)


def read_database(connection: sqlite3.Connection) -> tuple[dict[str, str], str | None, list[Row]]:
    """Return the schema, the revision and the rows of an open database."""
    connection.row_factory = sqlite3.Row
    query = "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name"
    schema = dict(connection.execute(query).fetchall())
    rows: list[Row] = []
    if "task" in schema:
        rows = [dict(row) for row in connection.execute("SELECT * FROM task ORDER BY rowid")]
    found = None
    if "alembic_version" in schema:
        found = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    return schema, found[0] if found else None, rows


def require_unlocked(folder: Path) -> None:
    """Raise Problem if another program is about to write into the database of `folder`.

    Moving the file away from under it would take its change into the backup.
    """
    try:
        with opened(folder / DATABASE, "rw") as connection:
            connection.execute("BEGIN IMMEDIATE")  # undone when it is closed
    except sqlite3.Error:
        return  # there is none, or it is broken or read-only, so nobody writes
