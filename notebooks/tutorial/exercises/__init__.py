"""check: judges an exercise by what the answer does, never by how it is written.

Each notebook has a module here, named after its number. A judge in it is an exercise when it
carries `@exercise`: nothing else has a list of them.
"""

from __future__ import annotations

import inspect
from difflib import get_close_matches
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Any

from tutorial.errors import Problem
from tutorial.exercises import ending
from tutorial.exercises.advice import advice
from tutorial.exercises.judging import (
    EXERCISES,
    REPORTS,
    NotQuite,
    NotTried,
    in_one_line,
    line_of,
    missing_await,
    need_plain_functions,
)
from tutorial.exercises.stopped import require_set
from tutorial.explain import explained, import_of
from tutorial.hints import hint
from tutorial.said import meaning
from tutorial.show import wrapped
from tutorial.workspace import begun

if TYPE_CHECKING:
    from collections.abc import Callable

for _module in sorted(module.name for module in iter_modules(__path__)):
    if _module.startswith("notebook_"):
        import_module(f"{__name__}.{_module}")

NOT_TRIED = (
    "○ Not tried yet. Change the cell above and run it.\n"
    "If it stops with an error, put that right first."
)
LOOP = "Is there a loop in it that never ends?"
RESTART = " It can't be ended, so choose Kernel → Restart Kernel before you go on."


@explained
def check(exercise: str, *answer: Any) -> None:
    """Try an answer, and print whether it is not tried yet, not quite right (and why), or right.

    exercise: its name. answer: what the learner wrote: a class, a function, an app. Raises Problem
    if there is no exercise of that name, if it takes another number of answers, or if the cell of
    an answer was run last with an error. Of work with several things to do, it prints a line for
    each of them.
    """
    judge = _judge_of(exercise, answer)
    if exercise in REPORTS:
        for line in judge(*answer):
            print(wrapped(line), flush=True)
        return
    require_set(answer)
    try:
        need_plain_functions(answer)
        ending.in_time(judge, *answer)
    except NotTried:
        print(NOT_TRIED)
    except NotQuite as reason:
        print(f"✗ Not quite: {reason}")
    except KeyboardInterrupt:
        raise
    except ending.StillRuns as error:
        still = f"a call still runs after {ending.LONGEST_CALL:g} s{line_of(error) or error.where}"
        why = "Does it wait for what never comes?" if error.where else LOOP
        print(f"✗ Not quite: {still}. {why}{RESTART if error.left else ''}")
    except BaseException as error:  # also SystemExit, and what pytest.fail raises
        known = meaning(in_one_line(error), "answer")
        told = known.todo if known else hint(error)
        todo = f". {told}" if told else advice(error)
        name = error.name if isinstance(error, NameError) else None
        if name and (line := import_of(name, begun.get("number") or 0)):
            todo = f". Import it first: `{line}`."
        stop = missing_await(error) or f"your code stops with {in_one_line(error)}"
        print(f"✗ Not quite: {stop}{line_of(error)}{todo}")
    else:
        print("✓ Right.")


def _judge_of(exercise: str, answer: tuple[Any, ...]) -> Callable[..., Any]:
    judges = EXERCISES | REPORTS
    if not isinstance(exercise, str) or exercise not in judges:
        close = get_close_matches(str(exercise), EXERCISES, n=1) or list(EXERCISES)
        raise Problem("no-such-exercise", name=repr(exercise), names=", ".join(close))
    judge = judges[exercise]
    wanted = list(inspect.signature(judge).parameters)
    if len(answer) != len(wanted):
        values = {"name": repr(exercise), "wanted": len(wanted), "given": len(answer)}
        raise Problem("other-answers-wanted", **values)
    return judge
