"""What a shell has set reaches no other project, no proxy and no command of the lesson.

A list of harmful variables would never be complete, so the commands get a list of those that they
need. The tests set many that Alembic, uvicorn, Python, curl, git and pytest read, one by one.
"""

import json
import os
import sqlite3
import warnings
from contextlib import closing
from pathlib import Path

import certifi
import httpx
import pytest
import uvicorn
from helpers import write
from IPython.core.interactiveshell import InteractiveShell
from service import copy_project
from traitlets.config import Config

from tutorial import serve, start_process, stop_servers
from tutorial.inherited import REDIRECTS, ignore_in_kernel, ignore_settings, needed_variables
from tutorial.terminal import terminal

APP = """
async def app(scope, receive, send):
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"ours"})
"""
# Each one sends a program somewhere else, or lets it print something else.
HARMFUL = {
    "ALEMBIC_CONFIG": "/elsewhere/alembic.ini",
    "UVICORN_LOG_LEVEL": "critical",
    "UVICORN_PORT": "80",
    "UVICORN_APP_DIR": "/elsewhere",
    "UVICORN_WORKERS": "4",
    "UVICORN_RELOAD": "true",
    "WEB_CONCURRENCY": "4",
    "FORWARDED_ALLOW_IPS": "*",
    "PYTHONPATH": "/elsewhere",
    "PYTHONHOME": "/elsewhere",
    "PYTHONSTARTUP": "/elsewhere/start.py",
    "PYTHONWARNINGS": "error",
    "PYTHONOPTIMIZE": "2",
    "PYTHONINSPECT": "1",
    "PYTHONVERBOSE": "1",
    "PYTHONIOENCODING": "ascii",
    "PYTHONUTF8": "0",
    "PYTHONSAFEPATH": "1",
    "PYTHONDEVMODE": "1",
    "PYTHON_GIL": "0",  # with this one and the next, a Python with a GIL does not even start
    "PYTHONINTMAXSTRDIGITS": "7",
    "PYTHON_FROZEN_MODULES": "off",
    "PYTHONEXECUTABLE": "/elsewhere/python",
    "PYTHONPYCACHEPREFIX": "/elsewhere",
    "PYTEST_ADDOPTS": "--collect-only",
    "PYTEST_PLUGINS": "elsewhere",
    "GIT_DIR": "/elsewhere/.git",
    "CURL_HOME": "/elsewhere",
    "http_proxy": "http://127.0.0.1:9",
    "HTTPS_PROXY": "http://127.0.0.1:9",
    "ALL_PROXY": "socks5://127.0.0.1:9",
    "FORCE_COLOR": "1",
    "CLICOLOR_FORCE": "1",
    "SQLALCHEMY_WARN_20": "1",
    "LD_PRELOAD": "",
}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in an empty folder with a space in its path."""
    folder = tmp_path / "my work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def test_only_what_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A command gets no variable that is not on the list, and Python's own as the course wants."""
    for name, value in HARMFUL.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("DATABASE_URL", "sqlite:///mine.db")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.setenv("no_proxy", "127.0.0.1")  # on Windows, this is the same variable
    passed = needed_variables()
    assert passed["PATH"] == os.environ["PATH"]
    assert passed["DATABASE_URL"] == "sqlite:///mine.db"
    assert {name.lower(): value for name, value in passed.items()}["no_proxy"] == "127.0.0.1"
    assert (passed["PYTHONUTF8"], passed["PYTHONNOUSERSITE"]) == ("1", "1")
    assert not HARMFUL.keys() - {"PYTHONUTF8"} & passed.keys()


def test_windows_names_its_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    """Python 3.11 reads the name from a variable: pip chooses packages by it."""
    monkeypatch.setenv("PROCESSOR_ARCHITECTURE", "AMD64")
    assert needed_variables()["PROCESSOR_ARCHITECTURE"] == "AMD64"


def test_another_projects_alembic(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    """ALEMBIC_CONFIG names another project: a downgrade here touches neither its rows nor files."""
    other = copy_project(tmp_path / "other")
    monkeypatch.chdir(other)
    terminal("", "alembic upgrade head")
    with closing(sqlite3.connect("database.db")) as connection, connection:
        connection.execute("INSERT INTO task (task_name) VALUES ('a'), ('b'), ('c')")
    before = {path: path.read_bytes() for path in other.rglob("*") if path.is_file()}
    copy_project(folder)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("ALEMBIC_CONFIG", str(other / "alembic.ini"))
    terminal("", "alembic upgrade head\nalembic downgrade base\nalembic revision -m mine")
    assert "Running downgrade 0001" in capsys.readouterr().out
    assert (folder / "database.db").exists()
    assert len(list((folder / "alembic" / "versions").glob("*_mine.py"))) == 1
    assert before == {path: path.read_bytes() for path in other.rglob("*") if path.is_file()}


def test_what_commands_print(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    """With all the harmful variables at once, a command prints what it prints without them."""
    code = "import json, sys; print(json.dumps([sys.flags.optimize, 'żółw', sys.path[0]]))"
    write("show.py", code)
    terminal("", "python show.py")
    clean = capsys.readouterr().out
    for name, value in HARMFUL.items():
        monkeypatch.setenv(name, value)
    terminal("", "python show.py")
    assert capsys.readouterr().out == clean
    assert json.loads(clean.splitlines()[1])[:2] == [0, "żółw"]


def test_process_ignores_uvicorns_variables(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server in a process starts, and is found, whatever UVICORN_… says."""
    write("service.py", APP)
    for name, value in HARMFUL.items():
        monkeypatch.setenv(name, value)
    with start_process("service:app", folder) as server:
        assert httpx.get(server.url, trust_env=False).text == "ours"


def test_curlrc_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    """A .curlrc of the user's that names a proxy or a file does not change a call of the lesson."""
    home = tmp_path / "home"
    write(str(home / ".curlrc"), 'proxy = "127.0.0.1:9"\noutput = "elsewhere"\n')
    for name in ("HOME", "USERPROFILE", "APPDATA", "CURL_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.setenv(name, str(home))
    write("service.py", APP)
    with start_process("service:app", ".") as server:
        terminal("", "curl -sS $url", {"url": server.url})
    assert capsys.readouterr().out == f"$ curl -sS {server.url}\nours\n"
    assert not Path("elsewhere").exists()


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        *(("ALL_PROXY", "socks5"), ("all_proxy", "socks5h")),
        *(("HTTP_PROXY", "SOCKS5"), ("https_proxy", "socks4")),
    ],
)
def test_kernel_needs_no_package_for_a_proxy(
    name: str, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """httpx makes no client while a socks proxy is set and its package is missing: it is removed.

    A proxy of another kind stays: `pip` in a cell may need it, and this machine is not asked for.
    """
    monkeypatch.setenv("NO_PROXY", "")
    monkeypatch.setenv("no_proxy", "")
    monkeypatch.setenv(
        "HTTPS_PROXY" if name != "https_proxy" else "HTTP_PROXY", "http://127.0.0.1:9"
    )
    monkeypatch.setenv(name, f"{kind}://127.0.0.1:9")
    assert ignore_in_kernel() == [name]
    write("app/__init__.py", "")
    write("app/main.py", APP)
    monkeypatch.syspath_prepend(".")
    try:
        assert httpx.get(serve("app.main:app").url).text == "ours"
    finally:
        stop_servers()


def test_kernel_says_what_it_ignores(monkeypatch: pytest.MonkeyPatch) -> None:
    """The names are returned, each once, and nothing is left; an empty variable is nothing."""
    for name in REDIRECTS:
        monkeypatch.setenv(name, "1")
    assert sorted(ignore_in_kernel()) == list(REDIRECTS)
    monkeypatch.setenv("DATABASE_URL", "")
    assert ignore_in_kernel() == []


def test_what_the_kernel_makes_is_not_redirected(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server has one process and trusts this machine alone, and a client writes no keys."""
    monkeypatch.setenv("FORWARDED_ALLOW_IPS", "*")
    monkeypatch.setenv("WEB_CONCURRENCY", "4")
    monkeypatch.setenv("SSLKEYLOGFILE", "keys.log")
    ignore_in_kernel()
    config = uvicorn.Config("service:app", log_config=None)
    assert config.workers == 1 and "*" not in config.forwarded_allow_ips
    httpx.Client().close()
    assert not Path("keys.log").exists()


def test_certificates_that_can_not_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    """A file that is not there, or holds none, stops httpx; a good one stays, for pip in a cell."""
    write("bad.pem", "no certificate")
    good = certifi.where()
    bad = str(folder / "bad.pem")
    for value, ignored in (("/elsewhere", True), (bad, True), (good, False), ("", False)):
        monkeypatch.setenv("SSL_CERT_FILE", value)
        assert ignore_in_kernel() == ["SSL_CERT_FILE"] * ignored
        httpx.Client().close()


def test_settings_of_ipython_are_set_back() -> None:
    """Each setting is named once; what a profile does not change is left, and not named."""
    InteractiveShell.clear_instance()
    shell = InteractiveShell.instance(config=Config(HistoryManager={"enabled": False}))
    try:
        warnings.simplefilter("error", pytest.PytestWarning)  # a library's own kind stays
        before = list(warnings.filters)
        assert ignore_settings(shell) == []
        shell.ast_node_interactivity, shell.autoawait, shell.autocall = "all", False, 1
        shell.call_pdb = True
        plain = shell.display_formatter.formatters["text/plain"]
        plain.float_precision, plain.max_seq_length, plain.max_width = "%.1f", 3, 20
        plain.newline, plain.pprint = "\r\n", False
        warnings.simplefilter("error")
        shell.run_line_magic("load_ext", "autoreload")
        shell.run_line_magic("autoreload", "2")
        wanted = ["ast_node_interactivity", "autoawait", "autocall", "float_precision"]
        wanted += ["max_seq_length", "max_width", "newline", "pprint", "warnings=error", "pdb"]
        assert ignore_settings(shell) == [*wanted, "autoreload"]
        assert ignore_settings(shell) == []
        assert warnings.filters == before
        assert (shell.ast_node_interactivity, shell.call_pdb) == ("last_expr", False)
        assert shell.run_cell("[1.25] * 5").result == [1.25] * 5 and plain([1.25]) == "[1.25]"
    finally:
        InteractiveShell.clear_instance()
