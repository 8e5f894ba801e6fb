"""Answers to the exercises, right and wrong, in one file for each exercise.

A file is named after its exercise. It holds what learners might write: functions and classes with
`@right`, or with `@wrong` and words of what `check` says; if they end as a sentence does, nothing
more is said. If that is not what `check` takes, the function `hand_in` of the file makes it: it
gets the answer and what else stands in the decorator.

tests/test_exercises.py tries them all. It reads the stub and the solution from the notebook.
"""

import ast
import linecache
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent


@dataclass
class Answer:
    """What a learner wrote, what `check` says of it (None: right), and options of `hand_in`."""

    written: Any
    words: str | None
    options: dict[str, Any] = field(default_factory=dict)


def right(written: Any = None, **options: Any) -> Any:
    """Mark a function or a class as a right answer, or give a decorator that does it."""
    if written is None:
        return lambda one: Answer(one, None, options)
    return Answer(written, None, options)


def wrong(words: str, **options: Any) -> Callable[[Any], Answer]:
    """Mark a function or a class as a wrong answer, of which `check` says these words."""
    return lambda written: Answer(written, words, options)


def both(written: Any, then: Any = None, after: Any = None) -> tuple[Any, Any]:
    """Return the two functions of a revision: a class has both, a function needs another one."""
    if isinstance(written, type):
        return written.upgrade, written.downgrade
    return (after, written) if after else (written, then)


def exercises() -> list[str]:
    """Return the names of the exercises that have a file here."""
    return sorted(path.stem for path in FOLDER.glob("[!_]*.py"))


@cache
def names(exercise: str) -> dict[str, str]:
    """Return the names of an exercise's answers, each with "right" or "wrong", without a run."""
    found: dict[str, str] = {}
    for node in ast.parse(_text(exercise)).body:
        if isinstance(node, ast.Assign):
            marks, name = [node.value], node.targets[0]
        else:
            marks, name = getattr(node, "decorator_list", []), node
        for mark in marks:
            while isinstance(mark, ast.Call):
                mark = mark.func
            if isinstance(mark, ast.Name) and mark.id in ("right", "wrong"):
                key = name.id if isinstance(name, ast.Name) else name.name
                assert key not in found, f"{exercise} has two answers {key}"
                found[key] = mark.id
    return found


def load(exercise: str) -> dict[str, Any]:
    """Run the file of an exercise as the cells of a notebook are run, and return its names."""
    file = str(FOLDER / f"{exercise}.py")
    linecache.checkcache(file)
    module: dict[str, Any] = {"__name__": "__main__", "hand_in": lambda written: (written,)}
    exec(compile(_text(exercise), file, "exec"), module)
    return module


def handed_in(module: dict[str, Any], name: str) -> tuple[Any, ...]:
    """Return what is given to `check` for an answer of a file."""
    answer = module[name]
    return module["hand_in"](answer.written, **answer.options)


def _text(exercise: str) -> str:
    return (FOLDER / f"{exercise}.py").read_text(encoding="utf-8")
