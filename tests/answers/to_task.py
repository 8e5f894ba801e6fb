"""Answers to the exercise `to_task`."""

from answers import right, wrong
from app.models import Task, TaskCreate


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


@wrong("your code stops with KeyError")
def your_code_stops_with_keyerror(body):
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
