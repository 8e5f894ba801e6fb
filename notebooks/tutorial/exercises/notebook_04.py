"""Judges of notebook 4: an endpoint with a limit, and one that looks before it writes."""

from __future__ import annotations

from inspect import iscoroutinefunction, signature
from typing import TYPE_CHECKING
from urllib.parse import quote

from tutorial.exercises.judging import MissingAwait, NotQuite, exercise, line_of, need
from tutorial.exercises.models import fitting_limits
from tutorial.exercises.services import client_of, endpoints, in_loop, json_of, need_endpoint
from tutorial.exercises.twins import Twins

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx
    from fastapi import FastAPI

SHORT = (
    *("bo", "ADA", "Zoë", "O'Brien", "Ada Lovelace", " Ada ", "007", "-5", "1.50", "true", "null"),
    *('"Ada"', "50%", "a&b=c?d#e", "<b>", "{name}", "\\n", "愛", "é" * 20, "愛" * 20),
    *("y" * size for size in (1, 2, 3, 7, 12, 19)),
)
LONG = (*("x" * size for size in (22, 25, 30, 50, 100, 1000)), "é" * 21, "Ada Lovelace, Countess")
NO_ARGUMENT = "Is `name` an argument of the function?"


@exercise
def hello(app: FastAPI) -> None:
    """An endpoint with a limit."""

    async def ask(names: tuple[str, ...]) -> dict[str, httpx.Response]:
        async with client_of(app) as client:
            return {name: await client.get(f"/hello/{quote(name, safe='')}") for name in names}

    need_endpoint(app, "practice.get", "/hello/{name}")
    try:
        with fitting_limits():
            answers = in_loop(ask(("Ada", "Bo", "x" * 20, "x" * 21)))
    except NameError as error:
        if error.name != "name":
            raise
        problem = f"in the endpoint, there is no `name`{line_of(error)}. {NO_ARGUMENT}"
        raise NotQuite(problem) from error
    ada, bo, longest, too_long = answers.values()
    hints = {
        307: " Its path has a slash too many, at the end.",
        404: f" Its path is {_path(app)}: it should be `/hello/{{name}}`.",
        405: " A GET request asks for it: write `@practice.get`.",
        422: f" Is the argument named as in the path? It says: {ada.text[:200]}",
    }
    hint = hints.get(ada.status_code, "")
    need(ada.status_code == 200, f"/hello/Ada answers {ada.status_code}, not 200.{hint}")
    hint = "" if _takes_name(app) else f" {NO_ARGUMENT}"
    need(ada.text != "null", "it returns None. Is the `return` there?")
    taken_out = " The type behind `->` takes out what it does not have."
    need(not _takes_hello_out(app), f"/hello/Ada answers {ada.text[:100]}.{taken_out}")
    need(bo.text != ada.text, f"it greets everybody by one name, {ada.text[:100]}.{hint}")
    need(_greets(ada, "Ada"), f"/hello/Ada answers {ada.text[:100]}.{hint}")
    need(bo.status_code == 200, f"/hello/Bo answers {bo.status_code}, not 200.")
    need(_greets(bo, "Bo"), f"/hello/Bo answers {bo.text[:100]}.")
    need(longest.status_code == 200, f"a name of 20 characters gets {longest.status_code}.")
    need(_greets(longest, "x" * 20), f"a name of 20 characters gets {longest.text[:100]}.")
    code = too_long.status_code
    need(code == 422, f"a name of 21 characters gets {code}, not 422.")
    for name, answer in in_loop(ask(SHORT)).items():
        code = answer.status_code
        size = f" ({len(name)} characters)" if len(name) > 9 else ""
        need(code == 200, f"the name {name!r}{size} gets {code}, not 200.")
        need(_greets(answer, name), f"the name {name!r} gets {answer.text[:100]}.")
    for name, answer in in_loop(ask(LONG)).items():
        code = answer.status_code
        need(code == 422, f"the name {name[:22]}… of {len(name)} characters gets {code}, not 422.")


def _path(app: FastAPI) -> str:
    """Return the path of the endpoint that the learner wrote last."""
    paths = [one.path for one in endpoints(app)]
    return paths[-1] if paths else "another one"


def _takes_hello_out(app: FastAPI) -> bool:
    """Whether the answer of an endpoint is a model that has no field of this name."""
    models = [one.response_model for one in endpoints(app)]
    fields = [model.model_fields for model in models if hasattr(model, "model_fields")]
    return any("hello" not in known for known in fields)


def _takes_name(app: FastAPI) -> bool:
    """Whether an endpoint has an argument with the name of the part of its path."""
    routes = endpoints(app)
    return not routes or any("name" in signature(one.endpoint).parameters for one in routes)


def _greets(answer: httpx.Response, name: str) -> bool:
    return bool(json_of(answer) == {"hello": name})


@exercise
def no_twins(app: FastAPI, get_session: Callable[[], object]) -> None:
    """An async endpoint that looks before it writes."""
    need_endpoint(app, "careful.post", "/task/")
    try:
        in_loop(_no_twins(app, get_session))
    except MissingAwait as reason:
        if _is_async(app):
            raise
        raise NotQuite(f"{reason} That needs `async def`, in place of `def`.") from reason


def _is_async(app: FastAPI) -> bool:
    """Whether all endpoints are `async def`."""
    return all(iscoroutinefunction(one.endpoint) for one in endpoints(app))


async def _no_twins(app: FastAPI, get_session: Callable[[], object]) -> None:
    from sqlalchemy.ext.asyncio import create_async_engine
    from sqlmodel import SQLModel

    engine = create_async_engine("sqlite+aiosqlite://")
    try:
        async with engine.begin() as connection:
            await connection.run_sync(SQLModel.metadata.create_all)
        await Twins(app, get_session, engine).judge()
    finally:
        await engine.dispose()
