"""Tests the hints: what a library really says of a beginner's mistake is told in plain words."""

import asyncio

import httpx
import pytest
from fastapi.exceptions import ResponseValidationError
from helpers import write
from IPython.core.interactiveshell import InteractiveShell
from sqlmodel import SQLModel
from test_explain import shell as shell  # the fixture

from tutorial.explain import explain
from tutorial.hints import hint, syntax_hint

MODEL = "from sqlmodel import Field, Session, SQLModel, create_engine, select\n"
APP = (
    "from typing import Annotated\nfrom fastapi import Depends, FastAPI, HTTPException\n"
    "from sqlmodel import Session\nimport httpx\n"
    "app = FastAPI()\ndef get_session():\n    yield 1\n"
)
CALL = (
    "\ntransport = httpx.ASGITransport(app)\n"
    "async with httpx.AsyncClient(transport=transport, base_url='http://x') as client:\n"
    "    await client.get('/')"
)
ROW = f"{MODEL}class Row(SQLModel, table=True):\n    id: int = Field(primary_key=True)\n"
# What is written -> a part of what is told.
MISTAKES = {
    # Depends left out, or written in another way
    f"{APP}@app.get('/')\ndef f(session: Session): ...": "`Annotated[Session, Depends(",
    f"{APP}@app.get('/')\ndef f(session: Annotated[Session, get_session]): ...": "`SessionDep`",
    f"{APP}@app.get('/')\ndef f() -> Session: ...": "behind `->` stands no session",
    f"{APP}@app.get('/')\ndef f(session: Session | None = None): ...": "`SessionDep`",
    f"{APP}@app.get('/')\ndef f(x: HTTPException): ...": "can't read the type of an argument",
    f"{APP}@app.get('/')\ndef f(s: Annotated[Session, Depends(get_session())]): ...": (
        "write `Depends(get_session)`, without `()`"
    ),
    f"{APP}@app.get('/')\ndef f(session: Depends(get_session)): ...": "The type comes first",
    "from typing import Annotated\nAnnotated(str, 3)": "square brackets behind `Annotated`",
    # What an endpoint gives
    f"{APP}@app.get('/')\ndef f() -> str: ...{CALL}": "is its `return` there?",
    f"{APP}@app.get('/')\ndef f() -> str: return 3{CALL}": "does not fit the",
    "raise 404": "such as `HTTPException(404)`",
    f"{APP}@app.get('/')\ndef f(): raise HTTPException('x', 3){CALL}": (
        "the status is a number, and comes first"
    ),
    # The lifespan
    "from contextlib import asynccontextmanager as a\n@a\nasync def f(): ...\n"
    "async with f(): ...": "needs a `yield`",
    "async def f():\n    yield\nasync with f(): ...": "Is the line `@asynccontextmanager` missing",
    "from tutorial import sql_log\nwith sql_log:\n    pass": "write `()` behind its name",
    # Models
    f"{MODEL}class M(SQLModel):\n    text = Field(max_length=5)": "as in `text: str`",
    f"{MODEL}class M(SQLModel):\n    done = False": "as in `done: str` or `done: int = 5`",
    f"{MODEL}class M(SQLModel):\n    table = True\n    id: int": "in the brackets of the class",
    f"{MODEL}class M(SQLModel):\n    done: bool == False": "behind one `=`",
    f"{MODEL}class M(SQLModel):\n    minutes: 10": "A value stands where the type",
    f"{MODEL}class M(SQLModel):\n    text: str = Field(max_length='5')": "a number has no quotes",
    # Tables
    f"{MODEL}class M(SQLModel, table=True):\n    id: int": "A table needs a primary key",
    f"{MODEL}class M(SQLModel, table=True):\n    id: int = Field(primary_key=True),": "no comma",
    f"{ROW}    tags: list": "no column for the type `list`",
    f"{ROW}    tags: dict": "no column for the type `dict`",
    f"{ROW}    tags: dict[str, str]": "`float` or `bool`.",
    f"{ROW}class M(SQLModel, table=True):\n    id: int = Field(primary_key=True)\n    row: Row": (
        "`float` or `bool`. For rows of another table, notebook 12 has `Relationship(…)`"
    ),
    f"{MODEL}class M(SQLModel):\n    id: int\nM.__table__": "does `table=True` stand in",
    f"{ROW}class M(Row):\n    pass\nM(id=1)": "A class builds on one with `table=True`",
    f"{ROW}with Session(create_engine('sqlite://')) as s:\n    s.refresh(Row(id=1))": (
        "`refresh` reads a row that is stored"
    ),
    f"{MODEL}with Session(create_engine('sqlite://')) as s:\n    s.add({{}})": "`dict` is none",
    f"{ROW}with Session(create_engine('sqlite://')) as s:\n    s.add([Row(id=1)])": "add_all(…)",
    f"{ROW}with Session(create_engine('sqlite://')) as s:\n    s.add(Row)": "as with `Row(…)`",
    f"{MODEL}async def get(): ...\nfound = get()\ntry:\n    Session().delete(found)\n"
    "finally:\n    found.close()": "An `await` is missing",
    f"{ROW}with Session(create_engine('sqlite://')) as s:\n    s.delete(select(Row))": (
        "is not a row yet: take one with `session.get("
    ),
    f"{MODEL}Session().delete(7)": "An id, a query or a result is not a row yet",
    f"{ROW}class M(Row, table=True):\n    text: str\nM(id=1)": "A class builds on one with",
    # httpx
    f"{MODEL}import httpx\nhttpx.post('http://x', json=SQLModel())": "and no `SQLModel`",
    "import httpx\nhttpx.get('/ping')": "An address begins with `http://`",
}


def without_tables() -> None:
    SQLModel.metadata.clear()
    SQLModel._sa_registry.dispose()


@pytest.mark.parametrize("mistake", MISTAKES)
def test_what_a_library_says_is_told_in_plain_words(
    mistake: str, shell: InteractiveShell, capsys: pytest.CaptureFixture[str]
) -> None:
    """In a cell it stands below the error; of a file that can't be imported, it is said first."""
    without_tables()
    error = shell.run_cell(mistake).error_in_exec
    shown = capsys.readouterr().out
    assert MISTAKES[mistake] in hint(error), error
    assert f"→ {hint(error)}" in shown
    assert len(shown.splitlines()) < 45  # a hundred and more, with the places in libraries
    assert not getattr(error, "__notes__", [])
    without_tables()
    write("app/wrong.py", mistake)
    problem = explain(shell.run_cell("import app.wrong").error_in_exec)
    if problem is not None and problem.key == "import-stops":
        assert problem.todo.startswith(hint(error))
        assert len(problem.what) < 420
    without_tables()


# What has another cause than a mistake that is told with the same words.
OTHER_CAUSES = [
    f"{APP}class LoginSession: ...\n@app.get('/')\ndef f(x: LoginSession): ...",
    "import inspect\ninspect.signature((one for one in 'a'))",
    "from sqlalchemy import make_url\nmake_url('sqlite://host:port/database.db')",
    "from configparser import ConfigParser\nfile = ConfigParser()\n"
    "file.read_string('[a]\\nb = x')\nfile.getint('a', 'b')",
    "from pydantic import BaseModel, Field\n"
    "class M(BaseModel):\n    text: str = Field(pattern='[')",
    f"{MODEL}class M(SQLModel):\n    text: str = Field(max_length=-1)",
    "class SchemaError(Exception): ...\nraise SchemaError('as of other libraries')",
    "class UnsupportedProtocol(Exception): ...\nraise UnsupportedProtocol('of a device')",
    "from sqlalchemy.orm import DeclarativeBase, Mapped\nclass Base(DeclarativeBase): ...\n"
    "class M(Base):\n    __tablename__ = 'm'\n    a: Mapped[int]",
]


@pytest.mark.parametrize("cell", OTHER_CAUSES)
def test_other_errors_get_no_hint(cell: str) -> None:
    """Other libraries name their errors so, too, and these libraries have more than one reason."""
    without_tables()
    with pytest.raises(Exception) as error:
        exec(cell, {"__name__": "__main__"})
    told = hint(error.value)
    assert told == "" or ("LoginSession" in cell and "can't read the type" in told)


def test_a_none_in_an_answer_is_no_missing_return() -> None:
    """Only what the endpoint itself returns counts."""
    cell, names = f"{APP}@app.get('/')\ndef f() -> list[int]: return [1, None]", {}
    exec(cell, names)

    async def ask() -> None:
        transport = httpx.ASGITransport(names["app"])
        async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
            await client.get("/")

    with pytest.raises(ResponseValidationError) as error:
        asyncio.run(ask())
    assert hint(error.value).startswith("What the endpoint returns does not fit")


UNREADABLE = {
    "x = \u201ca\u201d": "Python's quotes are straight",
    "def f():\n    return await g()": "Sync code leaves it out",
    "alembic upgrade head": "below a first line `%%terminal`",
    "$ python hello.py": "below a first line `%%terminal`",
    "async ping():\n    pass": "Write `async def` before",
    "def async ping():\n    pass": "in this order",
    "class Task:\n    from: str": "`from` is a word of Python's own",
    "Class Task:\n    pass": "Is `Class` meant as the word `class`",
    "If (3):\n    pass": "Is `If` meant as the word `if`",
    "task = {\n    from: 3,\n}": "A key of a dict stands in quotes",
    "curl -s http://127.0.0.1:8000/ping": "below a first line `%%terminal`",
}


@pytest.mark.parametrize("mistake", UNREADABLE)
def test_a_line_that_python_can_not_read(
    mistake: str, shell: InteractiveShell, capsys: pytest.CaptureFixture[str]
) -> None:
    """The message quotes the line of a file, and says what helps, where Python does not."""
    write("app/wrong.py", mistake)
    error = shell.run_cell("import app.wrong").error_in_exec
    problem = explain(error)
    assert problem.key == "syntax-error"
    assert UNREADABLE[mistake] in problem.todo
    assert "await" in mistake or "in the line `" in problem.what
    capsys.readouterr()
    shell.run_cell(mistake)
    # IPython does not let anybody else show an `await` in a cell.
    assert "await" in mistake or f"→ {syntax_hint(error)}" in capsys.readouterr().out


OTHER_LINES = [
    *("x = (1 2)", "else: 3 4", "lambda: 3 4", "print 'x'", "Task x = 3", "python = 3 4"),
    *("except: 3 4", "elif: 3", "if: 3", "while: 3", "with: 3", "match: 3 4", "else if x: 3"),
    *("python - 3 4", "pip in 3 4", "[\n    cd for cd in 3 4\n]", "git.x 3"),
    'x = f"""\ngit status {3 4}\n"""',
    *("Class = [1 2]", "In = 3 4", "In, Or = 3 4", "In[3] 4", "async lambda: 3", "async x in y"),
]


@pytest.mark.parametrize("line", OTHER_LINES)
def test_other_lines_get_no_hint(line: str) -> None:
    """A hint that does not fit would lead astray."""
    with pytest.raises(SyntaxError) as error:
        compile(line, "cell", "exec")
    assert syntax_hint(error.value) == ""


MISSPELT = {
    "fininsh(5)": "Did you mean `finish`?",
    "done: bool = false": "Did you mean `False`?",
    "x: Bool = 1": "Did you mean `bool`?",
    "def f(session): sesion\nf(1)": "Did you mean `session`?",
    "'a'.uper()": "Did you mean `upper`?",
    "import app\napp.__fil__": "Did you mean `__file__`?",
    "text('SELECT 1')": "",  # Python says: next
    "count(1)": "",
    "'a'.name": "",
    "Task(1)": "",  # Python says: ask, which the line above imports
    "tuple_(1)": "",  # a name of sqlmodel
    "'a'.__table__": "",  # not __le__
}


@pytest.mark.parametrize("mistake", MISSPELT)
def test_a_name_that_was_meant_is_told(mistake: str, shell: InteractiveShell) -> None:
    """Only if it is very near: a wrong name sends one the wrong way."""
    result = shell.run_cell(f"from tutorial import *\n{mistake}")
    error = result.error_in_exec
    assert hint(error) == MISSPELT[mistake]
    if (problem := explain(error)) is not None:
        assert problem.todo.startswith(MISSPELT[mistake])
