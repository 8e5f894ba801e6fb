"""Careless learners, in kernels: killed ones, two at once, other folders and environments."""

import shutil
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest
from learner import FAILED, Learner
from plays import end_of, one_sentence, put

from tutorial import course
from tutorial.state import read_state
from tutorial.workspace import OWNER

ROOT = Path(__file__).resolve().parent.parent
SHORT = (5,)  # the steps that are played whenever the tests run; the others, once a week
each_step = pytest.mark.parametrize(
    "step",
    [
        pytest.param(step, marks=[pytest.mark.weekly] * (step not in SHORT))
        for step in course.steps()
    ],
)


@each_step
def test_a_notebook_three_times(step: int, tmp_path: Path) -> None:
    """A notebook can be run twice in one kernel, and again in another, while the first is alive.

    The second time, each cell runs twice: it works again, or says in one sentence why it can't.
    """
    with Learner(step, tmp_path) as learner:
        learner.run()
        for id_ in learner.ids:
            learner.run(id_)
            again = learner.try_(id_)
            if FAILED in again:
                one_sentence(again)
        with Learner(step, tmp_path) as another:
            another.run()
    assert read_state(tmp_path).files == end_of(step).files


@each_step
def test_a_kernel_killed_half_way(step: int, tmp_path: Path) -> None:
    """A kernel that dies in the middle of a notebook does no harm: it runs from the first cell."""
    with Learner(step, tmp_path) as learner:
        learner.run(*learner.ids[: len(learner.ids) // 2])
        learner.kill()
    with Learner(step, tmp_path) as learner:
        learner.run()
    assert read_state(tmp_path).files == end_of(step).files


def test_another_app_on_pythonpath(tmp_path: Path) -> None:
    """Another project's `app` on PYTHONPATH is not imported, not even in the first step."""
    other = tmp_path / "other project"
    for name in ("app", "alembic"):
        (other / name).mkdir(parents=True)
    (other / "app" / "__init__.py").write_text("raise OSError('not mine')\n", encoding="utf-8")
    (other / "app" / "main.py").write_text("raise OSError('not mine')\n", encoding="utf-8")
    with Learner(1, tmp_path / "workspace", PYTHONPATH=str(other)) as learner:
        learner.run()
    with Learner(4, tmp_path / "workspace", PYTHONPATH=str(other)) as learner:
        learner.up_to("import-app")


def copy_of_the_course(folder: Path) -> Path:
    """Copy the course to a folder, and return the folder of the copied notebooks."""
    ignored = shutil.ignore_patterns("workspace", "__pycache__", ".ipynb_checkpoints")
    shutil.copytree(ROOT / "notebooks", folder / "notebooks", ignore=ignored)
    for name in ("pyproject.toml", "environment.yml"):
        shutil.copy(ROOT / name, folder)
    return folder / "notebooks"


def test_a_kernel_in_another_folder(tmp_path: Path) -> None:
    """A kernel may start in the folder above; elsewhere, the error's own line says what to do."""
    notebooks = copy_of_the_course(tmp_path)
    with Learner(4, None, notebooks=notebooks, folder=tmp_path) as learner:
        learner.up_to("edit-refresh")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    with Learner(4, None, notebooks=notebooks, folder=elsewhere) as learner:
        assert "Not found? See troubleshooting.md" in learner.try_("begin")
    files = read_state(notebooks / "workspace").files
    assert files["app/main.py"] == end_of(4).files["app/main.py"]


def test_two_copies_at_once(tmp_path: Path) -> None:
    """Two learners, two copies, one machine; one of them in a path with spaces and accents."""
    places = (tmp_path / "plain", tmp_path / "mes cours, 教程")
    notebooks = [copy_of_the_course(place) for place in places]
    with ExitStack() as stack, ThreadPoolExecutor(2) as pool:
        learners = [stack.enter_context(Learner(5, None, notebooks=place)) for place in notebooks]
        for done in [pool.submit(learner.run) for learner in learners]:
            done.result()
    for place in notebooks:
        assert read_state(place / "workspace") == end_of(5)
        assert {path.name for path in place.parent.iterdir()} == {
            "notebooks",
            "pyproject.toml",
            "environment.yml",
        }


# Begin takes some milliseconds: without this, two of them hardly ever meet.
SLOW_EXCHANGE = """
import time
from tutorial import workspace

def exchange(*folders, really=workspace.exchange_project):
    time.sleep(1)
    really(*folders)

workspace.exchange_project = exchange
"""


def test_two_notebooks_begin_at_once(tmp_path: Path) -> None:
    """Two notebooks that begin in one project at the same moment wait for each other."""
    with Learner(4, tmp_path) as one, Learner(4, tmp_path) as two:
        for learner in (one, two):
            assert learner.write(SLOW_EXCHANGE) == ""
        with ThreadPoolExecutor(2) as pool:
            begun = [pool.submit(learner.run, "begin") for learner in (one, two)]
            printed = [done.result() for done in begun]
        assert sorted("was rebuilt" in text for text in printed) == [False, True]
        assert read_state(tmp_path) == end_of(3)
        assert not (tmp_path / "backups").exists()


def test_another_notebook_takes_the_project(tmp_path: Path) -> None:
    """A notebook says so, once, when another one has begun a step in its project.

    It does not say so of itself, nor in the cell that takes the project back, nor without a note.
    """
    with Learner(4, tmp_path) as one, Learner(2, tmp_path) as two:
        one.run("begin")
        assert "notebook" not in one.write("1")
        two.run("begin")
        notice = "Another notebook has begun step 2 in this project. To go on here, run this noteb"
        assert notice in one.write("1")
        assert notice not in one.write("1")
        one.up_to("import-app")
        assert "Another notebook" not in two.run("begin")
        assert "Another notebook has begun step 2" not in two.write("1")
        for note in ("4", None):
            owner = tmp_path / OWNER
            owner.write_text(note, encoding="utf-8") if note else owner.unlink()
            assert two.write("1") == "1\n"
        one.run("begin")
        assert "Another notebook has begun step 4" in two.write("1")


def test_a_server_left_running(tmp_path: Path) -> None:
    """A notebook can be left with its servers running: the next one begins."""
    workspace = tmp_path / "workspace"
    with Learner(5, workspace) as one:
        one.run(*one.ids[: one.ids.index("stop")])
        with Learner(6, workspace) as two:
            two.up_to("alembic-init")
        assert not (workspace / "backups").exists()
        put(5, workspace, tmp_path)
