"""The case of notebook 17: a service and its database in trouble, made from the story of a week.

The service is the one that chapter 12 leaves. What was done to its code and its database since
stands in the folder `broken_service`, day by day.
"""

import os
import shutil
import sqlite3
import tomllib
from contextlib import closing
from itertools import count
from pathlib import Path

from tutorial.ends import stored_ends
from tutorial.errors import Problem
from tutorial.explain import explained
from tutorial.files import tree
from tutorial.fresh import forget_app
from tutorial.imports import look_first_in
from tutorial.server import stop_servers
from tutorial.state import DATABASE
from tutorial.workspace import build_folder, moving, project, rename

STORY = Path(__file__).parent / "broken_service"
START = 12  # the chapter whose service it is
CASE, ANSWER = "case", "answer"  # the learner's folder, and that of the worked answer
VERSIONS, BACKUP, COPY, RELEASE = "alembic/versions", "backups", "wednesday", "thursday"
# Messages whose advice, elsewhere, is to run the notebook again: it leaves a case as it is.
OF_THE_CASE = (
    *("unknown-revision", "database-newer", "revision-exists"),
    *("column-missing", "table-missing", "command-failed"),
)
TODO = """This is a part of the case, so look for its cause: in what it says, in the notes, in the
files. Have you made it worse? `open_case(fresh=True)` makes the case anew."""
NOT_ASKED = "`check` has not run in this kernel yet: run its cell, then this one."
counted: dict[Path, str] = {}  # a case -> the last line of `check`
DAYS = ("monday", "monday_evening", "tuesday", "wednesday", "thursday")


@explained
def open_case(fresh: bool = False) -> Path:
    """Go into the folder of the case, print what is in it, and return its path.

    The first time, the case is made. Later, it is as you left it, unless `fresh` is true: then the
    old folder is kept beside it, its new name is printed, and the case is made anew. Raises Problem
    if a file of it is open on Windows.
    """
    folder = project() / CASE
    stop_servers()
    forget_app()
    os.chdir(project())  # Windows moves no folder in which somebody is
    if fresh and folder.exists():
        names = (f"{CASE}_{number:03d}" for number in count(1))
        kept = next(name for name in names if not (project() / name).exists())
        with moving(CASE):
            rename(folder, project() / kept)
        print(f"↻ Your case was kept in the folder {kept}, beside the new one.")
    if not folder.exists():
        _make(folder)
    os.chdir(folder)
    look_first_in(folder)
    Problem.other_todo = dict.fromkeys(OF_THE_CASE, TODO)
    print(f"You are in the folder {CASE}.\n")
    tree(BACKUP, RELEASE, COPY)
    return folder


@explained
def answer_case() -> Path:
    """Make a second case, for the worked answer, and return its path; you stay where you are.

    It is in the folder `answer` beside yours. What an earlier run has left there is deleted.
    """
    folder = project() / ANSWER
    if folder.exists():
        shutil.rmtree(folder)
    _make(folder)
    return folder


def _make(folder: Path) -> None:
    """Make the case in `folder`, whole or not at all."""
    counted.pop(folder.resolve(), None)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with build_folder(folder.parent) as build:
        make_case(build / CASE)
        with moving(folder.name):
            rename(build / CASE, folder)


def make_case(folder: Path) -> None:
    """Write the service and the databases of the story into a new folder."""
    stored_ends().put(START, folder)
    (folder / DATABASE).unlink()
    for name in (BACKUP, COPY, RELEASE):
        (folder / name).mkdir()
    for path, old, new in _edits():
        text = (folder / path).read_text(encoding="utf-8")
        if text.count(old) != 1:
            raise ValueError(f"{path} has {text.count(old)} times {old!r}")
        (folder / path).write_text(text.replace(old, new), encoding="utf-8", newline="\n")
    for file in (STORY / "revisions").glob("*.py"):
        there = RELEASE if file.name.startswith("c41d") else VERSIONS
        shutil.copyfile(file, folder / there / file.name)
    _run(folder / BACKUP / "monday.db", "monday")
    _live_the_week(folder / DATABASE, folder / COPY)


def _edits() -> list[tuple[str, str, str]]:
    """Return what was replaced in the code: path, old and new text."""
    text = (STORY / "edits.toml").read_text(encoding="utf-8")
    return [(one["path"], one["old"], one["new"]) for one in tomllib.loads(text)["edit"]]


def _live_the_week(database: Path, copy: Path) -> None:
    """Make the database of today, and on the way the copy of Wednesday.

    Wednesday's rows are only in the second file of the copy. The restore took the first one.
    """
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        for day in DAYS[:3]:
            connection.executescript(sql(day))
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.executescript(sql("wednesday"))
        for name in (DATABASE, f"{DATABASE}-wal"):
            shutil.copyfile(database.with_name(name), copy / name)
    shutil.copyfile(copy / DATABASE, database)  # no stale -wal: the last connection has taken it
    _run(database, "thursday")


def _run(database: Path, day: str) -> None:
    with closing(sqlite3.connect(database)) as connection:
        connection.executescript(sql(day))


def told_of_case(chapter: Path) -> tuple[str, bool]:
    """Return what `check` has said last of the case in a chapter's folder, and whether all is good.

    Only what it has said in this kernel counts: a case may have been changed since.
    """
    said = counted.get((chapter / CASE).resolve(), NOT_ASKED)
    return (f"{said} `check` tells the rest." if said[:1].isdigit() else said), said[:1] == "✓"


def sql(day: str) -> str:
    """Return what a day did to the database, as one transaction."""
    text = (STORY / f"{day}.sql").read_text(encoding="utf-8")
    return f"BEGIN;\n{text}\nCOMMIT;"


def memory(*days: str) -> sqlite3.Connection:
    """Return a database in memory, as these days have made it. Whoever asks closes it."""
    connection = sqlite3.connect(":memory:")
    for day in days:
        connection.executescript(sql(day))
    return connection
