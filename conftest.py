"""Gives every test run a workspace of its own, so that it never touches the learner's.

The steps share one, as they do at the learner's. The start page has another: it shows what is
finished in its workspace, and its stored output is that of an empty one.

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

pytest_plugins = ["strict_outputs"]  # of tests/
TEMPORARY = pytest.StashKey[tempfile.TemporaryDirectory]()
LONGEST = "test_careless_learners.py"
START_PAGE = "00_start_here.ipynb"
STATES_SEEN = pytest.StashKey[dict[int, State]]()


def pytest_configure(config: pytest.Config) -> None:
    """Point the kernels to a temporary workspace, whatever the outer environment says."""
    temporary = tempfile.TemporaryDirectory(prefix="course workspace ", ignore_cleanup_errors=True)
    config.stash[TEMPORARY] = temporary
    config.stash[STATES_SEEN] = {}
    os.environ["TUTORIAL_WORKSPACE"] = str(workspace_of(config))
    os.environ.pop("DATABASE_URL", None)
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        # A shell starts background jobs so, and then no test could interrupt anything.
        signal.signal(signal.SIGINT, signal.default_int_handler)


def workspace_of(config: pytest.Config, path: Path | None = None) -> Path:
    """Return the workspace of the test run: that of the start page if `path` is it."""
    name = "start page" if path is not None and path.name == START_PAGE else "steps"
    return Path(config.stash[TEMPORARY].name) / name


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest file first: with -n 2, one process plays it while the other runs the rest."""
    items.sort(key=lambda item: item.path.name != LONGEST)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Before nbval starts the kernel of a notebook, point it to the notebook's workspace."""
    os.environ["TUTORIAL_WORKSPACE"] = str(workspace_of(item.config, item.path))


def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """After the last cell of a step, note what the step has left behind."""
    if item.path.suffix != ".ipynb" or (nextitem is not None and nextitem.path == item.path):
        return
    if item.path.name != START_PAGE:
        step = int(item.path.name[:2])
        item.config.stash[STATES_SEEN][step] = read_state(workspace_of(item.config))


def pytest_unconfigure(config: pytest.Config) -> None:
    """Delete the temporary workspaces."""
    config.stash[TEMPORARY].cleanup()


@pytest.fixture(scope="session")
def notebooks_run(pytestconfig: pytest.Config) -> tuple[Path, dict[int, State]]:
    """Return the workspace of nbval's run, and the states that the steps left in it."""
    return workspace_of(pytestconfig), pytestconfig.stash[STATES_SEEN]


@pytest.fixture(scope="session")
def file_at_head(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an empty database at the newest revision. For copying, not for changing."""
    from service import migrated  # of tests/, which pytest puts on the path later than this file

    return migrated(tmp_path_factory.mktemp("at head"), "head")
