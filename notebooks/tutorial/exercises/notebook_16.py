"""Judges of notebook 16: settings that are checked, and a restore that can be trusted."""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from contextlib import chdir, closing, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tutorial.exercises.judging import (
    NotQuite,
    NotTried,
    exercise,
    kind,
    need,
    need_tried,
    refused,
)
from tutorial.exercises.models import fitting_limits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

KEY = "a key that nobody knows"
SHORT = "fifteen letters"
GOOD: tuple[tuple[dict[str, str], int], ...] = (
    ({}, 20),
    ({"PAGE_SIZE": "1"}, 1),
    ({"PAGE_SIZE": "100"}, 100),
)
WRONG_SIZES = ("0", "101", "-5", "2.5", "many")


@exercise
def shop_settings(settings: type[Any]) -> None:
    """A size with a default and limits, and a key that must be there and is never shown."""
    from pydantic import SecretStr
    from pydantic_settings import BaseSettings

    need(isinstance(settings, type), f"it is {kind(settings)}, and not a model.")
    base = issubclass(settings, BaseSettings)
    need(base, "it is no class that is made of `BaseSettings`.")
    if not settings.model_fields:
        raise NotTried
    own = {name.lower(): name for name in settings.model_fields}  # capitals are right, too
    for name in ("page_size", "api_key"):
        need(name in own, f"it has no field `{name}`.")
    for values, size in GOOD:
        made = _made(settings, {"API_KEY": KEY, **values})
        found, key = getattr(made, own["page_size"]), getattr(made, own["api_key"])
        what = f"with {_told(values)}, `{own['page_size']}` is {found!r}"
        need(found == size, f"{what}, and should be {size}.")
        need(type(found) is int, f"{what}, which is no whole number.")
        need(KEY not in f"{made!r} {made}", "the key is shown when the settings are printed.")
        secret = isinstance(key, SecretStr)
        need(secret, f"`{own['api_key']}` is of the type {type(key).__name__}, not SecretStr.")
        need(key.get_secret_value() == KEY, f"`{own['api_key']}` is not what the variable says.")
    need(_error(settings, {}) != "", "without the variable API_KEY, there is no error.")
    said = _error(settings, {"API_KEY": SHORT})
    need(said != "", f"a key of {len(SHORT)} characters is taken.")
    need(not _error(settings, {"API_KEY": "x" * 16}), "a key of 16 characters is refused.")
    for text in WRONG_SIZES:
        said = _error(settings, {"API_KEY": KEY, "PAGE_SIZE": text})
        need(said != "", f"with PAGE_SIZE={text}, there is no error.")
    shown = SHORT in _error(settings, {"API_KEY": SHORT})
    need(not shown, "the error shows the key that it refuses.")


def _told(values: dict[str, str]) -> str:
    return " and ".join(f"{name}={value}" for name, value in values.items()) or "no PAGE_SIZE"


@contextmanager
def _variables(values: dict[str, str]) -> Iterator[None]:
    """Let the environment have these values of the exercise's variables, and no others."""
    before = dict(os.environ)
    for name in list(os.environ):
        if name.upper() in ("PAGE_SIZE", "API_KEY"):
            del os.environ[name]
    os.environ.update(values)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _made(settings: type[Any], values: dict[str, str]) -> Any:
    from pydantic import ValidationError

    with _variables(values), fitting_limits():
        try:
            return settings()
        except ValidationError as error:
            first = error.errors()[0]
            where = " ".join(map(str, first["loc"]))
            size = {name: value for name, value in values.items() if name != "API_KEY"}
            refused(f"a good key with {_told(size)} is refused: {where}: {first['msg']}", error)


def _error(settings: type[Any], values: dict[str, str]) -> str:
    """Return what is said of wrong values, or "" if they are taken."""
    from pydantic import ValidationError

    with _variables(values):
        try:
            settings()
        except ValidationError as error:
            return str(error)
    return ""


Rows = list[tuple[object, ...]]


@exercise
def restore_backup(restore: Callable[[Path, Path], object]) -> None:
    """A backup comes back as it is, and one that can't be used changes nothing."""
    need_tried(restore, "def restore_backup(backup, target): pass")
    for name, before, size in (
        ("there is no target", None, 1000),
        ("the target has fewer rows", 2, 1000),
        ("the target has more rows", 3000, 1000),
        ("the table `task` of the backup has no rows", 3, 0),
    ):
        with _folder() as folder:
            wanted = _backup(folder, size)
            if before:
                _database(folder / "database.db", before)
            _restore(restore, folder, name)
            _need_rows(folder, wanted, name)
    name = "a killed service has left database.db-wal"
    with _folder() as folder:
        _database(folder / "database.db", 5)
        wanted = _backup_of(folder / "database.db", folder / "backup.db")
        _leave_wal(folder, "a mistake")
        _restore(restore, folder, name)
        _need_rows(folder, wanted, name)
    for name, spoil in SPOILT.items():
        with _folder() as folder:
            _database(folder / "database.db", 7)
            _backup(folder)
            _leave_wal(folder, "the newest")
            wanted = _rows(_copy(folder))
            spoil(folder / "backup.db")
            was_there = (folder / "backup.db").exists()
            _need_refused(restore, folder, name)
            made = not was_there and (folder / "backup.db").exists()
            need(not made, f"if the backup {name}, it makes an empty one: ask `is_file()` first.")
            after = _copy(folder)
            need(bool(after), f"if the backup {name}, the target is gone.")
            try:
                same = _rows(after) == wanted
            except sqlite3.Error:
                same = False
            need(same, f"if the backup {name}, the target does not keep its rows.")


@contextmanager
def _folder() -> Iterator[Path]:
    # chdir: an answer may have gone into the folder, which is not there any more afterwards.
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name, chdir("."):
        yield Path(name)


def _database(file: Path, number: int, word: str = "old") -> None:
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE task (task_name VARCHAR, id INTEGER PRIMARY KEY)")
        names = [(f"{word} {one}",) for one in range(number)]
        connection.executemany("INSERT INTO task (task_name) VALUES (?)", names)
        connection.execute("CREATE TABLE alembic_version (version_num VARCHAR)")
        connection.execute("INSERT INTO alembic_version VALUES (?)", (f"of the {word} tasks",))


def _backup(folder: Path, size: int = 1000) -> Rows:
    """Make a backup of so many rows, and return them."""
    _database(folder / "live.db", size, "kept")
    rows = _backup_of(folder / "live.db", folder / "backup.db")
    (folder / "live.db").unlink()
    return rows


def _backup_of(source: Path, target: Path) -> Rows:
    with closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(target)) as new:
        old.backup(new)
    return _rows(target)


def _leave_wal(folder: Path, name: str) -> None:
    """Write one row more, and leave the files as a service does that is killed."""
    file, live = folder / "database.db", folder / "running.db"
    file.replace(live)
    with closing(sqlite3.connect(live)) as connection:
        connection.execute("INSERT INTO task (task_name) VALUES (?)", (name,))
        connection.commit()
        for end in ("", "-wal"):
            shutil.copyfile(f"{live}{end}", f"{file}{end}")
    live.unlink()


def _copy(folder: Path) -> Path | None:
    """Return a copy of the target, to look into it and leave all as it is. None if it is gone."""
    if not (folder / "database.db").exists():
        return None
    copied = Path(tempfile.mkdtemp(dir=folder)) / "database.db"
    for end in ("", "-wal"):
        with suppress(FileNotFoundError):
            shutil.copyfile(folder / f"database.db{end}", f"{copied}{end}")
    return copied


def _rows(file: Path | None) -> Rows:
    with closing(sqlite3.connect(str(file))) as connection:
        return connection.execute("SELECT id, task_name FROM task ORDER BY id").fetchall()


def _version(file: Path) -> Rows:
    """Return the rows of a table that nobody speaks of. None are those of a table that is gone."""
    with closing(sqlite3.connect(file)) as connection, suppress(sqlite3.Error):
        return connection.execute("SELECT version_num FROM alembic_version").fetchall()
    return []


def _restore(restore: Callable[[Path, Path], object], folder: Path, name: str) -> None:
    try:
        restore(folder / "backup.db", folder / "database.db")
    except ValueError as error:
        refused(f"a good backup is refused when {name}", error)
    kept = (folder / "backup.db").exists()
    need(kept, f"when {name}, the backup is gone afterwards: copy it, do not move it.")


def _need_rows(folder: Path, wanted: Rows, name: str) -> None:
    need((folder / "database.db").exists(), f"when {name}, there is no target afterwards.")
    try:
        found = _rows(folder / "database.db")
    except sqlite3.Error as error:
        raise NotQuite(f"when {name}, the target can't be read afterwards: {error}.") from error
    text = f"when {name}, the target has {len(found)} rows afterwards, and the backup {len(wanted)}"
    need(len(found) == len(wanted), f"{text}.")
    need(found == wanted, f"when {name}, the target has other rows than the backup.")
    versions = [_version(folder / file) for file in ("database.db", "backup.db")]
    also = "bring back all tables of the backup, not only `task`"
    need(versions[0] == versions[1], f"when {name}, `alembic_version` is another one: {also}.")
    with closing(sqlite3.connect(folder / "database.db")) as connection:
        good = connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    need(good, f"when {name}, the target is damaged afterwards.")


def _need_refused(restore: Callable[[Path, Path], object], folder: Path, name: str) -> None:
    try:
        restore(folder / "backup.db", folder / "database.db")
    except ValueError:
        return
    except (sqlite3.Error, OSError) as error:
        what = f"if the backup {name}, it stops with {type(error).__name__}, not with ValueError"
        refused(what, error)
    raise NotQuite(f"if the backup {name}, it raises no ValueError.")


def _damage(file: Path) -> None:
    """Spoil a page in the midst: the file opens, and its rows can be counted no more."""
    data = bytearray(file.read_bytes())
    middle = len(data) // 2 // 4096 * 4096
    data[middle : middle + 4096] = b"\xff" * 4096
    file.write_bytes(data)


def _break_a_rule(file: Path) -> None:
    """Spoil what only `integrity_check` looks at: all rows can be read."""
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("CREATE INDEX names ON task (id + 1)")
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute("UPDATE sqlite_master SET sql = replace(sql, 'id + 1', 'id + 2')")


def _other_table(file: Path) -> None:
    file.unlink()
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("CREATE TABLE other (id INTEGER PRIMARY KEY)")
        connection.commit()


SPOILT: dict[str, Callable[[Path], object]] = {
    "is not there": Path.unlink,
    "is empty": lambda file: file.write_bytes(b""),
    "is a text": lambda file: file.write_text("not a database " * 1000, encoding="utf-8"),
    "is damaged": _damage,
    "is damaged where only integrity_check looks": _break_a_rule,
    "is cut off": lambda file: file.write_bytes(file.read_bytes()[:9000]),
    "has no table `task`": _other_table,
}
