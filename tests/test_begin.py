"""begin gives each step its start, from whatever there is; what the learner wrote is kept."""

import asyncio
import json
import logging
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import psutil
import pytest
from IPython.core.interactiveshell import InteractiveShell
from plays import one_sentence
from shell import Shell
from sqlalchemy import text

from tutorial import Problem, course, ends, overwrite, serve, state, steps, workspace
from tutorial.fresh import import_now
from tutorial.state import DATABASE, read_state

NUMBERS = course.numbers()
MINE = "mine = True\n"


@pytest.fixture
def learner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a workspace to begin() in, and put the process back afterwards."""
    folder = tmp_path / "my workspace"
    folder.mkdir()
    monkeypatch.setenv("TUTORIAL_WORKSPACE", str(folder))
    monkeypatch.chdir(folder)
    monkeypatch.syspath_prepend(folder)
    return folder


def put(step: int, folder: Path) -> None:
    """Put the end of a step into a workspace."""
    ends.stored_ends().put(step, folder)


def end_of(step: int) -> state.State:
    """Return the state that a step leaves."""
    return ends.stored_ends().state(step)


def write_mine(folder: Path, path: str = "app/models.py") -> None:
    """Write a file of the learner's own."""
    (folder / path).parent.mkdir(exist_ok=True)
    (folder / path).write_text(MINE, encoding="utf-8", newline="\n")


def is_mine(path: Path) -> bool:
    """Whether a file is the one that `write_mine` wrote."""
    return path.read_text(encoding="utf-8") == MINE


def add_row(folder: Path, name: str = "my own") -> None:
    """Write a row of the learner's own."""
    with closing(sqlite3.connect(folder / DATABASE)) as connection, connection:
        connection.execute("INSERT INTO task (task_name) VALUES (?)", [name])


@pytest.mark.parametrize("step", NUMBERS)
def test_from_every_other_end(
    step: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    """The notebooks can be begun in any order: nothing there is the learner's own."""
    monkeypatch.chdir(tmp_path)
    start = course.start_of(step)
    for before in {0, start - 1, start, step, NUMBERS[-1]} & {0, *NUMBERS}:
        folder = workspace.project_of(step, tmp_path / str(before))
        folder.mkdir(parents=True)
        monkeypatch.setenv("TUTORIAL_WORKSPACE", str(tmp_path / str(before)))
        put(before, folder)
        steps.begin(step)
        assert read_state(folder) == end_of(start)
        left = {path.name for path in folder.iterdir() if "database.db-" not in path.name}
        named = {Path(path).parts[0] for path in end_of(start).files} | {"app"}
        database = {DATABASE} if end_of(start).schema else set()
        assert left == named | database | {workspace.MEMORY}
        printed = capsys.readouterr().out
        same = end_of(before) == end_of(start)
        quiet = same or start == 0 or (course.is_chapter(step) and before == 0)
        assert ("was rebuilt as step" in printed) != quiet


def test_a_workspace_that_is_no_whole_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It stays the same folder when `begin` has changed the current one."""
    monkeypatch.setenv("TUTORIAL_WORKSPACE", "work")
    before = workspace.location()
    monkeypatch.chdir(tmp_path)
    assert workspace.location() == before == course.NOTEBOOKS.resolve() / "work"


@pytest.mark.parametrize(
    "step", [one for one in NUMBERS if end_of(one).ids == end_of(course.start_of(one)).ids != set()]
)
def test_the_right_state_is_left_alone(
    step: int, learner: Path, capsys: pytest.CaptureFixture
) -> None:
    """In the right state nothing is moved or rebuilt, not even with rows of the learner's own."""
    folder = workspace.project_of(step)
    folder.mkdir(exist_ok=True)
    put(course.start_of(step), folder)
    add_row(folder)
    before = (folder / "app" / "db.py").stat().st_mtime_ns
    steps.begin(step)
    assert (folder / "app" / "db.py").stat().st_mtime_ns == before
    assert "my own" in str(read_state(folder).rows)
    assert not (folder / "backups").exists()
    assert "↻" not in capsys.readouterr().out


def test_what_an_editor_does_to_the_project(learner: Path, capsys: pytest.CaptureFixture) -> None:
    """Other line ends, and what editors, Python and systems put beside the files, are no change."""
    put(5, learner)
    main = learner / "app" / "main.py"
    main.write_bytes(main.read_bytes().replace(b"\n", b"\r\n"))
    before = main.read_bytes()
    for path in ("__pycache__/main.pyc", ".ipynb_checkpoints/main-checkpoint.py", ".DS_Store"):
        (learner / "app" / path).parent.mkdir(exist_ok=True)
        (learner / "app" / path).write_text("x", encoding="utf-8")
    steps.begin(6)
    assert "↻" not in capsys.readouterr().out
    assert main.read_bytes() == before


def test_servers_of_an_earlier_run(learner: Path) -> None:
    """begin and restore stop what runs in this kernel: on Windows, an open file can't be moved."""

    async def app(scope: dict, receive: object, send: object) -> None:
        pass

    put(2, learner)
    write_mine(learner)
    for call in (lambda: steps.begin(3), lambda: steps.restore("backups/001")):
        server = serve(app, name="left")
        call()
        assert not server.is_running


def test_an_app_from_elsewhere(learner: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a cell above has imported as `app` is not the project's, and is forgotten."""
    write_mine(learner)
    for call in (lambda: steps.begin(2), lambda: steps.restore("backups/001")):
        monkeypatch.setitem(sys.modules, "app", ModuleType("app"))
        call()
        assert "app" not in sys.modules


def test_after_a_case(learner: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What its messages advise in place of others would not help a step."""
    monkeypatch.setattr(Problem, "other_todo", {"no-such-backup": "Look into the case."})
    steps.begin(2)
    with pytest.raises(Problem) as caught:
        steps.restore("backups/001")
    assert caught.value.todo.startswith("Choose one of those that are there: none")


def test_room_for_the_rows_of_the_step(learner: Path, capsys: pytest.CaptureFixture) -> None:
    """A row from a step that was left half-way would take the id of one that the step writes."""
    put(4, learner)
    add_row(learner, "just added task")
    steps.begin(5)
    assert "backups/001" in capsys.readouterr().out
    assert read_state(learner) == end_of(4)


def test_what_the_learner_wrote_is_kept(learner: Path, capsys: pytest.CaptureFixture) -> None:
    """It is in a backup whose name is printed, with what is own in it; other files stay."""
    put(2, learner)
    models = learner / "app" / "models.py"
    models.write_text(models.read_text(encoding="utf-8") + MINE, encoding="utf-8")
    (learner / "notes.txt").write_text("my notes\n", encoding="utf-8")
    steps.begin(3)
    printed = capsys.readouterr().out
    assert 'kept in backups/001. To take it back: restore("backups/001")' in printed
    signs = "↻     `+` is what you had, `-` is what the course has.\n"
    assert f"{signs}↻     app/models.py:\n↻       +mine = True\n" in printed
    kept = learner / "backups" / "001" / "app" / "models.py"
    assert kept.read_text(encoding="utf-8").endswith(MINE)
    assert (learner / "notes.txt").read_text(encoding="utf-8") == "my notes\n"
    assert read_state(learner) == end_of(2)


@pytest.mark.parametrize("path", ["tests/test_mine.py", "pytest.ini", ".github/workflows/mine.yml"])
def test_tests_of_the_learners_own_are_kept(
    path: str, learner: Path, capsys: pytest.CaptureFixture
) -> None:
    """A step's project may have tests, too. They go into the backup, and come back from it."""
    put(2, learner)
    (learner / path).parent.mkdir(parents=True, exist_ok=True)
    write_mine(learner, path)
    steps.begin(3)
    printed = capsys.readouterr().out
    assert f"↻     {path}:\n" in printed
    assert "+mine = True\n" in printed
    assert is_mine(learner / "backups" / "001" / path)
    assert read_state(learner) == end_of(2)
    steps.restore("backups/001")
    assert is_mine(learner / path)


def test_what_is_own_in_the_database_is_named(learner: Path, capsys: pytest.CaptureFixture) -> None:
    """Tables and rows of the learner's own are named beside the backup."""
    put(5, learner)
    add_row(learner)
    with closing(sqlite3.connect(learner / DATABASE)) as connection, connection:
        connection.execute("CREATE TABLE tag (id)")
    steps.begin(6)
    printed = capsys.readouterr().out
    assert "↻     database.db: tag\n↻     database.db: 1 row that you added or changed\n" in printed


def test_back_to_an_earlier_step(learner: Path, capsys: pytest.CaptureFixture) -> None:
    """A finished later step holds no work of the learner's own, so nothing is kept."""
    put(4, learner)
    steps.begin(3)
    assert "at the end of step 4" in capsys.readouterr().out
    assert not (learner / "backups").exists()


def test_a_broken_database(learner: Path, capsys: pytest.CaptureFixture) -> None:
    """A database.db that is no database is kept in the backup, and a good one is made."""
    put(3, learner)
    (learner / DATABASE).write_text("not a database", encoding="utf-8")
    assert read_state(learner).broken
    steps.begin(4)
    assert "backups/001" in capsys.readouterr().out
    assert (learner / "backups/001" / DATABASE).read_text(encoding="utf-8") == "not a database"
    assert read_state(learner) == end_of(3)


def test_the_trials_of_a_run_that_stopped(learner: Path) -> None:
    """A trial database from a notebook that stopped half-way does not confuse its next run."""
    put(1, learner)
    (learner / "empty.db").write_bytes(b"")
    (learner / "hidden_0002.py").write_bytes(b"")
    (learner / "trap").mkdir()
    (learner / "trap" / "env.py").write_bytes(b"")
    (learner / workspace.TRIAL / "first" / "app").mkdir(parents=True)
    steps.begin(2)
    assert {path.name for path in learner.iterdir()} == {"app", workspace.MEMORY}


def test_database_url(
    learner: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    """A DATABASE_URL from outside does not send the course to another database."""
    monkeypatch.setenv("DATABASE_URL", "sqlite:///somewhere_else.db")
    steps.begin(4)
    assert "DATABASE_URL" not in os.environ
    assert "DATABASE_URL was set" in capsys.readouterr().out
    assert read_state(learner) == end_of(3)
    assert not (learner / "somewhere_else.db").exists()


def test_anew(learner: Path, capsys: pytest.CaptureFixture) -> None:
    """fresh=True rebuilds what begin would leave alone, and keeps rows of the learner's own."""
    put(5, learner)
    add_row(learner)
    steps.begin(6, fresh=True)
    assert 'restore("backups/001")' in capsys.readouterr().out
    assert read_state(learner) == end_of(5)
    steps.begin(6, fresh=True)
    printed = capsys.readouterr().out
    assert "backups" not in printed  # nothing there was the learner's own
    assert "↻ The project was rebuilt as step 5 leaves it." in printed
    assert "this step starts earlier" not in printed


def test_restore(learner: Path, capsys: pytest.CaptureFixture) -> None:
    """A backup comes back whole, stays where it is, and what was there is kept in its turn."""
    put(5, learner)
    with pytest.raises(Problem) as none:
        steps.restore("backups/001")
    assert "none, because nothing of yours had to make room, so go on" in none.value.todo
    write_mine(learner, "app/mine.py")
    first = read_state(learner)
    steps.begin(6)
    (learner / "app" / "mine.py").write_text("mine = 2\n", encoding="utf-8")
    second = read_state(learner)
    capsys.readouterr()
    steps.restore("backups/001")
    assert "kept in backups/002" in capsys.readouterr().out
    assert read_state(learner) == first
    steps.restore("backups/002")
    assert read_state(learner) == second
    assert workspace.backups(learner) == ["backups/001", "backups/002", "backups/003"]
    assert read_state(learner / "backups" / "001") == first
    with pytest.raises(Problem, match=r"There is no backup with the name backups/009\.") as caught:
        steps.restore("backups/009")
    assert "backups/001, backups/002, backups/003" in caught.value.todo


def test_restore_a_broken_database(learner: Path) -> None:
    """What was broken comes back as it was."""
    put(3, learner)
    (learner / DATABASE).write_text("not a database", encoding="utf-8")
    steps.begin(4)
    steps.restore("backups/001")
    assert (learner / DATABASE).read_text(encoding="utf-8") == "not a database"


def test_a_row_that_the_learner_has_deleted(learner: Path, capsys: pytest.CaptureFixture) -> None:
    """Rows more are no trouble, but one that is missing comes back: cells name it by its id."""
    step = next(
        one for one in NUMBERS if end_of(one).ids == end_of(course.start_of(one)).ids != set()
    )
    put(step - 1, learner)
    with closing(sqlite3.connect(learner / DATABASE)) as connection, connection:
        connection.execute("DELETE FROM task WHERE id = 1")
    steps.begin(step)
    assert read_state(learner) == end_of(step - 1)
    assert "was kept in backups/001" in capsys.readouterr().out


def test_a_copy_has_what_is_not_yet_in_the_file(learner: Path, tmp_path: Path) -> None:
    """While a server runs, the last rows stand in the file beside the database."""
    put(5, learner)
    with closing(sqlite3.connect(learner / DATABASE)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("INSERT INTO task (task_name) VALUES ('my own')")
        connection.commit()
        assert b"my own" not in (learner / DATABASE).read_bytes()
        workspace.copy_project(learner, tmp_path / "a copy")
    assert "my own" in str(read_state(tmp_path / "a copy").rows)


@pytest.mark.skipif(sys.platform == "win32", reason="there, an open file can't be moved")
def test_a_backup_has_what_is_not_yet_in_the_file(learner: Path) -> None:
    """Another program has it open: the files beside the database go with it, and none stays."""
    put(5, learner)
    with closing(sqlite3.connect(learner / DATABASE)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("INSERT INTO task (task_name) VALUES ('my own')")
        connection.commit()
        steps.begin(3)
        assert not list(learner.glob(f"{DATABASE}*"))
        assert "my own" in str(read_state(learner / "backups" / "001").rows)


def test_an_empty_variable_names_no_workspace(monkeypatch: pytest.MonkeyPatch) -> None:
    """Some systems can't delete a variable, only empty it."""
    monkeypatch.setenv("TUTORIAL_WORKSPACE", "")
    assert workspace.location() == (course.NOTEBOOKS / "workspace").resolve()


def test_a_file_that_is_not_utf_8(learner: Path) -> None:
    """An old editor has written it. It is kept as it is, byte for byte."""
    put(3, learner)
    own = "# café\n".encode("latin-1")
    (learner / "app" / "models.py").write_bytes(own)
    steps.begin(4)
    assert (learner / "backups" / "001" / "app" / "models.py").read_bytes() == own
    assert not (learner / workspace.MOVES).exists()  # nothing is left to do


def test_another_notebook_begins(learner: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While another notebook changes the project, begin waits, and says so when it is too long."""
    monkeypatch.setattr(workspace, "LOCK_SECONDS", 0.2)
    with workspace.only_one(learner), pytest.raises(Problem, match="Another notebook has been"):
        steps.begin(2)
    steps.begin(2)


def test_an_engine_that_a_cell_has_made(tmp_path: Path) -> None:
    """As the one of the database to try out, in notebook 8: it is closed, too."""
    make = 'import sqlmodel\ntry_out = sqlmodel.create_engine("sqlite:///try_out.db")\n'
    kept = "print(try_out.pool.checkedin())"
    with Shell(8, tmp_path) as learner:
        learner.run("begin")
        assert learner.write(f"{make}try_out.connect().close()\n{kept}") == "1\n"
        learner.run("begin")
        assert learner.write(kept) == "0\n"
        assert not (tmp_path / "try_out.db").exists()


def test_what_begin_says_of_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each one that it sets back is named, and each that it can't."""
    for name, value in (("PYTHONDEVMODE", "1"), ("PYTHONVERBOSE", ""), ("DATABASE_URL", "x")):
        monkeypatch.setenv(name, value)
    with Shell(1, tmp_path) as learner:
        learner.write("get_ipython().ast_node_interactivity = 'all'")
        said = [line for line in learner.run("begin").splitlines() if line.startswith("↻")]
    assert said == [
        "↻ The variable DATABASE_URL was set; it is ignored in this notebook.",
        "↻ The setting ast_node_interactivity was changed; it is ignored in this notebook.",
        "↻ The variable PYTHONDEVMODE is set, so Python can print more here than we have stored.",
    ]


def test_what_a_notebook_has_after_begin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`restore` by its name, what a service logs among what it prints, and no bytecode."""
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    with Shell(2, tmp_path) as learner:
        begin = learner.sources["begin"]
        logs = "import logging, sys\nprint(logging.lastResort.stream is sys.stdout)"
        assert learner.write(f"{begin}\n{logs}").endswith("True\n")
        one_sentence(learner.write("restore('backups/001')"), "There is no backup with the name")
        (tmp_path / "app" / "own.py").touch()
        assert learner.write("import app.own") == ""
        assert not list((tmp_path / "app").glob("*cache*"))


def test_the_first_steps_in_a_notebook(tmp_path: Path) -> None:
    """00: errors are told in a sentence, and commands run, before any step has begun."""
    with Shell(0, tmp_path) as learner:
        learner.run("imports", "practice", "write-a-file")
        one_sentence(learner.write("naem"), "This notebook does not know the name `naem`")
        assert learner.run("run-a-command").endswith("Hello from a file.\n")


def test_a_file_that_an_editor_changes(tmp_path: Path) -> None:
    """Between two cells: the next one imports it as it is now."""
    with Shell(2, tmp_path) as learner:
        learner.run("begin")
        for name in ("old", "new"):
            (tmp_path / "app" / "own.py").write_text(f"name = '{name}'", encoding="utf-8")
            assert learner.write("import app.own\nprint(app.own.name)") == f"{name}\n"


def test_a_killed_server_on_windows(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """What asyncio logs there of its connections stands in no cell. Its other messages do."""
    with Shell(1, tmp_path) as learner:
        learner.run("begin")
    logger = logging.getLogger("asyncio")
    lost = "Exception in callback _ProactorBasePipeTransport._call_connection_lost()"
    logger.error("%s\nhandle: <Handle …>", lost, exc_info=ConnectionResetError(10054, "closed"))
    logger.error("Exception in callback mine()")
    assert caplog.messages == ["Exception in callback mine()"]


# A database that another program holds


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do not wait for the other program."""
    monkeypatch.setattr(state, "LOCK_SECONDS", 0.05)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("journal", ["WAL", "DELETE"])
@pytest.mark.parametrize("begin_with", ["BEGIN IMMEDIATE", "BEGIN EXCLUSIVE"])
def test_a_locked_database_stays_where_it_is(
    begin_with: str, journal: str, learner: Path, capsys: pytest.CaptureFixture
) -> None:
    """A sentence says that it is locked; begin moves nothing; after the lock, begin works."""
    put(5, learner)
    write_mine(learner, "app/main.py")
    with closing(sqlite3.connect(learner / DATABASE, isolation_level=None)) as other:
        other.execute(f"PRAGMA journal_mode = {journal}")
        other.execute(begin_with)
        other.execute("INSERT INTO task (task_name) VALUES ('unsaved')")
        for function in (steps.begin, lambda _step: steps.restore("backups/001")):
            (learner / "backups" / "001" / "app").mkdir(parents=True, exist_ok=True)
            with pytest.raises(Problem) as caught:
                function(6)
            assert caught.value.key == "database-locked"
        assert is_mine(learner / "app" / "main.py")
        assert not list(learner.glob(f"{workspace.BUILD}*"))
        other.execute("COMMIT")
    steps.begin(6)
    assert read_state(learner) == end_of(5)
    assert "unsaved" in str(read_state(learner / "backups" / "002").rows)


@pytest.mark.usefixtures("impatient")
def test_a_database_that_is_only_read_is_no_trouble(learner: Path) -> None:
    """A program that has it open, or reads from it, need not be closed (but on Windows)."""
    put(5, learner)
    write_mine(learner, "app/main.py")
    with closing(sqlite3.connect(learner / DATABASE, isolation_level=None)) as other:
        other.execute("BEGIN")
        other.execute("SELECT * FROM task").fetchone()
        if sys.platform == "win32":
            with pytest.raises(Problem, match="can't be moved"):
                steps.begin(6)
            assert is_mine(learner / "app" / "main.py")
        else:
            steps.begin(6)
            assert read_state(learner) == end_of(5)


async def use(engine: Any, async_engine: Any) -> None:
    """Read from a database by both engines, which keep a connection each."""
    query = text("SELECT * FROM task")
    with engine.connect() as connection:
        connection.execute(query)
    async with async_engine.connect() as connection:
        await connection.execute(query)


def test_the_engines_of_this_kernel(learner: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a cell has used holds the database no more when begin moves it, as Windows wants."""
    put(5, learner)
    write_mine(learner, "app/mine.py")
    engines = [import_now(f"app.{name}").engine for name in ("db", "db_async")]
    asyncio.run(use(*engines))
    held = []
    real = Path.replace

    def move(source: Path, target: Path) -> Path:
        held.extend(one.path for one in psutil.Process().open_files() if Path(one.path) == source)
        return real(source, target)

    monkeypatch.setattr(Path, "replace", move)
    steps.begin(6)
    assert held == []
    assert read_state(learner) == end_of(5)


# An exchange that does not come to its end

KILLED = """
import os, sys
from pathlib import Path
from tutorial import steps

moves = int(sys.argv[1])
replace = Path.replace

def move(source, target):
    global moves
    if not moves:
        os._exit(9)
    moves -= 1
    return replace(source, target)

Path.replace = move
steps.begin(int(sys.argv[2]))
"""


def kill_after(moves: int, step: int, folder: Path) -> bool:
    """Let another Python begin a step, and kill it before its next move; return if it was."""
    environment = {**os.environ, "TUTORIAL_WORKSPACE": str(folder), "PYTHONUTF8": "1"}
    environment["PYTHONPATH"] = str(course.NOTEBOOKS)
    command = [sys.executable, "-B", "-c", KILLED, str(moves), str(step)]
    done = subprocess.run(command, env=environment, capture_output=True, encoding="utf-8")
    assert done.returncode in (0, 9), done.stderr
    return done.returncode == 9


@pytest.mark.parametrize("own", [True, False], ids=["own work", "no own work"])
def test_a_kernel_killed_between_two_moves(
    own: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever it dies, the next begin finds the old project or the new one; nothing is lost."""
    monkeypatch.chdir(tmp_path)
    for moves in (0, 1, 3, 5):  # of the six there are: four old parts, two new ones
        folder = tmp_path / f"{moves} moves"
        folder.mkdir()
        put(7, folder)
        if own:
            write_mine(folder)
        assert kill_after(moves, 5, folder)
        assert (folder / workspace.MOVES).exists()
        monkeypatch.setenv("TUTORIAL_WORKSPACE", str(folder))
        steps.begin(5)
        assert read_state(folder) == end_of(4)
        assert not (folder / workspace.MOVES).exists()
        assert not list(folder.glob(f"{workspace.BUILD}*"))
        assert [one for one in folder.glob("backups/*") if not any(one.iterdir())] == []
        if own:
            (kept,) = folder.glob("backups/*/app/models.py")
            assert is_mine(kept)
            assert (kept.parent.parent / DATABASE).exists()
        else:
            assert not (folder / "backups").exists()


@pytest.mark.parametrize("note", ["", "[[", "[]"])
def test_a_note_that_is_broken(note: str, learner: Path) -> None:
    """A note that was not written to its end says that nothing was moved yet."""
    put(4, learner)
    (learner / workspace.MEMORY).mkdir()
    (learner / workspace.MOVES).write_text(note, encoding="utf-8")
    steps.begin(5)
    assert read_state(learner) == end_of(4)
    assert not (learner / workspace.MOVES).exists()


def test_a_note_of_moves_that_cannot_be_done(learner: Path) -> None:
    """An interrupt may leave a note whose folder is gone: what is there stays there."""
    put(4, learner)
    (learner / workspace.MEMORY).mkdir()
    names = [["app", f"{workspace.BUILD}x/old/app"], [f"{workspace.BUILD}x/new/app", "app"]]
    (learner / workspace.MOVES).write_text(json.dumps(names), encoding="utf-8")
    steps.begin(5)
    assert read_state(learner) == end_of(4)


@pytest.mark.parametrize(
    ("error", "key"),
    [
        (PermissionError(13, "open"), "file-locked"),  # as Windows says it of an open file
        (OSError(28, "full"), "disk-full"),
        (KeyboardInterrupt(), None),
    ],
)
def test_a_move_that_fails(
    error: BaseException, key: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whichever move fails, all is where it was, and the next begin works."""
    monkeypatch.chdir(tmp_path)
    real = Path.replace
    for number in range(6):  # as many as there are
        folder = tmp_path / str(number)
        folder.mkdir()
        put(7, folder)
        write_mine(folder)
        before = {path: path.read_bytes() for path in folder.rglob("*.*")}
        monkeypatch.setenv("TUTORIAL_WORKSPACE", str(folder))
        moves = []

        def move(source: Path, target: Path, moves: list = moves, number: int = number) -> Path:
            if source not in moves:
                moves.append(source)
            if moves.index(source) == number:  # however often it is tried
                raise error
            return real(source, target)

        with monkeypatch.context() as patched:
            patched.setattr(Path, "replace", move)
            patched.setattr(workspace, "sys", SimpleNamespace(platform="win32"))
            patched.setattr(workspace, "TRY_SECONDS", 0)
            with pytest.raises((Problem, KeyboardInterrupt)) as caught:
                steps.begin(5)
        assert getattr(caught.value, "key", None) == key
        assert all(path.read_bytes() == content for path, content in before.items())
        assert not (folder / workspace.MOVES).exists()
        assert not list(folder.glob(f"{workspace.BUILD}*"))
        steps.begin(5)
        assert read_state(folder) == end_of(4)


@pytest.mark.parametrize("platform", ["win32", "linux"])
def test_a_file_that_is_held_for_a_moment(
    platform: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On Windows it is moved all the same. Elsewhere, what is refused once is refused."""
    (tmp_path / "old").touch()
    monkeypatch.setattr(workspace, "sys", SimpleNamespace(platform=platform))
    monkeypatch.setattr(workspace, "TRY_SECONDS", 0)
    real, refusals = Path.replace, iter(range(workspace.TRIES - 1))

    def move(source: Path, target: Path) -> Path:
        if next(refusals, None) is not None:
            raise PermissionError(13, "open")
        return real(source, target)

    monkeypatch.setattr(Path, "replace", move)
    if platform != "win32":
        with pytest.raises(PermissionError):
            workspace.rename(tmp_path / "old", tmp_path / "new")
    else:
        workspace.rename(tmp_path / "old", tmp_path / "new")
    assert [path.name for path in tmp_path.iterdir()] == ["new" if platform == "win32" else "old"]


def test_a_disk_that_is_full_while_the_project_is_built(
    learner: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then nothing was moved yet."""
    put(7, learner)
    write_mine(learner)
    before = read_state(learner)
    real = Path.write_text

    def write(path: Path, text: str, **more: str) -> int:
        if path.name == "main.py":
            path.write_bytes(text[:10].encode())
            raise OSError(28, "No space left on device")
        return real(path, text, **more)

    monkeypatch.setattr(Path, "write_text", write)
    with pytest.raises(Problem, match="The disk is full"):
        steps.begin(5)
    assert read_state(learner) == before
    assert not list(learner.glob(f"{workspace.BUILD}*"))


# A file of the learner's own that a cell would overwrite


@pytest.fixture
def shell(learner: Path) -> InteractiveShell:
    """Give a notebook's shell whose %%writefile keeps own work."""
    put(4, learner)
    shell = InteractiveShell()
    overwrite.keep_before_writing(shell)
    overwrite.keep_before_writing(shell)  # as `begin` does it each time
    return shell


def cell_of(step: int, path: str) -> str:
    """Return the cell that writes a file."""
    first = f"%%writefile {path}\n"
    return next(one.source for one in course.cells(step) if one.source.startswith(first))


def test_own_work_is_kept_before_it_is_overwritten(
    shell: InteractiveShell, learner: Path, capsys: pytest.CaptureFixture
) -> None:
    """The whole project goes into a backup that is named, and can be restored; once."""
    add_row(learner)
    main = learner / "app" / "main.py"
    main.write_text(main.read_text(encoding="utf-8") + MINE, encoding="utf-8")
    before = read_state(learner)
    for _ in range(2):
        shell.run_cell(cell_of(4, "app/main.py"))
    printed = capsys.readouterr().out
    assert printed.count("↻ Your app/main.py was kept in backups/001/app/main.py.") == 1
    assert printed.endswith("Overwriting app/main.py\n")
    assert main.read_text(encoding="utf-8") == cell_of(4, "app/main.py").partition("\n")[2] + "\n"
    assert workspace.backups(learner) == ["backups/001"]
    steps.restore("backups/001")
    assert read_state(learner) == before


@pytest.mark.parametrize(
    "change",
    [
        lambda _folder: None,
        lambda folder: (folder / "app" / "main.py").unlink(),
        lambda folder: put(8, folder),
    ],
    ids=["as it was", "missing", "of another step"],
)
def test_nothing_is_kept_of_what_the_course_writes(
    change: Callable[[Path], None], shell: InteractiveShell, learner: Path
) -> None:
    """A backup holds work of one's own, or there is none."""
    (learner / DATABASE).unlink()
    change(learner)
    shell.run_cell(cell_of(4, "app/main.py"))
    assert not (learner / "backups").exists()


@pytest.mark.parametrize(
    ("option", "path"),
    [
        *(("-a", "app/models.py"), ("--append", "app/models.py")),
        *(("", "notes.txt"), ("", '"app/my models.py"'), ("", "app/x.py")),
    ],
)
def test_nothing_is_kept_where_nothing_is_lost(
    option: str, path: str, shell: InteractiveShell, learner: Path
) -> None:
    """Appending keeps what is there; another file is new, or no part of the project. So twice."""
    (learner / "notes.txt").write_text("notes\n", encoding="utf-8")
    for _ in range(2):
        shell.run_cell(f"%%writefile {option} {path}\nx = 1\n")
    assert not (learner / "backups").exists()
    text = (learner / path.strip('"')).read_text(encoding="utf-8")
    assert text.endswith("x = 1\n") and text.count("x = 1\n") == 1


def test_nothing_is_kept_for_another_folder(
    shell: InteractiveShell, learner: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cell that writes in a trial, or in a case, leaves the project as it is."""
    write_mine(learner)
    (learner / "case" / "app").mkdir(parents=True)
    monkeypatch.chdir(learner / "case")
    shell.run_cell("%%writefile app/models.py\nx = 1\n")
    assert (learner / "case" / "app" / "models.py").read_text(encoding="utf-8") == "x = 1\n"
    assert is_mine(learner / "app" / "models.py") and not (learner / "backups").exists()


def test_a_path_with_backslashes(
    shell: InteractiveShell, learner: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As one types it on Windows: what is kept is the file that is written."""
    asked: list[str] = []
    monkeypatch.setattr(overwrite, "keep", lambda path, _text: asked.append(path))
    shell.run_cell("%%writefile app\\x.py\nx = 1\n")
    assert asked == [r"app\x.py"]


def test_what_a_cell_appends_is_appended_once(
    shell: InteractiveShell, learner: Path, capsys: pytest.CaptureFixture
) -> None:
    """A cell that runs twice adds nothing more; one that has no file to add to says so."""
    models = learner / "app" / "models.py"
    before = models.read_text(encoding="utf-8")
    for _ in range(2):
        shell.run_cell("%%writefile -a app/models.py\n\n\nx = 1\n")
    assert models.read_text(encoding="utf-8") == f"{before}\n\nx = 1\n"
    assert capsys.readouterr().out.endswith("app/models.py has this text already.\n")
    beginning = "from sqlmodel\npass\n"  # of a line of the file, which is another line
    assert beginning.splitlines()[0] in before
    assert shell.run_cell(f"%%writefile -a app/models.py\n{beginning}").success
    error = shell.run_cell("%%writefile -a app/nope.py\nx = 1\n").error_in_exec
    assert isinstance(error, Problem) and error.key == "file-gone"
    assert not (learner / "app" / "nope.py").exists()


def test_an_appended_cell_that_was_changed(shell: InteractiveShell, learner: Path) -> None:
    """The file would have two endpoints of one path, and use the old one: so it says so."""
    main = learner / "app" / "main.py"
    endpoint = "\n\n@app.get('/mine')\ndef mine() -> str:\n    return 'mine'\n"
    shell.run_cell(f"%%writefile -a app/main.py\n{endpoint}")
    before = main.read_text(encoding="utf-8")
    assert before.endswith(endpoint)
    changed = endpoint.replace("'mine'\n", "'new'\n")
    error = shell.run_cell(f"%%writefile -a app/main.py\n{changed}").error_in_exec
    assert isinstance(error, Problem) and error.key == "appended-before"
    assert "app/main.py has `@app.get('/mine')` already" in error.what
    assert main.read_text(encoding="utf-8") == before


def test_a_file_with_a_space_in_its_name(shell: InteractiveShell, learner: Path) -> None:
    """It is kept, too."""
    write_mine(learner, "app/my models.py")
    shell.run_cell('%%writefile "app/my models.py"\nx = 1\n')
    assert is_mine(learner / "backups" / "001" / "app" / "my models.py")


def test_a_cell_that_ran_before_begin(
    learner: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    """What it wrote stands beside the notebooks: `begin` names it, but no file of one's own."""
    beside = tmp_path / "notebooks"
    beside.mkdir()
    elsewhere = SimpleNamespace(NOTEBOOKS=beside, cells=course.cells)
    monkeypatch.setattr(overwrite, "course", elsewhere)
    write_mine(beside, "compose.yaml")
    for number, name in ((16, "Dockerfile"), (0, "hello.py")):
        cells = [one.source for one in course.cells(number) if name in one.source]
        text = next(one for one in cells if one.startswith(f"%%writefile {name}\n"))
        (beside / name).write_text(text.partition("\n")[2] + "\n", encoding="utf-8")
    steps.begin(16)
    said = capsys.readouterr().out
    assert "has written Dockerfile into the folder notebooks. Delete Dockerfile there." in said
    assert "compose.yaml into" not in said
    steps.practice()
    assert "has written hello.py into the folder notebooks." in capsys.readouterr().out
    (beside / "Dockerfile").unlink()
    steps.begin(16)
    assert "has written" not in capsys.readouterr().out


def test_a_chapter_of_part_two(
    learner: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    """It works on a copy in a folder of its own; the project and its backups stay as they are."""
    part = course.part
    monkeypatch.setattr(course, "part", lambda one: course.ANY_ORDER if one == 11 else part(one))
    put(3, learner)
    write_mine(learner)
    before = read_state(learner)
    folder = learner / course.notebook_path(11).stem
    steps.begin(11)
    assert Path.cwd() == folder
    assert read_state(folder) == end_of(10)
    printed = capsys.readouterr().out
    assert f"a copy of the finished service,\nin the folder {folder.name}" in printed
    assert "↻" not in printed
    write_mine(folder)
    steps.begin(11)
    assert 'restore("backups/001")' in capsys.readouterr().out
    assert is_mine(folder / "backups" / "001" / "app" / "models.py")
    steps.restore("backups/001")
    assert is_mine(folder / "app" / "models.py")
    assert read_state(learner) == before
    assert not (learner / "backups").exists()
    assert [one for one in (0, 3, 10, 11) if course.start_of(one) == 10] == [11]
