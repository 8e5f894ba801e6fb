"""Runs the finished service and Alembic in processes, on a database of their own.

That is a SQLite file, by its path, or a database of a PostgreSQL server, a `Remote`.
"""

import os
import re
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from shutil import copy, copytree, ignore_patterns
from tempfile import TemporaryDirectory
from typing import IO, Any

import httpx
from forks import CAN_FORK, Forked, ask, start_helper
from remote import Remote
from sqlalchemy import make_url

ROOT = Path(__file__).parent.parent
VERSIONS = {"sync": "app.main:app", "async": "app.main_async:app"}
DRIVERS = ["sqlite", "sqlite+aiosqlite"]
Database = Path | Remote
ADDRESS = r"Uvicorn running on (http://127\.0\.0\.1:\d+) "
SECONDS = 60  # the longest that any process may take to start, or to end


def database_url(database: Database, driver: str | None = None) -> str:
    """Return the URL of a database, by the sync driver or by another one."""
    if isinstance(database, Remote):
        return database.url.replace("postgresql+psycopg", driver or "postgresql+psycopg")
    return f"{driver or 'sqlite'}:///{database.as_posix()}"


def query(database: Database, sql: str, *parameters: object) -> list[tuple]:
    """Run one statement on a database, commit, close the file and return the rows."""
    if isinstance(database, Remote):
        return database.query(sql, *parameters)
    with closing(sqlite3.connect(database, timeout=SECONDS)) as connection, connection:
        return connection.execute(sql, parameters).fetchall()


def dump(database: Database) -> list[str]:
    """Return all that a database holds: its whole schema and all its rows."""
    if isinstance(database, Remote):
        return database.dump()
    with closing(sqlite3.connect(database)) as connection:
        return list(connection.iterdump())


def make_empty(database: Database) -> None:
    """Delete all tasks. The next one gets the id 1."""
    empty = "TRUNCATE task RESTART IDENTITY" if isinstance(database, Remote) else "DELETE FROM task"
    query(database, empty)


def beside(database: Database, name: str) -> Path:
    """Return the path of a file beside a database, for example of a log."""
    return (database.folder if isinstance(database, Remote) else database.parent) / name


def copy_of(database: Database, folder: Path, name: str = "database") -> Database:
    """Return a copy of a database that nobody uses; what is written beside it is in `folder`.

    On PostgreSQL, the next copy of the same name takes its place.
    """
    if isinstance(database, Remote):
        return database.copy(name, folder)
    return Path(copy(database, folder / f"{name}.db"))


def start(
    *arguments: str,
    url: str | None,
    cwd: Path = ROOT,
    stdout: int | IO[str] = subprocess.PIPE,
    stderr: int = subprocess.PIPE,
) -> subprocess.Popen[str]:
    """Start `python -m …` with DATABASE_URL set, or unset if url is None. It writes no bytecode."""
    return start_python("-m", *arguments, url=url, cwd=cwd, stdout=stdout, stderr=stderr)


def start_python(
    *arguments: str,
    url: str | None,
    cwd: Path,
    stdout: int | IO[str] = subprocess.PIPE,
    stderr: int = subprocess.PIPE,
) -> subprocess.Popen[str]:
    """Do the same with any options of Python."""
    return subprocess.Popen(
        [sys.executable, *arguments],
        cwd=cwd,
        env=variables(url),
        stdout=stdout,
        stderr=stderr,
        encoding="utf-8",
    )


def variables(url: str | None) -> dict[str, str]:
    """Return the environment of a process, with DATABASE_URL set, or unset if url is None."""
    given = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    own = {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONUTF8": "1"}
    return given | own | ({} if url is None else {"DATABASE_URL": url})


def run(code: str, database: Path | str, cwd: Path = ROOT, arguments: Iterable[str] = ()) -> str:
    """Run code that imports the app, on a file or URL, in a Python of its own; return its output.

    It is for what can't be seen from outside of a server.
    """
    url = database if isinstance(database, str) else database_url(database)
    if not CAN_FORK:
        status, output, errors = outcome(start_python("-c", code, *arguments, url=url, cwd=cwd))
    else:
        with TemporaryDirectory() as folder:
            files = {name: Path(folder, name) for name in ("output", "errors")}
            process = Forked("-c", code, *arguments, cwd=cwd, environment=variables(url), **files)
            try:
                status = process.wait(SECONDS)
            finally:
                process.kill()
            output, errors = (file.read_text(encoding="utf-8") for file in files.values())
    assert status == 0, output + errors
    return output


def outcome(process: subprocess.Popen[str], seconds: float = SECONDS) -> tuple[int, str, str]:
    """Wait for a process's end; return its exit status, output and errors. A hanging one fails."""
    try:
        output, errors = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        output, errors = process.communicate()
        raise AssertionError(f"the process did not end:\n{output}{errors}") from None
    return process.returncode, output, errors


@cache
def _worker() -> subprocess.Popen[str]:
    """Start the process that does jobs."""
    return start_helper("worker_process.py", "-B", "-X", "utf8")


def job(name: str, **options: object) -> list[Any]:
    """Let the process do a job; return its answer."""
    answer: list[Any] = ask(_worker(), [name, options])
    return answer


def alembic(*arguments: str, url: str | None, cwd: Path = ROOT, fails: bool = False) -> str:
    """Run an Alembic command. Return its output or, if it is to fail, its errors."""
    status, output, errors, _ = run_alembic(arguments, url=url, cwd=cwd)
    assert (status != 0) == fails, output + errors
    return errors if fails else output


def run_alembic(
    arguments: Sequence[str], *, url: str | None, cwd: Path
) -> tuple[int, str, str, str]:
    """Run an Alembic command; return its exit status, output, errors, and both in their order."""
    status, output, errors, both = job("alembic", arguments=arguments, cwd=str(cwd), url=url)
    return status, output, errors, both


def migrated(folder: Path, revision: str, driver: str = "sqlite") -> Path:
    """Make a database in a folder, migrate it to a revision and return its file."""
    file = folder / "database.db"
    alembic("upgrade", revision, url=database_url(file, driver))
    return file


def copy_project(folder: Path) -> Path:
    """Make a folder with a copy of the project, which may be changed, and return it."""
    for name in ("app", "alembic"):
        copytree(ROOT / name, folder / name, ignore=ignore_patterns("__pycache__"))
    copy(ROOT / "alembic.ini", folder)
    return folder


@dataclass
class Server:
    """A server that runs, and a client for it."""

    process: subprocess.Popen[str] | Forked
    client: httpx.Client


@contextmanager
def serve(
    version: str, url: str | None, log: Path, *options: str, cwd: Path = ROOT
) -> Iterator[Server]:
    """Run one version of the service on a free port until the block ends. It is that of `cwd`.

    What the server writes goes into the file `log`. It must not hold a traceback, nor a warning
    about a coroutine that nobody awaited: then the end of the block raises AssertionError.
    """
    with serve_all([(version, url, log)], *options, cwd=cwd) as [server]:
        yield server


@contextmanager
def serve_all(
    wanted: Iterable[tuple[str, str | None, Path]], *options: str, cwd: Path = ROOT
) -> Iterator[list[Server]]:
    """Do the same with several at once: for each one its version, its URL and its log.

    They start beside each other, so that two take hardly longer than one.
    """
    wanted = list(wanted)
    turn_wal_on(url for _, url, _ in wanted)
    with ExitStack() as ends:
        processes = [ends.enter_context(_process(*one, *options, cwd=cwd)) for one in wanted]
        servers = []
        for process, (_, _, log) in zip(processes, wanted, strict=True):
            limits = httpx.Limits(keepalive_expiry=2)  # seconds; uvicorn closes after 5
            client = httpx.Client(
                base_url=said(log, ADDRESS, process)[1], timeout=30, limits=limits
            )
            servers.append(Server(process, ends.enter_context(client)))
        yield servers
    for _, _, log in wanted:
        written = log.read_text(encoding="utf-8")
        assert "Traceback" not in written and "never awaited" not in written, written


def turn_wal_on(urls: Iterable[str | None]) -> None:
    """Turn WAL on in each file of SQLite that several services get, as their first start does.

    If two of them do it at the same moment, SQLite refuses one: `database is locked`, at once.
    """
    of_files = [make_url(url) for url in urls if url and url.startswith("sqlite")]
    for name, count in Counter(url.database for url in of_files).items():
        if count > 1 and name and Path(name).is_file():
            query(Path(name), "PRAGMA journal_mode = WAL")


@contextmanager
def serve_each(
    databases: Mapping[str, Database], *options: str, cwd: Path = ROOT
) -> Iterator[dict[str, Server]]:
    """Do the same with some versions, each on a database; the logs are beside these."""
    wanted = [
        (version, database_url(database), beside(database, f"{version}.log"))
        for version, database in databases.items()
    ]
    with serve_all(wanted, *options, cwd=cwd) as servers:
        yield dict(zip(databases, servers, strict=True))


@contextmanager
def _process(
    version: str, url: str | None, log: Path, *options: str, cwd: Path
) -> Iterator[subprocess.Popen[str] | Forked]:
    """Run the process of a server until the block ends."""
    arguments = ("uvicorn", VERSIONS[version], "--port", "0", *options)
    process: subprocess.Popen[str] | Forked
    if CAN_FORK:
        process = Forked("-m", *arguments, cwd=cwd, environment=variables(url), output=log)
    else:
        with log.open("w", encoding="utf-8") as output:
            to = {"stdout": output, "stderr": subprocess.STDOUT}
            process = start(*arguments, url=url, cwd=cwd, **to)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(SECONDS)


def said(log: Path, words: str, process: subprocess.Popen[Any] | Forked) -> re.Match[str]:
    """Wait until a log has these words (a regular expression), as long as its process lives."""
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        ended = process.poll() is not None  # asked first: what it wrote last is then in the log
        written = log.read_text(encoding="utf-8")
        if found := re.search(words, written):
            return found
        if ended:
            break
        time.sleep(0.02)
    raise AssertionError(f"the server did not say {words!r}:\n{written}")
