"""Judges of notebook 2: a model with limits, and a table model that validates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tutorial.exercises.judging import (
    NotQuite,
    NotTried,
    exercise,
    in_one_line,
    kind,
    line_of,
    need,
    need_tried,
)
from tutorial.exercises.models import (
    accepts,
    fitting_limits,
    is_unchanged,
    made,
    need_model,
    refusal,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlmodel import SQLModel

    Body = dict[str, object]

TEXTS = (
    "call home",
    'Call "Mum" at 5: it\'s 100% urgent!',
    "  two spaces before, one behind ",
    "007",
    "é" * 20,
    "買い物",
)


@exercise
def reminder(model: type[SQLModel]) -> None:
    """Limits and a default."""
    from sqlmodel import SQLModel

    class Stub(SQLModel):
        text: str
        minutes: int

    need_model(model)
    if is_unchanged(model, Stub):
        raise NotTried
    good = {"text": "call home", "minutes": 5}
    for field in model.model_fields:
        small = field.lower()
        other = field not in good and small in good and small not in model.model_fields
        need(not other, f"it has no field `{small}`. Python takes `{field}` for another name.")
    with fitting_limits():
        why = refusal(model, **good)
    need(not why, f"it refuses the text 'call home' with 5 minutes{why}.")
    for name in good:
        has_it = hasattr(made(model, **good), name)
        need(has_it, f"it has no field `{name}`. Is it inside the class, and spelled so?")
    need(not accepts(model, text="", minutes=5), "it accepts an empty text.")
    need(not accepts(model, minutes=5), "it accepts a reminder without a text.")
    need(not accepts(model, text=None, minutes=5), "it accepts None as the text.")
    need(not accepts(model, text=["a"], minutes=5), "it accepts a list as the text.")
    for size in (50, 51, *range(1, 50), 52, 100, 1000):
        for letter in "xé":
            word = "refuses" if size <= 50 else "accepts"
            what = f"it {word} a text of {size} characters, {letter * min(size, 3)}…."
            need(accepts(model, text=letter * size, minutes=5) is (size <= 50), what)
    for text in TEXTS:
        need(accepts(model, text=text, minutes=5), f"it refuses the text {text!r}.")
        found = made(model, text=text, minutes=5).text
        need(found == text, f"the text {text!r} becomes {found!r}.")
    _judge_minutes(model)


def _judge_minutes(model: type[SQLModel]) -> None:
    for minutes in (0, 1, 60, 61, *range(2, 60), -1, -5, -60, 62, 100, 10**6, 10**20):
        good = 1 <= minutes <= 60
        word = "refuses" if good else "accepts"
        need(accepts(model, text="x", minutes=minutes) is good, f"it {word} {minutes} minutes.")
        if good:
            found = made(model, text="x", minutes=minutes).minutes
            need(found == minutes, f"{minutes} minutes become {found!r}.")
    need(
        not accepts(model, text="x", minutes=2.5),
        "it accepts 2.5 minutes, no whole number: keep the type `int`.",
    )
    need(not accepts(model, text="x", minutes=None), "it accepts None as the minutes.")
    need(not accepts(model, text="x", minutes="soon"), "it accepts 'soon' as the minutes.")
    need(accepts(model, text="x"), "it refuses a reminder without minutes.")
    default = made(model, text="x").minutes
    need(default == 10, f"without minutes it takes {default!r}, not 10.")


@exercise
def to_task(function: Callable[[Body], object]) -> None:
    """A table model that validates."""
    need_tried(function, "def to_task(body): return Task(**body)")
    names = ("buy milk", "Buy Milk", ' it\'s 100% "urgent" ', "x", "é" * 51, "x" * 100, "é" * 100)
    for name in names:
        body: Body = {"task_name": name}
        said = str(body) if len(name) < 50 else f"a name of {len(name)} characters"
        try:
            task = function(dict(body))
        except ValueError as error:
            reason = f"it refuses {said}, with {in_one_line(error)}{line_of(error)}"
            raise NotQuite(reason) from error
        need(_is_task(task), f"for {said}, it gives {kind(task)}, not a Task.")
        found = getattr(task, "task_name", None)
        need(found == name, f"for {said}, the task's name is {found!r}.")
    bad: tuple[tuple[Body, str], ...] = (
        ({"task_name": ""}, "an empty name"),
        ({}, "a body without a name"),
        ({"task_name": None}, "None as the name"),
        ({"task_name": "x" * 101}, "a name of 101 characters"),
        ({"task_name": "é" * 1000}, "a name of 1000 characters"),
    )
    for body, what in bad:
        _need_refusal(function, body, what)


def _is_task(answer: object) -> bool:
    # Not isinstance: after a change of app/models.py, the notebook may still have the old Task.
    is_class = isinstance(answer, type)
    return not is_class and getattr(answer, "__tablename__", None) == "task"


def _need_refusal(function: Callable[[Body], object], body: Body, what: str) -> None:
    """Check that a function refuses a body by an error, whichever: but not by a mistyped name."""
    try:
        task = function(dict(body))
    except NameError:
        raise
    except Exception:
        return
    need(not _is_task(task), f"it accepts {what}.")
    raise NotQuite(f"for {what}, it gives {kind(task)}: let it stop with an error instead.")
