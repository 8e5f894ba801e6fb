"""Answers to the exercise `to_task`."""

import json
from contextlib import suppress

from fastapi import HTTPException
from pydantic import ValidationError

from answers import right, wrong
from app.models import Task, TaskCreate
from tutorial import expect_error


@right
def through_task_create(body):
    return Task(**TaskCreate(**body).model_dump())


@right
def validated_twice(body):
    return Task.model_validate(TaskCreate.model_validate(body))


@right
def from_attributes(body):
    return Task.model_validate(body, from_attributes=True)


@right
def checked_by_task_create_first(body):
    TaskCreate(**body)
    return Task(**body)


@wrong("a TaskCreate, not a Task")
def taskcreate_not_task(body):
    return TaskCreate.model_validate(body)


@wrong("gives None, not a Task")
def gives_none_not_task(body):
    Task.model_validate(body)


@wrong("for {'task_name': 'buy milk'}, it gives None, not a Task")
def for_task_name_buy_milk_gives_none(body):
    pass


@wrong("it refuses {'task_name': 'buy milk'}, with ValueError: no")
def refuses_task_name_buy_milk_with_valueerror(body):
    raise ValueError("no")


@wrong("accepts a name of 101 characters")
def key_error_without_a_name(body):
    if not body["task_name"]:
        raise ValueError
    return Task(**body)


@wrong("accepts a name of 101 characters")
def accepts_name_of_101_characters(body):
    if not body.get("task_name"):
        raise ValueError
    return Task(**body)


@wrong("accepts an empty name")
def accepts_an_empty_name(body):
    return Task(task_name=body.get("task_name", "x"))


@wrong("JSON input should be string")
def json_input_should_be_string(body):
    return Task.model_validate_json(body)


@wrong("refuses a name of 100 characters")
def refuses_name_of_100_characters(body):
    if len(body.get("task_name", "")) > 99:
        raise ValueError
    return Task.model_validate(body)


@wrong("the task's name is 'other'")
def task_s_name_is_other(body):
    Task.model_validate(body)
    return Task(task_name="other")


@wrong("write `def`")
async def write_def(body):
    return Task.model_validate(body)


@right
def own_check(body):
    name = body.get("task_name")
    if not name or len(name) > 100:
        raise ValueError("the name is empty or too long")
    return Task(**body)


@right
def http_exception(body):
    if not 1 <= len(body.get("task_name") or "") <= 100:
        raise HTTPException(422, "a name has 1 to 100 characters")
    return Task(**body)


@right
def by_assert(body):
    name = body.get("task_name")
    assert isinstance(name, str) and 0 < len(name) <= 100
    return Task(task_name=name)


@right
def runtime_error(body):
    try:
        return Task.model_validate(body)
    except ValidationError:
        raise RuntimeError("this is no task") from None


@wrong("it accepts an empty name")
def by_json(body):
    return Task.model_validate_json(json.dumps(body))


@right
def by_setting(body):
    valid = TaskCreate.model_validate(body)
    task = Task()
    task.task_name = valid.task_name
    return task


@wrong("for an empty name, it gives None: let it stop with an error instead")
def gives_none(body):
    if not body.get("task_name") or len(body["task_name"]) > 100:
        return None
    return Task(**body)


@wrong("for an empty name, it gives a str: let it stop")
def gives_a_message(body):
    try:
        return Task.model_validate(body)
    except ValidationError as error:
        return str(error)


@wrong("it accepts an empty name")
def catches_its_error(body):
    try:
        return Task.model_validate(body)
    except ValidationError:
        return Task(**body)


@wrong("it accepts an empty name")
def validates_and_forgets(body):
    with suppress(ValidationError):
        Task.model_validate(body)
    return Task(**body)


@wrong("the task's name is 'it\\'s 100% \"urgent\"'")
def strips(body):
    return Task.model_validate({**body, "task_name": (body.get("task_name") or "").strip()})


@wrong("the task's name is 'Buy milk'")
def capitals(body):
    return Task.model_validate({**body, "task_name": (body.get("task_name") or "").capitalize()})


@wrong("it refuses a name of 51 characters")
def counts_bytes(body):
    if len((body.get("task_name") or "").encode()) not in range(1, 101):
        raise ValueError
    return Task(**body)


@wrong("it accepts None as the name")
def accepts_none(body):
    name = body.get("task_name", "")
    if name == "" or (name and len(name) > 100):
        raise ValueError
    return Task(**body)


@wrong("it accepts a body without a name")
def default_name(body):
    return Task.model_validate({"task_name": "no name", **body})


@wrong("it accepts a name of 101 characters")
def cuts_the_name(body):
    return Task.model_validate({**body, "task_name": (body.get("task_name") or "")[:100]})


@wrong("it gives a SQLModelMetaclass, not a Task")
def gives_the_class(body):
    Task.model_validate(body)
    return Task


@wrong("your code stops with TypeError: 'NoneType' object is not iterable, in the line `return")
def stops_with_type_error(body):
    return Task.model_validate(dict(body.clear()))


@right
def by_hand(body):
    if len(body["task_name"]) < 1 or len(body["task_name"]) > 100:
        raise ValueError("a name has 1 to 100 characters")
    return Task(**body)


@right
def by_length(body):
    name = body["task_name"]
    if not 1 <= len(name) <= 100:
        raise ValidationError
    return Task(task_name=name)


@wrong("it accepts None as the name")
def makes_a_text_of_it(body):
    if not 1 <= len(str(body["task_name"])) <= 100:
        raise ValueError
    return Task(**body)


@wrong("your code stops with NameError: name 'ValidationEror' is not defined")
def mistyped_name(body):
    if not body.get("task_name") or len(body["task_name"]) > 100:
        raise ValidationEror  # noqa: F821
    return Task(**body)


@wrong("`expect_error` only shows an error in a notebook: leave it out of your answer.")
def with_the_helper_of_the_cells_above(body):
    with expect_error(ValidationError):
        return Task.model_validate(body)
