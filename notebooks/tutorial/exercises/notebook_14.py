"""Judges of notebook 14: a test of a page, and prices in whole cents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tutorial.exercises.judging import NotQuite, exercise, need, need_tried, refused
from tutorial.exercises.services import (
    Service,
    json_of,
    need_service,
    need_tells_apart,
    service,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

    Page = Callable[["Ask", int, int], list[dict[str, Any]]]
    Ask = Callable[[int, int], list[dict[str, Any]]]


@exercise
def page_test(function: Callable[[httpx.Client], object]) -> None:
    """A test that tells a right page from the broken ones."""
    need_tried(function, "def test_page(client): pass")
    with service({}) as real:
        broken = ((name, _broken(real, page)) for name, page in BROKEN)
        need_tells_apart(function, real, _need_right, broken)


def _need_right(client: httpx.Client) -> None:
    """Check that the service of the project does what the right ones should."""
    ids = [client.post("/task/", json={"task_name": "a"}).json().get("id") for _ in range(3)]
    found = json_of(client.get("/task/", params={"after": ids[0], "limit": 1}))
    right = [one.get("id") for one in found] == ids[1:2] if isinstance(found, list) else False
    need_service(right, f"answers {found} to GET /task/?after={ids[0]}&limit=1")


def _broken(real: Service, page: Page) -> Callable[[httpx.Request], httpx.Response]:
    """Break the pages of the service of the project. What it refuses, it refuses as before."""
    import httpx

    def ask(after: int, limit: int) -> list[dict[str, Any]]:
        path = f"http://service/task/?after={max(after, 0)}&limit={limit}"
        found: list[dict[str, Any]] = real.ask(httpx.Request("GET", path)).json()
        return found

    def answer(request: httpx.Request) -> httpx.Response:
        found = real.ask(request)
        if (request.method, request.url.path, found.status_code) != ("GET", "/task/", 200):
            return found
        asked = request.url.params
        after, limit = int(asked.get("after", 0)), int(asked.get("limit", 20))
        return httpx.Response(200, json=page(ask, after, limit))

    return answer


BROKEN: tuple[tuple[str, Page], ...] = (
    (
        "whose page begins with the task `after` itself",
        lambda ask, after, limit: ask(after - 1, limit),
    ),
    ("that does not look at `after`", lambda ask, after, limit: ask(0, limit)),
    ("that does not look at `limit`", lambda ask, after, limit: ask(after, 100)),
    ("that answers one task too many", lambda ask, after, limit: ask(after, min(limit + 1, 100))),
    ("that leaves out one task", lambda ask, after, limit: ask(after + 1 if after else 0, limit)),
    ("that turns the order around", lambda ask, after, limit: ask(after, limit)[::-1]),
    (
        "that takes `after` for how many tasks to skip",
        lambda ask, after, limit: ask(0, 100)[after : after + limit],
    ),
)


PRICES = ("0.29", "19.99", "0", "1.1", "-0.01", "-1234.50", "12345678901234567.89", "1.150", "4E+2")
PARTS = ("0.295", "-0.001", "12345678901234567.891", "1E-9")


@exercise
def cents(to_cents: Callable[[Any], Any], from_cents: Callable[[Any], Any]) -> None:
    """Prices go into the database as whole cents, and come back exactly."""
    from decimal import Decimal

    need_tried(
        to_cents,
        "def to_cents(price): return price",
        from_cents,
        "def from_cents(cents): return cents",
    )
    for text in PRICES:
        price = Decimal(text)
        given = _call("to_cents", to_cents, price)
        right = int(price.scaleb(2))
        need(type(given) is int, f"to_cents({price!r}) gives {given!r}, which is not an int.")
        need(given == right, f"to_cents({price!r}) gives {given!r}, not {right}.")
        back = _call("from_cents", from_cents, given)
        need(
            isinstance(back, Decimal), f"from_cents({given!r}) gives {back!r}, which is no Decimal."
        )
        need(back == price, f"from_cents({given!r}) gives {back!r}, not {price!r}.")
    for name, function in (("to_cents", to_cents), ("from_cents", from_cents)):
        given = _call(name, function, None)
        need(given is None, f"{name}(None) gives {given!r}, not None.")
    for text in PARTS:
        price = Decimal(text)
        try:
            given = to_cents(price)
        except ValueError:
            continue
        except NameError:
            raise
        except Exception as error:
            name = type(error).__name__
            refused(f"to_cents({price!r}) stops with {name}, not with ValueError", error)
        raise NotQuite(f"to_cents({price!r}) gives {given!r}, and raises no ValueError.")


def _call(name: str, function: Callable[[Any], Any], value: object) -> Any:
    try:
        return function(value)
    except (ArithmeticError, TypeError, ValueError, AttributeError) as error:
        refused(f"{name}({value!r}) stops with {type(error).__name__}", error)
