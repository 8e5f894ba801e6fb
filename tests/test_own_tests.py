"""The tests that notebook 14 leaves in a project: they touch no other database, and notice faults.

The notebook itself shows that they pass, and which of five faults they notice in the sync version.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from service import outcome, start_python

from tutorial import ends

NUMBER = 14
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
    assert left == {"app", "alembic", "alembic.ini", "pytest.ini", "tests", ".github", *before}


def failed(project: Path, *arguments: str, url: str | None = None) -> str:
    """Run pytest as one does in the project; return the lines of the tests that failed."""
    process = start_python("-m", "pytest", "-qq", "--tb=no", *arguments, url=url, cwd=project)
    status, output, errors = outcome(process)
    assert status in (0, 1), output + errors
    assert bool(status) == ("FAILED" in output)
    return output if status else ""


def replace(project: Path, name: str, old: str, new: str) -> None:
    """Change a file of the app."""
    path = project / "app" / name
    text = path.read_text(encoding="utf-8")
    assert text.count(old) >= 1, old
    path.write_text(text.replace(old, new), encoding="utf-8", newline="\n")


def test_the_developers_address_is_not_used(project: Path) -> None:
    """DATABASE_URL of the shell names the developer's database: the tests have their own."""
    assert failed(project, "tests/test_tasks.py", url="sqlite:///database.db") == ""


@pytest.mark.weekly
def test_each_commit_is_noticed(project: Path) -> None:
    """All three of both versions, taken out at once. (POST must flush: else it has no id.)"""
    for name, wait in (("main.py", ""), ("main_async.py", "await ")):
        commit = f"    {wait}session.commit()"
        replace(project, name, f"{commit}\n    return task", "    return task")
        flush = f"    {wait}session.flush()\n    return db_task"
        replace(project, name, f"{commit}\n    return db_task", flush)
        replace(project, name, f"task_id)))\n{commit}", "task_id)))")
    found = failed(project, "tests/test_tasks.py")
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
