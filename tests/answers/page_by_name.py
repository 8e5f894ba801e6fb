"""Answers to the exercise `page_by_name`."""

from sqlalchemy import and_, not_, or_, text, tuple_
from sqlalchemy import select as sa_select
from sqlmodel import Session, SQLModel, col, create_engine, func, select

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


# SQLAlchemy's own `select` gives each task in a row of one.
@right
def by_sqlalchemy(name, id_, limit):
    key = tuple_(task_name, task_id)
    return sa_select(Task).where(key > (name, id_)).order_by(task_name, task_id).limit(limit)


@right
def by_sqlalchemy_columns(name, id_, limit):
    key = tuple_(Task.task_name, Task.id)
    columns = sa_select(Task.id, Task.task_name).where(key > tuple_(name, id_))
    return columns.order_by(Task.task_name, Task.id).limit(limit)


@wrong("the database can't run the query: OperationalError")
def by_fetch(name, id_, limit):
    return after(name, id_).order_by(task_name).order_by(task_id).fetch(limit)


@right
def by_slice(name, id_, limit):
    return after(name, id_).order_by(task_name.asc(), task_id.asc()).slice(0, limit)


@right
def by_not(name, id_, limit):
    seen = or_(task_name < name, and_(task_name == name, task_id <= id_))
    return select(Task).where(not_(seen)).order_by(task_name, task_id).limit(limit)


@right
def by_statement(name, id_, limit):
    query = text(
        "SELECT * FROM task WHERE task_name > :n OR (task_name = :n AND id > :i) "
        "ORDER BY task_name, id LIMIT :l"
    ).bindparams(n=name, i=id_, l=limit)
    return select(Task).from_statement(query)


@right
def first_page_apart(name, id_, limit):
    first = select(Task).order_by(task_name, task_id).limit(limit)
    return first.where(tuple_(task_name, task_id) > (name, id_)) if name else first


@wrong("its rows are such as 'app', and not tasks")
def names_only(name, id_, limit):
    query = select(Task.task_name).where(tuple_(task_name, task_id) > (name, id_))
    return query.where(task_name.like("app%")).order_by(task_name, task_id).limit(limit)


@wrong("its rows are such as '44', and not tasks")
def ids_only(name, id_, limit):
    query = sa_select(Task.id).where(tuple_(task_name, task_id) > (name, id_))
    return query.order_by(task_name, task_id).limit(limit)


@wrong("not by name, then by id: the first page has app 21")
def no_capitals(name, id_, limit):
    key, low = func.lower(task_name), name.lower()
    query = select(Task).where(tuple_(key, task_id) > (low, id_))
    return query.order_by(func.trim(key), task_id).limit(limit)


@wrong("the first page has 20 rows")
def at_most_twenty(name, id_, limit):
    return after(name, id_).order_by(task_name, task_id).limit(min(limit, 20))


@wrong("with limit 1, the first page has 2 rows")
def at_least_two(name, id_, limit):
    return after(name, id_).order_by(task_name, task_id).limit(max(limit, 2))


@wrong("it skips rows")
def only_later_ids(name, id_, limit):
    query = select(Task).where(task_name >= name, task_id > id_)
    return query.order_by(task_name, task_id).limit(limit)


@wrong("after a task apple 5 that is deleted now")
def by_the_row_itself(name, id_, limit):
    seen = select(Task.task_name).where(task_id == id_).scalar_subquery()
    key = tuple_(task_name, task_id) > tuple_(seen, id_)
    query = select(Task).where(key) if id_ else select(Task)
    return query.order_by(task_name, task_id).limit(limit)


@wrong("it shows rows twice")
def id_not_below(name, id_, limit):
    key = tuple_(task_name, task_id) >= (name, id_)
    return select(Task).where(key).order_by(task_name, task_id).limit(limit)


@wrong("the database can't run the query: OperationalError")
def sql_in_an_f_string(name, id_, limit):
    return text(
        f"SELECT * FROM task WHERE (task_name, id) > ('{name}', {id_}) "
        f"ORDER BY task_name, id LIMIT {limit}"
    )


@wrong("not by name, then by id")
def backwards(name, id_, limit):
    return after(name, id_).order_by(task_name.desc(), task_id.desc()).limit(limit)


@wrong("not by name, then by id")
def ids_backwards(name, id_, limit):
    key = or_(task_name > name, and_(task_name == name, task_id < (id_ or 999)))
    return select(Task).where(key).order_by(task_name, task_id.desc()).limit(limit)


@wrong("it shows rows twice")
def catches_its_error(name, id_, limit):
    try:
        return after(name, id_).orderby(task_name).limit(limit)
    except AttributeError:
        return select(Task).order_by(task_name, task_id).limit(limit)


@wrong("it gives a str, not a query")
def as_text(name, id_, limit):
    return "SELECT * FROM task ORDER BY task_name, id"


@wrong("the database can't run the query")
def stops_at_a_list(name, id_, limit):
    return select(Task).where(task_name > [])


@wrong("with limit 2, a page has 3 rows")
def later_pages_are_longer(name, id_, limit):
    size = limit + 1 if id_ else limit
    return after(name, id_).order_by(task_name, task_id).limit(size)


@wrong("without `tuple_`")
def orders_by_the_pair(name, id_, limit):
    key = tuple_(task_name, task_id)
    return select(Task).where(key > (name, id_)).order_by(key).limit(limit)


@wrong("it sends the query itself. Let it return the query, without `exec`: the check sends it, in")
def sends_it_to_a_database_without_the_table(name, id_, limit):
    with Session(create_engine("sqlite://")) as session:
        return session.exec(after(name, id_).order_by(task_name, task_id).limit(limit)).all()


@wrong("it gives a list, not a query. Let it return the query, without `exec`: the check sends it.")
def list_of_its_tasks(name, id_, limit):
    engine = create_engine("sqlite://")
    SQLModel.metadata.create_all(engine)
    with Session(engine) as session:
        return session.exec(after(name, id_).order_by(task_name, task_id).limit(limit)).all()
