"""Gives every notebook of a test run a workspace of its own: never the learner's.

Each of them is empty, as if its notebook were the first one that a learner opens. After its last
cell, the project in it must be the end that the course has stored.
"""

import os
import signal
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from IPython.core.interactiveshell import InteractiveShell

if TYPE_CHECKING:
    from remote import Remote
    from service import Database

NOTEBOOKS = Path(__file__).resolve().parent / "notebooks"
sys.path.insert(0, str(NOTEBOOKS))

from tutorial.case import CASE  # noqa: E402
from tutorial.ends import stored_ends  # noqa: E402
from tutorial.errors import Problem  # noqa: E402
from tutorial.postgres import OWN, Postgres, start_postgres  # noqa: E402
from tutorial.state import DATABASE, read_state  # noqa: E402
from tutorial.workspace import MEMORY, begun, project_of  # noqa: E402

pytest_plugins = ["strict_outputs"]  # of tests/
WEEKLY_SECONDS = 900  # the longest that a test of the weekly run may take
KINDS = ["sqlite", "postgresql"]
TEMPORARY = pytest.StashKey[tempfile.TemporaryDirectory]()
# With -n, a file is done by one process. These take longest, so they begin first: else one process
# would still be busy with one of them when the other has nothing left to do.
LONGEST = (
    "11_put_it_under_load.ipynb",
    "15_move_to_postgresql.ipynb",
    "test_your_own_service.py",
    "test_careless_learners.py",
    "test_careless_kernels.py",
    "test_advice.py",
    "test_exercises.py",
    "test_bad_requests.py",
    "test_broken_service.py",
    "06_set_up_alembic.ipynb",
    "09_run_the_migration.ipynb",
    "test_hostile_environment.py",
    "test_load.py",
    "test_service.py",
    "test_serve.py",
    "test_start.py",
    "test_refused_writes.py",
    "test_migrations.py",
    "test_postgres.py",
)


def pytest_configure(config: pytest.Config) -> None:
    """Make a temporary folder for the workspaces, whatever the outer environment says."""
    temporary = tempfile.TemporaryDirectory(prefix="course workspace ", ignore_cleanup_errors=True)
    config.stash[TEMPORARY] = temporary
    os.environ["TUTORIAL_WORKSPACE"] = temporary.name
    os.environ.pop("DATABASE_URL", None)
    # At the end of the process, each of the many shells would collect all garbage once more.
    InteractiveShell.atexit_operations = lambda shell: None
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        # A shell starts background jobs so, and then no test could interrupt anything.
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the files that take longest first. Within a file, the order stays.

    The long forms, which run once a week, get more time: some run a whole notebook four times.
    """
    places = {name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.path.name, len(places)))
    for item in items:
        if item.get_closest_marker("weekly"):
            item.add_marker(pytest.mark.timeout(WEEKLY_SECONDS))


def workspace_of(item: pytest.Item) -> Path:
    """Return the workspace of a notebook, or of all tests that are none."""
    return Path(item.config.stash[TEMPORARY].name) / item.path.stem[:2]


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Before nbval starts the kernel of a notebook, point it to the notebook's workspace."""
    os.environ["TUTORIAL_WORKSPACE"] = str(workspace_of(item))


@pytest.hookimpl(trylast=True)  # an error must not keep pytest's own teardown from its work
def pytest_runtest_teardown(item: pytest.Item) -> None:
    """After a notebook's last cell, compare what it leaves with what the course has stored."""
    cell = getattr(item, "cell", None)  # nbval's
    if cell is None or cell.get("id") != "finish":
        return
    number, ends = int(item.path.stem[:2]), stored_ends()
    folder = project_of(number, workspace_of(item))
    state = read_state(folder)
    assert state == ends.state(number), "run tests/store_outputs.py"
    left = {path.name for path in folder.iterdir()} - {f"{DATABASE}-wal", f"{DATABASE}-shm", MEMORY}
    left -= {CASE}  # the learner's own work, which no notebook takes away
    named = {Path(path).parts[0] for path in state.files}
    named |= {DATABASE} if state.schema else set()
    assert left == named, f"the notebook leaves {sorted(left - named)}"


def pytest_unconfigure(config: pytest.Config) -> None:
    """Delete the temporary workspaces."""
    config.stash[TEMPORARY].cleanup()


@pytest.fixture(autouse=True)
def same_start() -> Iterator[None]:
    """Let each test find the same folders on sys.path, and no step that another test has begun.

    With a hundred folders, each import takes longer.
    """
    path, step = sys.path.copy(), begun.copy()
    yield
    sys.path[:] = path
    begun.clear()
    begun.update(step)


@pytest.fixture(scope="session")
def file_at_head(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an empty database at the newest revision. For copying, not for changing."""
    from service import migrated  # of tests/, which pytest puts on the path later than this file

    return migrated(tmp_path_factory.mktemp("at head"), "head")


def postgres_of_tests() -> Postgres:
    """Start a PostgreSQL. Without its packages, the tests are skipped.

    Whoever names a PostgreSQL in TUTORIAL_POSTGRES wants it tested: then all that is wrong fails.
    """
    try:
        return start_postgres("tests")
    except Problem as problem:
        if problem.key != "no-postgres" or os.environ.get(OWN):
            raise
        pytest.skip(problem.what)


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    """Start a PostgreSQL for the tests of a file, or use the one that TUTORIAL_POSTGRES names."""
    with postgres_of_tests() as server:
        yield server


@pytest.fixture(scope="module")
def postgres_at_head(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> "Remote":
    """Return an empty database of a PostgreSQL at the newest revision. For copying."""
    from remote import Remote
    from service import alembic

    remote = Remote(postgres, "head", tmp_path_factory.mktemp("at head"))
    alembic("upgrade", "head", url=remote.url)
    return remote


@pytest.fixture(scope="module", params=["file_at_head", "postgres_at_head"], ids=KINDS)
def at_head(request: pytest.FixtureRequest) -> "Database":
    """Return an empty database at the newest revision, of one kind after the other. For copying."""
    database: Database = request.getfixturevalue(request.param)
    return database
