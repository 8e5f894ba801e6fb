"""Every notebook, run in a shell that holds what would send it elsewhere, ends as it always does.

The variables are those that Alembic, uvicorn, curl, httpx, Python, IPython, git and pytest read;
in the user's own folder lie settings of curl and IPython. Another project beside it, its database
and the user's folder must stay byte for byte as they were.
"""

from pathlib import Path

import nbformat
import pytest
from kernel import execute
from service import copy_project, migrated, query
from store_outputs import sanitizer
from strict_outputs import difference, merge_neighbours, seen
from test_inherited import HARMFUL

from tutorial import course
from tutorial.ends import stored_ends
from tutorial.state import read_state

# With these, the kernel itself does not start, prints more, or has another Python.
NOT_FOR_A_KERNEL = {"PYTHONHOME", "PYTHONINSPECT", "PYTHONVERBOSE", "PYTHONDEVMODE"}
NOT_FOR_A_KERNEL |= {"PYTHONOPTIMIZE", "PYTHONSAFEPATH", "PYTHONWARNINGS", "PYTHONIOENCODING"}
SAYS = "↻ The variable "  # begin names each variable that it ignores
SHORT = (9,)  # where a command once ran on the other project


def contents(folder: Path) -> dict[Path, bytes]:
    """Return what the files below a folder hold."""
    return {path: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.mark.parametrize(
    "number",
    [
        pytest.param(one, marks=[pytest.mark.weekly] * (one not in SHORT))
        for one in course.numbers()
    ],
)
def test_a_notebook(number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its outputs are the stored ones, its end is the stored one, and nothing else is touched."""
    other, home = copy_project(tmp_path / "other"), tmp_path / "home"
    query(migrated(other, "head"), "INSERT INTO task (task_name) VALUES ('a'), ('b'), ('c')")
    home.mkdir()
    (home / ".curlrc").write_text('proxy = "127.0.0.1:9"\n', encoding="utf-8", newline="\n")
    before = contents(other), contents(home)
    hostile = {name: text for name, text in HARMFUL.items() if name not in NOT_FOR_A_KERNEL}
    hostile |= {"ALEMBIC_CONFIG": str(other / "alembic.ini"), "PYTHONPATH": str(other)}
    hostile |= {"DATABASE_URL": f"sqlite:///{(other / 'database.db').as_posix()}"}
    hostile |= dict.fromkeys(("CURL_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"), str(home))
    for name, text in hostile.items():
        monkeypatch.setenv(name, text)
    workspace = tmp_path / "workspace"
    path = course.notebook_path(number)
    new, stored, sanitize = execute(path, workspace), nbformat.read(path, 4), sanitizer()
    for ours, cell in zip(new.cells, stored.cells, strict=True):
        if cell.cell_type == "code":
            texts = (seen(merge_neighbours(one.outputs), sanitize, False) for one in (cell, ours))
            wanted, found = ([[_without(text) for text in part] for part in one] for one in texts)
            assert wanted == found, f"cell {cell.id}: {difference(wanted, found)}"
    assert read_state(workspace) == stored_ends().state(number)
    assert (contents(other), contents(home)) == before


def _without(text: str) -> str:
    """Return an output without the lines that name an ignored variable."""
    lines = text.splitlines(keepends=True)
    return "".join(line for line in lines if not line.startswith(SAYS))
