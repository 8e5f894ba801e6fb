"""Answers to the exercise `search`."""

import re
from typing import Annotated, Literal

from fastapi import Depends, FastAPI, HTTPException, Query
from sqlalchemy import literal_column, or_
from sqlmodel import Session, col, create_engine, func, select

from answers import right, wrong
from app.db import get_session
from app.main import app
from app.models import Task, TaskPublic

SessionDep = Annotated[Session, Depends(get_session)]
Limit = Annotated[int, Query(ge=1, le=100)]
task_name, task_id = col(Task.task_name), col(Task.id)


def found(text):
    return select(Task).where(task_name.contains(text, autoescape=True))


def hand_in(endpoint, path="/search", answers=list[TaskPublic], app=None):
    """Make the app of an endpoint, or give the endpoint to another app."""
    finder = FastAPI()
    if app is not None:
        app.get(path, response_model=answers)(endpoint)
        return finder, get_session
    finder.get(path, response_model=answers)(endpoint)
    return finder, get_session


@right
def by_instr(session: SessionDep, text: str, limit: Limit = 20):
    return session.exec(
        select(Task).where(func.instr(task_name, text)).order_by(task_id).limit(limit)
    ).all()


@right
def by_icontains(session: SessionDep, text: str, limit: int = Query(20, gt=0, lt=101)):
    return session.exec(
        select(Task)
        .where(task_name.icontains(text, autoescape=True))
        .order_by(task_id)
        .limit(limit)
    ).all()


@right
def by_like(session: SessionDep, text: str, limit: Limit = 20):
    return session.exec(
        select(Task)
        .where(
            task_name.like(
                "%" + text.replace("!", "!!").replace("%", "!%").replace("_", "!_") + "%",
                escape="!",
            )
        )
        .order_by(task_id)
        .limit(limit)
    ).all()


@wrong("/search?text=0% finds 50% done, 500 done, row 0, row 10, row 20, row 30, row 40, …, and")
def search_text_0_finds_50_done_500(session: SessionDep, text: str, limit: Limit = 20):
    return session.exec(
        select(Task).where(task_name.contains(text)).order_by(task_id).limit(limit)
    ).all()


@wrong("/search?text=d/o finds 50% done, 500 done, andor, and should find and/or")
def search_text_d_o_finds_50_done(session: SessionDep, text: str, limit: Limit = 20):
    return session.exec(
        select(Task)
        .where(task_name.like("%" + text.replace("%", "/%").replace("_", "/_") + "%", escape="/"))
        .order_by(task_id)
        .limit(limit)
    ).all()


@wrong("finds c:data, and should find c:\\data")
def finds_c_data_and_should_find_c(session: SessionDep, text: str, limit: Limit = 20):
    return session.exec(
        select(Task)
        .where(
            task_name.like("%" + text.replace("%", "\\%").replace("_", "\\_") + "%", escape="\\")
        )
        .order_by(task_id)
        .limit(limit)
    ).all()


@wrong(
    "/search?text=milk finds milk the cow, MILK, and should find pour milk, buy milk, milk the cow"
)
def search_text_milk_finds_milk_cow_and(session: SessionDep, text: str, limit: Limit = 20):
    return session.exec(
        select(Task)
        .where(task_name.startswith(text, autoescape=True))
        .order_by(task_id)
        .limit(limit)
    ).all()


@wrong("text=milk finds nothing")
def text_milk_finds_nothing(session: SessionDep, text: str, limit: Limit = 20):
    return session.exec(select(Task).where(text == task_name).order_by(task_id).limit(limit)).all()


@wrong("and should find pour milk, buy milk")
def and_should_find_pour_milk_buy_milk(session: SessionDep, text: str, limit: Limit = 20):
    return session.exec(select(Task).order_by(task_id).limit(limit)).all()


@wrong("in another order than by id")
def in_another_order_than_by_id(session: SessionDep, text: str, limit: Limit = 20):
    return session.exec(found(text).limit(limit)).all()


@wrong("in another order than by id")
def in_another_order_than_by_id_2(session: SessionDep, text: str, limit: Limit = 20):
    return session.exec(found(text).order_by(task_name).limit(limit)).all()


@wrong("gives 5 tasks, not 2")
def gives_3_tasks_not_2(session: SessionDep, text: str, limit: Limit = 20):
    return session.exec(found(text).order_by(task_id)).all()


@wrong("gives 5 tasks, not 2")
def gives_3_tasks_not_2_2(session: SessionDep, text: str, limit: Limit = 20):
    return session.exec(found(text).order_by(task_id).limit(20)).all()


@wrong("a limit of 0 gets 200, not 422")
def limit_of_0_gets_200_not_422(session: SessionDep, text: str, limit: int = 20):
    return session.exec(found(text).order_by(task_id).limit(limit)).all()


@wrong("a limit of 101 gets 200")
def limit_of_101_gets_200(session: SessionDep, text: str, limit: int = Query(20, ge=1)):
    return session.exec(found(text).order_by(task_id).limit(limit)).all()


@wrong("gives 50 tasks, not 20")
def gives_50_tasks_not_20(session: SessionDep, text: str, limit: int = Query(50, ge=1, le=100)):
    return session.exec(found(text).order_by(task_id).limit(limit)).all()


@wrong("/search?text=row gives 10 tasks, and should give 20.")
def ten_at_most(session: SessionDep, text: str, limit: int = Query(10, ge=1, le=100)):
    return session.exec(found(text).order_by(task_id).limit(limit)).all()


@wrong("limit=100 answers 422")
def limit_100_answers_422(session: SessionDep, text: str, limit: int = Query(20, ge=1, le=50)):
    return session.exec(found(text).order_by(task_id).limit(limit)).all()


@wrong("/search?text=milk answers 422, not 200")
def search_text_milk_answers_422_not_200(session: SessionDep, text: str, limit: int):
    return session.exec(found(text).order_by(task_id).limit(limit)).all()


@wrong("answers 307: its path has a slash too many, at the end", path="/search/")
def path_with_a_slash(text: str): ...


@wrong("It has `/search/{text}`. The path ends with `/search`", path="/search/{text}")
def text_in_the_path(text: str):
    return []


@wrong("it does not take its session from get_session")
def without_a_session(text: str):
    return []


@wrong('answers 422, not 200. It says: {"detail":[{"type":"missing","loc":["query","q"]')
def another_argument(q: str):
    return []


@wrong("and not a list of tasks", answers=None)
def names_only(text: str, session: SessionDep):
    return session.exec(select(Task.task_name)).all()


@wrong("and not whole tasks", answers=None)
def parts_of_tasks(text: str, session: SessionDep):
    found = session.exec(select(Task).where(Task.task_name.contains(text)))
    return [{"task_name": task.task_name} for task in sorted(found, key=lambda t: t.id)]


@right
def by_contains_and_escape(session: SessionDep, text: str, limit: Limit = 20):
    safe = text.replace("\\", "\\\\").replace("%", r"\%").replace("_", r"\_")
    query = select(Task).where(task_name.like(f"%{safe}%", escape="\\"))
    return session.exec(query.order_by(task_id).limit(limit)).all()


@right
def in_python(session: SessionDep, text: str, limit: Limit = 20):
    tasks = session.exec(select(Task).order_by(task_id))
    return [task for task in tasks if text in task.task_name][:limit]


@right
def without_capitals_in_python(session: SessionDep, text: str, limit: Limit = 20):
    tasks = session.exec(select(Task).order_by(task_id))
    return [task for task in tasks if text.lower() in task.task_name.lower()][:limit]


@right
def by_lower_on_both_sides(session: SessionDep, text: str, limit: Limit = 20):
    has_text = func.instr(func.lower(task_name), func.lower(text)) > 0
    return session.exec(select(Task).where(has_text).order_by(task_id).limit(limit))


@right
async def by_async_endpoint(session: SessionDep, text: str, limit: Limit = 20):
    return list(session.exec(found(text).order_by(task_id).limit(limit)))


@right(answers=list[Task])
def by_http_exception(session: SessionDep, text: str, limit: int = 20):
    if not 1 <= limit <= 100:
        raise HTTPException(422)
    return list(session.scalars(found(text).order_by(task_id).limit(limit)))


@right
def by_glob(session: SessionDep, text: str, limit: Limit = 20):
    safe = "".join(f"[{letter}]" if letter in "*?[" else letter for letter in text)
    query = select(Task).where(task_name.op("GLOB")(f"*{safe}*"))
    return session.exec(query.order_by(task_id).limit(limit)).all()


@wrong("finds nothing, and should find")
def lower_on_one_side(session: SessionDep, text: str, limit: Limit = 20):
    query = select(Task).where(func.instr(func.lower(task_name), text))
    return session.exec(query.order_by(task_id).limit(limit)).all()


@wrong("/search?text=il finds nothing, and should find pour milk")
def whole_words(session: SessionDep, text: str, limit: Limit = 20):
    tasks = session.exec(select(Task).order_by(task_id))
    words = re.compile(rf"\b{re.escape(text)}\b" if text.isalpha() else re.escape(text))
    return [task for task in tasks if words.search(task.task_name)][:limit]


@wrong("/search?text=  finds pour milk, 50% done, snake_case, buy milk")
def strips(session: SessionDep, text: str, limit: Limit = 20):
    return session.exec(found(text.strip()).order_by(task_id).limit(limit)).all()


@wrong("/search?text=[b] finds buy milk, a.c [b]* ok?, abc b okk, a & b = c + d #1, and should")
def by_glob_without_escape(session: SessionDep, text: str, limit: Limit = 20):
    query = select(Task).where(task_name.op("GLOB")(f"*{text}*"))
    return session.exec(query.order_by(task_id).limit(limit)).all()


@wrong("/search?text=. finds")
def by_regex(session: SessionDep, text: str, limit: Limit = 20):
    tasks = session.exec(select(Task).order_by(task_id))
    safe = text.replace("\\", "\\\\").replace("*", r"\*").replace("?", r"\?")
    return [task for task in tasks if re.search(safe, task.task_name)][:limit]


@wrong("and should find")
def also_in_the_description(session: SessionDep, text: str, limit: Limit = 20):
    query = select(Task).where(
        or_(
            task_name.contains(text, autoescape=True),
            col(Task.task_description).contains(text, autoescape=True),
        )
    )
    return session.exec(query.order_by(task_id).limit(limit)).all()


@wrong("/search?text=row&limit=3 answers 422, not 200")
def some_limits(session: SessionDep, text: str, limit: Literal["1", "2", "20", "100"] = "20"):
    return session.exec(found(text).order_by(task_id).limit(int(limit))).all()


@wrong("a limit of -1 gets 200, not 422")
def not_0_and_not_101(session: SessionDep, text: str, limit: int = 20):
    if limit in (0, 101):
        raise HTTPException(422)
    return session.exec(found(text).order_by(task_id).limit(abs(limit))).all()


@wrong("a limit of 101 gets 200, not 422")
def cuts_the_limit(session: SessionDep, text: str, limit: int = Query(20, ge=1)):
    return session.exec(found(text).order_by(task_id).limit(min(limit, 100))).all()


@wrong("/search?text=row gives 19 tasks, and should give 20.")
def pages_by_id(session: SessionDep, text: str, limit: Limit = 20):
    return session.exec(found(text).where(task_id <= 60).order_by(task_id).limit(limit)).all()


@wrong("a request without a text gets 200, not 422")
def text_may_be_missing(session: SessionDep, text: str = "", limit: Limit = 20):
    return session.exec(found(text).order_by(task_id).limit(limit)).all()


@wrong("your code stops with OperationalError")
def sql_in_an_f_string(session: SessionDep, text: str, limit: Limit = 20):
    query = select(Task).where(literal_column(f"instr(task_name, '{text}')"))
    return session.exec(query.order_by(task_id).limit(limit)).all()


@wrong("/search?text=e_c finds snake_case, milk the cow, and should find snake_case")
def escapes_only_percent(session: SessionDep, text: str, limit: Limit = 20):
    safe = text.replace("!", "!!").replace("%", "!%")
    query = select(Task).where(task_name.like(f"%{safe}%", escape="!"))
    return session.exec(query.order_by(task_id).limit(limit)).all()


@wrong("/search?text=! finds nothing, and should find !important")
def forgets_its_escape(session: SessionDep, text: str, limit: Limit = 20):
    safe = text.replace("%", "!%").replace("_", "!_")
    query = select(Task).where(task_name.like(f"%{safe}%", escape="!"))
    return session.exec(query.order_by(task_id).limit(limit)).all()


@wrong("finds nothing, and should find")
def simple_characters_only(session: SessionDep, text: str, limit: Limit = 20):
    if not re.fullmatch(r"[\w %/:\\]*", text, re.ASCII):
        return []
    return session.exec(found(text).order_by(task_id).limit(limit)).all()


@wrong("your code stops with ZeroDivisionError")
def divides_by_zero(session: SessionDep, text: str):
    return 1 / 0


@wrong("your code stops with ValueError, in the line `raise ValueError`")
def stops_after_a_query(session: SessionDep, text: str):
    session.exec(select(Task))
    raise ValueError


@wrong("`finder` has no endpoint yet: write `@finder.get(…)`, not `@app.get(…)`.", app=app)
def given_to_app(session: SessionDep, text: str, limit: Limit = 20):
    return session.exec(found(text).order_by(task_id).limit(limit)).all()


@wrong(
    "/search?text=nothing answers 404, not 200. Where nothing is found, an empty list is the answer"
)
def nothing_is_not_found(session: SessionDep, text: str, limit: Limit = 20):
    tasks = session.exec(found(text).order_by(task_id).limit(limit)).all()
    if not tasks:
        raise HTTPException(404, "nothing")
    return tasks


@wrong("it returns None. Is the `return` there?", answers=None)
def no_return(session: SessionDep, text: str, limit: Limit = 20):
    session.exec(found(text).order_by(task_id).limit(limit)).all()


@wrong("it returns None, which does not fit the type behind `->`, or its `response_model`. Is the")
def no_return_of_its_type(session: SessionDep, text: str, limit: Limit = 20):
    session.exec(found(text).order_by(task_id).limit(limit)).all()


@wrong("it does not take its session from get_session, in the line `return own.exec(")
def a_session_of_its_own(text: str, limit: Limit = 20):
    with Session(create_engine("sqlite://")) as own:
        return own.exec(found(text).order_by(task_id).limit(limit)).all()


@wrong("A query is not its answer: send it with `session.exec(…)`.")
def query_as_the_answer(session: SessionDep, text: str, limit: Limit = 20):
    return found(text).order_by(task_id).limit(limit)


@wrong("it has no such endpoint. It has `/search?text=milk`", path="/search?text=milk")
def address_of_the_example(session: SessionDep, text: str, limit: Limit = 20):
    return session.exec(found(text).order_by(task_id).limit(limit)).all()


@wrong("Nothing waits there: leave out this `await`. If there is no other one, write `def`")
async def awaits_a_sync_session(session: SessionDep, text: str, limit: Limit = 20):
    return (await session.exec(found(text).order_by(task_id).limit(limit))).all()
