"""Two tables of their own for judges: people and their tasks, as in notebook 12.

No future import here: it makes texts of type hints, and SQLModel needs the classes themselves.
"""

from typing import Any

from sqlalchemy import Engine
from sqlalchemy.orm import registry
from sqlmodel import Field, Relationship, Session, SQLModel, create_engine


def person_model() -> Any:
    """Return a new class `Person`, whose `tasks` load nothing by themselves. No app has it."""

    class Base(SQLModel, registry=registry()):
        pass

    class Person(Base, table=True):
        id: int | None = Field(default=None, primary_key=True)
        name: str
        tasks: list["Task"] = Relationship(
            back_populates="owner", sa_relationship_kwargs={"lazy": "raise"}
        )

    class Task(Base, table=True):
        id: int | None = Field(default=None, primary_key=True)
        task_name: str
        owner_id: int | None = Field(default=None, foreign_key="person.id")
        owner: Person | None = Relationship(
            back_populates="tasks", sa_relationship_kwargs={"lazy": "raise"}
        )

    Base._sa_registry.configure()  # from now on, each of the two classes keeps the other one
    return Person


def people(person: Any, counts: dict[int, int]) -> Engine:
    """Return a database in memory, with a person of each id, who has so many tasks."""
    engine = create_engine("sqlite://")
    person.metadata.create_all(engine)
    task = person.tasks.property.mapper.class_
    with Session(engine) as session:
        for number, count in counts.items():
            tasks = [task(task_name=f"task {place} of {number}") for place in range(count)]
            session.add(person(id=number, name=f"person {number}", tasks=tasks))
        session.commit()
    return engine
