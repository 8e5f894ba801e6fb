"""Knows which cell set a name last, and which names one has not set because it stopped.

The values of these, if there are any, are those of an earlier version: no answer to be judged.
"""

import re
from typing import Any
from weakref import WeakSet

from tutorial.edits import running
from tutorial.errors import Problem
from tutorial.exercises.judging import line_of
from tutorial.explain import one_line, stopped
from tutorial.fresh import unknown_type_in_app
from tutorial.late_types import MADE, unknown_type
from tutorial.shown_errors import show_error

# What a cell sets with def, class or =. Text, because a cell with a syntax error is no tree.
SETS = re.compile(r"^(?:(?:async +)?def +|class +|(?=\w+ *(?::[^=\n]*)?=[^=]))(\w+)", re.MULTILINE)


sources: dict[str, str] = {}  # a name -> the cell that sets it, as it was run last
_looked_at: WeakSet[Any] = WeakSet()  # the classes and functions whose types were looked at


def note_stop(event: Any) -> None:
    """Before and after each cell, note what it is, and what it has not set because it stopped.

    event: what IPython hands to pre_run_cell and to post_run_cell.
    """
    source = getattr(event, "info", event).raw_cell
    error = getattr(event, "error_before_exec", None) or getattr(event, "error_in_exec", None)
    running["source"] = source
    for name in () if source.startswith("%%") else SETS.findall(source):
        stopped.pop(name, None)
        sources[name] = source
        if error:
            stopped[name] = one_line(error).rstrip(".") + line_of(error)


def end_at_unknown_type(event: Any) -> None:
    """After a cell, let it stop at a type that Python does not know and has not looked at.

    It may be the reason of what the cell has stopped at, so it is shown below it.
    event: what IPython hands to post_run_cell, before it hands it to note_stop.
    """
    from IPython import get_ipython

    shell = get_ipython()
    if shell is None or event.error_before_exec:
        return
    values = list(shell.user_ns.values())
    made = [one for one in values if isinstance(one, MADE) and one not in _looked_at]
    _looked_at.update(made)
    if error := unknown_type(made, "__main__") or unknown_type_in_app():
        event.error_in_exec = error
        show_error(shell, type(error), error, error.__traceback__)


def require_set(answer: tuple[object, ...]) -> None:
    """Raise Problem if the cell that sets the name of an answer anew has stopped."""
    from IPython import get_ipython

    names = getattr(get_ipython(), "user_ns", {})
    for name, error in stopped.items():
        if any(names.get(name) is one for one in answer):
            raise Problem("cell-stopped", name=name, error=error)
