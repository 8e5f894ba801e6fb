"""Careless learners: whatever they do, it works, or one sentence says what to do; nothing is lost.

Each play runs notebooks in kernels of their own, with a workspace of its own. The plays run side
by side in a few threads, so that all of them take as long as the machine's cores need.
"""

import inspect
import os
import random
import shutil
import socket
import sqlite3
import subprocess
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path

import pytest
from learner import FAILED, Learner

from tutorial import course, replay
from tutorial.terminal import IN_PROCESS
from tutorial.workspace import MEMORY, copy_project, end_of, known_states, read_state

ROOT = Path(__file__).resolve().parent.parent
STEPS = range(1, course.STEPS + 1)
AT_ONCE = 3  # plays; each waits now and then, so that two cores are busy
# Starting Alembic's process some 25 times in a run of all notebooks would take most of the time.
# nbval's run starts them all.
QUICK = {IN_PROCESS: "1"}

ENDS: list[Path] = []  # the folder of the steps' ends, once there is one
REPLAYED = threading.Lock()
SLOW: set[str] = set()
PLAYS: dict[str, Callable[[Path], None]] = {}


def play(function: Callable[[Path], None]) -> Callable[[Path], None]:
    """Make a test of a function that plays in the folder that it is given."""
    PLAYS[function.__name__] = function
    return function


def slow(function: Callable[[Path], None]) -> Callable[[Path], None]:
    """Give a play the marker `slow`: it takes more than a minute."""
    SLOW.add(function.__name__)
    return function


def open_notebook(step: int, workspace: Path | None, **more: str | Path) -> Learner:
    """Open a step's notebook; leave the `with` block to close it."""
    return Learner(step, workspace, **(QUICK | more))


def run_notebook(step: int, workspace: Path) -> str:
    """Run a notebook from its first to its last cell in a new kernel."""
    with open_notebook(step, workspace) as learner:
        printed = learner.run()
    assert read_state(workspace).files == known_states()[step].files
    return printed


def one_sentence(text: str, says: str) -> None:
    """Assert that the last thing a learner sees is a message of the course, with these words."""
    shown = text.strip().splitlines()[-3:]
    assert shown[0].startswith(FAILED), f"no message of three lines: {text}"
    assert says in shown[0], shown[0]
    assert shown[1].startswith("→ "), text
    assert shown[2].startswith("  More: "), text


def put(step: int, workspace: Path) -> None:
    """Put the end of a step into a workspace, as a replay leaves it."""
    (ends,) = ENDS
    built = ends / "built"
    with REPLAYED:
        if not built.exists():
            built.mkdir()
            replay.replay(9, built, at_end=lambda done: copy_project(built, end_of(done, ends)))
    copy_project(end_of(step, ends), workspace)


# In any order


@play
def each_notebook_first(folder: Path) -> None:
    """Any notebook can be the first one that is opened, in an empty folder."""
    for step in STEPS:
        workspace = folder / f"{step}"
        run_notebook(step, workspace)
        assert not (workspace / "backups").exists()


@play
def all_in_reverse(folder: Path) -> None:
    """The notebooks can be run from the last to the first, in one folder."""
    for step in reversed(STEPS):
        run_notebook(step, folder)
    assert not (folder / "backups").exists()  # nothing there was the learner's own


@play
def all_shuffled(folder: Path) -> None:
    """The notebooks can be run in any order, in one folder."""
    for seed in map(int, os.environ.get("COURSE_SEEDS", "1").split(",")):
        order = random.Random(seed).sample(STEPS, len(STEPS))
        for step in order:
            run_notebook(step, folder)
        assert not (folder / "backups").exists()


@play
@slow
def each_notebook_three_times(folder: Path) -> None:
    """A notebook can be run twice in one kernel, and again in another, while the first is alive.

    The second time, each cell runs twice: it works again, or says in one sentence why it can't.
    """
    for step in STEPS:
        with open_notebook(step, folder) as learner:
            learner.run()
            for id_ in learner.ids:
                learner.run(id_)
                again = learner.try_(id_)
                if FAILED in again:
                    one_sentence(again, "")
            run_notebook(step, folder)


@play
@slow
def each_kernel_killed_half_way(folder: Path) -> None:
    """A kernel that dies in the middle of a notebook harms neither this one nor the next."""
    for step in STEPS:
        with open_notebook(step, folder) as learner:
            learner.run(*learner.ids[: len(learner.ids) // 2])
            learner.kill()
        run_notebook(step, folder)


@play
def a_cell_before_those_above_it(folder: Path) -> None:
    """A cell that needs another one first says so, and works after it."""
    put(4, folder)
    with open_notebook(5, folder) as learner:
        learner.run("begin")
        one_sentence(learner.try_("post"), "This notebook does not know `URL` yet.")
        one_sentence(learner.try_("curl"), "there is no text or number with the name `URL`")
        learner.run()


# The workspace


@play
def the_workspace_deleted(folder: Path) -> None:
    """The folder can be deleted while a notebook is open: the first cell makes it anew."""
    put(3, folder)
    with open_notebook(4, folder) as learner:
        learner.run("begin")
        shutil.rmtree(folder)
        one_sentence(learner.try_("write-main"), "")
        learner.run()
    assert read_state(folder) == known_states()[4]


def damaged_database(folder: Path, damage: Callable[[Path], None]) -> None:
    """Damage the database at the end of step 5: a look says so, step 6 begins, nothing is lost."""
    put(5, folder)
    with closing(sqlite3.connect(folder / "database.db")) as connection, connection:
        connection.execute("INSERT INTO task (task_name) VALUES ('my own')")
    for name in ("database.db-wal", "database.db-shm"):
        (folder / name).unlink(missing_ok=True)
    damage(folder / "database.db")
    before = (folder / "database.db").read_bytes() if (folder / "database.db").exists() else None
    with open_notebook(5, folder) as learner:
        learner.write(f"from tutorial import *\nimport os\nos.chdir({str(folder)!r})")
        one_sentence(learner.try_("finish"), "Step 5 is not complete yet.")
        look = learner.write("table('task')")
        if FAILED in look:  # of a file that is cut off, SQLite still reads the first rows
            one_sentence(look, "")
    with open_notebook(6, folder) as learner:
        assert 'restore("backups/001")' in learner.run("begin")
        assert read_state(folder) == known_states()[5]
        assert (folder / "backups" / "001" / "app" / "main.py").exists()
        kept = folder / "backups" / "001" / "database.db"
        assert (kept.read_bytes() if kept.exists() else None) == before


@play
def the_database_deleted(folder: Path) -> None:
    """database.db can be deleted."""
    damaged_database(folder, Path.unlink)


@play
def the_database_truncated(folder: Path) -> None:
    """database.db can be cut off in the middle of a page."""
    damaged_database(folder, lambda path: path.write_bytes(path.read_bytes()[:5000]))


@play
def the_database_emptied(folder: Path) -> None:
    """database.db can be a file of no bytes."""
    damaged_database(folder, lambda path: path.write_bytes(b""))


@play
def text_in_the_database(folder: Path) -> None:
    """database.db can be written over with text."""
    damaged_database(folder, lambda path: path.write_text("my notes\n" * 500, encoding="utf-8"))


@play
def the_database_deleted_under_a_server(folder: Path) -> None:
    """database.db can be deleted while a server works with it."""
    put(4, folder)
    with open_notebook(5, folder) as learner:
        learner.run(*learner.ids[: learner.ids.index("post") + 1])
        for path in folder.glob("database.db*"):
            with suppress(PermissionError):  # Windows does not let go of an open file
                path.unlink()
        if not (folder / "database.db").exists():
            one_sentence(learner.try_("row"), "There is no database.db yet.")
        learner.run()


@play
def an_unknown_revision(folder: Path) -> None:
    """alembic_version can name a revision that has no file."""
    put(8, folder)
    with Learner(9, folder) as learner:  # Alembic's own process: it is its words that count
        learner.run("begin")
        with closing(sqlite3.connect(folder / "database.db")) as connection, connection:
            connection.execute("UPDATE alembic_version SET version_num = 'ffff'")
        one_sentence(learner.try_("revision"), "the database names a revision that has no file")
        assert "backups/001" in learner.run("begin")
        learner.run("revision")


def broken_models(folder: Path, text: str, says: str) -> None:
    """Write a wrong models.py: the import says where; begin keeps the file, restore brings it."""
    put(3, folder)
    with open_notebook(4, folder) as learner:
        learner.run("begin")
        models = folder / "app" / "models.py"
        right = models.read_text(encoding="utf-8")
        models.write_text(right + text, encoding="utf-8", newline="\n")
        learner.run("write-main", "write-main-async")
        one_sentence(learner.try_("import-app"), says)
        assert "Traceback" in learner.write("%tb")
        printed = learner.run()  # all again
        assert 'restore("backups/001")' in printed
        assert models.read_text(encoding="utf-8") == right
        restored = learner.write('restore("backups/001")')  # as begin has printed it
        assert FAILED not in restored
        assert models.read_text(encoding="utf-8") == right + text
        one_sentence(learner.write('restore("backups/007")'), "no backup with the name backups/007")


@play
def a_syntax_error(folder: Path) -> None:
    """models.py can have a syntax error."""
    broken_models(folder, "x = (\n", "app/models.py has a syntax error in line ")


@play
def a_wrong_type(folder: Path) -> None:
    """models.py can have a type that does not exist."""
    text = "\n\nclass Tag(SQLModel):\n    name: strr\n"
    broken_models(folder, text, "NameError: name 'strr' is not defined")


@play
def files_of_the_learners_own(folder: Path) -> None:
    """A file beside the project stays; one inside the project is kept in a backup."""
    put(3, folder)
    with open_notebook(4, folder) as learner:
        learner.run()
        (folder / "notes.txt").write_text("mine", encoding="utf-8")
        (folder / "app" / "notes.py").write_text("mine = True\n", encoding="utf-8")
        assert "· app/notes.py is your own" in learner.run("finish")
    with open_notebook(5, folder) as learner:
        assert 'restore("backups/001")' in learner.run()
    assert (folder / "notes.txt").read_text(encoding="utf-8") == "mine"
    kept = folder / "backups" / "001" / "app" / "notes.py"
    assert kept.read_text(encoding="utf-8") == "mine = True\n"


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


@play
def a_read_only_workspace(folder: Path) -> None:
    """In a folder that can't be written, one sentence names the folder."""
    with small_disk(folder, "ro") as place, open_notebook(4, place) as learner:
        one_sentence(learner.try_("begin"), "can't be written: this user may not change it.")


@play
def a_workspace_without_rights(folder: Path) -> None:
    """The same for a folder that belongs to somebody else."""
    folder.chmod(0o500)
    try:
        if os.access(folder, os.W_OK):
            pytest.skip("root may write everywhere, and Windows knows no such mode")
        with open_notebook(4, folder) as learner:
            one_sentence(learner.try_("begin"), "can't be written: this user may not change it.")
    finally:
        folder.chmod(0o700)


@play
def a_full_disk(folder: Path) -> None:
    """On a full disk one sentence says so, and the learner's files stay as they were."""
    with small_disk(folder, "size=200k") as place:
        with open_notebook(2, place) as learner:
            learner.run()
        (place / "app" / "models.py").write_text("mine = True\n", encoding="utf-8")
        filler = place / "filler"
        with suppress(OSError), filler.open("wb") as file:
            while True:
                file.write(bytes(512))
        with open_notebook(4, place) as learner:
            one_sentence(learner.try_("begin"), "The disk is full")
            text = (place / "app" / "models.py").read_text(encoding="utf-8")
            assert text == "mine = True\n"
            filler.unlink()
            assert "backups/001" in learner.run("begin")


# The machine


@play
def port_8000_taken(folder: Path) -> None:
    """Another program may have port 8000."""
    put(4, folder)
    with socket.socket() as taken:
        with suppress(OSError):  # then another program has it indeed
            taken.bind(("127.0.0.1", 8000))
            taken.listen()
        run_notebook(5, folder)


@play
def database_url_set(folder: Path) -> None:
    """DATABASE_URL may be set outside; the course does not touch that database."""
    other = folder / "other.db"
    workspace = folder / "workspace"
    put(5, workspace)
    with open_notebook(6, workspace, DATABASE_URL=f"sqlite:///{other.as_posix()}") as learner:
        assert "DATABASE_URL was set; it is ignored" in learner.run()
    assert not other.exists()
    assert read_state(workspace) == known_states()[6]


@play
def another_app_on_pythonpath(folder: Path) -> None:
    """Another project's `app` on PYTHONPATH is not imported, not even in the first step."""
    other = folder / "other project"
    for name in ("app", "alembic"):
        (other / name).mkdir(parents=True)
    (other / "app" / "__init__.py").write_text("raise OSError('not mine')\n", encoding="utf-8")
    (other / "app" / "main.py").write_text("raise OSError('not mine')\n", encoding="utf-8")
    for step in (1, 4):
        with open_notebook(step, folder / "workspace", PYTHONPATH=str(other)) as learner:
            learner.run()


@play
def commands_missing(folder: Path) -> None:
    """Without curl, one sentence says so; alembic is found even if PATH does not name it."""
    nothing = folder / "nothing"
    nothing.mkdir()
    with Learner(5, folder / "workspace", PATH=str(nothing)) as learner:
        learner.run(*learner.ids[: learner.ids.index("curl")])
        one_sentence(learner.try_("curl"), "The command `curl` was not found.")
        learner.run(*learner.ids[learner.ids.index("curl") + 1 : -1])
        one_sentence(learner.try_("finish"), "Step 5 is not complete yet.")
    with Learner(6, folder / "workspace", PATH=str(nothing)) as learner:
        assert "rebuilt as step 5 leaves it" in learner.run("begin")
        learner.run("alembic-init")


def copy_of_the_course(folder: Path) -> Path:
    """Copy the course to a folder, and return the folder of the copied notebooks."""
    ignored = shutil.ignore_patterns("workspace", "__pycache__", ".ipynb_checkpoints")
    shutil.copytree(ROOT / "notebooks", folder / "notebooks", ignore=ignored)
    for name in ("pyproject.toml", "environment.yml"):
        shutil.copy(ROOT / name, folder)
    return folder / "notebooks"


@play
def a_kernel_in_another_folder(folder: Path) -> None:
    """A kernel may start in the folder above; elsewhere, the error's own line says what to do."""
    notebooks = copy_of_the_course(folder)
    with open_notebook(4, None, notebooks=notebooks, folder=folder) as learner:
        learner.run()
    elsewhere = folder / "elsewhere"
    elsewhere.mkdir()
    with open_notebook(4, None, notebooks=notebooks, folder=elsewhere) as learner:
        assert "Not found? See README.md" in learner.try_("begin")
    assert read_state(notebooks / "workspace") == known_states()[4]


@play
def two_copies_at_once(folder: Path) -> None:
    """Two learners, two copies, one machine; one of them in a path with spaces and accents."""
    places = (folder / "plain", folder / "mes cours, 教程")
    notebooks = [copy_of_the_course(place) for place in places]
    with ExitStack() as stack, ThreadPoolExecutor(2) as pool:
        learners = [
            stack.enter_context(open_notebook(5, None, notebooks=place)) for place in notebooks
        ]
        for done in [pool.submit(learner.run) for learner in learners]:
            done.result()
    for place in notebooks:
        assert read_state(place / "workspace") == known_states()[5]
        assert {path.name for path in place.parent.iterdir()} == {
            "notebooks",
            "pyproject.toml",
            "environment.yml",
        }


@play
def two_notebooks_begin_at_once(folder: Path) -> None:
    """Two notebooks that begin in one project at the same moment wait for each other."""
    with open_notebook(4, folder) as one, open_notebook(4, folder) as two:
        with ThreadPoolExecutor(2) as pool:
            begun = [pool.submit(learner.run, "begin") for learner in (one, two)]
            printed = [done.result() for done in begun]
        assert sorted("was rebuilt" in text for text in printed) == [False, True]
        assert read_state(folder) == known_states()[3]
        assert not (folder / "backups").exists()


@play
def another_notebook_takes_the_project(folder: Path) -> None:
    """A notebook says so, once, when another one has begun a step in its project."""
    put(3, folder)
    with open_notebook(4, folder) as one, open_notebook(2, folder) as two:
        one.run("begin")
        two.run("begin")
        notice = "Another notebook has begun step 2 in this project."
        assert notice in one.write("1")
        assert notice not in one.write("1")
        one.run()
        assert "Another notebook has begun step 4" in two.write("1")


@play
def a_server_left_running(folder: Path) -> None:
    """A notebook can be left with its servers running."""
    put(4, folder)
    with open_notebook(5, folder) as one:
        one.run(*one.ids[: one.ids.index("stop")])
        run_notebook(6, folder)


@pytest.fixture(scope="module")
def started(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Future]]:
    """Start the plays that were chosen, and return what they will come to."""
    chosen = [
        item.callspec.params["name"]
        for item in request.session.items
        if item.path == request.path and hasattr(item, "callspec")
    ]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        ENDS[:] = [tmp_path_factory.mktemp("ends")]
        yield {name: pool.submit(PLAYS[name], tmp_path_factory.mktemp(name)) for name in chosen}


@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] * (name in SLOW)) for name in PLAYS]
)
def test_a_careless_learner(name: str, started: dict[str, Future]) -> None:
    """The play of this name comes to its end."""
    started[name].result()


def test_each_play_says_what_it_shows() -> None:
    """Every play has a sentence, because its name is all that a failure shows."""
    assert all(inspect.getdoc(function) for function in PLAYS.values())
    assert MEMORY.startswith(".")  # the tree of the project does not show it
