"""The migrations keep their promises: any database gets to the newest revision, with its rows.

What does not belong to SQLite alone is tried on PostgreSQL, too, by each of its drivers.
"""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from importlib import import_module
from pathlib import Path
from shutil import copy
from types import ModuleType
from warnings import catch_warnings

import pytest
from alembic.config import Config
from pytest_alembic import MigrationContext, create_alembic_fixture
from pytest_alembic import tests as standard
from remote import DRIVERS as DRIVERS_OF_REMOTE
from remote import Remote
from service import (
    DRIVERS,
    ROOT,
    Database,
    alembic,
    copy_of,
    copy_project,
    database_url,
    dump,
    migrated,
    query,
    run_alembic,
)
from sqlalchemy import (
    CheckConstraint,
    Column,
    Engine,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    UniqueConstraint,
    create_engine,
    inspect,
    pool,
)
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

COLUMNS_0001 = [("task_name", "VARCHAR(100)", 1, 0), ("id", "INTEGER", 1, 1)]
COLUMNS_HEAD = [*COLUMNS_0001, ("task_description", "VARCHAR(1000)", 0, 0)]
NAMES = [(1, "a"), (2, "żółw 🐢"), (7, "n" * 100)]


COLUMNS_OF_REMOTE = """
SELECT attname, upper(replace(format_type(atttypid, atttypmod), 'character varying', 'varchar')),
    attnotnull::int, (attname = 'id')::int
FROM pg_attribute
WHERE attrelid = to_regclass('task') AND attnum > 0 AND NOT attisdropped ORDER BY attnum
"""
TABLES = "SELECT name FROM sqlite_schema WHERE type = 'table'"
TABLES_OF_REMOTE = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"


def columns(database: Database) -> list[tuple]:
    """Return the columns of the table task: name, type, 1 if NOT NULL, 1 if the primary key."""
    if isinstance(database, Remote):
        return database.query(COLUMNS_OF_REMOTE)
    return query(database, "SELECT name, type, \"notnull\", pk FROM pragma_table_info('task')")


def revisions(database: Database) -> list[tuple]:
    """Return what the database says of its revision."""
    return query(database, "SELECT version_num FROM alembic_version")


def names(database: Database) -> list[tuple]:
    """Return what revision 0001 knows of the tasks."""
    return query(database, "SELECT id, task_name FROM task ORDER BY id")


def seen(database: Database) -> tuple[list[tuple], list[tuple], list[tuple]]:
    """Return all three."""
    return columns(database), revisions(database), names(database)


def store(database: Database) -> None:
    """Store NAMES as tasks."""
    for task_id, name in NAMES:
        query(database, "INSERT INTO task (id, task_name) VALUES (?, ?)", task_id, name)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the project that may be changed."""
    return copy_project(tmp_path / "a project")


@pytest.fixture(scope="module")
def file_at_0001(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database at revision 0001, with rows. For copying, not for changing."""
    file = migrated(tmp_path_factory.mktemp("at 0001"), "0001")
    store(file)
    return file


@pytest.fixture(scope="module", params=DRIVERS)
def driver(request: pytest.FixtureRequest) -> str:
    """One driver of the URL after the other."""
    return request.param


@pytest.fixture(scope="module")
def file_at_head(tmp_path_factory: pytest.TempPathFactory, driver: str) -> Path:
    """An empty file that was migrated to the newest revision through one driver. For copying."""
    return migrated(tmp_path_factory.mktemp("at head"), "head", driver)


@pytest.fixture(scope="module", params=[*DRIVERS, *DRIVERS_OF_REMOTE])
def any_driver(request: pytest.FixtureRequest) -> str:
    """One driver of the URL after the other, of both databases."""
    return request.param


def new_database(request: pytest.FixtureRequest, driver: str, folder: Path, name: str) -> Database:
    """Make an empty database for a driver, without any table."""
    if driver in DRIVERS:
        return folder / f"{name}.db"
    return Remote(request.getfixturevalue("postgres"), name, folder)


@pytest.fixture(scope="module")
def at_0001(
    request: pytest.FixtureRequest, any_driver: str, tmp_path_factory: pytest.TempPathFactory
) -> Database:
    """A database at revision 0001, with rows, made through any driver. For copying."""
    database = new_database(request, any_driver, tmp_path_factory.mktemp("any"), "at_0001")
    alembic("upgrade", "0001", url=database_url(database, any_driver))
    store(database)
    return database


@pytest.fixture(scope="module")
def at_head(
    request: pytest.FixtureRequest, any_driver: str, tmp_path_factory: pytest.TempPathFactory
) -> Database:
    """An empty database at the newest revision, made through any driver. For copying."""
    database = new_database(request, any_driver, tmp_path_factory.mktemp("any"), "at_head")
    alembic("upgrade", "head", url=database_url(database, any_driver))
    return database


# The standard tests of pytest-alembic


def imported_app() -> list[str]:
    """Return the names of the app's modules that are imported now."""
    return [name for name in sys.modules if name.partition(".")[0] == "app"]


@pytest.fixture
def models(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """The module app.models of this repository, imported anew, with tables of its own.

    Whatever other tests have imported or defined does not matter, and is given back to them.
    """
    monkeypatch.chdir(ROOT)
    monkeypatch.syspath_prepend(ROOT)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.setattr(SQLModel, "metadata", MetaData())
    for name in imported_app():
        monkeypatch.delitem(sys.modules, name)
    with catch_warnings(action="ignore"):  # SQLAlchemy's, about a second class named Task
        module = import_module("app.models")
    yield module
    for name in imported_app():
        del sys.modules[name]


@pytest.fixture(params=[DRIVERS[0], DRIVERS_OF_REMOTE[0]])
def alembic_engine(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    models: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
) -> Engine:
    """An engine for an empty database, which env.py finds in DATABASE_URL."""
    database = new_database(request, request.param, tmp_path, "empty")
    monkeypatch.setenv("DATABASE_URL", database_url(database))
    monkeypatch.setattr("logging.config.fileConfig", lambda *_, **__: None)  # pytest's log stays
    return create_engine(database_url(database), poolclass=pool.NullPool)


alembic_runner = create_alembic_fixture({"file": str(ROOT / "alembic.ini")})


def test_single_head(alembic_runner: MigrationContext) -> None:
    """There is one newest revision."""
    standard.test_single_head_revision(alembic_runner)
    assert alembic_runner.heads == ["0002"]


def test_upgrade(alembic_runner: MigrationContext) -> None:
    """An empty database is upgraded to the newest revision."""
    standard.test_upgrade(alembic_runner)
    assert alembic_runner.current == "0002"


def test_models_match(alembic_runner: MigrationContext) -> None:
    """The migrations leave nothing for `revision --autogenerate` to find."""
    standard.test_model_definitions_match_ddl(alembic_runner)


def test_up_down_consistency(alembic_runner: MigrationContext) -> None:
    """Each revision can be undone and done again."""
    standard.test_up_down_consistency(alembic_runner)


# An empty database


def schema(database: Database) -> dict[str, object]:
    """Return what SQLAlchemy reads of the table task. The order of columns does not matter."""
    engine = create_engine(database_url(database), poolclass=pool.NullPool)
    inspector = inspect(engine)
    return {
        "columns": {
            column["name"]: (str(column["type"]), column["nullable"], column["default"])
            for column in inspector.get_columns("task")
        },
        "primary key": inspector.get_pk_constraint("task"),
        "indexes": inspector.get_indexes("task"),
        "unique": inspector.get_unique_constraints("task"),
        "checks": inspector.get_check_constraints("task"),
        "foreign keys": inspector.get_foreign_keys("task"),
    }


def test_head_has_the_schema_of_the_models(
    request: pytest.FixtureRequest,
    at_head: Database,
    any_driver: str,
    models: ModuleType,
    tmp_path: Path,
) -> None:
    """Through any URL, an empty database gets the table of the models, and its revision."""
    made = new_database(request, any_driver, tmp_path, "made_by_create_all")
    engine = create_engine(database_url(made), poolclass=pool.NullPool)
    models.Task.metadata.create_all(engine)
    assert schema(at_head) == schema(made)
    assert columns(at_head) == COLUMNS_HEAD
    assert revisions(at_head) == [("0002",)]
    tables = query(at_head, TABLES_OF_REMOTE if isinstance(at_head, Remote) else TABLES)
    assert sorted(tables) == [("alembic_version",), ("task",)]


def test_check_is_clean(at_head: Database, any_driver: str) -> None:
    """`alembic check` finds no difference, and changes nothing."""
    before = dump(at_head)
    output = alembic("check", url=database_url(at_head, any_driver))
    assert "No new upgrade operations detected." in output
    assert dump(at_head) == before


def test_0001_is_not_empty(at_0001: Database) -> None:
    """The first revision creates the table; the service's first version could run on it."""
    assert columns(at_0001) == COLUMNS_0001
    assert revisions(at_0001) == [("0001",)]
    assert names(at_0001) == NAMES


@pytest.mark.usefixtures("models")
def test_every_constraint_gets_a_name() -> None:
    """Also those that the table task has not: a later migration can change only what has one.

    The primary key has none: SQLite does not need it, and the table that existed before has none.
    """
    table = Table(
        "tag",
        SQLModel.metadata,
        Column("id", Integer, primary_key=True),
        Column("name", Integer, unique=True),
        Column("colour", Integer, index=True),
        Column("task_id", ForeignKey("task.id")),
        Column("place", Integer),
        CheckConstraint("colour > 0", name="colour"),
        # Two rules that begin with the same column must not get one name: a copy would lose one.
        UniqueConstraint("task_id", "name"),
        UniqueConstraint("task_id", "place"),
        Index(None, "colour", "place"),
    )
    named = {*table.constraints, *table.indexes} - {table.primary_key}
    assert {str(one.name) for one in named} == {
        *("uq_tag_name", "ix_tag_colour", "fk_tag_task_id_task", "ck_tag_colour"),
        *("uq_tag_task_id_name", "uq_tag_task_id_place", "ix_tag_colour_tag_place"),
    }


# Up and down


def test_down_and_up_keeps_rows(at_head: Database, any_driver: str, tmp_path: Path) -> None:
    """One revision down and up again loses only what the lower revision can't hold."""
    database = copy_of(at_head, tmp_path, "test")
    url = database_url(database, any_driver)
    store(database)
    query(database, "UPDATE task SET task_description = 'd' WHERE id = 1")

    alembic("downgrade", "0001", url=url)
    assert seen(database) == (COLUMNS_0001, [("0001",)], NAMES)

    alembic("upgrade", "head", url=url)
    assert seen(database) == (COLUMNS_HEAD, [("0002",)], NAMES)
    assert query(database, "SELECT DISTINCT task_description FROM task") == [(None,)]


def test_down_to_nothing_and_up(at_0001: Database, any_driver: str, tmp_path: Path) -> None:
    """Downgraded to base, the database holds no table of ours; upgraded again, it is as new."""
    database = copy_of(at_0001, tmp_path, "test")
    url = database_url(database, any_driver)
    alembic("downgrade", "base", url=url)
    assert columns(database) == []
    assert revisions(database) == []
    alembic("upgrade", "head", url=url)
    assert seen(database) == (COLUMNS_HEAD, [("0002",)], [])


class Old(SQLModel, registry=registry()):
    """Tables of a service that knew nothing of Alembic."""


class OldTask(Old, table=True):
    """The table task of revision 0001, in the words of a model."""

    __tablename__ = "task"
    task_name: str = Field(max_length=100)
    id: int | None = Field(default=None, primary_key=True)


def test_old_database_joins(project: Path) -> None:
    """A database made by `create_all` is stamped once, then upgraded with its rows.

    It is database.db: without DATABASE_URL, Alembic takes that one, as the app does.
    """
    file = project / "database.db"
    Old.metadata.create_all(create_engine(database_url(file), poolclass=pool.NullPool))
    store(file)
    assert columns(file) == COLUMNS_0001
    alembic("stamp", "0001", url=None, cwd=project)
    alembic("upgrade", "head", url=None, cwd=project)
    assert seen(file) == (COLUMNS_HEAD, [("0002",)], NAMES)


def test_a_new_revision_works_in_batches(
    project: Path, at_0001: Database, any_driver: str, tmp_path: Path
) -> None:
    """What Alembic finds by itself is written so that SQLite can do it: by copying the table.

    The new constraint gets its name, so that the downgrade finds it, and no row is lost.
    """
    database = copy_of(at_0001, tmp_path, "test")
    url = database_url(database, any_driver)
    alembic("upgrade", "head", url=url)
    models = project / "app" / "models.py"
    text = models.read_text("utf-8")
    key = "    id: int | None = Field(default=None, primary_key=True)\n"
    assert key in text
    text = text.replace(
        "from sqlmodel import", "from sqlalchemy import UniqueConstraint\nfrom sqlmodel import"
    )
    text = text.replace(key, f"{key}    __table_args__ = (UniqueConstraint('task_name'),)\n")
    models.write_text(text, encoding="utf-8", newline="\n")
    alembic("revision", "--autogenerate", "-m", "unique", url=url, cwd=project)
    [written] = (project / "alembic" / "versions").glob("*_unique.py")
    assert "with op.batch_alter_table('task'" in written.read_text("utf-8")

    alembic("upgrade", "head", url=url, cwd=project)
    unique = {"name": "uq_task_task_name", "column_names": ["task_name"]}
    found = schema(database)["unique"]
    assert [{**unique, **one} for one in found] == found != []
    assert names(database) == NAMES
    alembic("check", url=url, cwd=project)
    alembic("downgrade", "0002", url=url, cwd=project)
    assert schema(database)["unique"] == []
    assert names(database) == NAMES


# The connection


def test_database_url_wins(project: Path, tmp_path: Path) -> None:
    """DATABASE_URL names the file, and alembic.ini names none. database.db is not even made."""
    assert "\nsqlalchemy.url" not in (project / "alembic.ini").read_text("utf-8")
    file = tmp_path / "another one.db"
    alembic("upgrade", "head", url=database_url(file), cwd=project)
    assert revisions(file) == [("0002",)]
    assert not (project / "database.db").exists()


def test_what_a_migration_tells(tmp_path: Path) -> None:
    """Which revision runs, on stderr, and no statement."""
    url = database_url(tmp_path / "database.db")
    status, output, errors, _ = run_alembic(["upgrade", "head"], url=url, cwd=ROOT)
    assert (status, output) == (0, "")
    assert errors.splitlines() == [
        f"INFO  [alembic.runtime.migration] {said}"
        for said in (
            *("Context impl SQLiteImpl.", "Will assume transactional DDL."),
            *("Running upgrade  -> 0001, init", "Running upgrade 0001 -> 0002, add description"),
        )
    ]


def test_a_colon_in_the_path(tmp_path: Path) -> None:
    """On Linux and macOS it divides the folders of PATH. Here it is a letter, as is a semicolon."""
    ini = Path(copy(ROOT / "alembic.ini", tmp_path))
    text = ini.read_text(encoding="utf-8").replace("%(here)s", "/my work/10:30; new")
    ini.write_text(text, encoding="utf-8", newline="\n")
    assert Config(ini).get_prepend_sys_paths_list() == ["/my work/10:30; new/."]


@pytest.mark.parametrize("written", ["%", "%25"])
def test_percent_in_the_url(tmp_path: Path, driver: str, written: str) -> None:
    """A % means something in Alembic's settings, and something else in a URL: both are met."""
    folder = tmp_path / "100% mine"
    folder.mkdir()
    file = folder / "database.db"
    alembic("upgrade", "head", url=database_url(file, driver).replace("%", written))
    assert revisions(file) == [("0002",)]


IN_A_PROGRAM = """
import logging
from alembic import command
from alembic.config import Config

other = logging.getLogger("other")
command.upgrade(Config("alembic.ini"), "head")
print(other.disabled)
without_file = Config()
without_file.set_main_option("script_location", "alembic")
command.current(without_file)
"""


def test_other_loggers_go_on(project: Path) -> None:
    """Alembic can be run by a program that logs, too: it does not silence what was there before.

    Nor does it need a file of settings, which says how to log.
    """
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    environment.pop("DATABASE_URL", None)
    command = [sys.executable, "-c", IN_A_PROGRAM]
    done = subprocess.run(
        command, cwd=project, env=environment, capture_output=True, encoding="utf-8", timeout=60
    )
    assert (done.returncode, done.stdout) == (0, "False\n0002 (head)\n"), done.stderr
    assert revisions(project / "database.db") == [("0002",)]


HALF_WAY = '''
"""A migration that changes a table, its rows and its revision, and then fails."""

import sqlalchemy as sa

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table("note", sa.Column("id", sa.Integer(), primary_key=True))
    op.execute("UPDATE task SET task_name = 'changed'")
    with op.batch_alter_table("task") as batch:
        batch.alter_column("task_name", new_column_name="title")
    raise RuntimeError("half-way")


def downgrade() -> None:
    op.drop_table("note")
'''


def test_all_or_nothing(project: Path, tmp_path: Path, at_0001: Database, any_driver: str) -> None:
    """A migration that fails leaves the database exactly as it was, and works once it is mended."""
    database = copy_of(at_0001, tmp_path, "test")
    url = database_url(database, any_driver)
    before = dump(database)
    migration = project / "alembic" / "versions" / "0003_half_way.py"

    migration.write_text(HALF_WAY, encoding="utf-8")
    output = alembic("upgrade", "head", url=url, cwd=project, fails=True)
    assert "RuntimeError: half-way" in output
    assert dump(database) == before  # also 0002, which went well, is undone

    mended = HALF_WAY.replace('    raise RuntimeError("half-way")\n', "")
    migration.write_text(mended, encoding="utf-8")
    alembic("upgrade", "head", url=url, cwd=project)
    assert revisions(database) == [("0003",)]
    assert query(database, "SELECT id, title FROM task") == [(id_, "changed") for id_, _ in NAMES]
    assert query(database, "SELECT * FROM note") == []


ASKS = '''
"""A migration that fails with the settings that its connection has."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    asked = ("busy_timeout", "foreign_keys")
    connection = op.get_bind()
    values = [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in asked]
    raise RuntimeError(values)
'''


def test_settings_of_the_connection(project: Path, file_at_head: Path, tmp_path: Path) -> None:
    """It waits for another writer for a minute, and does not check the keys of a copied table."""
    add_migration(project, "0003_asks", ASKS)
    url = database_url(Path(copy(file_at_head, tmp_path)))
    errors = alembic("upgrade", "head", url=url, cwd=project, fails=True)
    assert errors.splitlines()[-1] == "RuntimeError: [60000, 0]"


CHILDREN = '''
"""A table whose rows go with the task that they belong to."""

import sqlalchemy as sa

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "part",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("task_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["task_id"], ["task.id"], name="of_task", ondelete="CASCADE"),
    )


def downgrade() -> None:
    op.drop_table("part")
'''
COPIES = '''
"""A change of the table that they belong to, by copying it."""

import sqlalchemy as sa

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    with op.batch_alter_table("task") as batch:
        batch.alter_column("task_name", type_=sa.String(50))


def downgrade() -> None:
    with op.batch_alter_table("task") as batch:
        batch.alter_column("task_name", type_=sa.String(100))
'''
CONNECTS = "    with connectable.connect() as connection:\n"
LISTENS = """\
    from sqlalchemy import event
    from app.db import set_up_connection
    event.listen(connectable, "connect", set_up_connection)
"""


def add_migration(project: Path, name: str, text: str) -> None:
    """Write a migration into a copy of the project."""
    path = project / "alembic" / "versions" / f"{name}.py"
    path.write_text(text, encoding="utf-8", newline="\n")


@pytest.fixture
def with_children(project: Path, file_at_0001: Path, tmp_path: Path, driver: str) -> Path:
    """A database where each of the tasks has a part. In the project, foreign keys are always on.

    Its env.py sets up its connection as the app does, and so does a SQLite that is built that way.
    """
    env = project / "alembic" / "env.py"
    text = env.read_text("utf-8")
    assert text.count(CONNECTS) == 1
    text = text.replace(CONNECTS, LISTENS + CONNECTS)
    env.write_text(text, encoding="utf-8", newline="\n")
    add_migration(project, "0003_children", CHILDREN)
    file = Path(copy(file_at_0001, tmp_path))
    alembic("upgrade", "head", url=database_url(file, driver), cwd=project)
    query(file, "INSERT INTO part (task_id) SELECT id FROM task")
    return file


def test_copying_a_table_keeps_what_belongs_to_it(
    project: Path, with_children: Path, driver: str
) -> None:
    """The old table is dropped, with foreign keys on: this would delete the parts, too."""
    url = database_url(with_children, driver)
    add_migration(project, "0004_copies", COPIES)
    for command, revision in (("upgrade", "0004"), ("downgrade", "0003"), ("upgrade", "0004")):
        alembic(command, revision, url=url, cwd=project)
        assert revisions(with_children) == [(revision,)]
        assert query(with_children, "SELECT task_id FROM part") == [(id_,) for id_, _ in NAMES]
        assert names(with_children) == NAMES


def test_what_a_copied_table_loses(project: Path, with_children: Path, driver: str) -> None:
    """As the glossary says of batch mode: no word of Alembic's, so whoever makes one must know."""
    query(with_children, "CREATE TRIGGER told AFTER INSERT ON task BEGIN SELECT 1; END")
    query(with_children, "CREATE INDEX small_names ON task (lower(task_name))")
    query(with_children, "CREATE INDEX plain ON task (task_name)")
    add_migration(project, "0004_copies", COPIES)
    alembic("upgrade", "head", url=database_url(with_children, driver), cwd=project)
    left = "SELECT name FROM sqlite_master WHERE name IN ('told', 'small_names', 'plain')"
    assert query(with_children, left) == [("plain",)]


def test_orphans_are_refused(project: Path, with_children: Path, driver: str) -> None:
    """A migration that deletes a task, and not what belongs to it, is undone as a whole."""
    url = database_url(with_children, driver)
    before = dump(with_children)
    deletes = "    op.execute('DELETE FROM task WHERE id = 1')\n"
    head, marker, rest = COPIES.partition("def upgrade() -> None:\n")
    add_migration(project, "0004_orphan", head + marker + deletes + rest)
    errors = alembic("upgrade", "head", url=url, cwd=project, fails=True)
    refusal = "RuntimeError: Row 1 of part refers to no row of task."
    assert errors.splitlines()[-1] == refusal
    assert dump(with_children) == before


def test_an_orphan_from_before(project: Path, with_children: Path, driver: str) -> None:
    """Alembic refuses to work on it, also to look, until it is gone, as the page of troubles says.

    Another program, which does not check foreign keys, has deleted a task.
    """
    page = (ROOT / "notebooks" / "troubleshooting.md").read_text(encoding="utf-8")
    assert "RuntimeError: Row … of … refers to no row of …" in page
    url = database_url(with_children, driver)
    query(with_children, "DELETE FROM task WHERE id = 1")
    for command in (["current"], ["upgrade", "head"]):
        errors = alembic(*command, url=url, cwd=project, fails=True)
        assert errors.splitlines()[-1] == "RuntimeError: Row 1 of part refers to no row of task."
    query(with_children, "DELETE FROM part WHERE rowid = 1")
    assert alembic("current", url=url, cwd=project).splitlines()[-1].endswith(" (head)")


def test_offline(
    request: pytest.FixtureRequest, tmp_path: Path, any_driver: str, at_head: Database
) -> None:
    """`--sql` prints the statements, connects to nothing, and the statements do what they say."""
    file = tmp_path / "no such folder" / "database.db"
    url = database_url(file, any_driver)
    if isinstance(at_head, Remote):
        url = f"{any_driver}://127.0.0.1:1/none"
    output = alembic("upgrade", "head", "--sql", url=url)
    assert (output.count("BEGIN;"), output.count("COMMIT;")) == (1, 1)
    assert output.startswith("BEGIN;") and output.rstrip().endswith("COMMIT;")
    assert "CREATE TABLE task (" in output
    assert "ALTER TABLE task ADD COLUMN task_description VARCHAR(1000);" in output
    assert not file.parent.exists()

    by_hand = new_database(request, any_driver, tmp_path, "by_hand")
    if isinstance(by_hand, Remote):
        by_hand.query(output)
    else:
        with closing(sqlite3.connect(by_hand)) as connection:
            connection.executescript(output)
    assert schema(by_hand) == schema(at_head)
    assert revisions(by_hand) == [("0002",)]


WRITES = '''
"""A migration of rows."""

import sqlalchemy as sa

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    task = sa.table("task", sa.column("id", sa.Integer), sa.column("task_name", sa.String))
    op.bulk_insert(task, [{"id": 1, "task_name": "it's new"}])
    op.execute(task.update().where(task.c.id == 1).values(task_name="it's changed"))
    name = sa.Column("name", sa.String)
    op.create_table("note", sa.Column("id", sa.Integer), name, sa.UniqueConstraint("name"))


def downgrade() -> None:
    pass
'''


def test_offline_with_rows(project: Path, file_at_head: Path, tmp_path: Path) -> None:
    """The values stand in the statements: whoever runs them has them from nowhere else.

    And what has no name gets one, by the convention of the models.
    """
    add_migration(project, "0003_writes", WRITES)
    url = database_url(tmp_path / "none.db")
    output = alembic("upgrade", "0002:0003", "--sql", url=url, cwd=project)
    file = Path(copy(file_at_head, tmp_path / "by hand.db"))
    with closing(sqlite3.connect(file)) as connection:
        connection.executescript(output)
    assert query(file, "SELECT id, task_name FROM task") == [(1, "it's changed")]
    assert "CONSTRAINT uq_note_name UNIQUE (name)" in output
    assert revisions(file) == [("0003",)]


def test_no_command_imports_the_web_framework() -> None:
    """Each `alembic` imports the models: FastAPI would make all of them a fifth slower."""
    code = "import sys, app.db, app.models; print('fastapi' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout == "False\n"
