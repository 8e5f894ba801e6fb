"""Replay, full run and shipped files are one and the same; begin keeps what the learner wrote."""

import _thread
import os
import shutil
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import psutil
import pytest
from store_outputs import execute

from tutorial import course, replay, steps, workspace
from tutorial.errors import Problem

ROOT = Path(__file__).resolve().parent.parent
STEPS = range(1, course.STEPS + 1)


@pytest.fixture(scope="module")
def full_run(
    notebooks_run: tuple[Path, dict[int, workspace.State]],
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[Path, dict[int, workspace.State]]:
    """Return the workspace of a run of all notebooks, cell by cell, and the state after each.

    nbval's run is one, if it was in this process and from the first notebook to the last. Else
    notebook 11 is left out: it takes long, and its own `finish` checks that nothing has changed.
    """
    if list(notebooks_run[1]) == [*STEPS, course.BEYOND]:
        return notebooks_run
    folder = tmp_path_factory.mktemp("full run")
    states = {}
    for step in STEPS:
        execute(course.notebook_path(step), folder)
        states[step] = workspace.read_state(folder)
    return folder, states


@pytest.fixture(scope="module")
def replayed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Replay all steps in another workspace."""
    folder = tmp_path_factory.mktemp("replayed")
    replay.replay(course.STEPS, folder)
    return folder


def project_texts(folder: Path) -> dict[str, bytes]:
    """Return the project's files, line ends aside."""
    return {
        path.as_posix(): (folder / path).read_bytes().replace(b"\r\n", b"\n")
        for path in workspace.project_files(folder)
    }


def test_a_full_run_leaves_the_stored_states(
    full_run: tuple[Path, dict[int, workspace.State]],
) -> None:
    """After each notebook, the workspace is in the state that states.json names."""
    _, states = full_run
    known = workspace.known_states()
    assert known[course.BEYOND] == known[course.STEPS]
    for step in states:
        assert states[step] == known[step], f"step {step}"
    assert states.keys() >= set(STEPS)


def test_a_replay_leaves_the_same_as_a_full_run(
    full_run: tuple[Path, dict[int, workspace.State]], replayed: Path
) -> None:
    """Files and database are equal, whether the cells that build ran alone or with all others."""
    assert workspace.read_state(replayed) == full_run[1][course.STEPS]
    assert project_texts(replayed) == project_texts(full_run[0])


def test_the_notebooks_write_what_is_shipped(replayed: Path) -> None:
    """app/, alembic/ and alembic.ini come out of the notebooks byte for byte."""
    assert project_texts(replayed) == project_texts(ROOT)


def test_the_notebooks_leave_nothing_else(
    full_run: tuple[Path, dict[int, workspace.State]],
) -> None:
    """No trial database, no cache, no backup lies in the workspace after a full run."""
    left = {path.name for path in full_run[0].iterdir()}
    assert left - {"database.db-wal", "database.db-shm", workspace.MEMORY} == {
        "app",
        "alembic",
        "alembic.ini",
        "database.db",
    }


def test_the_database_equals_a_fresh_upgrade(replayed: Path, tmp_path: Path) -> None:
    """The learner's database has the schema of `alembic upgrade head` on an empty file."""
    fresh = tmp_path / "database.db"
    environment = os.environ | {"DATABASE_URL": f"sqlite:///{fresh.as_posix()}"}
    command = [sys.executable, "-m", "alembic", "upgrade", "head"]
    subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True)
    assert workspace.read_state(tmp_path).schema == workspace.read_state(replayed).schema


@pytest.fixture(scope="module")
def end_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[int, Path], None]:
    """Return a function that puts the end of a step into a folder; each is replayed only once."""
    kept: dict[int, Path] = {}

    def put(step: int, folder: Path) -> None:
        if step not in kept:
            kept[step] = tmp_path_factory.mktemp("end of step")
            replay.replay(step, kept[step])
        shutil.copytree(kept[step], folder, dirs_exist_ok=True)

    return put


@pytest.fixture
def learner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a workspace to begin() in, and put the process back afterwards."""
    monkeypatch.setenv("TUTORIAL_WORKSPACE", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


def test_begin_leaves_the_right_state_alone(
    learner: Path, end_of: Callable[[int, Path], None], capsys: pytest.CaptureFixture[str]
) -> None:
    """In the right state nothing is moved or rebuilt, not even with rows of the learner's own."""
    end_of(5, learner)
    with closing(sqlite3.connect(learner / "database.db")) as connection, connection:
        connection.execute("INSERT INTO task (task_name) VALUES ('my own')")
    before = (learner / "app" / "main.py").stat().st_mtime_ns
    started = time.monotonic()
    steps.begin(6)
    assert time.monotonic() - started < 2  # a replay would take longer
    assert (learner / "app" / "main.py").stat().st_mtime_ns == before
    assert "my own" in str(workspace.read_state(learner).rows)
    assert not (learner / "backups").exists()
    assert "↻" not in capsys.readouterr().out


def test_begin_makes_room_for_the_rows_of_its_step(
    learner: Path, end_of: Callable[[int, Path], None], capsys: pytest.CaptureFixture[str]
) -> None:
    """A row from a step that was left half-way would take the id of one that the step writes."""
    end_of(4, learner)
    with closing(sqlite3.connect(learner / "database.db")) as connection, connection:
        connection.execute("INSERT INTO task (task_name) VALUES ('just added task')")
    steps.begin(5)
    assert "backups/001" in capsys.readouterr().out
    assert workspace.read_state(learner) == workspace.known_states()[4]


def test_begin_builds_from_nothing(learner: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Any notebook can be opened first."""
    steps.begin(8)
    assert workspace.read_state(learner) == workspace.known_states()[7]
    assert "was rebuilt as step 7 leaves it" in capsys.readouterr().out
    assert not (learner / "backups").exists()


def test_begin_keeps_what_the_learner_wrote(
    learner: Path, end_of: Callable[[int, Path], None], capsys: pytest.CaptureFixture[str]
) -> None:
    """Work that has to make room is in a backup whose name is printed; other files stay."""
    end_of(2, learner)
    (learner / "app" / "models.py").write_text("mine = True\n", encoding="utf-8")
    (learner / "notes.txt").write_text("my notes\n", encoding="utf-8")
    steps.begin(3)
    assert "backups/001" in capsys.readouterr().out
    kept = learner / "backups" / "001" / "app" / "models.py"
    assert kept.read_text(encoding="utf-8") == "mine = True\n"
    assert (learner / "notes.txt").read_text(encoding="utf-8") == "my notes\n"
    assert workspace.read_state(learner) == workspace.known_states()[2]


def test_begin_goes_back_without_a_backup_of_what_it_can_rebuild(
    learner: Path, end_of: Callable[[int, Path], None], capsys: pytest.CaptureFixture[str]
) -> None:
    """A finished later step holds no work of the learner's own, so nothing is kept twice."""
    end_of(4, learner)
    steps.begin(3)
    assert "at the end of step 4" in capsys.readouterr().out
    assert not (learner / "backups").exists()


def test_begin_after_the_steps(
    learner: Path, end_of: Callable[[int, Path], None], capsys: pytest.CaptureFixture[str]
) -> None:
    """Notebook 11 starts from the end of step 10, and leaves rows of the learner's own there."""
    end_of(10, learner)
    with closing(sqlite3.connect(learner / "database.db")) as connection, connection:
        connection.execute("INSERT INTO task (task_name) VALUES ('my own')")
    (learner / workspace.TRIAL).mkdir()
    steps.begin(11)
    printed = capsys.readouterr().out
    assert "Beyond the ten steps: Put it under load" in printed
    assert "You start where step 10 ended." in printed
    assert "↻" not in printed
    assert "my own" in str(workspace.read_state(learner).rows)
    assert not (learner / workspace.TRIAL).exists()


def test_begin_replaces_a_broken_database(
    learner: Path, end_of: Callable[[int, Path], None], capsys: pytest.CaptureFixture[str]
) -> None:
    """A database.db that is no database is kept in the backup, and a good one is made."""
    end_of(3, learner)
    for file in learner.glob("database.db*"):
        file.unlink()
    (learner / "database.db").write_text("not a database", encoding="utf-8")
    steps.begin(4)
    assert "backups/001" in capsys.readouterr().out
    assert workspace.read_state(learner) == workspace.known_states()[3]


def test_begin_clears_the_trials_of_a_run_that_stopped(
    learner: Path, end_of: Callable[[int, Path], None]
) -> None:
    """A trial database from a notebook that stopped half-way does not confuse its next run."""
    end_of(1, learner)
    (learner / "empty.db").write_bytes(b"")
    (learner / "alembic_async").mkdir()
    (learner / "alembic_async" / "env.py").write_bytes(b"")
    (learner / workspace.TRIAL / "first" / "app").mkdir(parents=True)
    steps.begin(2)
    assert {path.name for path in learner.iterdir()} == {"app", workspace.MEMORY}


def test_begin_ignores_database_url(
    learner: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A DATABASE_URL from outside does not send the course to another database."""
    monkeypatch.setenv("DATABASE_URL", "sqlite:///somewhere_else.db")
    steps.begin(4)
    assert "DATABASE_URL" not in os.environ
    assert "DATABASE_URL was set" in capsys.readouterr().out
    assert workspace.read_state(learner) == workspace.known_states()[3]
    assert not (learner / "somewhere_else.db").exists()


def test_a_failed_replay_changes_nothing(learner: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the steps can't be rebuilt, the learner's files stay where they are."""
    (learner / "app").mkdir()
    (learner / "app" / "models.py").write_text("mine = True\n", encoding="utf-8")

    def broken(last_step: int, folder: Path, at_end: object) -> None:
        raise Problem("rebuild-failed", step=last_step, error="it did not work")

    monkeypatch.setattr(steps, "replay", broken)
    with pytest.raises(Problem):
        steps.begin(3)
    assert (learner / "app" / "models.py").read_text(encoding="utf-8") == "mine = True\n"
    assert {path.name for path in learner.iterdir()} == {"app", workspace.MEMORY}


def test_an_interrupt_ends_the_replay(learner: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Interrupting begin() leaves the workspace as it was, and no kernel running."""
    known = {child.pid for child in psutil.Process().children(recursive=True)}
    timer = threading.Timer(1.5, _thread.interrupt_main)
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        steps.begin(10)
    timer.join()
    children = psutil.Process().children(recursive=True)
    _, alive = psutil.wait_procs([c for c in children if c.pid not in known], timeout=10)
    assert not alive
    assert workspace.read_state(learner).is_empty
    assert not list(learner.glob(".rebuild*"))


def test_begin_anew(
    learner: Path, end_of: Callable[[int, Path], None], capsys: pytest.CaptureFixture[str]
) -> None:
    """fresh=True rebuilds what begin would leave alone, and keeps rows of the learner's own."""
    end_of(5, learner)
    with closing(sqlite3.connect(learner / "database.db")) as connection, connection:
        connection.execute("INSERT INTO task (task_name) VALUES ('my own')")
    steps.begin(6, fresh=True)
    assert 'restore("backups/001")' in capsys.readouterr().out
    assert workspace.read_state(learner) == workspace.known_states()[5]
    steps.begin(6, fresh=True)
    assert "backups" not in capsys.readouterr().out  # nothing there was the learner's own


def test_restore(
    learner: Path, end_of: Callable[[int, Path], None], capsys: pytest.CaptureFixture[str]
) -> None:
    """A backup comes back whole, stays where it is, and what was there is kept in its turn."""
    end_of(5, learner)
    (learner / "app" / "mine.py").write_text("mine = 1\n", encoding="utf-8")
    first = workspace.read_state(learner)
    steps.begin(6)
    (learner / "app" / "mine.py").write_text("mine = 2\n", encoding="utf-8")
    second = workspace.read_state(learner)
    capsys.readouterr()
    steps.restore("backups/001")
    assert "kept in backups/002" in capsys.readouterr().out
    assert workspace.read_state(learner) == first
    steps.restore("backups/002")
    assert workspace.read_state(learner) == second
    assert workspace.backups(learner) == ["backups/001", "backups/002", "backups/003"]
    with pytest.raises(Problem, match=r"There is no backup with the name backups/009\.") as caught:
        steps.restore("backups/009")
    assert "backups/001, backups/002, backups/003" in caught.value.todo


def test_a_replay_keeps_the_ends_on_its_way(learner: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After one rebuild the others take no replay; a kept end that is not right is not used."""
    steps.begin(6)
    monkeypatch.setattr(steps, "replay", lambda *_args, **_more: pytest.fail("replayed"))
    for step in (3, 2, 6, 5, 4):
        steps.begin(step)
        assert workspace.read_state(learner) == workspace.known_states()[step - 1]
    monkeypatch.undo()
    monkeypatch.setenv("TUTORIAL_WORKSPACE", str(learner))
    (workspace.end_of(2, learner) / "app" / "models.py").write_text("wrong", encoding="utf-8")
    steps.begin(3)
    assert workspace.read_state(learner) == workspace.known_states()[2]


def test_a_notebook_waits_for_another_ones_rebuild(
    learner: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While another notebook rebuilds the project, begin waits, and says so when it is too long."""
    monkeypatch.setattr(workspace, "LOCK_SECONDS", 0.2)
    learner.joinpath(workspace.MEMORY).mkdir()
    with workspace.only_one(learner), pytest.raises(Problem, match="Another notebook has been"):
        steps.begin(2)
    steps.begin(2)


def test_a_replay_starts_again_when_its_kernel_dies(
    learner: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another program may take a port that Jupyter has chosen for the kernel: one more try."""
    starts = []
    execute_cells = replay._execute

    async def die_once(client: object, environment: dict[str, str]) -> None:
        starts.append(client)
        if len(starts) == 1:
            raise RuntimeError("Kernel died before replying to kernel_info")
        await execute_cells(client, environment)

    monkeypatch.setattr(replay, "_execute", die_once)
    steps.begin(2)
    assert len(starts) == 2
    assert workspace.read_state(learner) == workspace.known_states()[1]
