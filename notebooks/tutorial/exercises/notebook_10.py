"""Judges of notebook 10: a check that survives a server that is down, and a test of PATCH."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tutorial.exercises.judging import (
    exercise,
    need,
    need_tried,
    refused,
)
from tutorial.exercises.services import (
    DoesNotEnd,
    Service,
    at_most,
    blame,
    json_of,
    need_service,
    need_tells_apart,
    service,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx
    from sqlalchemy import Engine

    Task = dict[str, Any]
    Change = Callable[[Task, Task, Task], Task]

NOT_200 = (500, 404, 204, 201, 202, 206, 301, 302, 307, 400, 401, 403, 405, 429, 502, 503, 504)
TRIES = 30  # so often it may ask: one that waits in between would take minutes for more


@exercise
def is_healthy(function: Callable[[httpx.Client], object]) -> None:
    """A check that survives a server that is down."""
    import httpx

    need_tried(function, "def is_healthy(client): return None")
    failures = (
        ("a server that is down", httpx.ConnectError),
        ("a server that does not answer in time", httpx.ReadTimeout),
        ("a server that can't be reached in time", httpx.ConnectTimeout),
        ("a server that hangs up without an answer", httpx.RemoteProtocolError),
    )
    with service({}) as real:
        with blame(real, _need_ping):
            name = "a service that answers 200 to GET /ping"
            _judge_health(function, real, name, real.ask, True)
        for code in NOT_200:
            name = f"a service that answers {code}"
            _judge_health(function, real, name, _ping_answers(real, code), False)
        for name, error in failures:
            _judge_health(function, real, name, _fails(error), False)
        _judge_health(function, real, "a service that is up again", real.ask, True)


def _need_ping(client: httpx.Client) -> None:
    code = client.get("/ping").status_code
    need_service(code == 200, f"answers {code} to GET /ping")


def _ping_answers(real: Service, code: int) -> Callable[[httpx.Request], httpx.Response]:
    """Change the status of the service's answer to a ping; its body stays the same."""
    import httpx

    def answer(request: httpx.Request) -> httpx.Response:
        found = real.ask(request)
        is_ping = found.status_code == 200 and request.url.path == "/ping"
        if not is_ping:
            return found
        return httpx.Response(code) if code == 204 else httpx.Response(code, json=found.json())

    return answer


def _fails(kind: type[httpx.TransportError]) -> Callable[[httpx.Request], httpx.Response]:
    def answer(request: httpx.Request) -> httpx.Response:
        raise kind("no answer", request=request)

    return answer


def _judge_health(
    function: Callable[[httpx.Client], object],
    real: Service,
    name: str,
    handler: Callable[[httpx.Request], httpx.Response],
    wanted: bool,
) -> None:
    import httpx

    asked: list[httpx.Request] = []
    with real.client(at_most(TRIES, handler)) as client:
        client.event_hooks["request"].append(asked.append)
        try:
            result = function(client)
        except httpx.HTTPError as error:
            refused(f"for {name}, it stops with {type(error).__name__}", error)
        except DoesNotEnd as error:
            refused(f"for {name}, it asks more than {TRIES} times: let it give an answer", error)
    need(bool(asked), "it asks nothing with the client that it gets.")
    need(result is wanted, f"for {name}, it gives {result!r}, not {wanted}.")


@exercise
def patch_test(function: Callable[[httpx.Client], object]) -> None:
    """A test that tells a right service from the broken ones."""
    need_tried(function, "def test_patch(client): pass")
    with service({}) as real:
        broken = ((name, _broken(real, stores, answers)) for name, stores, answers in BROKEN)
        need_tells_apart(function, real, _need_right, broken)


def _need_right(client: httpx.Client) -> None:
    """Check that the service of the project does what the right ones should."""
    task = client.post("/task/", json={"task_name": "a", "task_description": "b"}).json()
    for change in ({"task_name": "c"}, {"task_description": "d"}):
        path = f"/task/{task.get('id')}"
        client.patch(path, json=change)
        task = {**task, **change}
        found = json_of(client.get(path))
        need_service(found == task, f"answers {found} after PATCH, and not {task}")


def _broken(
    real: Service, stores: Change, answers: Change
) -> Callable[[httpx.Request], httpx.Response]:
    """Break what the service of the project stores, and what it answers, when PATCH succeeds."""
    import httpx

    def answer(request: httpx.Request) -> httpx.Response:
        number = request.url.path.rpartition("/")[2]
        before = _read(real.engine, number) if request.method == "PATCH" else None
        found = real.ask(request)
        if before is None or found.status_code != 200:
            return found
        sent, after = json_of(httpx.Response(200, content=request.content)), found.json()
        _write(real.engine, stores(before, after, sent))
        return httpx.Response(200, json=answers(before, after, sent))

    return answer


def _read(engine: Engine, number: str) -> Task | None:
    from sqlalchemy import text

    query = text("SELECT id, task_name, task_description FROM task WHERE id = :id")
    with engine.connect() as connection:
        row = connection.execute(query, {"id": number}).mappings().one_or_none()
    return None if row is None else dict(row)


def _write(engine: Engine, task: Task) -> None:
    from sqlalchemy import text

    query = text(
        "UPDATE task SET task_name = :task_name, task_description = :task_description "
        "WHERE id = :id"
    )
    with engine.begin() as connection:
        connection.execute(query, task)


def _all(before: Task, after: Task, sent: Task) -> Task:
    return after


def _nothing(before: Task, after: Task, sent: Task) -> Task:
    return before


def _not(field: str) -> Change:
    """Leave one field as it was."""
    return lambda before, after, sent: {**after, field: before[field]}


def _loses(field: str, value: str | None) -> Change:
    """Lose a field that was not sent."""
    return lambda before, after, sent: after if field in sent else {**after, field: value}


def _other(field: str) -> Change:
    """Store something else than was sent."""
    return lambda before, after, sent: {**after, field: "other"} if field in sent else after


NAME, ABOUT = "task_name", "task_description"
NO_NAME, NO_ABOUT = _loses(NAME, "no name"), _loses(ABOUT, None)
OTHER_ABOUT = _loses(ABOUT, "other")
BROKEN: tuple[tuple[str, Change, Change], ...] = (
    ("that changes nothing", _nothing, _nothing),
    ("that answers with the change, and does not store it", _nothing, _all),
    ("that loses the description if only a name is sent", NO_ABOUT, NO_ABOUT),
    ("that loses the name if only a description is sent", NO_NAME, NO_NAME),
    ("that answers with a new description, and does not store it", _not(ABOUT), _all),
    ("that answers with a new name, and does not store it", _not(NAME), _all),
    ("that loses the description in the database, and answers with it", NO_ABOUT, _all),
    ("that loses the name in the database, and answers with it", NO_NAME, _all),
    ("that changes the description if only a name is sent", OTHER_ABOUT, OTHER_ABOUT),
    ("that stores another name than it was sent", _other(NAME), _other(NAME)),
    ("that stores another description than it was sent", _other(ABOUT), _other(ABOUT)),
)
