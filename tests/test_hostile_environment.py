"""Every notebook, run in a shell that holds what would send it elsewhere, ends as it always does.

The variables are those that Alembic, uvicorn, curl, httpx, Python, IPython, matplotlib, git and
pytest read: all at once, and weekly one by one. In the user's own folder lie settings of curl,
IPython and Jupyter. Another project beside it, its database and the user's folder must stay byte
for byte as they were.
"""

from pathlib import Path

import nbformat
import pytest
from helpers import write
from kernel import execute
from learner import Learner
from plays import one_sentence
from service import copy_project, migrated, query
from store_outputs import sanitizer
from strict_outputs import difference, merge_neighbours, seen
from test_inherited import HARMFUL

from tutorial import course
from tutorial.ends import stored_ends
from tutorial.inherited import NOISY
from tutorial.state import read_state
from tutorial.workspace import project_of

# With the first four no kernel starts; the next is refused, and the others only print more.
NOT_FOR_A_KERNEL = {"PYTHONHOME", "PYTHONWARNINGS", "PYTHON_GIL", "PYTHONINTMAXSTRDIGITS"}
NOT_FOR_A_KERNEL |= {"PYTHONOPTIMIZE", *NOISY}
# What changes nothing in a command, and may change something in a kernel, or in what starts it.
OF_THE_KERNEL = {
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONHASHSEED": "7",
    "PYTHONBREAKPOINT": "nothing.there",
    "PYTHONNOUSERSITE": "1",
    "PYTHONUSERBASE": "/elsewhere",
    "PYTHONUNBUFFERED": "1",
    "PYTHONFAULTHANDLER": "1",
    "PYTHONCASEOK": "1",
    "PYTHON_COLORS": "1",
    "PYTHON_GIL": "1",
    "PYTHONINTMAXSTRDIGITS": "640",
    "LC_ALL": "C",
    "TZ": "Asia/Kathmandu",
    "COLUMNS": "20",
    "LINES": "3",
    "NO_COLOR": "1",
    "PIP_INDEX_URL": "http://127.0.0.1:9",
    "PIP_REQUIRE_VIRTUALENV": "1",
    "MPLBACKEND": "Qt5Agg",
    "MPLCONFIGDIR": "/elsewhere",
    "SSL_CERT_FILE": "/elsewhere",
    "SSL_CERT_DIR": "/elsewhere",
    "REQUESTS_CA_BUNDLE": "/elsewhere",
    "CURL_CA_BUNDLE": "/elsewhere",
    "SQLITE_TMPDIR": "/elsewhere",
    "ALEMBIC_CONFIG_FILE": "/elsewhere/alembic.ini",
    "HTTPX_LOG_LEVEL": "trace",
    "DEBUG": "1",
}
# In place of HARMFUL's, one by one: other values, which break in other ways.
OTHER_VALUES = [
    ("ALL_PROXY", "http://127.0.0.1:9"),
    ("PYTHONIOENCODING", "latin-1"),
    ("PYTHONTRACEMALLOC", "5"),  # alone, because it is slow
    ("LC_ALL", "tr_TR.UTF-8"),
    ("TMPDIR", "/elsewhere"),
    ("DATABASE_URL", "postgresql://nobody@127.0.0.1:9/x"),
]
PROFILE = """
c = get_config()
c.HistoryManager.enabled = False
c.InteractiveShell.ast_node_interactivity = "all"
c.InteractiveShell.autocall = 2
c.InteractiveShell.autoawait = False
c.InteractiveShell.pdb = True
c.PlainTextFormatter.max_width = 20
c.PlainTextFormatter.pprint = False
"""
STARTUP = """
import warnings
warnings.simplefilter("error", ResourceWarning)
%load_ext autoreload
%autoreload 2
%pdb on
"""
SAYS = "↻ The "  # begin names each variable and each setting that it ignores
SHORT = (7,)  # the shortest one that runs Alembic and the service
EACH = 10  # short, and it starts servers, runs commands and judges code


def contents(folder: Path) -> dict[Path, bytes]:
    """Return what the files below a folder hold."""
    return {path: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def fill(home: Path) -> None:
    """Write settings of curl, IPython and Jupyter into a user's own folder."""
    ipython, jupyter = home / ".ipython" / "profile_default", home / ".jupyter"
    write(str(home / ".curlrc"), 'proxy = "127.0.0.1:9"\n')
    write(str(ipython / "ipython_config.py"), PROFILE)
    write(str(ipython / "startup" / "00.ipy"), STARTUP)
    write(str(jupyter / "jupyter_server_config.py"), "c.ServerApp.port = 1\n")
    write(str(jupyter / "custom" / "custom.css"), "body { color: red }\n")
    write(str(home / "data" / "kernels" / "python3" / "kernel.json"), "{}")
    write(str(home / "runtime" / "kernel-1.json"), "{}")


def all_at_once(other: Path, home: Path) -> dict[str, str]:
    """Return all variables with which a kernel starts, with their values."""
    hostile = {name: text for name, text in HARMFUL.items() if name not in NOT_FOR_A_KERNEL}
    own = ("HOME", "USERPROFILE", "CURL_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME")
    return (
        hostile
        | OF_THE_KERNEL
        | dict.fromkeys(own, str(home))
        | {
            "ALEMBIC_CONFIG": str(other / "alembic.ini"),
            "DATABASE_URL": f"sqlite:///{(other / 'database.db').as_posix()}",
            "IPYTHONDIR": str(home / ".ipython"),
            "JUPYTER_CONFIG_DIR": str(home / ".jupyter"),
            "JUPYTER_DATA_DIR": str(home / "data"),
            "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
            "PYTHONPATH": str(other),
            "PYTHONPYCACHEPREFIX": str(home.parent / "bytecode"),
            "SSLKEYLOGFILE": str(home / "keys"),
        }
    )


def play(
    number: int, names: list[str] | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    **values: str,
) -> None:  # fmt: skip
    """Run a notebook with all variables, or with those of these names; compare all there is."""
    other, home = copy_project(tmp_path / "other"), tmp_path / "home"
    query(migrated(other, "head"), "INSERT INTO task (task_name) VALUES ('a'), ('b'), ('c')")
    hostile = all_at_once(other, home)
    fill(home)
    before = contents(other), contents(home)
    for name, text in (hostile | values).items():
        if names is None or name in names:
            monkeypatch.setenv(name, text)
    workspace = tmp_path / "workspace"
    path = course.notebook_path(number)
    new, stored, sanitize = execute(path, workspace), nbformat.read(path, 4), sanitizer()
    for ours, cell in zip(new.cells, stored.cells, strict=True):
        if cell.cell_type == "code":
            texts = (seen(merge_neighbours(one.outputs), sanitize, False) for one in (cell, ours))
            wanted, found = ([[_without(text) for text in part] for part in one] for one in texts)
            assert wanted == found, f"cell {cell.id}: {difference(wanted, found)}"
    assert read_state(project_of(number, workspace)) == stored_ends().state(number)
    assert (contents(other), contents(home)) == before


@pytest.mark.parametrize(
    "number",
    [
        pytest.param(one, marks=[pytest.mark.weekly] * (one not in SHORT))
        for one in course.numbers()
    ],
)
def test_all_at_once(number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its outputs are the stored ones, its end is the stored one, and nothing else is touched."""
    play(number, None, tmp_path, monkeypatch)


@pytest.mark.weekly
@pytest.mark.parametrize("name", sorted(all_at_once(Path(), Path())))
def test_one_by_one(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One variable may do what another one hides."""
    play(EACH, [name], tmp_path, monkeypatch)


@pytest.mark.weekly
@pytest.mark.parametrize(("name", "text"), OTHER_VALUES)
def test_another_value(
    name: str, text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A variable with another value than above."""
    play(EACH, [name], tmp_path, monkeypatch, **{name: text})


@pytest.mark.parametrize("name", [pytest.param("", marks=pytest.mark.weekly), "HOME"])
def test_no_folder_of_the_user(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A user without a folder, or with one in which nothing can be written: all works."""
    monkeypatch.delenv("HOME", raising=False)
    if name:
        (tmp_path / "home").write_text("a file, no folder")
        monkeypatch.setenv("HOME", str(tmp_path / "home"))
    with Learner(1, tmp_path / "workspace") as learner:
        learner.run()


@pytest.mark.parametrize("name", NOISY)
def test_begin_says_that_more_is_printed(name: str, tmp_path: Path) -> None:
    """Who has asked Python to print more gets it, and is told why."""
    with Learner(1, tmp_path, **{name: "1"}) as learner:
        assert f"↻ The variable {name} is set" in learner.run("begin")


@pytest.mark.parametrize("level", ["1", pytest.param("2", marks=pytest.mark.weekly)])
def test_without_asserts(level: str, tmp_path: Path) -> None:
    """A Python that leaves out every assert is refused in each notebook; without that, all works.

    An exercise of notebook 10 is an assert: its right answer would be called wrong.
    """
    with Learner(10, tmp_path, PYTHONOPTIMIZE=level) as learner:
        said = learner.try_("begin")
        one_sentence(said, f"the option -{'O' * int(level)}, so it leaves out every `assert`")
        assert "remove the variable PYTHONOPTIMIZE" in said
    with Learner(10, tmp_path) as learner:
        learner.run("begin")


def _without(text: str) -> str:
    """Return an output without the lines that name what is ignored."""
    lines = text.splitlines(keepends=True)
    return "".join(line for line in lines if not line.startswith(SAYS))
