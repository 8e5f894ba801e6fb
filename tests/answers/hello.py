"""Answers to the exercise `hello`."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, FastAPI, HTTPException, Path
from fastapi.responses import JSONResponse, PlainTextResponse
from pydantic import BaseModel, constr

from answers import right, wrong
from app.main import app
from app.main_async import app as async_app
from app.models import Task

Name = Annotated[str, Path(max_length=20)]


class Greeting(BaseModel):
    hello: str


def hand_in(endpoint, path="/hello/{name}", method="GET", app=None):
    """Make the app of an endpoint, or give the endpoint to another app."""
    practice = FastAPI()
    if app is not None:
        app.get(path)(endpoint)
        return (practice,)
    if path is None:
        return (endpoint,)
    if isinstance(endpoint, APIRouter):
        practice.include_router(endpoint)
    else:
        practice.add_api_route(path, endpoint, methods=[method])
    return (practice,)


@right
def by_pattern(name: Annotated[str, Path(pattern="^.{0,20}$")]):
    return {"hello": name}


@right
def by_http_exception(name: str):
    if len(name) > 20:
        raise HTTPException(422)
    return {"hello": name}


router = APIRouter(prefix="/hello")


@router.get("/{name}")
async def hello(name: Name):
    return {"hello": name}


by_router = right(router)


@wrong("a name of 21 characters gets 200, not 422")
def name_of_21_characters_gets_200_not(name: str):
    return {"hello": name}


@wrong("a name of 20 characters gets 422")
def name_of_20_characters_gets_422(name: Annotated[str, Path(max_length=19)]):
    return {"hello": name}


@wrong("greets everybody by one name")
def greets_everybody_by_one_name(name: Name):
    return {"hello": "Ada"}


@wrong("a name of 20 characters gets")
def name_of_20_characters_gets(name: Name):
    return {"hello": name.title()}


@wrong('/hello/Ada answers {"name":"Ada"}')
def hello_ada_answers_name_ada(name: Name):
    return {"name": name}


@wrong("/hello/Ada answers Ada")
def hello_ada_answers_ada(name: Name):
    return PlainTextResponse(name)


@wrong("/hello/Ada answers 404, not 200")
def hello_ada_answers_404_not_200(name: Name):
    raise HTTPException(404)


@wrong("/hello/Bo answers 422")
def hello_bo_answers_422(name: Annotated[str, Path(min_length=3)]):
    return {"hello": name}


@wrong("/hello/Ada answers 422")
def hello_ada_answers_422(name: int):
    return {"hello": name}


@wrong("Is the argument named as in the path? It says:")
def is_argument_named_as_in_path_says(name: int):
    return {"hello": name}


@wrong("your code stops with NameError")
def your_code_stops_with_nameerror(name: Name):
    return {"hello": nobody}  # noqa: F821


@wrong("stops with AssertionError")
def stops_with_assertionerror(name: str):
    assert len(name) <= 20
    return {"hello": name}


@wrong("answers 404", path="/hi/{name}")
def another_path(name): ...


@wrong("answers 405, not 200. A GET request asks for it: write `@practice.get`.", method="POST")
def another_method(name): ...


@wrong("Field required", path="/hello/{nam}")
def another_argument(name): ...


@wrong("Its path is hello/{name}: it should be `/hello/{name}`", path="hello/{name}")
def path_without_a_slash(name): ...


@right
def by_any_regex(name: Annotated[str, Path(pattern=r"^[\s\S]{1,20}$")]) -> dict[str, str]:
    return {"hello": name}


@right
async def by_model(name: Name):
    return Greeting(hello=name)


@right
def by_json_response(name: str):
    if len(name) > 20:
        return JSONResponse({"detail": "too long"}, 422)
    return JSONResponse({"hello": name})


@right(path="/{word}/{name}")
def by_two_parts(word: str, name: Name):
    return {word: name}


@right
def by_constr(name: constr(max_length=20)):
    return {"hello": name}


@wrong("the name 'éééééééééééééééééééé' (20 characters) gets 422, not 200")
def counts_bytes(name: str):
    if len(name.encode()) > 20:
        raise HTTPException(422)
    return {"hello": name}


@wrong("the name 'bo' gets")
def title(name: Name):
    return {"hello": name if name.startswith("x") else name.title()}


@wrong("gets 422, not 200")
def letters_only(name: Annotated[str, Path(max_length=20, pattern="^[A-Za-z]+$")]):
    return {"hello": name}


@wrong("the name 'Zoë' gets 422, not 200")
def ascii_only(name: Annotated[str, Path(max_length=20, pattern="^[ -~]+$")]):
    return {"hello": name}


@wrong("the name ' Ada ' gets")
def strips(name: Name):
    return {"hello": name.strip()}


@wrong("of 22 characters gets 200, not 422")
def not_21(name: str):
    if len(name) == 21:
        raise HTTPException(422)
    return {"hello": name}


@wrong("the name '007' gets {\"hello\":7}")
def numbers(name: Name):
    return {"hello": int(name) if name.isdigit() else name}


@wrong("a name of 21 characters gets 400, not 422")
def status_400(name: str):
    if len(name) > 20:
        raise HTTPException(400)
    return {"hello": name}


@wrong("a name of 21 characters gets 200, not 422")
def cuts(name: str):
    return {"hello": name[:20]}


@wrong("the name '愛' gets 422, not 200")
def at_least_two(name: Annotated[str, Path(min_length=2, max_length=20)]):
    return {"hello": name}


@wrong('/hello/Ada answers {"hello":"Ada","length":3}')
def says_more(name: Name):
    return {"hello": name, "length": len(name)}


@wrong("/hello/Ada answers 422")
def as_query(who: str):
    return {"hello": who}


@wrong("your code stops with ValueError, in the line `raise ValueError`")
def stops_with_value_error(name: Name):
    raise ValueError


@wrong("your code stops with OSError")
async def full_disk(name: Name):
    raise OSError("the disk is full")


stops_as_it_is_no_app = wrong("it is a function, and not an app", path=None)(lambda: None)


@wrong('/hello/Bo answers {"hello":"bo"}')
def only_ada_has_a_capital(name: Name):
    return {"hello": name if name == "Ada" else name.lower()}


@wrong("`practice` has no endpoint yet: write `@practice.get(…)`, not `@app.get(…)`.", app=app)
def given_to_app(name: Name):
    return {"hello": name}


@wrong("`practice` has no endpoint yet: write `@practice.get(…)`", app=async_app)
async def given_to_async_app(name: Name):
    return {"hello": name}


@wrong("an `await` is missing: coroutine 'sleep' was never awaited")
async def forgets_await(name: Name):
    asyncio.sleep(0)
    return {"hello": name}


@wrong("Is `name` an argument of the function?")
def no_argument():
    return {"hello": name}  # noqa: F821


@wrong('it greets everybody by one name, {"hello":"lost"}. Is `name` an argument of the function?')
def a_name_of_another_cell():
    return {"hello": "lost"}


@wrong("`{'hello': 'Ada'}`, which does not fit the type behind `->`, or its `response_model`.")
def another_type(name: Name) -> str:
    return {"hello": name}


@wrong("To return an HTTPException is not enough")
def returns_the_exception(name: str) -> dict[str, str]:
    return {"hello": name} if len(name) <= 20 else HTTPException(422)


@wrong(f"it returns a list, `['{'x' * 58}`, which does not fit")
def a_long_list(name: Name) -> dict[str, str]:
    return ["x" * 100]


@wrong("`response_model`. A status is not returned: `raise HTTPException(422, …)`.")
def returns_the_status(name: str) -> dict[str, str]:
    return {"hello": name} if len(name) <= 20 else 422


@wrong("it returns None. Is the `return` there?")
def prints_it(name: Name):
    {"hello": name}  # noqa: B018


@wrong(
    "/hello/Ada answers 307, not 200. Its path has a slash too many, at the end",
    path="/hello/{name}/",
)
def a_slash_at_the_end(name: Name):
    return {"hello": name}


@wrong("a limit is of the wrong kind: a text takes min_length and max_length")
def limit_of_a_number(name: Annotated[str, Path(le=20)]):
    return {"hello": name}


@wrong('a call still runs after 0.3 s, in the line `return {"hello": max(')
def never_ends(name: Name):
    return {"hello": max(iter(lambda: name, ""))}


@wrong("A key of a dict has no quotes, or there is a brace too many, or")
def key_without_quotes(name: Name):
    return {hand_in: name}  # a function of the notebook, whose name is the key's


@wrong("A key of a dict has no quotes, or there is a brace too many, or")
def braces_twice(name: Name):
    return {{"hello": name}}


@wrong('"id":null}. The type behind `->` takes out what it does not have.')
def the_type_of_a_row(name: Name) -> Task:
    return {"hello": name}


@wrong("/hello/Ada answers 404, not 200. Its path is /hello/<name>:", path="/hello/<name>")
def other_brackets(name: Name):
    return {"hello": name}


@wrong("/hello/Ada answers 404, not 200. Its path is /hello/name:", path="/hello/name")
def no_brackets(name: str):
    return {"hello": name}
