"""The service with its settings, logs and readiness, as notebook 16 leaves it: both versions.

The notebook shows most of it. Here is what no cell has room for. (tests/test_container.py has the
image.)
"""

import asyncio
import json
import os
import re
import shlex
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, HTTPServer
from itertools import pairwise
from pathlib import Path
from threading import Thread

import httpx
import pytest
import reading
import uvicorn
import yaml
from fastapi import FastAPI
from service import VERSIONS, Server, alembic, database_url, query, run, serve_each
from sqlalchemy import make_url

from tutorial import course
from tutorial.box import instructions
from tutorial.ends import stored_ends

ROOT = Path(__file__).resolve().parent.parent
LINE = re.compile(r"^([A-Z]+) ([0-9a-f]{32}) (.*)$", re.MULTILINE)
SECRET = "only-for-the-row"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files that the notebook leaves, with an empty database."""
    folder = tmp_path_factory.mktemp("chapter 16")
    stored_ends().put(16, folder)
    for file in ("database.db", "sync.db", "async.db"):
        (folder / file).unlink(missing_ok=True)
        alembic("upgrade", "head", url=database_url(folder / file), cwd=folder)
    return folder


@pytest.fixture(scope="module")
def servers(project: Path) -> Iterator[dict[str, Server]]:
    """Both versions, with all that they can log. At the end, neither has logged a traceback."""
    files = {version: project / f"{version}.db" for version in VERSIONS}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LOG_LEVEL", "DEBUG")
        with serve_each(files, "--no-access-log", cwd=project) as servers:
            patch.undo()
            yield servers


def logged(project: Path, version: str) -> str:
    """Return what a version has logged."""
    return (project / f"{version}.log").read_text(encoding="utf-8")


@pytest.mark.parametrize("version", VERSIONS)
def test_one_line_for_each_request(version: str, project: Path, servers: dict[str, Server]) -> None:
    """It has the id that the answer has; none has SQL, or what a row holds, or a forged line."""
    client = servers[version].client
    answers = [
        client.post("/task/", json={"task_name": SECRET}),
        client.post("/task/", json={}),
        client.get("/task/1"),
        client.get(f"/task/2?token={SECRET}"),
        client.get("/ping%0AINFO%20forged"),
    ]
    ids = [answer.headers["x-request-id"] for answer in answers]
    assert len(set(ids)) == 5
    client.get("/ping")  # the lines of all before are written then
    lines = {number: text for _, number, text in LINE.findall(logged(project, version))}
    assert [re.sub(r"\d+ ms$", "ms", lines[one]) for one in ids] == [
        "POST /task/ 201 ms",
        "POST /task/ 422 ms",
        "GET /task/1 200 ms",
        "GET /task/2 404 ms",
        "GET /ping%0AINFO%20forged 404 ms",
    ]
    # The first one opens the database: that takes some milliseconds, and no seconds.
    assert 0 < sum(int(lines[one].split()[-2]) for one in ids) < 30_000
    whole = logged(project, version)
    assert not re.search(rf"{SECRET}|SELECT|INSERT|forged\n", whole)
    assert sum(one in whole for one in ids) == len(re.findall("|".join(ids), whole)) == 5


@pytest.mark.parametrize("version", VERSIONS)
def test_what_else_is_logged_has_the_id(
    version: str, project: Path, servers: dict[str, Server]
) -> None:
    """A warning of the service, in a thread or not, has the id of its request."""
    file = project / f"{version}.db"
    query(file, "CREATE UNIQUE INDEX once ON task (task_name)")
    client = servers[version].client
    client.post("/task/", json={"task_name": "twice"})
    answer = client.post("/task/", json={"task_name": "twice"})
    query(file, "DROP INDEX once")
    assert answer.status_code == 409
    number = answer.headers["x-request-id"]
    assert f"WARNING {number} UNIQUE constraint failed" in logged(project, version)


@pytest.mark.parametrize("version", VERSIONS)
def test_ready_or_not(version: str, project: Path, servers: dict[str, Server]) -> None:
    """200 while the database answers, 503 while it does not; the log says why, without SQL."""
    client = servers[version].client
    assert client.get("/ready").json() == {"ready": "yes"}
    query(project / f"{version}.db", "ALTER TABLE task RENAME TO gone")
    try:
        answer = client.get("/ready")
        assert client.get("/ping").status_code == 200
    finally:
        query(project / f"{version}.db", "ALTER TABLE gone RENAME TO task")
    assert answer.status_code == 503
    assert answer.json() == {"detail": "The database does not answer."}
    assert "Not ready: (sqlite3.OperationalError) no such table: task" in logged(project, version)
    assert "SELECT" not in logged(project, version)
    assert client.get("/ready").status_code == 200
    assert "503" in client.get("/openapi.json").json()["paths"]["/ready"]["get"]["responses"]


NOBODY = """
import asyncio, sys
from importlib import import_module
import httpx
app = import_module(f"app.{sys.argv[1]}").app

async def ask():
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
        return (await client.get("/ready")).status_code

print(asyncio.run(ask()))
"""


@pytest.mark.parametrize(("module", "driver"), [("main", "psycopg"), ("main_async", "asyncpg")])
def test_no_postgresql(module: str, driver: str, project: Path) -> None:
    """Where nobody listens, both drivers give 503, though asyncpg raises an error of the system."""
    pytest.importorskip(driver)
    url = f"postgresql+{driver}://service:secret@127.0.0.1:1/tasks"
    assert run(NOBODY, url, project, [module]).strip() == "503"


REFUSED = """
import asyncio, json, sys
from importlib import import_module
import httpx
from app.logs import set_up_logs
app = import_module(f"app.{sys.argv[1]}").app
sys.stderr = sys.stdout
set_up_logs()

async def pieces():
    yield b"x" * 20_000

async def ask():
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
        answers = [await client.get("/task/")]
        answers += [await client.post("/task/", content=body) for body in (b"x" * 20_000, pieces())]
    for answer in answers:
        print("ANSWER", answer.status_code, answer.headers.get("X-Request-ID"), answer.text)

asyncio.run(ask())
"""


@pytest.mark.parametrize("module", ["main", "main_async"])
def test_a_fault_can_be_followed(module: str, project: Path, tmp_path: Path) -> None:
    """A 500 has the id of its two lines, of which one has the traceback; it says nothing else.

    A 413 is made further out, as the chapter says: its line has an id, its answer has none. (Only a
    body of which nobody has said how long it is gets its 413 in the app, with the id.)
    """
    said = run(REFUSED, database_url(tmp_path / "no table.db"), project, [module])
    fault, declared, counted = re.findall(r"^ANSWER (\d+) (\S+) (.*)$", said, re.MULTILINE)
    assert (fault[0], fault[2]) == ("500", "Internal Server Error")
    assert f"ERROR {fault[1]} Not expected:\nTraceback " in said
    assert said.count("Not expected:") == 1
    lines = [(number, text.split()[2]) for _, number, text in LINE.findall(said) if " ms" in text]
    (_, (unknown, _), _) = lines
    assert lines == [(fault[1], "500"), (unknown, "413"), (counted[1], "413")]
    assert (declared[:2], counted[0]) == (("413", "None"), "413")


WRONG = [
    ("DATABASE_URL", "postgres://database/tasks"),
    ("DATABASE_URL", "mysql://root:hush@database/tasks"),
    ("DATABASE_URL", '"sqlite:///database.db"'),  # a file .env may keep quotes
    ("LOG_LEVEL", "loud"),
    ("LOG_LEVEL", "info"),
]


@pytest.mark.parametrize(("name", "value"), WRONG)
def test_a_wrong_setting_is_one_sentence(name: str, value: str, project: Path) -> None:
    """It names the variable, shows no value, and nothing starts."""
    done = subprocess.run(
        [sys.executable, "-c", "import app.main"],
        cwd=project,
        env={**os.environ, name: value},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert done.stderr.startswith(f"The variable {name} is wrong: ")
    assert done.stderr.count("\n") == 1
    assert value not in done.stderr


def test_a_proxy_on_another_machine_is_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a container no proxy is 127.0.0.1, and without the variable a redirect leads to `http`."""

    async def redirected() -> str:
        app = FastAPI()
        app.get("/task/")(lambda: None)
        config = uvicorn.Config(app, log_config=None)
        config.load()
        proxy = httpx.ASGITransport(config.loaded_app, client=("172.17.0.1", 50_000))
        async with httpx.AsyncClient(transport=proxy) as client:
            answer = await client.get("http://my.host/task", headers={"X-Forwarded-Proto": "https"})
        return answer.headers["location"]

    assert asyncio.run(redirected()) == "http://my.host/task/"
    files = stored_ends().files(16)
    (line,) = [line for line in files["Dockerfile"].splitlines() if line.startswith("ENV ")]
    for name, value in (one.split("=", 1) for one in shlex.split(line)[1:]):
        monkeypatch.setenv(name, value)
    assert asyncio.run(redirected()) == "https://my.host/task/"


def test_the_defaults(project: Path) -> None:
    """Nothing set, and what is set to nothing, is the same."""
    code = "from app.settings import settings; print(settings.model_dump_json())"
    for variables in ({}, {"DATABASE_URL": "", "LOG_LEVEL": ""}):
        inherited = {one: value for one, value in os.environ.items() if one != "DATABASE_URL"}
        done = subprocess.run(
            [sys.executable, "-c", code],
            cwd=project,
            env=inherited | variables,
            capture_output=True,
            text=True,
            check=True,
        )
        wanted = {"database_url": "sqlite:///database.db", "log_level": "INFO"}
        assert json.loads(done.stdout) == wanted


def test_the_lock_is_that_of_the_repository() -> None:
    """The project of the chapter has the versions of today, and the Dockerfile takes them."""
    lock = (ROOT / "requirements-service.txt").read_text(encoding="utf-8")
    assert stored_ends().text(16, "requirements-service.txt") == lock


def programs(folder: Path) -> list[list[str]]:
    """Return the programs that the lines of the checklist run on /data, which is this folder."""
    (own,) = (cell.source for cell in course.cells(16) if cell.id == "own")
    (before, backup), (restore,) = (
        [
            shlex.split(line.replace("/data/", f"{folder.as_posix()}/"))
            for line in re.findall(rf"^\$ docker {start} (rm .*|python .*)$", own, re.MULTILINE)
        ]
        for start in ("exec service", "run .* task-service")
    )
    assert before == ["rm", "-f", (folder / "b.db").as_posix()]
    return [backup, restore]


def test_a_restore_of_nothing_empties_nothing(tmp_path: Path) -> None:
    """Without a backup, the line that people copy stops, makes no file, and all rows stay.

    With a new backup it brings back the rows. `VACUUM INTO` refuses an old one: so the line before
    it deletes this.
    """
    live, saved = tmp_path / "database.db", tmp_path / "b.db"
    query(live, "CREATE TABLE task (task_name)")
    query(live, "INSERT INTO task VALUES ('milk')")
    backup, restore = programs(tmp_path)

    def does(words: list[str]) -> bool:
        return not subprocess.run([sys.executable, *words[1:]], capture_output=True).returncode

    assert not does(restore)
    assert not saved.exists()
    assert query(live, "SELECT * FROM task") == [("milk",)]
    assert (does(backup), does(backup)) == (True, False)
    query(live, "DELETE FROM task")
    assert does(restore)
    assert query(live, "SELECT * FROM task") == [("milk",)]


def test_the_health_check_asks_no_proxy(
    tmp_path: Path, servers: dict[str, Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Docker hands its proxy in: a service that is up is healthy all the same, and else not.

    Nor is one healthy that answers, but not with 200.
    """
    dockerfile = tmp_path / "Dockerfile"
    dockerfile.write_text(stored_ends().text(16, "Dockerfile"), encoding="utf-8")
    check = dict(instructions(dockerfile))["HEALTHCHECK"].partition("CMD ")[2]
    _, *words = json.loads(check)
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    up = str(servers["sync"].client.base_url.port)
    with HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as refuses:  # always 501
        Thread(target=refuses.serve_forever, daemon=True).start()
        for port, healthy in ((up, True), ("1", False), (str(refuses.server_port), False)):
            here = [word.replace("8000", port) for word in words]
            done = subprocess.run([sys.executable, *here], capture_output=True)
            assert (done.returncode == 0) == healthy, done.stderr
        refuses.shutdown()


@pytest.mark.skipif(os.name == "nt", reason="a path that begins so is on a network there")
def test_the_backup_of_the_notebook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It reads a file on a network drive of Windows. One that is missing empties no backup."""
    notebook = next((ROOT / "notebooks").glob("16_*.ipynb"))
    (cell,) = [one for one in reading.cells(notebook) if one["id"] == "under-load"]
    names = {"Path": Path, "sqlite3": sqlite3, "closing": closing}
    exec(reading.text_of(cell), names)
    source, target = tmp_path / "a.db", tmp_path / "b.db"
    query(source, "CREATE TABLE task (id INTEGER)")
    # As Python gives it there: the first folder stands in the place of a computer.
    monkeypatch.setattr(Path, "as_uri", lambda path: f"file:/{path}")
    names["backup"](source, target)
    with pytest.raises((OSError, sqlite3.Error)):
        names["backup"](tmp_path / "gone.db", target)
    assert query(target, "SELECT name FROM sqlite_master") == [("task",)]
    assert not (tmp_path / "gone.db").exists()


def test_what_the_files_promise(tmp_path: Path) -> None:
    """What people copy, and would miss only later: in a log, at a stop, after a restart."""
    files = stored_ends().files(16)
    dockerfile = tmp_path / "Dockerfile"
    dockerfile.write_text(files["Dockerfile"], encoding="utf-8")
    steps = instructions(dockerfile)
    instruction = dict(steps)
    command = json.loads(instruction["CMD"])
    options = dict(pairwise(command))
    assert options["--host"] == "0.0.0.0"  # 127.0.0.1 is the container's own
    assert "--no-access-log" in command  # app/logs.py has a line for each request
    assert 0 < int(options["--timeout-graceful-shutdown"]) < 10  # then Docker kills
    assert int(instruction["USER"]) > 0
    assert instruction["VOLUME"] == "/data"
    assert "DATABASE_URL=sqlite:////data/database.db" in instruction["ENV"].split()
    assert ("RUN", "useradd --uid 10001 service && mkdir /data && chown service /data") in steps
    # The packages come before the code, so that a change of the code installs none of them again.
    install = ("RUN", "pip install --no-cache-dir -r requirements-service.txt")
    assert steps.index(("COPY", "requirements-service.txt .")) < steps.index(install)
    assert steps.index(install) < steps.index(("COPY", "app app"))
    ignored = files[".dockerignore"].splitlines()
    assert (ignored[0], ignored[-1]) == ("*", "**/__pycache__")  # the last rule that fits holds
    compose = [yaml.safe_load(files[f"compose{name}.yaml"]) for name in ("", ".postgres")]
    both, more = (one["services"] for one in compose)
    for one in compose:  # what is used, is made
        services = one["services"].values()
        mounts = [mount for service in services for mount in service.get("volumes", [])]
        assert {mount.split(":")[0] for mount in mounts} == one["volumes"].keys()
    assert both["service"]["ports"] == [f"127.0.0.1:8000:{options['--port']}"]
    assert both["migrate"]["build"] == "."
    assert both["migrate"]["image"] == both["service"]["image"]
    assert both["migrate"]["command"] == ["alembic", "upgrade", "head"]
    assert both["migrate"]["volumes"] == both["service"]["volumes"] == ["data:/data"]
    assert both["service"]["restart"] == more["database"]["restart"] == "unless-stopped"
    assert "restart" not in both["migrate"]  # it ends, and that is right
    done = {"migrate": {"condition": "service_completed_successfully"}}
    assert both["service"]["depends_on"] == done
    assert more["migrate"]["depends_on"] == {"database": {"condition": "service_healthy"}}
    assert more["service"]["environment"] == more["migrate"]["environment"]
    assert ":?" in more["database"]["environment"]["POSTGRES_PASSWORD"]  # no empty password
    # By the network: while PostgreSQL makes its files, it answers only beside itself.
    check = more["database"]["healthcheck"]
    assert dict(pairwise(check["test"]))["-h"] == "127.0.0.1"
    assert int(check["interval"].removesuffix("s")) * check["retries"] >= 60  # the first start
    address, made = make_url(more["migrate"]["environment"]["DATABASE_URL"]), more["database"]
    named = (address.username, address.password, address.host, address.database)
    assert named == ("service", "${POSTGRES_PASSWORD}", "database", "tasks")
    assert (made["environment"]["POSTGRES_USER"], made["environment"]["POSTGRES_DB"]) == named[::3]
    assert made["volumes"] == ["postgres:/var/lib/postgresql"]  # from 18 on, without `/data`


def test_the_level_of_the_logs(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """LOG_LEVEL holds for the lines of this app, and for those of no driver."""
    monkeypatch.setenv("LOG_LEVEL", "ERROR")
    code = "from logging import getLogger; from app.logs import set_up_logs; set_up_logs()\n"
    code += "print(*[getLogger(one).getEffectiveLevel() for one in ('app.main', 'a_driver')])"
    assert run(code, project / "database.db", project) == "40 30\n"


GONE = """
import asyncio, logging, sys
from types import SimpleNamespace
from app.logs import log_request
logging.basicConfig(level="INFO", format="%(message)s", stream=sys.stdout)

async def nobody_waits(request):
    raise asyncio.CancelledError

request = SimpleNamespace(method="GET", scope={"path": "/task/"})
try:
    asyncio.run(log_request(request, nobody_waits))
except asyncio.CancelledError:
    print("and no answer")
"""


def test_a_request_that_is_given_up_is_no_200(project: Path) -> None:
    """Its line is written all the same, and has no status that no client has got."""
    said = run(GONE, project / "database.db", project)
    assert re.fullmatch(r"GET /task/ 500 \d+ ms\nand no answer\n", said)
