"""Judges of notebook 15: places that fit the connections, and rows that PostgreSQL refuses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tutorial.exercises.databases import database
from tutorial.exercises.judging import NotQuite, exercise, kind, listed, need, need_tried, refused

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine
    from sqlmodel import Session

    Row = dict[str, Any]


@exercise
def places(function: Callable[[int, int], object]) -> None:
    """How many writers and readers each process may have at a time."""
    need_tried(function, "def places(connections, processes): return 5, 10")
    for processes in (6, 1, 2, 3, 7, 12):
        for connections in (97, 2 * processes, 3 * processes, 100, *range(2 * processes, 200)):
            each = connections // processes
            writes = max(1, each // 3)
            call = f"places({connections}, {processes})"
            try:
                given = function(connections, processes)
            except (ArithmeticError, AssertionError, TypeError, ValueError) as error:
                refused(f"{call} stops with {type(error).__name__}", error)
            pair = isinstance(given, (tuple, list)) and len(given) == 2
            need(pair, f"{call} gives {given!r}, not two numbers.")
            assert isinstance(given, (tuple, list))
            need(all(type(one) is int for one in given), f"{call} gives {given!r}, not two ints.")
            right = (writes, each - writes)
            need(tuple(given) == right, f"{call} gives {tuple(given)}, not {right}.")
    for connections, processes in ((11, 6), (1, 1), (0, 1), (3, 2)):
        call = f"places({connections}, {processes})"
        try:
            given = function(connections, processes)
        except ValueError:
            continue
        except NameError:
            raise
        except Exception as error:
            refused(f"{call} stops with {type(error).__name__}, not with ValueError", error)
        raise NotQuite(f"{call} gives {given!r}, and raises no ValueError.")


NOTHING: Row = {"task_description": None}
FITTING: tuple[Row, ...] = (
    {"id": 1, "task_name": "a"},
    {"id": 2, "task_name": "x" * 100, "task_description": "y" * 1000},
    {"id": 3, "task_name": "\N{GRINNING FACE}" * 100, "task_description": "é" * 1000},
    {"id": 4, "task_name": r"\0", "task_description": ""},
    {"id": 5, "task_name": ""},
    {"id": 2**31 - 1, "task_name": "the largest id"},
)
MISFITS: tuple[tuple[str, Row], ...] = (
    ("a name of 101 characters", {"id": 11, "task_name": "x" * 101}),
    (
        "a description of 1001 characters",
        {"id": 12, "task_name": "b", "task_description": "y" * 1001},
    ),
    ("a NUL in the name", {"id": 13, "task_name": "a\0b"}),
    ("a NUL in the description", {"id": 14, "task_name": "c", "task_description": "\0"}),
    ("the id 2**31", {"id": 2**31, "task_name": "d"}),
    ("a long name and a NUL", {"id": 15, "task_name": "\0" * 101, "task_description": "\0"}),
)


@exercise
def misfits(function: Callable[[Session], object]) -> None:
    """The ids of the rows that do not fit, and no others."""
    need_tried(function, "def misfits(session): return []")
    every = [row for _, row in MISFITS]
    for rows in ([*FITTING, *every], [], list(FITTING), every):
        with database({}) as engine:
            _insert(engine, rows)
            found = _asked(function, engine)
            left = _stored(engine)
        need(len(left) == len(rows), "after the call, not all tasks are there any more.")
        changed = [row for row in rows if NOTHING | row not in left]
        need(not changed, f"after the call, a task is changed: {listed(map(_shown, changed[:1]))}.")
        there = {row["id"] for row in rows}
        for what, row in MISFITS:
            missing = row["id"] in there and row["id"] not in found
            need(not missing, f"it does not find a task with {what}.")
        others = [one for one in found if one not in {row["id"] for row in every}]
        shown = [_shown(row) for row in FITTING if row["id"] in others] or others
        need(not others, f"it also gives a task that fits: {listed(shown[:1])}.")
        twice = sorted({one for one in found if found.count(one) > 1})
        need(not twice, f"it gives the id {listed(twice[:1])} more than once.")


def _asked(function: Callable[[Session], object], engine: Engine) -> list[int]:
    """Return what a function finds in a database. Raises NotQuite if that is no list of ids."""
    from sqlmodel import Session

    with Session(engine) as session:
        try:
            found = function(session)
        except AttributeError as error:
            if not str(error).isidentifier():  # of a row, it is only the name
                raise
            todo = "take `select` from sqlmodel, and `session.exec`"
            refused(f"it reads `{error}` of a row that holds a task: {todo}", error)
        need(isinstance(found, list), f"it gives {kind(found)}, not a list.")
        assert isinstance(found, list)
        for one in found:
            need(type(one) is int, f"its list holds {kind(one)}, and should hold ids.")
    return found


def _shown(row: Row) -> str:
    name = row["task_name"]
    return f"the one with the id {row['id']}, whose name has {len(name)} characters"


def _insert(engine: Engine, rows: list[Row]) -> None:
    from sqlalchemy import insert

    from app.models import Task

    if rows:
        with engine.begin() as connection:
            connection.execute(insert(Task), [NOTHING | row for row in rows])


def _stored(engine: Engine) -> list[Row]:
    from sqlalchemy import text

    query = text("SELECT id, task_name, task_description FROM task")
    with engine.connect() as connection:
        return [dict(row) for row in connection.execute(query).mappings()]
