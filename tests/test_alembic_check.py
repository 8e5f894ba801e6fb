"""`alembic check` sees what notebook 7 says that it sees, and not what it says that it does not."""

from pathlib import Path

import pytest
from service import alembic, copy_project, database_url

from tutorial import course

COLUMN = "    id: int | None = Field(default=None, primary_key=True)\n"
LENGTH = "max_length=1000)"
CHANGES = {
    "nothing": ("", ""),
    "a default of the database": (
        LENGTH,
        f'{LENGTH[:-1]}, sa_column_kwargs={{"server_default": "x"}})',
    ),
    "a new column": (COLUMN, f"{COLUMN}    done: bool = False\n"),
    "a new table": (
        "class TaskCreate",
        f"class Person(SQLModel, table=True):\n{COLUMN}\n\nclass TaskCreate",
    ),
}


@pytest.mark.parametrize(("old", "new"), CHANGES.values(), ids=CHANGES)
def test_what_it_sees(tmp_path: Path, old: str, new: str) -> None:
    """A new column and a new table are a failure, and a default of the database is not."""
    text = " ".join(cell.source for cell in course.cells(7) if cell.id == "ci-text")
    assert "for a new column or table" in text
    assert "a default of the database, for example, it does not see" in text
    project = copy_project(tmp_path)
    url = database_url(tmp_path / "database.db")
    alembic("upgrade", "head", url=url, cwd=project)
    models = project / "app" / "models.py"
    before = models.read_text("utf-8")
    assert old in before
    models.write_text(before.replace(old, new, 1), encoding="utf-8", newline="\n")
    fails = "done" in new or "Person" in new
    said = alembic("check", url=url, cwd=project, fails=fails)
    assert fails or "No new upgrade operations detected." in said
