"""Tests `call` and `make_async`, and what notebooks with relationships need of fresh imports."""

import warnings
from pathlib import Path

from shell import Shell

from tutorial import course, versions

CHAPTER = next(number for number in course.numbers() if course.is_chapter(number))


def test_both_versions_are_called(tmp_path: Path) -> None:
    """A line for each: how many SELECT, the status, the body. No file stays open."""
    with Shell(CHAPTER, tmp_path) as learner:
        learner.run("begin")
        said = learner.write('await call("GET", "/task/?limit=1", "sync", "async")').splitlines()
        task = '[{"task_name":"written by the sync session","task_description":null,"id":1}]'
        assert said == [f"{one}, 1 SELECT: 200 {task}" for one in ("sync", "async")]
        assert learner.write('await call("GET", "/task/0")').startswith("sync, 0 SELECT: 422 {")
        project = Path.cwd()
        assert not list(project.glob("database.db-*"))


def test_only_a_call_of_the_driver_is_hidden() -> None:
    """Python's warning of a coroutine that was never awaited is for the learner's own ones."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with versions._no_random_warning():
            for name in ("Connection.cursor", "AsyncSession.commit"):
                warnings.warn(f"coroutine '{name}' was never awaited", RuntimeWarning, stacklevel=1)
    assert [str(one.message) for one in caught] == [
        "coroutine 'AsyncSession.commit' was never awaited"
    ]


def test_the_async_version_keeps_what_the_learner_wrote(tmp_path: Path) -> None:
    """It waits where the other one does not; a changed file is kept in a backup first."""
    with Shell(CHAPTER, tmp_path) as learner:
        learner.run("begin")
        learner.write('from pathlib import Path; Path("app/main_async.py").write_text("mine")')
        said = learner.write('make_async("app/main.py", show=False)')
        assert "Your app/main_async.py was kept in backups/001/app/main_async.py" in said
        assert Path("backups/001/app/main_async.py").read_text(encoding="utf-8") == "mine"
        text = Path("app/main_async.py").read_text(encoding="utf-8")
        assert "async def list_tasks(" in text and "list(await session.exec(page))" in text
        assert "There is no file app/nothing.py" in learner.write('make_async("app/nothing.py")')


def test_a_wrong_relationship_does_not_stop_its_corrected_form(tmp_path: Path) -> None:
    """SQLAlchemy keeps a class whose relationship failed, and refuses all others because of it."""
    use = "from app.models import Task; print(type(Task()).__name__)"
    with Shell(CHAPTER, tmp_path) as learner:
        learner.run("begin", "models-person", "models-owner", "models-public", "models-answers")
        learner.run("models-rest")
        learner.write("edit(MODELS, 'back_populates=\"owner\"', 'back_populates=\"ower\"')")
        assert "has no property 'ower'" in learner.write(use)
        learner.write("edit(MODELS, 'back_populates=\"ower\"', 'back_populates=\"owner\"')")
        assert learner.write(use) == "Task\n"
