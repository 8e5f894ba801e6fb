"""Tests `call` and `make_async`, and what notebooks with relationships need of fresh imports."""

import gc
import json
import warnings
from inspect import iscoroutinefunction
from pathlib import Path

import pytest
from shell import Shell
from sqlmodel.ext.asyncio.session import AsyncSession

from tutorial import course, versions
from tutorial.ends import stored_ends
from tutorial.show import WIDTH, wrapped

CHAPTER = next(number for number in course.numbers() if course.is_chapter(number))


def test_both_versions_are_called(tmp_path: Path) -> None:
    """How many SELECT, the status, and the body below it. What both say alike is printed once."""
    with Shell(CHAPTER, tmp_path) as learner:
        learner.run("begin")
        said = learner.write('await call("GET", "/task/?limit=1", "sync", "async")').splitlines()
        task = '    [{"task_name":"written by the sync session",'
        end = '      "task_description":null, "id":1}]'
        assert said == ["sync and async, 1 SELECT: 200", task, end]
        said = learner.write('await call("GET", "/task/0")')
        assert said.startswith('sync, 0 SELECT: 422\n    {"detail":[{"type":')
        both = 'await call("DELETE", "/task/1", "sync", "async")'
        assert learner.write(both).splitlines() == [
            "sync, 1 SELECT: 204",
            "async, 1 SELECT: 404",
            '    {"detail":"There is no such task."}',
        ]
        project = Path.cwd()
        assert not list(project.glob("database.db-*"))


def test_an_answer_in_lines() -> None:
    """Of a list, each item begins a line. A line is broken at a blank, and never within a word."""
    items = [{"name": "ü,", "id": 1}, {"name": "b " * 40, "tasks": []}, {"name": "x" * 90}]
    lines = wrapped(versions._in_lines(json.dumps(items)), "    ").splitlines()
    assert lines[0] == '    [{"name":"ü,", "id":1},'
    assert lines[1].startswith('    {"name":"b b b') and lines[2].startswith("      b b b")
    assert lines[-1] == '    {"name":"' + "x" * 90 + '"}]'
    assert all(len(line) <= WIDTH for line in lines[:-1])
    for text in ("", "no JSON", "[]", '{"a":null}'):
        assert versions._in_lines(text) == text


@pytest.mark.parametrize("file", ["main", "people"])
def test_the_async_version_is_that_of_the_chapter(file: str) -> None:
    """Letter by letter."""
    files = stored_ends().files(CHAPTER)
    assert versions.in_async(files[f"app/{file}.py"]) == files[f"app/{file}_async.py"]


@pytest.mark.parametrize("name", versions.AWAITED)
def test_what_is_awaited(name: str) -> None:
    """All that an AsyncSession gives as a coroutine, and that endpoints use."""
    assert iscoroutinefunction(getattr(AsyncSession, name))
    text = f"    session.{name}()\n"
    assert versions.in_async(text) == f"    await session.{name}()\n"
    assert {"flush", "refresh", "rollback"} < {*versions.AWAITED}


def test_the_first_error_of_an_answer() -> None:
    """Where it arose, and its first line without a link."""
    link = "(Background on this error at: https://sqlalche.me/e/20/xd2s)"
    first = {"loc": ("response", 0, "owner"), "msg": f"no greenlet {link}\nmore"}
    assert versions._first([first, {}]) == "response.0.owner: no greenlet"
    assert versions._first([first | {"msg": "a\nb"}]) == "response.0.owner: a"


def test_only_a_call_of_the_driver_is_hidden() -> None:
    """Python's warning of a coroutine that was never awaited is for the learner's own ones."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with versions._no_random_warning():
            assert not gc.isenabled()  # else it comes in a line of which nobody knows
            for name in ("Connection.cursor", "AsyncSession.commit"):
                warnings.warn(f"coroutine '{name}' was never awaited", RuntimeWarning, stacklevel=1)
    assert gc.isenabled()
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


CALL = 'await call("GET", "/task/9")\n'
SERVE = """\
import httpx
with serve("app.main:app") as server:
    print(httpx.get(f"{server.url}/task/9").text)
"""


@pytest.mark.parametrize("ask", [CALL, SERVE], ids=["call", "serve"])
def test_the_files_are_as_they_are_now(ask: str, tmp_path: Path) -> None:
    """Also when they were changed in the cell that asks, or after an import in the same cell."""
    imports = "from app.main import app\n"
    answers = ["There is no such task."]

    def change() -> str:
        answers.append(f"Answer {len(answers)}.")
        return "edit('app/errors.py', {!r}, {!r}, show=False)\n".format(*answers[-2:])

    with Shell(CHAPTER, tmp_path) as learner:
        learner.run("begin")
        learner.write("from tutorial import serve")
        for earlier, cell in ((ask, ""), ("", ask), ("", imports)):
            for later in (False, True):
                learner.write(change())  # so that what was imported before is forgotten
                learner.write(earlier)
                said = learner.write(cell + change() + ("" if later else ask))
                said = learner.write(ask) if later else said.splitlines()[-1]
                assert answers[-1] in said
