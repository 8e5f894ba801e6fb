"""The finished service keeps its promises, in both versions, through a real server."""

import ast
import difflib
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from shutil import copy

import httpx
import pytest
from service import (
    ROOT,
    SECONDS,
    VERSIONS,
    Server,
    database_url,
    migrated,
    outcome,
    query,
    serve,
    start,
)

MAX_ID = 2**63 - 1  # the largest integer that SQLite stores
LONGEST_NAME = "n" * 100
LONGEST_DESCRIPTION = "d" * 1000
JSON = {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
def file_at_0001(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database at revision 0001. For copying, not for changing."""
    return migrated(tmp_path_factory.mktemp("at 0001"), "0001")


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory, file_at_head: Path) -> Path:
    """The one database that both running servers use."""
    return Path(copy(file_at_head, tmp_path_factory.mktemp("both servers") / "database.db"))


@pytest.fixture(scope="module")
def servers(database: Path) -> Iterator[dict[str, Server]]:
    """Both versions, each with the URL that names the other one's driver, on one database."""
    drivers = {"sync": "sqlite+aiosqlite", "async": "sqlite"}
    with ExitStack() as stack:
        yield {
            version: stack.enter_context(
                serve(version, database_url(database, driver), database.with_name(f"{version}.log"))
            )
            for version, driver in drivers.items()
        }


@pytest.fixture
def clients(servers: dict[str, Server], database: Path) -> dict[str, httpx.Client]:
    """A client for each version. The table is empty, so the next id is 1."""
    query(database, "DELETE FROM task")
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


def refused(response: httpx.Response) -> list[tuple[str, list]]:
    """Return the kind and the place of each mistake that a 422 names."""
    assert response.status_code == 422, response.text
    return [(mistake["type"], mistake["loc"]) for mistake in response.json()["detail"]]


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
def test_create(client: httpx.Client, database: Path, body: str, answer: str) -> None:
    """A created task is answered, always in the same order, and is stored in the file."""
    response = client.post("/task/", content=body, headers=JSON)
    assert (response.status_code, response.text) == (201, answer)
    sent = response.json()
    stored = query(database, "SELECT task_name, task_description, id FROM task")
    assert stored == [(sent["task_name"], sent["task_description"], sent["id"])]


def test_create_the_longest(client: httpx.Client) -> None:
    """The limits of length are counted in characters, and themselves allowed."""
    longest = {"task_name": "ż" * 100, "task_description": "🐢" * 1000}
    response = client.post("/task/", json=longest)
    assert (response.status_code, response.json()) == (201, {**longest, "id": 1})


NAME = ["body", "task_name"]
DESCRIPTION = ["body", "task_description"]


@pytest.mark.parametrize(
    ("body", "mistakes"),
    [
        ("{}", [("missing", NAME)]),
        ('{"task_description": "d"}', [("missing", NAME)]),
        ('{"task_name": ""}', [("string_too_short", NAME)]),
        (f'{{"task_name": "{LONGEST_NAME}n"}}', [("string_too_long", NAME)]),
        ('{"task_name": 5}', [("string_type", NAME)]),
        ('{"task_name": null}', [("string_type", NAME)]),
        ('{"task_name": ["a"]}', [("string_type", NAME)]),
        ('{"task_name": "a", "task_description": 5}', [("string_type", DESCRIPTION)]),
        (
            f'{{"task_name": "", "task_description": "{LONGEST_DESCRIPTION}d"}}',
            [("string_too_short", NAME), ("string_too_long", DESCRIPTION)],
        ),
        # A client does not choose the id, and a wrong name of a field is no quiet mistake.
        ('{"task_name": "a", "id": 77}', [("extra_forbidden", ["body", "id"])]),
        ('{"task_nam": "a"}', [("missing", NAME), ("extra_forbidden", ["body", "task_nam"])]),
        ("not JSON", [("json_invalid", ["body", 0])]),
        ('{"task_name": "a"', [("json_invalid", ["body", 17])]),
        ("[]", [("model_attributes_type", ["body"])]),
        ("", [("missing", ["body"])]),
    ],
)
def test_create_refuses(
    client: httpx.Client, database: Path, body: str, mistakes: list[tuple[str, list]]
) -> None:
    """A bad body is answered with 422, which names each mistake, and stores nothing."""
    assert refused(client.post("/task/", content=body, headers=JSON)) == mistakes
    assert query(database, "SELECT * FROM task") == []


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
def test_pages(client: httpx.Client, database: Path, limit: int, sizes: list[int]) -> None:
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


def test_page_limits(client: httpx.Client, database: Path) -> None:
    """A page holds 20 tasks by default and 100 at most; after the last id there are none."""
    for _ in range(101):
        query(database, "INSERT INTO task (task_name) VALUES ('a')")
    assert listed(client) == list(range(1, 21))
    assert listed(client, after=0) == list(range(1, 21))
    assert listed(client, after=95) == list(range(96, 102))
    assert listed(client, limit=100) == list(range(1, 101))
    assert listed(client, limit=1, after=100) == [101]
    assert listed(client, after=101) == []
    assert listed(client, after=MAX_ID) == []


def test_largest_id(client: httpx.Client, database: Path) -> None:
    """A task with the largest id that SQLite stores is listed, read, changed and deleted."""
    query(database, "INSERT INTO task (id, task_name) VALUES (?, 'a')", MAX_ID)
    whole = {"task_name": "a", "task_description": None, "id": MAX_ID}
    assert client.get("/task/", params={"after": MAX_ID - 1}).json() == [whole]
    assert client.get(f"/task/{MAX_ID}").json() == whole
    changed = client.patch(f"/task/{MAX_ID}", json={"task_name": "b"})
    assert changed.json() == {**whole, "task_name": "b"}
    assert client.delete(f"/task/{MAX_ID}").status_code == 204
    assert listed(client) == []


@pytest.mark.parametrize(
    ("name", "value", "mistake"),
    [
        ("limit", "0", "greater_than_equal"),
        ("limit", "-1", "greater_than_equal"),
        ("limit", "101", "less_than_equal"),
        ("limit", "9" * 30, "less_than_equal"),
        ("limit", "ten", "int_parsing"),
        ("limit", "", "int_parsing"),
        ("after", "-1", "greater_than_equal"),
        ("after", str(MAX_ID + 1), "less_than_equal"),
        ("after", "9" * 5000, "int_parsing_size"),
        ("after", "1.5", "int_parsing"),
    ],
)
def test_list_refuses(client: httpx.Client, name: str, value: str, mistake: str) -> None:
    """A limit or a start that makes no sense is answered with 422."""
    assert refused(client.get("/task/", params={name: value})) == [(mistake, ["query", name])]


# GET, PATCH, DELETE /task/{task_id}


def test_read(client: httpx.Client) -> None:
    """A task is read by its id, always in the same order."""
    create(client, "a")
    create(client, "b", task_description="d")
    response = client.get("/task/2")
    assert response.status_code == 200
    assert response.text == '{"task_name":"b","task_description":"d","id":2}'


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
@pytest.mark.parametrize("task_id", [2, MAX_ID])
def test_not_found(client: httpx.Client, method: str, task_id: int) -> None:
    """A task that is not there is answered with 404 and a sentence; the others stay."""
    create(client, "a")
    body = {"json": {"task_name": "b"}} if method == "PATCH" else {}
    assert_not_found(client.request(method, f"/task/{task_id}", **body))
    assert client.get("/task/1").json()["task_name"] == "a"


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
@pytest.mark.parametrize(
    ("task_id", "mistake"),
    [
        ("0", "greater_than_equal"),
        ("-1", "greater_than_equal"),
        (str(MAX_ID + 1), "less_than_equal"),
        ("9" * 5000, "int_parsing_size"),
        ("one", "int_parsing"),
        ("1.5", "int_parsing"),
    ],
)
def test_id_refused(client: httpx.Client, method: str, task_id: str, mistake: str) -> None:
    """What can't be an id is answered with 422, whatever is asked of it."""
    body = {"json": {"task_name": "b"}} if method == "PATCH" else {}
    response = client.request(method, f"/task/{task_id}", **body)
    assert refused(response) == [(mistake, ["path", "task_id"])]


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


@pytest.mark.parametrize(
    ("body", "mistakes"),
    [
        ('{"task_name": null}', [("string_type", NAME)]),
        ('{"task_name": ""}', [("string_too_short", NAME)]),
        (f'{{"task_name": "{LONGEST_NAME}n"}}', [("string_too_long", NAME)]),
        ('{"task_name": "b", "task_description": 5}', [("string_type", DESCRIPTION)]),
        (f'{{"task_description": "{LONGEST_DESCRIPTION}d"}}', [("string_too_long", DESCRIPTION)]),
        ("not JSON", [("json_invalid", ["body", 0])]),
        ("[]", [("model_attributes_type", ["body"])]),
        ("", [("missing", ["body"])]),
        ('{"id": 2}', [("extra_forbidden", ["body", "id"])]),  # an id never changes
        ('{"task_nam": "b"}', [("extra_forbidden", ["body", "task_nam"])]),
    ],
)
def test_update_refuses(client: httpx.Client, body: str, mistakes: list[tuple[str, list]]) -> None:
    """A bad change is answered with 422 and changes nothing, not even its good fields."""
    create(client, "a", task_description="d")
    assert refused(client.patch("/task/1", content=body, headers=JSON)) == mistakes
    unchanged = {"task_name": "a", "task_description": "d", "id": 1}
    assert client.get("/task/1").json() == unchanged


def test_delete(client: httpx.Client, database: Path) -> None:
    """A deleted task is gone, for every method and in the file; the others stay."""
    create(client, "a")
    create(client, "b")
    response = client.delete("/task/1")
    assert (response.status_code, response.content) == (204, b"")
    assert_not_found(client.delete("/task/1"))
    assert_not_found(client.get("/task/1"))
    assert_not_found(client.patch("/task/1", json={"task_name": "b"}))
    assert query(database, "SELECT id, task_name FROM task") == [(2, "b")]


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("POST", "/ping", {"GET"}),
        ("DELETE", "/task/", {"GET", "POST"}),
        ("PUT", "/task/1", {"GET", "PATCH", "DELETE"}),
    ],
)
def test_other_methods(client: httpx.Client, method: str, path: str, allowed: set[str]) -> None:
    """A method that a path does not have is answered with 405, and the path's own ones work."""
    assert client.request(method, path).status_code == 405
    assert set(client.get("/openapi.json").json()["paths"]) == {
        "/ping",
        "/task/",
        "/task/{task_id}",
    }
    for known in allowed:
        assert client.request(known, path).status_code != 405


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
        ("post", "/task/"): {"201", "400", "413", "422"},
        ("get", "/task/"): {"200", "422"},
        ("get", "/task/{task_id}"): {"200", "404", "422"},
        ("patch", "/task/{task_id}"): {"200", "400", "404", "413", "422"},
        ("delete", "/task/{task_id}"): {"204", "404", "422"},
    }


def test_documented_models(client: httpx.Client) -> None:
    """The schema says that an answered id is a required integer, and no request has one."""
    schemas = client.get("/openapi.json").json()["components"]["schemas"]
    assert schemas["TaskPublic"]["properties"]["id"] == {"title": "Id", "type": "integer"}
    assert schemas["TaskPublic"]["required"] == ["task_name", "id"]
    assert schemas["TaskCreate"]["required"] == ["task_name"]
    assert "required" not in schemas["TaskUpdate"]
    for request in ("TaskCreate", "TaskUpdate"):
        assert list(schemas[request]["properties"]) == ["task_name", "task_description"]


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


def test_concurrent_writers(clients: dict[str, httpx.Client]) -> None:
    """32 writers at once, on both servers: none is refused, and all that was answered is there."""
    servers = list(clients.values())

    def write(number: int) -> tuple[int, str]:
        """Create a task and change it; return what must then be stored."""
        client = servers[number % 2]
        task_id = create(client, f"task {number}")
        response = client.patch(f"/task/{task_id}", json={"task_description": f"{number}"})
        assert response.status_code == 200, response.text
        return task_id, f"{number}"

    with ThreadPoolExecutor(32) as threads:
        acknowledged = dict(threads.map(write, range(100)))
    assert len(acknowledged) == 100
    for client in servers:
        stored = client.get("/task/", params={"limit": 100}).json()
        assert {task["id"]: task["task_description"] for task in stored} == acknowledged


# Start and stop


@pytest.fixture(scope="module")
def refusals(
    tmp_path_factory: pytest.TempPathFactory, file_at_0001: Path
) -> dict[tuple[str, str], tuple[str, int, str, str]]:
    """How each version ends on an empty database and on an old one: URL, status, output, errors."""
    folder = tmp_path_factory.mktemp("refused")
    files = {"none": folder / "empty.db", "0001": Path(copy(file_at_0001, folder / "old.db"))}
    with ExitStack() as stack:
        started = {}
        for version, app in VERSIONS.items():
            for revision, file in files.items():
                # Its own driver, because the sentence names the URL that the version uses.
                url = database_url(file, {"sync": "sqlite", "async": "sqlite+aiosqlite"}[version])
                process = start("uvicorn", app, "--port", "0", url=url)
                stack.enter_context(process)
                stack.callback(process.kill)  # one that hangs must not leave the others running
                started[version, revision] = (url, process)
        return {key: (url, *outcome(process)) for key, (url, process) in started.items()}


@pytest.mark.parametrize("revision", ["none", "0001"])
@pytest.mark.parametrize("version", VERSIONS)
def test_refuses_to_start(
    refusals: dict[tuple[str, str], tuple[str, int, str, str]], version: str, revision: str
) -> None:
    """On a database that is not at the newest revision, one sentence names it, and what to run."""
    url, status, output, errors = refusals[version, revision]
    assert status != 0
    assert "Traceback" not in output + errors
    assert [line for line in errors.splitlines() if line.startswith("ERROR")] == [
        f"ERROR:    The database {url} is at revision {revision}, and the app needs 0002: "
        "run `alembic upgrade head`, then start the app again.",
        "ERROR:    Application startup failed. Exiting.",
    ]


@pytest.mark.parametrize(("version", "driver"), [("sync", "sqlite"), ("async", "sqlite+aiosqlite")])
def test_stops_clean(version: str, driver: str, tmp_path: Path, file_at_head: Path) -> None:
    """Each version runs with its own driver's URL, and closes the database when it stops."""
    folder = tmp_path / "the database"
    folder.mkdir()
    file = Path(copy(file_at_head, folder / "database.db"))
    log = tmp_path / "log"
    with serve(version, database_url(file, driver), log, "--limit-max-requests", "1") as server:
        assert create(server.client, "a") == 1
        assert server.process.wait(SECONDS) == 0
    assert [path.name for path in folder.iterdir()] == ["database.db"]  # no -wal, no -shm
    assert query(file, "SELECT id, task_name FROM task") == [(1, "a")]


def test_either_url(clients: dict[str, httpx.Client], database: Path) -> None:
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
    depends = 'Depends(get_session, scope="function", max_concurrency=2)'
    assert sorted(changes) == sorted(
        [
            '- """The endpoints, sync version."""',
            '+ """The endpoints, version."""',
            "- from sqlmodel import Session, col, select",
            "+ from sqlmodel import col, select",
            "+ from sqlmodel.ext.asyncio.session import AsyncSession",
            "- from app.db import engine, get_session",
            "+ from app.db_async import engine, get_session",
            f"- SessionDep = Annotated[Session, {depends}]",
            f"+ SessionDep = Annotated[AsyncSession, {depends}]",
            "-         require_newest_revision(connection)",
            "+         connection.run_sync(require_newest_revision)",
        ]
    )


def test_code_stays_short() -> None:
    """One can read the whole service in one sitting: blank lines apart, it has under 250 lines."""
    files = [file.read_text(encoding="utf-8") for file in (ROOT / "app").glob("*.py")]
    assert sum(bool(line.strip()) for file in files for line in file.splitlines()) < 250


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
        and node.func.value.id in ("session", "connection", "engine")
    ]
    assert {name for name, is_awaited in calls if is_awaited} == {
        *("connection.run_sync", "engine.dispose"),
        *("session.get_one", "session.exec", "session.commit", "session.delete"),
    }
    # These two only make a note of what to do: they don't reach the database.
    assert {name for name, is_awaited in calls if not is_awaited} == {
        "engine.connect",
        "session.add",
    }


def test_a_hundred_readers(client: httpx.Client) -> None:
    """100 readers at once are all answered: none waits for a connection that another one holds."""
    create(client, "a")
    with ThreadPoolExecutor(100) as threads:
        answers = threads.map(lambda _: client.get("/task/1").status_code, range(300))
        assert set(answers) == {200}


@pytest.mark.parametrize(
    "name", ["NaN", "Infinity", '"\\ud800"', "1e999", '"' + "x" * 10_000 + '"']
)
def test_what_json_cannot_hold(client: httpx.Client, name: str) -> None:
    """Input that can't be sent back, or that is huge, is refused in a few words, not with a 500."""
    answer = client.post(
        "/task/",
        content=f'{{"task_name": {name}}}',
        headers={"Content-Type": "application/json"},
    )
    assert answer.status_code == 422
    assert len(answer.content) < 300
    assert [set(mistake) for mistake in answer.json()["detail"]] == [{"type", "loc", "msg"}]
