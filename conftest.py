"""Gives every test run a workspace of its own, so that it never touches the learner's."""

import os
import tempfile

import pytest

_workspaces: list[tempfile.TemporaryDirectory] = []


def pytest_configure(config: pytest.Config) -> None:
    """Point the kernels to a temporary workspace, whatever the outer environment says."""
    workspace = tempfile.TemporaryDirectory(prefix="course workspace ", ignore_cleanup_errors=True)
    _workspaces.append(workspace)
    os.environ["TUTORIAL_WORKSPACE"] = workspace.name
    os.environ.pop("DATABASE_URL", None)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Delete the temporary workspace."""
    while _workspaces:
        _workspaces.pop().cleanup()
