"""In which order the tests run: a notebook's cells as they stand, and the longest files first."""

import ast
import os
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest
from helpers import write

import conftest

ROOT = Path(__file__).resolve().parent.parent


def test_each_of_the_longest_files_is_there() -> None:
    """A file that got another name would start late, and nobody would notice."""
    for name in conftest.LONGEST:
        assert len([*ROOT.glob(f"*/{name}")]) == 1, name


def test_the_longest_files_are_first(pytestconfig: pytest.Config) -> None:
    """The order within a file stays as it is, and xdist makes no other one."""
    long, longest = (Path("tests") / conftest.LONGEST[place] for place in (1, 0))
    items = [
        SimpleNamespace(path=path, number=number, get_closest_marker=lambda _: None)
        for number, path in enumerate([Path("a.py"), long, long, Path("b.py"), longest, longest])
    ]
    conftest.pytest_collection_modifyitems(items)
    assert [item.number for item in items] == [4, 5, 1, 2, 0, 3]
    assert pytestconfig.getoption("loadscopereorder") is False


def test_no_test_takes_the_tables_of_another() -> None:
    """The registry of SQLModel is emptied where notebooks are tested; these have one of their own.

    Else a file of tests would fail after another one, in an order that nobody has tried.
    """
    for path in sorted((ROOT / "tests").glob("test_*.py")):
        made = [one for one in ast.parse(path.read_bytes()).body if isinstance(one, ast.ClassDef)]
        own = {one.name for one in made if any(word.arg == "registry" for word in one.keywords)}
        for one in made:
            if any(word.arg == "table" for word in one.keywords):
                assert {ast.unparse(base) for base in one.bases} & own, f"{path.name}: {one.name}"


@pytest.mark.weekly
def test_a_weekly_test_has_more_time(request: pytest.FixtureRequest) -> None:
    """Of its two limits, pytest-timeout takes the nearest one."""
    marker = request.node.get_closest_marker("timeout")
    assert marker is not None and marker.args == (conftest.WEEKLY_SECONDS,)


SHUFFLES = """
def pytest_collection_modifyitems(items):
    items.reverse()
"""


def test_no_plugin_shuffles_the_cells(tmp_path: Path) -> None:
    """pytest-randomly, which many have, would run a notebook's cells in any order.

    Here, a plugin with its name turns them round. The command is that of CONTRIBUTING.
    """
    write(str(tmp_path / "shuffles.py"), SHUFFLES)
    plugin = tmp_path / "pytest_randomly-4.0.dist-info"
    write(str(plugin / "METADATA"), "Metadata-Version: 2.1\nName: pytest-randomly\nVersion: 4.0\n")
    write(str(plugin / "entry_points.txt"), "[pytest11]\nrandomly = shuffles\n")
    notebook = next(ROOT.glob("notebooks/07_*.ipynb"))
    cells = [cell.id for cell in nbformat.read(notebook, 4).cells if cell.cell_type == "code"]
    command = [sys.executable, "-B", "-m", "pytest", "--nbval", "--collect-only", "-q"]
    found = subprocess.run(
        [*command, str(notebook)],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(tmp_path), "PYTHONUTF8": "1"},
        capture_output=True,
        encoding="utf-8",
        timeout=60,
    )
    listed = re.findall(r"::.*?(\d+)$", found.stdout, re.MULTILINE)
    assert listed == [str(number) for number in range(len(cells))], found.stdout + found.stderr
