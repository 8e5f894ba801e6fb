"""Answers to the exercise `page_by_name`."""

from sqlalchemy import and_, or_, text, tuple_
from sqlmodel import col, select

from answers import right, wrong
from app.models import Task

task_name, task_id = col(Task.task_name), col(Task.id)


def after(name, id_):
    return select(Task).where(tuple_(task_name, task_id) > (name, id_))


@right
def by_or_and(name, id_, limit):
    return (
        select(Task)
        .where(or_(task_name > name, and_(task_name == name, task_id > id_)))
        .order_by(task_name, task_id)
        .limit(limit)
    )


@right
def by_sql(name, id_, limit):
    return text(
        "SELECT task_name, id FROM task WHERE (task_name, id) > (:n, :i) "
        "ORDER BY task_name, id LIMIT :l"
    ).bindparams(n=name, i=id_, l=limit)


@right
def by_two_conditions(name, id_, limit):
    return (
        select(Task)
        .where(task_name >= name, or_(task_name > name, task_id > id_))
        .order_by(task_name, task_id)
        .limit(limit)
    )


@right
def by_columns(name, id_, limit):
    return (
        select(Task.task_name, Task.id)
        .where(tuple_(task_name, task_id) > (name, id_))
        .order_by(task_name.asc(), task_id.asc())
        .limit(limit)
    )


@wrong("not by name, then by id")
def not_by_name_then_by_id(name, id_, limit):
    return after(name, id_).limit(limit)


@wrong("not by name, then")
def not_by_name_then(name, id_, limit):
    return after(name, id_).order_by(task_name).limit(limit)


@wrong("not by name, then")
def not_by_name_then_2(name, id_, limit):
    return after(name, id_).order_by(task_id).limit(limit)


@wrong("the order")
def order(name, id_, limit):
    return select(Task).where(task_id > id_).order_by(task_id).limit(limit)


@wrong("shows rows twice")
def shows_rows_twice(name, id_, limit):
    return select(Task).order_by(task_name, task_id).limit(limit)


@wrong("rows twice")
def rows_twice(name, id_, limit):
    return select(Task).where(task_name >= name).order_by(task_name, task_id).limit(limit)


@wrong("skips rows")
def skips_rows(name, id_, limit):
    return select(Task).where(task_name > name).order_by(task_name, task_id).limit(limit)


@wrong("skips rows")
def skips_rows_2(name, id_, limit):
    return (
        select(Task)
        .where(task_name > name, task_id > id_)
        .order_by(task_name, task_id)
        .limit(limit)
    )


@wrong("shows rows twice")
def shows_rows_twice_2(name, id_, limit):
    return (
        select(Task)
        .where(or_(task_name > name, task_id > id_))
        .order_by(task_name, task_id)
        .limit(limit)
    )


@wrong("skips rows")
def skips_rows_3(name, id_, limit):
    return after(name, id_).where(task_name < "kiwi").order_by(task_name, task_id).limit(limit)


@wrong("skips rows")
def skips_rows_4(name, id_, limit):
    return after(name, id_).order_by(task_name, task_id).limit(limit if not id_ else 0)


@wrong("with limit 2, the first page has 14 rows")
def first_page_has_7_rows(name, id_, limit):
    return after(name, id_).order_by(task_name, task_id)


@wrong("with limit 3, the first page")
def with_limit_3_first_page(name, id_, limit):
    return after(name, id_).order_by(task_name, task_id).limit(2)


@wrong("the first page has 0 rows")
def first_page_has_0_rows(name, id_, limit):
    return (
        select(Task)
        .where(tuple_(task_name, task_id) < (name, id_))
        .order_by(task_name, task_id)
        .limit(limit)
    )


@wrong("gives None, not a query")
def gives_none_not_query(name, id_, limit):
    return None


@wrong("a list, not a query")
def list_not_query(name, id_, limit):
    return []
