"""The databases that judges try answers on. All are in memory."""

from __future__ import annotations

import inspect
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from tutorial.exercises.judging import in_words, listed, need, need_tried

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager

    from sqlalchemy import Connection, Engine

    Form = dict[str, tuple[str, bool, bool]]
    Change = Callable[[], None]  # the `upgrade` or the `downgrade` of a revision


@contextmanager
def database(names: Mapping[int, str]) -> Iterator[Engine]:
    """Give a database with the project's table, and a task of each id and name.

    All threads use one connection, because each sync endpoint runs in another one.
    """
    from sqlalchemy import StaticPool, insert
    from sqlmodel import SQLModel, create_engine

    from app.models import Task

    any_thread = {"check_same_thread": False}
    engine = create_engine("sqlite://", poolclass=StaticPool, connect_args=any_thread)
    try:
        SQLModel.metadata.create_all(engine)
        rows = [{"task_name": name, "id": number} for number, name in names.items()]
        if rows:
            with engine.begin() as connection:
                connection.execute(insert(Task), rows)
        yield engine
    finally:
        engine.dispose()


@contextmanager
def operations(names: Mapping[int, str], foreign_keys: bool = False) -> Iterator[Connection]:
    """Give a database with the table `task` of revision 0001, and its rows.

    foreign_keys: whether SQLite checks them. In the block, `from alembic import op` works on the
    database, as it does while a revision runs.
    """
    from alembic.operations import Operations
    from alembic.runtime.migration import MigrationContext
    from sqlalchemy import create_engine, text

    table = "CREATE TABLE task (task_name VARCHAR(100) NOT NULL, id INTEGER NOT NULL PRIMARY KEY)"
    engine = create_engine("sqlite://")
    try:
        with engine.connect() as connection:
            connection.execute(text(f"PRAGMA foreign_keys = {'ON' if foreign_keys else 'OFF'}"))
            connection.execute(text(table))
            for number, name in names.items():
                insert(connection, "task", id=number, task_name=name)
            with Operations.context(MigrationContext.configure(connection)):
                yield connection
    finally:
        engine.dispose()


def need_revision(*functions: Change) -> None:
    """Check that the functions of a revision take no argument, as Alembic calls them.

    Raises NotTried if all of them do as little as the notebook's own, NotQuite if one names any.
    """
    need_tried(*(one for function in functions for one in (function, "def nothing(): pass")))
    for function in functions:
        for name, one in inspect.signature(function).parameters.items():
            named = one.kind not in (one.VAR_POSITIONAL, one.VAR_KEYWORD)
            todo = (
                "Take it out of the brackets: in a revision, `op` is imported, and not handed in."
            )
            need(not named, f"{function.__name__} wants an argument `{name}`. {todo}")


def listed_columns() -> AbstractContextManager[None]:
    """Say it in words if the block gives a rule the name of a column, and not a list of names.

    Each letter of it is then taken for a column.
    """
    from sqlalchemy.exc import DuplicateColumnError

    problem = 'the columns of a rule stand in a list: write `["task_name"]`'
    return in_words(problem, DuplicateColumnError, "column with name 'a'")


def missing_rule(connection: Connection) -> str:
    """Return what to say if no unique index is on `task_name` alone, else ""."""
    from sqlalchemy import text

    indexes = text("SELECT name FROM pragma_index_list('task') WHERE \"unique\"")
    columns_of = text("SELECT name FROM pragma_index_info(:index)")
    uniques = [
        list(connection.execute(columns_of, {"index": index}).scalars())
        for index in connection.execute(indexes).scalars().all()
    ]
    if ["task_name"] in uniques:
        return ""
    if not uniques:
        others = text("SELECT count(*) FROM pragma_index_list('task')")
        if connection.execute(others).scalar_one():
            only = "there is an index on the names, which only finds them faster"
            return f": {only}: it needs `unique=True`"
        left_out = "Alembic leaves out a rule for a column that is not there"
        kept = "And does it stay? `drop_constraint` is not for the upgrade"
        return f": there is no rule. The column's name is `task_name`. {left_out}. {kept}"
    found = " and ".join(f"({listed(columns)})" for columns in uniques)
    return f": the rule is on {found}, and should be on `task_name` alone"


def insert(connection: Connection, table: str, **values: object) -> int:
    """Insert a row, and return the number that SQLite gives it. Raises IntegrityError."""
    from sqlalchemy import text

    places = ", ".join(f":{name}" for name in values)
    query = text(f"INSERT INTO {table} ({', '.join(values)}) VALUES ({places})")
    return connection.execute(query, values).lastrowid


def takes(connection: Connection, table: str, **values: object) -> bool:
    """Whether a table takes a row; it does not keep it."""
    from sqlalchemy import text
    from sqlalchemy.exc import IntegrityError

    try:
        number = insert(connection, table, **values)
    except IntegrityError:
        return False
    connection.execute(text(f"DELETE FROM {table} WHERE rowid = :number"), {"number": number})
    return True


def rows(connection: Connection, columns: str = "id, task_name") -> list[tuple[Any, ...]]:
    """Return the rows of the table `task`, by id."""
    from sqlalchemy import text

    query = text(f"SELECT {columns} FROM task ORDER BY id")
    return [tuple(row) for row in connection.execute(query)]


def tables(connection: Connection) -> set[str]:
    """Return the names of the tables."""
    from sqlalchemy import inspect

    return set(inspect(connection).get_table_names())


def columns(connection: Connection, table: str) -> dict[str, dict[str, Any]]:
    """Return a table's columns by name, as SQLAlchemy describes them."""
    from sqlalchemy import inspect

    return {column["name"]: dict(column) for column in inspect(connection).get_columns(table)}


def form(connection: Connection) -> Form:
    """Return what a migration must not change by the way: each column's type and rules."""
    return {
        name: (str(column["type"]), column["nullable"], bool(column["primary_key"]))
        for name, column in columns(connection, "task").items()
    }


def need_form(connection: Connection, wanted: Form, when: str) -> None:
    """Check that the table `task` has exactly these columns, whatever their order."""
    need("task" in tables(connection), f"{when}, the table task is gone.")
    found = form(connection)
    named = f"{when}, the table task has the columns {', '.join(found)}."
    need(set(found) == set(wanted), named)
    for name, rules in wanted.items():
        need(found[name] == rules, f"{when}, {name} has not the type and the rules it had.")


def need_rows(found: list[tuple[Any, ...]], wanted: list[tuple[Any, ...]], when: str) -> None:
    """Check that rows, which begin with their id, are those that are wanted."""
    for row in wanted:
        same = [one for one in found if one[0] == row[0]]
        need(bool(same), f"{when}, task {row[0]} is lost.")
        need(same == [row], f"{when}, there is the row {same[0]}, and it should be {row}.")
    need(len(found) == len(wanted), f"{when}, there are {len(found)} tasks, not {len(wanted)}.")
