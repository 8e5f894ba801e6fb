"""A page that the service shows can be seen in a browser: offline, and through a proxy.

With a real JupyterLab and a real browser: test_frame.py.
"""

import asyncio
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fastapi_offline
import httpx
import pytest
from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse
from pydantic import BaseModel
from service import ROOT
from starlette.middleware.base import RequestResponseEndpoint

from app import main
from tutorial import browser, serve
from tutorial.browser import PLACE, shown_at

LOADED = "https://cdn.jsdelivr.net/npm/swagger-ui-dist@5/swagger-ui.css"
BEHIND = {"X-Forwarded-Prefix": "/hub/user/ann/proxy/50123"}
STATIC = Path(fastapi_offline.__file__).parent / "static"


class Task(BaseModel):
    """What a client sends."""

    task_name: str


def make_app(**settings: Any) -> FastAPI:
    """Make an app with two endpoints."""
    app = FastAPI(**settings)

    @app.post("/task/", status_code=201)
    def create_task(task: Task) -> Task:
        return task

    @app.get("/page", response_class=HTMLResponse)
    def page() -> str:
        return LOADED

    return app


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    """Serve an app, and return a client of it."""
    with serve(make_app()) as server, httpx.Client(base_url=server.url) as client:
        yield client


def named(page: httpx.Response) -> list[str]:
    """Return the addresses that a page loads."""
    assert page.status_code == 200
    assert int(page.headers["content-length"]) == len(page.content)
    return re.findall(r"(?:src|href)=\"([^\"]+)\"", page.text)


def test_the_page_loads_nothing_from_the_internet(client: httpx.Client) -> None:
    """Script, style and icon come from the server itself, as the package has them."""
    page = client.get("/docs")
    assert "://" not in page.text
    addresses = named(page)
    assert len(addresses) == 3
    for address in addresses:
        file = client.get(address)
        assert file.status_code == 200
        assert file.content == (STATIC / address.removeprefix(PLACE)).read_bytes()


@pytest.mark.parametrize("end", ["", "/"])
def test_a_proxy_says_where_the_page_is(client: httpx.Client, end: str) -> None:
    """The page names addresses of the proxy, and calls the service through it."""
    prefix = BEHIND["X-Forwarded-Prefix"]
    client.headers["X-Forwarded-Prefix"] = prefix + end
    page = client.get("/docs")
    assert all(address.startswith(f"{prefix}{PLACE}") for address in named(page))
    assert f"url: '{prefix}/openapi.json'" in page.text
    described = client.get("/openapi.json").json()
    assert described["servers"] == [{"url": prefix}]
    task = {"task_name": "behind a proxy"}
    answer = client.post("/task/", json=task)
    assert (answer.status_code, answer.json()) == (201, task)
    moved = client.post("/task", json=task)
    assert moved.headers["location"].endswith(f"{prefix}/task/")


def test_the_direct_way_is_what_it_was(client: httpx.Client) -> None:
    """Also after a request through the proxy; and no other answer is changed."""
    assert client.get("/openapi.json", headers=BEHIND).status_code == 200
    assert "servers" not in client.get("/openapi.json").json()
    assert "url: '/openapi.json'" in client.get("/docs").text
    assert client.get("/page").text == LOADED
    assert client.get(f"{PLACE}core.py").status_code == 404
    assert client.post("/docs").status_code == 405


def test_the_finished_service_can_bring_the_page_along() -> None:
    """As the page on it says: with another class in the place of FastAPI, and all its settings."""
    told = (ROOT / "notebooks" / "the_service.md").read_text(encoding="utf-8")
    assert "`FastAPIOffline` of the package `fastapi-offline`, in the place of `FastAPI`" in told
    source = (ROOT / "app" / "main.py").read_text(encoding="utf-8")
    (settings,) = re.findall(r"^app = FastAPI\((.+)\)$", source, re.MULTILINE)
    app = eval(f"FastAPIOffline({settings})", vars(main) | vars(fastapi_offline))

    async def loaded() -> list[int]:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
            page = await client.get("/docs")
            assert "://" not in page.text
            return [(await client.get(address)).status_code for address in named(page)]

    assert asyncio.run(loaded()) == [200, 200, 200]


def test_a_page_with_another_address() -> None:
    """Also if a middleware hands it on in parts."""
    app = make_app(docs_url="/help")

    @app.middleware("http")
    async def hand_on(request: Request, call_next: RequestResponseEndpoint) -> Response:
        return await call_next(request)

    with serve(app) as server:
        page = httpx.get(f"{server.url}/help")
        assert server.errors == []
    assert len(named(page)) == 3
    assert "://" not in page.text


def test_an_app_of_another_kind() -> None:
    """It knows nothing of such a page."""
    with serve(JSONResponse("an app of its own")) as server:
        assert httpx.get(f"{server.url}/docs").json() == "an app of its own"


@pytest.mark.parametrize("setting", ["docs_url", "openapi_url"])
def test_an_app_without_the_page_has_none(setting: str) -> None:
    """An app may leave it out."""
    with serve(make_app(**{setting: None})) as server:
        answer = httpx.get(f"{server.url}/docs")
    assert (answer.status_code, answer.json()) == (404, {"detail": "Not Found"})


@pytest.mark.parametrize(
    ("missing", "address"),
    [
        ("nothing", "/hub/user/ann/proxy/50123/docs"),
        ("the proxy", "http://127.0.0.1:50123/docs"),
        ("the notebook", "http://127.0.0.1:50123/docs"),  # a script, or the tests
        ("this Jupyter", "http://127.0.0.1:50123/docs"),  # an editor, beside somebody's Jupyter
    ],
)
def test_the_frame_takes_the_way_that_there_is(
    missing: str, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The proxy's, if the Jupyter that runs this kernel has it. Else the direct one."""
    pid = os.getpid() if missing == "this Jupyter" else os.getppid()
    running = [{"pid": 0, "base_url": "/other/"}, {"pid": pid, "base_url": "/hub/user/ann/"}]
    monkeypatch.setattr("jupyter_server.serverapp.list_running_servers", lambda: iter(running))
    monkeypatch.setattr(browser, "find_spec", lambda name: None if missing == "the proxy" else name)
    monkeypatch.setenv("JPY_SESSION_NAME", "05_test_the_endpoints.ipynb")
    if missing == "the notebook":
        monkeypatch.delenv("JPY_SESSION_NAME")
    assert shown_at("http://127.0.0.1:50123/docs") == address
