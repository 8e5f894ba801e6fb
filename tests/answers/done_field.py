"""Answers to the exercise `done_field`."""

from typing import Annotated, Literal

from pydantic import field_validator
from sqlmodel import Field, SQLModel

from answers import right, wrong
from app.models import TaskBase


@right
class ByFactory(TaskBase):
    done: bool = Field(default_factory=bool)


@right
class ByAnnotated(TaskBase):
    done: Annotated[bool, Field(description="it is done")] = False


@right
class ByField(TaskBase):
    done: bool = Field(False, title="It is done")


@wrong("refuses a task that was written before the change")
class RefusesTaskThatWasWrittenBeforeChange(TaskBase):
    done: bool


@wrong("becomes done = None, not False")
class BecomesDoneNoneNotFalse(TaskBase):
    done: bool | None = None


@wrong("accepts done = None")
class AcceptsDoneNone(TaskBase):
    done: bool | None = False


@wrong("becomes done = True, not False")
class BecomesDoneTrueNotFalse(TaskBase):
    done: bool = True


@wrong("accepts done = 'perhaps'")
class AcceptsDonePerhaps(TaskBase):
    done: object = False


@wrong("becomes done = 0, not False")
class BecomesDone0NotFalse(TaskBase):
    done: int = 0


@wrong("it has no field done")
class HasNoFieldDone(TaskBase):
    is_done: bool = False


@wrong("one field more: done, id")
class OneFieldMoreDoneId(TaskBase):
    done: bool = False
    id: int = 1


@wrong("it has lost task_name, task_description: build on TaskBase")
class HasLostTaskNameTaskDescriptionBuild(SQLModel):
    done: bool = False


@wrong("it refuses a task that is done")
class RefusesTaskThatIsDone(TaskBase):
    done: Literal[False] = False


@wrong("True gets lost")
class TrueGetsLost(TaskBase):
    done: bool = False
    _ = field_validator("done")(lambda done: False)


@wrong("accepts an empty name")
class AcceptsAnEmptyName(SQLModel):
    task_name: str
    task_description: str = ""
    done: bool = False


@wrong("accepts a name of 101 characters")
class AcceptsNameOf101Characters(TaskBase):
    task_name: str = Field(min_length=1)
    done: bool = False
