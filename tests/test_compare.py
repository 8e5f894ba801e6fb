"""What of a learner's file or database counts as the course's, with more in it."""

import dataclasses

import pytest

from tutorial import course, ends
from tutorial.compare import (
    SIGNS,
    has_all_of,
    has_revision,
    has_tables,
    left_of,
    missing_rows,
    own_work,
    short_diff,
)
from tutorial.state import State

LAST = ends.stored_ends().state(course.in_order()[-1])  # what ships
MAIN = '''\
"""The endpoints."""

import math
from fastapi import FastAPI
from app.models import Task, TaskCreate

app = FastAPI()


@app.get("/ping")
def ping() -> dict[str, str]:
    """Answer."""
    return {"ping": "pong!"}


class Base(Model):
    name: str = Field(max_length=100)
'''

ADDED = {
    "the same": ("", ""),
    "a function at the end": ("    name: str", "    name: str"),
    "another docstring": ('"""Answer."""', '"""Say that all is well."""'),
    "no docstring": ('    """Answer."""\n', ""),
    "a comment": ("app = ", "# my app\napp = "),
    "one name more from a module": ("import Task,", "import Tag, Task,"),
    "names in another order": ("Task, TaskCreate", "TaskCreate, Task"),
    "a module more": ("import math", "import json, math"),
    "an import more": ("from fastapi", "import json\nfrom fastapi"),
    "a line in a function": ("    return", "    print('asked')\n    return"),
    "a refusal in a function": ("    return", "    if closed:\n        raise Closed\n    return"),
    "a field in a class": ("    name: str", "    colour: str = 'red'\n    name: str"),
    "a field at the end": ("max_length=100)", "max_length=100)\n    done: bool = False"),
    "other quotes": ('"/ping"', "'/ping'"),
    "a long line on two": ('("/ping")', '(\n    "/ping"\n)'),
}
CHANGED = {
    "a path": ("/ping", "/pong"),
    "a limit": ("100", "10"),
    "an answer": ("pong!", "pong?"),
    "no decorator": ('@app.get("/ping")\n', ""),
    "another decorator": ("app.get", "app.post"),
    "async": ("def ping", "async def ping"),
    "a parameter": ("ping()", "ping(name: str)"),
    "another base": ("Base(Model)", "Base(Table)"),
    "an import less": ("Task, ", ""),
    "from another module": ("app.models", "app.tables"),
    "a return before the return": ("    return", "    return {}\n    return"),
    "nothing in the function": ("    return", "    pass  # return"),
    "a class less": ("class Base(Model):\n", "if base:\n"),
    "a syntax error": ("app = ", "app == = "),
    "a null byte": ("app = ", "\0app = "),
}


@pytest.mark.parametrize(("old", "new"), ADDED.values(), ids=ADDED)
def test_additions(old: str, new: str) -> None:
    """What is more, or only written in another way, does no harm."""
    assert old in MAIN
    own = MAIN.replace(old, new, 1) + "\n\ndef more() -> None: ...\n"
    assert has_all_of("app/main.py", own, MAIN)


@pytest.mark.parametrize(("old", "new"), CHANGED.values(), ids=CHANGED)
def test_changes(old: str, new: str) -> None:
    """What does something else than the course's is not the course's."""
    assert old in MAIN
    assert not has_all_of("app/main.py", MAIN.replace(old, new, 1), MAIN)


def test_what_an_old_text_has_left() -> None:
    """A statement that was taken away counts in its place only; an import, name by name."""
    old = "from a import b, c\n\n\ndef f():\n    x = 1\n    y = 2\n\n\ndef g():\n    x = 1\n"
    new = "from a import b\n\n\ndef f():\n    y = 2\n\n\ndef g():\n    x = 1\n"
    assert not left_of("a.py", old, new, new)
    assert not left_of("a.py", old, f"import c\n{new}    y = 2\n\n\ndef h():\n    x = 1\n", new)
    assert left_of("a.py", old, new.replace("import b", "import b, c"), new)
    assert left_of("a.py", old, new.replace("    y = 2", "    x = 1\n    y = 2"), new)
    other = new.replace("def f():", "def f(z):")
    assert not left_of("a.py", old, other, other)
    assert left_of("a.py", old, other.replace("    y = 2", "    x = 1\n    y = 2"), other)
    assert not left_of("a.py", f'"""Old."""\n{old}', f'"""Old."""\n{new}', new)
    assert not left_of("a.py", old, f"{new}y = (\n", new)
    assert not left_of("a.ini", "a\n\nb\n", "a\n\nmine\n", "a\n")
    assert left_of("a.ini", "a\nb\n", "a\nb\nmine\n", "a\n")
    assert not left_of("a.ini", "a\nb\n", "a\nmine\n", "a\n")


def test_an_order_that_matters() -> None:
    """A statement must come where it comes in the course's file."""
    assert not has_all_of("a.py", "b = a\na = 1\n", "a = 1\nb = a\n")


@pytest.mark.parametrize("end", ["break", "continue", "return", "raise", "import json"])
def test_a_statement_that_ends_a_block(end: str) -> None:
    """What follows it never runs."""
    loop = "def f():\n    for one in all:\n        {}\n        keep(one)\n"
    runs = end == "import json"
    assert has_all_of("a.py", loop.format(end), loop.format("")) == runs


def test_another_file_is_compared_by_its_lines() -> None:
    """Lines more do no harm; a line that is missing, or in another place, does."""
    theirs = "[alembic]\nurl = x\n\n[log]\n"
    assert has_all_of("alembic.ini", "[alembic]\n# mine\nurl = x\n[log]\nlevel = 1\n", theirs)
    assert not has_all_of("alembic.ini", "[alembic]\n[log]\nurl = x\n", theirs)
    assert not has_all_of("alembic.ini", "[alembic]\nurl = y\n[log]\n", theirs)


@pytest.mark.parametrize("number", course.numbers())
def test_the_files_of_the_course(number: int) -> None:
    """Each is itself, with additions too, and no later one passes for an earlier one by chance."""
    for path, text in ends.stored_ends().files(number).items():
        assert has_all_of(path, text, text)
        assert has_all_of(path, text + "\nmine = 1\n", text)
        assert not has_all_of(path, "mine = 1\n", text) or not text.strip() or "def" not in text


def with_schema(**schema: str) -> State:
    """Return the last state with another schema."""
    return dataclasses.replace(LAST, schema=schema)


WANTED = with_schema(
    task="CREATE TABLE task (\n\tname VARCHAR(10) NOT NULL, \n\tPRIMARY KEY (id)\n)"
)
TABLES = {
    "CREATE TABLE task (name VARCHAR(10) NOT NULL, PRIMARY KEY (id))": True,
    'CREATE TABLE "task" (name VARCHAR(10) NOT NULL, done BOOLEAN, PRIMARY KEY (id))': True,
    "CREATE TABLE task (name VARCHAR(10) NOT NULL, price DECIMAL(10, 2), PRIMARY KEY (id))": True,
    "CREATE TABLE task (name VARCHAR(10), PRIMARY KEY (id))": False,
    "CREATE TABLE task (name VARCHAR(100) NOT NULL, PRIMARY KEY (id))": False,
    "CREATE TABLE task (name VARCHAR(10) NOT NULL)": False,
}


@pytest.mark.parametrize(("sql", "good"), TABLES.items())
def test_tables(sql: str, good: bool) -> None:
    """Columns and rules more do no harm; each of the course's must be there as it is."""
    assert has_tables(with_schema(task=sql), WANTED) is good
    assert has_tables(with_schema(task=sql, tag="CREATE TABLE tag (id)"), WANTED) is good
    assert not has_tables(with_schema(tasks=sql), WANTED)


def test_a_type_with_a_comma() -> None:
    """It is one part: another type does not make it up."""
    own = "CREATE TABLE a (b DECIMAL(10, 4), c DECIMAL(5, 2))"
    assert not has_tables(with_schema(a=own), with_schema(a="CREATE TABLE a (b DECIMAL(10, 2))"))


@pytest.mark.parametrize(
    ("at", "after", "good"),
    [
        ("0002", None, True),
        ("0003", "0002", True),
        ("0003", "0001", False),
        ("0003", None, False),
        ("0001", None, False),
        (None, None, False),
        ("0003", "0003", False),
    ],
)
def test_revisions(at: str | None, after: str | None, good: bool) -> None:
    """A revision of the learner's own counts if it follows the course's."""
    files = dict(LAST.files)
    if after:
        files["alembic/versions/x.py"] = f"revision: str = '{at}'\ndown_revision = \"{after}\"\n"
    own = dataclasses.replace(LAST, files=files, revision=at)
    assert has_revision(own, dataclasses.replace(LAST, revision="0002")) is good


def test_rows() -> None:
    """Rows are found by what they hold, whatever their ids, and with columns more or less."""
    own = [{"id": 7, "name": "a", "done": 0}, {"id": 8, "name": "b", "done": 0}]
    wanted = [{"id": 1, "name": "a", "text": None}, {"id": 2, "name": "c", "text": None}]
    assert missing_rows(wanted, State(rows=own)) == [wanted[1]]


def test_short_diff() -> None:
    """A few lines with - and +; the rest is counted."""
    assert short_diff("a\nb\nc\n", "a\nx\nc\n") == ["-b", "+x"]
    assert len(short_diff("", "a\n" * 12)) == 12  # nothing is left to be counted
    many = "".join(f"{number}\n" for number in range(40))
    shown = short_diff("", many)
    assert len(shown) == 13
    assert shown[-1] == "… and 28 lines more"


def test_own_work() -> None:
    """Only what no step of the course writes: files first, then tables and rows."""
    assert list(own_work(LAST)) == []
    row = {"id": 70, "task_name": "mine"}
    rows = "database.db: {} that you added or changed"
    own = dataclasses.replace(LAST, rows=[*LAST.rows, row])
    assert list(own_work(own)) == [rows.format("1 row")]
    files = LAST.files | {"app/db.py": LAST.files["app/db.py"] + "mine = True\n"}
    schema = LAST.schema | {"tag": "CREATE TABLE tag (id)", "task": "CREATE TABLE task (id)"}
    own = State(files, schema, LAST.revision, [*LAST.rows, row, row | {"id": 71}])
    told = [SIGNS, "app/db.py:", "  +mine = True", "database.db: task, tag", rows.format("2 rows")]
    assert sorted(own_work(own)) == sorted(told) and next(own_work(own)) == SIGNS
