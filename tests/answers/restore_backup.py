"""Answers to the exercise `restore_backup`."""

import os
import shutil
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

from answers import right, wrong


def need_good(backup):
    """Raise ValueError for a backup that can't be used."""
    if not backup.is_file():
        raise ValueError("not there")
    with closing(sqlite3.connect(backup)) as source:
        try:
            if source.execute("PRAGMA integrity_check").fetchone() != ("ok",):
                raise ValueError("damaged")
            source.execute("SELECT 1 FROM task LIMIT 1")
        except sqlite3.Error as error:
            raise ValueError(str(error)) from error


def by_sqlite(backup, target):
    with closing(sqlite3.connect(backup)) as source, closing(sqlite3.connect(target)) as new:
        source.backup(new)


def delete(target):
    for end in ("", "-wal", "-shm"):
        target.with_name(target.name + end).unlink(missing_ok=True)


@right
def looks_first(backup, target):
    need_good(backup)
    by_sqlite(backup, target)


@right
def deletes_the_three_files(backup, target):
    need_good(backup)
    delete(target)
    shutil.copyfile(backup, target)


@right
def by_vacuum(backup, target):
    need_good(backup)
    delete(target)
    with closing(sqlite3.connect(backup)) as source:
        source.execute("VACUUM INTO ?", [str(target)])


@right
def into_a_new_file_first(backup, target):
    need_good(backup)
    new = target.with_name("new.db")
    by_sqlite(backup, new)
    delete(target)
    new.replace(target)


@wrong("when a killed service has left database.db-wal, the target has 6 rows afterwards")
def copies_the_file(backup, target):
    need_good(backup)
    shutil.copyfile(backup, target)


@wrong("if the backup is not there, it raises no ValueError")
def does_not_look(backup, target):
    by_sqlite(backup, target)


@wrong("if the backup is not there, it raises no ValueError")
def looks_only_at_the_integrity(backup, target):
    with closing(sqlite3.connect(backup)) as source:
        try:
            rows = source.execute("PRAGMA integrity_check").fetchall()
        except sqlite3.DatabaseError as error:
            raise ValueError from error
    if rows != [("ok",)]:
        raise ValueError
    by_sqlite(backup, target)


@wrong("if the backup is damaged where only integrity_check looks, it raises no ValueError")
def looks_only_at_the_rows(backup, target):
    if not backup.is_file():
        raise ValueError
    with closing(sqlite3.connect(backup)) as source:
        try:
            source.execute("SELECT * FROM task ORDER BY +id").fetchall()
        except sqlite3.DatabaseError as error:
            raise ValueError from error
    by_sqlite(backup, target)


@wrong("if the backup is a text, it stops with DatabaseError, not with ValueError")
def without_an_except(backup, target):
    if not backup.is_file() or not backup.stat().st_size:
        raise ValueError
    with closing(sqlite3.connect(backup)) as source:
        if source.execute("PRAGMA integrity_check").fetchall() != [("ok",)]:
            raise ValueError
        source.execute("SELECT count(*) FROM task")
    by_sqlite(backup, target)


@wrong("if the backup is not there, the target is gone")
def deletes_first(backup, target):
    delete(target)
    need_good(backup)
    shutil.copyfile(backup, target)


@wrong("if the backup has no table `task`, the target does not keep its rows")
def looks_afterwards(backup, target):
    if not backup.is_file() or not backup.stat().st_size:
        raise ValueError
    with closing(sqlite3.connect(backup)) as source:
        try:
            if source.execute("PRAGMA integrity_check").fetchall() != [("ok",)]:
                raise ValueError
        except sqlite3.Error as error:
            raise ValueError from error
    by_sqlite(backup, target)
    try:
        need_good(target)
    except ValueError as error:
        raise ValueError("too late") from error


@wrong("when there is no target, there is no target afterwards")
def refuses_all_without_a_target(backup, target):
    need_good(backup)
    if target.exists():
        by_sqlite(backup, target)


@wrong("your code stops with FileNotFoundError")
def needs_a_target(backup, target):
    need_good(backup)
    target.unlink()
    by_sqlite(backup, target)


@wrong("a good backup is refused when there is no target")
def refuses_all(backup, target):
    raise ValueError


@wrong("when there is no target, there is no target afterwards")
def only_looks(backup, target):
    need_good(backup)


@wrong("when the target has fewer rows, the target has 2 rows afterwards")
def only_without_a_target(backup, target):
    with suppress(FileExistsError):
        need_good(backup)
        with target.open("xb") as new:
            new.write(Path(backup).read_bytes())


def looks(backup, pragma="integrity_check"):
    with closing(sqlite3.connect(backup)) as source:
        try:
            said = source.execute(f"PRAGMA {pragma}").fetchall()
            rows = source.execute("SELECT id, task_name FROM task").fetchall()
        except sqlite3.DatabaseError as error:
            raise ValueError from error
    if said != [("ok",)]:
        raise ValueError
    return rows


@wrong("if the backup is damaged where only integrity_check looks, it raises no ValueError")
def by_quick_check(backup, target):
    if not backup.is_file():
        raise ValueError
    looks(backup, "quick_check")
    by_sqlite(backup, target)


@wrong("if the backup is not there, it makes an empty one: ask `is_file()` first")
def makes_an_empty_backup(backup, target):
    looks(backup)
    by_sqlite(backup, target)


@wrong("when there is no target, the backup is gone afterwards: copy it, do not move it")
def moves_the_backup(backup, target):
    need_good(backup)
    delete(target)
    backup.replace(target)


@wrong("`alembic_version` is another one: bring back all tables of the backup, not only `task`")
def copies_the_tasks_only(backup, target):
    if not backup.is_file():
        raise ValueError
    rows = looks(backup)
    with closing(sqlite3.connect(target)) as new, new:
        new.execute("CREATE TABLE IF NOT EXISTS task (task_name VARCHAR, id INTEGER PRIMARY KEY)")
        new.execute("DELETE FROM task")
        new.executemany("INSERT INTO task (id, task_name) VALUES (?, ?)", rows)


@right
def leaves_the_journal(backup, target):
    need_good(backup)
    for end in ("-wal", "-shm"):
        target.with_name(target.name + end).unlink(missing_ok=True)
    shutil.copyfile(backup, target)


@wrong("a good backup is refused when the table `task` of the backup has no rows, in the line")
def wants_a_row(backup, target):
    need_good(backup)
    with closing(sqlite3.connect(backup)) as source:
        if not source.execute("SELECT 1 FROM task").fetchone():
            raise ValueError("empty")
    by_sqlite(backup, target)


@right
def from_the_folder_of_the_backup(backup, target):
    need_good(backup)
    os.chdir(backup.parent)
    by_sqlite(backup.name, target)
