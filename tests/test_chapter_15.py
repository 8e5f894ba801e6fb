"""What notebook 15 says in words of a service on PostgreSQL, and its program that moves rows."""

import asyncio
import re
import sqlite3
import sys
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import closing, nullcontext
from itertools import islice
from pathlib import Path
from shutil import copy

import psycopg
import pytest
import sqlalchemy as sa
import uvicorn
from helpers import until
from own_tables import blocks, said, section
from remote import Remote
from service import alembic, database_url, outcome, query, run, serve, start

from tutorial.ends import stored_ends
from tutorial.postgres import Postgres

MANY = 2345  # tasks: more than one part of them
NO_MOVE = "The rows of task can't move:"
EVERY = (
    "SELECT id, name, email FROM person ORDER BY id",
    "SELECT id, task_name, owner_id FROM task ORDER BY id",
)
DUE = """
import sqlalchemy as sa
from alembic import op

revision, down_revision = "0003", "0002"


def upgrade() -> None:
    op.add_column("task", sa.Column("due", sa.Integer()))
"""
BLOCK = """
from alembic import op

revision, down_revision = "0003", "0002"


def upgrade() -> None:
    held = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()"
    print(op.get_bind().exec_driver_sql(held).scalar())
    with op.get_context().autocommit_block():
        pass
    print(op.get_bind().exec_driver_sql(held).scalar())
"""
NAMES = '''"""More tables."""

from datetime import datetime
from decimal import Decimal
from enum import Enum

'''
INVOICES = """

class Status(Enum):
    OPEN = "open"


class Invoice(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True)
    number: str | None = None
    due: datetime | None = None
    lines: list | None = Field(default=None, sa_type=JSON(none_as_null=True))
    price: Decimal | None = None
    status: Status | None = None
    paid: bool | None = None
"""
UNREADABLE = {  # by the column of an invoice: what it can't read, and what is said of it
    "number": ("CAST(x'ff41' AS TEXT)", "Could not decode to UTF-8 column"),
    "due": ("'soon'", "Invalid isoformat string"),
    "lines": ("''", "Expecting value: line 1 column 1 (char 0)"),
    "price": ("'abc'", "must be real number, not str"),
    "status": ("'late'", "'late' is not among the defined enum values"),
}
MOVE_EACH = """
import sys
from app.db import engine
from app.models import SQLModel
from app.move import move
from sqlmodel import create_engine, text

old = create_engine(sys.argv[1])
for one in (old, engine):
    SQLModel.metadata.create_all(one)
for setting in sys.argv[2:]:
    with old.begin() as connection:
        connection.execute(text("DELETE FROM invoice"))
        connection.execute(text("INSERT INTO invoice (id) VALUES (7), (8)"))
        connection.execute(text(f"UPDATE invoice SET {setting} WHERE id = 8"))
    try:
        move(sys.argv[1])
    except RuntimeError as error:
        print(error)
"""
GAMES = """
import sqlalchemy as sa
from alembic import op

revision, down_revision = "0003", "0002"


def upgrade() -> None:
    op.create_table(
        "BoardGame",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("part_of", sa.ForeignKey("BoardGame.id")),
        sa.Column("plain", sa.JSON()),
        sa.Column("empty", sa.JSON()),
    )
    op.create_table("country", sa.Column("code", sa.String(2), primary_key=True))
"""
GAMES_OF_MODELS = """

class BoardGame(SQLModel, table=True):
    __tablename__ = "BoardGame"
    id: int | None = Field(default=None, primary_key=True)
    part_of: int | None = Field(default=None, foreign_key="BoardGame.id")
    plain: dict | None = Field(default=None, sa_type=JSON)
    empty: dict | None = Field(default=None, sa_type=JSON(none_as_null=True))


class Country(SQLModel, table=True):
    code: str = Field(primary_key=True, max_length=2)
"""
ADVISORY = '                connection.exec_driver_sql("SELECT pg_advisory_xact_lock(1)")\n'
TIMEOUT = ADVISORY.replace("SELECT pg_advisory_xact_lock(1)", "SET LOCAL lock_timeout = '300ms'")


def project(folder: Path, chapter: int) -> Path:
    """Put the project that a notebook leaves into a folder, with an empty database."""
    stored_ends().put(chapter, folder)
    (folder / "database.db").unlink()
    alembic("upgrade", "head", url=database_url(folder / "database.db"), cwd=folder)
    return folder


def move(folder: Path, old: str, new: str) -> tuple[int, str, str]:
    """Run the program; return its exit status, its output and the last line of its errors."""
    status, output, errors = outcome(start("app.move", old, url=new, cwd=folder))
    return status, output, (errors.strip().splitlines() or [""])[-1]


def fill(file: Path) -> None:
    """Give a SQLite database of notebook 12 a person, and tasks, half of which refer to it."""
    tasks = [(number, f"ä {number}", 7 if number % 2 else None) for number in range(1, MANY)]
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("INSERT INTO person (id, name, email) VALUES (7, 'Ada', 'a@b')")
        connection.executemany(
            "INSERT INTO task (id, task_name, owner_id) VALUES (?, ?, ?)", [*tasks, (9000, "x", 7)]
        )


def test_two_tables_move_there_and_back(postgres: Postgres, tmp_path: Path) -> None:
    """Who is referred to comes first, no part is left out, and each table has the right next id."""
    folder = project(tmp_path, 12)
    program = stored_ends().state(15).files["app/move.py"]
    (folder / "app" / "move.py").write_text(program, encoding="utf-8", newline="\n")
    file, back, remote = folder / "database.db", folder / "back.db", Remote(postgres, "two", folder)
    for url in (remote.url, database_url(back)):
        alembic("upgrade", "head", url=url, cwd=folder)
    fill(file)
    said = (0, f"person 1\ntask {MANY}\n", "")
    assert move(folder, database_url(file), remote.url) == said
    given = remote.url.replace("postgresql+psycopg", "postgres")  # the old name, as hosts write it
    assert move(folder, given, database_url(back)) == said
    for sql in EVERY:
        assert query(file, sql) == query(remote, sql) == query(back, sql)
    for database in (remote, back):
        insert = "INSERT INTO task (task_name, owner_id) VALUES ('new', 7) RETURNING id"
        assert query(database, insert) == [(9001,)]
    insert = "INSERT INTO person (name, email) VALUES ('Ben', 'b@b') RETURNING id"
    assert query(remote, insert) == [(8,)]
    remote.close()


def test_what_the_program_refuses(postgres: Postgres, tmp_path: Path) -> None:
    """Another revision, rows that are there, and a row that does not fit: the new one stays."""
    folder, remote = project(tmp_path, 15), Remote(postgres, "refused", tmp_path)
    file = folder / "database.db"
    with closing(sqlite3.connect(file)) as connection, connection:  # the last one is too long
        names = [("x" * 100,)] * MANY + [("x" * 101,)]
        connection.executemany("INSERT INTO task (task_name) VALUES (?)", names)

    def refused() -> str:
        status, output, error = move(folder, database_url(file), remote.url)
        assert (status, output) == (1, "")
        return error.removeprefix("RuntimeError: ")

    alembic("upgrade", "0001", url=remote.url, cwd=folder)
    assert refused() == "Run `alembic upgrade head` on both databases first."
    alembic("upgrade", "head", url=remote.url, cwd=folder)
    assert refused().startswith(f"{NO_MOVE} value too long for type")
    assert query(remote, "SELECT count(*) FROM task") == [(0,)]
    query(file, "UPDATE task SET task_name = 'x'")
    for changed, id in ((f"'{'x' * 99}  '", MANY), ("x'6162'", 7)):  # a text that is cut, and bytes
        query(file, f"UPDATE task SET task_name = {changed} WHERE id = {id}")
        assert refused().startswith(f"{NO_MOVE} it would be changed to {{'task_name': ")
        assert query(remote, "SELECT count(*) FROM task") == [(0,)]
        query(file, f"UPDATE task SET task_name = 'x' WHERE id = {id}")
    query(file, f"UPDATE task SET id = {2**31 - 1} WHERE id = 7")  # there is no id for the next one
    assert refused() == f"{NO_MOVE} integer out of range"
    assert query(remote, "SELECT count(*) FROM task") == [(0,)]
    query(remote, "INSERT INTO task (task_name) VALUES ('mine')")
    assert refused() == "The new database has rows in task already."
    assert query(remote, "SELECT task_name FROM task") == [("mine",)]
    remote.close()


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    """A name that is misspelt is said, on either side, and no empty file is left."""
    folder = project(tmp_path, 15)
    there, gone = database_url(folder / "database.db"), database_url(folder / "databse.db")
    for old, new in ((gone, there), (there, gone)):
        status, output, error = move(folder, old, new)
        assert (status, output) == (1, "")
        name = (folder / "databse.db").as_posix()
        assert error.replace("\\", "/") == f"RuntimeError: There is no database {name}."
        assert not (folder / "databse.db").exists()
    by_uri = there.replace("sqlite:///", "sqlite:///file:") + "?uri=true"
    assert move(folder, by_uri, there)[:2] == (0, "task 0\n")


def test_a_value_that_can_not_be_read(tmp_path: Path) -> None:
    """The program says in which table, and moves nothing; the page's finds each such value."""
    folder = project(tmp_path, 15)
    old, new, models = folder / "database.db", folder / "new.db", folder / "app" / "models.py"
    text = models.read_text(encoding="utf-8").replace("import Field", "import JSON, Field")
    models.write_text(f"{NAMES}{text}{INVOICES}", encoding="utf-8")
    copy(old, new)
    settings = [f"{column} = {value}" for column, (value, _) in UNREADABLE.items()]
    words = [words for _, words in UNREADABLE.values()]
    lines = run(MOVE_EACH, new, folder, [database_url(old), *settings]).splitlines()
    for line, word in zip(lines, words, strict=True):
        assert line.startswith(f"The rows of invoice can't move: {word}")
    assert query(new, "SELECT * FROM invoice") == []
    for word in words[:3]:
        said(12, word)  # the page has it
    query(old, f"UPDATE invoice SET {', '.join(settings)} WHERE id = 8")
    (look,) = blocks(12)
    found = [f"invoice 8 {column} {word}" for column, (_, word) in UNREADABLE.items()]
    for line, start_of_it in zip(run(look, old, folder).splitlines(), found, strict=True):
        assert line.startswith(start_of_it)


@pytest.mark.parametrize("value", [0, 1, "false", "true", 2, "0", "", None])
def test_a_text_in_a_column_of_bool(value: object) -> None:
    """What the page says of it: how it is read, and which SQL finds and mends it."""
    look, mend = re.findall(r"`((?:SELECT|UPDATE) [^`]*paid[^`]*)`", section(12))
    invoice = sa.Table(
        "invoice", sa.MetaData(), sa.Column("id", sa.Integer), sa.Column("paid", sa.Boolean)
    )
    engine = sa.create_engine("sqlite://")
    with engine.connect() as connection:
        invoice.create(connection)
        connection.exec_driver_sql("INSERT INTO invoice VALUES (7, ?)", (value,))
        paid = connection.scalar(sa.select(invoice.c.paid))
        assert paid == (value if value is None else value not in (0, "0", ""))
        found = connection.exec_driver_sql(look).all()
        assert bool(found) == (value in ("false", "true", 2, ""))
        connection.exec_driver_sql(mend)
        assert connection.scalar(sa.select(invoice.c.paid)) == (paid and value != "false")


def test_other_tables(postgres: Postgres, tmp_path: Path) -> None:
    """A name that needs quotes moves, and a key that is a text.

    JSON and a table that refers to itself need a look.
    """
    folder, remote = project(tmp_path, 15), Remote(postgres, "other", tmp_path)
    file, models = folder / "database.db", folder / "app" / "models.py"
    text = models.read_text(encoding="utf-8").replace("import Field", "import JSON, Field")
    models.write_text(text + GAMES_OF_MODELS, encoding="utf-8")
    revision = folder / "alembic" / "versions" / "0003_games.py"
    revision.write_text(GAMES, encoding="utf-8")
    for url in (database_url(file), remote.url):
        alembic("upgrade", "head", url=url, cwd=folder)
    query(file, 'INSERT INTO "BoardGame" (id, part_of) VALUES (1, NULL), (7, 1)')
    query(file, "INSERT INTO task (id, task_name) VALUES (0, 'the only one')")
    query(file, "INSERT INTO country VALUES ('DE'), ('AT')")
    said = "BoardGame 2\ncountry 2\ntask 1\n"
    assert move(folder, database_url(file), remote.url) == (0, said, "")
    for values, following in (('"BoardGame" (part_of)', 8), ("task (task_name)", 1)):
        insert = f"INSERT INTO {values} VALUES (1) RETURNING id"
        assert query(remote, insert) == [(following,)]
    nulls = 'SELECT plain IS NULL, empty IS NULL FROM "BoardGame" WHERE id = 7'
    assert (query(file, nulls), query(remote, nulls)) == ([(1, 1)], [(False, True)])
    query(remote, 'TRUNCATE "BoardGame"')
    later = ", ".join(f"({number}, 1)" for number in range(8, MANY))
    query(file, f'INSERT INTO "BoardGame" (id, part_of) VALUES {later}')
    query(file, f'UPDATE "BoardGame" SET part_of = {MANY - 1} WHERE id = 1')
    status, _, error = move(folder, database_url(file), remote.url)
    assert (status, query(remote, 'SELECT id FROM "BoardGame"')) == (1, [])
    assert f"Key (part_of)=({MANY - 1}) is not present" in error
    remote.close()


@pytest.mark.parametrize("version", ["sync", "async"])
def test_more_places_than_connections(version: str, postgres: Postgres, tmp_path: Path) -> None:
    """Who gets a place, and no connection, waits for one, and then gets a 500."""
    folder, remote = project(tmp_path, 15), Remote(postgres, "places", tmp_path)
    alembic("upgrade", "head", url=remote.url, cwd=folder)
    for name, old, new in (
        ("db", "(5, 10)", "(5, 40)"),
        ("db", "pool_pre_ping=True", "pool_timeout=1"),
        ("db_async", "pool_pre_ping=True", "pool_timeout=1"),
    ):
        file = folder / "app" / f"{name}.py"
        text = file.read_text(encoding="utf-8")
        assert old in text
        file.write_text(text.replace(old, new), encoding="utf-8", newline="\n")
    reason = "QueuePool limit of size 5 overflow 10 reached"
    with (
        pytest.raises(AssertionError, match=reason),  # the log has tracebacks
        serve(version, remote.url, tmp_path / "log", cwd=folder) as server,
        ThreadPoolExecutor(20) as clients,
    ):
        with psycopg.connect(remote.url.replace("+psycopg", "")) as somebody:
            somebody.execute("LOCK TABLE task")
            sent = [clients.submit(server.client.get, "/task/") for _ in range(20)]
            early = list(islice(as_completed(sent, timeout=30), 5))
            assert [one.result().status_code for one in early] == [500] * 5
        assert sorted(one.result().status_code for one in sent) == [200] * 15 + [500] * 5
    remote.close()


@pytest.mark.parametrize("gives_up", [False, True])
def test_a_migration_that_waits(gives_up: bool, postgres: Postgres, tmp_path: Path) -> None:
    """Readers wait behind a migration that waits for a reader, unless it has a `lock_timeout`."""
    folder, remote = project(tmp_path, 15), Remote(postgres, "waits", tmp_path)
    alembic("upgrade", "head", url=remote.url, cwd=folder)
    file = folder / "alembic" / "versions" / "0003_due.py"
    file.write_text(DUE, encoding="utf-8")
    if gives_up:
        env = folder / "alembic" / "env.py"
        text = env.read_text(encoding="utf-8")
        assert text.count(ADVISORY) == 1
        env.write_text(text.replace(ADVISORY, ADVISORY + TIMEOUT), encoding="utf-8", newline="\n")
    with remote.connect() as reader:
        reader.execute("SELECT * FROM task")
        migration = start("alembic", "upgrade", "head", url=remote.url, cwd=folder)
        if gives_up:
            assert "LockNotAvailable" in outcome(migration)[2]
        else:
            until(lambda: remote.query("SELECT 1 FROM pg_locks WHERE NOT granted") == [(1,)])
        with remote.connect() as another:
            another.execute("SET statement_timeout = '300ms'")
            waits = pytest.raises(psycopg.errors.QueryCanceled)
            with nullcontext() if gives_up else waits:
                another.execute("SELECT * FROM task")
    assert gives_up or outcome(migration)[0] == 0
    remote.close()


def test_a_revision_that_loses_the_lock(postgres: Postgres, tmp_path: Path) -> None:
    """The advisory lock belongs to the transaction, which an `autocommit_block` ends."""
    folder, remote = project(tmp_path, 15), Remote(postgres, "lock", tmp_path)
    file = folder / "alembic" / "versions" / "0003_block.py"
    file.write_text(BLOCK, encoding="utf-8")
    status, output, _ = outcome(start("alembic", "upgrade", "head", url=remote.url, cwd=folder))
    assert (status, output.split()) == (0, ["1", "0"])
    remote.close()


def test_the_event_loop_on_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    """There, uvicorn alone takes the loop that psycopg refuses; its workers and --reload do not."""
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr(asyncio, "ProactorEventLoop", asyncio.SelectorEventLoop, raising=False)

    async def connect() -> None:
        await psycopg.AsyncConnection.connect("postgresql://127.0.0.1:1/nowhere")

    with pytest.raises(psycopg.InterfaceError, match="cannot use the 'ProactorEventLoop'"):
        asyncio.run(connect())
    monkeypatch.setattr(asyncio, "ProactorEventLoop", object(), raising=False)
    for options, proactor in (({}, True), ({"workers": 2}, False), ({"reload": True}, False)):
        loop = uvicorn.Config("app.main_async:app", loop="asyncio", **options).get_loop_factory()
        assert (loop is asyncio.ProactorEventLoop) == proactor, options
