"""What judges an endpoint of notebook 4 that looks for a name before it writes."""

from __future__ import annotations

import traceback
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from tutorial.exercises.judging import NotQuite, line_of, listed, need, refused
from tutorial.exercises.services import (
    MOST,
    NO_ENDPOINT,
    RETURNED,
    DoesNotEnd,
    client_of,
    instead,
    json_of,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    import httpx
    from fastapi import FastAPI
    from sqlalchemy.ext.asyncio import AsyncEngine
    from sqlmodel.ext.asyncio.session import AsyncSession

NO_SLASH = "its path lacks the slash at the end: write `/task/`"
NOT_ASKED = " It has not looked through the `session` that the function gets: do not open one."
OWN_TASK = (
    " It looks after `session.add`. A query first stores what is added, and so it finds the new "
    "task: look before the `add`."
)
FOUND_NEW = (
    " Its condition is true for a new name, too: does the query ask for `task.task_name`, and the "
    "condition for what `first()` has found?"
)
NOT_REFUSED = (
    " It has looked, and then stored the name: does the query ask for `task.task_name`, and does "
    "`raise` stand before the `HTTPException`?"
)
OF_ALL = " `status_code=` in the decorator is for a new task: write 201 there."
EMPTIED = (
    "A commit empties the object: `await session.refresh(…)` fills it again, "
    "between the commit and the `return`."
)


@contextmanager
def _explained() -> Iterator[None]:
    """Say what is wrong when FastAPI or SQLAlchemy stop at what an endpoint gives them."""
    try:
        yield
    except Exception as error:
        if "'str' and 'int'" in str(error) and not line_of(error):  # FastAPI compares the status
            todo = "write `HTTPException(409, …)`, without quotes around the number"
            raise NotQuite(f"a status is a number: {todo}.") from error
        if "MissingGreenlet" in str(error):
            problem = f"it reads an object without `await`{line_of(error)}. {EMPTIED}"
            _let_go(error)
            raise NotQuite(problem) from None
        raise


def _let_go(error: BaseException) -> None:
    """Let go of the coroutine in an error's frames, of which Python would warn in a later cell."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        traceback.clear_frames(error.__traceback__)


class Twins:
    """Posts names to an app, and compares what it answers and stores with what it should."""

    def __init__(
        self, app: FastAPI, get_session: Callable[[], object], engine: AsyncEngine
    ) -> None:
        self.app = app
        self.get_session = get_session
        self.engine = engine
        self.given: list[AsyncSession] = []
        self.rows: dict[int, str] = {}  # what should be in the table
        self.sent: list[str] = []  # the statements of the last request

    async def judge(self) -> None:
        # No task can come of this body, so it does no harm if the session is another one.
        code = (await self.post([])).status_code
        why = NO_SLASH if code == 307 else "it has no such endpoint"
        need(code not in NO_ENDPOINT, f"POST /task/ answers {code}: {why}.")
        need(bool(self.given), "it does not take its session from get_session.")
        for body, what in (({"task_name": ""}, "an empty name"), ({}, "a task without a name")):
            await self.refuses(body, what)
        for name in ("buy milk", "buy bread"):
            await self.creates(name)
        for name in ("buy milk", "buy bread"):
            await self.refuses_twin(name)
        await self.creates("milk")
        await self.refuses({"task_name": "x" * 101}, "a name of 101 characters")
        for name in ("Buy Milk", "buy", "buy%", "%", "buy_milk", "it's", '"milk"', " milk "):
            await self.creates(name)
        for name in ("Buy Milk", "it's", " milk "):
            await self.refuses_twin(name)
        await self.creates("é" * 100)
        # Rows that the app has not stored itself, more than a page, two of them of one name.
        await self.store({100 + 3 * number: f"row {number}" for number in range(130)})
        await self.store({9000: "old", 9007: "old"})
        for name in ("row 0", "row 129", "old"):
            await self.refuses_twin(
                name,
                "that is there already, in old rows"
                if name != "old"
                else "that two tasks have already",
            )
        await self.creates("row")
        await self.delete("buy milk")
        await self.creates("buy milk", "that was deleted before")

    async def post(self, body: object) -> httpx.Response:
        from sqlmodel.ext.asyncio.session import AsyncSession

        async def session_in_memory() -> AsyncIterator[AsyncSession]:
            async with AsyncSession(self.engine) as session:  # as in app/db_async.py
                self.given.append(session)
                yield session

        override = instead(self.app, self.get_session, session_in_memory)
        with _explained(), self._heard(), override:
            async with client_of(self.app) as client:
                try:
                    return await client.post("/task/", json=body)
                except DoesNotEnd as error:
                    problem = f"for one request, it sends more than {MOST} statements, and goes on"
                    refused(problem, error)

    @contextmanager
    def _heard(self) -> Iterator[None]:
        """Note what is sent through the session that the app gets."""
        from sqlalchemy import event

        def hear(*args: Any) -> None:  # the connection, its cursor, the statement, …
            self.sent.append(args[2])
            if len(self.sent) > MOST:
                raise DoesNotEnd

        self.sent.clear()
        event.listen(self.engine.sync_engine, "before_cursor_execute", hear)
        try:
            yield
        finally:
            event.remove(self.engine.sync_engine, "before_cursor_execute", hear)

    async def creates(self, name: str, what: str = "") -> None:
        known = f"a new name{f' {what}' if what else ''}"
        answer = await self.post({"task_name": name})
        self.need_code(answer, 201, f"{known}{self.example(name)}")
        rows = await self.stored()
        lost = f"it answers 201, and the task is not in the table.{self.not_asked()}"
        need(len(rows) > len(self.rows), lost)
        new = [row for row in rows if row[0] not in self.rows]
        old = {number: old for number, old in rows if number in self.rows}
        right = old == self.rows and [row[1] for row in new] == [name]
        need(right, f"after {known}, the table has {self.listed(rows)}.")
        self.rows.update(new)
        task = {"task_name": name, "id": new[0][0]}
        found = json_of(answer)
        same = isinstance(found, dict) and task.items() <= found.items()
        reason = f" {EMPTIED}" if found == {} else ""
        need(same, f"the new task is {task}, and it answers {answer.text[:100]}.{reason}")

    async def refuses_twin(self, name: str, what: str = "that is there already") -> None:
        answer = await self.post({"task_name": name})
        self.need_code(answer, 409, f"a name {what}{self.example(name)}")
        await self.need_nothing_stored(f"a name {what}")

    async def refuses(self, body: object, what: str) -> None:
        self.need_code(await self.post(body), 422, what)
        await self.need_nothing_stored(what)

    def need_code(self, answer: httpx.Response, wanted: int, what: str) -> None:
        code = answer.status_code
        reason = f" It says: {answer.text[:200]}" if code == 422 else ""
        found = json_of(answer)
        if isinstance(found, dict) and found.get("status_code") == wanted:
            reason = f" {RETURNED}"
        elif (code, wanted) in ((409, 201), (201, 409)):
            found_own = code == 409 and self.sent[:1] and self.sent[0].startswith("INSERT")
            reason = OWN_TASK if found_own else self.not_asked() or self.wrong_way(found, code)
        need(code == wanted, f"{what} gets {code}, not {wanted}.{reason}")

    def not_asked(self) -> str:
        """Return what to say if the last request has looked for nothing first, or ""."""
        return "" if self.sent and self.sent[0].startswith("SELECT") else NOT_ASKED

    def wrong_way(self, found: Any, code: int) -> str:
        """Return what to say of an endpoint that looks, and then takes the wrong way, or "".

        found: what it answers. Nothing is said of names after the first two: those are special.
        """
        if code == 409 and isinstance(found, dict) and "detail" not in found:
            return OF_ALL
        if len(self.rows) > 2:
            return ""
        return NOT_REFUSED if code == 201 else FOUND_NEW

    async def need_nothing_stored(self, what: str) -> None:
        rows = await self.stored()
        need(dict(rows) == self.rows, f"after {what}, the table has {self.listed(rows)}.")

    def example(self, name: str) -> str:
        """Return the name, where it is not one of the first and simple ones."""
        simple = ("buy milk", "buy bread", "milk")
        return "" if name in simple else f", {name[:20]!r},"

    def listed(self, rows: list[tuple[int, str]]) -> str:
        return listed((name, number) for number, name in rows[-7:])

    async def stored(self) -> list[tuple[int, str]]:
        from sqlalchemy import text

        async with self.engine.connect() as connection:
            rows = await connection.execute(text("SELECT id, task_name FROM task ORDER BY id"))
            return [(row[0], row[1]) for row in rows]

    async def store(self, names: dict[int, str]) -> None:
        from sqlalchemy import insert

        from app.models import Task

        rows: list[dict[str, Any]] = [{"id": key, "task_name": names[key]} for key in names]
        async with self.engine.begin() as connection:
            await connection.execute(insert(Task), rows)
        self.rows.update(names)

    async def delete(self, name: str) -> None:
        from sqlalchemy import text

        query = text("DELETE FROM task WHERE task_name = :name")
        async with self.engine.begin() as connection:
            await connection.execute(query, {"name": name})
        self.rows = {key: value for key, value in self.rows.items() if value != name}
