"""Answers to the exercise `rename_all`."""

from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select

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


@wrong("is there a commit?")
def is_there_commit(session, names):
    rename(session, names)
    return True


@wrong("is there a commit?")
def is_there_commit_2(session, names):
    rename(session, names)
    session.flush()
    return True


@wrong("is there a commit?")
def is_there_commit_3(session, names):
    return True


@wrong("should become x, b, z, d, and become x, b, c, d")
def should_become_x_b_z_d_and(session, names):
    session.get(Task, 1).task_name = names[1]
    session.commit()
    return True


@wrong("with a name that another task has, a, b, c, d should stay, and become x, b, c, d")
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


@wrong("is there a commit?")
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
