"""finish: the last cell of every notebook. It says, line by line, whether all is there."""

import ast
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from tutorial import course
from tutorial.case import told_of_case
from tutorial.compare import has_all_of, has_revision, has_tables, left_of, missing_rows, short_diff
from tutorial.edits import LONGEST, edited
from tutorial.ends import stored_ends
from tutorial.errors import Problem
from tutorial.explain import explained, one_line
from tutorial.process import Process
from tutorial.progress import record
from tutorial.show import wrapped
from tutorial.state import Row, State, read_state
from tutorial.steps import require_step
from tutorial.workspace import TRIAL, begun, location, only_one, project_of

AGAIN = "run this notebook again from its first cell"


class Line(NamedTuple):
    """What there must be, whether it is there, what to do if not, and what differs."""

    name: str
    good: bool
    hint: str
    differs: Sequence[str] = ()


@explained
def finish(step: int) -> None:
    """Check, line by line, that the workspace holds what the step leaves behind.

    What the learner has added to it does no harm. Prints ✓, or ✗ with a hint and the difference,
    for each thing; raises Problem if one is missing, or if the database is locked. A notebook with
    a case is done when `check` has found all of it repaired, and not before.
    """
    require_step(step)
    folder = project_of(step)
    if not folder.exists():
        raise _of_another(step) or Problem("folder-gone")
    with only_one(folder):
        state = read_state(folder)
    ends = stored_ends()
    goal, start = ends.state(step), ends.state(course.start_of(step))
    lines = [*_changed(step, state, start, goal), *_kept(step, state, start, goal)]
    for line in lines:
        print(f"✓ {line.name}" if line.good else f"✗ {line.name}: {line.hint}")
        for one in line.differs if not line.good else ():
            print(f"    {one}")
    if any(line.differs for line in lines if not line.good):
        print("(`-` is what the course has, `+` is what you have.)")
    for text in _own(step, state, start, goal):
        print(text)
    if not all(line.good for line in lines):
        raise _of_another(step) or Problem("step-incomplete", step=step)
    place = course.place(step) if step in course.steps() else f"Notebook {step}"
    if any("open_case(" in cell.source for cell in course.cells(step)):
        said, repaired = told_of_case(folder)
        print(wrapped(said))
        if not repaired:
            print(f"{place} is not done yet. Your case is kept: go on whenever you like.")
            return
    record(step, location())
    print(f"{place} is done.")


def _of_another(step: int) -> Problem | None:
    """Return the Problem if this notebook has begun another step than the one it wants to end."""
    number = begun.get("number")
    if number in (None, 0, step):
        return None
    return Problem("another-step", step=step, begun=number)


def _changed(step: int, state: State, start: State, goal: State) -> Iterator[Line]:
    """Give a line for each thing that the step makes or changes."""
    for path, text in goal.files.items():
        if start.files.get(path) != text:
            cells = (cell.source.strip() for cell in course.cells(step))
            by_one_cell = f"%%writefile {path}\n{text}".strip() in cells
            old = _old(step, path, start)
            line = _file(path, state, text, "run its cell again" if by_one_cell else AGAIN, old)
            forgotten = [] if line.good else _forgotten_edits(step, path, state, text, old)
            if forgotten:
                begins = ", then the one with ".join(f"`{one[:LONGEST]}`" for one in forgotten)
                hint = f"a change is missing: run the cell above that begins with {begins}; "
                line = line._replace(hint=f"{hint}then run this cell again")
            yield line
    for path in sorted(start.files.keys() - goal.files):
        yield Line(f"{path} is gone", path not in state.files, "it is still there: delete it")
    if state.broken:
        yield Line("the database", False, f"it can't be read: {AGAIN}")
        return
    if goal.schema != start.schema:
        hint = f"they are not as this step leaves them: {AGAIN}"
        if state.schema == start.schema:
            hint = "they are as before this step: run the cells that make or change them again"
        yield Line("the database's tables", has_tables(state, goal), hint)
    if goal.revision != start.revision:
        hint = f"the database is at revision {state.revision or 'none'}: run the cell that brings "
        hint += f"it there, or {AGAIN}"
        yield Line(f"revision {goal.revision}", has_revision(state, goal), hint)
    if written := [row for row in goal.rows if row["id"] not in start.ids]:
        yield _rows("rows written by this step", written, state)


def _kept(step: int, state: State, start: State, goal: State) -> Iterator[Line]:
    """Give a line for each kind of thing that the step must have left as it was."""
    same = {path: text for path, text in goal.files.items() if start.files.get(path) == text}
    if same:
        lines = [_file(path, state, text, AGAIN) for path, text in same.items()]
        bad = [line for line in lines if not line.good]
        hint = f"{', '.join(line.name for line in bad)} missing or not as it was: {AGAIN}"
        differs = [
            text for line in bad if line.differs for text in (f"{line.name}:", *line.differs)
        ]
        yield Line(f"files from earlier steps: {len(same)}", not bad, hint, differs)
    if state.broken:
        return
    if goal.schema and (goal.schema, goal.revision) == (start.schema, start.revision):
        good = has_tables(state, goal) and has_revision(state, goal)
        yield Line("tables from earlier steps", good, f"they are not as they were: {AGAIN}")
    if old := [row for row in goal.rows if row["id"] in start.ids]:
        yield _rows("rows from earlier steps", old, state)
    if any("trial_folder(" in cell.source for cell in course.cells(step)):
        hint = f"at least one is still running: {AGAIN}"
        yield Line("no server of a trial is left", not Process.running(), hint)
        hint = "it is still there: run the cell again that deletes it"
        yield Line("no copy of a trial is left", not (project_of(step) / TRIAL).exists(), hint)


def _old(step: int, path: str, start: State) -> str:
    """Return what a file has before a step, or, if the step makes it, what its edits replace."""
    replaced = [old for edits in course.edits(step, path).values() for old, _ in edits]
    return start.files.get(path) or "\n".join(replaced)


def _is_right(path: str, own: str, text: str, old: str) -> bool:
    """Whether a file has all that it should have, and nothing of `old` that had to go."""
    return own == text or (has_all_of(path, own, text) and not left_of(path, old, own, text))


def _file(path: str, state: State, text: str, again: str, old: str = "") -> Line:
    own = state.files.get(path)
    if own is None:
        return Line(path, False, f"it is missing: {again}")
    hint = f"it is not what this step writes: {again} (yours is kept in a backup)"
    if path.endswith(".py"):
        try:
            ast.parse(own)
        except (SyntaxError, ValueError) as error:
            why = "it is not UTF-8" if isinstance(error, UnicodeError) else one_line(error)
            hint = f"Python can't read it ({why}): put it right, or {again}"
    return Line(path, _is_right(path, own, text, old), hint, short_diff(text, own))


def _forgotten_edits(step: int, path: str, state: State, text: str, old_text: str) -> list[str]:
    """Return the first lines of the cells that make a file right by their edits, or none."""
    edits = course.edits(step, path)
    needed = list(edits)

    def cure(cells: list[str]) -> bool:
        own = state.files.get(path, "")
        for old, new in (one for cell in cells for one in edits[cell]):
            own = edited(own, old, new) or own
        return _is_right(path, own, text, old_text)

    if not cure(needed):
        # A cell that puts a whole new text into the file, which only that cell knows.
        whole = [one.source for one, _ in course.edit_cells(step) if f'edit("{path}"' in one.source]
        untouched = not needed and state.files.get(path) == old_text
        return [course.first_line(one) for one in whole] if untouched else []
    for cell in edits:
        if cure(rest := [one for one in needed if one != cell]):
            needed = rest
    return needed


def _rows(name: str, rows: list[Row], state: State) -> Line:
    missing = missing_rows(rows, state)
    own = {row["id"]: row for row in state.rows if "id" in row}
    pairs = [(f"-{row}", f"+{own[row['id']]}" if row["id"] in own else "") for row in missing]
    hint = f"{len(missing)} of {len(rows)} are missing or changed: {AGAIN}"
    return Line(
        f"{name}: {len(rows)}", not missing, hint, [one for pair in pairs for one in pair if one]
    )


def _own(step: int, state: State, start: State, goal: State) -> Iterator[str]:
    """Give a line for each file that is the learner's own, or has additions of the learner's."""
    later = step in course.in_order()[:-1]
    keeps = ": the next notebook keeps it in a backup" if later else ""
    for path, text in state.files.items():
        if path not in goal.files and path not in start.files:
            yield f"· {path} is your own{keeps}"
        elif (goals := goal.files.get(path)) not in (None, text) and _is_right(
            path, text, goals, _old(step, path, start)
        ):
            yield f"· {path} has additions of your own{keeps}"
    if state.schema != goal.schema and has_tables(state, goal):
        yield f"· database.db has a table or a column of your own{keeps}"
