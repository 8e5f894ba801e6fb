"""Answers to the exercise `count_tasks`."""

import sqlite3

import sqlalchemy
from sqlalchemy import text
from sqlmodel import col, delete, func, select

from answers import right, wrong
from app.models import Task


@right
def by_len(session):
    return len(session.exec(select(Task)).all())


@right
def by_sum(session):
    return sum(1 for _ in session.exec(select(Task.id)))


@right
def by_sql(session):
    return session.connection().scalar(text("SELECT count(*) FROM task"))


@right
def by_driver_sql(session):
    return session.connection().exec_driver_sql("SELECT count(*) FROM task").scalar()


@right
def by_scalar(session):
    return session.scalar(select(func.count(col(Task.id))))


@wrong("gives None, not a number")
def gives_none_not_number(session):
    session.exec(select(Task)).all()


@wrong("a list, not a number")
def list_not_number(session):
    return session.exec(select(Task)).all()


@wrong("not a number")
def not_number(session):
    return session.exec(select(func.count(Task.id)))


@wrong("with 2 rows in the table, it gives 3")
def with_2_rows_in_table_gives_3(session):
    return session.exec(select(func.max(Task.id))).one() or 0


@wrong("with 3 rows in the table, it gives 2")
def with_3_rows_in_table_gives_2(session):
    return session.exec(select(func.count(Task.task_name.distinct()))).one()


@wrong("it asks nothing through the session that it gets")
def asks_nothing_through_session_that_gets(session):
    return 0


@wrong("with 0 rows in the table, it gives 1. The query does not say what to count")
def with_0_rows_in_table_gives_1(session):
    return session.exec(select(func.count())).one()


@wrong("write `def`, not `async def`")
async def write_def_not_async_def(session):
    return 1


@wrong("your code stops with TypeError")
def your_code_stops_with_typeerror():
    return 0


@right
def by_scalars(session):
    return len(list(session.scalars(select(Task.id))))


@right
def first(session):
    return session.exec(select(func.count(Task.id))).first()


@right
def one_of_a_row(session):
    (number,) = session.connection().execute(text("SELECT count(*) FROM task")).one()
    return number


@right
def by_loop(session):
    number = 0
    for _ in session.exec(select(Task)):
        number += 1
    return number


@right
def by_subquery(session):
    return session.exec(select(func.count()).select_from(select(Task).subquery())).one()


@wrong("it gives a Row, not a number")
def row(session):
    return session.connection().execute(select(func.count(Task.id))).one()


@wrong("it gives a float, not an int")
def as_float(session):
    return float(session.exec(select(func.count(Task.id))).one())


@wrong("it gives a str, not a number")
def as_text(session):
    return str(session.exec(select(func.count(Task.id))).one())


@wrong("with 1202 rows in the table, it gives 100")
def one_page(session):
    return len(session.exec(select(Task).limit(100)).all())


@wrong("with 1202 rows in the table, it gives 1000")
def large_page(session):
    return len(session.exec(select(Task).limit(1000)).all())


@wrong("with 6 rows in the table, it gives")
def only_ids_above_0(session):
    return session.exec(select(func.count()).select_from(Task).where(Task.id > 0)).one()


@wrong("with 6 rows in the table, it gives 5")
def only_with_a_name(session):
    return session.exec(select(func.count()).select_from(Task).where(Task.task_name != "")).one()


@wrong("with 6 rows in the table, it gives")
def by_min_and_max(session):
    low, high = session.exec(select(func.min(Task.id), func.max(Task.id))).one()
    return 0 if low is None else high - low + 1


@wrong("after it has counted 2 rows, the table has 0")
def by_deleting(session):
    number = session.exec(delete(Task)).rowcount
    session.commit()
    return number


@wrong("it gives None, not a number")
def catches_its_error(session):
    try:
        return session.execc(select(func.count(Task.id))).one()
    except AttributeError:
        return None


@wrong("it gives a ScalarResult, not a number: `.one()` takes it out of a result.")
def forgot_one(session):
    return session.exec(select(func.count(Task.id)))


@wrong("an `await` is missing: 'coroutine' object has no attribute 'one', in the line `return ask")
def forgets_an_await(session):
    async def ask():
        return session.exec(select(func.count(Task.id)))

    return ask().one()


@wrong("your code stops with NameError: name 'Taks' is not defined, in the line `return len(")
def missing_name(session):
    return len(session.exec(select(Taks)).all())  # noqa: F821


@wrong("your code stops with ValueError, in the line `raise ValueError`")
def stops_after_a_query(session):
    session.exec(select(Task))
    raise ValueError


@wrong("it gives a Row, not a number. With `select(…)` of sqlmodel around it, `exec` gives")
def forgot_select(session):
    return session.exec(func.count(Task.id)).one()


@wrong(
    "it gives a Row, not a number. With `select(…)` of sqlmodel around it, `exec` gives the number"
)
def select_of_sqlalchemy(session):
    return session.exec(sqlalchemy.select(func.count(Task.id))).one()


@wrong("with 0 rows in the table, it gives None, not a number")
def largest_id(session):
    return session.exec(select(func.max(Task.id))).one()


connection = sqlite3.connect(":memory:")


@wrong("`check` calls your function in a thread of its own: let it use what it gets.")
def asks_a_connection_of_the_notebook(session):
    return connection.execute("SELECT 1").fetchone()[0]
