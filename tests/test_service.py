"""The finished service keeps its promises, in both versions, through a real server.

It does so on SQLite and on PostgreSQL, and where these differ, a test says how.

What it refuses is in test_bad_requests.py, what its database refuses in test_refused_writes.py, how
it starts in test_start.py, and what many clients do at once in test_load.py.
"""

import ast
import difflib
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from shutil import copy

import httpx
import psycopg
import pytest
from remote import DRIVERS as DRIVERS_OF_REMOTE
from remote import Remote
from service import (
    DRIVERS,
    ROOT,
    SECONDS,
    VERSIONS,
    Database,
    Server,
    beside,
    copy_of,
    database_url,
    make_empty,
    query,
    run,
    serve_all,
)

MAX_ID = 2**31 - 1  # the largest integer that every database stores
JSON = {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory, at_head: Database) -> Database:
    """The one database that both running servers use."""
    return copy_of(at_head, tmp_path_factory.mktemp("both servers"))


@pytest.fixture(scope="module")
def servers(database: Database) -> Iterator[dict[str, Server]]:
    """Both versions, each with the URL that names the other one's driver, on one database."""
    own = DRIVERS_OF_REMOTE if isinstance(database, Remote) else DRIVERS
    drivers = dict(zip(VERSIONS, reversed(own), strict=True))
    wanted = [
        (version, database_url(database, driver), beside(database, f"{version}.log"))
        for version, driver in drivers.items()
    ]
    with serve_all(wanted) as running:
        yield dict(zip(drivers, running, strict=True))


@pytest.fixture
def clients(servers: dict[str, Server], database: Database) -> dict[str, httpx.Client]:
    """A client for each version. The table is empty, so the next id is 1."""
    make_empty(database)
    return {version: server.client for version, server in servers.items()}


@pytest.fixture(params=VERSIONS)
def client(request: pytest.FixtureRequest, clients: dict[str, httpx.Client]) -> httpx.Client:
    """A client for one version after the other. The table is empty, so the next id is 1."""
    return clients[request.param]


def create(client: httpx.Client, name: str, **fields: str) -> int:
    """Create a task and return its id."""
    response = client.post("/task/", json={"task_name": name, **fields})
    assert response.status_code == 201, response.text
    return response.json()["id"]


def listed(client: httpx.Client, **parameters: int) -> list[int]:
    """Return the ids of one page of the list."""
    response = client.get("/task/", params=parameters)
    assert response.status_code == 200, response.text
    return [task["id"] for task in response.json()]


def assert_not_found(response: httpx.Response) -> None:
    """The response says, with 404, that there is no such task."""
    assert response.status_code == 404
    assert response.json() == {"detail": "There is no such task."}


# GET /ping


def test_ping(client: httpx.Client) -> None:
    """The service says that it is up."""
    response = client.get("/ping")
    assert (response.status_code, response.json()) == (200, {"ping": "pong!"})


# POST /task/


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        ('{"task_name": "a"}', '{"task_name":"a","task_description":null,"id":1}'),
        (
            '{"task_description": "d", "task_name": "a"}',
            '{"task_name":"a","task_description":"d","id":1}',
        ),
        (
            '{"task_name": "a", "task_description": null}',
            '{"task_name":"a","task_description":null,"id":1}',
        ),
        (
            '{"task_name": "a", "task_description": ""}',
            '{"task_name":"a","task_description":"","id":1}',
        ),
        (
            '{"task_name": "żółw 🐢", "task_description": "\'; DROP TABLE task; --"}',
            '{"task_name":"żółw 🐢","task_description":"\'; DROP TABLE task; --","id":1}',
        ),
    ],
)
def test_create(client: httpx.Client, database: Database, body: str, answer: str) -> None:
    """A created task is answered, always in the same order, and is stored."""
    response = client.post("/task/", content=body, headers=JSON)
    assert (response.status_code, response.text) == (201, answer)
    sent = response.json()
    stored = query(database, "SELECT task_name, task_description, id FROM task")
    assert stored == [(sent["task_name"], sent["task_description"], sent["id"])]


# GET /task/


def test_list_of_none(client: httpx.Client) -> None:
    """Without tasks the list is empty."""
    response = client.get("/task/")
    assert (response.status_code, response.json()) == (200, [])


def test_list_shows_whole_tasks(client: httpx.Client) -> None:
    """The list holds tasks with all their fields, in a stable order, by id."""
    create(client, "b", task_description="d")
    create(client, "a")
    response = client.get("/task/")
    assert response.status_code == 200
    assert response.text == (
        '[{"task_name":"b","task_description":"d","id":1},'
        '{"task_name":"a","task_description":null,"id":2}]'
    )


@pytest.mark.parametrize(
    ("limit", "sizes"), [(1, [1] * 9), (2, [2, 2, 2, 2, 1]), (3, [3, 3, 3]), (100, [9])]
)
def test_pages(client: httpx.Client, database: Database, limit: int, sizes: list[int]) -> None:
    """Following `after` gives each task once and in order, also across gaps."""
    for number in range(12):
        create(client, f"task {number}")
    query(database, "DELETE FROM task WHERE id IN (1, 5, 6)")
    pages = []
    last = 0
    while page := listed(client, after=last, limit=limit):
        assert page[0] > last
        pages.append(page)
        last = page[-1]
    assert [len(page) for page in pages] == sizes
    assert [task_id for page in pages for task_id in page] == [2, 3, 4, 7, 8, 9, 10, 11, 12]


REVERSED = """
import asyncio
import httpx
from sqlalchemy import event
from app import db, db_async, main, main_async

def turn_round(connection, _record):
    cursor = connection.cursor()
    cursor.execute("PRAGMA reverse_unordered_selects = ON")
    cursor.close()

async def ask():
    for engine, app in ((db.engine, main.app), (db_async.engine.sync_engine, main_async.app)):
        event.listen(engine, "connect", turn_round)
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
            print([task["id"] for task in (await client.get("/task/")).json()])
    await db_async.engine.dispose()

asyncio.run(ask())
"""


def test_order_is_asked_for(tmp_path: Path, file_at_head: Path) -> None:
    """Pages are in order by the query, not by chance: here SQLite turns any other round."""
    file = Path(copy(file_at_head, tmp_path / "database.db"))
    query(file, "INSERT INTO task (task_name) VALUES ('a'), ('b'), ('c')")
    assert run(REVERSED, file).splitlines() == ["[1, 2, 3]"] * 2


def test_page_limits(client: httpx.Client, database: Database) -> None:
    """A page holds 20 tasks by default and 100 at most; after the last id there are none."""
    query(database, "INSERT INTO task (task_name) VALUES " + ", ".join(["('a')"] * 101))
    assert listed(client) == list(range(1, 21))
    assert listed(client, after=0) == list(range(1, 21))
    assert listed(client, after=95) == list(range(96, 102))
    assert listed(client, limit=100) == list(range(1, 101))
    assert listed(client, limit=1, after=100) == [101]
    assert listed(client, after=101) == []
    assert listed(client, after=MAX_ID) == []


def test_largest_id(client: httpx.Client, database: Database) -> None:
    """A task with the largest id that all databases store is listed, read, changed and deleted."""
    query(database, "INSERT INTO task (id, task_name) VALUES (?, 'a')", MAX_ID)
    whole = {"task_name": "a", "task_description": None, "id": MAX_ID}
    assert client.get("/task/", params={"after": MAX_ID - 1}).json() == [whole]
    assert client.get(f"/task/{MAX_ID}").json() == whole
    changed = client.patch(f"/task/{MAX_ID}", json={"task_name": "b"})
    assert changed.json() == {**whole, "task_name": "b"}
    assert client.delete(f"/task/{MAX_ID}").status_code == 204
    assert listed(client) == []


# GET, PATCH, DELETE /task/{task_id}


def test_read(client: httpx.Client) -> None:
    """A task is read by its id, always in the same order."""
    create(client, "a")
    create(client, "b", task_description="d")
    response = client.get("/task/2")
    assert response.status_code == 200
    assert response.text == '{"task_name":"b","task_description":"d","id":2}'


@pytest.mark.parametrize(
    ("changes", "name", "description"),
    [
        ({"task_name": "b"}, "b", "d"),
        ({"task_description": "e"}, "a", "e"),
        ({"task_description": None}, "a", None),
        ({"task_description": ""}, "a", ""),
        ({"task_name": "b", "task_description": "e"}, "b", "e"),
        ({"task_name": "ż" * 100, "task_description": "🐢" * 1000}, "ż" * 100, "🐢" * 1000),
        ({}, "a", "d"),
    ],
)
def test_update(
    client: httpx.Client, changes: dict[str, object], name: str, description: str | None
) -> None:
    """Only the fields that the request names change, in one task, and the change stays."""
    create(client, "a", task_description="d")
    create(client, "other", task_description="other")
    response = client.patch("/task/1", json=changes)
    changed = {"task_name": name, "task_description": description, "id": 1}
    other = {"task_name": "other", "task_description": "other", "id": 2}
    assert (response.status_code, response.json()) == (200, changed)
    assert list(response.json()) == list(changed)  # the same order as everywhere
    assert client.get("/task/").json() == [changed, other]


def test_delete(client: httpx.Client, database: Database) -> None:
    """A deleted task is gone, for every method and in the database; the others stay."""
    create(client, "a")
    create(client, "b")
    response = client.delete("/task/1")
    assert (response.status_code, response.content) == (204, b"")
    assert_not_found(client.delete("/task/1"))
    assert_not_found(client.get("/task/1"))
    assert_not_found(client.patch("/task/1", json={"task_name": "b"}))
    assert query(database, "SELECT id, task_name FROM task") == [(2, "b")]


ODD_ROWS = {  # a version without limits wrote them, or one whose limits were others
    1: ("", None),
    2: ("n" * 200, ""),
    3: ("ż" * 100, "🐢" * 1_001),
    4: ("a\0b", "\0"),
}


def test_rows_that_input_would_refuse(client: httpx.Client, database: Database) -> None:
    """Whatever a row holds, it is listed, read, changed and deleted: limits are for what comes in.

    A change may name one field only: the other one stays as it is. PostgreSQL holds only the first
    of these rows: it refuses a text that is longer than its column, and a NUL.
    """
    tasks = []
    for id_, (name, description) in ODD_ROWS.items():
        insert = "INSERT INTO task (id, task_name, task_description) VALUES (?, ?, ?)"
        if isinstance(database, Remote) and id_ > 1:
            with pytest.raises(psycopg.DataError):
                query(database, insert, id_, name, description)
            continue
        query(database, insert, id_, name, description)
        tasks.append({"task_name": name, "task_description": description, "id": id_})
    response = client.get("/task/")
    assert (response.status_code, response.json()) == (200, tasks)
    for task in tasks:
        path = f"/task/{task['id']}"
        response = client.get(path)
        assert (response.status_code, response.json()) == (200, task)
        response = client.patch(path, json={})
        assert (response.status_code, response.json()) == (200, task)
        described = {**task, "task_description": "new"}
        response = client.patch(path, json={"task_description": "new"})
        assert (response.status_code, response.json()) == (200, described)
        response = client.patch(path, json={"task_name": "new"})
        assert (response.status_code, response.json()) == (200, {**described, "task_name": "new"})
        assert client.delete(path).status_code == 204


def test_id_of_the_newest_task_is_given_again(client: httpx.Client, database: Database) -> None:
    """As the page of the service says: on SQLite, an id is no reference for ever."""
    create(client, "a")
    newest = create(client, "b")
    client.delete(f"/task/{newest}")
    assert create(client, "c") == (newest + 1 if isinstance(database, Remote) else newest)


# Both versions


def test_documented(client: httpx.Client) -> None:
    """The OpenAPI schema names every endpoint with every status that it answers, and no other."""
    paths = client.get("/openapi.json").json()["paths"]
    documented = {
        (method, path): set(operation["responses"])
        for path, operations in paths.items()
        for method, operation in operations.items()
    }
    assert documented == {
        ("get", "/ping"): {"200"},
        ("post", "/task/"): {"201", "400", "409", "413", "422", "503"},
        ("get", "/task/"): {"200", "422", "503"},
        ("get", "/task/{task_id}"): {"200", "404", "422", "503"},
        ("patch", "/task/{task_id}"): {"200", "400", "404", "409", "413", "422", "503"},
        ("delete", "/task/{task_id}"): {"204", "404", "409", "422", "503"},
    }


NAME = {"title": "Task Name", "type": "string", "minLength": 1, "maxLength": 100}
NAME["pattern"] = r"^[^\x00]*$"


def test_documented_models(client: httpx.Client) -> None:
    """The schema says what a client may send, with its limits, and what it gets: all of a row.

    A name that is left out stays as it is, so the schema names no default of it.
    """
    schemas = client.get("/openapi.json").json()["components"]["schemas"]
    public = schemas["TaskPublic"]
    assert (
        list(public["properties"]) == public["required"] == ["task_name", "task_description", "id"]
    )
    assert public["properties"]["task_name"] == {"title": "Task Name", "type": "string"}
    assert public["properties"]["id"] == {"title": "Id", "type": "integer"}
    for name, example, required in (
        ("TaskCreate", {"examples": ["buy milk"]}, ["task_name"]),
        ("TaskUpdate", {}, None),
    ):
        schema = schemas[name]
        assert list(schema["properties"]) == ["task_name", "task_description"]
        assert schema["properties"]["task_name"] == {**NAME, **example}
        text, null = schema["properties"]["task_description"]["anyOf"]
        assert (text["maxLength"], text["pattern"], null) == (
            1000,
            NAME["pattern"],
            {"type": "null"},
        )
        assert schema["additionalProperties"] is False
        assert schema.get("required") == required
    assert "Task" not in schemas  # a table is no form of an answer: its fields have no fixed order


def test_same_schema(clients: dict[str, httpx.Client]) -> None:
    """The two versions have the same OpenAPI schema, to the last byte."""
    texts = {client.get("/openapi.json").text for client in clients.values()}
    assert len(texts) == 1


def test_docs_page(client: httpx.Client) -> None:
    """The service has its page of documentation."""
    response = client.get("/docs")
    assert response.status_code == 200
    assert "/openapi.json" in response.text


@pytest.mark.parametrize(("one", "other"), [("sync", "async"), ("async", "sync")])
def test_one_database(clients: dict[str, httpx.Client], one: str, other: str) -> None:
    """What one version writes, changes and deletes, the other one sees at once."""
    assert create(clients[one], "a") == 1
    assert clients[other].get("/task/1").json()["task_name"] == "a"
    clients[other].patch("/task/1", json={"task_name": "b"})
    assert clients[one].get("/task/1").json()["task_name"] == "b"
    clients[one].delete("/task/1")
    assert_not_found(clients[other].get("/task/1"))


# Stop

OWN_DRIVERS = dict(zip(VERSIONS, DRIVERS, strict=True))


def test_stops_clean(tmp_path: Path, file_at_head: Path) -> None:
    """Each version runs with its own driver's URL, and closes the database when it stops."""
    wanted = []
    for version, driver in OWN_DRIVERS.items():
        folder = tmp_path / f"the database, {version}"
        folder.mkdir()
        file = Path(copy(file_at_head, folder / "database.db"))
        wanted.append((version, database_url(file, driver), tmp_path / f"{version}.log"))
    with serve_all(wanted, "--limit-max-requests", "1") as running:
        for server in running:
            assert create(server.client, "a") == 1
            assert server.process.wait(SECONDS) == 0
    for folder in tmp_path.glob("the database*"):
        assert [path.name for path in folder.iterdir()] == ["database.db"]  # no -wal, no -shm
        assert query(folder / "database.db", "SELECT id, task_name FROM task") == [(1, "a")]


CLOSED = """
import asyncio
import httpx
from app import db, db_async, main, main_async

async def ask():
    for engine, module in ((db.engine, main), (db_async.engine, main_async)):
        async with module.lifespan(module.app):
            held = [db.engine.pool.checkedin()]
            transport = httpx.ASGITransport(module.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
                await client.get("/task/")
            held.append(engine.pool.checkedin())
        print(*held, engine.pool.checkedin())

asyncio.run(ask())
"""


def test_keeps_no_connection(tmp_path: Path, at_head: Database) -> None:
    """An app that has stopped leaves the database alone, also if its process goes on (in a test).

    And the look at the revision keeps none: in the async version, nobody would close that one.
    """
    url = database_url(copy_of(at_head, tmp_path, "test"))
    assert run(CLOSED, url).splitlines() == ["0 1 0"] * 2


SETTINGS = """
import asyncio
from contextlib import asynccontextmanager, contextmanager
from sqlmodel import text
from app import db, db_async

PRAGMAS = [text(f"PRAGMA {name}") for name in ("journal_mode", "synchronous", "foreign_keys")]

async def look():
    with contextmanager(db.get_session)() as session:
        print(*[session.exec(one).scalar() for one in PRAGMAS])
    async with asynccontextmanager(db_async.get_session)() as session:
        print(*[(await session.exec(one)).scalar() for one in PRAGMAS])
    await db_async.engine.dispose()

asyncio.run(look())
"""


def test_settings_of_each_connection(tmp_path: Path, file_at_head: Path) -> None:
    """A request's session has them: WAL; NORMAL, which is 1 and syncs rarely; foreign keys on."""
    file = Path(copy(file_at_head, tmp_path / "database.db"))
    assert run(SETTINGS, file).splitlines() == ["wal 1 1"] * 2


STATEMENTS = """
import asyncio
import httpx
from sqlalchemy import event
from app import db, db_async, main, main_async

sent = []

def note(connection, cursor, statement, *more):
    sent.append(statement.partition(" ")[0])

async def ask():
    for engine, app in ((db.engine, main.app), (db_async.engine.sync_engine, main_async.app)):
        event.listen(engine, "before_cursor_execute", note)
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
            id_ = (await client.post("/task/", json={"task_name": "a"})).json()["id"]
            await client.patch(f"/task/{id_}", json={"task_name": "b"})
            await client.get(f"/task/{id_}")
            await client.delete(f"/task/{id_}")
        print(*sent)
        sent.clear()
    await db_async.engine.dispose()

asyncio.run(ask())
"""


def test_statements(tmp_path: Path, at_head: Database) -> None:
    """A change needs a look-up and a write. After its commit, nothing is read a second time."""
    url = database_url(copy_of(at_head, tmp_path, "test"))
    each = ["INSERT", *("SELECT", "UPDATE"), "SELECT", *("SELECT", "DELETE")]
    assert run(STATEMENTS, url).splitlines() == [" ".join(each)] * 2


DRIVERS_OF_VERSIONS = """
import os
import sys

for url in sys.argv[1:]:
    os.environ["DATABASE_URL"] = url
    from app import db, db_async

    print(db.engine.driver, db_async.engine.driver, db.WRITES, db.READS)
    for name in [name for name in sys.modules if name.partition(".")[0] == "app"]:
        del sys.modules[name]
"""


def test_drivers_and_places() -> None:
    """Whatever driver a URL names, each version takes its own; PostgreSQL has more writers."""
    urls = [f"{driver}:///x.db" for driver in ("sqlite", "sqlite+pysqlite", "sqlite+aiosqlite")]
    drivers = ("postgresql", "postgresql+psycopg2", *DRIVERS_OF_REMOTE)
    urls += [f"{driver}://user:secret@localhost/x" for driver in drivers]
    expected = ["pysqlite aiosqlite 1 10"] * 3 + ["psycopg asyncpg 5 10"] * 4
    assert run(DRIVERS_OF_VERSIONS, urls[0], arguments=urls).splitlines() == expected


URLS = """
import os
import sys

for url in sys.argv[1:]:
    os.environ["DATABASE_URL"] = url
    from app import db

    print(db.DATABASE_URL)
    del sys.modules["app.db"], sys.modules["app"]
"""


def test_a_file_that_is_named_like_a_driver() -> None:
    """Only the driver goes: else another file would be used, without a word."""
    files = ["a+aiosqlite.db", "a+aiosqlite:.db"]
    urls = [f"{driver}:///{file}" for driver in ("sqlite+aiosqlite", "sqlite") for file in files]
    shown = run(URLS, urls[0], arguments=urls[:3]).splitlines()
    assert shown == [f"sqlite:///{file}" for file in (*files, files[0])]


def test_either_url(clients: dict[str, httpx.Client], database: Database) -> None:
    """Each version takes the URL that names the other one's driver, and uses that file."""
    for number, client in enumerate(clients.values(), start=1):  # see the fixture `servers`
        assert create(client, "a") == number
    assert query(database, "SELECT count(*) FROM task") == [(2,)]


# The code


def source(version: str) -> str:
    """Return the source of one version's endpoints."""
    module = VERSIONS[version].partition(":")[0]
    return ROOT.joinpath(*module.split(".")).with_suffix(".py").read_text(encoding="utf-8")


def test_versions_differ_only_as_they_should() -> None:
    """Without `async` and `await`, the two files differ in what they import, and nowhere else."""
    sync, asynchronous = (
        re.sub(r"\b(async|await) ", "", source(version)).splitlines()
        for version in ("sync", "async")
    )
    changes = [line for line in difflib.ndiff(sync, asynchronous) if line[0] in "+-"]
    depends = 'Depends(get_session, scope="function", max_concurrency={})'
    writes, reads = depends.format("WRITES"), depends.format("READS")
    assert sorted(changes) == sorted(
        [
            '- """The endpoints, sync version."""',
            '+ """The endpoints, version."""',
            "- from sqlmodel import Session, col, select",
            "+ from sqlmodel import col, select",
            "+ from sqlmodel.ext.asyncio.session import AsyncSession",
            "- from app.db import READS, WRITES, engine, get_session",
            "+ from app.db import READS, WRITES",
            "+ from app.db_async import engine, get_session",
            f"- SessionDep = Annotated[Session, {writes}]",
            f"+ SessionDep = Annotated[AsyncSession, {writes}]",
            f"- ReaderDep = Annotated[Session, {reads}]",
            f"+ ReaderDep = Annotated[AsyncSession, {reads}]",
        ]
    )


def test_code_stays_short() -> None:
    """One can read the service in one sitting: it has at most 260 lines that are not blank."""
    files = [file.read_text(encoding="utf-8") for file in (ROOT / "app").glob("*.py")]
    assert sum(bool(line.strip()) for file in files for line in file.splitlines()) <= 260


def test_async_version_awaits() -> None:
    """Each call that reaches the database is awaited, and no endpoint blocks in a thread."""
    tree = ast.parse(source("async"))
    assert not [node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    awaited = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Await)}
    calls = [
        (f"{node.func.value.id}.{node.func.attr}", id(node) in awaited)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id in ("session", "engine")
    ]
    assert {name for name, is_awaited in calls if is_awaited} == {
        *("session.get", "session.exec", "session.commit", "session.delete", "engine.dispose")
    }
    # This one only makes a note of what to do: it doesn't reach the database.
    assert {name for name, is_awaited in calls if not is_awaited} == {"session.add"}


def test_a_hundred_readers(client: httpx.Client) -> None:
    """100 readers at once are all answered: none waits for a connection that another one holds."""
    create(client, "a")
    with ThreadPoolExecutor(100) as threads:
        answers = threads.map(lambda _: client.get("/task/1").status_code, range(300))
        assert set(answers) == {200}
