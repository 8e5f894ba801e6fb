"""Answers to the exercise `rename_all`."""

import sqlite3

from sqlalchemy import bindparam, text, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, SQLModel, col, create_engine, select

from answers import right, wrong
from app.models import Task


def rename(session, names):
    for id_, name in names.items():
        session.get(Task, id_).task_name = name


@right
def by_begin(session, names):
    try:
        with session.begin():
            rename(session, names)
    except IntegrityError:
        return False
    return True


@right
def by_savepoint(session, names):
    try:
        with session.begin_nested():
            rename(session, names)
    except IntegrityError:
        return False
    session.commit()
    return True


@right
def looks_first(session, names):
    query = select(Task.task_name).where(col(Task.id).not_in(names))
    others = session.exec(query).all()
    new = list(names.values())
    if None in new or len(set(new)) < len(new) or set(new) & set(others):
        return False
    rename(session, names)
    session.commit()
    return True


@right
def by_update(session, names):
    query = text("UPDATE task SET task_name = :name WHERE id = :id")
    rows = [{"id": id_, "name": name} for id_, name in names.items()]
    try:
        session.connection().execute(query, rows)
        session.commit()
    except IntegrityError:
        session.rollback()
        return False
    return True


@wrong("after renaming them all, it gives None, not True")
def after_renaming_them_all_gives_none_not(session, names):
    rename(session, names)
    session.commit()


@wrong("it stops with IntegrityError")
def stops_with_integrityerror(session, names):
    rename(session, names)
    session.commit()
    return True


@wrong("is there a commit after that")
def is_there_commit(session, names):
    rename(session, names)
    return True


@wrong("is there a commit after that")
def is_there_commit_2(session, names):
    rename(session, names)
    session.flush()
    return True


@wrong("it asks nothing through the session that it gets")
def asks_nothing(session, names):
    return True


@wrong("should become x, b, z, d, but are now x, b, c, d")
def should_become_x_b_z_d_and(session, names):
    first = min(names)
    session.get(Task, first).task_name = names[first]
    session.commit()
    return True


@wrong(
    "with a name that another task has, the names should stay a, b, c, d, but are now x, b, c, d"
)
def with_name_that_another_task_has_b(session, names):
    try:
        for one in names:
            session.get(Task, one).task_name = names[one]
            session.commit()
    except IntegrityError:
        session.rollback()
        return False
    return True


@wrong("the session is stuck: call its rollback")
def session_is_stuck_call_its_rollback(session, names):
    try:
        rename(session, names)
        session.commit()
    except IntegrityError:
        return False
    return True


@wrong("with a name that another task has, it gives True, not False")
def with_name_that_another_task_has_gives(session, names):
    try:
        rename(session, names)
        session.commit()
    except IntegrityError:
        session.rollback()
    return True


@wrong("it stops with IntegrityError")
def stops_with_integrityerror_2(session, names):
    try:
        rename(session, names)
        session.commit()
    finally:
        session.rollback()
    return True


@wrong("is there a commit after that")
def is_there_commit_4(session, names):
    if None in names.values():
        return False
    rename(session, names)


@wrong("with a name that another task has, the session still has the names x, b, c, d")
def with_name_that_another_task_has_session(session, names):
    taken = session.exec(select(Task.task_name)).all()
    for id_, name in names.items():
        if name is None or name in taken:
            return False
        session.get(Task, id_).task_name = name
    session.commit()
    return True


@right
def checks_each_task(session, names):
    try:
        for task in session.exec(select(Task).where(col(Task.id).in_(names))):
            task.task_name = names[task.id]
        session.commit()
    except IntegrityError:
        session.rollback()
        return False
    return True


@right
def by_exception(session, names):
    try:
        rename(session, names)
        session.commit()
        return True
    except Exception:
        session.rollback()
        return False


@right
def by_bulk_update(session, names):
    try:
        query = update(Task).where(Task.id == bindparam("i")).values(task_name=bindparam("n"))
        rows = [{"i": id_, "n": name} for id_, name in names.items()]
        session.connection().execute(query, rows)
    except IntegrityError:
        session.rollback()
        return False
    session.commit()
    return True


@right
def flushes_each(session, names):
    for id_, name in names.items():
        session.get_one(Task, id_).task_name = name
        try:
            session.flush()
        except IntegrityError:
            session.rollback()
            return False
    session.commit()
    return True


@right
def by_own_session(session, names):
    try:
        with Session(session.get_bind()) as own:
            rename(own, names)
            own.commit()
    except IntegrityError:
        return False
    return True


@wrong("with the names {2: 'a', 9: 'z'}, the tasks should be")
def refuses_its_own_name(session, names):
    taken = session.exec(select(Task.task_name)).all()
    new = list(names.values())
    if None in new or set(new) & set(taken) or len(set(new)) < len(new):
        return False
    rename(session, names)
    session.commit()
    return True


@wrong("with the names {9: 'A', 2: 'B'}, the tasks should be")
def no_capitals(session, names):
    try:
        rename(session, {id_: name and name.lower() for id_, name in names.items()})
        session.commit()
    except IntegrityError:
        session.rollback()
        return False
    return True


@wrong("the tasks had the ids")
def new_tasks(session, names):
    try:
        for id_, name in names.items():
            task = session.get(Task, id_)
            session.delete(task)
            session.flush()
            session.add(Task(id=id_ + 1 if id_ == 9 else id_, task_name=name))
        session.commit()
    except IntegrityError:
        session.rollback()
        return False
    return True


@wrong("for names that are fine, it gives False, and changes nothing")
def always_false(session, names):
    return False


@wrong("the database refuses names that are fine")
def inserts(session, names):
    try:
        session.add_all(Task(id=id_, task_name=name) for id_, name in names.items())
        session.commit()
    except IntegrityError:
        session.rollback()
        return False
    return True


@wrong("with a name that another task has, the names should stay a, b, c, d")
def stores_what_went_well(session, names):
    try:
        rename(session, names)
        session.commit()
    except IntegrityError:
        session.rollback()
        for id_ in list(names)[:1]:
            session.get(Task, id_).task_name = "x"
        session.commit()
        return False
    return True


@wrong("it gives None, not False")
def forgot_the_false(session, names):
    try:
        rename(session, names)
        session.commit()
        return True
    except IntegrityError:
        session.rollback()


@wrong("it asks nothing through the session that it gets")
def catches_its_error(session, names):
    try:
        for id_, name in names.items():
            session.gett(Task, id_).task_name = name
        session.commit()
    except Exception:
        return None


@wrong("cannot unpack non-iterable int object, in the line `for id_, name in names:` (line ")
def forgets_items(session, names):
    for id_, name in names:
        session.get(Task, id_).task_name = name
    session.commit()
    return True


@wrong("it stops with IntegrityError, in the line `session.commit()` (line ")
def commit_after_the_try(session, names):
    try:
        rename(session, names)
    except IntegrityError:
        session.rollback()
        return False
    session.commit()
    return True


@wrong("it stops with IntegrityError, in the line `session.get(Task, id_).task_name = name`")
def get_outside_of_try(session, names):
    rename(session, names)
    session.commit()
    return True


@wrong("your code stops with ValueError, in the line `raise ValueError`")
def stops_after_a_flush(session, names):
    rename(session, names)
    session.flush()
    raise ValueError


@wrong("with the names {9: 'A', 2: 'B'}, it gives False, not True")
def true_for_small_letters(session, names):
    try:
        rename(session, names)
        session.commit()
    except IntegrityError:
        session.rollback()
        return False
    return all(name == name.lower() for name in names.values())


def other_database(*ids):
    engine = create_engine("sqlite://")
    SQLModel.metadata.create_all(engine)
    with Session(engine) as session:
        session.add_all(Task(id=id_, task_name=f"task {id_}") for id_ in ids)
        session.commit()
    return engine


@wrong("it asks nothing through the session that it gets")
def session_of_its_own(session, names):
    with Session(other_database(1, 2)) as session:
        rename(session, names)
        session.commit()
    return True


@wrong("it asks nothing through the session that it gets")
def session_of_its_own_with_one(session, names):
    with Session(other_database(1, 2)) as session:
        for id_, name in names.items():
            session.exec(select(Task).where(Task.id == id_)).one().task_name = name
        session.commit()
    return True


@wrong("it asks nothing through the session that it gets")
def session_of_its_own_with_all_ids(session, names):
    with Session(other_database(*names)) as session:
        rename(session, names)
        session.commit()
    return True


@wrong("your code stops with AttributeError: 'NoneType' object has no attribute 'task_name'")
def place_for_id(session, names):
    for id_, name in enumerate(names.values()):
        session.get(Task, id_).task_name = name
    session.commit()
    return True


@wrong("(line 401). A query flushes first, so the loop must be inside the `try`. And")
def loop_outside_of_the_try(session, names):
    for id_, name in names.items():
        task = session.get(Task, id_)
        task.task_name = name
    try:
        session.commit()
    except IntegrityError:
        session.rollback()
        return False
    return True


@wrong("it stores the names x, b, c, d first, and others can read that. Write one commit")
def puts_back_by_hand(session, names):
    old = {}
    try:
        for id_, name in names.items():
            task = session.get(Task, id_)
            old[id_] = task.task_name
            task.task_name = name
            session.commit()
    except IntegrityError:
        session.rollback()
        for id_, name in old.items():
            session.get(Task, id_).task_name = name
        session.commit()
        return False
    return True


@right
def commits_before_and_after(session, names):
    session.commit()
    try:
        for id_, name in names.items():
            session.get(Task, id_).task_name = name
        session.commit()
    except IntegrityError:
        session.rollback()
        session.commit()
        return False
    return True


@wrong("inside the `try`. And `except` must catch the `IntegrityError` of `sqlalchemy.exc`")
def error_of_another_module(session, names):
    try:
        rename(session, names)
        session.commit()
    except sqlite3.IntegrityError:
        session.rollback()
        return False
    return True


@wrong("It has taken the changes back: now let it give False.")
def raises_again(session, names):
    try:
        rename(session, names)
        session.commit()
    except IntegrityError:
        session.rollback()
        raise
    return True


@wrong("a call still runs after 0.3 s, in the line")
def never_ends(session, names):
    while True:
        try:
            rename(session, names)
            session.commit()
            return True
        except Exception:
            session.rollback()


@wrong("there is a commit, but no task has changed before it. Set its `task_name`, with one `=`.")
def compares_with_two_signs(session, names):
    for id_, name in names.items():
        session.get(Task, id_).task_name == name  # noqa: B015
    session.commit()
    return True


@wrong("there is a commit, but no task has changed")
def sets_the_variable(session, names):
    for id_, name in names.items():
        task = session.get(Task, id_)
        task = name  # noqa: F841
    session.commit()
    return True


@wrong("there is a commit, but no task has changed")
def sets_the_name_of_the_result(session, names):
    for id_, name in names.items():
        session.exec(select(Task).where(Task.id == id_)).task_name = name
    session.commit()
    return True


@wrong("is there a commit after that? It is `session.commit()`.")
def commit_without_brackets(session, names):
    rename(session, names)
    session.commit  # noqa: B018
    return True


@wrong("there is a commit, but no task has changed before it")
def commits_too_early(session, names):
    session.exec(select(Task)).all()
    session.commit()
    rename(session, names)
    return True
