"""Judge of notebook 5: calls with httpx."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tutorial.exercises.judging import exercise, kind, need, need_tried, refused
from tutorial.exercises.services import Service, blame, json_of, need_service, service

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

FIELDS = ("task_name", "task_description")
NAMES = {3: "an old task", 8: "it's 100% old"}


@exercise
def three_requests(function: Callable[[httpx.Client], object]) -> None:
    """Calls with httpx."""
    need_tried(function, "def three_requests(client): return []")
    with service(NAMES) as real:
        # The second time it answers with other codes, for a list that was written down beforehand.
        for codes in ([200, 201, 422], [202, 200, 400]):
            with blame(real, _need_right):
                _Visit(real, codes).judge(function)


def _need_right(client: httpx.Client) -> None:
    ping = client.get("/ping").status_code
    need_service(ping == 200, f"answers {ping} to GET /ping")
    for body, code in (({"task_name": "x"}, 201), ({}, 422)):
        found = client.post("/task/", json=body).status_code
        need_service(found == code, f"answers {found}, not {code}, to POST /task/ with {body}")


class _Visit:
    """One call of the answer: what it sends to the service of the project, and what it gives."""

    def __init__(self, real: Service, codes: list[int]) -> None:
        self.real = real
        self.codes = codes
        self.seen: list[str] = []
        self.names: list[object] = []  # of the tasks that the service refuses
        self.others: list[str] = []  # fields that no task has, of what the service refuses
        self.a_text = False  # whether it refuses a body that is a text
        self.no_body = True  # whether none of those that it refuses has a body
        self.not_json = False  # whether it refuses a body that is not sent as JSON

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.seen.append(f"{request.method} {request.url.path}")
        found = self.real.ask(request)
        if found.status_code == 422:
            self.names.append(_body_of(request).get("task_name"))
            self.others += [field for field in _body_of(request) if field not in FIELDS]
            self.a_text |= request.content.startswith(b'"')
            self.no_body &= not request.content
            sent_as = request.headers.get("Content-Type", "no type")
            self.not_json |= bool(request.content) and sent_as != "application/json"
        usual = {200: self.codes[0], 201: self.codes[1], 422: self.codes[2]}
        found.status_code = usual.get(found.status_code, found.status_code)
        return found

    def judge(self, function: Callable[[httpx.Client], object]) -> None:
        import httpx

        seen, codes = self.seen, self.codes
        with self.real.client(self.answer) as client:
            try:
                statuses = function(client)
            except httpx.TransportError as error:
                refused("it sends a request without the client that it gets", error)
        need(bool(seen), "it sends nothing with the client that it gets.")
        need("GET /ping" in seen, "it sends no GET to /ping.")
        wrong_path = "it sends POST /task, not POST /task/: these are two different paths."
        need("POST /task" not in seen, wrong_path)
        others = ", ".join(one for one in seen if one not in ("GET /ping", "POST /task/"))
        need(not others, f"it sends {others}. Send only GET /ping and POST /task/.")
        posts = seen.count("POST /task/")
        need(posts == 2, f"it sends {posts} POST requests to /task/, not 2.")
        need(len(seen) == 3, f"it sends {len(seen)} requests, not 3: {', '.join(seen)}.")
        need(isinstance(statuses, list), f"it gives {kind(statuses)}, not a list.")
        if codes[0] == 200:
            way = " A body is not sent as JSON: write `json=…`." if self.not_json else ""
            if self.no_body:
                way = " No request has a body: write `json=…`."
            if self.a_text:
                way = " A body is a text, not an object: write a dict, without quotes around it."
            if self.others:
                way = f" A task has no field `{self.others[0]}`: its name is `task_name`."
            need(statuses == codes, f"the list is {statuses}, not {codes}.{way}")
        need(statuses == codes, f"from a service that answers {codes}, it gives {statuses}.")
        for name in self.names:
            given = str(name)[:20] + ("…" if len(str(name)) > 20 else "")
            problem = f"one task should have no name. It is sent with the name {given!r}."
            need(not name, problem)


def _body_of(request: httpx.Request) -> dict[str, object]:
    """Return the JSON object that a request sends; an empty one if it sends none."""
    import httpx

    body = json_of(httpx.Response(200, content=request.content))
    return body if isinstance(body, dict) else {}
