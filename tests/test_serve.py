"""Tests `serve`: a server in the kernel comes up, takes up edits, and leaves nothing behind."""

import _thread
import importlib
import logging
import os
import shutil
import socket
import sqlite3
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest
from helpers import left_behind, write
from sqlalchemy.exc import SAWarning
from sqlalchemy.orm import registry
from sqlmodel import SQLModel

from tutorial import Problem, fresh, serve, server, stop_servers
from tutorial.server import Server
from tutorial.terminal import terminal

ROOT = Path(__file__).parent.parent

PING = """
from fastapi import FastAPI
app = FastAPI()

@app.get("/ping")
def ping():
    return "{answer}"
"""
LIFESPAN = """
import asyncio
import time
from contextlib import asynccontextmanager
from fastapi import FastAPI

@asynccontextmanager
async def lifespan(app):
    {body}
    yield

app = FastAPI(lifespan=lifespan)

@app.get("/ping")
def ping():
    return "up"
"""
SLOW = """
import asyncio
import threading
from fastapi import FastAPI

app = FastAPI()
begun = threading.Event()
released = threading.Event()

@app.get("/async")
async def wait_async():
    begun.set()
    await asyncio.sleep(60)

@app.get("/sync")
def wait_sync():
    begun.set()
    released.wait(60)
"""
HOLD = """
import asyncio
import threading
from fastapi import FastAPI
from sqlalchemy.ext.asyncio import create_async_engine

engine = create_async_engine("sqlite+aiosqlite:///database.db")
app = FastAPI()
begun = threading.Event()
released = threading.Event()

@app.get("/hold")
async def hold_a_connection():
    async with engine.connect():
        begun.set()
        while not released.is_set():
            await asyncio.sleep(0.01)
    return "done"
"""
MODELS = """
from sqlmodel import Field, SQLModel

class TaskBase(SQLModel):
    name: str{more_fields}

class Task(TaskBase, table=True):
    id: int | None = Field(default=None, primary_key=True)
"""
SYNC = """
from fastapi import FastAPI
from sqlmodel import Session, create_engine, select
from app.models import Task, TaskBase

engine = create_engine("sqlite:///database.db")
app = FastAPI()

@app.post("/task/")
def create(task: TaskBase) -> TaskBase:
    with Session(engine, expire_on_commit=False) as session:
        row = Task.model_validate(task)
        session.add(row)
        session.commit()
        return row

@app.get("/task/")
def read() -> list[TaskBase]:
    with Session(engine) as session:
        return list(session.exec(select(Task)))
"""
ASYNC = """
from fastapi import FastAPI
from sqlalchemy.ext.asyncio import create_async_engine
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession
from app.models import Task, TaskBase

engine = create_async_engine("sqlite+aiosqlite:///database.db")
app = FastAPI()

@app.post("/task/")
async def create(task: TaskBase) -> TaskBase:
    async with AsyncSession(engine, expire_on_commit=False) as session:
        row = Task.model_validate(task)
        session.add(row)
        await session.commit()
        return row

@app.get("/task/")
async def read() -> list[TaskBase]:
    async with AsyncSession(engine) as session:
        return list(await session.exec(select(Task)))
"""


def get(running: Server, path: str = "/ping") -> object:
    """Return what a server answers."""
    return httpx.get(running.url + path, timeout=10).json()


def answers(url: str) -> bool:
    """Whether something listens at an address."""
    try:
        httpx.get(f"{url}/ping", timeout=10)
    except httpx.TransportError:
        return False
    return True


@pytest.fixture(autouse=True, scope="module")
def imports() -> None:
    """Import the packages, which takes its time once and is no part of what is measured."""
    for name in ("aiosqlite", "alembic.config", "alembic.script", "fastapi", "uvicorn"):
        importlib.import_module(name)


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Work in an empty project; and no test may leave a thread, a socket or a log handler."""
    folder = tmp_path / "a project"
    (folder / "app").mkdir(parents=True)
    (folder / "app" / "__init__.py").touch()
    monkeypatch.chdir(folder)
    monkeypatch.syspath_prepend(folder)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.setenv("NO_PROXY", "")
    monkeypatch.setenv("no_proxy", "")
    monkeypatch.delenv("DATABASE_URL", raising=False)
    # The other tests' tables and modules stay out of the way.
    tables = registry()
    monkeypatch.setattr(SQLModel, "_sa_registry", tables)
    monkeypatch.setattr(SQLModel, "metadata", tables.metadata)
    monkeypatch.setattr(fresh, "_imported", {})
    others = fresh.app_modules()
    for name in others:
        del sys.modules[name]
    made: list[Server] = []

    class Recorded(Server):
        def __init__(self, name: str, app: object) -> None:
            super().__init__(name, app)
            made.append(self)

    monkeypatch.setattr(server, "Server", Recorded)
    threads = set(threading.enumerate())
    yield folder
    stop_servers()
    assert left_behind(threads) == set()
    assert [one for one in made if one._socket.fileno() != -1] == []
    handlers = logging.getLogger("uvicorn").handlers
    assert [one for one in handlers if isinstance(one, server._ThreadLog)] == []
    assert Server.running() == []
    fresh.forget_app()
    sys.modules.update(others)


@pytest.fixture
def tasks() -> None:
    """Write a sync and an async app that share their models, and make their database."""
    write("app/models.py", MODELS.format(more_fields=""))
    write("app/main.py", SYNC)
    write("app/main_async.py", ASYNC)
    with closing(sqlite3.connect("database.db")) as connection:
        connection.execute("CREATE TABLE task (id INTEGER PRIMARY KEY, name VARCHAR)")


@pytest.fixture
def real_app() -> None:
    """Copy the finished service, without a database."""
    shutil.rmtree("app")
    for name in ("app", "alembic"):
        shutil.copytree(ROOT / name, name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "alembic.ini", "alembic.ini")


def test_two_servers_run_at_once() -> None:
    """Two apps are served at the same time, each on a port of its own."""
    write("app/main.py", PING.format(answer="one"))
    write("app/other.py", PING.format(answer="two"))
    one, two = serve("app.main:app"), serve("app.other:app")
    assert (get(one), get(two)) == ("one", "two")
    assert one.url != two.url
    assert Server.running() == [one, two]
    assert repr(one) == "<app.main:app runs>"
    assert {running._socket.getsockname()[0] for running in (one, two)} == {"127.0.0.1"}
    # Python waits for each other thread before it ends: the kernel could not be stopped.
    assert one._thread.daemon and two._thread.daemon


def test_starting_again_replaces_the_server() -> None:
    """The same target started twice: the second answers, the first one's port does not."""
    write("app/main.py", PING.format(answer="up"))
    first = serve("app.main:app")
    second = serve("app.main:app")
    assert get(second) == "up"
    assert not answers(first.url)
    assert not first.is_running
    assert repr(first) == "<app.main:app is stopped>"


def test_app_object_is_served() -> None:
    """An ASGI app itself is served as well, under a name of one's choice."""
    write("app/main.py", PING.format(answer="up"))
    from app.main import app

    with serve(app, name="mine") as running:
        assert (get(running), repr(running)) == ("up", "<mine runs>")
    assert not answers(running.url)


def test_edited_file_is_taken_up() -> None:
    """A restart serves the file as it is now, also if nothing but one letter changed at once."""
    for answer in ("a", "b", "c"):
        write("app/main.py", PING.format(answer=answer))
        assert get(serve("app.main:app")) == answer


def test_file_edited_in_the_cell_that_imported_it_is_taken_up() -> None:
    """An import, an edit and a start without a cell's end between them: the edit is served."""
    write("app/main.py", PING.format(answer="old"))
    importlib.import_module("app.main")

    write("app/main.py", PING.format(answer="new"))
    assert get(serve("app.main:app")) == "new"


def test_another_database_url_is_taken_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine was made with the address of its time: a change of it is like one of a file."""
    text = PING.format(answer="").replace('return ""', "return URL")
    write("app/main.py", f'import os\nURL = os.environ.get("DATABASE_URL")\n{text}')
    assert get(serve("app.main:app")) is None
    for url in ("sqlite:///one.db", "sqlite:///other.db"):
        monkeypatch.setenv("DATABASE_URL", url)
        assert get(serve("app.main:app")) == url


def test_unchanged_files_are_not_imported_again() -> None:
    """Servers that share a module share the very same one while no file changes."""
    write("app/main.py", PING.format(answer="up"))
    serve("app.main:app")
    module = sys.modules["app.main"]
    serve("app.main:app")
    fresh.forget_changed_app()
    assert sys.modules["app.main"] is module


def test_changed_file_is_forgotten_before_the_next_cell() -> None:
    """An import in a cell reads the file as it is, and as it was if nothing changed."""
    write("app/value.py", "number = 1\n")
    from app import value

    fresh.forget_changed_app()
    assert sys.modules["app.value"] is value
    write("app/value.py", "number = 2\n")
    fresh.forget_changed_app()
    assert "app.value" not in sys.modules
    from app.value import number

    assert number == 2
    fresh.forget_changed_app()
    Path("app/value.py").unlink()
    fresh.forget_changed_app()
    assert "app.value" not in sys.modules


@pytest.mark.usefixtures("tasks")
def test_old_server_works_on_after_an_edit(recwarn: pytest.WarningsRecorder) -> None:
    """Models edited under a running server: the new server has the new ones, the old the old."""
    old = serve("app.main:app")
    assert httpx.post(old.url + "/task/", json={"name": "first"}).json() == {"name": "first"}
    more_fields = ""
    for number in range(3):
        more_fields += f"\n    extra_{number}: str | None = None"
        write("app/models.py", MODELS.format(more_fields=more_fields))
        with closing(sqlite3.connect("database.db")) as connection:
            connection.execute(f"ALTER TABLE task ADD COLUMN extra_{number} VARCHAR")
        new = serve("app.main_async:app")
        row = {"name": f"row {number}"} | {f"extra_{i}": "more" for i in range(number + 1)}
        assert httpx.post(new.url + "/task/", json=row).json() == row
        assert get(new, "/task/")[-1] == row
        assert get(old, "/task/")[-1] == {"name": f"row {number}"}
        added = httpx.post(old.url + "/task/", json={"name": "through the old server"})
        assert added.json() == {"name": "through the old server"}
    assert old.is_running
    assert [str(one.message) for one in recwarn if issubclass(one.category, SAWarning)] == []


@pytest.mark.usefixtures("tasks")
def test_forgotten_tables_leave_no_trace() -> None:
    """After an edit, the metadata holds what the new files say: no old table, no old naming."""
    convention = 'SQLModel.metadata.naming_convention = {"pk": "pk_%(table_name)s"}\n'
    write("app/models.py", MODELS.format(more_fields="") + convention)
    importlib.import_module("app.models")

    fresh.forget_app()
    write("app/models.py", MODELS.replace("Task(", "Job(").format(more_fields=""))
    from app.models import Job

    assert list(SQLModel.metadata.tables) == ["job"]
    assert Job.__table__.primary_key.name is None


def test_table_of_a_failed_import_is_forgotten() -> None:
    """A mistake below a table: the corrected file does not meet the table of the first try."""
    importlib.import_module("app")

    right = MODELS.format(more_fields="")
    fresh.forget_changed_app()
    write("app/models.py", right + "nope()\n")
    with pytest.raises(NameError) as caught:  # in a cell; `caught` keeps the error, as IPython does
        importlib.import_module("app.models")
    write("app/models.py", right)
    fresh.forget_changed_app()
    from app.models import Task

    assert caught.type is NameError
    fresh.forget_app()
    write("app/models.py", right + "nope()\n")
    write("app/main.py", SYNC)
    importlib.import_module("app")

    fresh.forget_changed_app()
    with pytest.raises(Problem, match="NameError"):  # in serve
        serve("app.main:app")
    write("app/models.py", right)
    assert serve("app.main:app").is_running
    assert sys.modules["app.models"].Task is not Task


@pytest.mark.parametrize(
    ("text", "target", "says"),
    [
        ("x = (\n", "app.main:app", "app/main.py has a syntax error in line 1: '(' was never"),
        ("def f():\nx = 1\n", "app.main:app", "app/main.py has a syntax error in line 2: expected"),
        (None, "app.main:app", "There is no module app.main in this project."),
        (None, "app/main.py", "There is no module app/main.py in this project."),
        (None, "nowhere:app", "There is no module nowhere in this project."),
        (PING, "app.main:nope", "app.main has no app with the name `nope`."),
        ("app = None", "app.main", "app.main has no app with the name `app`."),
        ("def ping(): ...", "app.main:ping", "app.main has no app with the name `ping`."),
        ("async def add(task, session): ...", "app.main:add", "app.main has no app with the name"),
        ("from fastapi import FastAPI as app", "app.main", "app.main has no app with the name"),
        ("import nowhere\n", "app.main:app", "ModuleNotFoundError: No module named 'nowhere'"),
        ("from app.nope import x\n", "app.main:app", "no module app.nope (app/main.py, line 1)"),
        ("from fastapi import nope\n", "app.main:app", "ImportError: cannot import name 'nope'"),
        ("import app\napp.nope()\n", "app.main:app", "AttributeError: module 'app' has no attrib"),
        ("raise ValueError('a\\nb')\n", "app.main:app", "it stops in line 1: ValueError: a"),
        (LIFESPAN.format(body="raise ValueError('no\\nway')"), "app.main:app", "ValueError: no"),
        (LIFESPAN.format(body="open('nope')"), "app.main:app", "FileNotFoundError: [Errno 2] No"),
        (LIFESPAN.format(body="raise SystemExit(7)"), "app.main:app", "SystemExit: 7"),
    ],
)
def test_failed_start_says_why(text: str | None, target: str, says: str) -> None:
    """A wrong file raises Problem at once, with the cause; once it is right, it is served."""
    if text is not None:
        write("app/main.py", text)
    before = set(threading.enumerate())
    begun = time.monotonic()
    with pytest.raises(Problem) as caught:
        serve(target)
    assert time.monotonic() - begun < 2
    assert says in caught.value.what
    assert len(caught.value._render_traceback_()) == 3
    assert left_behind(before) == set()
    assert Server.running() == []
    write("app/main.py", PING.format(answer="right now"))
    assert get(serve("app.main:app")) == "right now"


def test_server_that_breaks_by_itself_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    """An error that uvicorn does not log, for example of the system, is the cause all the same."""

    async def fail(*_sockets: object, **_more: object) -> None:
        raise OSError("too many open files")

    monkeypatch.setattr("uvicorn.Server.serve", fail)
    write("app/main.py", PING.format(answer="up"))
    with pytest.raises(Problem, match="did not start: OSError: too many open files"):
        serve("app.main:app")


def test_database_error_in_the_lifespan_is_named_by_its_first_line() -> None:
    """The cause is what SQLite says, not the last line of SQLAlchemy's page-long message."""
    body = "engine.connect().exec_driver_sql('SELECT * FROM nope')"
    head = "from sqlmodel import create_engine\nengine = create_engine('sqlite://')\n"
    write("app/main.py", head + LIFESPAN.format(body=body))
    with pytest.raises(Problem) as caught:
        serve("app.main:app")
    assert caught.value.what == (
        "app.main:app did not start: OperationalError: (sqlite3.OperationalError) no such table: "
        "nope"
    )


@pytest.mark.parametrize(
    ("error", "key"),
    [
        ("sqlite3.OperationalError('database is locked')", "database-locked"),
        ("configparser.InterpolationSyntaxError('a', 'b', 'found: % x')", "percent-sign"),
        ("configparser.ParsingError('alembic.ini')", "settings-not-read"),
        # Words of uvicorn's own program, which does not run here: an app may use them for its own.
        ("ImportError('Could not import module \"x\"')", "server-did-not-start"),
    ],
)
def test_what_an_app_says_at_its_start_is_explained(error: str, key: str) -> None:
    """A locked database is no mistake in a file; and other words mean what the app means."""
    write("app/main.py", LIFESPAN.format(body=f"import configparser, sqlite3; raise {error}"))
    with pytest.raises(Problem) as caught:
        serve("app.main:app")
    assert caught.value.key == key
    assert "Application startup" not in caught.value.what  # which uvicorn says of any of them


@pytest.mark.usefixtures("real_app")
@pytest.mark.parametrize("target", ["app.main:app", "app.main_async:app"])
def test_service_that_refuses_the_database(target: str) -> None:
    """The service's own sentence about its database is the whole message; migrated, it starts."""
    before = set(threading.enumerate())
    begun = time.monotonic()
    with pytest.raises(Problem) as caught:
        serve(target)
    assert time.monotonic() - begun < 2
    assert left_behind(before) == set()
    assert caught.value.what == (
        f"{target} did not start: There is no database database.db: run `alembic upgrade head`."
    )
    assert "%%terminal" in caught.value.todo
    terminal("--tail 1", "alembic upgrade head")
    running = serve(target)
    assert httpx.post(running.url + "/task/", json={"task_name": "a"}).status_code == 201


@pytest.mark.usefixtures("real_app")
@pytest.mark.parametrize("target", ["app.main:app", "app.main_async:app"])
def test_stop_leaves_no_thread(target: str) -> None:
    """The engine's threads and connections end with the server, sync and async."""
    terminal("--tail 1", "alembic upgrade head")
    before = set(threading.enumerate())
    running = serve(target)
    for number in range(5):
        httpx.post(running.url + "/task/", json={"task_name": f"task {number}"})
    assert set(threading.enumerate()) > before
    running.stop()
    assert left_behind(before) == set()
    Path("database.db").rename("free.db")  # on Windows, an open file can't be renamed


def test_stop_leaves_a_shared_engine_to_the_other_server() -> None:
    """An engine is closed with its last server; one that is in use then loses no connection."""
    write("app/main.py", HOLD)
    before = set(threading.enumerate())
    one, two = serve("app.main:app", name="one"), serve("app.main:app", name="two")
    module = sys.modules["app.main"]
    client = threading.Thread(target=answers, args=(f"{two.url}/hold?x=",))
    client.start()
    assert module.begun.wait(5)
    one.stop()
    module.released.set()
    client.join(5)
    assert get(two, "/hold") == "done"
    two.stop()
    assert left_behind(before) == set()


def test_stop_twice() -> None:
    """Stopping a stopped server does nothing, also when its target runs again."""
    write("app/main.py", PING.format(answer="up"))
    first = serve("app.main:app")
    first.stop()
    second = serve("app.main:app")
    first.stop()
    assert get(second) == "up"
    stop_servers()
    stop_servers()
    assert not answers(second.url)


def test_stop_with_a_client_open() -> None:
    """A client that keeps its connection open does not delay the stop."""
    write("app/main.py", PING.format(answer="up"))
    running = serve("app.main:app")
    with httpx.Client(base_url=running.url) as client:
        assert client.get("/ping").json() == "up"
        begun = time.monotonic()
        running.stop()
        assert time.monotonic() - begun < 2


@pytest.mark.parametrize("path", ["/async", "/sync"])
def test_stop_with_a_request_in_flight(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A request that does not end delays the stop for a limited time, and is cancelled."""
    monkeypatch.setattr(server, "STOP_SECONDS", 0.3)
    write("app/main.py", SLOW)
    before = set(threading.enumerate())
    running = serve("app.main:app")
    module = sys.modules["app.main"]
    client = threading.Thread(target=answers, args=(f"{running.url}{path}?x=",))
    client.start()
    assert module.begun.wait(5)
    begun = time.monotonic()
    running.stop()
    assert time.monotonic() - begun < 2
    assert not running.is_running
    module.released.set()
    client.join(5)
    assert left_behind(before) == set()


def test_request_in_flight_on_an_async_database_leaves_no_thread(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A cancelled request gives its connection back before the engine is closed."""
    monkeypatch.setattr(server, "STOP_SECONDS", 0.3)
    write("app/main.py", HOLD)
    before = set(threading.enumerate())
    running = serve("app.main:app")
    client = threading.Thread(target=answers, args=(f"{running.url}/hold?x=",))
    client.start()
    assert sys.modules["app.main"].begun.wait(5)
    running.stop()
    client.join(5)
    assert left_behind(before) == set()


def test_interrupt_while_starting_leaves_nothing() -> None:
    """Kernel → Interrupt, while a lifespan waits for ever, ends the wait and the server."""
    write("app/main.py", LIFESPAN.format(body="await asyncio.sleep(60)"))
    before = set(threading.enumerate())
    timer = threading.Timer(0.5, _thread.interrupt_main)
    timer.start()
    begun = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        serve("app.main:app")
    assert time.monotonic() - begun < 2
    assert left_behind(before) == set()
    assert Server.running() == []


def test_stop_before_the_thread_has_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    """An interrupt can come so early: there is no task to cancel yet, and none begins."""
    monkeypatch.setattr(server, "STOP_SECONDS", 0.05)
    write("app/main.py", LIFESPAN.format(body="await asyncio.sleep(60)"))
    from app.main import app

    before, free, run = set(threading.enumerate()), threading.Event(), Server._run
    monkeypatch.setattr(Server, "_run", lambda late: (free.wait(5), run(late)))
    late = server.Server("late", app)
    late.stop()
    assert late._thread.is_alive()
    free.set()
    assert left_behind(before) == set()


def test_start_that_takes_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """A lifespan that waits for ever raises Problem when its time is up."""
    monkeypatch.setattr(server, "START_SECONDS", 0.3)
    write("app/main.py", LIFESPAN.format(body="await asyncio.sleep(60)"))
    with pytest.raises(Problem, match="did not start within"):
        serve("app.main:app")


def test_port_8000_is_taken() -> None:
    """Another program on port 8000 is in nobody's way."""
    write("app/main.py", PING.format(answer="up"))
    with socket.socket() as other:
        try:
            other.bind(("127.0.0.1", 8000))
            other.listen()
        except OSError:
            pass  # then it is taken by somebody else, which will do as well
        assert get(serve("app.main:app")) == "up"


def test_log_holds_the_lines_of_its_own_server(capsys: pytest.CaptureFixture) -> None:
    """Each server's log shows its own requests, prints when asked, and no process number."""
    write("app/main.py", PING.format(answer="one"))
    write("app/other.py", PING.format(answer="two"))
    one, two = serve("app.main:app"), serve("app.other:app")
    get(one, "/ping?from=one")
    get(two, "/ping?from=two")
    assert capsys.readouterr() == ("", "")
    one.log()
    log = capsys.readouterr().out
    assert '"GET /ping?from=one HTTP/1.1" 200' in log
    assert "from=two" not in log
    assert str(os.getpid()) not in log.replace(one.url, "")
    assert [line.split()[0] for line in log.splitlines()] == ["INFO:"] * 3


def test_log_shows_an_exception_in_one_line(capsys: pytest.CaptureFixture) -> None:
    """An endpoint that raises: 500 for the client, one line in the log, nothing in the cell."""
    text = PING.replace('return "{answer}"', "raise ValueError('first\\nsecond')")
    write("app/main.py", text)
    running = serve("app.main:app")
    assert httpx.get(running.url + "/ping").status_code == 500
    running.stop()
    assert capsys.readouterr() == ("", "")
    assert [line for line in running.lines if "ValueError" in line] == [
        "ERROR:    ValueError: first"
    ]


def test_log_works_after_a_server_that_was_set_up_by_hand(capsys: pytest.CaptureFixture) -> None:
    """uvicorn's own logging set-up, or one that disabled its loggers, does not get in the way."""
    import uvicorn

    uvicorn.Config("app.main:app").configure_logging()
    logging.getLogger("uvicorn.access").disabled = True
    write("app/main.py", PING.format(answer="up"))
    running = serve("app.main:app")
    get(running)
    assert any('"GET /ping' in line for line in running.lines)
    assert capsys.readouterr() == ("", "")


def test_proxy_is_not_asked_for_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a proxy set (as companies do), clients and curl reach the server directly."""
    for name in ("HTTP_PROXY", "http_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "example.org")
    write("app/main.py", PING.format(answer="up"))
    assert get(serve("app.main:app")) == "up"
    assert os.environ["NO_PROXY"] == "example.org,127.0.0.1,localhost"
