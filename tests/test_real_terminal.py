"""What notebook 5 lets a learner type in a real terminal works, and answers what it shows.

The commands stand in texts, so nbval does not run them. Here they are run as they are printed.
"""

import json
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest
from helpers import free_port
from service import query, said, start
from shell import Shell

from tutorial import course
from tutorial.ends import stored_ends

FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
BODY = re.compile(r"^\{.*\}$")
SYSTEMS = ("bash", "powershell", "bat")
SECONDS = 30
# bash has no conda here: the environment is active already. A window would show all at once.
BEFORE = "conda() { :; }\nexport PYTHONUNBUFFERED=1\n"
PLACES = ["start-by-hand", "call-by-hand", "stop-by-hand"]
on_unix = pytest.mark.skipif(sys.platform == "win32", reason="it runs the lines for bash")


class Typed(NamedTuple):
    """A place of the notebook: the lines of each system, and what is seen then."""

    lines: dict[str, list[str]]
    seen: list[str]


def typed(place: str) -> Typed:
    """Return what one types at a place of notebook 5."""
    text = "\n".join(one.source for one in course.cells(5) if one.id in (place, _reading(place)))
    blocks = [(language, block.splitlines()) for language, block in FENCE.findall(text)]
    assert [language for language, _ in blocks if language != "text"] == list(SYSTEMS)
    lines = {language: block for language, block in blocks if language != "text"}
    return Typed(
        lines, [line for language, block in blocks if language == "text" for line in block]
    )


def _reading(place: str) -> str:
    return place.replace("by-hand", "reading")


def as_on_windows(line: str) -> tuple[str, str]:
    """Return a line for bash as PowerShell and as the Command Prompt have it."""
    words = shlex.split(line)
    if words[0] == "cd":
        return (line.replace("/", "\\"),) * 2
    if words[0] == "export":
        name, _, value = words[1].partition("=")
        return f'$env:{name} = "{value}"', f"set {name}={value}"
    if words[0] == "unset":
        return f"Remove-Item Env:{words[1]}", f"set {words[1]}="
    if words[0] == "rm":
        return (f"del {words[1]}",) * 2
    # A program of Windows takes its command line apart by these rules, whichever shell has sent it.
    line = subprocess.list2cmdline(words)
    if words[0] == "curl":
        as_it_is = "--% " if '"' in line else ""
        return f"curl.exe {as_it_is}{line.removeprefix('curl ')}", line
    return line, line


@pytest.mark.parametrize("place", PLACES)
def test_each_system_types_the_same(place: str) -> None:
    """Line by line, with the quotes and the words for variables that each system wants."""
    lines = typed(place).lines
    powershell, command_prompt = zip(*map(as_on_windows, lines["bash"]), strict=True)
    assert lines["powershell"] == list(powershell)
    assert lines["bat"] == list(command_prompt)


def environment(folder: Path, port: int) -> dict[str, str]:
    """Return the variables with which the lines, unchanged, use another port than 8000.

    uvicorn reads UVICORN_PORT, and curl its file of settings in CURL_HOME.
    """
    settings = f'connect-to = "127.0.0.1:8000:127.0.0.1:{port}"\nnoproxy = "*"\n'
    (folder / ".curlrc").write_text(settings, encoding="utf-8", newline="\n")
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    given = {"PATH": path, "CURL_HOME": str(folder), "UVICORN_PORT": str(port)}
    kept = {name: os.environ[name] for name in os.environ.keys() - {"DATABASE_URL"}}
    return {**kept, **given, "PYTHONDONTWRITEBYTECODE": "1"}


def bash(lines: list[str], folder: Path, variables: dict[str, str]) -> str:
    """Run lines in a terminal of their own, and return what they print."""
    done = subprocess.run(
        ["bash", "-e", "-c", BEFORE + "\n".join(lines)],
        cwd=folder,
        env=variables,
        capture_output=True,
        encoding="utf-8",
        timeout=SECONDS,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def assert_shown(shown: list[str], printed: str) -> None:
    """Check that lines of the notebook, in which … stands for anything, are printed in order."""
    lines = iter(printed.splitlines())
    for line in shown:
        pattern = ".*".join(map(re.escape, line.split("…")))
        assert any(re.fullmatch(pattern, one) for one in lines), f"{line!r} is not in:\n{printed}"


@on_unix
def test_the_lines_for_bash_do_what_the_notebook_shows(tmp_path: Path) -> None:
    """Start, call, stop: typed as they are printed, from the folder of the course."""
    start, call, stop = map(typed, PLACES)
    workspace = tmp_path / "the course" / "notebooks" / "workspace"
    stored_ends().put(4, workspace)
    database = (workspace / "database.db").read_bytes()
    port = free_port()
    variables = environment(tmp_path, port)
    log = tmp_path / "terminal.log"
    with log.open("wb") as output:
        server = subprocess.Popen(
            ["bash", "-c", BEFORE + "\n".join(start.lines["bash"])],
            cwd=workspace.parent.parent,
            env=variables,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl + C goes to all programs of a terminal
        )
    try:
        said(log, r"Application startup complete\.", server)
        answers = bash(call.lines["bash"], tmp_path, variables)
        shown = [json.loads(line) for line in call.seen if BODY.match(line)]
        assert [json.loads(one) for one in re.findall(r"\{[^}]*\}", answers)] == shown
        said(log, "201 Created", server)
        os.killpg(server.pid, signal.SIGINT)
        server.wait(SECONDS)
    finally:
        if server.poll() is None:
            os.killpg(server.pid, signal.SIGKILL)
            server.wait()
    written = log.read_text(encoding="utf-8").replace(str(port), "8000")
    assert_shown(start.seen + [line for line in call.seen if not BODY.match(line)], written)
    assert "Traceback" not in written
    assert (workspace / "try_out.db").exists()
    after = bash([*stop.lines["bash"], "echo ${DATABASE_URL-gone}"], workspace, variables)
    assert after == "gone\n"
    assert sorted(path.name for path in workspace.iterdir() if path.suffix == ".db") == [
        "database.db"
    ]
    assert (workspace / "database.db").read_bytes() == database


@on_unix
def test_without_the_variable_the_server_takes_database_db(tmp_path: Path) -> None:
    """The reason for which one takes the variable away again."""
    workspace = tmp_path / "notebooks" / "workspace"
    stored_ends().put(4, workspace)
    line = "python -c 'import app.db; print(app.db.DATABASE_URL)'"
    for setting, url in [
        (typed(PLACES[0]).lines["bash"][2], "sqlite:///try_out.db"),
        (typed(PLACES[2]).lines["bash"][0], "sqlite:///database.db"),
    ]:
        variables = environment(tmp_path, 1) | {"DATABASE_URL": "sqlite:///try_out.db"}
        assert bash([setting, line], workspace, variables) == f"{url}\n"


ADDRESS = r"http://127\.0\.0\.1:\d+"
NAMES = "SELECT task_name FROM task WHERE id > 5"


@contextmanager
def left_running(workspace: Path, log: Path, *command: str) -> Iterator[subprocess.Popen[str]]:
    """Run uvicorn in a workspace until the block ends. What it writes goes into `log`."""
    words = ("uvicorn", *command, "--port", "0")
    with log.open("wb") as output:
        server = start(*words, url=None, cwd=workspace, stdout=output, stderr=subprocess.STDOUT)
    try:
        yield server
    finally:
        server.terminate()
        server.wait(SECONDS)


def begin_anew(step: int, workspace: Path) -> None:
    """Begin a step in its notebook, with a project that is made anew."""
    with Shell(step, workspace) as notebook:
        cell = course.cells(step)[1].source
        notebook.write(cell.replace(f"({step})", f"({step}, fresh=True)"))


@on_unix
@pytest.mark.parametrize("app", ["app.main:app", "app.main_async:app"])
def test_a_server_left_running_writes_nothing_into_the_new_database(
    app: str, tmp_path: Path
) -> None:
    """The reason for which one stops all servers before the next notebook begins."""
    workspace, log = tmp_path / "workspace", tmp_path / "server.log"
    stored_ends().put(5, workspace)
    with left_running(workspace, log, app) as server:
        url = said(log, ADDRESS, server)[0] + "/task/"
        assert httpx.post(url, json={"task_name": "before"}).status_code == 201
        begin_anew(6, workspace)
        assert httpx.post(url, json={"task_name": "after"}).status_code == 500
    assert "attempt to write a readonly database" in log.read_text(encoding="utf-8")
    assert query(workspace / "database.db", NAMES) == []
    assert query(workspace / "backups" / "001" / "database.db", NAMES) == [("before",)]


@on_unix
@pytest.mark.parametrize("app", ["app.main:app", "app.main_async:app"])
def test_a_server_left_running_that_has_not_opened_the_old_file(app: str, tmp_path: Path) -> None:
    """It writes into the new database, as notebook 5 says: that of step 6 has closed it."""
    workspace, log = tmp_path / "workspace", tmp_path / "server.log"
    stored_ends().put(6, workspace)
    with left_running(workspace, log, app) as server:
        url = said(log, ADDRESS, server)[0]
        assert httpx.get(f"{url}/ping").status_code == 200
        begin_anew(7, workspace)
        assert httpx.post(f"{url}/task/", json={"task_name": "after"}).status_code == 201
    assert query(workspace / "database.db", NAMES) == [("after",)]


@on_unix
def test_a_server_with_reload_left_running_writes_into_the_new_database(tmp_path: Path) -> None:
    """It is the service of the step before, on the files of the next one, as notebook 5 says."""
    workspace, log = tmp_path / "workspace", tmp_path / "server.log"
    stored_ends().put(5, workspace)
    up = r"Application startup complete\."
    with left_running(workspace, log, "app.main:app", "--reload") as server:
        said(log, up, server)
        url = said(log, ADDRESS, server)[0] + "/task/"
        begin_anew(6, workspace)
        said(log, rf"(?s){up}.*{up}", server)
        assert httpx.post(url, json={"task_name": "after"}, timeout=SECONDS).status_code == 201
    assert query(workspace / "database.db", NAMES) == [("after",)]


@on_unix
def test_who_forgets_cd_is_told_of_alembic_by_the_finished_service(tmp_path: Path) -> None:
    """As notebook 5 and troubleshooting say; it makes no file."""
    lines = [line for line in typed(PLACES[0]).lines["bash"] if not line.startswith("cd ")]
    lines[-1] = lines[-1].replace(" --reload", "")
    done = subprocess.run(
        ["bash", "-c", BEFORE + "\n".join(lines)],
        cwd=course.NOTEBOOKS.parent,
        env=environment(tmp_path, free_port()),
        capture_output=True,
        encoding="utf-8",
        timeout=SECONDS,
    )
    said = "There is no database try_out.db: run `alembic upgrade head`."
    assert said in done.stderr
    assert not (course.NOTEBOOKS.parent / "try_out.db").exists()
    text = (course.NOTEBOOKS / "troubleshooting.md").read_text(encoding="utf-8")
    assert f"| ``{said}`` |" in text
