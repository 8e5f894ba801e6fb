"""The quick checks (.ci/check.py): what fails is never passed over, and everybody runs the same."""

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent
CALL = "python .ci/check.py"


@pytest.fixture
def check() -> ModuleType:
    """Import the script anew. The folder .ci is no package."""
    spec = importlib.util.spec_from_file_location("check", ROOT / ".ci" / "check.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_everybody_runs_the_same_checks(check: ModuleType) -> None:
    """pre-commit has a hook for each check. .ci/run and the CI run them all, no tool alone."""
    hooks = (ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8")
    assert re.findall(rf"entry: {re.escape(CALL)} (.+)", hooks) == list(check.CHECKS)
    assert f"\n{CALL}\n" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    workflow = (ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")
    assert f"- run: {CALL}\n" in workflow
    assert not re.search(r"run: (ruff|mypy)", workflow)


def test_types_are_checked_for_the_oldest_and_the_newest_python(check: ModuleType) -> None:
    """Whatever runs the check, else what passes on one machine fails on the next.

    Windows is one of the two systems, because its `os` has the fewest functions.
    """
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text("utf-8"))
    pythons = workflow["jobs"]["pip"]["strategy"]["matrix"]["python"]
    ways = [command for command in check.CHECKS.values() if command.startswith("mypy")]
    assert ways == [
        f"mypy --python-version {pythons[0]} --platform win32",
        f"mypy --python-version {pythons[-1]} --platform linux",
    ]


def test_one_failure_fails_all_and_the_others_still_run(
    check: ModuleType, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last line names every check that failed."""
    checks = {"bad": "py_compile no-such-file", "good": "platform", "worse": "no_such_tool ."}
    monkeypatch.setattr(check, "CHECKS", checks)
    assert check.main([]) == "Failed: bad, worse"
    said = capfd.readouterr().out
    assert re.findall(r"^== (\w+): ", said, re.MULTILINE) == ["bad", "good", "worse"]
    assert "no_such_tool is not in the Python of this environment" in said
    assert "pip install -r requirements-checks.txt" in said
    assert check.main(["good"]) is None
    assert "bad" not in capfd.readouterr().out


def test_a_name_that_is_no_check_is_refused(
    check: ModuleType, capfd: pytest.CaptureFixture[str]
) -> None:
    """Else a hook with a spelling mistake would pass for ever."""
    names = ", ".join(check.CHECKS)
    assert check.main(["lint", "tpyes"]) == f"There is no check tpyes. There are: {names}."
    assert capfd.readouterr().out == ""


def test_only_actionlint_may_be_missing(
    check: ModuleType, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It comes from GitHub, which not every network allows."""
    monkeypatch.setenv("PATH", "")
    assert check.main(["workflows"]) is None
    assert "Not run: actionlint is not here." in capfd.readouterr().out
