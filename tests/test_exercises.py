"""Tests `check`: it tells untried, wrong and right answers apart, and says what is wrong."""

import asyncio
import gc
import sys
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from helpers import left_behind
from sqlalchemy.orm import registry
from sqlmodel import SQLModel

from tutorial import Problem, check, course, fresh
from tutorial.exercises import EXERCISES

ROOT = Path(__file__).parent.parent

# What the notebooks have imported when their exercise comes.
IMPORTS = """
from typing import Annotated, Literal

import httpx
import sqlalchemy as sa
from alembic.operations import Operations
from fastapi import APIRouter, Depends, FastAPI, HTTPException, Path, Query
from fastapi.responses import JSONResponse, PlainTextResponse
from pydantic import AfterValidator, BaseModel, conint, constr, field_validator
from sqlalchemy import and_, or_, text, tuple_
from sqlalchemy.exc import IntegrityError
from sqlmodel import Field, Session, SQLModel, col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.models import Task, TaskBase, TaskCreate, TaskPublic
"""

# Which names of the learner's cell each notebook hands to `check`.
ANSWERS = {
    "reminder": ["Reminder"],
    "to_task": ["to_task"],
    "count_tasks": ["count_tasks"],
    "rename_all": ["rename_all"],
    "hello": ["practice"],
    "no_twins": ["careful", "get_session"],
    "three_requests": ["three_requests"],
    "tag_table": ["upgrade", "downgrade"],
    "unique_names": ["upgrade_names", "downgrade_names"],
    "done_field": ["TaskWithDone"],
    "page_by_name": ["page_by_name"],
    "search": ["finder", "get_session"],
    "done_column": ["upgrade"],
    "split_names": ["upgrade_data", "downgrade_data"],
    "is_healthy": ["is_healthy"],
    "patch_test": ["test_patch"],
    "p99": ["p99"],
}

# The notebook and the cell of those exercises whose blank is read from there.
NEW_CELLS = {
    "rename_all": (3, "your-turn-transaction"),
    "no_twins": (4, "your-turn-twins"),
    "unique_names": (6, "your-turn-unique"),
    "search": (8, "your-turn-search"),
    "split_names": (9, "your-turn-data"),
    "patch_test": (10, "your-turn-test"),
    "p99": (11, "your-turn-p99"),
}


def stub(exercise: str) -> str:
    """Return the cell that the notebook gives for an exercise."""
    step, cell_id = NEW_CELLS[exercise]
    notebook = nbformat.read(course.notebook_path(step), as_version=4)
    return next(cell.source for cell in notebook.cells if cell.id == cell_id)


# The cell that the answers below fill in: {0}, {1} are what a learner would write there.
CELLS = {
    "reminder": """
class Reminder(SQLModel):
    text: {0}
    minutes: {1}
""",
    "to_task": """
def to_task(body):
    {0}
""",
    "count_tasks": """
def count_tasks(session):
    {0}
""",
    "rename_all": """
def rename_all(session, names):
    refused = IntegrityError
    def rename():
        for id_, name in names.items():
            session.get(Task, id_).task_name = name
    {0}
""",
    "hello": """
practice = FastAPI()

@practice.get("/hello/{{name}}")
def hello(name: {0}):
    {1}
""",
    "no_twins": """
from app.db_async import get_session

careful = FastAPI()

@careful.post("/task/", status_code=201, response_model=Task)
async def create(
    task: {0}, session: Annotated[AsyncSession, Depends(get_session)]
):
    same = select(Task).where(Task.task_name == task.task_name)
    conflict = HTTPException(409)
    new = Task(**task.model_dump())
    {1}
""",
    "three_requests": """
def three_requests(client):
    ping = lambda: client.get("/ping").status_code
    post = lambda **body: client.post("/task/", json=body).status_code
    {0}
""",
    "tag_table": """
def upgrade(op):
    {0}

def downgrade(op):
    {1}
""",
    "unique_names": """
def upgrade_names(op):
    {0}

def downgrade_names(op):
    {1}
""",
    "done_field": """
class TaskWithDone(TaskBase):
    {0}
""",
    "page_by_name": """
def page_by_name(name, id_, limit):
    NAME, ID = col(Task.task_name), col(Task.id)
    return {0}
""",
    "search": """
from app.db import get_session

finder = FastAPI()
NAME, ID = col(Task.task_name), col(Task.id)

@finder.get("/search", response_model=list[TaskPublic])
def search(session: Annotated[Session, Depends(get_session)], text: str, limit: {0}):
    return session.exec({1}).all()
""",
    "done_column": """
def upgrade(op):
    {0}
""",
    "split_names": """
def upgrade_data(op):
    {0}

def downgrade_data(op):
    {1}
""",
    "is_healthy": """
def is_healthy(client):
    try:
        {0}
    except {1}:
        {2}
""",
    "patch_test": """
def test_patch(client):
    task = client.post(
        "/task/", json={{"task_name": "buy milk", "task_description": "two bottles"}}
    ).json()
    path = f"/task/{{task['id']}}"
    get = lambda: client.get(path).json()
    patch = lambda **body: client.patch(path, json=body).json()
    {0}
""",
    "p99": """
import math
def p99(times):
    {0}
""",
}

BLANK = {
    "reminder": "class Reminder(SQLModel):\n    text: str\n    minutes: int",
    "to_task": "def to_task(body):\n    return Task(**body)",
    "count_tasks": "def count_tasks(session):\n    return None",
    "hello": "practice = FastAPI()",
    "three_requests": "def three_requests(client):\n    return []",
    "tag_table": "def upgrade(op):\n    pass\n\ndef downgrade(op):\n    pass",
    "done_field": "class TaskWithDone(TaskBase):\n    pass",
    "page_by_name": "def page_by_name(name, id_, limit):\n    return select(Task).limit(limit)",
    "done_column": "def upgrade(op):\n    pass",
    "is_healthy": "def is_healthy(client):\n    return None",
    **{exercise: stub(exercise) for exercise in NEW_CELLS},
}

# Pieces that several answers share.
TEXT = "str = Field(min_length=1, max_length=50)"
MINUTES = "int = Field(default=10, ge=1, le=60)"
LIMITED = "Annotated[str, Path(max_length=20)]"
GREET = 'return {"hello": name}'
ID = 'sa.Column("id", sa.Integer(), primary_key=True)'
NAME = 'sa.Column("name", sa.String(50), nullable=False)'
CREATE = f'op.create_table("tag", {ID}, {NAME})'
DROP = 'op.drop_table("tag")'
AFTER = "where(tuple_(NAME, ID) > (name, id_))"
BY_BOTH = "order_by(NAME, ID)"
ASK = 'return client.get("/ping").status_code == 200'
NO_ANSWER = "httpx.TransportError"
ADD = 'op.add_column("task", sa.Column("done", sa.Boolean(), nullable=False, server_default={}))'

RENAME = "rename(); session.commit()"
REFUSED = "except refused:\n        session.rollback()\n        return False"
TWIN = "if (await session.exec(same)).first(): raise conflict"
STORE = "session.add(new); await session.commit(); return new"
RULE = '"uq_task_task_name"'
BATCH = 'with op.batch_alter_table("task") as batch: batch.'
OTHERS = "WHERE id NOT IN (SELECT min(id) FROM task GROUP BY task_name)"
RENUMBER = f'op.execute("UPDATE task SET task_name = task_name || id {OTHERS}")'
ADD_RULE = f'{BATCH}create_unique_constraint({RULE}, ["task_name"])'
DROP_RULE = f'{BATCH}drop_constraint({RULE}, type_="unique")'
LIMIT = "Annotated[int, Query(ge=1, le=100)] = 20"
FOUND = "select(Task).where(NAME.contains(text, autoescape=True))"
BY_ID = "order_by(ID).limit(limit)"
PRIORITY = 'op.add_column("task", sa.Column("priority", sa.String()))'
SPLIT = (
    "op.execute(\"UPDATE task SET priority = 'urgent', task_name = substr(task_name, 9) "
    "WHERE substr(task_name, 1, 8) = 'urgent: '\")"
)
JOIN = (
    "op.execute(\"UPDATE task SET task_name = 'urgent: ' || task_name WHERE priority = 'urgent'\")"
)
DROP_PRIORITY = 'op.drop_column("task", "priority")'
NAME_ONLY = 'task = get(); patch(task_name="x"); assert get() == {**task, "task_name": "x"}'
ABOUT_ONLY = (
    'task = get(); patch(task_description="y"); assert get() == {**task, "task_description": "y"}'
)

# The hidden answer of the notebook.
RIGHT = {
    "reminder": (TEXT, MINUTES),
    "to_task": ("return Task.model_validate(body)",),
    "count_tasks": ("return session.exec(select(func.count()).select_from(Task)).one()",),
    "hello": (LIMITED, GREET),
    "three_requests": ('return [ping(), post(task_name="buy milk"), post()]',),
    "tag_table": (CREATE, DROP),
    "done_field": ("done: bool = False",),
    "page_by_name": (f"select(Task).{AFTER}.{BY_BOTH}.limit(limit)",),
    "done_column": (
        'with op.batch_alter_table("task") as batch_op: batch_op.add_column('
        'sa.Column("done", sa.Boolean(), nullable=False, server_default=sa.false()))',
    ),
    "is_healthy": (ASK, NO_ANSWER, "return False"),
    "rename_all": (f"try: {RENAME}\n    {REFUSED}\n    return True",),
    "no_twins": ("TaskCreate", f"{TWIN}\n    {STORE}"),
    "unique_names": (f"{RENUMBER}\n    {ADD_RULE}", DROP_RULE),
    "search": (LIMIT, f"{FOUND}.{BY_ID}"),
    "split_names": (f"{PRIORITY}; {SPLIT}", f"{JOIN}; {DROP_PRIORITY}"),
    "patch_test": (f"{NAME_ONLY}\n    {ABOUT_ONLY}",),
    "p99": ("return sorted(times)[math.ceil(len(times) * 99 / 100) - 1]",),
}

# Other ways to write it.
ALSO_RIGHT = [
    ("reminder", ("constr(min_length=1, max_length=50)", "conint(ge=1, le=60) = 10")),
    ("reminder", (TEXT, "int = Field(default_factory=lambda: 10, gt=0, lt=61)")),
    ("to_task", ("return Task(**TaskCreate(**body).model_dump())",)),
    ("to_task", ("return Task.model_validate(TaskCreate.model_validate(body))",)),
    ("count_tasks", ("return len(session.exec(select(Task)).all())",)),
    ("count_tasks", ("return sum(1 for _ in session.exec(select(Task.id)))",)),
    ("count_tasks", ('return session.connection().scalar(text("SELECT count(*) FROM task"))',)),
    ("hello", ("Annotated[str, Path(pattern='^.{0,20}$')]", "return dict(hello=name)")),
    ("hello", ("str", f"if len(name) > 20: raise HTTPException(422)\n    {GREET}")),
    ("three_requests", ('return [ping(), post(task_name="x"), post(task_name="")]',)),
    (
        "three_requests",
        ('bad, good = post(), post(task_name="x")\n    return [ping(), good, bad]',),
    ),
    (
        "tag_table",
        (
            'op.execute("CREATE TABLE tag (id INTEGER PRIMARY KEY, name TEXT NOT NULL)")',
            'op.execute("DROP TABLE tag")',
        ),
    ),
    (
        "tag_table",
        (
            f'op.create_table("tag", sa.Column("id", sa.Integer()), {NAME}, '
            'sa.PrimaryKeyConstraint("id"))',
            DROP,
        ),
    ),
    ("done_field", ("done: bool = Field(default_factory=bool)",)),
    (
        "page_by_name",
        (
            "select(Task).where(or_(NAME > name, and_(NAME == name, ID > id_)))"
            f".{BY_BOTH}.limit(limit)",
        ),
    ),
    ("done_column", (ADD.format("'0'"),)),
    (
        "done_column",
        (
            'op.add_column("task", sa.Column("done", sa.Boolean()))\n'
            '    op.execute("UPDATE task SET done = 0")\n'
            '    with op.batch_alter_table("task") as batch_op:\n'
            '        batch_op.alter_column("done", nullable=False)',
        ),
    ),
    ("done_column", ('op.execute("ALTER TABLE task ADD done BOOLEAN NOT NULL DEFAULT FALSE")',)),
    ("is_healthy", (ASK, "(httpx.ConnectError, httpx.TimeoutException)", "return False")),
    (
        "is_healthy",
        ('r = client.get("/ping")', "Exception", "return False", "r.status_code == 200"),
    ),
    (
        "rename_all",
        (
            "try:\n        with session.begin(): rename()\n"
            "    except refused: return False\n    return True",
        ),
    ),
    (
        "rename_all",
        (
            "try:\n        with session.begin_nested(): rename()\n"
            "    except refused: return False\n    session.commit()\n    return True",
        ),
    ),
    (
        "rename_all",
        (
            "query = select(Task.task_name).where(col(Task.id).not_in(names))\n"
            "    others = session.exec(query).all()\n"
            "    new = list(names.values())\n"
            "    if None in new or len(set(new)) < len(new) or set(new) & set(others):\n"
            "        return False\n"
            f"    {RENAME}\n    return True",
        ),
    ),
    (
        "rename_all",
        (
            "query = text('UPDATE task SET task_name = :name WHERE id = :id')\n"
            "    rows = [dict(id=id_, name=name) for id_, name in names.items()]\n"
            "    try: session.connection().execute(query, rows); session.commit()\n"
            f"    {REFUSED}\n    return True",
        ),
    ),
    (
        "no_twins",
        (
            "TaskCreate",
            f"result = await session.exec(same)\n    if result.all(): raise conflict\n    {STORE}",
        ),
    ),
    (
        "no_twins",
        (
            "TaskCreate",
            "count = select(func.count()).select_from(same.subquery())\n"
            "    if await session.scalar(count): return JSONResponse({}, 409)\n"
            "    session.add(new); await session.flush(); await session.commit()\n"
            "    return {'id': new.id, 'task_name': new.task_name}",
        ),
    ),
    (
        "no_twins",
        (
            "TaskCreate",
            "names = set(await session.scalars(select(Task.task_name)))\n"
            f"    if task.task_name in names: raise conflict\n    {STORE}",
        ),
    ),
    (
        "unique_names",
        (
            f'{RENUMBER}; op.create_index("names", "task", ["task_name"], unique=True)',
            'op.drop_index("names", "task")',
        ),
    ),
    (
        "unique_names",
        (
            "seen = set()\n"
            '    rows = op.get_bind().execute(text("SELECT id, task_name FROM task ORDER BY id"))\n'
            "    for number, name in rows.all():\n"
            "        new = name\n"
            "        while new in seen: new += ' again'\n"
            "        seen.add(new)\n"
            "        query = text('UPDATE task SET task_name = :new WHERE id = :id')\n"
            "        op.get_bind().execute(query, dict(new=new, id=number))\n"
            f"    {ADD_RULE}",
            DROP_RULE,
        ),
    ),
    (
        "unique_names",
        (  # by hand, as SQLite's documentation advises it
            f"{RENUMBER}\n"
            "    op.execute('CREATE TABLE new (task_name VARCHAR(100) NOT NULL UNIQUE, "
            "id INTEGER NOT NULL PRIMARY KEY)')\n"
            "    op.execute('INSERT INTO new SELECT task_name, id FROM task')\n"
            "    op.drop_table('task'); op.rename_table('new', 'task')",
            "op.execute('CREATE TABLE new (task_name VARCHAR(100) NOT NULL, "
            "id INTEGER NOT NULL PRIMARY KEY)')\n"
            "    op.execute('INSERT INTO new SELECT task_name, id FROM task')\n"
            "    op.drop_table('task'); op.rename_table('new', 'task')",
        ),
    ),
    ("search", (LIMIT, f"select(Task).where(func.instr(NAME, text)).{BY_ID}")),
    (
        "search",
        (
            "int = Query(20, gt=0, lt=101)",
            f"select(Task).where(NAME.icontains(text, autoescape=True)).{BY_ID}",
        ),
    ),
    (
        "search",
        (
            LIMIT,
            "select(Task).where(NAME.like('%' + text.replace('!', '!!').replace('%', '!%')"
            f".replace('_', '!_') + '%', escape='!')).{BY_ID}",
        ),
    ),
    (
        "split_names",
        (
            'with op.batch_alter_table("task") as batch:\n'
            f'        batch.add_column(sa.Column("priority", sa.Text()))\n    {SPLIT}',
            f"{JOIN}\n    {BATCH}drop_column('priority')",
        ),
    ),
    (
        "split_names",
        (
            f"{PRIORITY}\n    bind = op.get_bind()\n"
            '    for number, name in bind.execute(text("SELECT id, task_name FROM task")).all():\n'
            "        if name.startswith('urgent: '):\n"
            "            query = text(\"UPDATE task SET task_name = :new, priority = 'urgent' \"\n"
            '                         "WHERE id = :id")\n'
            "            bind.execute(query, dict(id=number, new=name.removeprefix('urgent: ')))",
            'op.execute("UPDATE task "\n'
            "               \"SET task_name = coalesce(priority || ': ', '') || task_name\")"
            f"; {DROP_PRIORITY}",
        ),
    ),
    ("p99", ("return sorted(times)[(len(times) * 99 + 99) // 100 - 1]",)),
    ("p99", ("return sorted(times)[-(len(times) // 100) - 1]",)),
    ("p99", ("copy = list(times); copy.sort(); return copy[math.ceil(len(copy) * 0.99) - 1]",)),
    (
        "p99",
        ("return min(t for t in times if sum(o <= t for o in times) >= len(times) * 99 / 100)",),
    ),
    ("patch_test", (f"{ABOUT_ONLY}\n    {NAME_ONLY}",)),
    (
        "patch_test",
        (
            'patch(task_name="x"); after = get()\n'
            '    if after["task_name"] != "x" or after["task_description"] != "two bottles":\n'
            '        raise ValueError("lost")\n'
            '    patch(task_description="y"); after = get()\n'
            '    assert (after["task_name"], after["task_description"]) == ("x", "y")\n'
            "    assert client.delete(path).status_code == 204\n    return True",
        ),
    ),
    (
        "patch_test",
        (
            'for body in ({"task_name": "x"}, {"task_description": None}):\n'
            "        before = get()\n"
            "        assert patch(**body) == {**before, **body}\n"
            "        everything = client.get('/task/').json()\n"
            "        assert {**before, **body} in everything",
        ),
    ),
    (
        "reminder",
        (
            "Annotated[str, Field(min_length=1, max_length=50)]",
            "Annotated[int, Field(ge=1, le=60)] = 10",
        ),
    ),
    (
        "reminder",
        (
            "Annotated[str, AfterValidator(lambda t: t if 0 < len(t) < 51 else int('no'))]",
            MINUTES,
        ),
    ),
    ("to_task", ("return Task.model_validate(body, from_attributes=True)",)),
    ("to_task", ("TaskCreate(**body); return Task(**body)",)),
    (
        "count_tasks",
        ('return session.connection().exec_driver_sql("SELECT count(*) FROM task").scalar()',),
    ),
    ("count_tasks", ("return session.scalar(select(func.count(col(Task.id))))",)),
    ("three_requests", ('return [ping(), post(task_name="x"), post(title="x")]',)),
    ("three_requests", ('return [ping(), post(task_name="x"), post(task_name=None)]',)),
    (
        "three_requests",
        (
            "build = client.build_request\n"
            "    ask = lambda *args, **body: client.send(build(*args, **body)).status_code\n"
            '    return [ask("GET", "ping"), ask("POST", "task/", json={"task_name": "x"}), '
            'ask("POST", "task/")]',
        ),
    ),
    (
        "tag_table",
        (
            f'op.create_table("tag", sa.Column("name", sa.Text(), nullable=False), {ID})',
            "op.execute('DROP TABLE IF EXISTS tag')",
        ),
    ),
    ("tag_table", (f'sa.Table("tag", sa.MetaData(), {ID}, {NAME}).create(op.get_bind())', DROP)),
    ("done_field", ("done: Annotated[bool, Field(description='it is done')] = False",)),
    ("done_field", ("done: bool = Field(False, title='It is done')",)),
    (
        "page_by_name",
        (
            "text('SELECT task_name, id FROM task WHERE (task_name, id) > (:n, :i) "
            "ORDER BY task_name, id LIMIT :l').bindparams(n=name, i=id_, l=limit)",
        ),
    ),
    (
        "page_by_name",
        (f"select(Task).where(NAME >= name, or_(NAME > name, ID > id_)).{BY_BOTH}.limit(limit)",),
    ),
    (
        "page_by_name",
        (f"select(Task.task_name, Task.id).{AFTER}.order_by(NAME.asc(), ID.asc()).limit(limit)",),
    ),
    (
        "done_column",
        (
            "op.execute('ALTER TABLE task RENAME TO old')\n"
            "    op.execute('CREATE TABLE task (id INTEGER NOT NULL PRIMARY KEY, "
            "done BOOLEAN NOT NULL, task_name VARCHAR(100) NOT NULL)')\n"
            "    op.execute('INSERT INTO task SELECT id, 0, task_name FROM old')\n"
            "    op.drop_table('old')",
        ),
    ),
    (
        "is_healthy",
        (
            'r = client.get("/ping", timeout=1)',
            "httpx.HTTPError",
            "return False",
            'r.status_code == 200 and r.json() == {"ping": "pong!"}',
        ),
    ),
    (
        "is_healthy",
        (
            'r = client.send(client.build_request("GET", "/ping"))',
            "httpx.RequestError",
            "return False",
            "r.status_code == httpx.codes.OK",
        ),
    ),
]

EACH = (
    "\n        for one in names:"
    "\n            session.get(Task, one).task_name = names[one]; session.commit()"
)

# Likely mistakes, and cheats, with the words that tell what is wrong.
WRONG = [
    ("reminder", ("str = Field(max_length=50)", MINUTES), "accepts an empty text"),
    ("reminder", ("str = Field(min_length=1)", MINUTES), "accepts a text of 51 characters"),
    ("reminder", ("str = Field(min_length=1, max_length=49)", MINUTES), "refuses a text of 50"),
    ("reminder", ("str = Field(max_length=50)", "int"), "accepts an empty text"),
    ("reminder", ("str", "int = Field(le=60)"), "accepts an empty text"),
    ("reminder", ('str = Field("x", min_length=1, max_length=50)', MINUTES), "without a text"),
    ("reminder", (f"None | {TEXT}", MINUTES), "accepts None as the text"),
    ("reminder", (TEXT, f"None | {MINUTES}"), "accepts None as the minutes"),
    ("reminder", (TEXT, "int = Field(ge=1, le=60)"), "refuses a reminder without minutes"),
    ("reminder", (TEXT, "int = Field(default=1, ge=1, le=60)"), "it takes 1, not 10"),
    ("reminder", (TEXT, "int = Field(default=10, le=60)"), "accepts 0 minutes"),
    ("reminder", (TEXT, "int = Field(default=10, gt=1, le=60)"), "refuses 1 minutes"),
    ("reminder", (TEXT, "int = Field(default=10, ge=1, lt=60)"), "refuses 60 minutes"),
    ("reminder", (TEXT, "int = Field(default=10, ge=1)"), "accepts 61 minutes"),
    (
        "reminder",
        (TEXT, f"{MINUTES}\n    _ = field_validator('text')(lambda text: None)"),
        "the text 'call home' becomes None",
    ),
    ("to_task", ("return TaskCreate.model_validate(body)",), "a TaskCreate, not a Task"),
    ("to_task", ("Task.model_validate(body)",), "gives None, not a Task"),
    ("to_task", ("pass",), "for {'task_name': 'buy milk'}, it gives None, not a Task"),
    (
        "to_task",
        ('raise ValueError("no")',),
        "it refuses {'task_name': 'buy milk'}, with ValueError: no",
    ),
    (
        "to_task",
        ('if not body["task_name"]: raise ValueError\n    return Task(**body)',),
        "your code stops with KeyError",
    ),
    (
        "to_task",
        ('if not body.get("task_name"): raise ValueError\n    return Task(**body)',),
        "accepts a name of 101 characters",
    ),
    ("to_task", ('return Task(task_name=body.get("task_name", "x"))',), "accepts an empty name"),
    ("to_task", ("return Task.model_validate_json(body)",), "JSON input should be string"),
    (
        "to_task",
        (
            'if len(body.get("task_name", "")) > 99: raise ValueError\n    '
            "return Task.model_validate(body)",
        ),
        "refuses a name of 100 characters",
    ),
    (
        "to_task",
        ('Task.model_validate(body)\n    return Task(task_name="other")',),
        "the task's name is 'other'",
    ),
    ("count_tasks", ("session.exec(select(Task)).all()",), "gives None, not a number"),
    ("count_tasks", ("return session.exec(select(Task)).all()",), "a list, not a number"),
    ("count_tasks", ("return session.exec(select(func.count(Task.id)))",), "not a number"),
    (
        "count_tasks",
        ("return session.exec(select(func.max(Task.id))).one() or 0",),
        "with 2 rows in the table, it gives 3",
    ),
    (
        "count_tasks",
        ("return session.exec(select(func.count(Task.task_name.distinct()))).one()",),
        "with 3 rows in the table, it gives 2",
    ),
    ("hello", ("str", GREET), "a name of 21 characters gets 200, not 422"),
    ("hello", ("Annotated[str, Path(max_length=19)]", GREET), "a name of 20 characters gets 422"),
    ("hello", (LIMITED, 'return {"hello": "Ada"}'), "greets everybody by one name"),
    ("hello", (LIMITED, 'return {"hello": name.title()}'), "a name of 20 characters gets"),
    ("hello", (LIMITED, 'return {"name": name}'), '/hello/Ada answers {"name":"Ada"}'),
    ("hello", (LIMITED, "return PlainTextResponse(name)"), "/hello/Ada answers Ada"),
    ("hello", (LIMITED, "raise HTTPException(404)"), "/hello/Ada answers 404, not 200"),
    ("hello", ("Annotated[str, Path(min_length=3)]", GREET), "/hello/Bo answers 422"),
    ("hello", ("int", GREET), "/hello/Ada answers 422"),
    ("hello", ("int", GREET), "Is the argument named as in the path? It says:"),
    ("hello", (LIMITED, "return {'hello': nobody}"), "your code stops with NameError"),
    ("hello", ("str", f"assert len(name) <= 20\n    {GREET}"), "stops with AssertionError"),
    ("three_requests", ('return [post(task_name="x"), post()]',), "sends no GET to /ping"),
    ("three_requests", ("return [ping(), post()]",), "sends 1 POST requests to /task/, not 2"),
    ("three_requests", ("return [ping(), ping(), post(), post()]",), "sends 4 requests, not 3"),
    (
        "three_requests",
        ('return [ping(), *[client.post("/task", json={}).status_code] * 2]',),
        "sends POST /task, not POST /task/",
    ),
    (
        "three_requests",
        ('return [ping(), post(), client.post("/tasks/", json={}).status_code]',),
        "it sends POST /tasks/. Send only GET /ping and POST /task/",
    ),
    ("three_requests", ('return ping(), post(task_name="x"), post()',), "a tuple, not a list"),
    ("three_requests", ('[ping(), post(task_name="x"), post()]',), "gives None, not a list"),
    (
        "three_requests",
        ('return [ping(), post(), post(task_name="x")]',),
        "the list is [200, 422, 201], not [200, 201, 422]",
    ),
    (
        "three_requests",
        ('return [ping(), post(name="x"), post()]',),
        "the list is [200, 422, 422]",
    ),
    (
        "three_requests",
        ('ping(), post(task_name="x"), post()\n    return [200, 201, 422]',),
        "from a service that answers [202, 200, 400], it gives [200, 201, 422]",
    ),
    ("tag_table", (CREATE.replace("tag", "tags"), DROP), "there is no table tag"),
    ("tag_table", (f'op.create_table("tag", {ID})', DROP), "the table has the columns id"),
    ("tag_table", (CREATE.replace(", primary_key=True", ""), DROP), "id is not the primary key"),
    ("tag_table", (CREATE.replace(", nullable=False", ""), DROP), "name may be empty"),
    (
        "tag_table",
        (CREATE.replace("nullable=False", "primary_key=True"), DROP),
        "name is a part of the primary key",
    ),
    ("tag_table", (CREATE, "pass"), "after the downgrade, the table tag is still there"),
    ("tag_table", (CREATE, 'op.drop_table("task")'), "the table tag is still there"),
    ("tag_table", (CREATE, f'{DROP}; op.drop_table("task")'), "dropped the table task"),
    ("tag_table", (f'op.drop_table("task"); {CREATE}', DROP), "the upgrade has dropped"),
    ("tag_table", (CREATE, 'op.drop_table("tags")'), "your code stops with OperationalError"),
    ("done_field", ("done: bool",), "refuses a task that was written before the change"),
    ("done_field", ("done: bool | None = None",), "becomes done = None, not False"),
    ("done_field", ("done: bool | None = False",), "accepts done = None"),
    ("done_field", ("done: bool = True",), "becomes done = True, not False"),
    ("done_field", ("done: object = False",), "accepts done = 'perhaps'"),
    ("done_field", ("done: int = 0",), "becomes done = 0, not False"),
    ("done_field", ("is_done: bool = False",), "it has no field done"),
    ("page_by_name", (f"select(Task).{AFTER}.limit(limit)",), "not by name, then by id"),
    ("page_by_name", (f"select(Task).{AFTER}.order_by(NAME).limit(limit)",), "not by name, then"),
    ("page_by_name", (f"select(Task).{AFTER}.order_by(ID).limit(limit)",), "not by name, then"),
    ("page_by_name", ("select(Task).where(ID > id_).order_by(ID).limit(limit)",), "the order"),
    ("page_by_name", (f"select(Task).{BY_BOTH}.limit(limit)",), "shows rows twice"),
    ("page_by_name", (f"select(Task).where(NAME >= name).{BY_BOTH}.limit(limit)",), "rows twice"),
    ("page_by_name", (f"select(Task).where(NAME > name).{BY_BOTH}.limit(limit)",), "skips rows"),
    (
        "page_by_name",
        (f"select(Task).where(NAME > name, ID > id_).{BY_BOTH}.limit(limit)",),
        "skips rows",
    ),
    (
        "page_by_name",
        (f"select(Task).where(or_(NAME > name, ID > id_)).{BY_BOTH}.limit(limit)",),
        "shows rows twice",
    ),
    (
        "page_by_name",
        (f"select(Task).{AFTER}.where(NAME < 'kiwi').{BY_BOTH}.limit(limit)",),
        "skips rows",
    ),
    (
        "page_by_name",
        (f"select(Task).{AFTER}.{BY_BOTH}.limit(limit if not id_ else 0)",),
        "skips rows",
    ),
    ("page_by_name", (f"select(Task).{AFTER}.{BY_BOTH}",), "the first page has 7 rows"),
    ("page_by_name", (f"select(Task).{AFTER}.{BY_BOTH}.limit(2)",), "with limit 3, the first page"),
    (
        "page_by_name",
        (f"select(Task).where(tuple_(NAME, ID) < (name, id_)).{BY_BOTH}.limit(limit)",),
        "the first page has 0 rows",
    ),
    ("page_by_name", ("None",), "gives None, not a query"),
    ("page_by_name", ("[]",), "a list, not a query"),
    (
        "done_column",
        ('op.add_column("task", sa.Column("done", sa.Boolean(), nullable=False))',),
        "your code stops with OperationalError",
    ),
    (
        "done_column",
        (ADD.format("sa.false()").replace("server_default", "default"),),
        "your code stops with OperationalError",
    ),
    ("done_column", (ADD.format("sa.true()"),), "the old rows should have done = false"),
    ("done_column", (ADD.format("'false'"),), "the old rows should have done = false"),
    ("done_column", ('op.add_column("task", sa.Column("done", sa.Boolean()))',), "may be empty"),
    ("done_column", (ADD.format("sa.false()").replace("False", "True"),), "done may be empty"),
    ("done_column", (ADD.format("'0'").replace("Boolean", "String"),), "VARCHAR, not BOOLEAN"),
    ("done_column", (ADD.format("'0'").replace("done", "is_done"),), "the columns task_name, id"),
    (
        "done_column",
        ('op.execute("DELETE FROM task")\n    ' + ADD.format("sa.false()"),),
        "the rows are now []",
    ),
    ("done_column", ('op.drop_table("task")',), "the table task is gone"),
    ("is_healthy", (ASK, "ZeroDivisionError", "return False"), "stops with ConnectError"),
    ("is_healthy", (ASK, "httpx.ConnectError", "return False"), "stops with ReadTimeout"),
    ("is_healthy", (ASK, NO_ANSWER, "pass"), "is down, it gives None, not False"),
    ("is_healthy", (ASK, NO_ANSWER, "return True"), "is down, it gives True, not False"),
    ("is_healthy", (ASK[7:], NO_ANSWER, "return False"), "it gives None, not True"),
    ("is_healthy", (ASK.replace("/ping", "/"), NO_ANSWER, "return False"), "it gives False"),
    ("is_healthy", (ASK.replace("get", "post"), NO_ANSWER, "return False"), "it gives False"),
    (
        "is_healthy",
        (ASK.replace("== 200", "< 500"), NO_ANSWER, "return False"),
        "404, it gives True",
    ),
    (
        "is_healthy",
        ('return client.get("/ping").is_success', NO_ANSWER, "return False"),
        "answers 204, it gives True",
    ),
    (
        "is_healthy",
        ('client.get("/ping").raise_for_status(); return True', NO_ANSWER, "return False"),
        "answers 500, it stops with HTTPStatusError",
    ),
    (
        "is_healthy",
        ('client.get("/ping")\n        return True', NO_ANSWER, "return False"),
        "answers 500, it gives True",
    ),
    ("is_healthy", ('return client.get("/ping")', NO_ANSWER, "return False"), "<Response [200"),
    ("rename_all", (RENAME,), "after renaming them all, it gives None, not True"),
    ("rename_all", (f"{RENAME}; return True",), "it stops with IntegrityError"),
    ("rename_all", ("rename(); return True",), "is there a commit?"),
    ("rename_all", ("rename(); session.flush(); return True",), "is there a commit?"),
    ("rename_all", ("return True",), "is there a commit?"),
    (
        "rename_all",
        ("session.get(Task, 1).task_name = names[1]; session.commit(); return True",),
        "should become x, b, z, d, and become x, b, c, d",
    ),
    (
        "rename_all",
        (f"try: {EACH}\n    {REFUSED}\n    return True",),
        "with a name that another task has, a, b, c, d should stay, and become x, b, c, d",
    ),
    (
        "rename_all",
        (f"try: {RENAME}\n    except refused: return False\n    return True",),
        "the session is stuck: call its rollback",
    ),
    (
        "rename_all",
        (f"try: {RENAME}\n    except refused: session.rollback()\n    return True",),
        "with a name that another task has, it gives True, not False",
    ),
    (
        "rename_all",
        (f"try: {RENAME}\n    finally: session.rollback()\n    return True",),
        "it stops with IntegrityError",
    ),
    (
        "rename_all",
        ("if None in names.values(): return False\n    new = list(names.values())\n    rename()",),
        "is there a commit?",
    ),
    ("no_twins", ("TaskCreate", STORE), "a name that is there already gets 201, not 409"),
    ("no_twins", ("TaskCreate", "raise conflict"), "a new name gets 409, not 201"),
    (
        "no_twins",
        ("TaskCreate", f"{TWIN.replace('same', 'select(Task)')}\n    {STORE}"),
        "a new name gets 409, not 201",
    ),
    (
        "no_twins",
        ("TaskCreate", f"{TWIN}\n    session.add(new); session.commit(); return new"),
        "an `await` is missing: coroutine 'AsyncSession.commit' was never awaited",
    ),
    (
        "no_twins",
        ("TaskCreate", f"{TWIN.replace('await ', '')}\n    {STORE}"),
        "an `await` is missing: 'coroutine' object has no attribute 'first'",
    ),
    (
        "no_twins",
        ("TaskCreate", f"for one in session.exec(same): raise conflict\n    {STORE}"),
        "an `await` is missing: 'coroutine' object is not iterable",
    ),
    (
        "no_twins",
        ("TaskCreate", f"if session.exec(same): raise conflict\n    {STORE}"),
        "an `await` is missing: coroutine 'AsyncSession.exec' was never awaited",
    ),
    (
        "no_twins",
        ("TaskCreate", f"{TWIN}\n    session.add(new); await session.flush(); return new"),
        "it answers 201, and the task is not in the table",
    ),
    (
        "no_twins",
        (
            "TaskCreate",
            "twin = (await session.exec(same)).first()\n"
            "    session.add(new); await session.commit()\n"
            "    if twin: raise conflict\n    return new",
        ),
        "after a name that is there already, the table has",
    ),
    ("no_twins", ("Task", f"{TWIN}\n    {STORE}"), "an empty name gets 201, not 422"),
    ("no_twins", ("str", "return task"), "a new name gets 422, not 201. It says: "),
    (
        "no_twins",
        ("TaskCreate", f"{TWIN}\n    {STORE.replace('return new', 'return Task(task_name=1)')}"),
        "the new task is {'task_name': 'buy milk', 'id': 1}, and it answers",
    ),
    ("no_twins", ("TaskCreate", f"(await session.exec(same)).one()\n    {STORE}"), "NoResultFound"),
    ("unique_names", (ADD_RULE, DROP_RULE), "because two tasks still have one name"),
    (
        "unique_names",
        (f"{RENUMBER.replace(' || id', ' || 2')}\n    {ADD_RULE}", DROP_RULE),
        "because two tasks still have one name",
    ),
    (
        "unique_names",
        (f'op.execute("DELETE FROM task {OTHERS}")\n    {ADD_RULE}', DROP_RULE),
        "task 3 is lost: give it another name instead",
    ),
    (
        "unique_names",
        (f'op.execute("UPDATE task SET task_name = task_name || id")\n    {ADD_RULE}', DROP_RULE),
        "task 1 should stay 'buy milk', and is 'buy milk1'",
    ),
    (
        "unique_names",
        (f"{RENUMBER.replace('min', 'max')}\n    {ADD_RULE}", DROP_RULE),
        "task 1 should stay 'buy milk', and is 'buy milk1'",
    ),
    (
        "unique_names",
        (f"{RENUMBER.replace('task_name || id', 'id')}\n    {ADD_RULE}", DROP_RULE),
        "the name of task 3 was 'buy milk', and is '3'",
    ),
    ("unique_names", (RENUMBER, "pass"), "the table still takes a name twice"),
    ("unique_names", (RENUMBER.replace("|| id", "|| 2"), "pass"), "two tasks have one name"),
    (
        "unique_names",
        (f'{RENUMBER}; op.create_index("names", "task", ["task_name"])', "pass"),
        "the table still takes a name twice",
    ),
    (
        "unique_names",
        (f"{RENUMBER}\n    {ADD_RULE}", "pass"),
        "after the downgrade, the rule is still there",
    ),
    (
        "unique_names",
        (
            f"{RENUMBER}\n    {ADD_RULE}",
            f'{DROP_RULE}; op.execute("DELETE FROM task {OTHERS} OR id > 4")',
        ),
        "after the downgrade, the tasks are 1, 2, 3, 4",
    ),
    (
        "unique_names",
        (f"{RENUMBER}\n    {ADD_RULE}", 'op.drop_table("task")'),
        "after the downgrade, the table task is gone",
    ),
    (
        "unique_names",
        (
            f'{RENUMBER}; op.execute("CREATE TABLE new AS SELECT * FROM task"); '
            'op.drop_table("task"); op.rename_table("new", "task")',
            "pass",
        ),
        "after the upgrade, task_name has not the type and the rules it had",
    ),
    (
        "unique_names",
        (f'{RENUMBER}; op.create_unique_constraint({RULE}, "task", ["task_name"])', DROP_RULE),
        "stops with NotImplementedError: No support for ALTER of constraints in SQLite",
    ),
    (
        "unique_names",
        (f'{RENUMBER}\n    {BATCH}create_unique_constraint(None, ["task_name"])', DROP_RULE),
        "your code stops with ValueError: Constraint must have a name",
    ),
    (
        "search",
        (LIMIT, f"select(Task).where(NAME.contains(text)).{BY_ID}"),
        "/search?text=0% finds 50% done, 500 done, row 0, row 10, row 20, row 30, row 40, …, and",
    ),
    (
        "search",
        (
            LIMIT,
            "select(Task).where(NAME.like('%' + text.replace('%', '/%').replace('_', '/_') + '%'"
            f", escape='/')).{BY_ID}",
        ),
        "/search?text=d/o finds 50% done, 500 done, andor, and should find and/or",
    ),
    (
        "search",
        (
            LIMIT,
            "select(Task).where(NAME.like('%' + text.replace('%', '\\\\%')"
            f".replace('_', '\\\\_') + '%', escape='\\\\')).{BY_ID}",
        ),
        "finds c:data, and should find c:\\data",
    ),
    (
        "search",
        (LIMIT, f"select(Task).where(NAME.startswith(text, autoescape=True)).{BY_ID}"),
        "/search?text=milk finds milk the cow, and should find pour milk, buy milk, milk the cow",
    ),
    ("search", (LIMIT, f"select(Task).where(NAME == text).{BY_ID}"), "text=milk finds nothing"),
    ("search", (LIMIT, f"select(Task).{BY_ID}"), "and should find pour milk, buy milk"),
    ("search", (LIMIT, f"{FOUND}.limit(limit)"), "in another order than by id"),
    ("search", (LIMIT, f"{FOUND}.order_by(NAME).limit(limit)"), "in another order than by id"),
    ("search", (LIMIT, f"{FOUND}.order_by(ID)"), "gives 3 tasks, not 2"),
    ("search", (LIMIT, f"{FOUND}.order_by(ID).limit(20)"), "gives 3 tasks, not 2"),
    ("search", ("int = 20", f"{FOUND}.{BY_ID}"), "a limit of 0 gets 200, not 422"),
    ("search", ("int = Query(20, ge=1)", f"{FOUND}.{BY_ID}"), "a limit of 101 gets 200"),
    ("search", ("int = Query(50, ge=1, le=100)", f"{FOUND}.{BY_ID}"), "gives 50 tasks, not 20"),
    ("search", ("int = Query(10, ge=1, le=100)", f"{FOUND}.{BY_ID}"), "and should find row 0"),
    ("search", ("int = Query(20, ge=1, le=50)", f"{FOUND}.{BY_ID}"), "limit=100 answers 422"),
    ("search", ("int", f"{FOUND}.{BY_ID}"), "/search?text=milk answers 422, not 200"),
    (
        "split_names",
        (PRIORITY, f"{JOIN}; {DROP_PRIORITY}"),
        "the row (1, 'urgent: buy milk', None), and it should be (1, 'buy milk', 'urgent')",
    ),
    (
        "split_names",
        (
            f"{PRIORITY}\n    op.execute(\"UPDATE task SET priority = 'urgent', "
            "task_name = replace(task_name, 'urgent: ', '') "
            "WHERE task_name LIKE '%urgent: %'\")",
            f"{JOIN}; {DROP_PRIORITY}",
        ),
        "and it should be (3, 'urgent: sleep', 'urgent')",
    ),
    (
        "split_names",
        (f"{PRIORITY}; {SPLIT.replace('9', '8')}", f"{JOIN}; {DROP_PRIORITY}"),
        "there is the row (1, ' buy milk', 'urgent')",
    ),
    (
        "split_names",
        (f'{PRIORITY}; {SPLIT.partition(" WHERE")[0]}")', f"{JOIN}; {DROP_PRIORITY}"),
        "there is the row (2, 'e', 'urgent')",
    ),
    (
        "split_names",
        (f"{PRIORITY}; {SPLIT}".replace("sa.String()", "sa.String(), server_default=''"), JOIN),
        "there is the row (2, 'call home', ''), and it should be (2, 'call home', None)",
    ),
    (
        "split_names",
        (
            PRIORITY
            + "; "
            + SPLIT.replace("substr(task_name, 1, 8) = ", "task_name LIKE ").replace(
                "'urgent: '\")", "'urgent: %'\")"
            ),
            f"{JOIN}; {DROP_PRIORITY}",
        ),
        "there is the row (5, 'tea', 'urgent')",
    ),
    ("split_names", (SPLIT, JOIN), "your code stops with OperationalError"),
    (
        "split_names",
        (f"{PRIORITY}; {SPLIT}".replace("priority", "prio"), DROP_PRIORITY),
        "the table task has the columns task_name, id, prio",
    ),
    (
        "split_names",
        (f"{PRIORITY}; {SPLIT}", DROP_PRIORITY),
        "after the downgrade, there is the row (1, 'buy bread')",
    ),
    (
        "split_names",
        (f"{PRIORITY}; {SPLIT}", JOIN),
        "after the downgrade, the table task has the columns task_name, id, priority",
    ),
    ("split_names", (f"{PRIORITY}; {SPLIT}", "pass"), "after the downgrade, the table task has"),
    (
        "split_names",
        (f"{PRIORITY}; {SPLIT}", f"{DROP_PRIORITY}; {JOIN}"),
        "your code stops with OperationalError",
    ),
    (
        "split_names",
        (f"{PRIORITY}; {SPLIT}", f"{JOIN.replace(' WHERE priority = ', ' -- ')}; {DROP_PRIORITY}"),
        "there is the row (2, 'urgent: call home')",
    ),
    (
        "split_names",
        (
            f"{PRIORITY}; {SPLIT}",
            "op.execute(\"UPDATE task SET task_name = priority || ': ' || task_name\")",
        ),
        "a text || NULL is NULL",
    ),
    (
        "split_names",
        (
            f"{PRIORITY}; {SPLIT}",
            f"{JOIN.replace(chr(34) + ')', ' AND id < 5' + chr(34) + ')')}; {DROP_PRIORITY}",
        ),
        "it should be (7, 'urgent: new')",
    ),
    (
        "split_names",
        (
            f"{PRIORITY}; {SPLIT}",
            "op.execute('DELETE FROM task WHERE id = 4')\n    " + JOIN + "\n    " + DROP_PRIORITY,
        ),
        "after the downgrade, task 4 is lost",
    ),
    ("p99", ("return max(times)",), "for 100 times, from 1.5 to 150.0, it gives 150.0, not 148.5"),
    ("p99", ("return sorted(times)[int(len(times) * 0.99)]",), "it gives 150.0, not 148.5"),
    ("p99", ("return sorted(times)[98]",), "your code stops with IndexError"),
    (
        "p99",
        ("return sorted(times)[int(len(times) * 0.99) - 1]",),
        "for 10 times, from 1.5 to 15.0",
    ),
    ("p99", ("return sorted(times)[round(len(times) * 0.99) - 1]",), "for 160 times"),
    ("p99", ("if len(times) == 100: return sorted(times)[98]",), "for 10 times, from 1.5 to 15.0"),
    ("p99", ("times.sort(); return times[98]",), "it changes the list that it gets"),
    (
        "p99",
        ("one = sorted(set(times)); return one[math.ceil(len(one) * 99 / 100) - 1]",),
        "for 98 times of 7.0, one of 8.0 and one of 9.0, it gives 9.0",
    ),
    (
        "p99",
        ("return sum(times) / len(times)",),
        "for 100 times, from 1.5 to 150.0, it gives 75.75",
    ),
    ("patch_test", ("pass",), "a service that changes nothing passes the test"),
    (
        "patch_test",
        ('assert patch(task_name="x") == {**task, "task_name": "x"}',),
        "that answers with the change, and does not store it passes the test",
    ),
    (
        "patch_test",
        ('patch(task_name="x"); assert get()["task_name"] == "x"',),
        "that loses the description if only a name is sent passes the test",
    ),
    ("patch_test", (NAME_ONLY,), "loses the name if only a description is sent passes the test"),
    ("patch_test", (ABOUT_ONLY,), "loses the description if only a name is sent passes"),
    (
        "patch_test",
        ('patch(task_name="x"); return get() == {**task, "task_name": "x"}',),
        "changes nothing passes the test. Giving False is not enough: use `assert`",
    ),
    (
        "patch_test",
        ('patch(task_name="x"); assert get() == task',),
        "a right service fails the test, with AssertionError",
    ),
    (
        "patch_test",
        ('path = "/task/1"; patch(task_name="x"); assert get() == {**task, "task_name": "x"}',),
        "a right service with old tasks fails the test, with AssertionError",
    ),
    (
        "patch_test",
        ('assert client.patch("/tasks/1", json={}).status_code == 200, "no 200"',),
        "a right service fails the test, with AssertionError: no 200",
    ),
    ("reminder", (TEXT, 'int = Field(default="10", ge=1, le=60)'), "it takes '10', not 10"),
    ("count_tasks", ("return 0",), "it asks nothing through the session that it gets"),
    (
        "count_tasks",
        ("return session.exec(select(func.count())).one()",),
        "with 0 rows in the table, it gives 1",
    ),
    (
        "three_requests",
        ('raise httpx.ConnectError("refused")',),
        "it sends a request without the client that it gets",
    ),
    ("tag_table", ("pass", DROP), "there is no table tag"),
    ("unique_names", ("pass", DROP_RULE), "two tasks have one name"),
    ("split_names", ("pass", f"{JOIN}; {DROP_PRIORITY}"), "the columns task_name, id."),
    ("split_names", ('op.drop_table("task")', "pass"), "the table task is gone"),
    (
        "split_names",
        (
            'op.execute("CREATE TABLE new AS SELECT *, NULL AS priority FROM task")\n'
            f'    op.drop_table("task"); op.rename_table("new", "task"); {SPLIT}',
            "pass",
        ),
        "after the upgrade, task_name has not the type and the rules it had",
    ),
    (
        "split_names",
        (
            f"{PRIORITY}; {SPLIT}",
            f"{JOIN}; {DROP_PRIORITY}; op.execute(\"INSERT INTO task VALUES ('more', 8)\")",
        ),
        "after the downgrade, there are 8 tasks, not 7",
    ),
    ("done_column", ('op.execute("SELECT 1")',), "the columns task_name, id."),
    ("three_requests", ("return [200, 201, 422]",), "sends nothing with the client that it gets"),
    ("three_requests", ('return [client.get("/ping"), post(task_name="x"), post()]',), "Response"),
    ("done_field", ("done: bool = False\n    id: int = 1",), "one field more: done, id"),
    (
        "done_column",
        (
            'op.execute("CREATE TABLE new AS SELECT *, FALSE AS done FROM task"); '
            'op.drop_table("task"); op.rename_table("new", "task")',
        ),
        "done may be empty",
    ),
    (
        "done_column",
        (
            'op.execute("CREATE TABLE new (id INT, task_name TEXT, done BOOLEAN NOT NULL)")\n'
            '    op.execute("INSERT INTO new SELECT id, task_name, 0 FROM task")\n'
            '    op.drop_table("task"); op.rename_table("new", "task")',
        ),
        "after the upgrade, task_name has not the type and the rules it had",
    ),
    ("is_healthy", ("return True", NO_ANSWER, "pass"), "it asks nothing with the client"),
    ("is_healthy", ("return False", NO_ANSWER, "pass"), "it asks nothing with the client"),
    (
        "is_healthy",
        ('return client.get("/ping").json() == {"ping": "pong!"}', NO_ANSWER, "return False"),
        "for a service that answers 500, it gives True, not False",
    ),
]

ASYNC_APP = "from app.db_async import get_session\ncareful = FastAPI()\n"
SYNC_APP = "from app.db import get_session\nfinder = FastAPI()\n"

# Whole cells, for mistakes that are not in the gaps of the cells above.
WRONG_CELLS = [
    ("hello", "practice = FastAPI()\n@practice.get('/hi/{name}')\ndef f(name): ...", "answers 404"),
    ("hello", "practice = FastAPI()\n@practice.post('/hello/{name}')\ndef f(name): ...", "405"),
    (
        "hello",
        "practice = FastAPI()\n@practice.get('/hello/{nam}')\ndef f(name): ...",
        "Field required",
    ),
    (
        "hello",
        "practice = FastAPI()\n@practice.get('hello/{name}')\ndef f(name): ...",
        "does it begin with /?",
    ),
    (
        "reminder",
        "class Reminder(SQLModel, table=True):\n"
        "    id: int = Field(primary_key=True)\n    text: str\n    minutes: int",
        "it is a table: leave out `table=True`",
    ),
    ("to_task", "async def to_task(body): return Task.model_validate(body)", "write `def`"),
    ("count_tasks", "async def count_tasks(session): return 1", "write `def`, not `async def`"),
    ("three_requests", "async def three_requests(client): return []", "it gives a coroutine"),
    (
        "done_field",
        "class TaskWithDone(SQLModel):\n    done: bool = False",
        "it has lost task_name, task_description: build on TaskBase",
    ),
    (
        "done_field",
        "class TaskWithDone(TaskBase):\n    done: Literal[False] = False",
        "it refuses a task that is done",
    ),
    (
        "done_field",
        "class TaskWithDone(TaskBase):\n    done: bool = False\n"
        "    _ = field_validator('done')(lambda done: False)",
        "True gets lost",
    ),
    (
        "done_field",
        "class TaskWithDone(SQLModel):\n"
        "    task_name: str\n    task_description: str = ''\n    done: bool = False",
        "accepts an empty name",
    ),
    (
        "done_field",
        "class TaskWithDone(TaskBase):\n"
        "    task_name: str = Field(min_length=1)\n    done: bool = False",
        "accepts a name of 101 characters",
    ),
    ("count_tasks", "def count_tasks(): return 0", "your code stops with TypeError"),
    (
        "rename_all",
        "def rename_all(session, names):\n"
        "    taken = session.exec(select(Task.task_name)).all()\n"
        "    for id_, name in names.items():\n"
        "        if name is None or name in taken:\n"
        "            return False\n"
        "        session.get(Task, id_).task_name = name\n"
        "    session.commit()\n"
        "    return True",
        "with a name that another task has, the session still has the names x, b, c, d",
    ),
    (
        "no_twins",
        f"{ASYNC_APP}@careful.get('/task/')\nasync def create(): ...",
        "POST /task/ answers 405: it has no such endpoint",
    ),
    (
        "no_twins",
        f"{ASYNC_APP}@careful.post('/task/', status_code=201)\n"
        "async def create(task: TaskCreate): raise AssertionError('it might store this')",
        "it does not take its session from get_session",
    ),
    (
        "no_twins",
        f"{ASYNC_APP}@careful.post('/task/', status_code=201)\n"
        "def create(task: TaskCreate, session: Annotated[AsyncSession, Depends(get_session)]):\n"
        "    session.add(Task.model_validate(task))\n    session.commit()",
        "coroutine 'AsyncSession.commit' was never awaited",
    ),
    (
        "no_twins",
        f"{ASYNC_APP}@careful.post('/task')\nasync def create(task: TaskCreate): ...",
        "POST /task/ answers 307: it has no such endpoint",
    ),
    (
        "search",
        f"{SYNC_APP}@finder.get('/search/')\ndef search(text: str): ...",
        "/search?text=milk answers 307: it has no such endpoint",
    ),
    (
        "search",
        f"{SYNC_APP}@finder.get('/search/{{text}}')\ndef search(text: str): return []",
        "/search?text=milk answers 404: it has no such endpoint",
    ),
    (
        "search",
        f"{SYNC_APP}@finder.get('/search')\ndef search(text: str): return []",
        "it does not take its session from get_session",
    ),
    (
        "search",
        f"{SYNC_APP}@finder.get('/search')\ndef search(q: str): return []",
        'answers 422, not 200. It says: {"detail":[{"type":"missing","loc":["query","q"]',
    ),
    (
        "search",
        f"{SYNC_APP}@finder.get('/search')\n"
        "def search(text: str, session: Annotated[Session, Depends(get_session)]):\n"
        "    return session.exec(select(Task.task_name)).all()",
        "and not a list of tasks",
    ),
    (
        "search",
        f"{SYNC_APP}@finder.get('/search')\n"
        "def search(text: str, session: Annotated[Session, Depends(get_session)]):\n"
        "    found = session.exec(select(Task).where(Task.task_name.contains(text)))\n"
        "    return [{'task_name': task.task_name} for task in sorted(found, key=lambda t: t.id)]",
        "and not whole tasks",
    ),
    (
        "patch_test",
        "def test_patch(client):\n    return True",
        "it asks nothing with the client that it gets",
    ),
]

ALSO_RIGHT_CELLS = [
    (
        "hello",
        "router = APIRouter(prefix='/hello')\n"
        "@router.get('/{name}')\n"
        "async def hello(name: Annotated[str, Path(max_length=20)]):\n"
        "    return {'hello': name}\n"
        "practice = FastAPI()\n"
        "practice.include_router(router)",
    ),
    (
        "reminder",
        "class Reminder(BaseModel):\n"
        "    text: str\n    minutes: int = 10\n"
        "    @field_validator('text', 'minutes')\n"
        "    def limit(cls, value):\n"
        "        size, most = (value, 60) if isinstance(value, int) else (len(value), 50)\n"
        "        if not 1 <= size <= most:\n"
        "            raise ValueError\n"
        "        return value",
    ),
]


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Import the finished `app` anew in an empty folder; `check` leaves no file in it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(ROOT)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    # The other tests' tables and modules stay out of the way.
    tables = registry()
    monkeypatch.setattr(SQLModel, "_sa_registry", tables)
    monkeypatch.setattr(SQLModel, "metadata", tables.metadata)
    monkeypatch.setattr(fresh, "_imported", {})
    others = fresh.app_modules()
    fresh.forget_app()
    yield
    fresh.forget_app()
    sys.modules.update(others)
    assert list(tmp_path.iterdir()) == []


def run(cell: str) -> dict[str, object]:
    """Run a learner's cell, and return its names."""
    names: dict[str, object] = {"__name__": "__main__"}
    exec(IMPORTS + cell, names)
    return names


def fill(exercise: str, gaps: tuple[str, ...]) -> str:
    """Return the exercise's cell with what a learner wrote into its gaps."""
    cell = CELLS[exercise].format(*gaps)
    if len(gaps) > 3:  # what comes after the `try`
        cell += f"    return {gaps[3]}\n"
    return cell


def judge(exercise: str, cell: str, capsys: pytest.CaptureFixture) -> str:
    """Run a cell and the check of its exercise, and return what the check prints."""
    names = run(cell)
    check(exercise, *(names[name] for name in ANSWERS[exercise]))
    printed = capsys.readouterr()
    assert printed.err == ""
    assert printed.out.count("\n") == 1
    return printed.out.rstrip("\n")


def test_every_exercise_is_tested() -> None:
    """Each exercise has a blank, a right, another right, and a wrong answer in this file."""
    alternatives = {exercise for exercise, *_ in ALSO_RIGHT}
    mistakes = {exercise for exercise, *_ in WRONG}
    assert set(EXERCISES) == set(BLANK) == set(RIGHT) == alternatives == mistakes


@pytest.mark.parametrize("exercise", BLANK)
def test_blank(exercise: str, capsys: pytest.CaptureFixture) -> None:
    """What the notebook gives is "not tried yet", which is no mistake."""
    assert judge(exercise, BLANK[exercise], capsys).startswith("○ Not tried yet.")


@pytest.mark.parametrize("exercise", RIGHT)
def test_right(exercise: str, capsys: pytest.CaptureFixture) -> None:
    """The notebook's own answer is right."""
    assert judge(exercise, fill(exercise, RIGHT[exercise]), capsys) == "✓ Right."


@pytest.mark.parametrize(("exercise", "gaps"), ALSO_RIGHT)
def test_right_in_another_way(
    exercise: str, gaps: tuple[str, ...], capsys: pytest.CaptureFixture
) -> None:
    """An answer that does the same is right, however it is written."""
    assert judge(exercise, fill(exercise, gaps), capsys) == "✓ Right."


@pytest.mark.parametrize(("exercise", "cell"), ALSO_RIGHT_CELLS)
def test_right_with_another_cell(exercise: str, cell: str, capsys: pytest.CaptureFixture) -> None:
    """An answer may leave the form that the notebook gives."""
    assert judge(exercise, cell, capsys) == "✓ Right."


@pytest.mark.parametrize(("exercise", "gaps", "words"), WRONG)
def test_wrong(
    exercise: str, gaps: tuple[str, ...], words: str, capsys: pytest.CaptureFixture
) -> None:
    """A mistake is found, and the message says which one it is."""
    said = judge(exercise, fill(exercise, gaps), capsys)
    assert said.startswith("✗ Not quite: ")
    assert words in said


@pytest.mark.parametrize(("exercise", "cell", "words"), WRONG_CELLS)
def test_wrong_cell(exercise: str, cell: str, words: str, capsys: pytest.CaptureFixture) -> None:
    """A wrong path, a wrong base or a wrong signature counts as tried, and is named."""
    said = judge(exercise, cell, capsys)
    assert said.startswith("✗ Not quite: ")
    assert words in said


def test_task_of_a_forgotten_app(capsys: pytest.CaptureFixture) -> None:
    """After a change of app/models.py, an answer that still holds the old Task is right."""
    names = run(fill("to_task", RIGHT["to_task"]))
    fresh.forget_app()
    check("to_task", names["to_task"])
    assert capsys.readouterr().out == "✓ Right.\n"


@pytest.mark.parametrize("exercise", RIGHT)
def test_in_a_running_event_loop(exercise: str, capsys: pytest.CaptureFixture) -> None:
    """`check` works in a notebook, whose thread runs an event loop."""

    async def main() -> str:
        return judge(exercise, fill(exercise, RIGHT[exercise]), capsys)

    assert asyncio.run(main()) == "✓ Right."


def test_app_in_a_running_event_loop(capsys: pytest.CaptureFixture) -> None:
    """In a running event loop, an endpoint that raises is reported with its own error."""
    practice = run(fill("hello", (LIMITED, "raise OSError('the disk is full')")))["practice"]

    async def main() -> None:
        check("hello", practice)

    asyncio.run(main())
    printed = capsys.readouterr()
    assert printed.out == "✗ Not quite: your code stops with OSError: the disk is full\n"
    assert printed.err == ""


@pytest.mark.parametrize("exercise", ["no_twins", "search"])
@pytest.mark.parametrize("right", [True, False])
def test_the_app_keeps_its_own_session(
    exercise: str, right: bool, capsys: pytest.CaptureFixture
) -> None:
    """`check` gives an app another database only while it asks; the app's own is not touched."""
    names = run(fill(exercise, RIGHT[exercise] if right else (RIGHT[exercise][0], "1 / 0")))
    app, get_session = (names[name] for name in ANSWERS[exercise])
    check(exercise, app, get_session)
    assert capsys.readouterr().out.startswith("✓" if right else "✗")
    assert app.dependency_overrides == {}


@pytest.mark.parametrize(
    ("error", "said"),
    [
        ("ZeroDivisionError('by zero')", "ZeroDivisionError: by zero"),
        ("LookupError('first\\nsecond')", "LookupError: first"),
        ("RuntimeError", "RuntimeError"),
    ],
)
@pytest.mark.parametrize("exercise", ["count_tasks", "three_requests", "done_column"])
def test_answer_that_raises(
    exercise: str, error: str, said: str, capsys: pytest.CaptureFixture
) -> None:
    """An error in the answer is told in one line, not as a traceback."""
    cell = fill(exercise, (f"raise {error}",))
    assert judge(exercise, cell, capsys) == f"✗ Not quite: your code stops with {said}"


@pytest.mark.parametrize(
    ("exercise", "words"),
    [
        ("reminders", "Did you mean one of these: reminder?"),
        ("rename-all", "Did you mean one of these: rename_all?"),
        ("xyz", f"one of these: {', '.join(EXERCISES)}?"),
        (None, "one of these: reminder, "),
        (["reminder"], "one of these: reminder"),
    ],
)
def test_unknown_exercise(exercise: object, words: str) -> None:
    """For a name that no exercise has, there is one sentence on it, and one on what to do."""
    with pytest.raises(Problem) as raised:
        check(exercise, None)
    assert raised.value.what == f"There is no exercise {exercise!r}."
    assert words in raised.value.todo


def test_wrong_number_of_answers() -> None:
    """A forgotten answer is the call's mistake, so it is not said to be the learner's code's."""
    with pytest.raises(Problem) as raised:
        check("tag_table", None)
    assert raised.value.what == "The exercise 'tag_table' takes 2 of your names, not 1."
    assert "first 'tag_table', then what you wrote" in raised.value.todo


@pytest.fixture(scope="module")
def old_objects_aside() -> Iterator[None]:
    """Keep what is there already from the garbage collector: that saves most of its time."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.mark.usefixtures("old_objects_aside")
@pytest.mark.parametrize(
    ("exercise", "cell"),
    [
        *((exercise, BLANK[exercise]) for exercise in BLANK),
        *((exercise, fill(exercise, gaps)) for exercise, gaps in RIGHT.items()),
        ("hello", fill("hello", (LIMITED, "raise ValueError"))),
        ("count_tasks", fill("count_tasks", ("session.exec(select(Task)); raise ValueError",))),
        ("page_by_name", fill("page_by_name", ("select(Task).where(NAME > [])",))),
        ("tag_table", fill("tag_table", (CREATE, "raise ValueError"))),
        ("done_column", fill("done_column", ("raise ValueError",))),
        ("is_healthy", fill("is_healthy", ("raise ValueError", NO_ANSWER, "pass"))),
        ("rename_all", fill("rename_all", ("rename(); session.flush(); raise ValueError",))),
        ("no_twins", fill("no_twins", ("TaskCreate", "raise ValueError"))),
        ("no_twins", fill("no_twins", ("TaskCreate", f"session.exec(same); {STORE}"))),
        ("unique_names", fill("unique_names", (ADD_RULE, "pass"))),
        ("search", fill("search", (LIMIT, "1 / 0"))),
        ("split_names", fill("split_names", (PRIORITY, "raise ValueError"))),
        ("patch_test", fill("patch_test", ("raise ValueError",))),
        ("p99", fill("p99", ("raise ValueError",))),
    ],
)
def test_nothing_is_left_behind(exercise: str, cell: str, capsys: pytest.CaptureFixture) -> None:
    """Whatever the answer does, no thread, no open database and no file stays."""
    before = set(threading.enumerate())
    gc.collect()  # what other tests have left is not meant
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ResourceWarning)
        judge(exercise, cell, capsys)
        gc.collect()
    assert [str(one.message) for one in caught if one.category is ResourceWarning] == []
    assert left_behind(before) == set()
    assert list(Path().iterdir()) == []
