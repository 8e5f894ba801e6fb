"""Judges of notebook 13: a rule on rows that break it, and a rule that takes one value more."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from tutorial.exercises.databases import (
    form,
    insert,
    listed_columns,
    missing_rule,
    need_form,
    need_revision,
    need_rows,
    operations,
    rows,
    tables,
    takes,
)
from tutorial.exercises.judging import exercise, in_words, listed, need, refused

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from sqlalchemy import Connection

    from tutorial.exercises.databases import Change

TWINS: tuple[dict[int, str], ...] = (
    {2: "buy milk", 3: "call home", 5: "buy milk", 9: "Buy milk", 12: "buy milk", 20: "call home"},
    {4: "a", 7: "it's 100%", 8: "it's 100%"},
    {1: "alone", 2: "alone too"},
    {},
    dict.fromkeys(range(10, 310), "always the same"),
    {1: "x" * 100, 2: "y" * 94, 3: "y" * 94},  # a name of full length, and two with room for an id
)


@exercise
def no_name_twice(upgrade: Change) -> None:
    """Names that are there twice are told apart, and then the rule is made."""
    need_revision(upgrade)
    for names in TWINS:
        seen: set[str] = set()
        wanted = []
        for number, name in names.items():
            wanted.append((number, f"{name} ({number})" if name in seen else name))
            seen.add(name)
        with operations(names) as connection, _naming(connection):
            rules = form(connection)
            _make_unique(connection, upgrade, names)
            need_form(connection, rules, "after the upgrade")
            need_rows(rows(connection), wanted, "after the upgrade")
            insert(connection, "task", id=1000, task_name="new")
            twice = takes(connection, "task", task_name="new")
            need(not twice, f"a name can still be there twice{missing_rule(connection)}.")
            need(takes(connection, "task", task_name="New"), "the table takes no new names.")
            _need_unique(connection)


def _make_unique(connection: Connection, upgrade: Change, before: dict[int, str]) -> None:
    from sqlalchemy.exc import IntegrityError

    try:
        with listed_columns():
            upgrade()
    except IntegrityError as error:
        names = [name for _, name in rows(connection)]
        twins = [name for name in names if names.count(name) > 1]
        if not twins:
            raise
        old = [name for name in twins if name in before.values()]
        why = f"it writes the name {twins[0]!r} twice: use the id"
        if old:
            why = f"the name {old[0]!r} is there twice: clean the rows first"
        refused(f"the upgrade stops, because {why}", error)


STATES = "CONSTRAINT ck_task_state CHECK (state IN ('open', 'done'))"
BEFORE = {2: "open", 3: "done", 9: "open", 40: "done"}


@exercise
def one_value_more(upgrade: Change, downgrade: Change) -> None:
    """A rule with a name is replaced by a wider one, and back, with rows that it then refuses."""
    from sqlalchemy import text

    need_revision(upgrade, downgrade)
    with operations({}) as connection, _naming(connection):
        connection.execute(text(f"ALTER TABLE task ADD COLUMN state VARCHAR(10) {STATES}"))
        for number, state in BEFORE.items():
            insert(connection, "task", id=number, task_name=f"task {number}", state=state)
        rules = form(connection)
        _widen(upgrade)
        need_form(connection, rules, "after the upgrade")
        need_rows(rows(connection, "id, state"), list(BEFORE.items()), "after the upgrade")
        _need_states(connection, ("open", "done", "late"), "after the upgrade")
        connection.execute(text("UPDATE task SET state = 'late' WHERE id > 5"))
        insert(connection, "task", id=50, task_name="new", state="late")
        _need_back(connection, downgrade)
        need_form(connection, rules, "after the downgrade")
        wanted = [(2, "open"), (3, "done"), (9, "open"), (40, "open"), (50, "open")]
        need_rows(rows(connection, "id, state"), wanted, "after the downgrade")
        _need_states(connection, ("open", "done"), "after the downgrade")


def _widen(upgrade: Change) -> None:
    from sqlalchemy.exc import IntegrityError, OperationalError

    no_quotes = "a state without quotes is taken for a column: write `'open'`"
    with _whole_names(), in_words(no_quotes, OperationalError, "no such column"):
        try:
            upgrade()
        except IntegrityError as error:
            each = "name all three in the rule, each in quotes of its own"
            refused(f"the new rule refuses states that tasks have: {each}", error)


def _need_back(connection: Connection, downgrade: Change) -> None:
    from sqlalchemy.exc import IntegrityError

    try:
        with _whole_names():
            downgrade()
    except IntegrityError as error:
        refused("the downgrade stops, because a task is late: change such rows first", error)
    need("task" in tables(connection), "after the downgrade, the table task is gone.")


def _whole_names() -> AbstractContextManager[None]:
    """Say what is missing if the block drops a rule whose name the naming convention changed."""
    problem = 'no rule is called ck_task_ck_task_state: write op.f("ck_task_state")'
    return in_words(problem, ValueError, "ck_task_ck_task_state")


def _need_states(connection: Connection, allowed: tuple[str, ...], when: str) -> None:
    """Check that the table takes exactly these states, by a rule of the right name."""
    from sqlalchemy import inspect

    for state in ("open", "done", "late", "nonsense", "", "Open", None):
        fine = state is None or state in allowed  # NULL breaks no rule of this kind
        right = takes(connection, "task", task_name="new", state=state) == fine
        verb = "does not take" if fine else "still takes"
        need(right, f"{when}, the table {verb} the state {state!r}.")
    checks = inspect(connection).get_check_constraints("task")
    _need_name("ck_task_state", [str(one["name"]) for one in checks if one["name"]])


def _need_name(wanted: str, found: list[str]) -> None:
    named = f"the rule has the name {listed(found)}" if found else "the rule has no name"
    need(found == [wanted], f"{named}, and should be called {wanted}.")


def _need_unique(connection: Connection) -> None:
    """Check that what lets no name be there twice is a constraint of the right name."""
    from sqlalchemy import inspect

    found = inspect(connection).get_unique_constraints("task")
    indexes = [str(one["name"]) for one in inspect(connection).get_indexes("task") if one["unique"]]
    an_index = f"there is a unique index, {listed(indexes)}, and not a constraint: the model, "
    an_index += "with `unique=True`, has a constraint, and `alembic check` sees the difference."
    need(bool(found) or not indexes, an_index)
    _need_name("uq_task_task_name", [str(one["name"]) for one in found if one["name"]])


@contextmanager
def _naming(connection: Connection) -> Iterator[None]:
    """Let `op` name rules in the block as the project does it."""
    from alembic.operations import Operations
    from alembic.runtime.migration import MigrationContext
    from sqlalchemy import MetaData

    names = {"uq": "uq_%(table_name)s_%(column_0_N_name)s"}
    names["ck"] = "ck_%(table_name)s_%(constraint_name)s"
    options = {"target_metadata": MetaData(naming_convention=names)}
    with Operations.context(MigrationContext.configure(connection, opts=options)):
        yield
