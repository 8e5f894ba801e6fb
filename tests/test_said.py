"""Tests what an error's text means: each entry counts in its own places, and nowhere else."""

import re
from itertools import zip_longest
from typing import get_args

import pytest

from tutorial.messages import MESSAGES
from tutorial.said import SAID, Place, meaning

PLACES = get_args(Place)
BROKEN, CLOSED, MISSING = "database-broken", "database-can-not-be-opened", "table-missing"
LOCKED, FULL, GONE = "database-locked", "disk-full", "server-gone"
# What programs say: its meaning as the output of a command, as an error of SQLite, among the errors
# of a server in the kernel, in the log of a process, as an exception of a library and of an answer.
# What a row leaves out means nothing there.
TEXTS: list[tuple[str | None, ...]] = [
    ("Can't locate revision identified by '0003'", "unknown-revision", None, None, None, None),
    (
        "Can't locate revision identified by 'hed'\n  More\n$ alembic stamp hed",
        *["no-such-revision", None, None, None, None],
    ),
    (
        "Can't locate revision identified by '0002'\n$ alembic revision --rev-id 0002",
        *["unknown-revision", None, None, None, None],
    ),
    (
        "Can't locate revision identified by '00'\n$ alembic upgrade 0001",
        *["unknown-revision", None, None, None, None],
    ),
    ("Cannot add a NOT NULL column with default value NULL", "column-without-value"),
    ("NOT NULL constraint failed: _alembic_tmp_task.done", "column-without-value"),
    ("NOT NULL constraint failed: task.task_name", None),
    (
        "TypeError: Boolean value of this clause is not defined",
        *[None, None, None, None, "condition-without-value", "condition-without-value"],
    ),
    (
        "TypeError: unsupported operand type(s) for &: 'int' and 'InstrumentedAttribute'",
        *[None, None, None, None, "condition-without-value", "condition-without-value"],
    ),
    (
        "TypeError: unsupported operand type(s) for |: 'int' and 'InstrumentedAttribute'",
        *[None, None, None, None, "condition-without-value", "condition-without-value"],
    ),
    ("TypeError: unsupported operand type(s) for &: 'int' and 'str'", None),
    ("Target database is not up to date.", "database-behind", None, None, None, None),
    ("Directory alembic already exists and is not empty", "folder-exists", None, None, None, None),
    ("Revision 0001 is present more than once", "revision-exists", None, None, None, None),
    ("Self-loop is detected in revisions (0001)", "first-revision-made-twice"),
    ("Self-loop is detected in revisions (0002)", "revision-made-twice", None, None, None, None),
    ("table task already exists", "table-exists", None, None, None, None),
    ("No 'script_location' key found in configuration", "no-alembic-ini", None, None, None, None),
    ("unable to open database file", CLOSED, CLOSED, None, None, None),
    ("unable to open database: nowhere/x.db", None, CLOSED, None, None, None),
    ("unable to open a window", None, CLOSED, None, None, None),
    ("database is locked", LOCKED, LOCKED, None, None, None),
    ("(sqlite3.OperationalError) database is locked", LOCKED, LOCKED, LOCKED, LOCKED, None),
    ("OperationalError: database is locked", LOCKED, LOCKED, LOCKED, LOCKED, None),
    ("    raise Busy('the database is locked')", LOCKED, LOCKED, None, None, None),
    ("Cannot operate on a closed database.", None, "connection-closed", None, None, None),
    ("no such table: task", None, MISSING, None, None, None),
    ("no such column: task_description", None, MISSING, None, None, None),
    ("table task has no column named x", None, "column-missing", None, None, None),
    ("no such column: task.task_description", None, "column-missing", None, None, None),
    ('near "SELEKT": syntax error', None, "query-refused", None, None, None),
    ("attempt to write a readonly database", None, CLOSED, None, None, None),
    ("disk I/O error", None, CLOSED, None, None, None),
    ("database or disk is full", FULL, FULL, None, None, None),
    ("the glass is full", None, FULL, None, None, None),
    ("file is not a database", BROKEN, BROKEN, None, None, None),
    ("this is not a database", None, BROKEN, None, None, None),
    ("database disk image is malformed", BROKEN, BROKEN, None, None, None),
    ("malformed database schema (task)", None, BROKEN, None, None, None),
    ("a malformed line in setup.cfg", None, BROKEN, None, None, None),
    ("OSError: [Errno 28] No space left on device", FULL, None, None, None, None),
    ("curl: (7) Couldn't connect to server", GONE, None, None, None, None),
    ("curl: (7) Failed to connect to 127.0.0.1 port 9", GONE, None, None, None, None),
    ('Could not import module "app.main".', None, None, None, "no-such-module", None),
    ('Attribute "application" not found in module "app.main".', None, None, None, "no-app", None),
    (
        "The database sqlite:////a/database.db can't be used: file is not a database.",
        *[BROKEN, BROKEN, BROKEN, BROKEN, None],
    ),
    (
        "The database sqlite:///alembic.ini can't be used: file is not a database.",
        *["not-the-database", BROKEN, "not-the-database", "not-the-database", None],
    ),
    (
        "The database sqlite:///my_database.db can't be used: file is not a database.",
        *["not-the-database", BROKEN, "not-the-database", "not-the-database", None],
    ),
    (
        "The database x can't be used: unable to open database file.",
        *[CLOSED, CLOSED, CLOSED, CLOSED, None],
    ),
    (
        "The database x can't be used: attempt to write a readonly database.",
        *[None, CLOSED, CLOSED, CLOSED, None],
    ),
    ("The database x can't be used: database is locked.", *[LOCKED] * 4, None),
    ("The migrations that x names are not there.", None, None, *["migrations-missing"] * 2, None),
    (
        "sqlite:///x is at revision 3, the app needs 2: the database is newer, or of another app: "
        "update the app, or look at DATABASE_URL.",
        *[None, None, "database-newer", "database-newer", None],
    ),
    (
        "sqlite:///x is at revision 2, the app needs 3 and 4: run `alembic merge heads`, "
        "then `alembic upgrade head`.",
        *[None, None, "several-heads", "several-heads", None],
    ),
    (
        "sqlite:///x is at revision 1, the app needs 2: run `alembic upgrade head`.",
        *[None, None, "database-not-at-head", "database-not-at-head", None],
    ),
    (
        "There is no database x: run `alembic upgrade head`.",
        *[None, None, "database-not-at-head", "database-not-at-head", None],
    ),
    ("my own words: alembic upgrade head", None, None, *["database-not-at-head"] * 2, None),
    ("httpx.ConnectError: refused", None, None, None, None, GONE),
    ("RuntimeError: the client has been closed", None, None, None, None, "client-closed"),
    ("RuntimeError: asyncio.run() cannot be called", None, None, None, None, "event-loop-runs"),
    (
        "sqlalchemy.UnmappedInstanceError: Class 'builtins.NoneType' is not mapped",
        *[None] * 4,
        "row-missing",
    ),
    ("sqlalchemy.PendingRollbackError: no", None, None, None, None, "transaction-failed"),
    ("sqlalchemy.X: Table 'a' is already defined", *[None] * 4, "table-defined-twice"),
    (
        "configparser.InterpolationSyntaxError: '%' must be followed by '%' or '(', found: '% x'",
        *["percent-sign", None, "percent-sign", "percent-sign", None],
    ),
    *[
        (
            f"configparser.{error}",
            *["settings-not-read", None, "settings-not-read", "settings-not-read", None],
        )
        for error in (
            "MissingSectionHeaderError: File contains no section headers.",
            "ParsingError: Source contains parsing errors: 'alembic.ini'",
            "DuplicateOptionError: While reading from 'alembic.ini' [line  4]: no",
            "DuplicateSectionError: While reading from 'alembic.ini' [line  4]: no",
        )
    ],
    ("pyparsing.ParsingError: no", None, None, None, None, None),
    *[
        (
            f"{place}\n    code\n{mark}TypeError: issubclass() arg 1 must be a class",
            *["column-type-unknown", None, None, "column-type-unknown", None],
        )
        for place, mark in (
            ('  File "a/sqlmodel/main.py", line 734, in get_sqlalchemy_type', ""),
            ("C:\\a\\sqlmodel\\main.py:734: in get_sqlalchemy_type", "E   "),
        )
    ],
    ("TypeError: issubclass() arg 1 must be a class", None, None, None, None, None),
    (
        'Import string "app/main.py" must be in format "<module>:<attribute>".',
        *["app-named-otherwise", None, None, None, None],
    ),
    (
        'ERROR: Error loading ASGI app. Could not import module "main".',
        *["app-named-otherwise", None, None, "no-such-module", None],
    ),
    (
        "ModuleNotFoundError: No module named 'app'\n$ python app/main.py",
        *["module-run-as-file", None, None, None, None],
    ),
    ("ModuleNotFoundError: No module named 'app'\n$ python tests/x.py", None),
    ("everything is well", None, None, None, None, None),
]


@pytest.mark.parametrize("case", TEXTS, ids=[str(text) for text, *_ in TEXTS])
def test_a_text_means_something_in_its_places_only(case: tuple[str | None, ...]) -> None:
    """The same words may be clear in one place, and mean nothing in another one."""
    text, *keys = case
    for place, key in zip_longest(PLACES, keys):
        found = meaning(f"first\n{text}\nlast", place, command="x", name="y", error="z")
        assert (found and found.key) == key, place
        assert found is None or ".." not in found.what


def test_each_entry_has_its_text() -> None:
    """No entry was left out above: for each, and each of its places, there is a text it decides."""
    decided = {
        (pattern, place)
        for text, *_ in TEXTS
        for place in PLACES
        if (
            pattern := next(
                (p for p, _, places in SAID if place in places and re.search(p, text)), ""
            )
        )
    }
    assert decided == {(pattern, place) for pattern, _, places in SAID for place in places}


def test_each_entry_has_its_message() -> None:
    """The message is there, and the entry's groups name values of it."""
    for pattern, key, _ in SAID:
        names = set(re.findall(r"{(\w+)}", "".join(MESSAGES[key])))
        assert re.compile(pattern).groupindex.keys() <= names, key
        assert names <= {"command", "name", "error", "module"}, key


@pytest.mark.parametrize(
    "sentence",
    [
        "There is no database x: run `alembic upgrade head`.",
        "sqlite+aiosqlite:///x is at revision 1, the app needs 2: run `alembic upgrade head`.",
        "sqlite+aiosqlite:///x is at revision 3, the app needs 2: the database is newer, "
        "or look at DATABASE_URL.",
        "sqlite+aiosqlite:///x is at revision 1, the app needs 2 and 3: run `alembic merge heads`, "
        "then `alembic upgrade head`.",
        "The migrations that alembic.ini names are not there.",
    ],
)
def test_the_sentence_of_the_service_is_told(sentence: str) -> None:
    """Of what a server has logged, the message repeats the one sentence, without the traceback."""
    log = f"Traceback (most recent call last):\n  line 1\nRuntimeError: {sentence}\n\nExiting."
    found = meaning(log, "process", name="app.main:app", error="RuntimeError: and more")
    assert found is not None
    assert found.what == f"app.main:app did not start: {sentence}"


def test_what_the_text_names_is_told() -> None:
    """A value in the text itself is more exact than the one that the caller knows."""
    text = 'Error loading ASGI app. Attribute "nope" not found in module "app.main".'
    found = meaning(text, "process", name="app.main:nope", error=text)
    assert found is not None
    assert found.what == "app.main has no app with the name `nope`."
