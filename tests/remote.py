"""A database of a PostgreSQL server, for the tests that run on SQLite and on PostgreSQL."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import ClassVar

import psycopg

from tutorial.postgres import Postgres

DRIVERS = ["postgresql+psycopg", "postgresql+asyncpg"]
COLUMNS = """
SELECT relname, attname, atttypid, atttypmod, attnotnull
FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND attnum > 0 AND NOT attisdropped
ORDER BY relname, attnum
"""


class Remote:
    """A database of a server, and one connection to it. `folder` is for what is written beside it.

    On each server there is one database of a name: a new one takes the place of the old one.
    """

    _newest: ClassVar[dict[str, Remote]] = {}

    def __init__(self, server: Postgres, name: str, folder: Path, template: str = "") -> None:
        """Make it, empty or as a copy of the one with the name `template`."""
        self.server, self.name, self.folder = server, name, folder
        for used in {name, template} & self._newest.keys():
            self._newest[used].close()
        self._newest[name] = self
        self.url = server.new_database(name, template)

    @cached_property
    def _connection(self) -> psycopg.Connection:
        return self.connect(autocommit=True)

    def connect(self, autocommit: bool = False) -> psycopg.Connection:
        """Return a connection of another program, to use in a `with` block."""
        return psycopg.connect(self.url.replace("+psycopg", ""), autocommit=autocommit)

    def query(self, sql: str, *parameters: object) -> list[tuple]:
        """Run one statement, with a ? for each parameter, commit, and return the rows."""
        cursor = self._connection.execute(sql.replace("?", "%s"), parameters or None)
        return cursor.fetchall() if cursor.description else []

    def dump(self) -> list[str]:
        """Return the columns of all tables, and all rows."""
        columns = self.query(COLUMNS)
        rows = [
            (table, *row)
            for table in dict.fromkeys(column[0] for column in columns)
            for row in self.query(f'SELECT * FROM "{table}" ORDER BY 1')
        ]
        return [str(one) for one in (*columns, *rows)]

    def copy(self, name: str, folder: Path) -> Remote:
        """Return a copy of the database. No other program may use it now."""
        return Remote(self.server, name, folder, self.name)

    def close(self) -> None:
        """Close the connection, if there is one."""
        if connection := self.__dict__.pop("_connection", None):
            connection.close()
