"""begin and finish: the first and the last cell of every step; restore takes a backup back."""

from __future__ import annotations

import os
import sys
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from tutorial import course
from tutorial.environment import require_kernel
from tutorial.errors import Problem
from tutorial.explain import explain_errors, explained
from tutorial.files import tree
from tutorial.fresh import forget_app, forget_changed_app, note_app
from tutorial.load import number_of_loads
from tutorial.process import running_processes, stop_processes
from tutorial.progress import record
from tutorial.replay import REPLAY, replay
from tutorial.server import reach_directly, stop_servers
from tutorial.terminal import make_known
from tutorial.workspace import (
    TRIAL,
    State,
    back_up,
    backups,
    clear,
    clear_trials,
    copy_project,
    end_of,
    known_states,
    last_owner,
    location,
    move_in,
    note_owner,
    only_one,
    read_state,
    step_of,
    take_back,
)

AGAIN = "run this notebook again from its first cell"
KERNEL = uuid.uuid4().hex  # tells this notebook's kernel from every other


@explained
def begin(step: int, fresh: bool = False) -> None:
    """Begin a step: go to the workspace, and put it into the state that the step starts from.

    A workspace that is in that state is left as it is, unless `fresh` is true; rows of the
    learner's own may be there too, if the step writes none. Any other is rebuilt by replaying the
    steps before; what the learner wrote is kept in a backup, whose name is printed. Prints where
    one is, and the project's tree.

    Raises Problem if a package is missing, the folder can't be written, a file is locked, another
    notebook does not end its own rebuild, or the steps can't be rebuilt.
    """
    require_kernel()
    _require_step(step)
    folder = location()
    _enter(folder, step)
    if os.environ.get(REPLAY):
        return
    print(f"{course.place(step)}: {course.title(step)}")
    if os.environ.pop("DATABASE_URL", None):
        print("↻ The variable DATABASE_URL was set; it is ignored in this notebook.")
    with only_one(folder):
        _prepare(step, folder, fresh)
        note_owner(folder, step, KERNEL)
    _enter(folder, step)
    before = step - 1
    print(f"You start where step {before} ended." if before else "You start with an empty project.")
    print()
    tree()


@explained
def restore(backup: str) -> None:
    """Take the project back from a backup, for example restore("backups/001").

    The backup stays where it is. What was in the project is kept in a backup of its own, unless
    replaying the course gives the same. Raises Problem if there is no backup of that name.
    """
    folder = location()
    stop_servers()
    forget_app()
    known = backups(folder)
    if backup not in known:
        raise Problem("no-such-backup", name=backup, backups=", ".join(known) or "there is none")
    with only_one(folder):
        _make_room(folder, "The project as it was")
        take_back(folder / backup, folder)
    print(f"↻ {backup} is your project again.")
    tree()


def _require_step(step: int) -> None:
    if not isinstance(step, int) or not 1 <= step <= course.BEYOND:
        raise Problem("no-such-step", step=repr(step), steps=course.BEYOND)


def _enter(folder: Path, step: int) -> None:
    """Make `folder` the place where imports, commands and relative paths start."""
    from IPython import get_ipython

    shell = get_ipython()
    if shell is not None:
        explain_errors(shell, step)
    stop_servers()
    stop_processes()
    reach_directly()
    forget_app()
    (folder / "app").mkdir(parents=True, exist_ok=True)
    os.chdir(folder)
    if str(folder) in sys.path:
        sys.path.remove(str(folder))
    sys.path.insert(0, str(folder))
    sys.dont_write_bytecode = True  # a file edited twice in one second would meet its old bytecode
    if shell is None:
        return

    make_known(shell)
    shell.user_ns.setdefault("restore", restore)  # begin names it when it makes a backup
    for event, hook in (
        ("pre_run_cell", forget_changed_app),
        ("pre_run_cell", _tell_another_owner),
        ("post_run_cell", note_app),
    ):
        if hook not in shell.events.callbacks[event]:
            shell.events.register(event, hook)


def _tell_another_owner(_info: object = None) -> None:
    """Say, once, that another notebook has begun a step since; `_info` is what IPython hands over.

    Its project is not this notebook's any more: without a word, the next error would be a riddle.
    """
    owner = last_owner(location())
    if owner and owner[1] not in (KERNEL, *_told):
        _told.append(owner[1])
        print(
            f"↻ Another notebook has begun step {owner[0]} in this project. "
            "To go on here, run this notebook again from its first cell."
        )


_told: list[str] = []  # owners that were named


def _prepare(step: int, folder: Path, fresh: bool) -> None:
    """Put the project in `folder` into the state that `step` starts from."""
    clear_trials(folder)
    state = read_state(folder)
    before = step - 1
    start, goal = known_states()[before], known_states()[step]
    # Rows of the learner's own may stay, unless they would take the ids of those the step writes.
    right = state == start or (goal.ids == start.ids and state.continues(start))
    if right and not fresh:
        return
    with tempfile.TemporaryDirectory(prefix=".rebuild-", dir=folder) as name:
        built = Path(name)
        if before:
            _rebuild(before, built, folder)
        known = step_of(state)
        if known is not None and known > before:
            print(f"↻ Your project was at the end of step {known}; this step starts earlier.")
        _make_room(folder, f"Your work was not as step {before} ends, so it")
        move_in(built, folder)
    if before:
        print(f"↻ The project was rebuilt as step {before} leaves it.")


def _rebuild(step: int, built: Path, folder: Path) -> None:
    """Build in `built` the project as `step` leaves it; an earlier replay may have kept it.

    What was kept counts only if it is exactly the state that the course knows.
    """
    if read_state(end_of(step, folder)) == known_states()[step]:
        copy_project(end_of(step, folder), built)
        return

    def keep(done: int) -> None:
        with suppress(OSError):  # it only saves time, so a full disk does not matter
            copy_project(built, end_of(done, folder))

    replay(step, built, at_end=keep)


def _make_room(folder: Path, what: str) -> None:
    """Clear the project in `folder`; keep it in a backup if a replay would not give it back."""
    if step_of(read_state(folder)) is not None:
        clear(folder)
        return
    kept = back_up(folder).relative_to(folder).as_posix()
    print(f'↻ {what} was kept in {kept}. To take it back: restore("{kept}")')


@explained
def finish(step: int) -> None:
    """Check, line by line, that the workspace holds what the step leaves behind.

    Prints ✓ or ✗ with a hint for each thing; raises Problem if one is missing.
    """
    _require_step(step)
    state, goal, start = read_state(location()), known_states()[step], known_states()[step - 1]
    lines = [*_changed(state, start, goal), *_kept(state, start, goal)]
    if step == course.BEYOND:
        lines += _tried()
    for name, good, hint in lines:
        print(f"✓ {name}" if good else f"✗ {name}: {hint}")
    for path in sorted(state.files.keys() - goal.files.keys() - start.files.keys()):
        later = ": the next notebook keeps it in a backup" if step < course.STEPS else ""
        print(f"· {path} is your own{later}")
    if not all(good for _, good, _ in lines):
        raise Problem("step-incomplete", step=step)
    record(step, location())
    print(f"{course.place(step) if step <= course.STEPS else f'Notebook {step}'} is done.")


# What there must be, whether it is there, and what to do if not. A text, because `begin` must be
# able to say that a Python is too old for `tuple[…]`.
Line = "tuple[str, bool, str]"


def _changed(state: State, start: State, goal: State) -> Iterator[Line]:
    """Give a line for each thing that the step makes or changes."""
    for path, text in goal.files.items():
        if start.files.get(path) != text:
            hint = "it is not what this step writes" if path in state.files else "it is missing"
            # A revision that is generated twice is no longer the same.
            again = AGAIN if path.startswith("alembic/versions/") else "run its cell again"
            yield path, state.files.get(path) == text, f"{hint}: {again}"
    for path in start.files:
        if path not in goal.files:
            yield f"{path} is gone", path not in state.files, "it is still there: delete it"
    if goal.schema != start.schema:
        hint = "they are missing" if not state.schema else "they are not as this step leaves them"
        again = "run the cells that make or change them again"
        yield "the database's tables", state.schema == goal.schema, f"{hint}: {again}"
    if goal.revision != start.revision:
        hint = f"the database is at {state.revision}: {AGAIN}"
        yield f"revision {goal.revision}", state.revision == goal.revision, hint
    written = [row for row in goal.rows if row["id"] not in start.ids]
    if written:
        kept = _present(written, state)
        hint = f"only {kept} of {len(written)} are there: {AGAIN}"
        yield f"rows written by this step: {len(written)}", kept == len(written), hint


def _kept(state: State, start: State, goal: State) -> Iterator[Line]:
    """Give a line for each kind of thing that the step must have left as it was."""
    same = [path for path, text in goal.files.items() if start.files.get(path) == text]
    if same:
        bad = [path for path in same if state.files.get(path) != goal.files[path]]
        name = f"files from earlier steps: {len(same)}"
        yield name, not bad, f"{', '.join(bad)} changed or missing: {AGAIN}"
    if goal.schema and (goal.schema, goal.revision) == (start.schema, start.revision):
        good = (state.schema, state.revision) == (goal.schema, goal.revision)
        yield "tables from earlier steps", good, f"they are not as they were: {AGAIN}"
    old = [row for row in goal.rows if row["id"] in start.ids]
    if old:
        kept = _present(old, state)
        hint = f"only {kept} of {len(old)} are there: {AGAIN}"
        yield f"rows from earlier steps: {len(old)}", kept == len(old), hint


def _tried() -> Iterator[Line]:
    """Give a line for each thing that the notebook after the steps does, and leaves no trace of."""
    yield "the service was under load", number_of_loads() > 0, f"no load has run yet: {AGAIN}"
    hint = f"at least one is still running: {AGAIN}"
    yield "no server of a trial is left", not running_processes(), hint
    hint = "it is still there: run the cell again that deletes it"
    yield "no copy of a trial is left", not (location() / TRIAL).exists(), hint


def _present(rows: list[dict[str, object]], state: State) -> int:
    """Return how many of `rows` are there, perhaps with columns of the learner's own.

    A cell that ran twice gave its rows other ids.
    """

    def is_there(row: dict[str, object]) -> bool:
        values = {name: value for name, value in row.items() if name != "id"}.items()
        return any(values <= found.items() for found in state.rows)

    return sum(map(is_there, rows))
