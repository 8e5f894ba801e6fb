"""Follows the advice of messages to the letter, in the notebooks: then it goes on."""

import os
import re
import time
from pathlib import Path

import pytest
from learner import FAILED, Learner
from plays import one_sentence, put
from shell import Shell

ROOT = Path(__file__).resolve().parent.parent
REMINDER = "class Reminder(SQLModel):\n    text: str = Field(min_length=1)\n    minutes: int"
REVISION = """\
%%writefile alembic/versions/0002_own.py
import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    with op.batch_alter_table("task") as batch_op:
        batch_op.add_column(sa.Column("done", sa.Boolean(), nullable=False))


def downgrade() -> None:
    pass
"""


def blocks(key: str, kind: str) -> list[str]:
    """Return the code that the entry of a message on the troubleshooting page shows."""
    page = (ROOT / "notebooks" / "troubleshooting.md").read_text(encoding="utf-8")
    (entry,) = re.findall(rf"^## {key}\n(.*?)^## ", page, flags=re.MULTILINE | re.DOTALL)
    return re.findall(rf"```{kind}\n(.*?)```", entry, flags=re.DOTALL)


def test_a_check_after_a_cell_that_stopped(tmp_path: Path) -> None:
    """The message names the cell's error, for a name that is new, and for one that was set."""
    with Shell(2, tmp_path) as learner:
        learner.up_to("your-turn-model")
        right = learner.sources["your-turn-model-solution"]
        right = right.replace(re.findall(r"check\(\"reminder\", (\w+)\)", right)[0], "Reminder")
        assert "✓ Right." in learner.write(right)
        learner.write("del Reminder")
        for _ in ("a new name", "an old name"):
            stops = learner.write(REMINDER.replace("minutes: int", "minutes: imt"))
            assert "NameError" in stops or FAILED in stops
            said = learner.try_("your-turn-model-check")
            one_sentence(said, "The cell that sets `Reminder` stopped with an error")
            assert "NameError: name 'imt' is not defined" in said
            assert "Run All Above" not in said
            assert FAILED not in learner.write(REMINDER)  # put right and run, as the message says
            assert "✗ Not quite: " in learner.try_("your-turn-model-check")
        for wrong in ("class Reminder(SQLModel:\n    text: str", "Reminder = 1 / 0"):
            learner.write(wrong)
            one_sentence(learner.try_("your-turn-model-check"), "The cell that sets `Reminder`")
            assert "✓ Right." in learner.write(right)  # it sets the name, and checks it
        assert "✓ Right." in learner.try_("your-turn-model-check")
        learner.write("other = 1 / 0")
        learner.write("raise ValueError")
        assert "✓ Right." in learner.try_("your-turn-model-check")
        assert FAILED in learner.write("Reminder.nothing == other")


def test_a_package_whose_file_was_put_right(tmp_path: Path) -> None:
    """01: `import app` sees the file under its right name, without a restart."""
    with Learner(1, tmp_path) as learner:
        learner.up_to("failing-command")
        learner.write(learner.sources["write-init"].replace("__init__", "__int__"))
        assert learner.try_("import-app").strip() == "None"
        (tmp_path / "app" / "__int__.py").rename(tmp_path / "app" / "__init__.py")
        assert "The task service" in learner.try_("import-app")


def test_a_module_whose_file_was_put_right_in_no_time(tmp_path: Path) -> None:
    """A disk that notes no new time for the folder hides no file that was renamed."""
    with Learner(1, tmp_path) as learner:
        learner.up_to("import-app")
        learner.write("%%writefile app/modles.py\nname = 'found'")
        one_sentence(learner.write("import app.models"), "There is no module app.models")
        folder, now = tmp_path / "app", (tmp_path / "app").stat().st_mtime_ns
        (folder / "modles.py").rename(folder / "models.py")
        os.utime(folder, ns=(now, now))
        assert learner.write("import app.models\nprint(app.models.name)").strip() == "found"


@pytest.mark.weekly  # test_terminal.py has the message itself
def test_a_revision_with_a_typing_mistake(tmp_path: Path) -> None:
    """The message names the revision; `alembic history` lists those that there are."""
    put(6, tmp_path, tmp_path)
    with Shell(7, tmp_path) as learner:
        learner.run("begin")
        for command, name in (("stamp hed", "hed"), ("upgrade 0009", "0009")):
            said = learner.write(f"%%terminal\nalembic {command}")
            one_sentence(said, f"failed: there is no revision `{name}` in alembic/versions.")
            (history,) = blocks("no-such-revision", "text")
            listed = learner.write(history)
            (known,) = re.findall(r"-> (\w+) \(head\)", listed)
            for right in (known, "head"):
                fine = f"%%terminal\nalembic {command.replace(name, right)}"
                assert FAILED not in learner.write(fine)
        learner.write(
            "import sqlite3\nwith sqlite3.connect('database.db') as one:\n"
            "    one.execute(\"UPDATE alembic_version SET version_num = '0009'\")"
        )
        said = learner.write("%%terminal\nalembic upgrade head")
        one_sentence(said, "the database names a revision that has no file")


@pytest.mark.parametrize("way", [0, pytest.param(1, marks=pytest.mark.weekly)])
def test_a_column_without_a_value_for_old_rows(way: int, tmp_path: Path) -> None:
    """Each of the two ways that the message names, as the page shows it, lets the upgrade pass."""
    put(6, tmp_path, tmp_path)
    better = blocks("column-without-value", "python")[way]
    with Shell(9, tmp_path) as learner:
        put(6, tmp_path, tmp_path)
        learner.run("begin")
        learner.write(REVISION)
        upgrade = "%%terminal\nalembic upgrade head"
        one_sentence(learner.write(upgrade), "failed: the table has rows, and a column")
        line, whole = REVISION.splitlines()[10], "\n".join(REVISION.splitlines()[9:11])
        better = better if "with" in better else f"    {better}"
        old = whole if "with" in better else line
        indented = "".join(f"    {text}" for text in better.splitlines(keepends=True)).rstrip()
        learner.write(REVISION.replace(old, indented))
        assert FAILED not in learner.write(upgrade)
        count = "import sqlite3\nprint(len(sqlite3.connect('database.db').execute("
        assert int(learner.write(count + "'SELECT * FROM task').fetchall()))")) > 0


@pytest.mark.weekly  # test_terminal.py has the message itself
def test_a_service_that_should_refuse_and_starts(tmp_path: Path) -> None:
    """09: after an early upgrade, the message comes soon; from the first cell on, all is right."""
    put(8, tmp_path, tmp_path)
    with Shell(9, tmp_path) as learner:
        learner.up_to("refuse")
        learner.write("%%terminal\nalembic upgrade head")
        begun = time.monotonic()
        one_sentence(learner.try_("refuse"), "was meant to fail here, but it went on running")
        assert time.monotonic() - begun < 30
        learner.up_to("refuse")


def test_conditions_that_python_can_not_join(tmp_path: Path) -> None:
    """A query with `or` is explained, in a cell and in an answer; the page's queries run."""
    put(7, tmp_path, tmp_path)
    with Shell(8, tmp_path) as learner:
        learner.run("begin")
        learner.write("from sqlmodel import select, col\nfrom app.models import Task")
        for wrong in ("Task.id > 1 or Task.id < 9", "1 < Task.id < 9", "Task.id > 1 & Task.id < 9"):
            said = learner.write(f"select(Task).where({wrong})")
            one_sentence(said, "can't join these conditions of a query")
        (right,) = blocks("condition-without-value", "python")
        assert right.count("select") == 2
        assert FAILED not in learner.write(right)
        advised = "select(Task).where((Task.id > 1) & (Task.id < 9))"
        assert advised in right
        learner.write(
            "def page_by_name(name: str, id_: int, limit: int):\n"
            "    later = col(Task.task_name) > name or col(Task.id) > id_\n"
            "    return select(Task).where(later).limit(limit)"
        )
        said = learner.try_("your-turn-pages-check")
        assert "✗ Not quite: your code stops with TypeError: Boolean value" in said
        assert "Write `&` for `and`, `|` for `or`" in said
