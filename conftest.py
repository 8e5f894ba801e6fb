"""Gives every test run a workspace of its own, so that it never touches the learner's.

It also keeps the state that each notebook leaves in that workspace, when nbval has run them all:
tests/test_replay.py compares these states, and need not run the notebooks a second time.
"""

import os
import signal
import sys
import tempfile
from pathlib import Path

import pytest

NOTEBOOKS = Path(__file__).resolve().parent / "notebooks"
sys.path.insert(0, str(NOTEBOOKS))

from tutorial.workspace import State, read_state  # noqa: E402

WORKSPACE = pytest.StashKey[tempfile.TemporaryDirectory]()
STATES_SEEN = pytest.StashKey[dict[int, State]]()


def pytest_configure(config: pytest.Config) -> None:
    """Point the kernels to a temporary workspace, whatever the outer environment says."""
    workspace = tempfile.TemporaryDirectory(prefix="course workspace ", ignore_cleanup_errors=True)
    config.stash[WORKSPACE] = workspace
    config.stash[STATES_SEEN] = {}
    os.environ["TUTORIAL_WORKSPACE"] = workspace.name
    os.environ.pop("DATABASE_URL", None)
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        # A shell starts background jobs so, and then no test could interrupt anything.
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """After the last cell of a notebook, note what the notebook has left behind."""
    if item.path.suffix != ".ipynb" or (nextitem is not None and nextitem.path == item.path):
        return
    step = int(item.path.name[:2])
    item.config.stash[STATES_SEEN][step] = read_state(Path(item.config.stash[WORKSPACE].name))


def pytest_unconfigure(config: pytest.Config) -> None:
    """Delete the temporary workspace."""
    config.stash[WORKSPACE].cleanup()


@pytest.fixture(scope="session")
def notebooks_run(pytestconfig: pytest.Config) -> tuple[Path, dict[int, State]]:
    """Return the workspace of nbval's run, and the states that the notebooks left in it."""
    return Path(pytestconfig.stash[WORKSPACE].name), pytestconfig.stash[STATES_SEEN]
