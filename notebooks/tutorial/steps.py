"""begin and finish: the first and the last cell of every step."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from tutorial import course
from tutorial.environment import require_kernel
from tutorial.errors import Problem
from tutorial.files import tree
from tutorial.fresh import forget_app, forget_changed_app
from tutorial.replay import REPLAY, replay
from tutorial.server import reach_directly, stop_servers
from tutorial.terminal import terminal
from tutorial.workspace import (
    BACKUPS,
    back_up,
    clear,
    clear_trials,
    known_states,
    location,
    move_in,
    read_state,
    step_of,
)


def begin(step: int) -> None:
    """Begin a step: go to the workspace, and put it into the state that the step starts from.

    A workspace that is in that state is left as it is; rows of the learner's own may be there too,
    if the step writes none. Any other is rebuilt by replaying the steps before; what the learner
    wrote is kept in a backup, whose name is printed. Prints where one is, and the project's tree.

    Raises Problem if a package is missing, a file is locked or the steps can't be rebuilt.
    """
    require_kernel()
    folder = location()
    _enter(folder)
    if os.environ.get(REPLAY):
        return
    print(f"Step {step} of {course.STEPS}: {course.title(step)}")
    if os.environ.pop("DATABASE_URL", None):
        print("↻ The variable DATABASE_URL was set; it is ignored in this notebook.")
    _prepare(step, folder)
    _enter(folder)
    before = step - 1
    print(f"You start where step {before} ended." if before else "You start with an empty project.")
    print()
    tree()


def _enter(folder: Path) -> None:
    """Make `folder` the place where imports, commands and relative paths start."""
    from IPython import get_ipython

    stop_servers()
    reach_directly()
    forget_app()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "app").mkdir(exist_ok=True)
    os.chdir(folder)
    if str(folder) in sys.path:
        sys.path.remove(str(folder))
    sys.path.insert(0, str(folder))
    sys.dont_write_bytecode = True  # a file edited twice in one second would meet its old bytecode
    shell = get_ipython()
    if shell is None:
        return

    def terminal_magic(line: str, cell: str) -> None:
        terminal(line, cell, shell.user_ns)

    shell.register_magic_function(terminal_magic, "cell", "terminal")
    if forget_changed_app not in shell.events.callbacks["pre_run_cell"]:
        shell.events.register("pre_run_cell", forget_changed_app)


def _prepare(step: int, folder: Path) -> None:
    """Put the project in `folder` into the state that `step` starts from."""
    clear_trials(folder)
    state = read_state(folder)
    before = step - 1
    start, goal = known_states()[before], known_states()[step]
    # Rows of the learner's own may stay, unless they would take the ids of those the step writes.
    if state == start or (goal.ids == start.ids and state.continues(start)):
        return
    with tempfile.TemporaryDirectory(prefix=".rebuild-", dir=folder) as name:
        built = Path(name)
        if before:
            replay(before, built)
        known = step_of(state)
        if known is None:
            kept = back_up(folder).relative_to(folder).as_posix()
            print(f"↻ Your work was not as step {before} ends, so it was kept in {kept}.")
        else:
            clear(folder)
            if known > before:
                print(f"↻ Your project was at the end of step {known}; this step starts earlier.")
        move_in(built, folder)
    if before:
        print(f"↻ The steps before this one were replayed, up to step {before}.")


def finish(step: int) -> None:
    """Check, line by line, that the workspace holds what the step leaves behind.

    Prints ✓ or ✗ with a hint for each thing; raises Problem if one is missing.
    """
    state, goal, start = read_state(location()), known_states()[step], known_states()[step - 1]
    lines = []
    for path, text in goal.files.items():
        if start.files.get(path) != text:
            hint = "it is missing" if path not in state.files else "it is not what this step writes"
            lines.append((path, state.files.get(path) == text, f"{hint}: run its cell again"))
    lines += [
        (f"{path} is gone", path not in state.files, "delete it")
        for path in start.files
        if path not in goal.files
    ]
    if goal.schema != start.schema:
        tables = "the database's tables"
        lines.append((tables, state.schema == goal.schema, "run the cells that create them again"))
    if goal.revision != start.revision:
        right = state.revision == goal.revision
        lines.append((f"revision {goal.revision}", right, f"the database is at {state.revision}"))
    present = [_without_id(row) for row in state.rows]
    for name, rows in (
        ("rows from earlier steps", [row for row in goal.rows if row["id"] in start.ids]),
        ("rows written by this step", [row for row in goal.rows if row["id"] not in start.ids]),
    ):
        if rows and goal.rows != start.rows:
            kept = sum(_without_id(row) in present for row in rows)
            hint = f"only {kept} of {len(rows)} are there: begin the step again"
            lines.append((f"{name}: {len(rows)}", kept == len(rows), hint))
    if goal == start:
        lines.append(("the project is as it was", state.continues(goal), "begin the step again"))
    for name, good, hint in lines:
        print(f"✓ {name}" if good else f"✗ {name}: {hint}")
    if all(good for _, good, _ in lines):
        print(f"Step {step} of {course.STEPS} is done.")
        return
    raise Problem(
        f"Step {step} is not complete yet.",
        "Do what the lines with ✗ say. If you changed a file on purpose, go on: the next notebook "
        f"keeps your version in {BACKUPS}/ and starts from the course's.",
    )


def _without_id(row: dict[str, object]) -> dict[str, object]:
    """Return a row without its id: a cell that ran twice gave its rows other ids."""
    return {name: value for name, value in row.items() if name != "id"}
