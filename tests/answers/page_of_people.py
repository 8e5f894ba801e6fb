"""Answers to the exercise `page_of_people`."""

import sqlalchemy
from sqlalchemy.orm import (
    contains_eager,
    immediateload,
    joinedload,
    registry,
    selectinload,
    subqueryload,
)
from sqlmodel import Field, SQLModel, col, select

from answers import right, wrong


def page(person, after, limit):
    return select(person).where(person.id > after).order_by(person.id).limit(limit)


@right
def by_selectinload(person, after, limit):
    return page(person, after, limit).options(selectinload(person.tasks))


@right
def options_first(person, after, limit):
    people = select(person).options(selectinload(person.tasks))
    return people.order_by(col(person.id).asc()).filter(col(person.id) >= after + 1).limit(limit)


@right
def by_subqueryload(person, after, limit):
    return page(person, after, limit).options(subqueryload(person.tasks))


@right
def by_select_of_sqlalchemy(person, after, limit):
    people = sqlalchemy.select(person).where(person.id > after).order_by(person.id)
    return people.limit(limit).options(selectinload(person.tasks))


@right
def by_a_between(person, after, limit):
    people = select(person).where(col(person.id).between(after + 1, 2**31)).limit(limit)
    return people.order_by(person.id).options(selectinload(person.tasks))


@wrong("the tasks were not loaded with the people: an option is missing")
def no_option(person, after, limit):
    return page(person, after, limit)


@wrong("a join gives a person once for each of their tasks, and SQLAlchemy refuses it")
def by_joinedload(person, after, limit):
    return page(person, after, limit).options(joinedload(person.tasks))


@wrong("it gives the people 2 more than once")
def by_join(person, after, limit):
    people = page(person, after, limit).join(person.tasks)
    return people.options(selectinload(person.tasks))


@wrong("Who has no task belongs to the page, too.")
def by_join_without_twins(person, after, limit):
    people = page(person, after, limit).join(person.tasks).distinct()
    return people.options(selectinload(person.tasks))


@wrong("SQLAlchemy refuses it. For a list, take the other option")
def by_contains_eager(person, after, limit):
    people = page(person, after, limit).outerjoin(person.tasks)
    return people.options(contains_eager(person.tasks))


@wrong("it sends 4 SELECT, and two are enough")
def by_immediateload(person, after, limit):
    return page(person, after, limit).options(immediateload(person.tasks))


@wrong("after 0, with limit 3, it gives the people 2, 3, 5, 8, 9, 12, 20, …")
def no_limit(person, after, limit):
    people = select(person).where(person.id > after).order_by(person.id)
    return people.options(selectinload(person.tasks))


@wrong("after 5, with limit 2, it gives the people 5, 8, and should give 8, 9")
def after_and_itself(person, after, limit):
    people = select(person).where(person.id >= after).order_by(person.id).limit(limit)
    return people.options(selectinload(person.tasks))


@wrong("it gives the people 33, 20, 12, and should give 2, 3, 5")
def no_order(person, after, limit):
    people = select(person).where(person.id > after).limit(limit)
    return people.options(selectinload(person.tasks))


@wrong("and should give 8, 9")
def by_offset(person, after, limit):
    people = select(person).order_by(person.id).offset(after).limit(limit)
    return people.options(selectinload(person.tasks))


@wrong("it gives a list, not a query")
def runs_nothing(person, after, limit):
    return [person]


@wrong("your code stops with AttributeError")
def other_name(person, after, limit):
    return page(person, after, limit).options(selectinload(person.task))


@wrong("its rows are such as '2', and not people")
def only_ids(person, after, limit):
    return select(person.id).where(person.id > after).order_by(person.id).limit(limit)


class OwnBase(SQLModel, registry=registry()):
    pass


class Person(OwnBase, table=True):
    id: int | None = Field(default=None, primary_key=True)
    email: str


@wrong("no such column: person.email. Does it begin with `person`, the argument?")
def own_people(person, after, limit):
    return page(Person, after, limit)


@wrong("and not people")
def people_and_all_tasks(person, after, limit):
    task = person.tasks.property.mapper.class_
    return select(person, task.id).order_by(person.id).limit(limit)
