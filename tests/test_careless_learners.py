"""Careless learners: whatever they do, it works, or one sentence says what to do; nothing is lost.

Each plays with cells of the notebooks in this process. Those that need a kernel of their own are
in test_careless_kernels.py. That every notebook runs whole in an empty workspace, conftest.py and
nbval show.
"""

import os
import random
import re
import shutil
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest
from learner import FAILED
from plays import end_of, one_sentence, put
from shell import Shell

from tutorial import course
from tutorial.state import DATABASE, read_state
from tutorial.workspace import project_of

STEPS = course.steps()
ENDPOINT = "\n\n@app.get('/mine')\ndef mine() -> str:\n    return 'mine'\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give an empty workspace."""
    folder = tmp_path / "my workspace"
    folder.mkdir()
    return folder


# In any order


def test_each_notebook_first(tmp_path: Path) -> None:
    """Any notebook can be the first one that is opened, in an empty folder."""
    for step in course.numbers():
        workspace = tmp_path / str(step)
        with Shell(step, workspace) as learner:
            learner.run("begin")
        folder = project_of(step, workspace)
        assert read_state(folder) == end_of(course.start_of(step))
        assert not (folder / "backups").exists()


@pytest.mark.parametrize("seed", [0, *map(int, os.environ.get("COURSE_SEEDS", "1").split(","))])
def test_all_in_another_order(seed: int, folder: Path, tmp_path: Path) -> None:
    """From the last to the first (seed 0), or in any order, in one folder."""
    numbers = course.numbers()
    order = random.Random(seed).sample(numbers, len(numbers)) if seed else reversed(numbers)
    for step in order:
        with Shell(step, folder) as learner:
            learner.run("begin")
            project = project_of(step, folder)
            assert read_state(project) == end_of(course.start_of(step))
            put(step, project, tmp_path)
            assert f"{step}" in learner.run("finish")
            assert not (project / "backups").exists()  # nothing there was the learner's own


def test_a_cell_before_those_above_it(folder: Path) -> None:
    """A cell that needs another one first says so, and works after it."""
    with Shell(5, folder) as learner:
        learner.run("begin")
        one_sentence(learner.try_("post"), "This notebook does not know `client` yet.")
        one_sentence(learner.try_("curl"), "there is no text or number with the name `URL`")
        learner.up_to("curl")


def test_trials_without_a_database_of_their_own(folder: Path) -> None:
    """04: whoever leaves out the cell that chooses one is told so, and changes no own row."""
    with Shell(4, folder) as learner:
        texts = {id_: learner.try_(id_) for id_ in learner.ids if id_ != "choose-try-out"}
        for id_ in ("call-ping", "no-table", "post", "post-async", "article-call"):
            assert "This notebook does not know `call` yet." in texts[id_]
        assert "Step 4 of 10 is done." in texts["finish"]
    assert read_state(folder) == end_of(4)


def test_each_cell_twice(folder: Path) -> None:
    """04: a file that grows by edits, and a mistake on purpose, bear a second run of each cell."""
    with Shell(4, folder) as learner:
        for id_ in learner.ids:
            learner.run(id_, id_)
    assert read_state(folder) == end_of(4)
    assert not (folder / "backups").exists()


def test_an_error_of_python_is_a_failure(folder: Path) -> None:
    """Not only a message of the course: else a play would not notice what goes wrong in it."""
    with Shell(1, folder) as learner:
        assert FAILED in learner.write("1 / 0")
        assert FAILED in learner.write("1 /")
        assert FAILED not in learner.write("print('ZeroDivisionError')")


# The workspace


def test_the_workspace_deleted(folder: Path) -> None:
    """The folder can be deleted while a notebook is open: the first cell makes it anew."""
    with Shell(4, folder) as learner:
        learner.run("begin")
        shutil.rmtree(folder)
        one_sentence(learner.try_("write-main"))
        learner.up_to("write-main-async")
        assert read_state(folder).files == end_of(4).files


def damaged_database(folder: Path, damage: Callable[[Path], object]) -> None:
    """Damage the database at the end of step 5: a look says so, step 6 begins, nothing is lost."""
    with Shell(6, folder) as learner:
        learner.run("begin")
    with closing(sqlite3.connect(folder / DATABASE)) as connection, connection:
        connection.execute("INSERT INTO task (task_name) VALUES ('my own')")
    for name in (f"{DATABASE}-wal", f"{DATABASE}-shm"):
        (folder / name).unlink(missing_ok=True)
    damage(folder / DATABASE)
    before = (folder / DATABASE).read_bytes() if (folder / DATABASE).exists() else None
    with Shell(5, folder) as learner:
        learner.write(f"from tutorial import *\nimport os\nos.chdir({str(folder)!r})")
        one_sentence(learner.try_("finish"), "Step 5 is not complete yet.")
        look = learner.write("table('task')")
        if FAILED in look:  # of a file that is cut off, SQLite still reads the first rows
            one_sentence(look)
    with Shell(6, folder) as learner:
        assert 'restore("backups/001")' in learner.run("begin")
        assert read_state(folder) == end_of(5)
        assert (folder / "backups" / "001" / "app" / "main.py").exists()
        kept = folder / "backups" / "001" / DATABASE
        assert (kept.read_bytes() if kept.exists() else None) == before


def test_the_database_deleted(folder: Path) -> None:
    """database.db can be deleted."""
    damaged_database(folder, Path.unlink)


def test_the_database_truncated(folder: Path) -> None:
    """database.db can be cut off in the middle of a page."""
    damaged_database(folder, lambda path: path.write_bytes(path.read_bytes()[:5000]))


def test_the_database_emptied(folder: Path) -> None:
    """database.db can be a file of no bytes."""
    damaged_database(folder, lambda path: path.write_bytes(b""))


def test_text_in_the_database(folder: Path) -> None:
    """database.db can be written over with text."""
    damaged_database(folder, lambda path: path.write_text("my notes\n" * 500, encoding="utf-8"))


def test_the_database_deleted_under_a_server(folder: Path) -> None:
    """database.db can be deleted while a server works with it."""
    with Shell(5, folder) as learner:
        learner.up_to("post")
        for path in folder.glob("database.db*"):
            with suppress(PermissionError):  # Windows does not let go of an open file
                path.unlink()
        if not (folder / DATABASE).exists():
            one_sentence(learner.try_("row"), "There is no database.db yet.")
        learner.up_to("row")


def test_an_unknown_revision(folder: Path) -> None:
    """alembic_version can name a revision that has no file."""
    with Shell(9, folder) as learner:
        learner.run("begin")
        with closing(sqlite3.connect(folder / DATABASE)) as connection, connection:
            connection.execute("UPDATE alembic_version SET version_num = 'ffff'")
        one_sentence(learner.try_("revision"), "the database names a revision that has no file")
        assert "backups/001" in learner.run("begin")
        learner.run("revision")


def broken_models(folder: Path, text: str, says: str) -> None:
    """Write a wrong models.py: the import says where; begin keeps the file, restore brings it."""
    with Shell(4, folder) as learner:
        learner.run("begin")
        models = folder / "app" / "models.py"
        right = models.read_text(encoding="utf-8")
        models.write_text(right + text, encoding="utf-8", newline="\n")
        learner.run("write-main")
        one_sentence(learner.try_("import-app"), says)
        assert "Traceback" in learner.write("%tb")
        printed = learner.up_to("import-app")  # all again
        assert 'restore("backups/001")' in printed
        assert models.read_text(encoding="utf-8") == right
        restored = learner.write('restore("backups/001")')  # as begin has printed it
        assert FAILED not in restored
        assert models.read_text(encoding="utf-8") == right + text
        one_sentence(learner.write('restore("backups/007")'), "no backup with the name backups/007")


def test_a_syntax_error(folder: Path) -> None:
    """models.py can have a syntax error."""
    broken_models(folder, "x = (\n", "app/models.py has a syntax error in line ")


def test_a_wrong_type(folder: Path) -> None:
    """models.py can have a type that does not exist."""
    text = "\n\nclass Tag(SQLModel):\n    name: strr\n"
    broken_models(folder, text, "NameError: name 'strr' is not defined")


def test_a_file_edited_between_two_cells(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """models.py can be edited in another program: the next cell imports what was saved there.

    Also if it was saved twice in one second: Python's bytecode can't tell these two apart.
    """
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    with Shell(4, folder) as learner:
        learner.run("begin")
        learner.write("from app.models import Task")
        models = folder / "app" / "models.py"
        right = models.read_text(encoding="utf-8")
        for number in (1, 2):
            models.write_text(f"{right}MINE = {number}\n", encoding="utf-8")
            os.utime(models, (0, 0))
            assert learner.write("from app.models import MINE\nprint(MINE)") == f"{number}\n"


def test_files_of_the_learners_own(folder: Path, tmp_path: Path) -> None:
    """A file beside the project stays; one inside the project is kept in a backup."""
    with Shell(4, folder) as learner:
        learner.run("begin")
        put(4, folder, tmp_path)
        (folder / "notes.txt").write_text("mine", encoding="utf-8")
        (folder / "app" / "notes.py").write_text("mine = True\n", encoding="utf-8")
        assert "· app/notes.py is your own" in learner.run("finish")
    with Shell(5, folder) as learner:
        assert 'restore("backups/001")' in learner.run("begin")
    assert (folder / "notes.txt").read_text(encoding="utf-8") == "mine"
    kept = folder / "backups" / "001" / "app" / "notes.py"
    assert kept.read_text(encoding="utf-8") == "mine = True\n"


def test_an_endpoint_of_the_learners_own(folder: Path, tmp_path: Path) -> None:
    """Added before `finish`, it costs no mark; following each hint loses nothing of it."""
    with Shell(8, folder) as learner:
        learner.run("begin")
        put(8, folder, tmp_path)
        main = folder / "app" / "main.py"
        own = main.read_text(encoding="utf-8") + ENDPOINT
        main.write_text(own, encoding="utf-8", newline="\n")
        printed = learner.run("finish")
        assert "Step 8 of 10 is done." in printed
        assert "· app/main.py has additions of your own" in printed
        main.write_text(own.replace("pong!", "hello"), encoding="utf-8", newline="\n")
        again = "✗ app/main.py: it is not what this step writes: run this notebook again from its"
        assert again in learner.try_("finish")
        assert 'restore("backups/001")' in (printed := learner.run())
        assert "Step 8 of 10 is done." in printed
        assert ENDPOINT in (folder / "backups/001/app/main.py").read_text(encoding="utf-8")
        main.write_text(own, encoding="utf-8", newline="\n")
    with Shell(9, folder) as learner:  # and in the steps after it, when it was restored
        assert 'restore("backups/002")' in learner.run("begin")
        learner.write('restore("backups/002")')
        assert main.read_text(encoding="utf-8") == own
        learner.run("revision", "upgrade")
        assert "Step 9 of 10 is done." in learner.run("finish")


# The trials of notebook 8


def test_the_trials_resumed_in_a_new_kernel(folder: Path, tmp_path: Path) -> None:
    """Each cell says which cell must run first: none asks another database, or makes a file."""
    with Shell(8, folder) as learner:
        learner.up_to("read-try")
    notebook = learner
    cells = ("call-2", "pages", "offset-skips", "old-row", "read-try", "patch-try", "race", "clean")
    with Shell(8, folder) as learner:  # the next evening: the files are there, the names are not
        learner.write("import os\nfrom tutorial.shown_errors import explain_errors")
        learner.write(f"explain_errors(get_ipython(), 8)\nos.chdir({str(tmp_path)!r})")
        before = sorted(tmp_path.rglob("*"))
        for cell in cells:
            said = learner.try_(cell)
            one_sentence(said, "This notebook does not know `")
            assert "Run All Above" in said, cell
        assert sorted(tmp_path.rglob("*")) == before
    assert set(cells) <= set(notebook.ids)
    with Shell(8, folder) as learner:  # and as the message says it
        assert '"id":3' in learner.up_to("read-try")


def test_the_trials_without_their_database(folder: Path) -> None:
    """Who skips the cell that makes it is sent there, and not to the spelling of a name."""
    with Shell(8, folder) as learner:
        learner.run("begin", "call")
        one_sentence(learner.try_("call-2"), "This notebook does not know `try_out` yet.")
        learner.up_to("old-row-answer")
        said = learner.write(
            "from app.models import Task\nfrom sqlmodel import Session, create_engine, select\n"
            "with Session(create_engine('sqlite:///database.db')) as one:\n"
            "    one.exec(select(Task)).all()"
        )
        one_sentence(said, "has not: no such column: task.task_description.")
        assert "Run the cell above that chooses or makes the database." in said


def test_an_edit_of_the_trials_left_out(folder: Path) -> None:
    """The file can't be imported then: the message names the cause, and to run that cell helps."""
    with Shell(8, folder) as learner:
        learner.up_to("list")
        said = learner.try_("old-row")
        one_sentence(said, "app/main.py can't be imported, it stops in line ")
        assert 'run the one that begins with `edit("app/main.py", "sqlmodel import' in said
        assert '"id":4' in learner.run("list-imports", "pages")


def test_a_cell_of_the_trials_twice(folder: Path) -> None:
    """Every cell can run twice, one after the other; the files are as if it had run once."""
    with Shell(8, folder) as learner:
        learner.run("begin")
        for cell in learner.ids[1 : learner.ids.index("clean")]:
            learner.run(cell, cell)
        assert "Step 8 of 10 is done." in learner.run("clean", "clean", "finish")


# The trials of notebook 9


@pytest.mark.parametrize("times", [1, 2])
def test_the_trial_with_a_service_twice(times: int, folder: Path) -> None:
    """Cell by cell or as a whole: a service of an earlier run brings no row of its own back."""
    with Shell(9, folder) as learner:
        learner.run("begin")
        first, end = learner.ids.index("trial"), learner.ids.index("delete-trial")
        for _ in range(2):
            shown = {id_: learner.run(*[id_] * times) for id_ in learner.ids[first:end]}
            assert shown["bare-copy"].endswith("(100, 150)\n")
            assert shown["restore-too-early"].endswith(f"{150 + times}\n")
            assert re.findall(r": (\d+)$", shown["restore"], re.MULTILINE) == ["100"] * times
        learner.run("delete-trial", "delete-trial")
    assert not list(folder.glob("trial*"))


def test_a_revision_that_is_hidden(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It can be hidden and come back in any order, on Windows too; begin leaves none behind."""

    def rename_of_windows(self: Path, target: str) -> Path:
        if Path(target).exists():
            raise FileExistsError(target)
        return self.replace(target)

    monkeypatch.setattr(Path, "rename", rename_of_windows)
    with Shell(9, folder) as learner:
        learner.run("begin", "revision", "hide")
        learner.run("revision", "hide", "hide", "unhide", "unhide")
        file = folder / "alembic" / "versions" / "0002_add_description.py"
        text = file.read_text(encoding="utf-8")
        learner.run("hide")
        file.write_text(text, encoding="utf-8")
        learner.run("unhide", "hide")
    with Shell(9, folder) as learner:
        learner.run("begin")
        assert not list(folder.glob("hidden*"))
        learner.run("unhide", "revision")


# A disk that does not take it


@contextmanager
def small_disk(folder: Path, options: str) -> Iterator[Path]:
    """Give a file system of its own, in memory. Skips the play where that is not allowed."""
    place = folder / "disk"
    place.mkdir()
    mount = shutil.which("mount")
    command = [mount or "", "-t", "tmpfs", "-o", options, "tmpfs", str(place)]
    if not mount or subprocess.run(command, capture_output=True).returncode:
        pytest.skip("only root on Linux can make a file system for a test")
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


def test_a_read_only_workspace(folder: Path) -> None:
    """In a folder that can't be written, one sentence names the folder."""
    with small_disk(folder, "ro") as place, Shell(4, place) as learner:
        one_sentence(learner.try_("begin"), "can't be written: this user may not change it.")


def test_a_workspace_without_rights(folder: Path) -> None:
    """The same for a folder that belongs to somebody else."""
    folder.chmod(0o500)
    try:
        if os.access(folder, os.W_OK):
            pytest.skip("root may write everywhere, and Windows knows no such mode")
        with Shell(4, folder) as learner:
            one_sentence(learner.try_("begin"), "can't be written: this user may not change it.")
    finally:
        folder.chmod(0o700)


def test_a_full_disk(folder: Path, tmp_path: Path) -> None:
    """On a full disk one sentence says so, and the learner's files stay as they were."""
    with small_disk(folder, "size=200k") as place:
        put(2, place, tmp_path)
        (place / "app" / "models.py").write_text("mine = True\n", encoding="utf-8")
        (place / ".course").mkdir()
        filler = place / "filler"
        with suppress(OSError), filler.open("wb") as file:
            while True:
                file.write(bytes(512))
        with Shell(4, place) as learner:
            one_sentence(learner.try_("begin"), "The disk is full")
            text = (place / "app" / "models.py").read_text(encoding="utf-8")
            assert text == "mine = True\n"
            filler.unlink()
            assert "backups/001" in learner.run("begin")


# The machine


def test_port_8000_taken(folder: Path) -> None:
    """Another program may have port 8000."""
    with socket.socket() as taken:
        with suppress(OSError):  # then another program has it indeed
            taken.bind(("127.0.0.1", 8000))
            taken.listen()
        with Shell(5, folder) as learner:
            learner.up_to("both-run")


def test_database_url_set(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """DATABASE_URL may be set outside; the course does not touch that database."""
    other = tmp_path / "other.db"
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{other.as_posix()}")
    with Shell(9, folder) as learner:
        assert "DATABASE_URL was set; it is ignored" in learner.run("begin")
        learner.run("revision", "upgrade")
    assert not other.exists()
    assert read_state(folder) == end_of(9)


WEEKLY = [pytest.param(one, marks=pytest.mark.weekly) for one in ("trap-revision", "clean")]


@pytest.mark.parametrize("left_out", ["trap-copy", *WEEKLY])
def test_a_cell_of_the_trap_left_out(left_out: str, folder: Path) -> None:
    """06: the trap is a trial in its own folder, so the step ends right without each cell of it."""
    with Shell(6, folder) as learner:
        ids = [one for one in learner.ids if not one.startswith("your-turn") and one != left_out]
        for one in ids:
            said = learner.try_(one)
            if FAILED in said:
                assert one.startswith("trap-") or one == "clean", said
                one_sentence(said)
        assert "Step 6 of 10 is done." in said
    with Shell(7, folder) as learner:
        learner.run("begin")
    assert not (folder / "trap").exists()
    assert read_state(folder) == end_of(6)


def test_commands_missing(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without curl, one sentence says so; alembic is found even if PATH does not name it."""
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    with Shell(5, folder) as learner:
        learner.run(*learner.ids[: learner.ids.index("curl")])
        one_sentence(learner.try_("curl"), "The command `curl` was not found.")
        one_sentence(learner.try_("finish"), "Step 5 is not complete yet.")
    with Shell(6, folder) as learner:
        assert "rebuilt as step 5 leaves it" in learner.run("begin")
        learner.run("alembic-init")
