"""Answers to the exercise `hello`."""

from typing import Annotated

from fastapi import APIRouter, FastAPI, HTTPException, Path
from fastapi.responses import PlainTextResponse

from answers import right, wrong

Name = Annotated[str, Path(max_length=20)]


def hand_in(endpoint, path="/hello/{name}", method="GET"):
    """Make the app of an endpoint."""
    practice = FastAPI()
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


@wrong("405", method="POST")
def another_method(name): ...


@wrong("Field required", path="/hello/{nam}")
def another_argument(name): ...


@wrong("does it begin with /?", path="hello/{name}")
def path_without_a_slash(name): ...
