"""Tests the check of the environment, and how errors look in a notebook."""

import importlib.metadata
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from helpers import write
from IPython.core.interactiveshell import InteractiveShell

from tutorial import Problem, check_environment, environment, expect_error
from tutorial.environment import require_kernel, requirements

ROOT = Path(__file__).parent.parent
BARE_PYTHON = """
import importlib.util, sys
sys.path.insert(0, sys.argv[1])
assert not importlib.util.find_spec("fastapi") and not importlib.util.find_spec("IPython")
import tutorial
try:
    tutorial.begin(1)
except tutorial.Problem as problem:
    print(problem.what)
"""
WITHOUT = """
import sys

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in sys.argv[2].split(","):
            raise ImportError(f"{name} is blocked")

sys.meta_path.insert(0, Blocked())
sys.path.insert(0, sys.argv[1])
import IPython
import tutorial
tutorial.check_environment()
"""
BLOCKED = (
    "sqlmodel,fastapi,uvicorn,httpx,nbclient,nbformat,alembic,sqlalchemy,pydantic,jupyter_client,"
    "psutil,ipykernel,jupyterlab,aiosqlite"
)


def python(code: str, *arguments: str) -> str:
    """Run code in a Python of its own and return what it prints."""
    options = [text for text in arguments if text.startswith("-")]
    words = [text for text in arguments if not text.startswith("-")]
    done = subprocess.run(
        [sys.executable, "-B", "-X", "utf8", *options, "-c", code, str(ROOT / "notebooks"), *words],
        capture_output=True,
        encoding="utf-8",
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def fake_versions(monkeypatch: pytest.MonkeyPatch, **versions: str | None) -> None:
    """Make a package look as if it had another version, or (None) were not installed."""
    real = importlib.metadata.version

    def version(name: str) -> str:
        found = versions[name] if name in versions else real(name)
        if found is None:
            raise importlib.metadata.PackageNotFoundError(name)
        return found

    monkeypatch.setattr(importlib.metadata, "version", version)


def test_requirements_are_those_of_pyproject() -> None:
    """Every dependency that pyproject.toml names is checked, with its oldest version.

    Those that some systems have no wheel of (after a ;) serve one chapter, which checks them.
    """
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    everywhere = [one for one in project["dependencies"] if ";" not in one]
    named = [re.match(r"([\w-]+)(?:\[\w+\])?>=([\d.]+)$", one) for one in everywhere]
    assert requirements() == {
        found[1]: tuple(int(part) for part in found[2].split(".")) for found in named
    }


def test_this_environment_is_good() -> None:
    """The Python that runs the tests can run the course."""
    require_kernel()


@pytest.mark.parametrize(
    ("version", "says"),
    [(None, "lacks: alembic."), ("1.9.4", "lacks: alembic (1.9.4 is too old).")],
)
def test_missing_or_old_package(
    version: str | None, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A package that is missing or too old is named, with this Python and what to run."""
    fake_versions(monkeypatch, alembic=version)
    with pytest.raises(Problem) as caught:
        require_kernel()
    assert caught.value.what.endswith(says)
    assert sys.executable in caught.value.what
    assert "conda env create -f environment.yml" in caught.value.todo


def test_older_package_is_found_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An old package in somebody's own folder hides this environment's: its folder is named.

    To install it once more would not help. Without that folder, all is well.
    """
    info = tmp_path / "alembic-1.9.4.dist-info"
    write(str(info / "METADATA"), "Metadata-Version: 2.1\nName: alembic\nVersion: 1.9.4\n")
    with monkeypatch.context() as patched:
        patched.syspath_prepend(str(tmp_path))
        patched.setenv("PYTHONPATH", str(tmp_path))
        with pytest.raises(Problem) as caught:
            require_kernel()
        # Neither variable would help here: it is another Python's folder, as that of the system.
        patched.delenv("PYTHONPATH")
        with pytest.raises(Problem) as elsewhere:
            require_kernel()
    assert "lacks: alembic (1.9.4 is too old)" in elsewhere.value.what
    assert "alembic (1.9.4 is too old)" in caught.value.what
    assert caught.value.what.endswith(str(tmp_path))
    assert "PYTHONNOUSERSITE" in caught.value.todo
    require_kernel()


@pytest.mark.parametrize("version", ["1.20.1", "1.20.2rc1", "1.21", "2.0", "10.0.0.post1"])
def test_new_enough_package(version: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest version that is named and every newer one will do."""
    fake_versions(monkeypatch, alembic=version)
    require_kernel()


def test_import_works_in_a_bare_python() -> None:
    """With no package at all, the helpers can be imported, and begin() says what is missing."""
    printed = python(BARE_PYTHON, "-S", "-E")
    for name in ("lacks", "fastapi", "sqlmodel", "ipykernel", sys.executable):
        assert name in printed


def test_import_needs_no_package_but_ipython() -> None:
    """Importing the helpers and checking the environment import none of the course's packages."""
    assert "✓ fastapi" in python(WITHOUT, BLOCKED)


def test_check_prints_no_versions(capsys: pytest.CaptureFixture) -> None:
    """A good environment: one ✓ line a thing, the same on every machine."""
    check_environment()
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "✓ Python 3.11 or newer"
    assert lines[1:-4] == [f"✓ {name}" for name in requirements()]
    assert lines[-4:] == [
        *("✓ curl", "✓ 100 MB of free disk", "✓ a folder to write in"),
        "✓ a path that Alembic can read",
    ]


def test_check_names_what_is_missing(
    capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Each thing that is missing has a ✗ line with what to do; then Problem names them all."""
    monkeypatch.setenv("TUTORIAL_WORKSPACE", str(tmp_path / "not%" / "there"))
    monkeypatch.setattr(shutil, "which", lambda name: None)
    monkeypatch.setattr(environment, "_can_write", lambda folder: False)
    monkeypatch.setattr(environment, "NEEDED_MB", 10**12)
    fake_versions(monkeypatch, httpx=None)
    with pytest.raises(Problem) as caught:
        check_environment()
    names = "httpx, curl, 1000000000000 MB of free disk, a folder to write in, a path that Alembic"
    assert f"{names} can read." in caught.value.what
    wrong = [line for line in capsys.readouterr().out.splitlines() if line.startswith("✗")]
    assert [line.split(":")[0][2:] for line in wrong] == caught.value.what.rstrip(".").split(": ")[
        1
    ].split(", ")
    assert "sudo apt install curl" in wrong[1]
    assert not (tmp_path / "not%").exists()


def test_advice_fits_environment_yml() -> None:
    """The environment that the advice activates is the one that environment.yml makes."""
    commands = re.findall(r"`([^`]+)`", environment.SET_UP_AGAIN)
    assert commands == [
        "conda env create -f environment.yml",
        "conda activate fastapi_sqlmodel",
        "jupyter lab",
    ]
    text = (ROOT / "environment.yml").read_text(encoding="utf-8")
    assert "name: fastapi_sqlmodel\n" in text


def test_advice_fits_the_readme() -> None:
    """The commands in the advice stand in the README too."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    commands = re.findall(r"`([^`]+)`", environment.SET_UP_AGAIN)
    assert [command for command in commands if command not in readme] == []


def test_problem_is_shown_in_three_lines(capsys: pytest.CaptureFixture) -> None:
    """In a notebook, a Problem is three lines: no traceback, whatever its cause and its texts."""
    cell = (
        "from tutorial import Problem\n"
        "try:\n    1 / 0\nexcept ZeroDivisionError as error:\n"
        "    raise Problem('file-gone', path='a\\n  b.py') from error\n"
    )
    result = InteractiveShell().run_cell(cell)
    assert isinstance(result.error_in_exec, Problem)
    printed = capsys.readouterr()
    assert (printed.out + printed.err).splitlines() == [
        "✗ There is no file a b.py in the project.",
        "→ Run the cell that writes it first, or the whole notebook from its first cell.",
        "  More: notebooks/troubleshooting.md, “file-gone”. The traceback: %tb",
    ]
    assert isinstance(result.error_in_exec.__cause__, ZeroDivisionError)
    assert str(result.error_in_exec).startswith("There is no file a b.py in the project.\nRun the")


def test_expected_error(capsys: pytest.CaptureFixture) -> None:
    """A wrong turn on purpose is printed in short, and must go wrong in just that way.

    A long line is broken at a blank: JupyterLab would break it within a word.
    """
    with expect_error(ZeroDivisionError):
        _ = 1 / 0
    assert capsys.readouterr().out == "ZeroDivisionError: division by zero\n"
    with expect_error(ValueError):
        raise ValueError("twelve_chars " * 9)
    first, second = capsys.readouterr().out.splitlines()
    assert first == f"ValueError: {'twelve_chars ' * 4}".rstrip()
    assert second == f"  {'twelve_chars ' * 5}".rstrip()
    with (
        pytest.raises(Problem, match="KeyError or OSError was not raised"),
        expect_error(KeyError, OSError),
    ):
        pass
    with pytest.raises(ZeroDivisionError), expect_error(KeyError):
        _ = 1 / 0
