"""Answers to the exercise `done_field`."""

from typing import Annotated, ClassVar, Literal

from pydantic import StrictBool, field_validator
from sqlmodel import Field, SQLModel

from answers import right, wrong
from app.models import Task, TaskBase, TaskCreate


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


@right
class WithAValidator(TaskBase):
    done: bool = False

    @field_validator("done")
    @classmethod
    def as_it_is(cls, value):
        return value


@right
class Strict(TaskBase):
    done: StrictBool = False


class Done(SQLModel):
    done: bool = False


@right
class OfTwoBases(Done, TaskBase):
    pass


@right
class DoneBefore(TaskBase):
    done: bool = Field(default=False, nullable=False, description="whether it is done")


@right
class OnTaskCreate(TaskCreate):
    done: bool = False


@right
class Written(SQLModel):
    task_name: str = Field(min_length=1, max_length=100)
    task_description: str | None = Field(default=None, max_length=1000)
    done: bool = False


@wrong("it accepts a description of 1001 characters: build on TaskBase")
class LongDescription(SQLModel):
    task_name: str = Field(min_length=1, max_length=100)
    task_description: str | None = None
    done: bool = False


@wrong("task_description becomes '': build on TaskBase")
class DescriptionNeeded(TaskBase):
    task_description: str = Field(default="", max_length=1000)
    done: bool = False


@wrong("it refuses a task that was written before the change")
class DescriptionWithoutDefault(TaskBase):
    task_description: str | None = Field(max_length=1000)
    done: bool = False


@wrong("it refuses a name of 100 characters: build on TaskBase")
class ShortNames(TaskBase):
    task_name: str = Field(min_length=1, max_length=99)
    done: bool = False


@wrong("task_name becomes 'buy \"milk\"'")
class SmallNames(TaskBase):
    done: bool = False
    _ = field_validator("task_name")(lambda name: name.lower().strip())


@wrong("it accepts done = 2")
class AnyNumber(TaskBase):
    done: bool | int = False


@wrong("it refuses a task that is done")
class AsText(TaskBase):
    done: str = False


@wrong("becomes done = 'no', not False")
class YesAndNo(TaskBase):
    done: Literal["yes", "no"] = "no"


@wrong("it has no field done")
class AsAMethod(TaskBase):
    def done(self):
        return False


@wrong("it has no field done")
class AsClassVariable(TaskBase):
    done: ClassVar[bool] = False


@wrong("it is a table: leave out `table=True`")
class TaskTable(TaskBase, table=True):
    id: int | None = Field(default=None, primary_key=True)
    done: bool = False


@wrong("False gets lost")
class AlwaysDone(TaskBase):
    done: bool = False
    _ = field_validator("done")(lambda done: True)


@wrong("it has lost task_description: build on TaskBase")
class NameAndDone(SQLModel):
    task_name: str = Field(min_length=1, max_length=100)
    done: bool = False


stops_as_it_is_no_class = wrong("is not a model")(lambda: None)


@wrong("a comma at the end of the line of `done` makes a tuple of its value: delete it")
class ACommaBehindIt(TaskBase):
    done: bool = (False,)


@wrong("done = True becomes 1: write the type `bool`")
class OfTheTypeInt(TaskBase):
    done: int = False


@wrong("it builds on the table Task, so it is one: build on a model that is none")
class OnTheTable(Task):
    done: bool = False
