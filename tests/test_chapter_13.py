"""What the revisions of notebook 13 do to rows that no cell of it has, and to one another."""

import re
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.operations import Operations
from shell import Shell

from tutorial import course
from tutorial.workspace import project_of

ROWS = [(1, "7 apples"), (2, "7 red apples"), (3, "007 apples"), (4, "apples"), (5, None)]


def test_a_split_column_comes_back_with_new_rows() -> None:
    """The way back keeps what the split left alone, and the amount of a row that has no text."""
    (cell,) = [one.source for one in course.cells(13) if one.id == "split"]
    with sa.create_engine("sqlite://").connect() as connection:
        names: dict[str, Any] = {"sa": sa}
        names["op"] = Operations(MigrationContext.configure(connection))
        exec(cell, names)
        connection.execute(sa.text("CREATE TABLE task (id INTEGER, task_description TEXT)"))
        insert = "INSERT INTO task (id, task_description) VALUES (:id, :text)"
        for number, text in ROWS:
            connection.execute(sa.text(insert), {"id": number, "text": text})
        names["split"]()
        split = "SELECT id, task_description, amount FROM task WHERE amount IS NOT NULL"
        assert connection.execute(sa.text(split)).all() == [(1, "apples", 7)]
        connection.execute(sa.text("INSERT INTO task (id, amount) VALUES (6, 3)"))
        names["join"]()
        rows = connection.execute(sa.text("SELECT * FROM task ORDER BY id")).all()
    assert rows == [*ROWS, (6, "3")]


@pytest.mark.weekly
def test_two_at_once_meet(tmp_path: Path) -> None:
    """Without the line of `env.py` that lets one wait for the other, one fails each time."""
    with Shell(13, tmp_path) as learner:
        learner.run("begin", "rename", "model")
        learner.write("from tutorial import start_alembic")
        assert learner.run("twice").endswith("[0, 0]\n")
        env = project_of(13, tmp_path) / "alembic" / "env.py"
        text, changed = re.subn(r".*BEGIN IMMEDIATE.*\n", "", env.read_text(encoding="utf-8"))
        assert changed == 1
        env.write_text(text, encoding="utf-8")
        for _ in range(3):
            assert not learner.run("twice").endswith("[0, 0]\n")


# What a cell leaves out, the cell that ran it, and the one whose output then says so.
LEFT_OUT = [
    (
        "split",
        " || coalesce(' ' || task_description, '')",
        " || ' ' || task_description",
        "split-run",
    ),
    ("unseen", 'CheckConstraint("id > 0", name="positive"),', "", "unseen"),
]


@pytest.mark.weekly
@pytest.mark.parametrize(("cell", "old", "new", "shows"), LEFT_OUT)
def test_its_cell_shows_what_is_left_out(
    cell: str, old: str, new: str, shows: str, tmp_path: Path
) -> None:
    """A row that loses its amount, or a rule that is not there, changes the cell's output."""
    sources = {one.id: one.source for one in course.cells(13)}
    with Shell(13, tmp_path) as learner:
        learner.run("begin", "rename", "required-draft", "model", "split", "enum")
        right = learner.run(shows)
        learner.run("enum")
        assert sources[cell].count(old) == 1
        wrong = learner.write(sources[cell].replace(old, new))
        assert (wrong if cell == shows else learner.run(shows)) != right
