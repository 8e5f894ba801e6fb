"""Answers to the exercise `misfits`."""

import sqlalchemy
from sqlalchemy import func, or_
from sqlmodel import col, select

from answers import right, wrong
from app.models import Task


def is_odd(task):
    texts = (task.task_name, task.task_description or "")
    long = len(task.task_name) > 100 or len(task.task_description or "") > 1000
    return long or task.id > 2**31 - 1 or any("\0" in one for one in texts)


@right
def by_loop(session):
    return [task.id for task in session.exec(select(Task)) if is_odd(task)]


@right
def by_sql(session):
    name, description = col(Task.task_name), col(Task.task_description)
    has_nul = [func.instr(one, func.char(0)) > 0 for one in (name, description)]
    long = [func.length(name) > 100, func.length(description) > 1000]
    rule = or_(*has_nul, *long, col(Task.id) >= 2**31)
    return list(session.exec(select(Task.id).where(rule)))


@right
def the_last_first(session):
    found = []
    for task in session.exec(select(Task).order_by(col(Task.id).desc())):
        if is_odd(task):
            found.append(task.id)
    return found


@wrong("it does not find a task with a name of 101 characters")
def one_too_many(session):
    return [task.id for task in session.exec(select(Task)) if len(task.task_name) > 101]


@wrong("your code stops with TypeError: object of type 'NoneType' has no len()")
def forgets_none(session):
    return [task.id for task in session.exec(select(Task)) if len(task.task_description) > 1000]


@wrong("it does not find a task with a description of 1001")
def only_the_name(session):
    return [task.id for task in session.exec(select(Task)) if len(task.task_name) > 100]


def by_rule(rule):
    return lambda session: [task.id for task in session.exec(select(Task)) if rule(task)]


def too_long(task):
    return len(task.task_name) > 100 or len(task.task_description or "") > 1000


no_nul = wrong("it does not find a task with a NUL in the name")(by_rule(too_long))

nul_in_names = wrong("it does not find a task with a NUL in the description")(
    by_rule(lambda task: too_long(task) or "\0" in task.task_name)
)

forgets_the_id = wrong("it does not find a task with the id 2**31")(
    by_rule(lambda task: is_odd(task) and (task.id < 2**31 or too_long(task)))
)

the_largest_id = wrong("it also gives a task that fits: the one with the id 2147483647")(
    by_rule(lambda task: is_odd(task) or task.id >= 2**31 - 1)
)

counts_bytes = wrong("it also gives a task that fits: the one with the id 3, whose name has 100")(
    by_rule(lambda task: is_odd(task) or len(task.task_name.encode()) > 100)
)

from_100_on = wrong("it also gives a task that fits: the one with the id 2, whose name has 100")(
    by_rule(lambda task: is_odd(task) or len(task.task_name) >= 100)
)


@wrong("it gives the id 15 more than once")
def one_loop_for_each_rule(session):
    tasks = session.exec(select(Task)).all()
    found = [task.id for task in tasks if too_long(task) or task.id >= 2**31]
    texts = {task.id: task.task_name + str(task.task_description) for task in tasks}
    return found + [number for number, text in texts.items() if "\0" in text]


@wrong("its list holds a Task, and should hold ids")
def the_tasks(session):
    return [task for task in session.exec(select(Task)) if is_odd(task)]


@wrong("it gives a set, not a list")
def a_set(session):
    return {task.id for task in session.exec(select(Task)) if is_odd(task)}


@wrong("after the call, not all tasks are there any more")
def deletes_them(session):
    odd = [task for task in session.exec(select(Task)) if is_odd(task)]
    ids = [task.id for task in odd]
    for task in odd:
        session.delete(task)
    session.commit()
    return ids


@wrong("it also gives a task that fits")
def all_of_them(session):
    return [task.id for task in session.exec(select(Task))]


@wrong("your code stops with NameError")
def stops_with_name_error(session):
    return [task.id for task in session.exec(select(Tasks))]  # noqa: F821


@wrong("it reads `task_name` of a row that holds a task: take `select` from sqlmodel, and")
def select_of_sqlalchemy(session):
    return [task.id for task in session.exec(sqlalchemy.select(Task)) if is_odd(task)]


@wrong("it also gives a task that fits: the one with the id 5, whose name has 0 characters")
def also_empty_names(session):
    return [task.id for task in session.exec(select(Task)) if is_odd(task) or not task.task_name]


@wrong("after the call, a task is changed: the one with the id 11, whose name has 101 characters")
def mends_them(session):
    odd = [task for task in session.exec(select(Task)) if is_odd(task)]
    found = [task.id for task in odd]
    for task in odd:
        task.task_name = task.task_name[:100]
    session.commit()
    return found
