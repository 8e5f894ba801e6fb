"""Judge of notebook 7: a new field that leaves old data valid."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tutorial.exercises.judging import NotTried, exercise, need
from tutorial.exercises.models import accepts, is_unchanged, made, need_model

if TYPE_CHECKING:
    from sqlmodel import SQLModel

OLD_TASKS: tuple[tuple[str, dict[str, object]], ...] = (
    ("a name of 100 characters", {"task_name": "é" * 100}),
    ("the name ' Buy \"milk\" '", {"task_name": ' Buy "milk" '}),
    ("a name of 101 characters", {"task_name": "x" * 101}),
    ("None as the name", {"task_name": None}),
    ("a task without a name", {}),
    ("a description", {"task_name": "x", "task_description": "Two bottles, 100%"}),
    ("a description of 1000 characters", {"task_name": "x", "task_description": "é" * 1000}),
    ("a description of 1001 characters", {"task_name": "x", "task_description": "x" * 1001}),
    ("an empty description", {"task_name": "x", "task_description": ""}),
    ("None as the description", {"task_name": "x", "task_description": None}),
    ("a list as the description", {"task_name": "x", "task_description": ["x"]}),
)


@exercise
def done_field(model: type[SQLModel]) -> None:
    """A new field that leaves old data valid."""
    from app.models import TaskBase

    class Stub(TaskBase):
        pass

    need_model(model)
    if is_unchanged(model, Stub):
        raise NotTried
    fields = list(model.model_fields)
    need("done" in fields, f"it has no field done. It has: {', '.join(fields)}.")
    lost = [field for field in TaskBase.model_fields if field not in fields]
    need(not lost, f"it has lost {', '.join(lost)}: build on TaskBase.")
    more = [field for field in fields if field not in (*TaskBase.model_fields, "done")]
    need(not more, f"it has more than one field more: {', '.join(['done', *more])}.")
    need(accepts(model, task_name="x"), "it refuses a task that was written before the change.")
    default = made(model, task_name="x").done
    need(default is False, f"an old task becomes done = {default!r}, not False.")
    need(accepts(model, task_name="x", done=True), "it refuses a task that is done.")
    done = made(model, task_name="x", done=True).done
    becomes = f"done = True becomes {done!r}: write the type `bool`."
    need(done is True, becomes if done == 1 else "True gets lost.")
    need(accepts(model, task_name="x", done=False), "it refuses a task that is not done.")
    need(made(model, task_name="x", done=False).done is False, "False gets lost.")
    for value in ("perhaps", None, 2, [True]):
        need(not accepts(model, task_name="x", done=value), f"it accepts done = {value!r}.")
    need(not accepts(model, task_name=""), "it accepts an empty name: build on TaskBase.")
    _judge_other_fields(model, TaskBase)


def _judge_other_fields(model: type[SQLModel], base: type[SQLModel]) -> None:
    """Check that all that TaskBase says of its fields is still so."""
    for what, task in OLD_TASKS:
        if not set(task) <= set(base.model_fields):
            continue
        good = accepts(base, **task)
        for data in (task, {**task, "done": True}):
            word = "refuses" if good else "accepts"
            need(accepts(model, **data) is good, f"it {word} {what}: build on TaskBase.")
        if good:
            wanted, found = base.model_validate(task), model.model_validate(task)
            for field in base.model_fields:
                same = getattr(found, field) == getattr(wanted, field)
                what_becomes = f"{field} becomes {str(getattr(found, field))[:100]!r}"
                need(same, f"with {what}, {what_becomes}: build on TaskBase.")
