"""Tests the servers that are processes of their own: they start, say why not, and always end."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import httpx
import psutil
import pytest
from debugpy import _vendored
from helpers import child_of, is_gone, redirect

from tutorial import Problem, process, start_process, steps, trial_folder, workspace
from tutorial.explain import other_encoding_in
from tutorial.family import Program, family, shown, without_debugger
from tutorial.process import Process, stop_processes
from tutorial.server import Server

NOTEBOOKS = Path(process.__file__).parent.parent

# A small ASGI app without FastAPI, which starts fast. It answers with what it was given.
APP = """
import json, os

async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        return
    given = {name: os.environ.get(name) for name in ("COLOUR", "DATABASE_URL")}
    body = json.dumps(given | {"folder": os.getcwd()}).encode()
    headers = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})
"""
SAYS_GOODBYE = """
async def app(scope, receive, send):
    await receive()
    await send({"type": "lifespan.startup.complete"})
    await receive()
    open("goodbye", "w").close()
    await send({"type": "lifespan.shutdown.complete"})
"""
HANGS = """
import asyncio

async def app(scope, receive, send):
    await receive()
    if WHEN == "end":
        await send({"type": "lifespan.startup.complete"})
        await receive()
    await asyncio.sleep(60)
"""
WRITES_OTHER_BYTES = """
import sys

sys.stderr.buffer.write("für dich\\n".encode("latin-1"))
raise ValueError("kein Glück")
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Give an empty workspace; at the end of a test, no process may be left."""
    monkeypatch.setenv("TUTORIAL_WORKSPACE", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", sys.path.copy())
    yield tmp_path
    left = Process.running()
    stop_processes()
    assert not left


def app_file(folder: Path, text: str = APP) -> None:
    """Write an app into a folder."""
    (folder / "small.py").write_text(text, encoding="utf-8")


STOPPED = """
import os, signal, sys, time
import httpx
from tutorial import start_process

signal.signal(signal.SIGINT, lambda *_: None)
with start_process("small:app", ".") as server:
    os.killpg(0, signal.SIGINT)
    time.sleep(0.5)
    print(httpx.get(server.url).status_code)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there, the button reaches the kernel only")
def test_the_stop_button(folder: Path) -> None:
    """JupyterLab's sends SIGINT to the kernel and to all of its group: a server is not in it.

    It would end, and be told to have a fault in its files, or be missed by the next cell.
    """
    app_file(folder)
    done = subprocess.run(
        [sys.executable, "-c", STOPPED],
        env=os.environ | {"PYTHONPATH": str(NOTEBOOKS)},
        start_new_session=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stdout == "200\n", done.stderr


def test_a_process(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It runs in its folder with its settings, not with ours, and it is gone after the block."""
    monkeypatch.setenv("DATABASE_URL", "sqlite:///somewhere_else.db")
    app_file(folder)
    with start_process("small:app", folder, COLOUR="red") as server:
        assert Process.running() == [server]
        assert Server.running() == []  # `serve` stops those that have its target
        assert repr(server) == "<small:app runs>"
        got = httpx.get(server.url).json()
        assert (got["COLOUR"], got["DATABASE_URL"]) == ("red", None)
        assert Path(got["folder"]).samefile(folder)
    assert repr(server) == "<small:app is stopped>"
    with pytest.raises(httpx.ConnectError):
        httpx.get(server.url)
    server.stop()
    server.kill()


def test_the_log(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`log()`, which the advice after a status of 500 names, shows the error, as of any server."""
    app_file(folder, APP.replace("given = {", "1 / 0; given = {"))
    with start_process("small:app", folder) as one:
        assert httpx.get(one.url).status_code == 500
    one.log()
    assert "ZeroDivisionError: division by zero" in capsys.readouterr().out
    (folder / "server1.log").unlink()  # the next trial in this folder takes it away
    one.log()
    assert capsys.readouterr().out == "\n"


def test_options_go_to_uvicorn(folder: Path) -> None:
    """With --no-access-log, no request is in the log; two servers of a folder have two logs."""
    app_file(folder)
    for number, options in enumerate([(), ("--no-access-log",)], start=1):
        with start_process("small:app", folder, *options) as server:
            httpx.get(server.url)
        log = (folder / f"server{number}.log").read_text(encoding="utf-8")
        assert ("GET / HTTP/1.1" in log) == (not options)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("raise ValueError('no luck')", "small:app did not start: ValueError: no luck"),
        ("app = (", "small:app did not start: SyntaxError: "),
        ("import os; os._exit(3)", "small:app did not start: it gave no reason"),
        ("other = 1", "small has no app with the name `app`"),
        (None, "There is no module small in this project"),
        (WRITES_OTHER_BYTES, "small:app did not start: ValueError: kein Glück"),
        ("import wave; wave.open('a')", r"wave\.py hides the module `wave`"),
        ("from app import models", r"^app/models\.py is not saved as UTF-8"),
        ("import app.notes", r"^app/notes\.py is not saved as UTF-8"),
    ],
    ids=["error", "syntax", "silent", "no app", "no file", "bytes", "hidden", "latin", "NUL"],
)
def test_a_server_that_does_not_start(folder: Path, text: str | None, says: str) -> None:
    """It says why, in one line, also if a file that it meets is the cause, or its log no UTF-8."""
    if text is not None:
        app_file(folder, text)
    (folder / "wave.py").touch()
    (folder / "app").mkdir()
    name, encoding = ("notes", "utf-16-le") if text and "notes" in text else ("models", "latin-1")
    (folder / "app" / f"{name}.py").write_text("name = 'für mich'\n", encoding=encoding)
    with pytest.raises(Problem, match=says) as caught:
        start_process("small:app", folder)
    assert "Traceback" not in str(caught.value)
    assert not Process.running()


@pytest.mark.parametrize("said", ["'utf-8' codec can't decode byte 0xfc", "Non-UTF-8 code"])
def test_what_python_says_of_bytes(folder: Path, said: str) -> None:
    """It depends on its version."""
    (folder / "app").mkdir()
    (folder / "app" / "models.py").write_text("name = 'für mich'\n", encoding="latin-1")
    found = other_encoding_in(f"SyntaxError: {said}", folder)
    assert found and found.what.startswith("app/models.py is not saved as UTF-8")


def test_no_folder(folder: Path) -> None:
    """A learner who has left out the cell that writes the app is told so."""
    with pytest.raises(Problem, match="There is no module service in this project") as caught:
        start_process("service:app", folder / "gone")
    assert "run the cells above that write it" in caught.value.todo


def test_an_old_database(folder: Path) -> None:
    """It says which command to run, in the words of the service; the traceback is left out."""
    sentence = "sqlite:///x is at revision 1, the app needs 2: run `alembic upgrade head`."
    app_file(folder, f'raise RuntimeError("{sentence}")')
    with pytest.raises(Problem) as caught:
        start_process("small:app", folder)
    assert caught.value.key == "database-not-at-head"
    assert caught.value.what == f"small:app did not start: {sentence}"


def test_a_locked_database(folder: Path) -> None:
    """It names the lock, and not a mistake in the file."""
    app_file(folder, "import sqlite3\nraise sqlite3.OperationalError('database is locked')")
    with pytest.raises(Problem) as caught:
        start_process("small:app", folder)
    assert caught.value.key == "database-locked"


def test_a_server_that_does_not_come_up(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is ended, and the learner is told how long the course has waited."""
    monkeypatch.setattr(process, "START_SECONDS", 1.0)
    app_file(folder, 'WHEN = "start"\n' + HANGS)
    with pytest.raises(Problem, match="did not start within 1 seconds"):
        start_process("small:app", folder)
    assert not Process.running()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows ends a process at once")
def test_stop_asks_and_kill_does_not(folder: Path) -> None:
    """After `stop` the end of the lifespan has run, after `kill` it has not."""
    app_file(folder, SAYS_GOODBYE)
    for end in ("kill", "stop"):
        server = start_process("small:app", folder)
        getattr(server, end)()
        assert (folder / "goodbye").exists() == (end == "stop")


def test_a_server_that_does_not_end(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It gets some time, then it is killed."""
    monkeypatch.setattr(process, "STOP_SECONDS", 0.5)
    app_file(folder, 'WHEN = "end"\n' + HANGS)
    server = start_process("small:app", folder)
    started = time.monotonic()
    server.stop()
    assert not server.is_running
    assert time.monotonic() - started < 10


@pytest.mark.skipif(sys.platform == "win32", reason="the redirector is a script")
@pytest.mark.parametrize("end", ["kill", "stop"])
def test_a_python_that_starts_another_one(
    folder: Path, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    """As in an environment on Windows: when the server is stopped, the real one is gone, too."""
    app_file(folder)
    redirect(folder, monkeypatch)
    server = start_process("small:app", folder)
    real = child_of(server._process.pid)
    getattr(server, end)()
    assert is_gone(real)


STARTS_OTHERS = """
import subprocess, sys, time
if len(sys.argv) < 4:
    subprocess.Popen([sys.executable, "-S", *sys.argv, "one more"])
else:
    print("up", flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize("end", ["kill", "terminate"])
def test_what_a_program_has_started_ends_with_it(folder: Path, end: str) -> None:
    """Also what that has started; and if it was asked to end, and only its children go on."""
    (folder / "starts.py").write_text(STARTS_OTHERS, encoding="utf-8")
    command = [sys.executable, "-S", "starts.py", "one"]
    with Program(command, cwd=folder, stdout=subprocess.PIPE) as program:
        assert program.stdout.readline().strip() == b"up"
        _, *children = family(program)
        assert len(children) == 2
        getattr(program, end)()
        if end == "terminate":
            program.wait()
            program.kill()
        assert program.returncode is not None  # so nothing is left of it, either
        assert all(is_gone(child) for child in children)
        assert family(program) == []


@pytest.mark.parametrize(("status", "seen"), [(0, 0), (3, 3), (-9, 137), (3221225786, 58)])
def test_an_exit_status_as_in_a_shell(status: int, seen: int) -> None:
    """As that of Linux shows it, also the long ones of Windows."""
    assert shown(status) == seen


@pytest.mark.parametrize("end", ["pass", "os._exit(1)", "os.kill(os.getpid(), 9)"])
def test_no_server_outlives_its_kernel(folder: Path, end: str) -> None:
    """Whether the kernel ends in order, crashes or is killed: the server ends, too."""
    app_file(folder)
    text = (
        "import os\nfrom tutorial import start_process\n"
        "server = start_process('small:app', '.')\n"
        f"print(server._process.pid, flush=True)\n{end}\n"
    )
    environment = os.environ | {"PYTHONPATH": str(NOTEBOOKS)}
    command = [sys.executable, "-c", text]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=False)
    pid = int(done.stdout)
    deadline = time.monotonic() + 10
    while psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline, "the server runs on"
        time.sleep(0.02)


def test_begin_stops_what_was_left(folder: Path) -> None:
    """A cell that was stopped half-way may leave a server; the next begin ends it."""
    app_file(folder)
    server = start_process("small:app", folder)
    steps.begin(1)
    assert not server.is_running


def test_a_trial_has_a_copy_of_the_project(folder: Path) -> None:
    """What happens in the copy does not reach the project; a copy is made anew each time."""
    (folder / "app").mkdir()
    (folder / "app" / "main.py").write_text("mine = 1\n", encoding="utf-8")
    (folder / "database.db").write_bytes(b"rows")
    for _ in range(2):
        copy = trial_folder("first")
        assert copy == folder.resolve() / workspace.TRIAL / "first"
        assert sorted(path.name for path in copy.iterdir()) == ["app", "database.db"]
        (copy / "app" / "main.py").write_text("changed = 1\n", encoding="utf-8")
        (copy / "database.db").write_bytes(b"other rows")
        (copy / "server1.log").touch()
    assert (folder / "app" / "main.py").read_text(encoding="utf-8") == "mine = 1\n"
    assert (folder / "database.db").read_bytes() == b"rows"
    workspace.clear_trials(folder)
    assert not copy.parent.exists()


SKIPS = "skip_subprocess_arg_patch"


def test_no_debugger_follows_into_a_program(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Where the debugger is on, each Python would wait for one of its own: here it is told not to.

    The stand-in has the name that the real one has in a kernel, and in the files of debugpy.
    """
    skipped = []

    @contextmanager
    def skip() -> Iterator[None]:
        skipped.append(True)
        yield
        skipped.append(False)

    def start(*_: object, **__: object) -> None:
        assert skipped == [True], "the process is started with the debugger's patch"

    monkeypatch.setitem(sys.modules, "_pydev_bundle.pydev_monkey", SimpleNamespace(**{SKIPS: skip}))
    monkeypatch.setattr(subprocess.Popen, "_execute_child", start)
    monkeypatch.setattr(subprocess.Popen, "poll", lambda self: 0)
    Program([sys.executable, "-c", ""])
    assert skipped == [True, False]
    package = Path(_vendored.__file__).parent / "pydevd" / "_pydev_bundle" / "pydev_monkey.py"
    assert f"def {SKIPS}(" in package.read_text(encoding="utf-8")


def test_another_debugger_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """PyCharm's has a module of the same name, and nothing in it to call."""
    monkeypatch.setitem(sys.modules, "_pydev_bundle.pydev_monkey", SimpleNamespace())
    with without_debugger():
        pass


def test_no_other_process_is_started() -> None:
    """All but PostgreSQL's programs are a Program, or stand in a block without the debugger."""
    for path in (NOTEBOOKS / "tutorial").rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        starts = len(re.findall(r"subprocess\.(?:run|Popen)\(", text))
        told = len(
            re.findall(r"with without_debugger\(\):\n[^\n]*subprocess\.(?:run|Popen)\(", text)
        )
        assert starts == told or path.stem == "postgres_folder", path
