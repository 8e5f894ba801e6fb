"""Judges of notebook 8: pages in the order of names, and a search."""

from __future__ import annotations

from string import ascii_uppercase
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from tutorial.exercises.databases import database
from tutorial.exercises.judging import (
    NotQuite,
    exercise,
    in_one_line,
    kind,
    listed,
    need,
    need_tried,
    refused,
)
from tutorial.exercises.services import (
    NO_ENDPOINT,
    client_of,
    in_loop,
    instead,
    json_of,
    need_endpoint,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping

    import httpx
    from fastapi import FastAPI
    from sqlalchemy import Engine, Select
    from sqlmodel import Session

    Rows = list[tuple[str, int]]
    Page = Callable[[str, int, int], Rows]

FRUIT = {
    2: "pear",
    3: "apple",
    4: "fig",
    7: "apple",
    8: "apple",
    9: "kiwi",
    12: "fig",
    13: "Fig",  # SQL's order has capitals first
    20: "apple pie",
    21: "app",
    22: "it's 100%",
    31: "éclair",
    44: " fig",
    45: " fig",
}
MANY = {3 * number: f"name {number * 37 % 60}" for number in range(1, 131)}


@exercise
def page_by_name(function: Callable[[str, int, int], Select[Any]]) -> None:
    """Keyset pagination by two columns."""
    need_tried(function, "def page_by_name(name, id_, limit): return select(Task).limit(limit)")
    for names, limits in ((FRUIT, (2, 3, 1, 5, 40)), (MANY, (20, 50, 100))):
        with database(names) as engine:
            for limit in limits:
                _judge_pages(_page_of(function, engine), names, limit)
            if names is FRUIT:
                _judge_deleted(_page_of(function, engine), names)


def _page_of(function: Callable[[str, int, int], Select[Any]], engine: Engine) -> Page:
    from sqlalchemy import Executable, Result, text
    from sqlalchemy.exc import OperationalError, SQLAlchemyError
    from sqlmodel import Session

    def page(name: str, id_: int, limit: int) -> Rows:
        try:
            query: Any = function(name, id_, limit)
        except OperationalError as error:
            refused(f"it sends the query itself. {SENT}", error)
        sent = f" {SENT}." if isinstance(query, (list, Result)) else ""
        need(isinstance(query, Executable), f"it gives {kind(query)}, not a query.{sent}")
        with Session(engine) as session:
            # With this index, a query that does not ask for the order by id gets another one.
            index = "CREATE INDEX IF NOT EXISTS by_name ON task (task_name, id DESC)"
            session.connection().execute(text(index))
            try:
                result: Any = session.exec(query)
                return [_name_and_id(row) for row in result]
            except SQLAlchemyError as error:
                problem = f"the database can't run the query: {in_one_line(error)}."
                if "misused" in problem:
                    problem += " `order_by` takes the columns without `tuple_`."
                raise NotQuite(problem) from error

    return page


def _name_and_id(row: Any) -> tuple[str, int]:
    """Return a task's name and id. SQLAlchemy's own `select` puts each task in a row of one."""
    from sqlalchemy import Row

    if not hasattr(row, "task_name") and isinstance(row, (Row, tuple)) and len(row) == 1:
        row = row[0]
    is_task = hasattr(row, "task_name") and hasattr(row, "id")
    need(is_task, f"its rows are such as {str(row)[:100]!r}, and not tasks.")
    return row.task_name, row.id


def _judge_pages(page: Page, names: Mapping[int, str], limit: int) -> None:
    def show(rows: Rows) -> str:
        return ", ".join(f"{name} {number}" for name, number in rows[:7])

    wanted = sorted((name, number) for number, name in names.items())
    found = page("", 0, limit)
    size = min(limit, len(wanted))
    need(len(found) == size, f"with limit {limit}, the first page has {len(found)} rows.")
    order = "the order is not by name, then by id"
    need(found == wanted[:limit], f"{order}: the first page has {show(found)}.")
    for _ in wanted:  # more pages than there are, for a query that never ends
        rows = page(*found[-1], limit)
        need(len(rows) <= limit, f"with limit {limit}, a page has {len(rows)} rows.")
        found += rows
        if not rows:
            break
    need(len(found) == len(set(found)), f"it shows rows twice. The pages begin: {show(found)}.")
    skipped = [row for row in wanted if row not in found]
    all_pages = f"All pages of {limit} together: {show(found)}"
    need(not skipped, f"it skips rows: {show(skipped)}. {all_pages}.")
    need(found == wanted, f"{order}: {show(found)}.")


def _judge_deleted(page: Page, names: Mapping[int, str]) -> None:
    """Check a page after a task that was deleted since the client saw it."""
    wanted = sorted((name, number) for number, name in names.items())
    for name, number in (("apple", 5), ("banana", 3), ("fig", 40), ("zoo", 1)):
        right = [row for row in wanted if row > (name, number)]
        found = page(name, number, 40)
        problem = f"after a task {name} {number} that is deleted now, it gives {listed(found)}"
        need(found == right, f"{problem}, and should give {listed(right)}.")


SENT = "Let it return the query, without `exec`: the check sends it"
OWN_SESSION = "it does not take its session from get_session"
LOWER = {ord(letter): letter.lower() for letter in ascii_uppercase}
SEARCHED = (
    "pour milk",
    "50% done",
    "snake_case",
    "buy milk",
    "500 done",
    "snakes case",
    "and/or",
    "andor",
    "c:\\data",
    "c:data",
    "milk the cow",
    *(f"row {number}" for number in range(101)),
    "Oat Milk",
    "MILK",
    "it's",
    'say "hi"',
    "a.c [b]* ok?",
    "abc b okk",
    "crème",
    "ESPAÑA",
    "a & b = c + d #1",
    "  two  spaces ",
    "!important",
    "x" * 100,
)
TEXTS = (
    *("0%", "e_c", "%", "_", "d/o", ":\\d"),
    *("il", "ilk", "pour", "MILK", "Milk", "it's", "'", '"hi"', ".", "[b]", "*", "?", "è", "Ñ"),
    *("& b = c + d #", " ", "  ", " milk", "milk ", "!", "\\", "7", "x" * 100, "row 9", "found"),
    *("--", "é" * 60),
)


@exercise
def search(app: FastAPI, get_session: Callable[[], object]) -> None:
    """A search in which every character means itself."""
    need_endpoint(app, "finder.get", "/search")
    in_loop(_search(app, get_session))


async def _search(app: FastAPI, get_session: Callable[[], object]) -> None:
    from sqlalchemy import text

    names = {2 * number + number // 50: name for number, name in enumerate(SEARCHED, start=1)}
    with database(names) as engine:
        with engine.begin() as connection:
            connection.execute(
                text("UPDATE task SET task_description = 'milk, found' WHERE id > 9")
            )
            # A query that does not ask for an order gets the rows from the last to the first.
            connection.execute(text("PRAGMA reverse_unordered_selects = ON"))
        searcher = _Searcher(app, get_session, engine, names)
        async with client_of(app) as client:
            searcher.client = client
            await searcher.judge()


class _Searcher:
    """Searches with an app, and compares with the same search in Python."""

    client: httpx.AsyncClient

    def __init__(
        self,
        app: FastAPI,
        get_session: Callable[[], object],
        engine: Engine,
        names: Mapping[int, str],
    ) -> None:
        self.app = app
        self.get_session = get_session
        self.engine = engine
        self.given: list[Session] = []
        self.tasks: list[dict[str, Any]] = [
            {
                "task_name": name,
                "task_description": "milk, found" if number > 9 else None,
                "id": number,
            }
            for number, name in names.items()
        ]

    async def judge(self) -> None:
        for number, text in ((20, "milk"), (20, "pour milk")):
            await self.finds(number, text=text)
        for limit in (2, 1):
            await self.finds(limit, text="milk", limit=limit)
        await self.finds(20, text="nothing")
        for text in TEXTS[:6]:
            await self.finds(20, text=text)
        await self.finds(20, text="row")
        for limit in (100, 3, 21, 50, 99):
            await self.finds(limit, text="row", limit=limit)
        for limit in (0, 101):
            await self.refuses(f"a limit of {limit}", text="milk", limit=limit)
        await self.refuses("a request without a text")
        await self.refuses("a request with a limit and without a text", limit=5)
        for value in (-1, 102, 10**20, "many"):
            await self.refuses(f"a limit of {value}", text="milk", limit=value)
        for text in TEXTS[6:]:
            await self.finds(20, text=text)

    async def get(self, query: Mapping[str, object]) -> httpx.Response:
        from sqlalchemy.exc import SQLAlchemyError

        async def session_in_memory() -> AsyncIterator[Session]:
            from sqlmodel import Session

            with Session(self.engine) as session:
                self.given.append(session)
                yield session

        with instead(self.app, self.get_session, session_in_memory):
            try:
                return await self.client.get(f"/search?{urlencode(query)}")
            except SQLAlchemyError as error:
                if self.given:
                    raise
                refused(OWN_SESSION, error)

    async def refuses(self, what: str, **query: object) -> None:
        code = (await self.get(query)).status_code
        need(code == 422, f"{what} gets {code}, not 422.")

    async def finds(self, size: int, **query: object) -> None:
        asked = "/search?" + "&".join(f"{name}={value}" for name, value in query.items())
        answer = await self.get(query)
        code = answer.status_code
        slash = "its path has a slash too many, at the end: write `/search`"
        need(code != 307, f"GET {asked} answers 307: {slash}.")
        there = bool(self.given) or code not in NO_ENDPOINT
        need(there, f"GET {asked} answers {code}: it has no such endpoint.{self.longer_path()}")
        reason = f" It says: {answer.text[:200]}" if code == 422 else ""
        if code == 404:
            reason = " Where nothing is found, an empty list is the answer."
        need(code == 200, f"{asked} answers {code}, not 200.{reason}")
        need(bool(self.given), f"{OWN_SESSION}.")
        need(answer.text != "null", "it returns None. Is the `return` there?")
        found = json_of(answer)
        are_tasks = isinstance(found, list) and all(isinstance(row, dict) for row in found)
        need(are_tasks, f"{asked} answers {answer.text[:100]}, and not a list of tasks.")
        need(len(found) <= size, f"{asked} gives {len(found)} tasks, not {size}.")
        names = [row.get("task_name") for row in found]
        answers = [one[:size] for one in self.right(str(query["text"]))]
        all_names = [[task["task_name"] for task in one] for one in answers]
        if sorted(map(str, names)) in map(sorted, all_names):
            in_order = names in all_names
            need(in_order, f"{asked} gives the tasks in another order than by id.")
        shown, right = listed(names), listed(all_names[0])
        problem = f"{asked} finds {shown}, and should find {right}."
        if shown == right:  # the first ones
            problem = f"{asked} gives {len(names)} tasks, and should give {len(all_names[0])}."
        need(names in all_names, problem)
        need(found in answers, f"{asked} answers {answer.text[:100]}, and not whole tasks.")

    def longer_path(self) -> str:
        """Return what to say of an endpoint whose path has the parameter in it, or ""."""
        paths = [str(getattr(route, "path", "")) for route in self.app.routes]
        longer = [path for path in paths if path.startswith("/search")]
        end = "The path ends with `/search`: FastAPI takes `text` from behind the `?` by itself"
        return f" It has `{longer[0]}`. {end}." if longer else ""

    def right(self, text: str) -> list[list[dict[str, Any]]]:
        """Return what may be found: LIKE takes M for m, but not Ñ for ñ; others take both, or none.

        The text of the exercise asks for neither.
        """
        folds: tuple[Callable[[str], str], ...] = (_ascii_lower, str, str.lower)
        return [
            [task for task in self.tasks if fold(text) in fold(task["task_name"])] for fold in folds
        ]


def _ascii_lower(text: str) -> str:
    return text.translate(LOWER)
