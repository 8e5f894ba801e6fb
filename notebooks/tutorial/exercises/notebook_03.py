"""Judges of notebook 3: a query, and a transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tutorial.exercises.databases import database, insert, rows
from tutorial.exercises.judging import (
    NotQuite,
    exercise,
    kind,
    line_of,
    listed,
    need,
    need_tried,
    refused,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection, Engine
    from sqlmodel import Session

    Names = dict[int, str | None]
    Rename = Callable[[Session, Names], object]

NOT_ASKED = "it asks nothing through the session that it gets."
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
            # args: the connection, its cursor, the statement, …
            event.listen(engine, "before_cursor_execute", lambda *args, note=note: note(args[2]))
            with Session(engine) as session:
                counted = function(session)
            number = isinstance(counted, (int, float, complex)) or kind(counted) == "a Decimal"
            wanted = "an int" if number else "a number"
            take = ": `.one()` takes it out of a result" if kind(counted).endswith("Result") else ""
            if kind(counted) == "a Row":
                take = ". With `select(…)` of sqlmodel around it, `exec` gives the number itself"
            size = len(names)
            rows = "1 row" if size == 1 else f"{size} rows"
            for_none = f"with {rows} in the table, " if counted is None and queries else ""
            given = f"{for_none}it gives {kind(counted)}, not {wanted}{take}."
            need(type(counted) is int, given)
            need(bool(queries), NOT_ASKED)
            of_no_table = not any("task" in str(query) for query in queries)
            what = " The query does not say what to count: write `Task.id` in the brackets."
            told = what if of_no_table else ""
            need(counted == size, f"with {rows} in the table, it gives {counted}.{told}")
            left = len(_stored(engine))
            need(left == size, f"after it has counted {rows}, the table has {left}.")


IN_ORDER = "SELECT task_name FROM task ORDER BY id"
FOUR = {2: "a", 5: "b", 9: "c", 14: "d"}
UNTIDY = {3: "Buy Milk", 4: 'it\'s 100% "done"', 11: " é ", 20: "d", 21: "milk"}


REFUSED: tuple[tuple[Names, str], ...] = (
    ({2: "x", 5: "d", 9: "z"}, "a name that another task has"),
    ({2: "d", 5: "y"}, "a name that another task has"),
    ({14: "w", 9: "z", 2: "b"}, "a name that another task has"),
    ({5: "a"}, "a name that another task has"),
    ({2: "x", 5: None}, "the name None"),
    ({2: None, 5: "y", 9: "z"}, "the name None"),
    ({9: None}, "the name None"),
    ({2: "x", 5: "x"}, "a name for two tasks"),
)
FINE: tuple[tuple[dict[int, str], dict[int, str]], ...] = (
    (FOUR, {2: "a", 9: "z"}),  # its own name
    (FOUR, {14: "q"}),
    (FOUR, {9: "A", 2: "B"}),  # other names than a and b
    (FOUR, {14: "4", 9: "3", 5: "2", 2: "1"}),
    (UNTIDY, {21: "Milk", 3: 'it\'s "it"', 11: "%"}),
    (UNTIDY, {4: " d ", 20: "é" * 100}),
)


@exercise
def rename_all(function: Rename) -> None:
    """A transaction."""
    from sqlalchemy import text

    need_tried(function, "def rename_all(session, names): return None")
    with database({}) as engine:
        with engine.begin() as connection:
            connection.execute(text("CREATE UNIQUE INDEX names ON task (task_name)"))
        _judge_first(_Renaming(function, engine, FOUR, {2: "x", 9: "z"}))
        for new, what in REFUSED:
            _judge_refused(function, engine, new, what)
        for before, names in FINE:
            wanted = ", ".join({**before, **names}.values())
            one = _Renaming(function, engine, before, names)
            problem = f"with the names {names}, the tasks should be {wanted}; they are {one.now}."
            need(one.now == wanted, problem)
            need(one.result is True, f"with the names {names}, it gives {one.result!r}, not True.")


def _judge_first(one: _Renaming) -> None:
    """Check what becomes of names that are fine."""
    unchanged = one.now == "a, b, c, d"
    need(
        not (unchanged and one.refusals),
        "the database refuses names that are fine: change the tasks that are there.",
    )
    need(
        not (unchanged and one.result is False),
        "for names that are fine, it gives False, and changes nothing.",
    )
    need(one.asked, NOT_ASKED)
    why = "is there a commit after that? It is `session.commit()`."
    if one.commits:
        changes = "Set its `task_name`, with one `=`"
        why = f"there is a commit, but no task has changed before it. {changes}."
    need(not unchanged, f"names that are fine are not stored: {why}")
    right = one.now == "x, b, z, d"
    need(right, f"the names a, b, c, d should become x, b, z, d, but are now {one.now}.")
    need(one.result is True, f"after renaming them all, it gives {one.result!r}, not True.")


def _judge_refused(function: Rename, engine: Engine, names: Names, what: str) -> None:
    from sqlalchemy.exc import IntegrityError

    try:
        one = _Renaming(function, engine, FOUR, names)
    except IntegrityError as error:
        where = " A query flushes first, so the loop must be inside the `try`."
        reason = where if "autoflush" in str(error) else ""
        reason += " And `except` must catch the `IntegrityError` of `sqlalchemy.exc`."
        stops = "when the database refuses a name, it stops with IntegrityError"
        raise NotQuite(f"{stops}{line_of(error)}.{reason}") from error
    stays = one.now == "a, b, c, d"
    need(stays, f"with {what}, the names should stay a, b, c, d, but are now {one.now}.")
    early = [names for names in one.commits if names != one.now]
    way = "and others can read that. Write one commit, after all of them."
    need(not early, f"with {what}, it stores the names {listed(early[:1])} first, {way}")
    need(one.result is False, f"with {what}, it gives {one.result!r}, not False.")
    need(one.seen == one.now, f"with {what}, the session still has the names {one.seen}.")
    problem = "after a name that is refused, the same session can't store names that are fine."
    with one.session as session:
        need(function(session, {2: "again"}) is True, problem)


class _Renaming:
    """One call of the answer: what it gives, and the names as its session and the table have them.

    Raises NotQuite if the session can't be used after it, or if tasks got lost or have another id.
    """

    def __init__(
        self, function: Rename, engine: Engine, before: dict[int, str], names: Any
    ) -> None:
        from sqlalchemy import event
        from sqlalchemy.exc import IntegrityError, NoResultFound, PendingRollbackError
        from sqlmodel import Session

        _store(engine, before)
        self.refusals: list[object] = []
        self.commits: list[str] = []  # the names, as each commit stores them
        queries: list[object] = []
        self.session = Session(engine)
        note = self.refusals.append
        event.listen(engine, "handle_error", note)

        def hear(*args: object) -> None:  # the connection, its cursor, the statement, …
            queries.append(args[2])

        def note_commit(connection: Connection) -> None:
            found = connection.connection.cursor().execute(IN_ORDER).fetchall()
            self.commits.append(", ".join(str(name) for (name,) in found))

        event.listen(engine, "before_cursor_execute", hear)
        event.listen(engine, "commit", note_commit)
        # Closing the session takes back what was not committed.
        with self.session as session:
            try:
                self.result = function(session, dict(names))
            except (AttributeError, NoResultFound) as error:
                # Another database, of a session of its own, has not these tasks.
                no_task = isinstance(error, NoResultFound) or error.obj is None
                if no_task and not queries:
                    raise NotQuite(NOT_ASKED) from error
                raise
            except IntegrityError as error:
                if not session.is_active or session.in_transaction():
                    raise
                stops = "when the database refuses a name, it stops with IntegrityError"
                back = "It has taken the changes back: now let it give False."
                raise NotQuite(f"{stops}{line_of(error)}. {back}") from error
            finally:
                event.remove(engine, "before_cursor_execute", hear)
                event.remove(engine, "handle_error", note)
                event.remove(engine, "commit", note_commit)
            try:
                self.seen = _names(session)
            except (IntegrityError, PendingRollbackError) as error:
                stuck = "after a name that is refused, the session is stuck: call its rollback"
                refused(stuck, error)
        self.asked = bool(queries)
        stored = _stored(engine)
        self.now = ", ".join(name for _, name in stored)
        ids = [number for number, _ in stored]
        need(ids == list(before), f"the tasks had the ids {list(before)}, and have {ids}.")


def _store(engine: Engine, names: dict[int, str]) -> None:
    from sqlalchemy import text

    with engine.begin() as connection:
        connection.execute(text("DELETE FROM task"))
        for number, name in names.items():
            insert(connection, "task", id=number, task_name=name)


def _stored(engine: Engine) -> list[tuple[int, str]]:
    """Return the ids and names that are stored, in the order of the ids."""
    with engine.connect() as connection:
        return [(number, str(name)) for number, name in rows(connection)]


def _names(session: Session) -> str:
    from sqlmodel import col, select

    from app.models import Task

    return ", ".join(session.exec(select(Task.task_name).order_by(col(Task.id))))
