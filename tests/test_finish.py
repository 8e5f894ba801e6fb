"""finish(N): a line for each thing that step N has to leave behind, and what to do if it is not."""

import dataclasses
import os
import re
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, redirect_stdout, suppress
from functools import lru_cache
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace

import pytest
from alembic import command
from alembic.config import Config

from tutorial import (
    Problem,
    begin,
    case,
    course,
    edits,
    ends,
    file_after,
    progress,
    state,
    workspace,
)
from tutorial.edits import edited
from tutorial.finish import finish
from tutorial.state import State

STEPS = course.steps()
MODULE = sys.modules["tutorial.finish"]  # `tutorial.finish` is the function
KNOWN = {number: ends.stored_ends().state(number) for number in [0, *course.numbers()]}


def lines_of(
    step: int, state: State, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> tuple[list[str], bool]:
    """Return the lines that finish prints for a state, and whether it calls the step done."""
    monkeypatch.setattr(MODULE, "read_state", lambda folder: state)
    monkeypatch.setitem(workspace.begun, "number", step)
    capsys.readouterr()
    try:
        finish(step)
    except Problem as problem:
        assert problem.key == "step-incomplete"
        return capsys.readouterr().out.splitlines(), False
    return capsys.readouterr().out.splitlines(), True


def ways_to_break(step: int) -> Iterator[tuple[str, State]]:
    """Give each single way to break what a step leaves, with how the line that finds it begins."""
    start, goal = KNOWN[course.start_of(step)], KNOWN[step]
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
            yield line, dataclasses.replace(goal, schema={"other": "CREATE TABLE other (id)"})
            yield line, dataclasses.replace(goal, schema={})
        yield "the database", State(goal.files, broken=True)
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
    assert lines[-1] == f"Step {step} of {len(STEPS)} is done."
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
    for begins, broken in ways_to_break(step):
        lines, done = lines_of(step, broken, monkeypatch, capsys)
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
    last = course.in_order()[-1]  # and each chapter works on a copy of its own
    state = dataclasses.replace(KNOWN[last], files=KNOWN[last].files | {"app/mine.py": "mine"})
    assert "· app/mine.py is your own" in lines_of(last, state, monkeypatch, capsys)[0]


def test_additions_of_the_learners_own(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], learner: Path
) -> None:
    """An endpoint, an import, a column, a table, a revision more: the step counts all the same."""
    goal = KNOWN[10]
    main = goal.files["app/main.py"].replace("import Depends", "import Body, Depends")
    main += "\n\n@app.get('/mine')\ndef mine() -> str:\n    return 'mine'\n"
    revision = 'revision: str = "0003"\ndown_revision: str | None = "0002"\n'
    files = goal.files | {"app/main.py": main, "alembic/versions/0003_mine.py": revision}
    task = goal.schema["task"].replace("PRIMARY", "done BOOLEAN, PRIMARY", 1)
    schema = goal.schema | {"task": task, "tag": "CREATE TABLE tag (id INTEGER)"}
    rows = [row | {"done": 0} for row in goal.rows]
    lines, done = lines_of(10, State(files, schema, "0003", rows), monkeypatch, capsys)
    assert done, lines
    assert (
        "· app/main.py has additions of your own: the next notebook keeps it in a backup" in lines
    )
    assert (
        "· alembic/versions/0003_mine.py is your own: the next notebook keeps it in a backup"
        in (lines)
    )
    assert progress.finished(learner) == {10}


@pytest.mark.parametrize("step", STEPS[3:])
def test_an_endpoint_of_the_learners_own_never_costs_a_mark(
    step: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], learner: Path
) -> None:
    """Neither in the step in which it is added, nor later, when a backup was restored."""
    files = dict(KNOWN[step].files)
    files["app/main.py"] += "\n\n@app.get('/mine')\ndef mine() -> str:\n    return 'mine'\n"
    own = dataclasses.replace(KNOWN[step], files=files)
    assert lines_of(step, own, monkeypatch, capsys)[1]


def test_a_file_that_the_step_takes_away(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """While it is still there, its line says so."""
    start, path = KNOWN[4], "app/main_async.py"
    files = {name: text for name, text in start.files.items() if name != path}
    known = {3: start, 4: dataclasses.replace(start, files=files)}
    monkeypatch.setattr(MODULE, "stored_ends", lambda: SimpleNamespace(state=known.get))
    lines, done = lines_of(4, start, monkeypatch, capsys)
    assert not done
    assert f"✗ {path} is gone: it is still there: delete it" in lines
    lines, done = lines_of(4, known[4], monkeypatch, capsys)
    assert done
    assert f"✓ {path} is gone" in lines


@pytest.mark.parametrize(
    ("cells", "hint"),
    [
        (["%%writefile app/errors.py\n{text}"], "run its cell again"),
        (
            ["%%writefile app/errors.py\nA = 1", "%%writefile -a app/errors.py\n{text}"],
            "run this notebook again from its first cell",
        ),
    ],
)
def test_a_hint_names_a_cell_only_if_it_writes_the_whole_file(
    cells: list[str],
    hint: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A file that several cells write is not right again after one of them ran again."""
    text = KNOWN[8].files["app/errors.py"]
    sources = [course.Cell("", "code", cell.replace("{text}", text)) for cell in cells]
    monkeypatch.setattr(course, "cells", lambda _step: sources)
    state = dataclasses.replace(KNOWN[8], files=KNOWN[8].files | {"app/errors.py": "x = 1\n"})
    lines, _ = lines_of(8, state, monkeypatch, capsys)
    (line,) = [one for one in lines if one.startswith("✗ ")]
    assert hint in line


def test_what_differs_is_shown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Below the line of a file that is another one, in a few lines; the message says it is safe."""
    goal = KNOWN[8]
    for path, line in (("app/main.py", "app/main.py"), ("app/db.py", "files from earlier steps")):
        text = goal.files[path].replace("session", "sitting")
        files = goal.files | {path: text}
        lines, done = lines_of(8, dataclasses.replace(goal, files=files), monkeypatch, capsys)
        assert not done
        (place,) = [number for number, one in enumerate(lines) if one.startswith(f"✗ {line}")]
        assert path in lines[place]
        shown = [one for one in lines[place + 1 :] if one.startswith("    ")]
        assert any(re.match(r"    -.*session", one) for one in shown), shown
        assert any(re.match(r"    \+.*sitting", one) for one in shown), shown
        assert len(shown) <= 15
        assert "(`-` is what the course has, `+` is what you have.)" in lines
        assert not any(one.startswith("    ") for one in lines[:place])


IN_ORDER = course.in_order()[
    1:
]  # a chapter also edits throw-away copies, which are not played here
EDITS = [(step, cell.id) for step in IN_ORDER for cell, _ in course.edit_cells(step)]


# Later cells have written "at a time" a second time, above: the cells would edit there.
AMBIGUOUS = {(11, "wal"), (11, "normal")}


@lru_cache
def made_by_alembic() -> dict[str, str]:
    """Return the files that `alembic init alembic` makes."""
    before = Path.cwd()
    with TemporaryDirectory() as name, redirect_stdout(StringIO()):
        os.chdir(name)
        try:
            command.init(Config("alembic.ini"), "alembic")
            return state.read_state(Path(name)).files
        finally:
            os.chdir(before)


def played(
    step: int, without: str = "", stopped: list[str] | None = None
) -> Iterator[tuple[str, dict[str, str]]]:
    """Give the project's files after each cell of a step, all run but one, with the cell's id.

    An edit that finds nothing to replace ends its cell, as it does for a learner; `stopped` gets
    the ids of these cells.
    """
    files, goal = dict(KNOWN[course.start_of(step)].files), KNOWN[step].files
    edits = {cell.id: of_cell for cell, of_cell in course.edit_cells(step)}
    for cell in course.cells(step):
        first, _, rest = cell.source.partition("\n")
        if cell.id == without:
            continue
        if "alembic init alembic" in rest:
            files |= made_by_alembic()
        elif first.startswith("%%writefile -a "):
            files[first.split()[-1]] += f"{rest}\n"
        elif first.startswith("%%writefile "):
            files[first.split()[-1]] = f"{rest}\n"
        elif cell.id in edits and not edits[cell.id]:  # one that puts a whole new text there
            (path,) = re.findall(r'edit\("([^"]+)"', cell.source)
            files[path] = goal[path]
        for path, old, new in edits.get(cell.id, ()):
            if (after := edited(files[path], old, new)) is None:
                if stopped is not None:
                    stopped.append(cell.id)
                break
            files[path] = after
        yield cell.id, files
    yield "", goal | files  # what a command writes later, such as a revision


@pytest.mark.parametrize("step", IN_ORDER)
def test_the_cells_that_are_played(step: int) -> None:
    """All of them together write what the notebook writes."""
    *_, (_, files) = played(step)
    assert files == KNOWN[step].files


@pytest.mark.parametrize(("step", "id_"), EDITS)
def test_an_edit_that_was_forgotten(
    step: int, id_: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whichever cell with edits is left out, the step is not done, and the hint names the cell.

    A cell below that could not do its edit without it is named, too, after it.
    """
    stopped = [id_]
    *_, (_, files) = played(step, id_, stopped)
    lines, done = lines_of(step, dataclasses.replace(KNOWN[step], files=files), monkeypatch, capsys)
    misses = [line for line in lines if line.startswith("✗")]
    assert not done
    firsts = [
        course.first_line(cell.source)[:70]
        for cell, _ in course.edit_cells(step)
        if cell.id in stopped
    ]
    assert any(f"begins with `{firsts[0]}`" in miss for miss in misses) or (step, id_) in AMBIGUOUS
    for miss in misses if (step, id_) not in AMBIGUOUS else ():
        assert ": a change is missing: run the cell above that begins with `" in miss
        assert {*re.findall(r"(?:begins with|the one with) `(.+?)`(?=[,;])", miss)} <= {*firsts}
    changed = {path for path, text in files.items() if text != KNOWN[step].files[path]}
    assert {miss.split(": ")[0].removeprefix("✗ ") for miss in misses} == changed


def edited_by(step: int, cell: str, files: dict[str, str]) -> dict[str, str | None]:
    """Return the files after the edits of a cell: None if it stops at one, as `edit` does."""
    after: dict[str, str | None] = dict(files)
    for path, old, new in {one.id: of_cell for one, of_cell in course.edit_cells(step)}[cell]:
        if (text := after.get(path)) is None:
            break
        done = edits.built_on(text, path, old, new)
        after[path] = text if done else edited(text, old, new)
    return after


@pytest.mark.parametrize(("step", "id_"), EDITS)
def test_an_edit_that_later_ones_have_built_on(
    step: int, id_: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whenever its cell runs again, it changes nothing, and finds that nothing is missing."""
    monkeypatch.setitem(workspace.begun, "number", step)
    states = [(cell, dict(files)) for cell, files in played(step)]
    first = [cell for cell, _ in states].index(id_)
    for cell, files in states[first:]:
        assert edited_by(step, id_, files) == files, cell


@pytest.mark.parametrize(("step", "id_"), EDITS)
def test_no_edit_is_taken_for_done(step: int, id_: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whichever cell is left out: of those below it, none is taken for one that has run."""
    monkeypatch.setitem(workspace.begun, "number", step)
    files = dict(KNOWN[course.start_of(step)].files)
    of_cells = {cell.id: of_cell for cell, of_cell in course.edit_cells(step)}
    for cell, after in played(step, id_):
        for path, old, new in of_cells.get(cell, ()):
            text = files.get(path, "")
            assert not edits.built_on(text, path, old, new), cell
            files[path] = edited(text, old, new) or text
        files = dict(after)


@pytest.mark.parametrize("chapter", [one for one in course.numbers() if course.is_chapter(one)])
def test_a_trap_that_was_cured(chapter: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """An edit that a later one has taken back is not done: its cell sets the trap again."""
    monkeypatch.setitem(workspace.begun, "number", chapter)
    files = KNOWN[course.start_of(chapter)].files
    for cell, of_cell in course.edit_cells(chapter):
        for path, old, new in of_cell:
            text = files.get(path, "")
            if edited(text, old, new) not in (None, text):
                assert not edits.built_on(text, path, old, new), cell.id


def left_out_at(step: int, folder: Path, without: str = "") -> Iterator[tuple[str, str | None]]:
    """Give for each cell that is played which one above it an error would call left out."""
    sources = {cell.id: cell.source for cell in course.cells(step)}
    there: dict[str, str] = {}
    for id_, files in played(step, without):
        edits.running["source"] = sources.get(id_, "")
        yield id_, edits.left_out()
        for path, text in files.items():
            if there.get(path) != text:
                (folder / path).parent.mkdir(parents=True, exist_ok=True)
                (folder / path).write_text(text, encoding="utf-8", newline="\n")
        there = dict(files)


@pytest.fixture
def in_a_step(monkeypatch: pytest.MonkeyPatch, learner: Path) -> Callable[[int], None]:
    """Give what makes a step the one that runs, in the workspace."""
    monkeypatch.chdir(learner)
    monkeypatch.setitem(edits.running, "source", "")
    return lambda step: monkeypatch.setitem(workspace.begun, "number", step)


@pytest.mark.parametrize("step", sorted({step for step, _ in EDITS}))
def test_no_cell_that_was_left_out(
    step: int, in_a_step: Callable[[int], None], learner: Path
) -> None:
    """Where all cells ran, none is named; nor if one runs again after all of them."""
    in_a_step(step)
    assert {first for _, first in left_out_at(step, learner)} == {None}
    for cell in course.cells(step):
        edits.running["source"] = cell.source
        assert edits.left_out() is None, cell.id


@pytest.mark.parametrize("chapter", [one for one in course.numbers() if course.is_chapter(one)])
def test_no_cell_of_a_chapter_that_was_left_out(
    chapter: int, in_a_step: Callable[[int], None], learner: Path
) -> None:
    """At its end, no cell that runs again is told that one above it is missing."""
    in_a_step(chapter)
    ends.stored_ends().put(chapter, learner)
    for cell in course.cells(chapter):
        edits.running["source"] = cell.source
        assert edits.left_out() is None, cell.id


@pytest.mark.parametrize(("step", "id_"), EDITS)
def test_a_cell_that_was_left_out(
    step: int, id_: str, in_a_step: Callable[[int], None], learner: Path
) -> None:
    """An error in the next cell names it."""
    in_a_step(step)
    wanted = {
        cell.id: course.first_line(cell.source)[:70]
        for cell, of_cell in course.edit_cells(step)
        if of_cell
    }.get(id_)
    cells = [cell for cell in course.cells(step) if cell.kind == "code"]
    sources = [cell.source for cell in cells]  # some cells stand there twice
    code = [cell.id for cell in cells if cell.id == id_ or sources.count(cell.source) == 1]
    below = code[code.index(id_) + 1]
    said = next(first for at, first in left_out_at(step, learner, id_) if at == below)
    assert said == wanted


def test_a_file_that_can_not_be_read_hides_no_error(
    in_a_step: Callable[[int], None], learner: Path
) -> None:
    """A file that is gone, or in another encoding, names no cell, and raises nothing of its own."""
    in_a_step(4)
    edits.running["source"] = course.cells(4)[-1].source
    (learner / "app").mkdir()
    (learner / "app" / "main.py").write_bytes("# für mich".encode("latin-1"))
    assert edits.left_out() is None
    (learner / "app" / "main.py").unlink()
    assert edits.left_out() is None


def test_two_edits_that_were_forgotten(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Both cells are named, in their order; with a change of the learner's own, neither helps."""
    path, goal = "app/main.py", KNOWN[4]
    own = goal.files[path].replace("    session.refresh(db_task)\n", "")
    own = own[: own.index("(task: TaskCreate,")] + "(task: TaskCreate) -> TaskCreate:\n"
    own += "    return task\n"
    for text, hint in (
        (own, "`, then the one with `edit("),
        (own.replace("return task", "return None"), "run this notebook again from its first cell"),
    ):
        state = dataclasses.replace(goal, files=goal.files | {path: text})
        lines, _ = lines_of(4, state, monkeypatch, capsys)
        (miss,) = [line for line in lines if line.startswith("✗")]
        assert hint in miss


def test_a_migration_that_was_forgotten(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """All rows are there, and nothing says otherwise; the hint is the cell that upgrades."""
    state = dataclasses.replace(KNOWN[8], files=KNOWN[9].files)
    lines, done = lines_of(9, state, monkeypatch, capsys)
    assert not done
    misses = [line for line in lines if line.startswith("✗")]
    assert len(misses) == 2, misses
    assert "they are as before this step: run the cells that make or change them again" in misses[0]
    assert "the database is at revision 0001: run the cell that brings it there" in misses[1]


def test_a_row_that_was_changed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is not called missing only, and both forms of it are shown."""
    rows = [row | {"task_name": "x"} if row["id"] == 2 else row for row in KNOWN[8].rows]
    lines, _ = lines_of(8, dataclasses.replace(KNOWN[8], rows=rows), monkeypatch, capsys)
    (place,) = [number for number, line in enumerate(lines) if line.startswith("✗")]
    assert f"1 of {len(rows)} are missing or changed" in lines[place]
    assert "-{'task_name': 'written by the async session'" in lines[place + 1]
    assert "+{'task_name': 'x'" in lines[place + 2]


@pytest.mark.parametrize("path", ["alembic.ini", "alembic/README"])
def test_a_file_that_no_cell_writes(
    path: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of what `alembic init` makes, no cell can be run again: the notebook can."""
    files = {name: text for name, text in KNOWN[6].files.items() if name != path}
    lines, _ = lines_of(6, dataclasses.replace(KNOWN[6], files=files), monkeypatch, capsys)
    assert f"✗ {path}: it is missing: run this notebook again from its first cell" in lines


@pytest.mark.parametrize(("text", "says"), [("x = (\n", "SyntaxError: "), ("\0", "SyntaxError: ")])
def test_a_file_that_python_cannot_read(
    text: str, says: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """This is said, because the lines that differ may only be additions."""
    files = KNOWN[4].files | {"app/main.py": KNOWN[4].files["app/main.py"] + text}
    lines, _ = lines_of(4, dataclasses.replace(KNOWN[4], files=files), monkeypatch, capsys)
    (miss,) = [line for line in lines if line.startswith("✗")]
    assert miss.startswith(f"✗ app/main.py: Python can't read it ({says}")


@pytest.mark.parametrize(
    ("encoding", "says"),
    [
        ("utf-8-sig", "✓ app/models.py\n"),  # a mark that nobody sees, and that Python leaves out
        ("utf-16", "✗ app/models.py: Python can't read it (it is not UTF-8): put it right, or"),
    ],
)
def test_a_file_in_another_encoding(
    encoding: str, says: str, learner: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """An editor saved it: what Python can read is right."""
    ends.stored_ends().put(2, learner)
    path = learner / "app" / "models.py"
    path.write_bytes(path.read_text(encoding="utf-8").encode(encoding))
    with suppress(Problem):
        finish(2)
    assert says in capsys.readouterr().out


def test_a_column_of_the_learners_own_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It does no harm, but the next notebook will not leave it there."""
    task = KNOWN[8].schema["task"].replace("PRIMARY", "done BOOLEAN, PRIMARY", 1)
    own = dataclasses.replace(KNOWN[8], schema=KNOWN[8].schema | {"task": task})
    lines, done = lines_of(8, own, monkeypatch, capsys)
    assert done
    assert "· database.db has a table or a column of your own: the next notebook" in "\n".join(
        lines
    )


def test_a_workspace_that_is_gone(learner: Path) -> None:
    """It is said once, and not for each file."""
    learner.rmdir()
    with pytest.raises(Problem) as caught:
        finish(5)
    assert caught.value.key == "folder-gone"
    assert not learner.exists()


def test_another_notebook_begins(learner: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While it changes the project, nobody knows what this one has left."""
    monkeypatch.setattr(workspace, "LOCK_SECONDS", 0.05)
    with workspace.only_one(learner), pytest.raises(Problem) as caught:
        finish(5)
    assert caught.value.key == "still-rebuilding"


def test_a_locked_database(learner: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is said that another program locks it: nobody knows then which rows are there."""
    monkeypatch.setattr(state, "LOCK_SECONDS", 0.05)
    ends.stored_ends().put(5, learner)
    with closing(sqlite3.connect(learner / "database.db", isolation_level=None)) as other:
        other.execute("PRAGMA journal_mode = DELETE")
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(Problem) as caught:
            finish(5)
    assert caught.value.key == "database-locked"
    finish(5)  # as the message says, after the lock


@pytest.mark.parametrize("step", [0, 99, "5", None, True])
@pytest.mark.parametrize("function", [begin, finish])
def test_a_step_that_is_none(function: Callable[[object], None], step: object) -> None:
    """A number that is no step's says which there are."""
    with pytest.raises(Problem, match="There is no step") as caught:
        function(step)
    assert f"from 1 to {course.numbers()[-1]}" in caught.value.todo


@pytest.mark.parametrize("number", [one for one in course.numbers() if one not in STEPS])
def test_after_the_steps(
    number: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    learner: Path,
) -> None:
    """A notebook after the steps is done if the project is as it leaves it, and a case repaired."""
    folder = workspace.project_of(number, learner)
    folder.mkdir(exist_ok=True)
    monkeypatch.setitem(case.counted, (folder / case.CASE).resolve(), "✓ All are repaired.")
    lines, done = lines_of(number, KNOWN[number], monkeypatch, capsys)
    assert done
    assert lines[-1] == f"Notebook {number} is done."
    assert all(line.startswith("✓ ") for line in lines[:-1])
    assert progress.finished(learner) == {number}
    for begins, broken in ways_to_break(number):
        lines, done = lines_of(number, broken, monkeypatch, capsys)
        assert not done, f"{begins} was broken, and nobody noticed"
        assert [line for line in lines if line.startswith(f"✗ {begins}")]


@pytest.mark.parametrize("left", ["server", "copy"])
def test_what_is_left_of_a_trial(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    learner: Path,
    left: str,
) -> None:
    """Each has its line: a server still runs, a copy is still there."""
    if left == "server":
        monkeypatch.setattr(MODULE.Process, "running", lambda: ["a server"])
    else:
        (learner / workspace.TRIAL).mkdir()
    lines, done = lines_of(11, KNOWN[11], monkeypatch, capsys)
    assert not done
    (miss,) = [line for line in lines if line.startswith("✗ ")]
    assert left in miss
    assert "again" in miss


def test_a_real_workspace(learner: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The lines come from the files and the database, not only from what is known of them."""
    (learner / "app").mkdir()
    with pytest.raises(Problem):
        finish(1)
    assert "✗ app/__init__.py: it is missing" in capsys.readouterr().out
    text = file_after(1, "app/__init__.py")
    (learner / "app" / "__init__.py").write_text(text, encoding="utf-8", newline="\r\n")
    finish(1)  # line ends do not matter
    with closing(sqlite3.connect(learner / "database.db")) as connection:
        connection.execute("CREATE TABLE task (id)")
    with pytest.raises(Problem):
        finish(3)
    assert "✗ the database's tables: they are not as this step" in capsys.readouterr().out


@pytest.mark.parametrize("step", [3, 12])
def test_the_end_of_another_step(
    step: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A wrong number is named: the project is not incomplete, and no folder was deleted."""
    monkeypatch.setenv("TUTORIAL_WORKSPACE", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    begin(2)
    with pytest.raises(Problem) as problem:
        finish(step)
    assert problem.value.key == "another-step"
    assert problem.value.todo.startswith("Write `finish(2)`.")
    finish(1)  # what is complete, is complete
    assert "Step 1 of 10 is done." in capsys.readouterr().out
