"""Tests the bench for migrations: rows, drafts, revisions, and Alembic by both kinds of URL."""

import logging
import os
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import op
from helpers import child_of, is_gone, redirect, write
from service import query

from tutorial import (
    Problem,
    ask,
    course,
    draft,
    edit,
    fresh,
    migrate,
    migrating,
    revision,
    start_alembic,
    trial,
    try_start,
    workspace,
)
from tutorial.ends import stored_ends

TEXT = "task_description: Text | None = Field(default=None, max_length=1000)"


def add_due() -> None:
    """Add a column."""
    op.add_column("task", sa.Column("due", sa.Integer()))


def drop_due() -> None:
    """Take it away again."""
    op.drop_column("task", "due")


def by_address() -> None:
    """Do something else for each URL."""
    url = op.get_context().config.get_main_option("sqlalchemy.url")
    op.execute(f"UPDATE task SET task_description = '{url}' WHERE id = 1")


def refuse() -> None:
    """Refuse, with words that name the URL."""
    raise ValueError(op.get_context().config.get_main_option("sqlalchemy.url"))


def warn() -> None:
    """Warn of this and that, and log something."""
    import sys
    import warnings

    for kind in (UserWarning, RuntimeWarning, DeprecationWarning, UserWarning):
        warnings.warn(kind.__name__, kind, stacklevel=1)
    print("a log", file=sys.stderr)


def meet() -> None:
    """Note who is here, wait for another one, and add a column."""
    import os
    import time
    from pathlib import Path

    Path(f"here-{os.getpid()}").touch()
    time.sleep(0.5)
    op.add_column("task", sa.Column("due", sa.Integer()))


def keep_log() -> None:
    """Change a table, and hand over what batch mode forgets of it, as notebook 13 says."""
    rules, kwargs = [sa.CheckConstraint("tag", name="ck_log_tag")], {"sqlite_autoincrement": True}
    largest = op.get_bind().scalar(sa.text("SELECT seq FROM sqlite_sequence WHERE name = 'log'"))
    with op.batch_alter_table("log", table_args=rules, table_kwargs=kwargs) as batch_op:
        batch_op.alter_column("tag", type_=sa.Text(collation="NOCASE"), nullable=False)
    op.execute(f"UPDATE sqlite_sequence SET seq = {largest} WHERE name = 'log'")


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Give a workspace with the finished service; a test leaves nothing of `app` imported."""
    monkeypatch.setenv("TUTORIAL_WORKSPACE", str(tmp_path))
    monkeypatch.setitem(workspace.begun, "number", 0)
    monkeypatch.chdir(tmp_path)
    stored_ends().put(11, tmp_path)
    yield tmp_path
    fresh.forget_app()


def lines(capsys: pytest.CaptureFixture[str]) -> list[str]:
    """Return the lines that were printed."""
    return capsys.readouterr().out.splitlines()


def columns(folder: Path, file: str = "database.db") -> list[str]:
    """Return the columns of the table `task`."""
    return [row[1] for row in query(folder / file, "PRAGMA table_info(task)")]


def test_a_trial_has_a_thousand_rows(project: Path) -> None:
    """The project's own come first; the model is changed in the copy only; a new trial is new."""
    for _ in range(2):
        folder = trial("a trial", TEXT, TEXT.replace("1000", "9"))
        counted = query(
            folder / "database.db", "SELECT count(*), count(task_description) FROM task"
        )
        assert counted == [(1000, 498)]
        seven = query(
            folder / "database.db", "SELECT task_name, task_description FROM task WHERE id=7"
        )
        assert seven == [("task 7", "7 apples")]
        assert "max_length=9)" in (folder / "app" / "models.py").read_text(encoding="utf-8")
        ask(folder, "DELETE FROM task")
    assert TEXT in (project / "app" / "models.py").read_text(encoding="utf-8")
    assert query(project / "database.db", "SELECT count(*) FROM task") == [(6,)]
    with pytest.raises(Problem, match="has no text"):
        trial("a trial", "no such text", "new")


def test_what_it_asks(capsys: pytest.CaptureFixture[str]) -> None:
    """Answers, errors and changes, each in a line; each statement holds; keys are on."""
    folder = trial("asked")
    ask(folder, "DELETE FROM task WHERE id > 1", "SELECT count(*) FROM task", "SELECT missing")
    ask(folder, "SELECT count(*) FROM task", "PRAGMA foreign_keys")
    ask(folder, "INSERT INTO task (id) VALUES (2)", f"SELECT {'1 + ' * 20}1")
    with closing(sqlite3.connect(folder / "database.db")) as another:
        another.execute("BEGIN IMMEDIATE")
        begun = time.monotonic()
        ask(folder, "DELETE FROM task")
        assert time.monotonic() - begun < 4  # SQLite itself waits for 5 s
    assert lines(capsys) == [
        "DELETE FROM task WHERE id > 1 -> done",
        "SELECT count(*) FROM task -> [(1,)]",
        "SELECT missing -> OperationalError: no such column: missing",
        "SELECT count(*) FROM task -> [(1,)]",
        "PRAGMA foreign_keys -> [(1,)]",
        "INSERT INTO task (id) VALUES (2)",
        "-> IntegrityError: NOT NULL constraint failed: task.task_name",
        f"SELECT {'1 + ' * 16}1",
        "  + 1 + 1 + 1 + 1",
        "-> [(21,)]",
        "DELETE FROM task -> OperationalError: database is locked",
    ]


def test_alembic_as_a_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """It gets the settings of the call, and not the kernel's database; both speak UTF-8."""
    monkeypatch.setenv("DATABASE_URL", "sqlite:///elsewhere.db")
    monkeypatch.setattr(migrating, "Program", lambda words, **options: options)
    assert "DATABASE_URL" not in start_alembic("a", "current")["env"]
    options = start_alembic("a", "current", DATABASE_URL="sqlite:///b.db")
    assert options["env"]["DATABASE_URL"] == "sqlite:///b.db"
    assert (options["cwd"], options["encoding"], options["env"]["PYTHONUTF8"]) == (
        "a",
        "utf-8",
        "1",
    )


def test_a_revision_takes_the_place_of_a_draft(project: Path) -> None:
    """Of two files with one number, Alembic would take neither."""
    write("alembic/versions/0003_draft.py", "")
    revision(project, add_due, drop_due)
    (file,) = Path("alembic/versions").glob("0003*")
    assert "add_column" in file.read_text(encoding="utf-8")


def test_up_and_down(capsys: pytest.CaptureFixture[str]) -> None:
    """Each command says what it does, and happens in both databases."""
    folder = trial("up and down")
    revision(folder, add_due, drop_due)
    migrate(folder, "current", "upgrade head")
    assert "due" in columns(folder)
    assert "due" in columns(folder, "async.db")
    migrate(folder, "downgrade -1", "upgrade nowhere")
    assert "due" not in columns(folder)
    said = "FAILED: Can't locate revision identified by 'nowhere'"
    assert lines(capsys) == [
        *("$ alembic current", "0002", "$ alembic upgrade head", "done"),
        *("$ alembic downgrade -1", "done", "$ alembic upgrade nowhere", said),
    ]


@pytest.mark.parametrize("upgrade", [by_address, refuse])
def test_a_difference_between_the_urls_is_told(upgrade: Callable[[], None]) -> None:
    """Of what is said, or of the rows."""
    folder = trial("different")
    revision(folder, upgrade, drop_due)
    with pytest.raises(Problem) as raised:
        migrate(folder, "upgrade head")
    assert raised.value.key == "urls-differ"


def test_what_a_migration_warns_of(capsys: pytest.CaptureFixture[str]) -> None:
    """It is said once. What is meant for those who write libraries, and a log, is not shown."""
    folder = trial("warns")
    revision(folder, warn, drop_due)
    migrate(folder, "upgrade head")
    printed = capsys.readouterr()
    warned = ["warning: UserWarning", "warning: RuntimeWarning"]
    assert printed.out.splitlines() == ["$ alembic upgrade head", *warned, "done"]
    assert printed.err == ""


def test_the_order_of_two_heads_is_no_difference(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A database at two heads tells either of them first."""
    heads = iter(("91bc\nc41d", "c41d\n91bc", "91bc\nc41d", "c41d"))
    monkeypatch.setattr(migrating, "_run", lambda *_: next(heads))
    folder = trial("two heads")
    migrate(folder, "current")
    assert lines(capsys) == ["$ alembic current", "91bc", "c41d"]
    with pytest.raises(Problem, match="something else"):
        migrate(folder, "current")


def test_what_batch_mode_forgets_can_be_handed_over() -> None:
    """A rule without a name, AUTOINCREMENT and COLLATE are still there, and no id comes again.

    Its new name is whole: the naming convention, by which the model names it, is not asked.
    """
    rule = 'table_args=[sa.CheckConstraint("tag", name="ck_log_tag")]'
    assert any(rule in cell.source for cell in course.cells(13))
    folder = trial("forgets")
    column = "tag TEXT COLLATE NOCASE CHECK (tag)"
    ask(folder, f"CREATE TABLE log (id INTEGER PRIMARY KEY AUTOINCREMENT, {column})")
    ask(folder, "INSERT INTO log (tag) VALUES (1), (2), (3)", "DELETE FROM log WHERE id = 3")
    revision(folder, keep_log, drop_due)
    migrate(folder, "upgrade head")
    ((made,),) = query(folder / "database.db", "SELECT sql FROM sqlite_master WHERE name = 'log'")
    for kept in (
        "AUTOINCREMENT",
        'COLLATE "NOCASE"',
        "CONSTRAINT ck_log_tag CHECK (tag)",
        "NOT NULL",
    ):
        assert kept in made
    ask(folder, "INSERT INTO log (tag) VALUES (4)")
    assert query(folder / "database.db", "SELECT max(id) FROM log") == [(4,)]


def test_nothing_else_is_touched(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Loggers, the folder, the path of imports, DATABASE_URL and the modules of `app`."""
    monkeypatch.setenv("DATABASE_URL", "sqlite:///elsewhere.db")
    logger = logging.getLogger("uvicorn.error")
    before = logger.disabled, logging.getLogger().handlers[:], list(sys.path), Path.cwd()
    folder = trial("apart")
    migrate(folder, "upgrade head", "check")
    draft(folder)
    try_start(folder)
    assert before == (logger.disabled, logging.getLogger().handlers, sys.path, Path.cwd())
    assert os.environ["DATABASE_URL"] == "sqlite:///elsewhere.db"
    assert fresh.app_modules() == {}
    assert not (project / "elsewhere.db").exists()
    assert not (folder / "elsewhere.db").exists()


def test_a_folder_with_other_letters(capsys: pytest.CaptureFixture[str]) -> None:
    """What Alembic says names no path of this machine, also if the path is not all ASCII."""
    migrate(trial("wörk"), "revision -m empty --rev-id 0003")
    assert lines(capsys)[1:] == ["Generating alembic/versions/0003_empty.py ...  done"]


def test_a_path_of_windows() -> None:
    """It is shown with forward slashes, and with nothing of this machine. Other words stay."""
    here = r"C:\Users\Jörg Müller\heads"
    said = rf"Generating {here}\alembic\versions\0004_both.py ...  done, \n, {here}-2\app"
    shown = rf"Generating alembic/versions/0004_both.py ...  done, \n, {here}-2\app"
    assert migrating._below(here, said) == shown


def test_a_draft(capsys: pytest.CaptureFixture[str]) -> None:
    """It prints what `upgrade` does; a second one takes its place; if there is none, it says so."""
    folder = trial("draft", TEXT, f"due: int | None = None\n    {TEXT}")
    draft(folder)
    edit(f"{folder}/app/models.py", "due:", "later:", show=False)
    draft(folder)
    drafted = "    batch_op.add_column(sa.Column('{}', sa.Integer(), nullable=True))"
    assert lines(capsys)[1::2] == [drafted.format(name) for name in ("due", "later")]
    assert len(list((folder / "alembic" / "versions").glob("0003*"))) == 1
    with pytest.raises(Problem, match="Target database is not up to date"):
        draft(folder, "0004")


def test_a_long_line_of_a_draft(capsys: pytest.CaptureFixture[str]) -> None:
    """It is broken between words, with an indent. JupyterLab would break it within a word."""
    folder = trial("long", TEXT, f"day_when_it_is_due: int | None = None\n    {TEXT}")
    draft(folder)
    assert lines(capsys)[1:] == [
        "    batch_op.add_column(sa.Column('day_when_it_is_due', sa.Integer(),",
        "      nullable=True))",
    ]


def test_a_service_starts_or_says_why_not(capsys: pytest.CaptureFixture[str]) -> None:
    """In the words of the service."""
    folder = trial("start")
    try_start(folder)
    revision(folder, add_due, drop_due)
    try_start(folder)
    needs = "sqlite:///database.db is at revision 0002, the app needs 0003"
    assert lines(capsys) == ["The service starts.", f"{needs}: run", "  `alembic upgrade head`."]


def test_two_at_the_same_moment() -> None:
    """By BEGIN IMMEDIATE in env.py, only one of two migrations gets into the revision."""
    folder = trial("two")
    revision(folder, meet, drop_due)
    both = [start_alembic(folder, "upgrade head") for _ in range(2)]
    for one in both:
        one.communicate(timeout=60)
    assert [one.returncode for one in both] == [0, 0]
    assert len(list(folder.glob("here-*"))) == 1
    assert "due" in columns(folder)


@pytest.mark.skipif(sys.platform == "win32", reason="the redirector is a script")
def test_a_python_that_starts_another_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in an environment on Windows: when a migration is killed, the real one is gone, too."""
    folder = trial("killed")
    redirect(tmp_path, monkeypatch)
    with start_alembic(folder, "upgrade head") as migration:
        real = child_of(migration.pid)
        migration.kill()
        assert is_gone(real)
