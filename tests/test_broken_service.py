"""The case of notebook 17: it has its seven troubles, and each right repair is taken for one.

The worked answer of the notebook is run by nbval.
"""

import importlib
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace

import pytest
from alembic.command import upgrade
from alembic.config import Config
from alembic.script import ScriptDirectory
from helpers import write

from tutorial import (
    Problem,
    answer_case,
    begin,
    check,
    course,
    finish,
    fresh,
    migrating,
    open_case,
    workspace,
)
from tutorial.case import NOT_ASKED, make_case
from tutorial.exercises import notebook_17
from tutorial.exercises.notebook_17 import TROUBLES, Case
from tutorial.imports import look_first_in
from tutorial.progress import finished

DAYS = [trouble.day for trouble in TROUBLES]
MONDAY, TUESDAY, WEDNESDAY, MORNING, EVENING, AHEAD, HEADS = DAYS
COLUMNS = "task_name, task_description, owner_id"
Repair = Callable[[Path], object]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A case that nobody touches."""
    folder = tmp_path_factory.mktemp("the made") / "case"
    make_case(folder)
    return folder


@pytest.fixture
def case(made: Path, tmp_path: Path) -> Path:
    """A case to repair."""
    return shutil.copytree(made, tmp_path / "a case")


@pytest.fixture(autouse=True)
def fast(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask the same code only once, and upgrade in this process: another one takes a second.

    A learner's case is judged by processes: so is the one of `test_all_repairs_together`, and that
    of the notebook.
    """
    if request.node.name == "test_all_repairs_together":
        return
    monkeypatch.setattr(Case, "_visit", remembering(Case._visit, "app"))
    monkeypatch.setattr(Case, "upgraded", upgraded_here)
    for judge in (notebook_17._does_not_do_its_work, notebook_17._wrong_on_other_databases):
        monkeypatch.setattr(notebook_17, judge.__name__, remembering(judge, "alembic/versions"))


def upgraded_here(case: Case, folder: str, to: str) -> subprocess.CompletedProcess[str]:
    """Do what `Case.upgraded` does, without a process."""
    with migrating._in(case.folder, f"sqlite:///{Path(folder, 'database.db').as_posix()}"):
        config = Config("alembic.ini")
        config.set_main_option("script_location", "alembic")  # it reads the file here
        config.config_file_name = None  # env.py then leaves the loggers alone
        try:
            upgrade(config, to)
        except Exception as error:
            return subprocess.CompletedProcess([], 1, "", f"{type(error).__name__}: {error}")
    return subprocess.CompletedProcess([], 0, "", "")


known: dict[object, object] = {}


def remembering(judge: Callable[..., object], looks_at: str) -> Callable[..., object]:
    """Return a judge that remembers what it has found for the same files."""

    def judged(case: Case, *given: str) -> object:
        texts = [path.read_bytes() for path in sorted((case.folder / looks_at).glob("*.py"))]
        key = (judge.__name__, given, sha256(b"\0".join(texts)).digest())
        if "whole" in given or key not in known:
            known[key] = judge(case, *given)
        return known[key]

    return judged


def lines(folder: Path) -> dict[str, str]:
    """Return the line that `check` prints for each day, without what all of them together get."""
    said = list(notebook_17.repaired(folder))[:-1]
    return dict(zip(DAYS, said, strict=True))


def marks(folder: Path) -> str:
    """Return the marks of the lines, in their order."""
    return "".join(line[0] for line in lines(folder).values())


# What a learner does


def execute(folder: Path, *statements: str, database: str = "database.db") -> None:
    """Run statements, as another program does: with foreign keys off."""
    with closing(sqlite3.connect(folder / database)) as connection, connection:
        for statement in statements:
            connection.execute(statement)


def rows(folder: Path, query: str, database: str = "database.db") -> list[tuple]:
    """Return what a query gives."""
    with closing(sqlite3.connect(folder / database)) as connection:
        return connection.execute(query).fetchall()


def many(folder: Path, statement: str, values: list[tuple]) -> None:
    """Run a statement for each of some rows."""
    with closing(sqlite3.connect(folder / "database.db")) as connection, connection:
        connection.executemany(statement, values)


def replace(folder: Path, path: str, old: str, new: str) -> None:
    """Replace a text in a file, in which it must be."""
    text = (folder / path).read_text(encoding="utf-8")
    assert old in text
    (folder / path).write_text(text.replace(old, new), encoding="utf-8", newline="\n")


def alembic(folder: Path, *commands: str) -> str:
    """Run commands of Alembic in this process, and return what the last one says."""
    for command in commands:
        said = migrating._run(folder, "sqlite:///database.db", command)
    return said


def names_of_the_backup(folder: Path) -> None:
    names = rows(folder, "SELECT name, id FROM person", "backups/monday.db")
    many(folder, "UPDATE person SET full_name = ? WHERE id = ? AND full_name = ''", names)


def names_by_email(folder: Path) -> None:
    names = rows(folder, "SELECT name, lower(email) FROM person", "backups/monday.db")
    many(folder, "UPDATE person SET full_name = ? WHERE email = ? AND full_name = ''", names)


OF_THE_ANSWER = 'class TaskPublic(TaskBase):\n    """What the service answers of a task."""\n\n'
FIELDS = "    task_name: str\n    task_description: str | None\n    due: date | None\n"
BASE = OF_THE_ANSWER.replace("TaskBase", "SQLModel")


def own_fields(folder: Path) -> None:
    new = f"{BASE}{FIELDS}    owner_id: int | None\n"
    replace(folder, "app/models.py", OF_THE_ANSWER, new)


def fields_over_those_of_the_base(folder: Path) -> None:
    replace(folder, "app/models.py", OF_THE_ANSWER, OF_THE_ANSWER + FIELDS)


FORGOTTEN = "    session.commit()\n    return task\n"


def awaited(folder: Path) -> None:
    replace(folder, "app/main_async.py", FORGOTTEN, FORGOTTEN.replace("session", "await session"))


def made_again(folder: Path) -> None:
    from tutorial import make_async

    before = Path.cwd()
    os.chdir(folder)
    try:
        make_async("app/main.py", show=False)
    finally:
        os.chdir(before)


def lost(folder: Path) -> list[tuple]:
    query = f"SELECT {COLUMNS}, id FROM task WHERE id > 22 ORDER BY id"
    return rows(folder, query, "wednesday/database.db")


def new_numbers(folder: Path) -> None:
    values = [row[:3] for row in lost(folder)]
    many(folder, f"INSERT INTO task ({COLUMNS}) VALUES (?, ?, ?)", values)


def numbers_of_ones_own(folder: Path) -> None:
    values = [(*row[:3], row[3] + 100) for row in lost(folder)]
    many(folder, f"INSERT INTO task ({COLUMNS}, id) VALUES (?, ?, ?, ?)", values)


def without_owner(folder: Path) -> None:
    nobody = "owner_id NOT IN (SELECT id FROM person)"
    execute(folder, f"UPDATE task SET owner_id = NULL WHERE {nobody}")


def release_copied(folder: Path) -> None:
    shutil.copy(folder / "thursday/c41d_small_letters.py", folder / "alembic/versions")


def release_read_where_it_lies(folder: Path) -> None:
    of_thursday = "\nversion_locations =\n    %(here)s/alembic/versions\n    %(here)s/thursday\n"
    where = "script_location = %(here)s/alembic\n"
    replace(folder, "alembic.ini", where, where + of_thursday)


def merged(folder: Path) -> None:
    alembic(folder, "merge heads -m together", "upgrade head")


def merged_twice(folder: Path) -> None:
    (folder / "alembic/versions/c41d_small_letters.py").unlink()
    alembic(folder, "merge heads -m once")
    release_copied(folder)
    merged(folder)


def undone_and_brought_back(folder: Path) -> None:
    undone(folder)
    release_copied(folder)
    merged(folder)


def moved_and_put_back(folder: Path) -> None:
    ben_behind_mia(folder)
    alembic(folder, "downgrade c41d")
    replace(folder, "alembic/versions/91bc_due.py", '"c41d"', '"0003"')
    merged(folder)


RIGHT = {
    MONDAY: [names_of_the_backup, names_by_email],
    TUESDAY: [own_fields, fields_over_those_of_the_base],
    WEDNESDAY: [awaited, made_again],
    MORNING: [new_numbers, numbers_of_ones_own],
    EVENING: [without_owner],
    AHEAD: [release_read_where_it_lies, release_copied],
    HEADS: [merged, merged_twice, undone_and_brought_back, moved_and_put_back],
}
BEFORE = {HEADS: [AHEAD, EVENING]}  # what must be repaired first


# The case


def test_the_case_as_made(made: Path, capsys: pytest.CaptureFixture) -> None:
    """No line is found or repaired."""
    check("repaired", made)
    said = [f"○ {day}: not repaired yet." for day in DAYS]
    assert capsys.readouterr().out.splitlines() == [*said, "0 of 7 are repaired."]


def test_each_trouble_is_there(made: Path, tmp_path: Path) -> None:
    """Seen without the judge, as a learner sees it."""
    case = shutil.copytree(made, tmp_path / "case")
    # Names are lost, and the backup has them.
    assert rows(case, "SELECT id FROM person WHERE full_name = ''") == [(1,), (2,), (4,)]
    lost_names = rows(case, "SELECT name FROM person WHERE id IN (1, 2, 4)", "backups/monday.db")
    assert lost_names == [("Ines Roth",), ("Jonas Beck",), ("Karim Aziz",)]
    # Tasks without a name can't be read; what the async PATCH answers is not stored.
    said = Case(case).answers
    for version in ("sync", "async"):
        assert [said[version][what][0] for what in ("list", "no name", "patch")] == [500, 500, 200]
    assert [said[version]["patched"][1] for version in ("sync", "async")] == ["changed", "old"]
    # Five tasks are in the second file of the copy, and not in the first.
    shutil.copy(case / "wednesday/database.db", tmp_path / "bare.db")
    names = "SELECT task_name FROM task WHERE id > 22 ORDER BY id"
    assert rows(tmp_path, names, "bare.db") == []
    assert len(rows(case, names, "wednesday/database.db")) == 5
    assert not set(rows(case, names)) & set(rows(case, names, "wednesday/database.db"))
    # Three tasks point to nobody.
    assert [row[1] for row in rows(case, "PRAGMA foreign_key_check")] == [3, 7, 12]
    # The database is ahead, and there are two heads.
    assert alembic(case, "current") == "FAILED: Can't locate revision identified by 'c41d'"
    assert sorted(ScriptDirectory(str(case / "alembic")).get_heads()) == ["2f8e", "91bc"]


def form(folder: Path, database: str) -> dict[str, object]:
    """Return the columns, rules and indexes of the tables of a database, in no order."""
    found: dict[str, object] = {}
    for (table,) in rows(folder, "SELECT name FROM sqlite_master WHERE type = 'table'", database):
        for what in ("table_info", "foreign_key_list", "index_list"):
            listed = rows(folder, f"PRAGMA {what}({table})", database)
            found[f"{what} of {table}"] = {tuple(map(str, row[1:])) for row in listed}
    return found


@pytest.mark.parametrize(
    ("database", "revision"), [("backups/monday.db", "0003"), ("wednesday/database.db", "2f8e")]
)
def test_the_story_has_the_tables_that_the_revisions_make(
    case: Path, database: str, revision: str
) -> None:
    """The story is SQL, so that a case is made at once; Alembic makes the same."""
    migrating._run(case, "sqlite:///by_alembic.db", f"upgrade {revision}")
    assert form(case, database) == form(case, "by_alembic.db")
    assert rows(case, "SELECT version_num FROM alembic_version", database) == [(revision,)]


# The judge


@pytest.mark.parametrize(
    ("day", "repair"), [(day, repair) for day, repairs in RIGHT.items() for repair in repairs]
)
def test_a_repair_flips_its_line_and_no_other(day: str, repair: Repair, case: Path) -> None:
    """Each right way counts; what must come first has been done."""
    first = BEFORE.get(day, [])
    for other in first:
        RIGHT[other][-1](case)
    repair(case)
    assert marks(case) == "".join("✓" if one in (day, *first) else "○" for one in DAYS)


def test_all_repairs_together(case: Path, capsys: pytest.CaptureFixture) -> None:
    """In another order than the answer of the notebook, and in other ways."""
    for day in [*DAYS[::-1][2:], *DAYS[-2:]]:
        RIGHT[day][-1](case)
    check("repaired", case)
    said = capsys.readouterr().out
    assert said.endswith("✓ All are repaired: both versions start, and read every row.\n")
    assert said.count("✓") == len(DAYS) + 1
    assert alembic(case, "check") == "No new upgrade operations detected."


def all_back_from_monday(folder: Path) -> None:
    shutil.copy(folder / "backups/monday.db", folder / "database.db")
    for left in folder.glob("database.db-*"):
        left.unlink()


def all_names_of_the_backup(folder: Path) -> None:
    names = rows(folder, "SELECT name, id FROM person", "backups/monday.db")
    many(folder, "UPDATE person SET full_name = ? WHERE id = ?", names)


def names_of_emails(folder: Path) -> None:
    name = "substr(email, 1, instr(email, '@') - 1)"
    execute(folder, f"UPDATE person SET full_name = {name} WHERE full_name = ''")


def half_of_the_names(folder: Path) -> None:
    execute(folder, "UPDATE person SET full_name = 'Ines Roth' WHERE id = 1")


def nameless_people_gone(folder: Path) -> None:
    execute(folder, "DELETE FROM person WHERE full_name = ''")


def column_of_old(folder: Path) -> None:
    names_of_the_backup(folder)
    execute(folder, "ALTER TABLE person RENAME COLUMN full_name TO name")


def a_name_for_the_nameless(folder: Path) -> None:
    execute(folder, "UPDATE task SET task_name = '(none)' WHERE task_name = ''")


def nameless_tasks_gone(folder: Path) -> None:
    execute(folder, "DELETE FROM task WHERE task_name = ''")


def no_limits_at_all(folder: Path) -> None:
    replace(
        folder,
        "app/models.py",
        "task_name: Text = Field(min_length=1, ",
        "task_name: Text = Field(",
    )
    replace(folder, "app/models.py", "default_factory=str, min_length=1, ", "default_factory=str, ")


def answer_without_the_date(folder: Path) -> None:
    new = f"{BASE}{FIELDS}    owner_id: int | None\n".replace("    due: date | None\n", "")
    replace(folder, "app/models.py", OF_THE_ANSWER, new)


def date_that_must_be_there(folder: Path) -> None:
    fields = FIELDS.replace("due: date | None", "due: date")
    replace(folder, "app/models.py", OF_THE_ANSWER, f"{BASE}{fields}    owner_id: int | None\n")


def code_gone(folder: Path) -> None:
    shutil.rmtree(folder / "app")


def date_as_text(folder: Path) -> None:
    fields = FIELDS.replace("due: date", "due: str")
    replace(folder, "app/models.py", OF_THE_ANSWER, f"{BASE}{fields}    owner_id: int | None\n")


def date_and_time(folder: Path) -> None:
    fields = FIELDS.replace("due: date | None", "due: datetime | None")
    replace(folder, "app/models.py", OF_THE_ANSWER, f"{BASE}{fields}    owner_id: int | None\n")
    replace(folder, "app/models.py", "import date\n", "import date, datetime\n")


def answer_of_nothing(folder: Path) -> None:
    replace(folder, "app/models.py", OF_THE_ANSWER, "class TaskPublic(TaskBase)\n")


def each_name_read_by_itself(folder: Path) -> None:
    """The answer has no limit for the name any more: that of the description does no harm."""
    replace(folder, "app/models.py", OF_THE_ANSWER, f"{OF_THE_ANSWER}    task_name: str\n")


def in_both(folder: Path, old: str, new: str) -> None:
    for path in ("app/main.py", "app/main_async.py"):
        replace(folder, path, old, new)


def left_out_of_the_list(folder: Path) -> None:
    each_name_read_by_itself(folder)
    page = ".where(col(Task.id) > after"
    in_both(folder, page, f'{page}, Task.task_name != ""')


def a_list_of_names(folder: Path) -> None:
    each_name_read_by_itself(folder)
    brief = "class TaskShort(SQLModel):\n    id: int\n    task_name: str\n\n\nclass TaskPublic"
    replace(folder, "app/models.py", "class TaskPublic", brief)
    in_both(folder, "list[TaskPublic]", "list[TaskShort]")
    in_both(folder, "TaskPublic, TaskUpdate", "TaskPublic, TaskShort, TaskUpdate")


def date_that_nobody_can_send(folder: Path) -> None:
    own_fields(folder)
    date, row = "    due: date | None = None\n", '    """A row of the table `task`."""\n\n'
    replace(folder, "app/models.py", date, "")
    replace(folder, "app/models.py", row, row + date)


def two_commits(folder: Path) -> None:
    replace(folder, "app/main_async.py", FORGOTTEN, "    await session.close()\n    return task\n")


def refreshed(folder: Path) -> None:
    replace(folder, "app/main_async.py", FORGOTTEN, "    await session.rollback()\n    return 5\n")


def copy_over_it(folder: Path) -> None:
    rows(
        folder, "SELECT * FROM task", "wednesday/database.db"
    )  # closing it takes the second file in
    shutil.copy(folder / "wednesday/database.db", folder / "database.db")


def second_file_beside_the_first_of_today(folder: Path) -> None:
    shutil.copy(folder / "wednesday/database.db-wal", folder)
    rows(folder, "SELECT * FROM task")


def in_place_of_thursdays(folder: Path) -> None:
    values = lost(folder)
    many(folder, f"INSERT OR REPLACE INTO task ({COLUMNS}, id) VALUES (?, ?, ?, ?)", values)


def those_with_a_free_number(folder: Path) -> None:
    values = lost(folder)
    many(folder, f"INSERT OR IGNORE INTO task ({COLUMNS}, id) VALUES (?, ?, ?, ?)", values)


def twice(folder: Path) -> None:
    new_numbers(folder)
    new_numbers(folder)


def all_of_wednesday(folder: Path) -> None:
    values = rows(folder, f"SELECT {COLUMNS} FROM task", "wednesday/database.db")
    many(folder, f"INSERT INTO task ({COLUMNS}) VALUES (?, ?, ?)", values)


def with_one_more(folder: Path) -> None:
    new_numbers(folder)
    execute(folder, "INSERT INTO task (task_name, owner_id) VALUES ('oil the gate', 2)")


def only_their_names(folder: Path) -> None:
    values = [row[:1] for row in lost(folder)]
    many(folder, "INSERT INTO task (task_name) VALUES (?)", values)


def her_tasks_gone(folder: Path) -> None:
    execute(folder, "DELETE FROM task WHERE owner_id = 3")


def she_is_back(folder: Path) -> None:
    (row,) = rows(folder, "SELECT id, name, email FROM person WHERE id = 3", "backups/monday.db")
    many(folder, "INSERT INTO person (id, full_name, email) VALUES (?, ?, ?)", [row])


def she_is_back_as_another(folder: Path) -> None:
    values = [("Olga Senn", "Olga@example.com")]
    many(folder, "INSERT INTO person (full_name, email) VALUES (?, ?)", values)
    execute(folder, "UPDATE task SET owner_id = NULL WHERE owner_id = 3")


def to_somebody_else(folder: Path) -> None:
    execute(folder, "UPDATE task SET owner_id = 1 WHERE owner_id = 3")


def to_number_0(folder: Path) -> None:
    execute(folder, "UPDATE task SET owner_id = 0 WHERE owner_id = 3")


def to_an_empty_text(folder: Path) -> None:
    execute(folder, "UPDATE task SET owner_id = '' WHERE owner_id = 3")


def all_without_owner(folder: Path) -> None:
    execute(folder, "UPDATE task SET owner_id = NULL")


def note_changed(folder: Path) -> None:
    execute(folder, "UPDATE alembic_version SET version_num = '2f8e'")


def note_emptied(folder: Path) -> None:
    release_copied(folder)
    execute(folder, "DELETE FROM alembic_version")


def note_behind(folder: Path) -> None:
    release_copied(folder)
    note_changed(folder)


def undone(folder: Path) -> None:
    without_owner(folder)
    release_copied(folder)
    alembic(folder, "downgrade 2f8e")
    (folder / "alembic/versions/c41d_small_letters.py").unlink()
    merged(folder)


def an_empty_file_of_this_id(folder: Path) -> None:
    alembic(folder, "revision -m empty --rev-id c41d --head 2f8e")


def emails_of_the_backup(folder: Path) -> None:
    release_copied(folder)
    emails = rows(folder, "SELECT email, id FROM person", "backups/monday.db")
    many(folder, "UPDATE person SET email = ? WHERE id = ?", emails)


def file_renamed(folder: Path) -> None:
    text = (folder / "thursday/c41d_small_letters.py").read_text(encoding="utf-8")
    file = folder / "alembic/versions/0004_small_letters.py"
    file.write_text(text.replace("c41d", "0004"), encoding="utf-8")


def his_file_gone(folder: Path) -> None:
    (folder / "alembic/versions/91bc_due.py").unlink()


def adas_file_gone(folder: Path) -> None:
    (folder / "alembic/versions/2f8e_full_name.py").unlink()
    release_copied(folder)


def merged_only(folder: Path) -> None:
    alembic(folder, "merge heads -m together")


def merged_without_it(folder: Path) -> None:
    (folder / "alembic/versions/c41d_small_letters.py").unlink()
    alembic(folder, "merge heads -m together")


def merged_too_early(folder: Path) -> None:
    release = folder / "alembic/versions/c41d_small_letters.py"
    release.unlink()
    alembic(folder, "merge heads -m together --rev-id 5eed")
    release_copied(folder)


def up_both_ways(folder: Path) -> None:
    alembic(folder, "upgrade heads")


def ben_behind_mia(folder: Path) -> None:
    replace(folder, "alembic/versions/91bc_due.py", '"0003"', '"c41d"')
    alembic(folder, "upgrade head")


def ben_behind_ada(folder: Path) -> None:
    replace(folder, "alembic/versions/91bc_due.py", '"0003"', '"2f8e"')
    merged(folder)


def mia_behind_ben(folder: Path) -> None:
    alembic(folder, "downgrade 2f8e")
    release = "alembic/versions/c41d_small_letters.py"
    replace(folder, release, 'down_revision: str = "2f8e"', 'down_revision = ("2f8e", "91bc")')
    alembic(folder, "upgrade head")


def ada_behind_ben(folder: Path) -> None:
    replace(folder, "alembic/versions/2f8e_full_name.py", '"0003"', '"91bc"')
    execute(folder, "ALTER TABLE task ADD due DATE")


def merge_that_stops(folder: Path) -> None:
    merged(folder)
    (file,) = (folder / "alembic/versions").glob("*_together.py")
    replace(folder, f"alembic/versions/{file.name}", "    pass", "    raise ValueError('no')")


def with_nobody(folder: Path) -> None:
    execute(folder, "UPDATE task SET owner_id = 3 WHERE id = 3")
    merged(folder)


def stamped(folder: Path) -> None:
    alembic(folder, "merge heads -m together", "stamp head")


WRONG: list[tuple[str, Repair, str]] = [
    (MONDAY, all_back_from_monday, "these people are not in the table any more: 6"),
    (MORNING, all_back_from_monday, "task 15, 'mow the lawn', is gone"),
    (MONDAY, all_names_of_the_backup, "person 5 is called 'Lena Koch', which should be 'Lena Web"),
    (MONDAY, names_of_emails, "person 1 is called 'ines', which should be 'Ines Roth'"),
    (MONDAY, half_of_the_names, "these people have no name: 2, 4"),
    (MONDAY, nameless_people_gone, "these people are not in the table any more: 1, 2, 4"),
    (MONDAY, column_of_old, "the table person has a column name, and the service reads full_name"),
    (TUESDAY, a_name_for_the_nameless, "task 17 is called '(none)'; it should have no name"),
    (TUESDAY, nameless_tasks_gone, "task 17 is gone"),
    (TUESDAY, no_limits_at_all, "POST of a task without a name answers 201, and not 422"),
    (TUESDAY, answer_without_the_date, "sync: GET of a task answers without due"),
    (TUESDAY, date_that_must_be_there, "sync: a task without a date can't be read."),
    (
        TUESDAY,
        code_gone,
        "the sync version can't be asked: ModuleNotFoundError: No module named 'app",
    ),
    (TUESDAY, date_as_text, "sync: a task with a date answers 500"),
    (TUESDAY, date_and_time, "date 2026-01-31 has '2026-01-31T00:00:00' for it"),
    (TUESDAY, answer_of_nothing, "can't be asked: SyntaxError: expected ':'"),
    (TUESDAY, left_out_of_the_list, "sync: GET /task/ leaves out the task without a name."),
    (TUESDAY, a_list_of_names, "GET /task/ answers without task_description, owner_id, owner, due"),
    (TUESDAY, date_that_nobody_can_send, "POST of a task with a date answers 422, and not 201"),
    (WEDNESDAY, answer_of_nothing, "can't be asked: SyntaxError: expected ':'"),
    (WEDNESDAY, two_commits, "not repaired yet"),
    (WEDNESDAY, refreshed, "async: PATCH answers 500, and not 200"),
    (MORNING, copy_over_it, "task 23 is called 'fix the tap'; it was 'collect the mail'"),
    (MORNING, in_place_of_thursdays, "task 23 is called 'fix the tap'; it was 'collect the mail'"),
    (MORNING, second_file_beside_the_first_of_today, "task 23 is called 'fix the tap'; it was"),
    (MORNING, those_with_a_free_number, "missing: fix the tap, replace the lock, clear the drain"),
    (MORNING, twice, "there more than once: fix the tap"),
    (MORNING, all_of_wednesday, "older tasks are there more than once: sweep the yard, oil the ga"),
    (MORNING, with_one_more, "older tasks are there more than once: oil the gate."),
    (MORNING, only_their_names, "'fix the tap' is there, but not with the owner and the descr"),
    (EVENING, her_tasks_gone, "these tasks are gone: 3, 7, 12"),
    (EVENING, she_is_back, "Olga Senn is in the table again, as person 3"),
    (EVENING, she_is_back_as_another, "Olga Senn is in the table again, as person 7"),
    (EVENING, to_somebody_else, "task 3 has the owner 1, and not None"),
    (EVENING, to_number_0, "task 3 has the owner 0, and not None"),
    (EVENING, to_an_empty_text, "task 3 has the owner '', and not None"),
    (EVENING, all_without_owner, "task 1 has the owner None, and not 1"),
    (AHEAD, note_changed, "c41d is not in alembic/versions. Mia's release stays: bring its file b"),
    (AHEAD, undone, "c41d is not in alembic/versions. Mia's release stays: bring its file back."),
    (AHEAD, note_emptied, "the database is at nothing, which alembic/versions does not know"),
    (AHEAD, note_behind, "the database is at 2f8e, and it was at c41d already"),
    (AHEAD, an_empty_file_of_this_id, "c41d leaves 3 e-mails with large letters"),
    (AHEAD, emails_of_the_backup, "3 e-mails have large letters; c41d has written them small."),
    (AHEAD, file_renamed, "not repaired yet"),
    (AHEAD, adas_file_gone, "alembic/versions has no 2f8e, which another file names."),
    (HEADS, his_file_gone, "alembic/versions has no 91bc any more, and a database is at it"),
    (HEADS, merged_only, "; the database is at c41d"),
    (HEADS, merged_without_it, "the database is at c41d, and c41d is in no file"),
    (HEADS, merged_too_early, "two heads, 5eed and c41d; the database is at c41d"),
    (HEADS, up_both_ways, "two heads, 91bc and c41d; the database is at 91bc and c41d"),
    (
        HEADS,
        ben_behind_mia,
        "on Ben's database, which is at 91bc, `upgrade head` does not run 2f8e",
    ),
    (HEADS, ben_behind_ada, "has run keeps its place."),
    (HEADS, mia_behind_ben, "which is at c41d, `upgrade head` does not run 91bc. A revision that"),
    (HEADS, ada_behind_ben, "which is at c41d, `upgrade head` does not run 91bc. A revision that"),
    (HEADS, merge_that_stops, "at 91bc, `upgrade head` stops: ValueError: no"),
    (HEADS, with_nobody, "; the database is at c41d"),
    (HEADS, stamped, "the database is at the head, but a task has no column due"),
]


@pytest.mark.parametrize(("day", "repair", "words"), WRONG)
def test_a_wrong_repair_is_named(
    day: str, repair: Repair, words: str, case: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is wrong now is said in rows, statuses and revisions."""
    trouble = TROUBLES[DAYS.index(day)]
    monkeypatch.setattr(notebook_17, "TROUBLES", [trouble])  # only this one is looked at
    for other in BEFORE.get(day, []):
        RIGHT[other][-1](case)
    repair(case)
    (said, _) = notebook_17.repaired(case)
    assert words in said
    assert said[0] == ("○" if words == "not repaired yet" else "✗")


def test_what_no_line_looks_at_is_seen_at_the_end(
    case: Path, capsys: pytest.CaptureFixture
) -> None:
    """All lines are ✓, and a service that does not work is still not taken for repaired."""
    for repairs in RIGHT.values():
        repairs[0](case)
    with (case / "app" / "people.py").open("a", encoding="utf-8") as file:
        file.write("\nread_person.__globals__['found'] = None\n")
    check("repaired", case)
    said = capsys.readouterr().out.splitlines()[-1]
    assert said == "✗ All are repaired, but the sync version answers 500 to GET /person/1."


def no_look_at_the_start(folder: Path) -> None:
    in_both(folder, "    require_newest_revision()\n", "")


def no_look_at_the_end(folder: Path) -> None:
    look = 'connection.exec_driver_sql("PRAGMA foreign_key_check")'
    replace(folder, "alembic/env.py", look, "()")


@pytest.mark.parametrize(
    ("repair", "words"),
    [
        (no_look_at_the_start, "the sync version also starts on a database that is behind."),
        (no_look_at_the_end, "does not look any more whether each owner is there."),
    ],
)
def test_a_check_that_was_taken_out(repair: Repair, words: str, case: Path) -> None:
    """What stopped somebody was right, and must be there again at the end."""
    repair(case)
    for repairs in RIGHT.values():
        repairs[-1](case)
    *said, last = notebook_17.repaired(case)
    assert {line[0] for line in said} == {"✓"}
    assert last.startswith("✗ All are repaired, but ") and last.endswith(words)


def test_a_database_that_is_no_database(case: Path) -> None:
    """Also then each line says something, and the judge does not stop."""
    (case / "database.db").write_text("no database")
    for left in case.glob("database.db-*"):
        left.unlink()
    said = lines(case)
    assert "the database can't be read: DatabaseError: file is not a database" in said[MONDAY]
    (case / "alembic/versions/91bc_due.py").write_text("revision =")
    assert "it can't be judged: SyntaxError" in lines(case)[HEADS]


@pytest.mark.parametrize("folder", [None, 5, "nowhere"])
def test_no_folder_of_a_case(folder: object) -> None:
    """A forgotten or deleted folder is said in two sentences."""
    with pytest.raises(Problem, match="folder was deleted"):
        check("repaired", folder)


# The folder


@pytest.fixture
def chapter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder of the chapter, in a workspace of its own."""
    before = Path.cwd()
    monkeypatch.setenv("TUTORIAL_WORKSPACE", str(tmp_path / "a workspace"))
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setitem(workspace.begun, "number", 17)
    monkeypatch.setattr(Problem, "other_todo", {})
    workspace.project().mkdir(parents=True)
    yield workspace.project()
    os.chdir(before)


def test_the_case_is_kept(chapter: Path, capsys: pytest.CaptureFixture) -> None:
    """It is made once; made anew, the old one stays beside it, under a name that is printed."""
    case = open_case()
    assert Path.cwd() == case == chapter / "case"
    (case / "app/models.py").write_text("mine", encoding="utf-8")
    open_case()
    assert (case / "app/models.py").read_text(encoding="utf-8") == "mine"
    for name in ("case_001", "case_002"):
        capsys.readouterr()
        open_case(fresh=True)
        assert f"kept in the folder {name}," in capsys.readouterr().out
        assert (chapter / name).is_dir()
    assert (chapter / "case_001/app/models.py").read_text(encoding="utf-8") == "mine"
    assert set(marks(case)) == {"○"}


def test_the_app_of_the_case(chapter: Path) -> None:
    """A case that was never opened can be asked for anew; what is imported then is its own app."""
    write(str(chapter / "app" / "__init__.py"), "")
    look_first_in(chapter)
    try:
        importlib.import_module("app")
        case = open_case(fresh=True)
        assert Path(importlib.import_module("app").__file__).parent == case / "app"
    finally:
        fresh.forget_app()


def test_the_end_of_the_chapter_says_how_far_the_case_is(
    chapter: Path, capsys: pytest.CaptureFixture
) -> None:
    """It repeats what `check` said last of the learner's case, and not of the answer's.

    The notebook is done, and remembered as that, when all is repaired.
    """

    def said_by_finish() -> list[str]:
        capsys.readouterr()
        finish(17)
        return capsys.readouterr().out.splitlines()[-2:]

    not_yet = "Notebook 17 is not done yet. Your case is kept: go on whenever you like."
    begin(17)
    case = open_case()
    without_owner(case)
    check("repaired", case)
    assert capsys.readouterr().out.endswith("\n1 of 7 is repaired.\n")
    check("repaired", answer_case())
    assert said_by_finish() == ["1 of 7 is repaired. `check` tells the rest.", not_yet]
    open_case(fresh=True)
    assert said_by_finish() == [NOT_ASKED, not_yet]
    assert finished(workspace.location()) == set()
    for day in DAYS:
        RIGHT[day][0](case)
    check("repaired", case)
    said, done = said_by_finish()
    assert (said[:22], done) == ("✓ All are repaired: bo", "Notebook 17 is done.")
    assert finished(workspace.location()) == {17}


def test_the_answer_has_a_case_of_its_own(chapter: Path) -> None:
    """It touches nothing of the learner's, and can be made again."""
    case = open_case()
    for _ in range(2):
        answer = answer_case()
        assert Path.cwd() == case != answer
        assert not (answer / "mine").exists()
        (answer / "mine").touch()


def test_the_answer_goes_also_for_who_has_not_run_it(chapter: Path) -> None:
    """The cell that deletes it knows the case, and nothing that the answer's cells have made."""
    cells = {cell.id: cell.source for cell in course.cells(17)}
    known = {"shutil": shutil, "case": open_case()}
    exec(cells["clean-up"], known)
    answer = answer_case()
    exec(cells["clean-up"], known)
    assert not answer.exists()
    assert Path.cwd().exists()


def test_a_case_is_made_whole_or_not_at_all(chapter: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If it is stopped in the midst, the next one is made from the start."""

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("tutorial.case._live_the_week", stop)
        with pytest.raises(KeyboardInterrupt):
            open_case()
        assert list(chapter.iterdir()) == []
    assert set(marks(open_case())) == {"○"}


@pytest.mark.parametrize("make", [open_case, answer_case])
def test_a_new_case_that_windows_holds(
    chapter: Path, monkeypatch: pytest.MonkeyPatch, make: Callable[[], Path]
) -> None:
    """If it is longer than a moment, the sentence names what holds it, and nothing is left."""

    def refuse(path: Path, _: Path) -> None:
        raise PermissionError(13, "open", str(path))

    monkeypatch.setattr(Path, "replace", refuse)
    monkeypatch.setattr(workspace, "sys", SimpleNamespace(platform="win32"))
    monkeypatch.setattr(workspace, "TRY_SECONDS", 0)
    with pytest.raises(Problem) as caught:
        make()
    assert caught.value.key == "file-locked"
    assert list(chapter.iterdir()) == []


def test_advice_in_a_case(chapter: Path) -> None:
    """To run the notebook again would not help there; in another notebook, it does again."""
    usual = Problem("unknown-revision", command="alembic").todo
    open_case()
    assert "in the notes" in Problem("unknown-revision", command="alembic").todo
    os.chdir(chapter)
    begin(17)
    assert Problem("unknown-revision", command="alembic").todo == usual
