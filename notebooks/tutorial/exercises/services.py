"""The apps that judges call, without a server: the learner's own, and the project's service."""

from __future__ import annotations

import asyncio
import re
import sys
import warnings
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from tutorial.exercises.advice import advice
from tutorial.exercises.databases import database, insert
from tutorial.exercises.ending import StillRuns, awaited
from tutorial.exercises.judging import (
    MissingAwait,
    NotQuite,
    NotTried,
    in_one_line,
    kind,
    line_of,
    missing_await,
    need,
    refused,
)
from tutorial.exercises.stopped import sources

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping

    import httpx
    from fastapi import FastAPI
    from fastapi.routing import APIRoute
    from sqlalchemy import Engine

    Handler = Callable[[httpx.Request], httpx.Response]

RETURNED = "To return an HTTPException is not enough: write `raise` in place of `return`."
NO_ENDPOINT = (307, 404, 405)  # 307: only with another slash at the end, or without it
PROJECT = ("app.main", "app.main_async")
MOST = 1000  # requests that a test sends to a right service, if it ends
MORE = 100  # to a broken one, it may send so many more


def in_loop(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """Run a coroutine to its end, in the thread that a judge has for itself.

    Raises NotQuite if the learner's code has forgotten an `await`, whatever came of it, and
    StillRuns if it awaits for ever.
    """
    with fitting(), forgotten_await():
        return asyncio.run(awaited(coroutine))


@contextmanager
def fitting() -> Iterator[None]:
    """Say it in words if an endpoint returns what its type does not take."""
    from fastapi import HTTPException
    from fastapi.exceptions import ResponseValidationError
    from sqlalchemy import Executable

    try:
        yield
    except ResponseValidationError as error:
        body = error.body
        if isinstance(body, HTTPException):
            raise NotQuite(RETURNED) from error
        what = f"it returns {kind(body)}, `{' '.join(str(body).split())[:60]}`"
        todo = ""
        if body is None:
            what, todo = "it returns None", " Is the `return` there?"
        elif isinstance(body, int):
            todo = f" A status is not returned: `raise HTTPException({body}, …)`."
        elif isinstance(body, Executable):
            todo = " A query is not its answer: send it with `session.exec(…)`."
        fits = "which does not fit the type behind `->`, or its `response_model`"
        raise NotQuite(f"{what}, {fits}.{todo}") from error


@contextmanager
def instead(
    app: FastAPI, dependency: Callable[..., Any], replacement: Callable[..., Any]
) -> Iterator[None]:
    """Let an app use another dependency for a while, as tests of FastAPI do it."""
    before = dict(app.dependency_overrides)
    app.dependency_overrides[dependency] = replacement
    try:
        yield
    finally:
        app.dependency_overrides = before


def client_of(app: FastAPI) -> httpx.AsyncClient:
    """Give a client that calls an app without a server."""
    import httpx

    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://service")


def is_empty(app: FastAPI) -> bool:
    """Whether an app has nothing but what every app has. Raises NotQuite if it is no app."""
    import fastapi

    need(isinstance(app, fastapi.FastAPI), f"it is {kind(app)}, and not an app.")
    new = fastapi.FastAPI()
    return len(app.routes) == len(new.routes) and not app.user_middleware


def need_endpoint(app: FastAPI, decorator: str, path: str) -> None:
    """Raise NotTried if an app is as the notebook gave it: without an endpoint.

    decorator: the one to write, such as "practice.get". path: the endpoint's. Raises NotQuite if
    the learner has given such an endpoint to the app of the project instead, or has written a
    function in the app's cell, and no decorator.
    """
    if not is_empty(app):
        return
    apps = [getattr(module, "app", None) for module in map(sys.modules.get, PROJECT)]
    apps += list(vars(sys.modules["__main__"]).values())
    name, _, method = decorator.partition(".")
    for other in apps:
        if isinstance(other, type(app)) and _has_own(other, method.upper(), path):
            instead = f"write `@{decorator}(…)`, not `@app.{method}(…)`"
            raise NotQuite(f"`{name}` has no endpoint yet: {instead}.")
    if re.search(r"^(async +)?def ", sources.get(name, ""), re.MULTILINE):
        todo = f'put `@{decorator}("{path}")` in the line above the function'
        raise NotQuite(f"`{name}` has no endpoint yet: {todo}.")
    raise NotTried


def _has_own(app: FastAPI, method: str, path: str) -> bool:
    """Whether the project's app has got an endpoint from a cell of the notebook."""
    routes = endpoints(app)
    begin = "/".join(path.split("/")[:2])
    asked = [route for route in routes if begin in route.path and method in (route.methods or ())]
    return any(route.endpoint.__module__ == "__main__" for route in asked) and any(
        route.endpoint.__module__ in PROJECT for route in routes
    )


def endpoints(app: FastAPI) -> list[APIRoute]:
    """Return the endpoints of an app, without those for its documentation."""
    from fastapi.routing import APIRoute

    return [route for route in app.routes if isinstance(route, APIRoute)]


def json_of(response: httpx.Response) -> Any:
    """Return what an answer's body says, None if it is no JSON."""
    try:
        return response.json()
    except ValueError:
        return None


class Service:
    """The service of the project, `app.main`, with a database in memory."""

    def __init__(self, engine: Engine, ask: Handler) -> None:
        self.engine = engine
        self.ask = ask  # what it answers to a request

    def client(self, handler: Handler | None = None) -> closing[httpx.Client]:
        """Give a client of the service, or of what stands before it, which the block closes.

        The answer may be in a `with client:` of its own, which a client allows once.
        """
        import httpx

        transport = httpx.MockTransport(handler or self.ask)
        return closing(httpx.Client(transport=transport, base_url="http://service"))


@contextmanager
def service(names: Mapping[int, str]) -> Iterator[Service]:
    """Give the service of the project, with a task of each id and name in its database.

    Raises NotQuite if its files can't be imported: then no answer can be judged.
    """
    import httpx
    from anyio.from_thread import start_blocking_portal

    app, get_session = _app_of_the_project()

    async def session() -> Any:
        from sqlmodel import Session

        with Session(engine, expire_on_commit=False) as one:
            yield one

    async def answer(request: httpx.Request) -> httpx.Response:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        copy = httpx.Request(
            request.method, request.url, headers=request.headers, content=request.content
        )
        response = await transport.handle_async_request(copy)
        body = await response.aread()
        return httpx.Response(response.status_code, headers=response.headers, content=body)

    override = instead(app, get_session, session)
    with database(names) as engine, override, start_blocking_portal() as portal:
        yield Service(engine, lambda request: portal.call(answer, request))


def _app_of_the_project() -> tuple[FastAPI, Callable[..., object]]:
    try:
        from app.db import get_session
        from app.main import app
    except Exception as error:
        reason = f"{in_one_line(error)}. Run the first cell of this notebook again."
        raise NotQuite(f"your project's app/main.py can't be imported: {reason}") from error
    return app, get_session


@contextmanager
def blame(real: Service, check: Callable[[httpx.Client], None]) -> Iterator[None]:
    """If an answer is judged wrong, let `check` first say whether the service itself is wrong."""
    try:
        yield
    except NotQuite:
        with real.client() as client:
            check(client)
        raise


def need_service(condition: bool, what: str) -> None:
    """Check what the project's own service does: an answer can't be judged by a wrong one."""
    todo = "Put it right, or run the first cell of this notebook again."
    need(condition, f"your project's app/main.py, which the check uses, {what}. {todo}")


@contextmanager
def forgotten_await() -> Iterator[None]:
    """Raise MissingAwait for a call that was never awaited, before what came of it.

    Python itself only warns of it.
    """
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            yield
        except Exception as error:
            if problem := missing_await(error):  # it knows the line, a warning does not
                raise MissingAwait(f"{problem}{line_of(error)}.") from error
            _need_all_awaited(caught)
            raise
    _need_all_awaited(caught)


def _need_all_awaited(caught: list[warnings.WarningMessage]) -> None:
    forgotten = [str(one.message) for one in caught if "never awaited" in str(one.message)]
    if forgotten:
        raise MissingAwait(f"an `await` is missing: {forgotten[0].splitlines()[0]}.")


OLD = {1: "old", 2: "it's 100% old", 3: "old", 8: "Old", 11: "buy milk", 12: "ü" * 100}


def fill(engine: Engine) -> None:
    """Put the old tasks in the place of those that a test has made."""
    from sqlalchemy import text

    with engine.begin() as connection:
        connection.execute(text("DELETE FROM task"))
        for number, name in OLD.items():
            insert(connection, "task", id=number, task_name=name)


class DoesNotEnd(BaseException):
    """An answer asks and asks. No `except Exception` of its own catches it."""


def at_most(number: int, answers: Handler) -> Handler:
    """Give what answers so many requests, and stops at one more."""
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        if len(asked) > number:
            raise DoesNotEnd
        return answers(request)

    return answer


def need_passed(function: Callable[[httpx.Client], object], real: Service, name: str) -> int:
    """Check that the test passes a right service, and return how many requests it takes."""
    asked: list[httpx.Request] = []
    answers: list[httpx.Response] = []
    with real.client(at_most(MOST, real.ask)) as client:
        client.event_hooks["request"].append(asked.append)
        client.event_hooks["response"].append(answers.append)
        try:
            function(client)
        except (KeyboardInterrupt, StillRuns):
            raise
        except DoesNotEnd as error:
            refused(f"with {name}, the test sends more than {MOST} requests, and goes on", error)
        except BaseException as error:
            if not asked:
                raise
            reason = f"{in_one_line(error)}{line_of(error)}"
            todo = advice(error) or "."
            last = _last_refusal(answers)
            raise NotQuite(f"{name} fails the test, with {reason}{todo}{last}") from error
    need(bool(asked), "it asks nothing with the client that it gets.")
    return len(asked)


def _last_refusal(answers: list[httpx.Response]) -> str:
    """Return what a test was answered last, if it did not get what it asked for, or ""."""
    if not answers or answers[-1].is_success:
        return ""
    request, code = answers[-1].request, answers[-1].status_code
    path = unquote(request.url.path)
    braces = " Is the `f` in front of the quotes missing?" if "{" in path else ""
    return f" The service has answered {code} to {request.method} {path}.{braces}"


def need_tells_apart(
    function: Callable[[httpx.Client], object],
    real: Service,
    need_right: Callable[[httpx.Client], None],
    broken: Iterable[tuple[str, Callable[[httpx.Request], httpx.Response]]],
) -> None:
    """Check that a test passes the right service, empty or not, and fails each broken one.

    need_right: checks first that the service of the project is right. broken: what is wrong with
    each broken service, and what answers in its place.
    """
    with blame(real, need_right):
        need_passed(function, real, "a right service")
        fill(real.engine)
        asked = need_passed(function, real, "a right service with old tasks")
    for name, answers in broken:
        fill(real.engine)  # what the test has made before would fill its pages
        with real.client(at_most(asked + MORE, answers)) as client:
            try:
                result = function(client)
            except (KeyboardInterrupt, StillRuns):
                raise
            except BaseException:  # whatever stops a test lets it fail, also one without an end
                continue
        said = "" if result is None else f" Giving {result!r} is not enough: use `assert`."
        raise NotQuite(f"a service {name} passes the test.{said}")
