"""The tests that notebook 14 leaves in a project: they touch no other database, and notice faults.

The notebook itself shows that they pass, and which of five faults they notice in the sync version.
"""

import asyncio
import re
import sys
from collections.abc import Iterator
from datetime import datetime
from enum import Enum
from pathlib import Path

import nbformat
import pytest
import sqlmodel
import yaml
from pydantic import NaiveDatetime
from service import outcome, start_python
from sqlalchemy.exc import OperationalError, StatementError
from sqlalchemy.ext.mutable import MutableList
from sqlalchemy.orm import registry
from sqlmodel import JSON, Field, Session, SQLModel, StaticPool, create_engine, select, text

from tutorial import ends
from tutorial.course import NOTEBOOKS

NUMBER = 14
TASKS, STATUSES, MIGRATIONS = (
    f"tests/test_{one}.py" for one in ("tasks", "statuses", "migrations")
)
CI = ".github/workflows/tests.yml"


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Path]:
    """A project with tests. After each test, its own database is as before, byte for byte."""
    folder = tmp_path / "a project"
    ends.stored_ends().put(NUMBER, folder)
    before = {path.name: path.read_bytes() for path in folder.glob("database.db*")}
    yield folder
    assert {path.name: path.read_bytes() for path in folder.glob("database.db*")} == before
    left = {path.name for path in folder.iterdir()}
    folders = {"app", "alembic", "tests", ".github"}
    files = {"alembic.ini", "pytest.ini", "requirements.txt", ".gitignore"}
    assert left == {*folders, *files, *before}


def failed(project: Path, *arguments: str, url: str | None = None) -> str:
    """Run pytest as one does in the project; return the lines of the tests that failed or broke."""
    process = start_python("-m", "pytest", "-qq", "--tb=no", *arguments, url=url, cwd=project)
    status, output, errors = outcome(process)
    assert status in (0, 1), output + errors
    assert bool(status) == ("FAILED" in output or "ERROR" in output)
    return output if status else ""


def replace(project: Path, name: str, old: str, new: str, where: str = "app") -> None:
    """Change a file of the app, or of another folder."""
    path = project / where / name
    text = path.read_text(encoding="utf-8")
    assert text.count(old) >= 1, old
    path.write_text(text.replace(old, new), encoding="utf-8", newline="\n")


def test_the_developers_address_is_not_used(project: Path) -> None:
    """DATABASE_URL of the shell names the developer's database: the tests have their own."""
    assert failed(project, TASKS, url="sqlite:///database.db") == ""


def test_an_app_imported_too_early_is_refused(project: Path) -> None:
    """Else the migrations, which read the address of app.db, would run on the developer's database.

    That database is not there yet: so an upgrade would make it.
    """
    developers = project.parent / "developers.db"
    config = project / "tests" / "conftest.py"
    source = config.read_text(encoding="utf-8")
    early = f"from app.main import app as too_early\n{source}"
    config.write_text(early, encoding="utf-8", newline="\n")
    address = f"sqlite:///{developers.as_posix()}"
    found = failed(project, "--tb=line", MIGRATIONS, TASKS, url=address)
    refused = re.findall(r"^ERROR (\S+)::", found, re.MULTILINE)
    assert set(refused) == {MIGRATIONS, TASKS}
    assert found.count("E   AssertionError: app was imported too early") == len(refused)
    assert "FAILED" not in found
    assert not developers.exists()


def test_a_start_that_fails_gives_its_reason(project: Path) -> None:
    """The fixture `url` names the log, and pytest shows it. The fixture `client` starts it, too."""
    replace(project, "main.py", "require_newest_revision()", 'raise RuntimeError("no disk")')
    words = "(before_the_answer or delete) and not async"
    found = failed(project, "--tb=short", STATUSES, TASKS, "-k", words)
    assert "the service did not start: see the log above" in found
    assert "no disk" in found
    assert f"ERROR {TASKS}::test_delete[sync]" in found


def test_the_migrations_are_those_beside_the_tests(project: Path) -> None:
    """From any folder: not those of the folder in which pytest was started."""
    tests = ("test_migrations.py", "test_tasks.py::test_delete")
    command = ("-m", "pytest", "-qq", "--tb=short", *tests)
    status, output, errors = outcome(start_python(*command, url=None, cwd=project / "tests"))
    assert status == 0, output + errors


def test_breaks_that_other_tests_do_not_see(project: Path) -> None:
    """A start without the check of the revision; fields that the models don't know; no limit.

    A commit after the answer; versions that are not documented alike; a downgrade that writes.
    """
    for end, wait in (("", ""), ("_async", "await ")):
        main, db = f"main{end}.py", f"db{end}.py"
        replace(project, main, "    require_newest_revision()\n", "")
        replace(project, main, ".limit(limit)", "")
        commit, flush = (f"{wait}session.{one}()\n    return db" for one in ("commit", "flush"))
        replace(project, main, commit, flush)
        # What a real client asks next would come before the commit: it comes never, to be sure.
        replace(project, db, "get_session()", "get_session(request: __import__('fastapi').Request)")
        late = f"{wait}session.commit() if request.client.host == 'testclient' else "
        replace(project, db, f"{wait}session.rollback()", f"{late}{wait}session.rollback()")
    replace(project, "main_async.py", 'title="Tasks"', 'title="Async"')
    replace(project, "models.py", '"forbid"', '"ignore"')
    drop = "        batch_op.drop_column('task_description')\n"
    writes = f"{drop}    op.execute('UPDATE task SET task_name = id')\n"
    replace(project, "0002_add_description.py", drop, writes, "alembic/versions")
    words = ("create", "page", "no_database", "POST-/task/", "before", "same", "0002")
    found = failed(project, TASKS, STATUSES, MIGRATIONS, "-k", " or ".join(words))
    names = ("no_database", "create", "page", "stored_before_the_answer")
    tests = {f"{name}[{one}]" for name in names for one in ("sync", "async")}
    tests |= {"both_promise_the_same[async]", "0002_keeps_rows"}
    assert set(re.findall(r"::test_(\S+)", found)) == tests


@pytest.mark.weekly
def test_a_unique_column_breaks_no_promise_of_201(project: Path) -> None:
    """The status of POST is asked with an empty table, so that no other task has the name."""
    migration = project / "alembic" / "versions" / "0001_init.py"
    replace(project, "models.py", "max_length=100, s", "max_length=100, unique=True, s")
    source = migration.read_text(encoding="utf-8")
    old = "sa.PrimaryKeyConstraint("
    assert source.count(old) == 1
    unique = f"sa.UniqueConstraint('task_name', name='uq_task_task_name'),\n        {old}"
    migration.write_text(source.replace(old, unique), encoding="utf-8", newline="\n")
    assert failed(project, STATUSES) == ""


@pytest.mark.weekly
def test_each_commit_is_noticed(project: Path) -> None:
    """All three of both versions, taken out at once. (POST must flush: else it has no id.)"""
    for name, wait in (("main.py", ""), ("main_async.py", "await ")):
        commit = f"    {wait}session.commit()"
        replace(project, name, f"{commit}\n    return task", "    return task")
        flush = f"    {wait}session.flush()\n    return db_task"
        replace(project, name, f"{commit}\n    return db_task", flush)
        replace(project, name, f"=True)))\n{commit}", "=True)))")
    found = failed(project, TASKS)
    for version in ("sync", "async"):
        for test in ("test_create", "test_change", "test_page"):
            assert f"{test}[{version}]" in found


@pytest.mark.weekly
def test_what_the_ci_runs(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its commands work in the project as it is, but for the one that installs the packages."""
    jobs = yaml.safe_load((project / CI).read_text(encoding="utf-8"))["jobs"]
    lines = [step["run"] for step in jobs["tests"]["steps"] if "run" in step]
    commands = [one.split() for line in lines for one in line.split(" && ")]
    assert [one[0] for one in commands] == ["pip", "mypy", "alembic", "alembic", "pytest"]
    url = f"sqlite:///{(project.parent / 'ci.db').as_posix()}"
    for name, *arguments in commands[2:]:
        status, output, errors = outcome(start_python("-m", name, *arguments, url=url, cwd=project))
        assert status == 0, output + errors


def test_the_lists_of_the_project(project: Path) -> None:
    """requirements.txt names all that the project imports; .gitignore names the database."""
    names = (project / "requirements.txt").read_text(encoding="utf-8").split()
    brought = {"sqlalchemy", "pydantic", "starlette", "hypothesis"}  # by others, which name them
    own = {"app", "conftest", "alembic", *sys.stdlib_module_names}
    found = "\n".join(one.read_text(encoding="utf-8") for one in project.rglob("*.py"))
    imported = set(re.findall(r"^(?:from|import) (\w+)", found, re.M))
    needed = {one.replace("_", "-") for one in imported - own - brought}
    assert needed | {"alembic", "aiosqlite", "greenlet", "pytest"} == set(names)
    assert "database.db*" in (project / ".gitignore").read_text(encoding="utf-8").split()


class Colour(Enum):
    """An Enum whose name and value differ."""

    RED = "#f00"


class Base(SQLModel, registry=registry()):
    """Tables that no other test clears."""


class Cured(Base, table=True):
    """The columns that the table of notebook 14 advises."""

    id: int | None = Field(default=None, primary_key=True)
    due: NaiveDatetime
    colour: Colour = Field(
        sa_type=sqlmodel.Enum(
            Colour, values_callable=lambda colours: [one.value for one in colours]
        )
    )
    tags: list[str] = Field(sa_type=MutableList.as_mutable(JSON))


class Zoned(Base, table=True):
    """A `datetime` without more."""

    id: int | None = Field(default=None, primary_key=True)
    due: datetime


def test_the_cures_of_the_table() -> None:
    """An Enum by value, a list that is watched, a time without a zone."""
    path = next(NOTEBOOKS.glob(f"{NUMBER}_*.ipynb"))
    table = next(one.source for one in nbformat.read(path, 4).cells if one.id == "types-table-text")
    advice = "sqlmodel.Enum(Colour, values_callable=lambda colours: [one.value for one in colours])"
    for words in (
        advice,
        "MutableList.as_mutable(JSON)",
        "sqlalchemy.ext.mutable",
        "NaiveDatetime",
    ):
        assert words in table
    engine = create_engine("sqlite://")
    Base.metadata.create_all(engine)
    evening = datetime(2030, 1, 1, 23, 30)
    with Session(engine) as session:
        session.add(Cured(due=evening, colour=Colour.RED, tags=["a"]))
        session.commit()
        stored = session.exec(text("SELECT colour FROM cured"))  # type: ignore[call-overload]
        assert stored.all() == [("#f00",)]
    with Session(engine) as session:
        row = session.exec(select(Cured)).one()  # in a variable: it is not watched when it is gone
        row.tags.append("b")
        session.commit()
    with Session(engine) as session:
        read = session.exec(select(Cured)).one()
        assert (read.tags, read.due, read.colour) == (["a", "b"], evening, Colour.RED)
        session.add(Zoned(due=evening))
        with pytest.raises(StatementError, match="NaiveDatetime"):
            session.commit()
    engine.dispose()


def test_databases_in_memory() -> None:
    """One for each thread, or, with StaticPool, one connection and one transaction for all."""
    engine = create_engine("sqlite://")
    Base.metadata.create_all(engine)

    def ask() -> None:
        with Session(engine) as session:
            session.exec(select(Zoned)).all()

    ask()
    with pytest.raises(OperationalError, match="no such table"):
        asyncio.run(asyncio.to_thread(ask))
    engine.dispose()
    shared = create_engine("sqlite://", poolclass=StaticPool)
    Base.metadata.create_all(shared)
    with Session(shared) as mine, Session(shared) as other:
        mine.add(Cured(due=datetime(2030, 1, 1), colour=Colour.RED, tags=[]))
        mine.flush()
        other.exec(select(Cured)).all()
        other.rollback()
        mine.commit()
        assert mine.exec(select(Cured)).all() == []
    shared.dispose()
