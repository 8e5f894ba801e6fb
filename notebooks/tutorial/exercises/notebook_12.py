"""Judges of notebook 12: a page of people with their tasks, and a table that links two others."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

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
from tutorial.exercises.judging import (
    NotQuite,
    exercise,
    in_one_line,
    kind,
    listed,
    need,
    need_tried,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection, Engine, Select

    from tutorial.exercises.databases import Change

COUNTS = {2: 3, 3: 0, 5: 1, 8: 2, 9: 0, 12: 4, 20: 1, 33: 2}  # tasks of the person of each id
STUB = "def page_of_people(person, after, limit): return select(person)"


@exercise
def page_of_people(function: Callable[[Any, int, int], Select[Any]]) -> None:
    """Eager loading of a list, for each person of a page."""
    from tutorial.exercises.two_tables import people, person_model

    need_tried(function, STUB)
    person = person_model()
    engine = people(person, COUNTS)
    try:
        for after, limit in ((0, 3), (0, 20), (5, 2), (3, 4), (33, 5), (1, 1)):
            query = function(person, after, limit)
            _judge_page(query, person, engine, after, limit)
    finally:
        engine.dispose()


def _judge_page(query: Any, person: Any, engine: Engine, after: int, limit: int) -> None:
    from sqlalchemy import Executable

    from tutorial.show import sql_log

    need(isinstance(query, Executable), f"it gives {kind(query)}, not a query.")
    with sql_log(show=False) as lines:
        found = _read(query, person, engine)
    asked = f"after {after}, with limit {limit}, "
    wanted = [number for number in COUNTS if number > after][:limit]
    ids = [one.id for one in found]
    twice = [number for number in dict.fromkeys(ids) if ids.count(number) > 1]
    need(not twice, f"{asked}it gives the people {listed(twice)} more than once.")
    busy = [number for number, count in COUNTS.items() if number > after and count][:limit]
    more = " Who has no task belongs to the page, too." if ids == busy else ""
    problem = f"{asked}it gives the people {listed(ids)}, and should give {listed(wanted)}."
    need(ids == wanted, problem + more)
    for one in found:
        count = len(_tasks(one))
        right = f"person {one.id} has {COUNTS[one.id]} tasks, and not {count}"
        need(count == COUNTS[one.id], f"{asked}{right}.")
    sent = sum(line.startswith("SELECT") for line in lines)
    need(sent <= 2, f"{asked}it sends {sent} SELECT, and two are enough.")


def _read(query: Any, person: Any, engine: Engine) -> list[Any]:
    from sqlalchemy import Row, text
    from sqlalchemy.exc import SAWarning, SQLAlchemyError
    from sqlmodel import Session

    with Session(engine) as session, warnings.catch_warnings():
        # Of two tables that are not joined, SQLAlchemy warns: the rows tell it, too.
        warnings.simplefilter("ignore", SAWarning)
        # A query that does not ask for an order gets the rows from the last to the first.
        session.connection().execute(text("PRAGMA reverse_unordered_selects = ON"))
        try:
            result: Any = session.exec(query)
            found = [one[0] if isinstance(one, Row) and len(one) == 1 else one for one in result]
        except SQLAlchemyError as error:
            if "unique()" in str(error):
                raise NotQuite(
                    "a join gives a person once for each of their tasks, and "
                    "SQLAlchemy refuses it. For a list, take the other option."
                ) from error
            why = in_one_line(error)
            own = " Does it begin with `person`, the argument?" if "no such column" in why else ""
            raise NotQuite(f"the query can't be run: {why}.{own}") from error
    for one in found:
        need(isinstance(one, person), f"its rows are such as {str(one)[:100]!r}, and not people.")
    return found


def _tasks(person: Any) -> list[Any]:
    from sqlalchemy.exc import SQLAlchemyError

    try:
        return list(person.tasks)
    except SQLAlchemyError as error:
        raise NotQuite(
            "the tasks were not loaded with the people: an option is missing."
        ) from error


TASKS = {1: "buy milk", 2: "call home", 4: "sleep"}
TAGS = {1: "home", 2: "urgent", 7: "later"}


@exercise
def link_table(upgrade: Change, downgrade: Change) -> None:
    """A table that links two others."""
    need_revision(upgrade, downgrade)
    with operations(TASKS, foreign_keys=True) as connection:
        _add_tags(connection)
        before, rules = tables(connection), form(connection)
        upgrade()
        found = tables(connection)
        need("task_tag" in found, f"there is no table task_tag. There is: {listed(sorted(found))}.")
        _judge_columns(connection)
        _judge_links(connection)
        need_form(connection, rules, "after the upgrade")
        downgrade()
        found = tables(connection)
        need("task_tag" not in found, "after the downgrade, the table task_tag is still there.")
        need(found == before, f"after the downgrade, the tables are {listed(sorted(found))}.")
        need_form(connection, rules, "after the downgrade")


def _add_tags(connection: Connection) -> None:
    from sqlalchemy import text

    connection.execute(text("CREATE TABLE tag (id INTEGER PRIMARY KEY, name TEXT NOT NULL)"))
    for number, name in TAGS.items():
        insert(connection, "tag", id=number, name=name)


def _judge_columns(connection: Connection) -> None:
    found = columns(connection, "task_tag")
    named = {"task_id", "tag_id"} <= set(found)
    need(named, f"the table task_tag has the columns {listed(found)}, not task_id and tag_id.")
    more = [name for name in found if name not in ("task_id", "tag_id", "id")]
    need(not more, f"the table task_tag has a column that nobody asked for: {listed(more)}.")


def _judge_links(connection: Connection) -> None:
    from sqlalchemy.exc import IntegrityError, OperationalError

    right = "Refer from `task_id` to `task.id`, and from `tag_id` to `tag.id`."
    for task, tag in ((1, 1), (1, 2), (2, 1), (4, 7), (2, 7)):
        try:
            insert(connection, "task_tag", task_id=task, tag_id=tag)
        except IntegrityError as error:
            both = "The two columns together are the key, not each of them."
            todo = right if "FOREIGN KEY" in str(error.orig) else both
            problem = f"it does not take tag {tag} for task {task}: {error.orig}. {todo}"
            raise NotQuite(problem) from error
        except OperationalError as error:
            if "foreign key mismatch" not in str(error.orig):
                raise
            raise NotQuite(f"it takes no link: {error.orig}. {right}") from error
    for name, values in (
        ("task", (99, 1)),
        ("tag", (1, 99)),
        ("task", (None, 1)),
        ("tag", (1, None)),
    ):
        link = dict(zip(("task_id", "tag_id"), values, strict=True))
        what = f"without a {name}" if None in values else f"to a {name} that is not there"
        need(not takes(connection, "task_tag", **link), f"it takes a link {what}.")
    twice = takes(connection, "task_tag", task_id=1, tag_id=1)
    need(not twice, "a task can have the same tag twice.")
    _delete(connection, "task", 1, [(2, 1), (2, 7), (4, 7)])
    _delete(connection, "tag", 7, [(2, 1)])
    left = [row for row in TASKS.items() if row[0] != 1]
    need_rows(rows(connection), left, "after a tag was deleted")


def _delete(connection: Connection, table: str, number: int, wanted: list[tuple[int, int]]) -> None:
    from sqlalchemy import text
    from sqlalchemy.exc import IntegrityError

    try:
        connection.execute(text(f"DELETE FROM {table} WHERE id = :number"), {"number": number})
    except IntegrityError as error:
        todo = 'Its links should go with it: `ondelete="CASCADE"`.'
        raise NotQuite(f"a {table} that has links can't be deleted. {todo}") from error
    query = text("SELECT task_id, tag_id FROM task_tag ORDER BY task_id, tag_id")
    found = [tuple(row) for row in connection.execute(query)]
    problem = f"when {table} {number} is deleted, the links (task, tag) should be {wanted}"
    need(found == wanted, f"{problem}, and are {found}.")
