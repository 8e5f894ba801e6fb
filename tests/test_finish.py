"""finish(N): a line for each thing that step N has to leave behind, and what to do if it is not."""

import dataclasses
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tutorial import Problem, course, progress, steps, workspace
from tutorial.workspace import State

STEPS = range(1, course.STEPS + 1)
KNOWN = workspace.known_states()


def lines_of(
    step: int, state: State, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> tuple[list[str], bool]:
    """Return the lines that finish prints for a state, and whether it calls the step done."""
    monkeypatch.setattr(steps, "read_state", lambda folder: state)
    capsys.readouterr()
    try:
        steps.finish(step)
    except Problem as problem:
        assert problem.key == "step-incomplete"
        return capsys.readouterr().out.splitlines(), False
    return capsys.readouterr().out.splitlines(), True


def ways_to_break(step: int) -> Iterator[tuple[str, State]]:
    """Give each single way to break what a step leaves, with how the line that finds it begins."""
    start, goal = KNOWN[step - 1], KNOWN[step]
    for path, text in goal.files.items():
        changed = start.files.get(path) != text
        line = path if changed else "files from earlier steps"
        yield line, dataclasses.replace(goal, files=goal.files | {path: "another text"})
        without = {name: kept for name, kept in goal.files.items() if name != path}
        yield line, dataclasses.replace(goal, files=without)
    if goal.schema:
        line = "tables from earlier steps"
        if goal.schema != start.schema:
            line = "the database's tables"
        elif goal.revision != start.revision:
            line = ""  # the revision's own line comes first
        if line:
            yield line, dataclasses.replace(goal, schema=["CREATE TABLE other (id)"])
            yield line, dataclasses.replace(goal, schema=["unreadable"])
    if goal.revision is not None:
        new = goal.revision != start.revision
        line = f"revision {goal.revision}" if new else "tables from earlier steps"
        yield line, dataclasses.replace(goal, revision="ffff")
        yield line, dataclasses.replace(goal, revision=None)
    for row in goal.rows:
        old = row["id"] in start.ids
        line = "rows from earlier steps" if old else "rows written by this step"
        yield line, dataclasses.replace(goal, rows=[kept for kept in goal.rows if kept != row])
        changed_row = row | {"task_name": "another name"}
        rows = [changed_row if kept == row else kept for kept in goal.rows]
        yield line, dataclasses.replace(goal, rows=rows)


@pytest.fixture(autouse=True)
def learner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give an empty workspace."""
    monkeypatch.setenv("TUTORIAL_WORKSPACE", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize("step", STEPS)
def test_what_is_right(
    step: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], learner: Path
) -> None:
    """Every line has its ✓, the step is done, and it is remembered."""
    lines, done = lines_of(step, KNOWN[step], monkeypatch, capsys)
    assert done
    assert lines[-1] == f"Step {step} of 10 is done."
    assert len(lines) > 1
    assert all(line.startswith("✓ ") for line in lines[:-1])
    assert progress.finished(learner) == {step}


@pytest.mark.parametrize("step", STEPS)
def test_what_is_untouched(
    step: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], learner: Path
) -> None:
    """Where nothing was done, each thing that the step makes has its ✗, and a hint."""
    lines, done = lines_of(step, KNOWN[step - 1], monkeypatch, capsys)
    misses = [line for line in lines if line.startswith("✗ ")]
    if KNOWN[step] == KNOWN[step - 1]:
        assert done
        return
    assert not done
    assert misses
    assert all(": " in line for line in misses)
    assert progress.finished(learner) == set()
    assert not lines_of(step, State(), monkeypatch, capsys)[1]


@pytest.mark.parametrize("step", STEPS)
def test_what_is_broken_in_one_way(
    step: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever is broken, its line says so, with a hint; the lines of all other things stay ✓."""
    found = set()
    for begins, state in ways_to_break(step):
        lines, done = lines_of(step, state, monkeypatch, capsys)
        misses = [line for line in lines if line.startswith("✗ ")]
        assert not done, f"{begins} was broken, and nobody noticed"
        assert len(misses) == 1, misses
        assert misses[0].startswith(f"✗ {begins}")
        name, _, hint = misses[0].partition(": ")
        assert "again" in hint, name
        found.add(begins)
    right, _ = lines_of(step, KNOWN[step], monkeypatch, capsys)
    names = [line.removeprefix("✓ ") for line in right[:-1]]
    assert all(any(name.startswith(begins) for begins in found) for name in names), (names, found)


def test_a_cell_that_ran_twice(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Rows that were written a second time, with other ids, are no mistake."""
    goal = KNOWN[5]
    names = ["just added task", *(row["task_name"] for row in goal.rows[2:])]
    rows = goal.rows[:2] + [{"task_name": name, "id": id_} for id_, name in enumerate(names, 3)]
    assert lines_of(5, dataclasses.replace(goal, rows=rows), monkeypatch, capsys)[1]


def test_a_file_of_the_learners_own(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is no mistake, but the learner is told where the next notebook puts it."""
    state = dataclasses.replace(KNOWN[4], files=KNOWN[4].files | {"app/mine.py": "mine"})
    lines, done = lines_of(4, state, monkeypatch, capsys)
    assert done
    assert "· app/mine.py is your own: the next notebook keeps it in a backup" in lines


def test_a_column_of_the_learners_own(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Rows that have a column more are there all the same; only the tables are not as they were."""
    rows = [row | {"done": 0} for row in KNOWN[10].rows]
    state = dataclasses.replace(KNOWN[10], rows=rows, schema=["CREATE TABLE task (done)"])
    lines, done = lines_of(10, state, monkeypatch, capsys)
    assert not done
    assert [line[:8] for line in lines if line.startswith("✗")] == ["✗ tables"]


@pytest.mark.parametrize("step", [0, 12, "5", None])
@pytest.mark.parametrize("function", [steps.begin, steps.finish])
def test_a_step_that_is_none(function: Callable[[object], None], step: object) -> None:
    """A number that is no step's says which there are."""
    with pytest.raises(Problem, match="There is no step") as caught:
        function(step)
    assert "from 1 to 11" in caught.value.todo


@pytest.fixture
def tried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a load have run, and no server be left."""
    monkeypatch.setattr(steps, "number_of_loads", lambda: 1)
    monkeypatch.setattr(steps, "running_processes", list)


def test_after_the_steps(
    tried: None,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    learner: Path,
) -> None:
    """Notebook 11 is done if it was tried, and the project is as step 10 left it."""
    lines, done = lines_of(11, KNOWN[10], monkeypatch, capsys)
    assert done
    assert lines[-1] == "Notebook 11 is done."
    assert all(line.startswith("✓ ") for line in lines[:-1])
    assert progress.finished(learner) == {11}
    for begins, state in ways_to_break(11):
        lines, done = lines_of(11, state, monkeypatch, capsys)
        assert not done, f"{begins} was broken, and nobody noticed"
        assert [line for line in lines if line.startswith(f"✗ {begins}")]


@pytest.mark.parametrize("missing", ["load", "server", "copy"])
def test_what_is_left_of_a_trial(
    tried: None,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    learner: Path,
    missing: str,
) -> None:
    """Each miss has its line: no load has run, a server still runs, a copy is still there."""
    if missing == "load":
        monkeypatch.setattr(steps, "number_of_loads", lambda: 0)
    elif missing == "server":
        monkeypatch.setattr(steps, "running_processes", lambda: ["a server"])
    else:
        (learner / workspace.TRIAL).mkdir()
    lines, done = lines_of(11, KNOWN[10], monkeypatch, capsys)
    assert not done
    (miss,) = [line for line in lines if line.startswith("✗ ")]
    assert missing in miss
    assert "again" in miss


def test_a_real_workspace(learner: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The lines come from the files and the database, not only from what is known of them."""
    (learner / "app").mkdir()
    with pytest.raises(Problem):
        steps.finish(1)
    assert "✗ app/__init__.py: it is missing" in capsys.readouterr().out
    text = course.written_file(1, "app/__init__.py")
    assert text is not None
    (learner / "app" / "__init__.py").write_text(text, encoding="utf-8", newline="\r\n")
    steps.finish(1)  # line ends do not matter
    with closing(sqlite3.connect(learner / "database.db")) as connection:
        connection.execute("CREATE TABLE task (id)")
    with pytest.raises(Problem):
        steps.finish(3)
    assert "✗ the database's tables: they are not as this step" in capsys.readouterr().out
