"""Answers to the exercise `count_tasks`."""

from sqlalchemy import text
from sqlmodel import col, func, select

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


@wrong("with 0 rows in the table, it gives 1")
def with_0_rows_in_table_gives_1(session):
    return session.exec(select(func.count())).one()


@wrong("write `def`, not `async def`")
async def write_def_not_async_def(session):
    return 1


@wrong("your code stops with TypeError")
def your_code_stops_with_typeerror():
    return 0
