"""begin: the first cell of every notebook. restore takes a backup back, practice goes aside."""

import logging
import os
import sys
import uuid
from pathlib import Path
from typing import Any

from tutorial import course, workspace
from tutorial.compare import own_work
from tutorial.ends import stored_ends
from tutorial.environment import require_kernel, require_path
from tutorial.errors import Problem
from tutorial.exercises.stopped import end_at_unknown_type, note_stop
from tutorial.explain import explained
from tutorial.files import tree
from tutorial.fresh import forget_app, forget_changed_app, note_app
from tutorial.imports import look_first_in, require_nothing_hidden
from tutorial.inherited import NOISY, ignore_in_kernel, ignore_settings
from tutorial.overwrite import keep_before_writing, tell_written_beside
from tutorial.postgres import end_left_postgres, stop_postgres
from tutorial.process import stop_processes
from tutorial.server import reach_directly, stop_servers
from tutorial.shown_errors import explain_errors
from tutorial.state import PROJECT_FOLDERS, State, read_state, require_unlocked
from tutorial.terminal import make_known

KERNEL = uuid.uuid4().hex  # tells this notebook's kernel from every other


@explained
def begin(step: int, fresh: bool = False) -> None:
    """Begin a step: go to the workspace, and put it into the state that the step starts from.

    A chapter of part two has a project of its own, in a folder of the workspace that is named
    after it. It starts from the finished service.

    A workspace that is in that state is left as it is, unless `fresh` is true; rows of the
    learner's own may be there too, if the step writes none. In any other, the stored end of the
    step before takes the project's place; what the learner wrote is kept in a backup, whose name
    is printed. Prints where one is, and the project's tree.

    Raises Problem if a package is missing or hidden by a file, Alembic can't read the folder's
    path, the folder can't be written, a file or the database is locked, another notebook does not
    end its own begin, or the stored ends can't be read.
    """
    require_kernel()
    require_step(step)
    workspace.begun["number"] = step
    folder = workspace.project()
    require_path(folder)
    _enter(folder, step)
    print(f"{course.place(step)}: {course.title(step)}")
    _tell_what_is_ignored()
    tell_written_beside(step)
    with workspace.only_one(folder):
        _prepare(step, folder, fresh)
        (folder / workspace.OWNER).write_text(f"{step} {KERNEL}", encoding="utf-8")
    (folder / "app").mkdir(exist_ok=True)
    start = f"where step {step - 1} ended" if step > 1 else "with an empty project"
    if course.is_chapter(step):
        start = (
            f"with a copy of the finished service,\nin the folder {folder.name} of the workspace"
        )
    print(f"You start {start}.\n")
    tree()


@explained
def restore(backup: str) -> None:
    """Take the project back from a backup, for example restore("backups/001").

    The backup stays where it is. What was in the project is kept in a backup of its own, unless
    the course has the same. Raises Problem if there is no backup of that name.
    """
    folder = workspace.project()
    stop_servers()
    forget_app()
    known = workspace.backups(folder)
    if backup not in known:
        none = "none, because nothing of yours had to make room, so go on without"
        raise Problem("no-such-backup", name=backup, backups=", ".join(known) or none)
    with workspace.only_one(folder), workspace.build_folder(folder) as build:
        workspace.copy_project(folder / backup, build / "new")
        _take_place(folder, build, read_state(folder), "The project as it was")
    print(f"↻ {backup} is your project again.")
    tree()


@explained
def practice() -> None:
    """Go to the folder `practice` of the workspace, and make %%terminal known.

    No step looks into this folder. Raises Problem if it can't be made.
    """
    from IPython import get_ipython

    folder = workspace.location() / "practice"
    folder.mkdir(parents=True, exist_ok=True)
    os.chdir(folder)
    if (shell := get_ipython()) is not None:
        explain_errors(shell, 0)
        make_known(shell)
    tell_written_beside(0)
    print(f"You are in the folder {folder.name} of your workspace.")


def require_step(step: int) -> None:
    """Raise Problem if there is no notebook of this number, or none that it starts from."""
    gone = course.gone()
    if type(step) is not int or step not in (*course.numbers(), *gone):  # True is an int, too
        raise Problem("no-such-step", step=repr(step), steps=course.numbers()[-1])
    # A chapter starts from the last one in order, so it must be known which this is.
    for number in (step, *([course.in_order()[-1] + 1] if course.is_chapter(step) else [])):
        if number in gone:
            raise Problem("notebook-gone", number=number)


def _enter(folder: Path, step: int) -> None:
    """Make `folder` the place where imports, commands and relative paths start."""
    from IPython import get_ipython

    shell = get_ipython()
    if shell is not None:
        explain_errors(shell, step)
    Problem.other_todo = {}  # of a case that this kernel has opened
    stop_servers(*(shell.user_ns.values() if shell else ()))
    stop_processes()
    stop_postgres()
    end_left_postgres()
    reach_directly()
    forget_app()
    folder.mkdir(parents=True, exist_ok=True)
    os.chdir(folder)
    require_nothing_hidden(folder, PROJECT_FOLDERS)  # begin makes these anew
    look_first_in(folder)
    sys.dont_write_bytecode = True  # a file edited twice in one second would meet its old bytecode
    if shell is None:
        return

    # What the service logs stands among what a cell prints: two streams have no sure order.
    logging.lastResort = logging.StreamHandler(sys.stdout)
    logging.getLogger("asyncio").addFilter(_tells_something)
    make_known(shell)
    keep_before_writing(shell)
    shell.user_ns.setdefault("restore", restore)  # begin names it when it makes a backup
    shell.events.register("pre_run_cell", note_stop)
    shell.events.register("post_run_cell", end_at_unknown_type)
    shell.events.register("post_run_cell", note_stop)
    shell.events.register("pre_run_cell", forget_changed_app)
    shell.events.register("pre_run_cell", _tell_another_owner)
    shell.events.register("post_run_cell", note_app)


def _tells_something(record: logging.LogRecord) -> bool:
    """Whether a message of asyncio is not the one that a killed server leaves on Windows.

    There, the system has closed the connection before asyncio does, and asyncio logs that as an
    error. The client has met its own by then.
    """
    return "_ProactorBasePipeTransport._call_connection_lost" not in record.getMessage()


def _tell_what_is_ignored() -> None:
    """Set back what the user's own settings change of the lesson, and say so."""
    from IPython import get_ipython

    for name in ignore_in_kernel():
        print(f"↻ The variable {name} was set; it is ignored in this notebook.")
    if (shell := get_ipython()) is not None:
        for name in ignore_settings(shell):
            print(f"↻ The setting {name} was changed; it is ignored in this notebook.")
    for name in filter(os.environ.get, NOISY):
        print(f"↻ The variable {name} is set, so Python can print more here than we have stored.")


def _tell_another_owner(info: Any = None) -> None:
    """Say, once, that another notebook has begun a step since: else the next error is a riddle."""
    if "begin(" in getattr(info, "raw_cell", ""):
        return  # this cell takes the project back
    try:
        owner = (workspace.project() / workspace.OWNER).read_text(encoding="utf-8")
    except (OSError, ValueError):
        return
    step, _, kernel = owner.partition(" ")
    if kernel not in ("", KERNEL, *_told):
        _told.append(kernel)
        print(
            f"↻ Another notebook has begun step {step} in this project. "
            "To go on here, run this notebook again from its first cell."
        )


_told: list[str] = []  # owners that were named


def _prepare(step: int, folder: Path, fresh: bool) -> None:
    """Put the project in `folder` into the state that `step` starts from."""
    workspace.clear_trials(folder)
    state, ends, before = read_state(folder), stored_ends(), course.start_of(step)
    start, goal = ends.state(before), ends.state(step)
    # Rows of the learner's own may stay, unless they would take the ids of those the step writes.
    right = state == start or (goal.ids == start.ids and state.continues(start))
    if right and not fresh:
        return
    known = ends.number_of(state)
    if known is not None and known > before:
        print(f"↻ Your project was at the end of step {known}; this step starts earlier.")
    new_chapter = course.is_chapter(step) and known == 0  # its folder is empty
    with workspace.build_folder(folder) as build:
        ends.put(before, build / "new")
        _take_place(folder, build, state, f"Your work was not as step {before} ends, so it")
    if before and not new_chapter:
        print(f"↻ The project was rebuilt as step {before} leaves it.")


def _take_place(folder: Path, build: Path, state: State, what: str) -> None:
    """Put the project in `build`/new into the place of the one in `folder`, which is in `state`.

    It is kept in a backup if the course does not have the same. `what` begins the sentence on it.
    """
    require_unlocked(folder)
    own = stored_ends().number_of(state) is None
    old = workspace.new_backup(folder) if own else build / "old"
    workspace.exchange_project(folder, build / "new", old)
    if own:
        name = old.relative_to(folder).as_posix()
        print(f'↻ {what} was kept in {name}. To take it back: restore("{name}")')
        for line in own_work(state):
            print(f"↻     {line}")
