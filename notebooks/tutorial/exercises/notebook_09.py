"""Judges of notebook 9: a column that may not be empty, and a migration that moves data."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tutorial.exercises.databases import (
    columns,
    form,
    insert,
    need_form,
    need_revision,
    need_rows,
    operations,
    rows,
    tables,
    takes,
)
from tutorial.exercises.judging import exercise, listed, need, refused

if TYPE_CHECKING:
    from tutorial.exercises.databases import Change

TABLES: tuple[dict[int, str], ...] = (
    {2: "a", 3: "Buy Milk", 9: 'it\'s 100% "é"', 10: "a", 2**40: " done "},
    {},
    {3 * number: f"row {number}" for number in range(1, 301)},
)


@exercise
def done_column(upgrade: Change) -> None:
    """A column that may not be empty, on a table with rows."""
    need_revision(upgrade)
    for names in TABLES:
        _judge_done(upgrade, names)


def _judge_done(upgrade: Change, names: dict[int, str]) -> None:
    from sqlalchemy import Boolean
    from sqlalchemy.exc import ArgumentError

    with operations(names) as connection:
        before = form(connection)
        try:
            upgrade()
        except ArgumentError as error:
            if not re.search("got '<class '(bool|int)'>'", str(error)):
                raise
            refused("`server_default` takes no `False` of Python: use `sa.false()`", error)
        need("task" in tables(connection), "the table task is gone.")
        found = columns(connection, "task")
        wanted = {*before, "done"}
        need(set(found) == wanted, f"the table task has the columns {', '.join(found)}.")
        empty = takes(connection, "task", task_name="new", done=None)
        need(not empty, "done may be empty: write `nullable=False`, without quotes around False.")
        kind = found["done"]["type"]
        need(isinstance(kind, Boolean), f"the type of done is {kind}, not BOOLEAN.")
        need_form(connection, {**before, "done": form(connection)["done"]}, "after the upgrade")
        stored = rows(connection, "id, task_name, done")
        few = [row[1:] for row in stored[:7]]
        kept = [row[:2] for row in stored] == list(names.items())
        same_names = [row[1] for row in stored] == list(names.values())
        ids = [row[0] for row in stored][:7]
        lost = f"the ids of the tasks were {list(names)[:7]}, and are {ids}."
        need(kept or not same_names, lost)
        need(kept, f"the rows are now {few}.")
        texts = sorted({repr(done) for *_, done in stored if isinstance(done, str)})
        a_text = f"the old rows should have done = false, and {listed(texts)} is a text: "
        need(not texts, f"{a_text}use `sa.false()`.")
        old = all(done == 0 for *_, done in stored)
        need(old, f"the old rows should have done = false: {few}.")
        for done in (1, 0):
            new = takes(connection, "task", task_name="new", done=done)
            need(new, f"after the upgrade, the table takes no new task with done = {bool(done)}.")


BEFORE = {
    1: "urgent: buy milk",
    2: "call home",
    3: "urgent: urgent: sleep",
    4: "ask: is it urgent: no",
    5: "Urgent: tea",  # LIKE knows no difference between U and u
    6: "urgent:now",
    9: 'urgent: it\'s 100% "é"',
    12: "urgent:  two spaces, and one behind ",
    13: " urgent: a space before",
    20: "urgent",
    21: "not urgent: x",
    22: "URGENT: X",
    40: "urgent: buy milk",
    2**40: "urgent: x",
}
URGENT = "urgent: "


@exercise
def split_names(upgrade: Change, downgrade: Change) -> None:
    """A migration that moves data, there and back."""
    from sqlalchemy import text
    from sqlalchemy.types import String

    need_revision(upgrade, downgrade)
    split = [_split(number, name) for number, name in BEFORE.items()]
    with operations(BEFORE) as connection:
        rules = form(connection)
        upgrade()
        need("task" in tables(connection), "the table task is gone.")
        found = columns(connection, "task")
        need("priority" in found, f"the table task has the columns {', '.join(found)}.")
        kind = found["priority"]["type"]
        need(isinstance(kind, String), f"the type of priority is {kind}, and it holds a text.")
        need(
            found["priority"]["nullable"], "priority may not be empty, and should be in most rows."
        )
        priority = form(connection)["priority"]
        need_form(connection, {**rules, "priority": priority}, "after the upgrade")
        need_rows(rows(connection, "id, task_name, priority"), split, "after the upgrade")
        # What is written after the upgrade, for a downgrade that only knows the old rows.
        connection.execute(text("UPDATE task SET task_name = 'buy bread' WHERE id = 1"))
        connection.execute(text("UPDATE task SET priority = 'urgent' WHERE id = 2"))
        connection.execute(text("UPDATE task SET priority = NULL WHERE id = 3"))
        insert(connection, "task", task_name="new", priority="urgent", id=7)
        insert(connection, "task", task_name="urgent: New", priority="urgent", id=50)
        insert(connection, "task", task_name="it's not", priority=None, id=51)
        insert(connection, "task", task_name="new, too", id=52)
        _downgrade(downgrade)
        need_form(connection, rules, "after the downgrade")
        back = {
            **{1: "urgent: buy bread", 2: "urgent: call home", 3: "urgent: sleep"},
            **{7: "urgent: new", 50: "urgent: urgent: New", 51: "it's not", 52: "new, too"},
        }
        need_rows(rows(connection), sorted({**BEFORE, **back}.items()), "after the downgrade")


def _split(number: int, name: str) -> tuple[int, str, str | None]:
    if name.startswith(URGENT):
        return number, name[len(URGENT) :], "urgent"
    return number, name, None


def _downgrade(downgrade: Change) -> None:
    from sqlalchemy.exc import IntegrityError

    try:
        downgrade()
    except IntegrityError as error:
        if "NOT NULL" not in str(error):
            raise
        problem = "the downgrade gives a task without a priority no name: a text || NULL is NULL"
        refused(problem, error)
