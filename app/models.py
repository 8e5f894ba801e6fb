"""The tables, and the models of what requests and responses hold."""

from typing import Annotated

from fastapi import Path, Query
from sqlmodel import Field, SQLModel

# Every constraint gets a name, because a migration can only change what it can name.
SQLModel.metadata.naming_convention = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

MAX_ID = 2**63 - 1  # the largest integer that SQLite stores
TaskId = Annotated[int, Path(ge=1, le=MAX_ID)]
After = Annotated[int, Query(ge=0, le=MAX_ID)]
Limit = Annotated[int, Query(ge=1, le=100)]


class TaskBase(SQLModel):
    """The fields that every form of a task has."""

    model_config = {"extra": "forbid"}  # a client may send no other fields

    task_name: str = Field(min_length=1, max_length=100, schema_extra={"examples": ["buy milk"]})
    task_description: str | None = Field(default=None, max_length=1000)


class Task(TaskBase, table=True):
    """A row of the table `task`."""

    id: int | None = Field(default=None, primary_key=True)


class TaskCreate(TaskBase):
    """What a client sends to create a task."""


class TaskPublic(TaskBase):
    """What the service answers: a task that is stored, so its id is never empty."""

    id: int


class TaskUpdate(TaskBase):
    """What a client sends to change a task. A field that is left out stays as it is."""

    # default_factory: the name may be left out, but null is refused, because a task has a name.
    task_name: str = Field(default_factory=str, min_length=1, max_length=100)
