"""The tables, and the models of what requests and responses hold."""

from typing import Annotated

from pydantic import BeforeValidator, StringConstraints
from sqlmodel import Field, SQLModel

# Constraints get names, because a migration can only change what it can name.
SQLModel.metadata.naming_convention = {
    "ix": "ix_%(column_0_N_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
}

MAX_ID = 2**31 - 1  # the largest INTEGER of other databases; SQLite stores larger ones
TaskId = Annotated[int, Field(ge=1, le=MAX_ID)]
After = Annotated[int, Field(ge=0, le=MAX_ID)]
Limit = Annotated[int, Field(ge=1, le=100)]
Text = Annotated[str, StringConstraints(pattern=r"^[^\x00]*$")]  # not every database stores NUL


class TaskBase(SQLModel):
    """The fields of a task that a client may send, with their limits."""

    task_name: Text = Field(min_length=1, max_length=100, schema_extra={"examples": ["buy milk"]})
    task_description: Text | None = Field(default=None, max_length=1000)


class Task(TaskBase, table=True):
    """A row of the table `task`."""

    id: int | None = Field(default=None, primary_key=True)


class TaskCreate(TaskBase):
    """What a client sends to create a task."""

    model_config = {"extra": "forbid"}  # a client may send no other fields


class TaskUpdate(TaskCreate):
    """What a client sends to change a task. A field that is left out stays as it is."""

    task_name: Text = Field(default_factory=str, min_length=1, max_length=100)  # may be left out


class TaskPublic(SQLModel):
    """What the service answers: whatever the row holds, so it has no limits."""

    task_name: Annotated[str, BeforeValidator(str)]
    task_description: Annotated[str, BeforeValidator(str)] | None
    id: int
