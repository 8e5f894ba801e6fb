"""Judges of notebook 6: a revision by hand, and a rule for rows that break it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from tutorial.exercises.databases import (
    columns,
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
from tutorial.exercises.judging import NotQuite, exercise, line_of, listed, need

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from tutorial.exercises.databases import Change

OLD = {2: "Buy Milk", 3: "it's 100%", 9: " é ", 2**40: "buy milk"}


@exercise
def tag_table(upgrade: Change, downgrade: Change) -> None:
    """A revision by hand."""
    need_revision(upgrade, downgrade)
    with operations(OLD) as connection:
        before, rules = tables(connection), form(connection)
        upgrade()
        found = tables(connection)
        need("tag" in found, f"there is no table tag. There is: {', '.join(sorted(found))}.")
        need("task" in found, "the upgrade has dropped the table task.")
        need_form(connection, rules, "after the upgrade")
        need_rows(rows(connection), list(OLD.items()), "after the upgrade")
        _judge_tag(connection)
        downgrade()
        found = tables(connection)
        need("tag" not in found, "after the downgrade, the table tag is still there.")
        need("task" in found, "the downgrade has dropped the table task, too.")
        left = f"after the downgrade, the tables are {', '.join(sorted(found))}."
        need(found == before, left)
        need_form(connection, rules, "after the downgrade")
        need_rows(rows(connection), list(OLD.items()), "after the downgrade")


def _judge_tag(connection: Connection) -> None:
    from sqlalchemy import String, text
    from sqlalchemy.exc import IntegrityError

    found = columns(connection, "tag")
    need(set(found) == {"id", "name"}, f"the table has the columns {', '.join(found)}.")
    need(bool(found["id"]["primary_key"]), "id is not the primary key.")
    need(not found["name"]["primary_key"], "name is a part of the primary key, too.")
    names = ("Home", "it's 100% é", "a name with more than thirty characters", "007")
    for name in names:
        try:
            insert(connection, "tag", name=name)
        except IntegrityError as error:
            reason = str(error.orig)
            hint = "With the type sa.Integer(), SQLite gives each row its id."
            raise NotQuite(f"the table tag takes no row with a name: {reason}. {hint}") from error
    stored = [tuple(row) for row in connection.execute(text("SELECT id, name FROM tag"))]
    problem = f"four new tags should get an id each, and are stored as {stored}."
    need(len({number for number, _ in stored}) == 4 and (None, names[0]) not in stored, problem)
    # A type that is no text turns a text that looks like a number into one.
    others = [name for _, name in stored if name not in names]
    need(not others, f"the name '007' is stored as {listed(others)}: name must be a text.")
    type_ = found["name"]["type"]
    need(isinstance(type_, String), f"the type of name is {type_}, and should be a text.")
    may = "name may be NULL: write `nullable=False`, without quotes around False."
    need(not takes(connection, "tag", id=99, name=None), may)


TWINS = {
    1: "buy milk",
    2: "call home",
    4: "buy milk",
    5: "Buy Milk",  # another name than buy milk
    7: "sleep",
    12: "buy milk",
    13: " sleep",
    30: "sleep",
    31: "100%",
    44: "it's",
    45: "it's",
    46: "buy",
}


@exercise
def unique_names(upgrade: Change, downgrade: Change) -> None:
    """A constraint, on a table whose rows break it."""
    need_revision(upgrade, downgrade)
    with operations(TWINS) as connection:
        rules = form(connection)
        _upgrade(upgrade, connection)
        need_form(connection, rules, "after the upgrade")
        strict = _refuses_twins(connection)
        after = dict(rows(connection))
        _judge_names(after)
        twice = "after the upgrade, the table still takes a name twice"
        need(strict, f"{twice}{missing_rule(connection)}.")
        _judge_rule(connection)
        number = insert(connection, "task", task_name="written after the upgrade")
        after[number] = "written after the upgrade"
        downgrade()
        need_form(connection, rules, "after the downgrade")
        kept = [number for number, _ in rows(connection)]
        need(kept == list(after), f"after the downgrade, the tasks are {listed(kept)}.")
        need_rows(rows(connection), list(after.items()), "after the downgrade")
        still = "after the downgrade, the rule is still there."
        for name in after.values():
            need(takes(connection, "task", task_name=name), still)


def _upgrade(upgrade: Change, connection: Connection) -> None:
    from sqlalchemy.exc import IntegrityError

    try:
        with listed_columns():
            upgrade()
    except IntegrityError as error:
        if "UNIQUE" not in str(error) or "task" not in tables(connection):
            raise
        count = Counter(name for _, name in rows(connection))
        twins = [name for name, times in count.items() if times > 1]
        reason = (
            f"because two tasks still have one name ({twins[0]!r})"
            if twins
            else (f"although no two tasks have one name: {error.orig}")
        )
        problem = f"the database refuses the rule, {reason}{line_of(error)}."
        raise NotQuite(problem) from error


def _judge_names(after: dict[int, str]) -> None:
    """Check that the first task of each name has kept it, and that each later one has more."""
    seen: set[str] = set()
    for number, old in TWINS.items():
        new = after.get(number)
        need(new is not None, f"task {number} is lost: give it another name instead.")
        stays = new == old or old in seen
        need(stays, f"task {number} should stay {old!r}, and is {new!r}.")
        begins = str(new).startswith(old)
        need(begins, f"the name of task {number} was {old!r}, and is {new!r}.")
        seen.add(old)
    names = list(after.values())
    count = Counter(names)
    twins = listed(f"{number} {name}" for number, name in after.items() if count[name] > 1)
    need(not any(times > 1 for times in count.values()), f"two tasks have one name: {twins}.")
    more = len(after) - len(TWINS)
    need(not more, f"after the upgrade, there are {len(after)} tasks, not {len(TWINS)}.")


def _refuses_twins(connection: Connection) -> bool:
    """Whether the table takes no second task of any name; it keeps the rows that it has."""
    return not any(takes(connection, "task", task_name=name) for _, name in rows(connection))


def _judge_rule(connection: Connection) -> None:
    """Check the rule for new names, and for tasks that are renamed."""
    from sqlalchemy import text
    from sqlalchemy.exc import IntegrityError

    for name in ("new", "NEW", "new "):
        takes_it = takes(connection, "task", task_name=name)
        need(takes_it, f"after the upgrade, the table does not take the new name {name!r}.")
        number = insert(connection, "task", task_name=name)
        twice = takes(connection, "task", task_name=name)
        need(not twice, "after the upgrade, the table still takes a name twice.")
        query = text("UPDATE task SET task_name = 'buy milk' WHERE id = :number")
        try:
            connection.execute(query, {"number": number})
        except IntegrityError:
            connection.execute(text("DELETE FROM task WHERE id = :number"), {"number": number})
            continue
        raise NotQuite("after the upgrade, a task can still get the name of another one.")
