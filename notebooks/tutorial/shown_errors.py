"""Shows the errors of a notebook's cells: as a Problem, or with the learner's own places only."""

import re
import sys
import sysconfig
import traceback
from pathlib import Path
from types import FrameType
from typing import Any

from tutorial import course
from tutorial.edits import left_out, maker_of
from tutorial.errors import Problem
from tutorial.explain import explain
from tutorial.hints import hint, syntax_hint
from tutorial.late_types import unknown_type_behind
from tutorial.shortened import shortened
from tutorial.workspace import begun

Shell = Any  # IPython's InteractiveShell: half of it has no types, and some that it has are wrong
PYTHON = sysconfig.get_path("stdlib")  # where its own modules are
# What happens to a cell when one above it, which edits a file, did not run.
OF_A_CELL_LEFT_OUT = (
    *("box-serves", "command-failed", "command-failed-otherwise", "command-runs-on"),
    *("command-succeeded", "import-stops", "no-failure", "not-in-module", "nothing-to-replace"),
)


def explain_errors(shell: Shell, step: int) -> None:
    """Let the cells of a notebook show what can be explained as a Problem, and %tb the rest."""
    begun["number"] = step
    shell.set_custom_exc((Exception,), show_error)
    original = shell.find_line_magic("tb")

    def tb(line: str) -> None:
        problem = getattr(sys, "last_value", None)  # what was shown last
        if isinstance(problem, Problem):
            error = problem.__cause__ or problem
            print(shell.InteractiveTB.text(type(error), error, error.__traceback__))
        else:
            original(line)

    shell.register_magic_function(tb, "line", "tb")


def _todo_with_a_cell_above(error: Problem) -> str:
    """Return what to do, if one cell above the one that failed puts it right, or ""."""
    said, first = "A cell above makes it", None
    if error.key == "file-gone":
        first = maker_of(str(error.values["path"]))
    elif error.key in OF_A_CELL_LEFT_OUT:
        said, first = "You have left out a cell above", left_out()
    return f"{said}: run the one that begins with `{first}`, then this one." if first else ""


def show_error(shell: Shell, kind: Any, error: BaseException, trace: object, **_: object) -> None:
    """Show an exception in the cell (the form is IPython's)."""
    try:
        _show_error(shell, kind, error, trace)
    except Exception:  # a learner's own error may have no text; IPython would not come here again
        shell.showtraceback((kind, error, trace), running_compiled_code=True)


def _show_error(shell: Shell, kind: Any, error: BaseException, trace: object) -> None:
    if found := unknown_type_behind(error):
        kind, error, trace = type(found), found, found.__traceback__
    if problem := explain(error):
        kind, error = Problem, problem
    if isinstance(error, Problem):
        error.todo = _todo_with_a_cell_above(error) or error.todo
    # A mistake in the writing of a cell itself has no way through files that one must see.
    last = [frame.filename for frame in traceback.extract_tb(error.__traceback__)[-1:]]
    of_the_cell = isinstance(error, SyntaxError) and "compilerop" in "".join(last)
    if isinstance(error, Problem | SyntaxError):
        shell.showtraceback((kind, error, trace), running_compiled_code=not of_the_cell)
        if isinstance(error, SyntaxError) and (told := syntax_hint(error)):
            print(f"→ {told}")
        return
    with shortened(error, _own, hint(error) or _as_the_notebook_calls(error)) as short:
        shell.showtraceback((kind, error, short), running_compiled_code=True)
    sys.last_traceback = error.__traceback__  # for %tb


def _as_the_notebook_calls(error: BaseException) -> str:
    """Return how the notebook calls a helper of the course that was called otherwise, or ""."""
    found = re.match(r"(?:\w+\.)*(\w+)\(\) (?:missing|takes|got) ", str(error))
    if not isinstance(error, TypeError) or not found:
        return ""
    if not hasattr(sys.modules["tutorial"], found[1]):
        return ""
    for cell in course.cells(begun.get("number") or 0):
        if call := re.search(
            rf"(?<!def )\b{found[1]}\([^()]*\)", cell.source if cell.kind == "code" else ""
        ):
            return f"This notebook calls it so: `{call[0]}`."
    return ""


def _own(frame: FrameType) -> bool:
    """Whether a frame is of a cell or of a learner's file, wherever that is; or IPython's.

    IPython hides its own. What has no file, as a method that a dataclass makes, is nobody's.
    """
    module = str(frame.f_globals.get("__name__"))
    if module == "__main__" or module.split(".")[0] == "IPython":
        return True
    path = Path(frame.f_code.co_filename)
    if path.name.startswith("<") or {"site-packages", "dist-packages"}.intersection(path.parts):
        return False
    return not any(path.is_relative_to(folder) for folder in (PYTHON, Path(__file__).parent))
