"""Judges of notebook 3: a query, and a transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tutorial.exercises.databases import database
from tutorial.exercises.judging import exercise, kind, need, need_tried, refused

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine
    from sqlmodel import Session

    Names = dict[int, str | None]
    Rename = Callable[[Session, Names], object]

TABLES: tuple[dict[int, str], ...] = (
    {},
    {2: "a", 3: "b"},
    {2: "a", 3: "b", 4: "b"},  # two of one name
    {-7: "a", 0: "A", 3: " a ", 4: "", 5: "%", 2**40: "it's"},
    {7: "only one"},
    {3 * number: f"row {number % 100}" for number in range(1, 1203)},  # more than any page
)


@exercise
def count_tasks(function: Callable[[Session], object]) -> None:
    """A query."""
    from sqlalchemy import event
    from sqlmodel import Session

    need_tried(function, "def count_tasks(session): return None")
    for names in TABLES:
        queries: list[object] = []
        with database(names) as engine:
            note = queries.append
            event.listen(engine, "before_cursor_execute", lambda *args, note=note: note(args))
            with Session(engine) as session:
                counted = function(session)
            number = isinstance(counted, (int, float, complex)) or kind(counted) == "a Decimal"
            wanted = "an int" if number else "a number"
            need(type(counted) is int, f"it gives {kind(counted)}, not {wanted}.")
            need(bool(queries), "it asks nothing through the session that it gets.")
            size = len(names)
            rows = "1 row" if size == 1 else f"{size} rows"
            need(counted == size, f"with {rows} in the table, it gives {counted}.")
            left = len(_stored(engine))
            need(left == size, f"after it has counted {rows}, the table has {left}.")


FOUR = {2: "a", 5: "b", 9: "c", 14: "d"}
UNTIDY = {3: "Buy Milk", 4: 'it\'s 100% "done"', 11: " é ", 20: "d", 21: "milk"}


@exercise
def rename_all(function: Rename) -> None:
    """A transaction."""
    from sqlalchemy.exc import IntegrityError

    need_tried(function, "def rename_all(session, names): return None")
    result, _, now, refusals = _rename(function, FOUR, {2: "x", 9: "z"})
    unchanged = now == "a, b, c, d"
    need(
        not (unchanged and refusals),
        "the database refuses names that are fine: change the tasks that are there.",
    )
    need(
        not (unchanged and result is False),
        "for names that are fine, it gives False, and changes nothing.",
    )
    need(not unchanged, "names that are fine are not stored: is there a commit?")
    need(now == "x, b, z, d", f"a, b, c, d should become x, b, z, d, and become {now}.")
    need(result is True, f"after renaming them all, it gives {result!r}, not True.")
    for names, what in (
        ({2: "x", 5: "d", 9: "z"}, "a name that another task has"),
        ({2: "d", 5: "y"}, "a name that another task has"),
        ({14: "w", 9: "z", 2: "b"}, "a name that another task has"),
        ({5: "a"}, "a name that another task has"),
        ({2: "x", 5: None}, "the name None"),
        ({2: None, 5: "y", 9: "z"}, "the name None"),
        ({9: None}, "the name None"),
        ({2: "x", 5: "x"}, "a name for two tasks"),
    ):
        try:
            result, seen, now, _ = _rename(function, FOUR, names, again=True)
        except IntegrityError as error:
            refused("when the database refuses a name, it stops with IntegrityError", error)
        need(now == "a, b, c, d", f"with {what}, a, b, c, d should stay, and become {now}.")
        need(result is False, f"with {what}, it gives {result!r}, not False.")
        need(seen == now, f"with {what}, the session still has the names {seen}.")
    for before, names in (
        (FOUR, {2: "a", 9: "z"}),  # its own name
        (FOUR, {14: "q"}),
        (FOUR, {9: "A", 2: "B"}),  # other names than a and b
        (FOUR, {14: "4", 9: "3", 5: "2", 2: "1"}),
        (UNTIDY, {21: "Milk", 3: 'it\'s "it"', 11: "%"}),
        (UNTIDY, {4: " d ", 20: "é" * 100}),
    ):
        wanted = ", ".join({**before, **names}.values())
        result, _, now, _ = _rename(function, before, names)
        need(
            now == wanted, f"with the names {names}, the tasks should be {wanted}; they are {now}."
        )
        need(result is True, f"with the names {names}, it gives {result!r}, not True.")


def _rename(
    function: Rename, before: dict[int, str], names: Any, again: bool = False
) -> tuple[object, str, str, list[object]]:
    """Return what the answer gives, the names (as its session sees them, and as stored), refusals.

    again: try whether the session can be used again. Raises NotQuite if it can't, or if tasks got
    lost or have another id.
    """
    from sqlalchemy import event, text
    from sqlalchemy.exc import IntegrityError, PendingRollbackError
    from sqlmodel import Session

    refusals: list[object] = []
    with database(before) as engine:
        with engine.begin() as connection:
            connection.execute(text("CREATE UNIQUE INDEX names ON task (task_name)"))
        event.listen(engine, "handle_error", refusals.append)
        # Closing the session takes back what was not committed.
        with Session(engine, expire_on_commit=False) as session:
            result = function(session, dict(names))
            noted = len(refusals)
            try:
                seen = _names(session)
            except (IntegrityError, PendingRollbackError) as error:
                refused(
                    "after a name that is refused, the session is stuck: call its rollback", error
                )
        now = ", ".join(str(name) for _, name in _stored(engine))
        if again and result is False and seen == now:
            _use_again(function, session, before)
        ids = [number for number, _ in _stored(engine)]
        need(ids == list(before), f"the tasks had the ids {list(before)}, and have {ids}.")
        return result, seen, now, refusals[:noted]


def _use_again(function: Rename, session: Session, before: dict[int, str]) -> None:
    """Check that a session that was refused a name can still store another one."""
    number = min(before)
    with session:
        result = function(session, {number: "again"})
        problem = "after a name that is refused, the same session can't store names that are fine."
        need(result is True, problem)
    with session:
        need(_names(session).startswith("again, "), problem)


def _names(session: Session) -> str:
    from sqlmodel import col, select

    from app.models import Task

    return ", ".join(session.exec(select(Task.task_name).order_by(col(Task.id))))


def _stored(engine: Engine) -> list[tuple[int, str]]:
    """Return the ids and names that are stored, in the order of the ids."""
    from tutorial.exercises.databases import rows

    with engine.connect() as connection:
        return [(number, name) for number, name in rows(connection)]
