"""What to do about an error of a library whose own words lead a beginner astray, wherever it is."""

import builtins
import keyword
import re
import traceback
from collections.abc import Sequence
from difflib import get_close_matches

# A regular expression for what `hint` makes of an error, and what to do; \1 is its first group.
Table = Sequence[tuple[str, str]]
HINTS: Table = (
    # FastAPI
    (
        r"^fastapi\.FastAPIError: Invalid args .*?\bsql(?:model|alchemy)\.[\w.]*\b(\w*Session)\b",
        r"FastAPI can't make a session of a request: as the type of the argument write "
        r"`SessionDep`, that is, `Annotated[\1, Depends(get_session)]`. And behind `->` stands no "
        r"session.",
    ),
    (
        r"^fastapi\.FastAPIError: Invalid args for ",
        "FastAPI can't read the type of an argument, or the one behind `->`: write a type such as "
        "`str`, or a model. A `Path(…)` or `Depends(…)` stands behind the type, inside of "
        "`Annotated[…]`.",
    ),
    (
        r"^TypeError: <(?:async_)?generator object (\w+) at \w+> is not a call.*\n.* fastapi\b",
        r"FastAPI calls the function itself: write `Depends(\1)`, without `()` behind its name.",
    ),
    (
        r"^AttributeError: 'Depends' object has no attribute '__qualname__'",
        "The type comes first, and `Depends(…)` behind it: `Annotated[Session, Depends(…)]`.",
    ),
    (
        # As Python 3.13 says it, and as 3.11 does.
        r"^TypeError: (?:Cannot instantiate typing\.Annotated|Type Annotated cannot be instant)",
        "Write square brackets behind `Annotated`: `Annotated[str, …]`.",
    ),
    (
        r"^fastapi\.ResponseValidationError: .*\n  \{'type': '\w+', 'loc': \('response',\), .*"
        r"'input': None",
        "The endpoint has returned None, and the type behind `->` wants more: is its `return` "
        "there?",
    ),
    (
        r"^fastapi\.ResponseValidationError: ",
        "What the endpoint returns does not fit the type behind `->`, or its `response_model`.",
    ),
    (
        r"^TypeError: exceptions must derive from BaseException",
        "`raise` wants an exception behind it, such as `HTTPException(404)`.",
    ),
    (
        r"^ValueError: invalid literal for int\(\) with base 10: .*\n(?:fastapi|starlette)\b",
        "If it is an `HTTPException`: the status is a number, and comes first, as in "
        '`HTTPException(409, "There is one.")`.',
    ),
    (
        r"^TypeError: 'coroutine' object is not an async iterator\ncontextlib",
        "A function below `@asynccontextmanager` needs a `yield`.",
    ),
    (
        r"^TypeError: 'async_generator' object does not support the asynchronous context manager",
        "Is the line `@asynccontextmanager` missing above the function? To have a session in a "
        "cell, write `async with AsyncSession(engine) as session:`.",
    ),
    (
        r"^TypeError: '(?:function|method|type|\w*Meta\w*)' object does not support the "
        r"(?:asynchronous )?context manager",
        "What stands behind `with` is called: write `()` behind its name.",
    ),
    # pydantic
    (
        r"^pydantic\.PydanticUserError: A non-annotated attribute was detected: `table = ",
        "`table=True` stands in the brackets of the class: `class Task(TaskBase, table=True):`.",
    ),
    (
        r"^pydantic\.PydanticUserError: (?:Field '|A non-annotated attribute was detected: `)(\w+)",
        r"Each field needs a type, behind a colon, as in `\1: str` or `\1: int = 5`.",
    ),
    (
        r"^pydantic\.PydanticSchemaGenerationError: .* schema for (?:True|False|-?\d[\d.]*)\.",
        "A value stands where the type of a field belongs. Write the type behind the colon, and "
        "then the value, behind one `=`, as in `done: bool = False`.",
    ),
    (
        r"^pydantic_core\.SchemaError: (?:.*\n)*.*(?:: 'str' object cannot be|must be coercible)",
        "A setting of a field has a value of the wrong type: a number has no quotes, as in "
        "`max_length=100`.",
    ),
    # SQLModel and SQLAlchemy
    (
        r"^sqlalchemy\.ArgumentError: .*could not assemble any primary key .*\n.*\bsqlmodel\b",
        "A table needs a primary key: give one of its fields `primary_key=True`, with the `Field` "
        "of sqlmodel, and no comma at the end of the line. A class that is no table gets no "
        "`table=True`.",
    ),
    (
        r"^ValueError: <class '(?=list'|__main__\.|app\.)(?:\w+\.)*(\w+)'> has no matching SQLAl",
        r"SQLModel has no column for the type `\1`: take one such as `str`, `int`, `float` or "
        r"`bool`. For rows of another table, notebook 12 has `Relationship(…)`.",
    ),
    (
        r"^ValueError: <class '(?:\w+\.)*(\w+)'> has no matching SQLAlchemy type",
        r"SQLModel has no column for the type `\1`: take one such as `str`, `int`, `float` or "
        r"`bool`.",
    ),
    (
        r"^AttributeError: (?:type object '\w+' has no attribute ')?__table__",
        "The class has no table: does `table=True` stand in its brackets, with a capital T?",
    ),
    (
        r"^AttributeError: 'NoneType' object has no attribute 'set'\nsqlalchemy",
        "A class builds on one with `table=True`: let it build on a model that is no table, such "
        "as `TaskBase`.",
    ),
    (
        r"^sqlalchemy\.InvalidRequestError: Instance .* is not persistent within this Session",
        "`refresh` reads a row that is stored. Before it, the object needs `session.add(…)` and a "
        "commit, in async code with `await`.",
    ),
    (
        r"^sqlalchemy\.UnmappedInstanceError: .* was a class \((?:\w+\.)*(\w+)\) supplied",
        r"`\1` is the class, and a session takes a row: make one first, as with `\1(…)`.",
    ),
    (
        r"^sqlalchemy\.UnmappedInstanceError: Class 'builtins\.(?:list|tuple|set)' is not mapped",
        "A session takes one row here. To add several, write `session.add_all(…)`, else a loop.",
    ),
    (
        r"^sqlalchemy\.UnmappedInstanceError: Class 'builtins\.coroutine' is not mapped",
        "An `await` is missing before the call that gives the row.",
    ),
    (
        r"^sqlalchemy\.UnmappedInstanceError: Class '(?:builtins\.(?:int|str)'|sql\w+\.)",
        "An id, a query or a result is not a row yet: take one with `session.get(…)`, or with "
        "`session.exec(…).first()`.",
    ),
    (
        r"^sqlalchemy\.UnmappedInstanceError: Class '(?:\w+\.)*(?!NoneType)(\w+)' is not mapped",
        r"A session takes objects of a class with `table=True`, and `\1` is none: make a row of "
        r"it first, as with `Task.model_validate(…)`.",
    ),
    # httpx
    (
        r"^TypeError: Object of type (\w+) is not JSON serializable",
        r"JSON has dicts, lists, texts and numbers, and no `\1`. Of a model, `.model_dump()` makes "
        r"a dict.",
    ),
    (
        r"^httpx\.UnsupportedProtocol: ",
        "An address begins with `http://`. Take that of the server, as in "
        '`httpx.get(f"{server.url}/ping")`, with an `f` before the quotes.',
    ),
)


COMMANDS = "(?:python|pip|alembic|uvicorn|curl|conda|cd|git)"
# A colon belongs behind these, or behind what is missing after them.
NO_NAMES = {"def", "elif", "else", "except", "finally", "if", "lambda", "try", "while", "with"}
WORDS = "|".join(sorted({*keyword.kwlist} - NO_NAMES))
# The same for a line that Python can't read: for what it says of it, with the line below that.
OF_SYNTAX: Table = (
    (
        "^invalid character '([\u2018-\u201f\u00ab\u00bb])'",
        "Python's quotes are straight, and this one is not: text programs and web pages make such "
        "ones. Write it anew.",
    ),
    (
        r"^'await' outside",
        "`await` stands only in functions that begin with `async def`. Sync code leaves it out.",
    ),
    (
        rf"\n(?:[$%>] ?{COMMANDS} |"
        rf"{COMMANDS} (?!(?:and|else|for|if|in|is|not|or) )(?:--?\w|[\w./~]))",
        "Is it a command, not Python? It belongs in a cell of its own, below a first line "
        "`%%terminal`.",
    ),
    (
        r"\nasync (?!def |for |lambda|with )\w+ ?\(",
        "Write `async def` before the name of a function.",
    ),
    (r"\ndef async ", "Write `async def`, in this order."),
    (
        rf"\n({WORDS})\s*:\s*\w",
        r"`\1` is a word of Python's own: take another name, such as `\1_`. A key of a dict stands "
        r"in quotes.",
    ),
)


def fitting(table: Table, text: str) -> str:
    """Return what a table says to do about a text, or "". The first entry that fits counts."""
    for pattern, todo in table:
        if found := re.search(pattern, text):
            return found.expand(todo)
    return ""


def hint(error: BaseException) -> str:
    """Return what to do about an error of a library, in one sentence or two, or "".

    The table is asked with "package.Type: text", without "builtins.", and below it the modules
    that the error came through, the innermost first.
    """
    kind = type(error)
    package = kind.__module__.partition(".")[0]
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    modules = [str(frame.f_globals.get("__name__")) for frame in reversed(frames)]
    text = f"{package}.{kind.__name__}: {error}".removeprefix("builtins.")
    return fitting(HINTS, f"{text}\n{' '.join(modules)}") or _meant(error)


def syntax_hint(error: SyntaxError) -> str:
    """Return what to do about a line that Python can't read, or ""."""
    line = (error.text or "").strip().partition("\n")[0]  # of a text in """, there are several
    if told := fitting(OF_SYNTAX, f"{error.msg}\n{line}"):
        return told
    # Not what is a variable, as in `In = 3`.
    found = re.match(r"([A-Z]\w*)\b(?!\s*(?:=(?!=)|[.,\[]))", line)
    small = found[1].lower() if found else ""
    if found and keyword.iskeyword(small) and not keyword.iskeyword(found[1]):
        return f"Is `{found[1]}` meant as the word `{small}` of Python? It has small letters."
    return ""


def _meant(error: BaseException) -> str:
    """Return which name was meant, if one is very near, or "".

    Python itself finds `next` for `text`, which is a function of sqlmodel: not so here. On 3.11, it
    tells it only where it prints an error itself.
    """
    wrong, names = getattr(error, "name", None) or "", set(dir(builtins))
    if isinstance(error, AttributeError):
        names = set(dir(error.obj))
    elif isinstance(error, NameError) and error.__traceback__:
        *_, (frame, _) = traceback.walk_tb(error.__traceback__)
        names.update(frame.f_locals, frame.f_globals)
    else:
        return ""
    # Underscores, as in __file__, would make all names that have them look alike.
    alike = (name for name in sorted(names) if name.startswith("__") == wrong.startswith("__"))
    known = {name.strip("_").lower(): name for name in alike}
    for close in get_close_matches(wrong.strip("_").lower(), known, n=1, cutoff=0.8):
        same = close == wrong.strip("_").lower()
        if known[close] != wrong.strip("_") and (same or len(close) > 3):
            return f"Did you mean `{known[close]}`?"
    return ""
