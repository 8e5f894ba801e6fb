"""Tests the box: it does what a Dockerfile says, without an engine, and leaves nothing behind.

A small server takes the place of uvicorn, so that a box starts at once.
"""

import errno
import os
import sqlite3
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest
from helpers import child_of, is_gone, redirect

from tutorial import Problem, box, build, workspace
from tutorial.process import Process, stop_processes

SERVER = """
import http.server, os, signal, sqlite3, sys, threading

FILE = os.environ["DATABASE_URL"].removeprefix("sqlite:///")
if not os.path.exists(FILE):
    sys.exit(f"There is no {FILE}")
database = sqlite3.connect(FILE, check_same_thread=False, isolation_level=None)
database.execute("PRAGMA journal_mode = WAL")

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        database.execute("INSERT INTO task VALUES (1)")
        self.send_response(200)
        self.end_headers()
        self.wfile.write(os.environ.get("WORD", "-").encode())

server = http.server.ThreadingHTTPServer((sys.argv[2], int(sys.argv[4])), Handler)
signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
print(f"Uvicorn running on http://{sys.argv[2]}:{server.server_port} (Press CTRL+C)", flush=True)
server.serve_forever()
database.close()
print("closed", "0af3" * 8, "in 12 ms", flush=True)
"""
MAKE = """
import os, sqlite3, sys
file = os.environ["DATABASE_URL"].removeprefix("sqlite:///")
connection = sqlite3.connect(file)
connection.execute("CREATE TABLE task (id INTEGER)")
connection.close()
print("made", sorted(os.listdir()), sorted(os.environ), file=open("seen.txt", "w"))
print("made")
"""
DOCKERFILE = """\
FROM somewhere
# COPY nothing .
COPY server.py \\
    .
COPY make.py .
COPY app app
ENV DATABASE_URL=sqlite:////data/database.db WORD="two words"
HEALTHCHECK --interval=3s CMD ["python", "-c", \\
    "from urllib.request import urlopen; urlopen('http://127.0.0.1:8000/')"]
CMD ["server", "--host", "0.0.0.0", "--port", "8000"]
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A project, with files that are not for the box, in a path with a blank."""
    here = tmp_path / "a project"
    (here / "app" / "__pycache__").mkdir(parents=True)
    monkeypatch.setenv("TUTORIAL_WORKSPACE", str(here))
    monkeypatch.setitem(workspace.begun, "number", 0)
    monkeypatch.chdir(here)
    monkeypatch.setenv("PGPASSWORD", "of this machine")
    for name, text in (("server.py", SERVER), ("make.py", MAKE), ("Dockerfile", DOCKERFILE)):
        Path(name).write_text(text, encoding="utf-8")
    Path("app/main.py").touch()
    Path("database.db").touch()
    yield here
    stop_processes()


def rows(file: Path) -> int:
    """Return how many rows a database has."""
    with closing(sqlite3.connect(file)) as connection:
        (number,) = connection.execute("SELECT count(*) FROM task").fetchone()
    return int(number)


def refuse(*_: Path) -> None:
    """Make no second name for a file, as an exFAT disk."""
    raise OSError(errno.ENOTSUP, "Operation not supported")


def left(folder: Path) -> list[Path]:
    """Return the boxes that are there."""
    return list((folder / "under_load/boxes").glob("*"))


def test_what_is_in_a_box(folder: Path, capsys: pytest.CaptureFixture) -> None:
    """What COPY names, the variables of ENV, and what the system needs: nothing of this machine."""
    image = build("1")
    assert (
        capsys.readouterr().out
        == "$ docker build -t task-service:1 .\n/srv: app make.py server.py\n"
    )
    first = image.begin("make", "data")
    while first.is_running:
        pass
    made, *seen = (folder / "under_load/boxes/1/srv/seen.txt").read_text().split("] [")
    assert made == "made ['app', 'make.py', 'server.py'"
    assert "'WORD'" in seen[0] and "PGPASSWORD" not in seen[0]
    assert first.wait() == 0
    assert (folder / "under_load/volumes/data/database.db").exists()
    assert left(folder) == []


def test_the_line_for_docker_and_the_last_words(
    folder: Path, capsys: pytest.CaptureFixture
) -> None:
    """Each call prints what one would type, paths as in the container, and how it ended."""
    build("1").run("", "data", WORD="a b")
    said = capsys.readouterr().out.split("\n", 2)[2]
    line = "$ docker run --rm -v data:/data -e 'WORD=a b' task-service:1"
    assert said == f"{line}\nThere is no /data/database.db\n(exit status 1)\n"


def test_a_path_of_windows(folder: Path, capsys: pytest.CaptureFixture) -> None:
    """A program there may write it with backslashes: it is shown as in the container, too."""
    with_backslashes = SERVER.replace("There is no {FILE}", "{FILE!r}").replace(
        'FILE = os.environ["DATABASE_URL"]',
        'FILE = os.environ["DATABASE_URL"].replace("/", "\\\\")',
    )
    for text in (with_backslashes, with_backslashes.replace("!r", "")):
        (folder / "server.py").write_text(text, encoding="utf-8")
        build("1").run("", "data")
        assert "/data/database.db" in capsys.readouterr().out.splitlines()[-2].strip("'")


@pytest.mark.skipif(sys.platform == "win32", reason="the redirector is a script")
def test_a_python_that_starts_another_one(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in an environment on Windows: when the box is thrown away, the real one is gone, too."""
    image = build("1")
    image.run("make", "data")
    redirect(folder, monkeypatch)
    one = image.start("data")
    real = child_of(one._process.pid)
    one.kill()
    assert is_gone(real)
    assert left(folder) == []


def test_stop_kill_and_volume(folder: Path, capsys: pytest.CaptureFixture) -> None:
    """A box that is told to stop ends by itself; the volume outlives it, and a kill."""
    image = build("1")
    image.run("make", "data")
    database = folder / "under_load/volumes/data/database.db"
    with image.start("data") as one:
        assert httpx.get(one.url).text == "two words"
        assert one.healthy()
    assert "It ended by itself." in capsys.readouterr().out
    assert not one.healthy()
    one.log("closed")
    assert capsys.readouterr().out == "$ docker logs service\nclosed … in … ms\n"
    two = image.start("data", WORD="other")
    assert httpx.get(two.url).text == "other"
    two.kill()
    assert [path.name for path in database.parent.glob("*-wal")] == ["database.db-wal"]
    assert rows(database) == 3
    capsys.readouterr()
    two.stop()
    assert capsys.readouterr().out == ""
    with image.start("data") as three:  # it ends by itself
        three._process.kill()
    assert (left(folder), Process.running()) == ([], [])


def test_a_shell_hands_nothing_on(folder: Path, capsys: pytest.CaptureFixture) -> None:
    """A CMD that is a text is killed when the time is over."""
    text = DOCKERFILE[: DOCKERFILE.index('CMD ["server')]
    (folder / "Dockerfile").write_text(f"{text}CMD server --host 0.0.0.0 --port 8000\n")
    image = build("1")
    image.run("make", "data")
    image.start("data").stop(1)
    assert "It was killed after 1 s." in capsys.readouterr().out
    assert left(folder) == []


@pytest.mark.parametrize("names", [2, 1])
def test_only_the_file(folder: Path, monkeypatch: pytest.MonkeyPatch, names: int) -> None:
    """What is written beside the file is gone with the box. So on a disk with one name a file."""
    if names == 1:
        monkeypatch.setattr(os, "link", refuse)
    image = build("1")
    image.run("make", "data")
    one = image.start("data", only_file=True)
    assert httpx.get(one.url).status_code == 200
    one.kill()
    database = folder / "under_load/volumes/data/database.db"
    assert [path.name for path in database.parent.iterdir()] == ["database.db"]
    assert rows(database) == 0
    with image.start("data", only_file=True) as two:
        assert httpx.get(two.url).status_code == 200
    assert rows(database) == 1  # the file itself is the same one: a database that is closed has all


def test_a_box_that_does_not_end(folder: Path) -> None:
    """`run` is for what ends: a server is stopped, and that is said."""
    image = build("1")
    image.run("make", "data")
    with pytest.raises(Problem, match="serves and waits for requests"):
        image.run("", "data")
    assert (left(folder), Process.running()) == ([], [])


def test_a_box_that_takes_too_long(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing was meant to fail: it is told what the box did last."""
    slow = "import time\nprint('waits for a lock', flush=True)\ntime.sleep(60)\n"
    (folder / "make.py").write_text(slow, encoding="utf-8")
    one = build("1").begin("make", "data")
    while "lock" not in one._said():
        time.sleep(0.01)
    monkeypatch.setattr(box, "START_SECONDS", 0)
    with pytest.raises(Problem, match=r"after 0 seconds, .* last words: waits for a lock"):
        one.wait()
    assert (left(folder), Process.running()) == ([], [])


def test_what_is_not_there(folder: Path) -> None:
    """A file that COPY names and that is missing, and a missing Dockerfile, are named."""
    (folder / "make.py").unlink()
    with pytest.raises(Problem, match=r"no file make\.py"):
        build("1")
    (folder / "Dockerfile").unlink()
    with pytest.raises(Problem, match="no file Dockerfile"):
        build("1")
