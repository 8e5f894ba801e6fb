"""Tests the messages: what goes wrong is said in two sentences, and troubleshooting.md has more."""

import errno
import os
import re
import sqlite3
import string
import sys
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from helpers import write
from IPython.core.interactiveshell import InteractiveShell

from tutorial import Problem, begin, check, course, finish, restore, serve
from tutorial.errors import PAGE
from tutorial.explain import explain, explained, import_of, one_line, set_in
from tutorial.fresh import forget_app
from tutorial.messages import MESSAGES
from tutorial.shortened import NOTE
from tutorial.shown_errors import explain_errors
from tutorial.terminal import terminal

ROOT = Path(__file__).resolve().parent.parent
MODELS = """\
from sqlmodel import Field, SQLModel


class Task(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True)
    task_name: str
"""
ENGINE = "from sqlmodel import Session, create_engine, text\nfrom app.models import Task\n"


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[InteractiveShell]:
    """Give a notebook's shell in a project of its own, as begin(5) leaves it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("TUTORIAL_WORKSPACE", str(tmp_path))
    write("app/__init__.py", "")
    write("app/models.py", MODELS)
    forget_app()
    shell = InteractiveShell()
    shell.colors = "nocolor"
    explain_errors(shell, 5)
    yield shell
    forget_app()


CASES = {
    "a missing bracket": (
        ["from app.models import Task"],
        {"app/models.py": "x = (\n"},
        "syntax-error",
        "app/models.py has a syntax error in line 1: '(' was never closed, in the line `x = (`.",
    ),
    "a missing comma": (
        ["from app.models import Task"],
        {"app/models.py": "x = (1 2)\n"},
        "syntax-error",
        "in line 1: invalid syntax. Perhaps you forgot a comma, in",
    ),
    "a line of a long text": (
        ["from app.models import Task"],
        {"app/models.py": 'x = 3\ny = f"""\n  see {x x} \n"""\n'},
        "syntax-error",
        "Perhaps you forgot a comma, in the line `see {x x}`.",
    ),
    "a misspelt type": (
        ["from app.models import Task"],
        {"app/models.py": MODELS.replace("task_name: str", "task_name: strr")},
        "import-stops",
        "app/models.py can't be imported, it stops in line 6: NameError: name 'strr' is not",
    ),
    "a type that SQLModel does not know": (
        ["from app.models import Task"],
        {"app/models.py": MODELS.replace("task_name: str", "task_name: complex")},
        "import-stops",
        "app/models.py can't be imported, it stops in line 4: ",
    ),
    "a file with the name of a module": (
        ["import wave\nwave.open('a.wav')"],
        {"wave.py": "HEIGHT = 3\n"},
        "package-hidden",
        "wave.py hides the module `wave`",
    ),
    "a table that is missing while a file is imported": (
        ["from app.models import Task"],
        {"app/models.py": "import sqlite3 as sq\nsq.connect('').execute('SELECT * FROM a')\n"},
        "import-stops",
        "app/models.py can't be imported, it stops in line 2: OperationalError: no such table: a",
    ),
    "a file that was not written": (
        ["from app.db import engine"],
        {},
        "no-such-module",
        "There is no module app.db in this project.",
    ),
    "a misspelt folder of a file that is written": (
        ["open('ap/models.py', 'w')"],  # as %%writefile does
        {},
        "no-such-folder",
        "The folder of ap/models.py is not in the project.",
    ),
    "a name that a later step adds": (
        ["from app.models import TaskUpdate"],
        {},
        "not-in-module",
        "app/models.py has no `TaskUpdate`.",
    ),
    "a missing package": (
        ["raise ModuleNotFoundError(\"No module named 'httpx'\", name='httpx')"],
        {},
        "missing-packages",
        " lacks: httpx.",
    ),
    "a missing package of two words": (
        ["raise ModuleNotFoundError('No module', name='fastapi_offline')"],
        {},
        "missing-packages",
        " lacks: fastapi_offline.",
    ),
    "a cell that did not run": (
        ["server.url"],
        {},
        "name-not-set",
        "This notebook does not know `server` yet.",
    ),
    "a misspelt name": (
        ["sirver"],
        {},
        "unknown-name",
        "This notebook does not know the name `sirver`.",
    ),
    "a name of an earlier notebook": (
        ["Field"],
        {},
        "name-not-imported",
        "This notebook has not imported the name `Field`.",
    ),
    "a name that the course takes from two places": (
        ["Path"],
        {},
        "unknown-name",
        "This notebook does not know the name `Path`.",
    ),
    "a server that was stopped": (
        ["import httpx", "httpx.get('http://127.0.0.1:9/')"],
        {},
        "server-gone",
        "No server answers at this address.",
    ),
    "a client that was closed": (
        ["import httpx", "client = httpx.Client()\nclient.close()\nclient.get('http://127.0.0.1')"],
        {},
        "client-closed",
        "This client was closed",
    ),
    "an answer after an error in the service": (
        ["import httpx", "httpx.Response(500, text='Internal Server Error').json()"],
        {},
        "answer-without-json",
        "The status of the answer is 500, and its body is no JSON",
    ),
    "asyncio.run in a notebook": (
        [
            "import asyncio",
            "async def f():\n    g = asyncio.sleep(0)\n    try:\n        asyncio.run(g)\n"
            "    finally:\n        g.close()",
            "await f()",
        ],
        {},
        "event-loop-runs",
        "A notebook runs an event loop already",
    ),
    "a table that is missing": (
        [ENGINE, "Session(create_engine('sqlite://')).get(Task, 1)"],
        {},
        "table-missing",
        "The database has not what was asked for: no such table: task.",
    ),
    "a table from before the migration": (
        [
            "import sqlite3",
            "sqlite3.connect(':memory:').executescript("
            "'CREATE TABLE task (id); SELECT task_description FROM task')",
        ],
        {},
        "table-missing",
        "no such column: task_description.",
    ),
    "a query with a typo": (
        ["import sqlite3", "sqlite3.connect(':memory:').execute('SELEKT 1')"],
        {},
        "query-refused",
        'SQLite does not understand the query: near "SELEKT": syntax error.',
    ),
    "a row without a name": (
        [
            ENGINE,
            "engine = create_engine('sqlite://')\nTask.metadata.create_all(engine)\n"
            "session = Session(engine)\nsession.add(Task())\nsession.commit()",
        ],
        {},
        "row-refused",
        "The database refused the row: NOT NULL constraint failed: task.task_name.",
    ),
    "a row that a trigger refuses": (
        [
            "import sqlite3\none = sqlite3.connect(':memory:')\n"
            "one.executescript('CREATE TABLE a (b); CREATE TRIGGER c BEFORE INSERT ON a '"
            "'BEGIN SELECT RAISE(ABORT, \"Not today.\"); END')",
            "one.execute('INSERT INTO a VALUES (1)')",
        ],
        {},
        "row-refused",
        "The database refused the row: Not today.",
    ),
    "a session after a failure": (
        [
            ENGINE,
            "engine = create_engine('sqlite://')\nTask.metadata.create_all(engine)\n"
            "session = Session(engine)\nsession.add(Task())\n"
            "try:\n    session.flush()\nexcept Exception:\n    pass\n"
            "session.get(Task, 1)",
        ],
        {},
        "transaction-failed",
        "A statement of this session's transaction has failed",
    ),
    "a table defined twice": (
        ["from app.models import Task", "from sqlmodel import SQLModel, Field", MODELS],
        {},
        "table-defined-twice",
        "A class for the table `task` was defined before in this notebook.",
    ),
    "text in place of the database": (
        ["import sqlite3", "sqlite3.connect('database.db').execute('SELECT * FROM task')"],
        {"database.db": "not a database, only a text that is long enough to be read\n" * 20},
        "database-broken",
        "The database file is broken: file is not a database.",
    ),
    "a folder that is not there": (
        ["import sqlite3", "sqlite3.connect('nowhere/database.db')"],
        {},
        "database-can-not-be-opened",
        "SQLite can't open or make the database file: unable to open database file.",
    ),
    "a locked database": (
        [
            "import sqlite3",
            "one = sqlite3.connect('database.db')\none.execute('BEGIN IMMEDIATE')\n"
            "two = sqlite3.connect('database.db', timeout=0)\n"
            "try:\n    two.execute('BEGIN IMMEDIATE')\nfinally:\n    one.close()\n    two.close()",
        ],
        {},
        "database-locked",
        "Another program or session holds the database locked",
    ),
    "a module of the project that is opened as a file": (
        ["open('app/db.py', encoding='utf-8')"],
        {},
        "file-gone",
        "There is no file app/db.py in the project.",
    ),
}


@pytest.mark.parametrize(
    "cell",
    [
        "from app.models import Task",
        "from tutorial import edit\nedit('app/models.py', 'task_name', 'name')",
        "from tutorial import show_file\nshow_file('app/models.py')",
        "from pathlib import Path\nPath('app/models.py').read_text(encoding='utf-8')",
    ],
)
@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "latin-1", "utf-8-sig"])
def test_a_file_in_another_encoding(
    encoding: str, cell: str, shell: InteractiveShell, capsys: pytest.CaptureFixture[str]
) -> None:
    """A cell that can't read it names the file and says what to do; with a mark, it can."""
    text = MODELS + "    name: str = 'für mich'\n"
    Path("app/models.py").write_bytes(text.encode(encoding))
    done = shell.run_cell(cell)
    printed = capsys.readouterr().out
    if encoding == "utf-8-sig":
        assert done.success
    else:
        assert "✗ app/models.py is not saved as UTF-8, so it can't be read.\n→ Save" in printed
    Path("app/models.py").write_text(text, encoding="utf-8")  # as the message says
    assert shell.run_cell(cell).success


def test_other_texts_that_are_no_json(shell: InteractiveShell) -> None:
    """Only an answer has a status: of a text of one's own, nothing is known."""
    result = shell.run_cell("import json\njson.loads('x')")
    assert explain(result.error_in_exec) is None


@pytest.mark.parametrize("case", CASES)
def test_a_cell_says_what_happened(
    case: str, shell: InteractiveShell, capsys: pytest.CaptureFixture[str]
) -> None:
    """A learner's mistake gives three lines: what happened, what to do, where to read more."""
    cells, files, key, says = CASES[case]
    for path, text in files.items():
        write(path, text)
    for cell in cells[:-1]:
        assert shell.run_cell(cell).success, cell
    capsys.readouterr()
    assert not shell.run_cell(cells[-1]).success
    printed = capsys.readouterr()
    lines = (printed.out + printed.err).strip().splitlines()
    assert len(lines) == 3, lines
    assert lines[0].startswith("✗ ")
    assert says in lines[0]
    assert not lines[0].endswith("..")
    assert lines[1].startswith("→ ")
    assert f"“{key}”" in lines[2]
    assert lines[2].endswith("The traceback: %tb")


def test_a_cell_that_was_left_out(
    shell: InteractiveShell, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is named where it may be the cause, and nowhere else."""
    monkeypatch.setattr("tutorial.shown_errors.left_out", lambda: "edit(MODELS")
    write("app/models.py", "nope\n")
    shell.run_cell("import app.models")
    assert (
        "→ You have left out a cell above: run the one that begins with `edit(MODELS`, then "
        in (capsys.readouterr().out)
    )
    shell.run_cell("sirver")
    assert "→ Run the cell that sets it first." in capsys.readouterr().out


def test_a_file_beside_the_project_that_can_not_be_read(
    shell: InteractiveShell, capsys: pytest.CaptureFixture[str]
) -> None:
    """One sees the line that imports it, as without the course."""
    write("notes.py", "x = (\n")
    shell.run_cell("import notes")
    printed = capsys.readouterr()
    assert "import notes\n" in printed.out + printed.err


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (ValueError(), "ValueError"),
        (ValueError("a\nb"), "ValueError: a"),
        (None, ""),
        ('Traceback (most recent call last):\n  File "x", line 1\n    y\na.B: c\nd\n', "B: c"),
        ("Traceback (most recent call last):\n  cut off", "cut off"),
    ],
)
def test_an_error_in_one_line(error: BaseException | str | None, line: str) -> None:
    """Its type and the first line of what it says."""
    assert one_line(error) == line


@pytest.mark.parametrize("name", ["MAX_ID", "NOT_FOUND", "tuple_"])
def test_a_name_that_no_cell_above_sets(name: str, shell: InteractiveShell) -> None:
    """A file that a cell writes, and a hidden solution, set no name: "run all above" can't help."""
    explain_errors(shell, 8)
    problem = explain(shell.run_cell(name).error_in_exec)
    assert problem.key == ("name-not-imported" if name == "tuple_" else "unknown-name")


@pytest.mark.parametrize("name", ["Field", "threading", "tuple_", "OperationalError"])
def test_the_line_that_imports_a_name(name: str, shell: InteractiveShell) -> None:
    """Who writes it, as the message says, has the name; a later step's names are not told."""
    explain_errors(shell, 8)
    todo = explain(shell.run_cell(name).error_in_exec).todo
    line = todo.split("`")[1]
    assert shell.run_cell(f"{line}\n{name}").success
    assert import_of("BaseSettings", 8) == ""


@pytest.mark.parametrize("before", ["", "def use():\n    return threading"])
def test_where_the_line_is_written(before: str, shell: InteractiveShell) -> None:
    """As the message says: it helps in the middle of a call, and for a function of another cell."""
    explain_errors(shell, 8)
    shell.run_cell(before)
    cell = "use()" if before else "print(\n    threading,\n)"
    todo = explain(shell.run_cell(cell).error_in_exec).todo
    assert "write `import threading` as a new first line of this cell" in todo
    assert shell.run_cell(f"import threading\n{cell}").success


@pytest.mark.parametrize(
    ("status", "helps"),
    [(500, "Run `server.log()`"), (307, "Write the path"), (204, "Leave out"), (200, "`.text`")],
)
def test_a_body_that_is_no_json(status: int, helps: str, shell: InteractiveShell) -> None:
    """What helps depends on the status, and only that is said."""
    explain_errors(shell, 8)
    cell = f"import httpx\nhttpx.Response({status}, text='').json()"
    todo = explain(shell.run_cell(cell).error_in_exec).todo
    assert helps in todo and todo.count(". ") == 0


@pytest.mark.parametrize("cell", ['name = "Ann', "print(", "  x = 1\n y = 2", "def f(:"])
def test_a_cell_that_can_not_be_read(
    cell: str, shell: InteractiveShell, capsys: pytest.CaptureFixture[str]
) -> None:
    """It shows the place in the cell, as without the course, and no files of IPython."""
    explain_errors(shell, 2)
    shell.run_cell(cell)
    printed = capsys.readouterr()
    said = printed.out + printed.err
    assert "Error: " in said and cell.splitlines()[0].strip() in said
    assert ".py" not in said and len(said.splitlines()) <= 8


def test_the_stub_of_an_exercise_was_not_run(shell: InteractiveShell) -> None:
    """The name is right there: the advice begins with the cell, not with the spelling."""
    explain_errors(shell, 7)
    problem = explain(shell.run_cell("TaskWithDone").error_in_exec)
    assert problem.todo.startswith("Run the cell that sets it first.")


def test_the_names_of_each_cell_can_be_read() -> None:
    """Also of cells with magics, which are no Python: a wrong name must not show another error."""
    for step in course.numbers():
        for cell in course.cells(step):
            if cell.kind == "code" and not cell.source.startswith("%%"):
                assert set_in(cell.source) is not None


@pytest.mark.parametrize("name", ["name", "body", "function", "max_length", "hello", "title"])
def test_a_name_that_no_cell_sets_is_not_promised(name: str, shell: InteractiveShell) -> None:
    """Step 4 has an argument `body`, and `title=`: to run its cells again sets no such name."""
    explain_errors(shell, 4)
    problem = explain(shell.run_cell(f"print(f'/hello/{{{name}}}')").error_in_exec)
    assert problem.key == "unknown-name"


@pytest.mark.parametrize(
    ("cell", "names"),
    [
        ("%env A=1\nimport os.path as p, sys\nfrom x import y as z", {"p", "sys", "z"}),
        ("a = b.c = d\nfor e in f: g(h=1)", {"a", "e"}),
        ("def i(j): k = 1\nclass L(M): n = 1\nasync def o(): ...", {"i", "L", "o"}),
        ("async with p() as q, r as (s, t): u: int = 1\n[v for v in w]\n(x := 1)", set("qstux")),
    ],
)
def test_the_names_that_a_cell_sets(cell: str, names: set[str]) -> None:
    """Of whatever form."""
    assert set_in(cell) == names


def test_a_missing_module_is_named_with_its_place(shell: InteractiveShell) -> None:
    """A typo in an import of a file names the file and the line."""
    write("app/main.py", "\n\nfrom app.model import Task\n")
    error = shell.run_cell("import app.main").error_in_exec
    assert explain(error).what == (
        "There is no module app.model (app/main.py, line 3) in this project."
    )


def test_the_traceback_stays_available(
    shell: InteractiveShell, capsys: pytest.CaptureFixture[str]
) -> None:
    """%tb shows the whole traceback of the last Problem; of other errors, what it always shows."""
    explain_errors(shell, 5)  # a second begin in the same notebook
    write("app/models.py", "import nowhere\n")
    shell.run_cell("from app.models import Task")
    capsys.readouterr()
    assert shell.run_cell("%tb").success
    shown = capsys.readouterr().out
    assert "ModuleNotFoundError" in shown
    assert "import nowhere" in shown
    assert "Problem" not in shown  # which was shown before
    shell.run_cell("from tutorial import edit\nedit('app/nothing.py', 'a', 'b')")
    capsys.readouterr()
    assert shell.run_cell("%tb").success  # also where no other exception led here
    shown = capsys.readouterr().out
    assert "----> 2 edit(" in shown
    assert "Problem: There is no file app/nothing.py" in shown
    shell.run_cell("1 / 0")
    capsys.readouterr()
    shell.run_cell("%tb")
    assert "ZeroDivisionError" in capsys.readouterr().out


@pytest.mark.parametrize(
    "cell", ["1 / 0", "x = (", "raise KeyError('x')", "int('x')", "from json import no"]
)
def test_other_errors_stay_as_they_are(
    cell: str, shell: InteractiveShell, capsys: pytest.CaptureFixture[str]
) -> None:
    """What the course knows nothing about is shown as Jupyter shows it."""
    assert not shell.run_cell(cell).success
    printed = capsys.readouterr()
    assert "Error" in printed.out + printed.err
    assert "✗" not in printed.out + printed.err


IN_LIBRARIES = {
    "an endpoint, called without a server": (
        "import httpx\nfrom fastapi import FastAPI\napp = FastAPI()\n\n"
        '@app.get("/ping")\nasync def ping():\n    return [].size\n\n'
        "transport = httpx.ASGITransport(app)\n"
        "async with httpx.AsyncClient(transport=transport, base_url='http://x') as client:\n"
        "    await client.get('/ping')",
        "AttributeError: 'list' object has no attribute 'size'",
        ["await client.get('/ping')", "return [].size"],
    ),
    "data that does not fit, in a file": (
        "from app.more import make\nmake()",
        "ValidationError: 1 validation error for Reminder",
        ["----> 2 make()", "return Reminder()"],
    ),
    "an error of a library that is made of another": (
        "import urllib.request\nurllib.request.urlopen('http://127.0.0.1:1')",
        "URLError: <urlopen error",
        ["urllib.request.urlopen('http"],
    ),
    "an error that led to another, both with places in the cell": (
        "import json\ntry:\n    json.loads('{')\nexcept ValueError:\n    json.loads(5)",
        "TypeError: the JSON object must be",
        ["json.loads('{')", "json.loads(5)", "JSONDecodeError: "],
    ),
}


@pytest.mark.parametrize("case", IN_LIBRARIES)
def test_an_error_in_a_library_shows_the_learners_places(
    case: str, shell: InteractiveShell, capsys: pytest.CaptureFixture[str]
) -> None:
    """A typo in an endpoint had a traceback of hundreds of lines; %tb still shows them all."""
    model = "from sqlmodel import SQLModel\n\n\nclass Reminder(SQLModel):\n    text: str\n"
    write("app/more.py", f"{model}\n\ndef make():\n    return Reminder()\n")
    cell, last, places = IN_LIBRARIES[case]
    error = shell.run_cell(cell).error_in_exec
    shown = capsys.readouterr().out
    assert all(place in shown for place in places), shown
    assert last in shown
    assert "site-packages" not in shown
    assert "urllib/request.py" not in shown
    assert len(shown.splitlines()) < 45, shown
    assert NOTE in shown
    assert NOTE not in getattr(error, "__notes__", [])  # the error is as it was
    shell.run_cell("%tb")
    whole = capsys.readouterr().out
    assert len(whole.splitlines()) > len(shown.splitlines())
    assert NOTE not in whole


@pytest.mark.parametrize(
    ("call", "told"),
    [
        ("begin()", "`begin(5)`"),
        ("finish()", "`finish(5)`"),
        ("check()", "`check("),
        ("serve('app.main:app', 8000)", "`serve("),
        ("serve('app.main:app', port=8000)", "`serve("),
        ("table()", "`table("),
        ("frame()", '`frame(f"{URL}/docs")`'),
    ],
)
def test_a_helper_that_is_called_otherwise(
    call: str, told: str, shell: InteractiveShell, capsys: pytest.CaptureFixture[str]
) -> None:
    """The notebook's own call is a way on; the lines of the helper are none."""
    shell.run_cell(f"from tutorial import *\n{call}")
    shown = capsys.readouterr().out
    assert "TypeError: " in shown
    assert f"→ This notebook calls it so: {told}" in shown
    assert "explain.py" not in shown


LIBRARY = """
class Failed(Exception): ...

def connect():
    try:
        raise OSError("the port is closed")
    except OSError as error:
        raise Failed("no connection") from error

def call(function):
    try:
        twice(function)
    except Failed:
        raise Failed("outer")

def twice(function):
    try:
        function()
    except Exception:
        raise Failed("inner")
"""
CHAINS = {
    "raise Failed('x') from ValueError('the only cause')": ["ValueError: the only cause"],
    "connect()": ["Failed: no connection\nIt came from OSError: the port is closed\n"],
    "def mine():\n    [].size\ncall(mine)": [
        "----> 2     [].size",
        "Failed: inner",
        "Failed: outer",
    ],
    "import helper\nhelper.work()": ["return inner()", "return 1 / 0", "ZeroDivisionError"],
    "httpx.get(f'{url}/ping')": ["UnsupportedProtocol: ", "→ An address begins with"],
}


@pytest.mark.parametrize("cell", CHAINS)
def test_what_tells_the_cause_is_shown(
    cell: str,
    shell: InteractiveShell,
    capsys: pytest.CaptureFixture[str],
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An own file elsewhere, an own place behind an error of a library, and a cause's own words."""
    write("site-packages/failing.py", LIBRARY)
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    own = "def work():\n    return inner()\n\n\ndef inner():\n    return 1 / 0\n"
    (elsewhere / "helper.py").write_text(own, encoding="utf-8")
    for folder in (Path.cwd() / "site-packages", elsewhere):
        monkeypatch.syspath_prepend(folder)
    for name in ("failing", "helper"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    shell.run_cell("import httpx\nfrom failing import Failed, call, connect\nurl = ''")
    capsys.readouterr()
    error = shell.run_cell(cell).error_in_exec
    shown = capsys.readouterr().out
    assert [words for words in CHAINS[cell] if words not in shown] == [], shown
    assert " " * 8 + "twice(function)" not in shown
    assert ("It came from" in shown) == (cell == "connect()")
    assert not getattr(error, "__notes__", [])


def test_an_error_without_a_text(
    shell: InteractiveShell, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is shown, and what comes after it is explained as before."""
    own = "class Mine(Exception):\n    def __str__(self):\n        return self.detail\n\nraise Mine"
    shell.run_cell(own)
    shown = capsys.readouterr().out
    assert "----> 5 raise Mine" in shown
    assert "tutorial" not in shown and "unregistering" not in shown
    shell.run_cell("unknown")
    assert "✗ This notebook does not know" in capsys.readouterr().out


@pytest.mark.parametrize("inner", ["print(later)", "[(lambda: later)() for _ in 'a']"])
def test_a_name_that_a_function_sets_later(inner: str, shell: InteractiveShell) -> None:
    """No cell sets it, and it is spelt right: Python's own words say more."""
    result = shell.run_cell(f"def f():\n    {inner}\n    later = 1\nf()")
    assert isinstance(result.error_in_exec, NameError)
    assert explain(result.error_in_exec) is None


def test_a_name_inside_a_file_is_no_name_of_the_notebook(shell: InteractiveShell) -> None:
    """A NameError in a function of a file keeps its traceback, which names the file."""
    write("app/models.py", "def f():\n    return nothing\n")
    result = shell.run_cell("from app.models import f\nf()")
    assert explain(result.error_in_exec) is None


def of_windows(number: int) -> OSError:
    """Return what is raised there for a file that another program holds."""
    error = PermissionError(errno.EACCES, "Permission denied", "x.py")
    error.winerror = number
    return error


@pytest.mark.parametrize(
    ("error", "key"),
    [
        (OSError(errno.ENOSPC, "No space left on device", "x.py"), "disk-full"),
        (OSError(errno.EROFS, "Read-only file system", "x.py"), "read-only"),
        (PermissionError(errno.EACCES, "Permission denied", "x.py"), "read-only"),
        (PermissionError(errno.EPERM, "Operation not permitted", "x.py"), "read-only"),  # of macOS
        (FileExistsError(errno.EEXIST, "File exists", "app"), "name-taken"),
        (NotADirectoryError(errno.ENOTDIR, "Not a directory", "app/models.py"), "name-taken"),
        (of_windows(32), "file-locked"),  # in use
        (of_windows(33), "file-locked"),  # a part of it is locked
        (FileNotFoundError(errno.ENOENT, "No such file", f"{ROOT}/alembic/x.mako"), "file-gone"),
        (FileNotFoundError(errno.ENOENT, "No such file", f"{ROOT}/alembic.ini"), "file-gone"),
        (FileNotFoundError(errno.ENOENT, "No such file", f"{ROOT}/no/x.mako"), "no-such-folder"),
        (sqlite3.OperationalError("database or disk is full"), "disk-full"),
        (sqlite3.OperationalError("attempt to write a readonly database"), "database-can-not"),
        (sqlite3.DatabaseError("database disk image is malformed"), "database-broken"),
        (ValueError("anything else"), None),
    ],
)
def test_what_the_system_says_is_explained(error: Exception, key: str | None) -> None:
    """No room, no right to write: said in plain words, whoever raises it."""
    problem = explain(error)
    assert (problem and problem.key.startswith(key)) if key else problem is None

    @explained
    def fails() -> None:
        raise error

    with pytest.raises(Problem if key else ValueError) as caught:
        fails()
    assert key is None or caught.value.__cause__ is error


@pytest.mark.parametrize("here", [".", "app"])
def test_a_path_is_shown_as_the_learner_knows_it(
    here: str, shell: InteractiveShell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the project, also after a `%cd app`. The folder itself, or one elsewhere: in full."""
    monkeypatch.chdir(tmp_path / here)
    elsewhere = str(ROOT / "app" / "models.py")
    paths = {
        str(tmp_path.resolve() / "app" / "models.py"): ("models.py", "app/models.py"),
        str(tmp_path.resolve()): (str(tmp_path.resolve()),),
        elsewhere: (elsewhere,),
        None: ("The file",),
    }
    for path, shown in paths.items():
        said = explain(PermissionError(errno.EACCES, "Permission denied", path)).what
        assert said.split(" can't be written")[0] in shown
    write(str(tmp_path / "app" / "models.py"), "x = (\n")
    error = shell.run_cell("import app.models").error_in_exec
    assert explain(error).key == "syntax-error"


def test_a_problem_is_explained_already() -> None:
    """Also if it quotes an error that means something elsewhere, as that of a file may."""
    error = "TypeError: Boolean value of this clause is not defined"
    assert explain(Problem("import-stops", path="app/main.py", line=3, error=error)) is None


@pytest.mark.skipif(sys.platform == "win32", reason="there, a current folder can't be deleted")
@pytest.mark.parametrize(
    "cell",
    [
        "import os\nos.getcwd()",
        "import app.nothing",
        "import sqlite3\nsqlite3.connect('database.db')",
    ],
)
def test_a_deleted_folder_is_named(cell: str, shell: InteractiveShell, tmp_path: Path) -> None:
    """When the project's folder is gone, the message says so, and not what Python stumbled on."""
    inner = tmp_path / "inner"
    inner.mkdir()
    os.chdir(inner)
    inner.rmdir()
    try:
        result = shell.run_cell(cell)
        problem = explain(result.error_in_exec)
        assert problem.key == "folder-gone"
        assert problem.__cause__ is result.error_in_exec  # for %tb
    finally:
        os.chdir(tmp_path)


def test_every_helper_is_explained() -> None:
    """begin, finish, restore, serve, %%terminal and check turn errors into Problems themselves."""
    for helper in (begin, finish, restore, serve, terminal, check):
        assert hasattr(helper, "__wrapped__"), helper


def test_each_message_is_two_sentences() -> None:
    """What happened and what to do: each ends as a sentence, and is short."""
    for key, (what, todo) in MESSAGES.items():
        assert re.fullmatch(r"[a-z]+(-[a-z]+)*", key), key
        assert what.rstrip().endswith((".", "?", "}")), key
        assert todo.rstrip().endswith((".", "?", "}")), key
        assert len(what) < 200, key
        assert len(todo) < 250, key


def test_what_a_message_advises_is_known_elsewhere() -> None:
    """Code, commands and menus are written as a notebook or a page has them; files are there."""
    folder = ROOT / "notebooks"
    text = (ROOT / "README.md").read_text(encoding="utf-8") + (ROOT / PAGE).read_text("utf-8")
    notebooks = [nbformat.read(path, as_version=4) for path in folder.glob("[0-9]*.ipynb")]
    text += "\n".join(cell.source for one in notebooks for cell in one.cells)
    for key, (_, todo) in MESSAGES.items():
        named = re.findall(r"`([^`{]+)`", re.sub(r"`[^`]*{[^`]*`", "", todo))
        menus = re.findall(r"[A-Z]\w+ → (?:[A-Z]\w+ ?)+\b", todo)
        for one in named + menus:
            assert one in text, f"{key}: {one}"
        for file in re.findall(r"notebooks/tutorial\b[\w/.]*|[\w-]+\.(?:txt|yml)", todo):
            assert (ROOT / file.rstrip(".")).exists(), f"{key}: {file}"


def test_what_a_message_names_breaks_no_line() -> None:
    """What a program or a library said may have several lines."""
    said = str(Problem("import-stops", path="a.py", line=1, error="no\n  luck"))
    assert "no luck" in said and len(said.splitlines()) == 2


def test_each_message_is_used() -> None:
    """A message that no code raises would be an entry about nothing."""
    folder = ROOT / "notebooks" / "tutorial"
    code = "".join(
        path.read_text(encoding="utf-8")
        for path in (*folder.rglob("*.py"), folder / "said.toml")
        if path.name != "messages.py"
    )
    unused = [key for key in MESSAGES if f'"{key}"' not in code]
    assert unused == []


def test_each_message_has_its_entry_in_the_troubleshooting_page() -> None:
    """The page has an entry for each message, which quotes it, and no other."""
    text = (ROOT / PAGE).read_text(encoding="utf-8")
    entries = dict(re.findall(r"^## (\S+)\n(.*?)(?=^#+ |\Z)", text, flags=re.MULTILINE | re.DOTALL))
    assert list(entries) == sorted(entries)
    assert entries.keys() == MESSAGES.keys()
    for key, (what, _) in MESSAGES.items():
        quoted = what
        for _, name, _, _ in string.Formatter().parse(what):
            if name:
                quoted = quoted.replace(f"{{{name}}}", "…")
        assert f"> ✗ {quoted}\n" in entries[key], key
        prose = re.sub(r"^>.*$", "", entries[key], flags=re.MULTILINE)
        assert len(prose.split()) >= 15, f"{key} needs more than the message itself"
