"""Tests `check`: it tells untried, wrong and right answers apart, and says what is wrong."""

import asyncio
import gc
import sys
import threading
import time
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.orm import registry
from sqlmodel import SQLModel

from tutorial import check, fresh
from tutorial.exercises import EXERCISES

ROOT = Path(__file__).parent.parent

# What the notebooks have imported when their exercise comes.
IMPORTS = """
from typing import Annotated

import httpx
import sqlalchemy as sa
from fastapi import APIRouter, FastAPI, HTTPException, Path
from fastapi.responses import PlainTextResponse
from pydantic import AfterValidator, BaseModel, conint, constr, field_validator
from sqlalchemy import and_, or_, text, tuple_
from sqlmodel import Field, Session, SQLModel, col, func, select

from app.models import Task, TaskBase, TaskCreate
"""

# Which names of the learner's cell each notebook hands to `check`.
ANSWERS = {
    "reminder": ["Reminder"],
    "to_task": ["to_task"],
    "count_tasks": ["count_tasks"],
    "hello": ["practice"],
    "three_requests": ["three_requests"],
    "tag_table": ["upgrade", "downgrade"],
    "done_field": ["TaskWithDone"],
    "page_by_name": ["page_by_name"],
    "done_column": ["upgrade"],
    "is_healthy": ["is_healthy"],
}

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
    "hello": """
practice = FastAPI()

@practice.get("/hello/{{name}}")
def hello(name: {0}):
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
    "done_field": """
class TaskWithDone(TaskBase):
    {0}
""",
    "page_by_name": """
def page_by_name(name, id_, limit):
    NAME, ID = col(Task.task_name), col(Task.id)
    return {0}
""",
    "done_column": """
def upgrade(op):
    {0}
""",
    "is_healthy": """
def is_healthy(client):
    try:
        {0}
    except {1}:
        {2}
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
]

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
    ("to_task", ("pass",), "accepts an empty name"),
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
    ("to_task", ("return Task.model_validate_json(body)",), "refuses a name of 100 characters"),
    (
        "to_task",
        ('Task.model_validate(body)\n    return Task(task_name="other")',),
        "the task's name became 'other'",
    ),
    ("count_tasks", ("return 0",), "with 2 rows in the table, it gives 0"),
    ("count_tasks", ("return 2",), "with 0 rows in the table, it gives 2"),
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
    ("hello", (LIMITED, "return {'hello': nobody}"), "your code stops with NameError"),
    ("hello", ("str", f"assert len(name) <= 20\n    {GREET}"), "stops with AssertionError"),
    ("three_requests", ('return [post(task_name="x"), post()]',), "sends no GET to /ping"),
    ("three_requests", ("return [ping(), post()]",), "sends 1 POST requests to /task/, not 2"),
    ("three_requests", ("return [ping(), ping(), post(), post()]",), "sends 4 requests, not 3"),
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
    ("tag_table", (CREATE, "pass"), "after the downgrade the table is still there"),
    ("tag_table", (CREATE, 'op.drop_table("task")'), "the table is still there"),
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
    ("done_column", (ADD.format("sa.true()"),), "the old rows are not undone"),
    ("done_column", (ADD.format("'false'"),), "the old rows are not undone"),
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
    ("is_healthy", ("return True", NO_ANSWER, "pass"), "answers 500, it gives True"),
    ("is_healthy", ("return False", NO_ANSWER, "pass"), "200 to GET /ping, it gives False"),
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
]

# Whole cells, for mistakes that are not in the gaps of the cells above.
WRONG_CELLS = [
    ("hello", "practice = FastAPI()\n@practice.get('/hi/{name}')\ndef f(name): ...", "answers 404"),
    ("hello", "practice = FastAPI()\n@practice.post('/hello/{name}')\ndef f(name): ...", "405"),
    ("hello", "practice = FastAPI()\n@practice.get('/hello/{nam}')\ndef f(name): ...", "422"),
    ("done_field", "class TaskWithDone(SQLModel):\n    done: bool = False", "build on TaskBase"),
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


def left_behind(before: set[threading.Thread]) -> set[threading.Thread]:
    """Return the threads that are new since `before`; those that are just ending have a second."""
    deadline = time.monotonic() + 1
    while (new := set(threading.enumerate()) - before) and time.monotonic() < deadline:
        time.sleep(0.01)
    return new


def test_every_exercise_is_tested() -> None:
    """Each exercise has a blank, a right, another right, and a wrong answer in this file."""
    alternatives = {exercise for exercise, *_ in ALSO_RIGHT}
    mistakes = {exercise for exercise, *_ in WRONG}
    assert set(EXERCISES) == set(BLANK) == set(RIGHT) == alternatives == mistakes


@pytest.mark.parametrize("exercise", BLANK)
def test_blank(exercise: str, capsys: pytest.CaptureFixture) -> None:
    """What the notebook gives is "not tried yet", which is no mistake."""
    assert judge(exercise, BLANK[exercise], capsys).startswith("○ Not tried yet.")


def test_a_list_without_requests_is_not_tried(capsys: pytest.CaptureFixture) -> None:
    """Writing the expected list down, without a request, counts as not tried."""
    cell = fill("three_requests", ("return [200, 201, 422]",))
    assert judge("three_requests", cell, capsys).startswith("○ Not tried yet.")


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


def test_unknown_exercise() -> None:
    """A name that no exercise has raises KeyError."""
    with pytest.raises(KeyError, match="no_such_exercise"):
        check("no_such_exercise", None)


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
