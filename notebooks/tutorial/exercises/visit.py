"""Asks the service of a case, as a program of its own: what it does can't disturb the notebook.

    python -P visit.py FOLDER code     both versions, on a new database that the models make
    python -P visit.py FOLDER whole    both versions, on the database there, started and stopped
    python -P visit.py FOLDER behind   the same; the database there is at an old revision

DATABASE_URL names the database, which is there to be changed. What it has found is its last line,
as JSON.
"""

import asyncio
import json
import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any

MODULES = {"sync": "app.main", "async": "app.main_async"}
ROWS = ((1, "a task", "old"), (2, "a task", "old"), (3, "", "has no name"))
DATE = "2026-01-31"
DATED = {"id": 4, "task_name": "a task", "due": DATE}
CHANGED, UNNAMED = {"sync": "/task/1", "async": "/task/2"}, "/task/3"
Answers = dict[str, Any]


def on_one_line(error: BaseException) -> str:
    """Return an error's name and the first line of its text."""
    first = (str(error).strip().splitlines() or [""])[0]
    return f"{type(error).__name__}: {first[:200]}".rstrip(": ")


def client_of(app: Any) -> Any:
    """Return a client that calls an app without a server; an error is a 500."""
    import httpx

    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://service")


def make_tables() -> None:
    """Make the tables of the models, with some tasks in them."""
    import_module("app.models")
    from sqlmodel import SQLModel, text

    engine = import_module("app.db").engine
    SQLModel.metadata.create_all(engine)
    insert = "INSERT INTO task (id, task_name, task_description) VALUES (:id, :name, :text)"
    with engine.begin() as connection:
        for number, name, description in ROWS:
            row = {"id": number, "name": name, "text": description}
            connection.execute(text(insert), row)
        if "due" in SQLModel.metadata.tables["task"].columns:
            insert = "INSERT INTO task (id, task_name, due) VALUES (:id, :task_name, :due)"
            connection.execute(text(insert), DATED)
    engine.dispose()


async def ask(app: Any, version: str) -> Answers:
    """Ask all endpoints of tasks; return the statuses, and what was stored."""
    new = {"task_name": "new", "task_description": "of today"}
    said: Answers = {}
    async with client_of(app) as client:

        async def send(method: str, path: str, field: str = "", **body: Any) -> list[Any]:
            response = await client.request(method, path, **body)
            value = response.json().get(field) if field and response.is_success else None
            return [response.status_code, value]

        response = await client.get("/task/")
        said["list"] = [response.status_code, None]
        said["listed"] = response.json() if response.is_success else []
        said["unnamed"] = ROWS[-1][0]
        response = await client.get(CHANGED[version])
        said["fields"] = sorted(response.json()) if response.is_success else []
        said["date"] = [*await send("GET", f"/task/{DATED['id']}", "due"), DATE]
        said["no name"] = await send("GET", UNNAMED)
        said["post no name"] = await send("POST", "/task/", json={"task_name": ""})
        dated = {"task_name": "dated", "due": DATE}
        said["post date"] = await send("POST", "/task/", "due", json=dated)
        said["post"] = await send("POST", "/task/", "id", json=new)
        path = f"/task/{said['post'][1]}"
        said["posted"] = await send("GET", path, "task_description")
        changes = {"task_description": "changed"}
        said["patch"] = await send("PATCH", CHANGED[version], "task_description", json=changes)
        said["patched"] = await send("GET", CHANGED[version], "task_description")
        said["delete"] = await send("DELETE", path)
        said["deleted"] = await send("GET", path)
    return said


async def read_all(app: Any, version: str) -> Answers:
    """Start an app, read every task and every person, and stop it; return the statuses."""
    from sqlmodel import text

    with import_module("app.db").engine.connect() as connection:
        people = connection.scalars(text("SELECT id FROM person")).all()
        tasks = connection.scalars(text("SELECT id FROM task ORDER BY id")).all()
    paths = [f"/task/?after={after}&limit=1" for after in [0, *tasks]]
    paths += [f"/person/{number}" for number in people]
    async with app.router.lifespan_context(app), client_of(app) as client:
        return {path: (await client.get(path)).status_code for path in paths}


def visit(asks: Callable[[Any, str], Any]) -> dict[str, Answers]:
    """Ask each version; what stops one of them stands under "error"."""
    found: dict[str, Answers] = {}
    for version, name in MODULES.items():
        try:
            found[version] = asyncio.run(asks(import_module(name).app, version))
        except Exception as error:
            found[version] = {"error": on_one_line(error)}
    return found


def main(folder: str, what: str) -> None:
    """Print what was found."""
    sys.path.insert(0, folder)
    if what == "code":
        try:
            make_tables()
        except Exception as error:
            print(json.dumps({"error": on_one_line(error)}))
            return
    print(json.dumps(visit(ask if what == "code" else read_all)))


if __name__ == "__main__":
    main(*sys.argv[1:])
