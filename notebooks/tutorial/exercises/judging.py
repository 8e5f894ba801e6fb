"""What every judge needs: the list of the exercises, the two verdicts, and words for messages."""

from __future__ import annotations

import ast
import dis
import inspect
import linecache
import traceback
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from types import FrameType

    Judge = TypeVar("Judge", bound=Callable[..., None])
    Report = TypeVar("Report", bound=Callable[..., Iterable[str]])

EXERCISES: dict[str, Callable[..., None]] = {}  # by name, in the order of the course
REPORTS: dict[str, Callable[..., Iterable[str]]] = {}  # those with more than one thing to judge
LONGEST = 200  # characters of an error or an answer that a message shows


class NotTried(Exception):  # noqa: N818 - not an error
    """The answer is still what the notebook gave."""


class NotQuite(Exception):  # noqa: N818 - not an error
    """The answer does something else than it should; the text says what."""


class MissingAwait(NotQuite):
    """What is wrong is that an `await` is missing."""


def exercise(judge: Judge) -> Judge:
    """Make a function the judge of the exercise of its name.

    It takes what the notebook hands to `check`. It raises NotTried or NotQuite, or returns if the
    answer is right. What else it raises is taken for an error in the learner's code.
    """
    EXERCISES[judge.__name__] = judge
    return judge


def report(judge: Report) -> Report:
    """Make a function the judge of the work of its name, which is more than one answer.

    It takes what the notebook hands to `check`, and gives the lines that `check` prints: ✓ for what
    is right, ✗ for what is wrong, ○ for what is not tried yet.
    """
    REPORTS[judge.__name__] = judge
    return judge


def need(condition: bool, otherwise: str) -> None:
    """Raise NotQuite with the text `otherwise` if the condition is not met."""
    if not condition:
        raise NotQuite(otherwise)


def need_plain_functions(answer: tuple[Any, ...]) -> None:
    """Check that no function of a cell is an `async def`, or has a `yield`.

    Every exercise wants what a call gives at once.
    """
    for one in answer:
        if getattr(one, "__module__", None) != "__main__":  # get_session of the project
            continue
        called = "when it is called, it gives"
        problem = f"{called} a coroutine: write `def`, not `async def`."
        need(not inspect.iscoroutinefunction(one), problem)
        problem = f"{called} a generator, and runs no line of it: write `return`, not `yield`."
        need(not inspect.isgeneratorfunction(one), problem)


def need_tried(*functions_and_stubs: object) -> None:
    """Raise NotTried if functions still do what the notebook gave, step for step.

    It takes functions and the code of their stubs in turn. What a function *gives* is not asked: an
    answer may give what the stub gives after an error that it catches, and has been tried. Raises
    NotQuite if one is no function.
    """
    functions, stubs = functions_and_stubs[::2], functions_and_stubs[1::2]
    for function in functions:
        need(callable(function), f"it is {kind(function)}, and not a function.")
    if all(_same_steps(*pair) for pair in zip(functions, stubs, strict=True)):
        raise NotTried


def _same_steps(function: Any, stub: Any) -> bool:
    names: dict[str, Any] = {}
    exec(stub, names)
    (written,) = (value for name, value in names.items() if name != "__builtins__")
    if not inspect.isfunction(function):
        return False
    return _steps(function) == _steps(written)


def _steps(function: Callable[..., Any]) -> list[tuple[str, str]]:
    return [(step.opname, step.argrepr) for step in dis.get_instructions(function)]


def kind(value: object) -> str:
    """Return a value's kind as words: "None", "a list", "an int"."""
    if value is None:
        return "None"
    name = type(value).__name__
    return f"an {name}" if name[0] in "aeiouAEIOU" else f"a {name}"


def listed(values: Iterable[object]) -> str:
    """Return some values as words, not too many of them."""
    words = [str(value) for value in values]
    return ", ".join(words[:7]) + (", …" if len(words) > 7 else "") or "nothing"


def in_one_line(error: BaseException) -> str:
    """Return an error's name and text in one line.

    pydantic puts the reason below the first line of its message; others put there what is of less
    interest.
    """
    lines = str(error).splitlines() or [""]
    if type(error).__name__ == "ValidationError":
        lines = [" ".join(line for line in lines if "errors.pydantic.dev" not in line)]
    return f"{type(error).__name__}: {' '.join(lines[0].split())[:LONGEST]}".rstrip(": ")


def line_of(error: BaseException) -> str:
    """Return where in a cell an error arose: ", in the line `…` (line 3)", or "".

    The number is for JupyterLab's View > Show Line Numbers, the text for who does not show them.
    """
    said = ""
    for frame, number in traceback.walk_tb(error.__traceback__):
        if frame.f_globals.get("__name__") == "__main__":
            said = line_at(frame, number)
    return said


def line_at(frame: FrameType, number: int) -> str:
    """Return a line of a cell as `line_of` does."""
    text = linecache.getline(frame.f_code.co_filename, number, frame.f_globals).strip()
    return f", in the line `{text[:LONGEST]}` (line {number})" if text else ""


def missing_await(error: BaseException) -> str:
    """Return what is missing if an error arose because a coroutine was used as its result, or "".

    That is an `await`; or, where one stands in that line, the brackets around it: `await f().x`
    takes `x` of the coroutine, and `(await f()).x` of the result. The coroutine is closed, else
    Python would warn that it was never awaited.
    """
    promise = getattr(error, "obj", None)  # what has no such attribute
    if inspect.iscoroutine(promise):
        promise.close()
    if not isinstance(error, AttributeError | TypeError) or "coroutine" not in str(error):
        return ""
    for taken in _taken_by_await(error):
        if taken in (f".{getattr(error, 'name', None)}", "[…]" * ("subscript" in str(error))):
            takes = f"`await` takes all that follows it, also `{taken}`"
            return f"brackets are missing: {takes}. Write `(await …){taken}`"
    return f"an `await` is missing: {str(error).splitlines()[0]}"


def _taken_by_await(error: BaseException) -> Iterator[str]:
    """Give what stands behind the calls of each `await` in the line of an error: ".all", "[…]"."""
    *_, (frame, line) = traceback.walk_tb(error.__traceback__)
    try:
        tree = ast.parse("".join(linecache.getlines(frame.f_code.co_filename, frame.f_globals)))
    except SyntaxError:
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Await) and node.lineno <= line <= (node.end_lineno or node.lineno):
            part: ast.expr = node.value
            while isinstance(part, ast.Call | ast.Attribute | ast.Subscript):
                inner = part.func if isinstance(part, ast.Call) else part.value
                if isinstance(inner, ast.Call):
                    yield f".{part.attr}" if isinstance(part, ast.Attribute) else "[…]"
                part = inner


@contextmanager
def in_words(problem: str, kind: type[Exception], part: str) -> Iterator[None]:
    """Raise NotQuite if the block stops with an error of a kind, whose text has `part`."""
    try:
        yield
    except kind as error:
        if part not in str(error):
            raise
        refused(problem, error)


def refused(problem: str, error: BaseException) -> NoReturn:
    """Raise NotQuite for an error, with the line of the learner's code where it arose."""
    raise NotQuite(f"{problem}{line_of(error)}.") from error
