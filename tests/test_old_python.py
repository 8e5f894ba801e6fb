"""Tests that a Python that is too old for the course is told in one sentence, in any notebook.

The old Pythons are those that pyenv has (below PYENV_ROOT, or ~/.pyenv), and python3.8 to
python3.10 on PATH. Without one, these tests are skipped; CI has a job for it.
"""

import ast
import functools
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = ROOT / "notebooks"
# Runs the first cell of each notebook, and prints what it says and what of the course is imported.
# Arguments: the numbers of the version that this Python shall say that it has; none for its own.
FIRST_CELLS = """
import json, sys
from pathlib import Path

if sys.argv[1:]:
    sys.version_info = tuple(map(int, sys.argv[1:]))
for path in sorted(Path().glob("*.ipynb")):
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    source = "".join(next(cell["source"] for cell in cells if cell["cell_type"] == "code"))
    for name in [name for name in sys.modules if name.split(".")[0] == "tutorial"]:
        del sys.modules[name]
    try:
        exec(source, {})
    except Exception as error:
        print(path.name, len(error._render_traceback_()), error.key, error.what)
    names = sorted(name for name in sys.modules if name.startswith("tutorial."))
    print(path.name, *names)
"""


@functools.lru_cache
def old_python(version: str) -> str | None:
    """Return a Python of this version, for example 3.8, or None if this machine has none."""
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    program = "python.exe" if sys.platform == "win32" else "bin/python"
    found = [str(path / program) for path in pyenv.glob(f"versions/{version}.*")]
    for python in [*found, shutil.which(f"python{version}")]:
        if python is None:
            continue
        asked = [python, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
        # pyenv puts programs on PATH that only say that they are not chosen.
        done = subprocess.run(asked, capture_output=True, encoding="utf-8", check=False)
        if done.stdout.strip() == version:
            return python
    return None


def lines_of_first_cells(python: str, *version: int) -> list[str]:
    """Run the first cell of each notebook in a Python without any package; return what it says."""
    words = [python, "-B", "-S", "-E", "-X", "utf8", "-c", FIRST_CELLS, *map(str, version)]
    done = subprocess.run(
        words, cwd=NOTEBOOKS, capture_output=True, encoding="utf-8", timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


def told(version: str, python: str) -> list[str]:
    """Return what must be said: three lines a notebook, and only two modules were imported."""
    sentence = f"This notebook runs on Python {version} ({python}); the course needs 3.11 or newer."
    return [
        line
        for path in sorted(NOTEBOOKS.glob("*.ipynb"))
        for line in (
            f"{path.name} 3 old-python {sentence}",
            f"{path.name} tutorial.errors tutorial.messages",
        )
    ]


def test_every_notebook_tells_it_first() -> None:
    """If Python says that it is older than pyproject.toml wants, no helper is imported."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    major, minor = map(int, project["requires-python"].removeprefix(">=").split("."))
    version = sys.version.split()[0]
    lines = lines_of_first_cells(sys.executable, major, minor - 1, 99)
    assert lines == told(version, sys.executable)
    assert "old-python" not in "".join(lines_of_first_cells(sys.executable, major, minor, 0))


@pytest.mark.parametrize("name", ["__init__", "errors", "messages"])
def test_what_an_old_python_reads_has_no_newer_syntax(name: str) -> None:
    """Wherever no old Python is at hand, at least the syntax is looked at."""
    text = (NOTEBOOKS / "tutorial" / f"{name}.py").read_text(encoding="utf-8")
    ast.parse(text, feature_version=(3, 8))


@pytest.mark.parametrize("version", ["3.8", "3.9", "3.10"])
def test_an_old_python_is_told(version: str) -> None:
    """A real old Python says it too, without any package."""
    python = old_python(version) or pytest.skip(f"there is no Python {version} here")
    words = [python, "-c", "import sys; print(sys.version.split()[0], sys.executable)"]
    said = subprocess.run(words, capture_output=True, encoding="utf-8", check=True).stdout
    exact, _, executable = said.strip().partition(" ")
    assert lines_of_first_cells(python) == told(exact, executable)


@pytest.mark.weekly
@pytest.mark.parametrize("version", ["3.8", "3.10"])
def test_an_old_kernel_shows_three_lines(version: str, tmp_path: Path) -> None:
    """In a kernel of an old Python with ipykernel, each notebook shows the three lines only."""
    python = old_python(version) or pytest.skip(f"there is no Python {version} here")
    subprocess.run([python, "-m", "venv", tmp_path / "venv"], check=True)
    scripts = "Scripts" if sys.platform == "win32" else "bin"
    own = str(tmp_path / "venv" / scripts / "python")
    words = [own, "-m", "pip", "install", "--quiet", "ipykernel"]
    installed = subprocess.run(words, capture_output=True, encoding="utf-8", check=False)
    if installed.returncode != 0:
        pytest.skip(f"ipykernel can't be installed here: {installed.stderr}")
    words = [own, "-B", "-X", "utf8", str(ROOT / "tests" / "first_cells.py")]
    done = subprocess.run(
        words, cwd=tmp_path, capture_output=True, encoding="utf-8", timeout=240, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "WRONG" not in done.stdout
