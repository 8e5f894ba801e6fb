"""Checks what is quick to check: style, types, the form of the notebooks, and the workflows.

    python .ci/check.py               everything
    python .ci/check.py lint format   only these two

The tools are those of the Python that runs this file: pip install -r requirements-checks.txt.
.ci/run, the jobs of the CI and pre-commit all call this file, so a check is written in one place.
"""

import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# Only the plugins that pyproject.toml sets up: to load all of them takes longer than the tests.
FORM = "pytest -q -p nbval.plugin -p xdist.plugin -p pytest_timeout tests/test_notebooks.py"
CHECKS = {
    "lint": "ruff check .",
    "format": "ruff format --check .",  # what it finds, "ruff format ." mends
    # What mypy finds depends on the Python and the system that it checks for, and without these
    # options that is the one that runs it. So: two that differ most, the same two everywhere.
    "types": "mypy --python-version 3.11 --platform win32",
    "types-newest": "mypy --python-version 3.14 --platform linux",
    "notebooks": FORM,
    "workflows": "actionlint",
}


def passes(command: str) -> bool:
    """Run a tool in the root of the repository, and return whether it found nothing.

    actionlint may be missing, because not every network can fetch it. Every other tool must be
    there.
    """
    tool, *arguments = command.split()
    if tool == "actionlint":
        program = shutil.which(tool)
        if program is None:
            print("Not run: actionlint is not here. A job of the CI runs it.", flush=True)
            return True
        start = [program]
    elif find_spec(tool) is None:
        print(f"{tool} is not in the Python of this environment: {sys.executable}")
        print("Activate the right one, or run: pip install -r requirements-checks.txt", flush=True)
        return False
    else:
        start = [sys.executable, "-m", tool]
    environment = os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    return subprocess.run([*start, *arguments], cwd=ROOT, env=environment).returncode == 0


def main(names: list[str]) -> str | None:
    """Run these checks, or all of them. Return what failed in one line, or None."""
    unknown = [name for name in names if name not in CHECKS]
    if unknown:
        return f"There is no check {', '.join(unknown)}. There are: {', '.join(CHECKS)}."
    failed = []
    for name in names or CHECKS:
        print(f"== {name}: {CHECKS[name]}", flush=True)
        if not passes(CHECKS[name]):
            failed.append(name)
    return f"Failed: {', '.join(failed)}" if failed else None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
