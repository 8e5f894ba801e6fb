"""A migration of a large table keeps every row, also when it is killed in the middle.

The upgrade 0002 adds a column, and the downgrade copies the whole table into a new one. Each of
them is killed once in every run of the tests, and in more ways in the weekly one.
"""

import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from itertools import product
from pathlib import Path
from shutil import copy

import pytest
from service import DRIVERS, SECONDS, alembic, database_url, migrated, query, start
from test_migrations import revisions, schema

ROWS = 50_000
JOURNALS = ["DELETE", "WAL"]  # Alembic makes the file with the first, the service sets the second
PAIRS = list(zip(DRIVERS, JOURNALS, strict=True))

# The ids have gaps, and the names hold what a copy could spoil: quotes, a line end, other letters.
FILL = f"""
INSERT INTO task (id, task_name)
WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {ROWS})
SELECT 3 * n, 'task ' || n || char(10) || ' "żółw" ''🐢''' FROM numbers
"""
DESCRIBE = "UPDATE task SET task_description = 'description of ' || task_name"


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """An empty database at each revision. For copying, not for changing."""
    older = migrated(tmp_path_factory.mktemp("fresh 0001"), "0001")
    newer = Path(copy(older, tmp_path_factory.mktemp("fresh 0002")))
    alembic("upgrade", "0002", url=database_url(newer))
    return {"0001": older, "0002": newer}


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory, fresh: dict[str, Path]) -> Path:
    """A database at revision 0001, with ROWS rows. For copying, not for changing."""
    file = Path(copy(fresh["0001"], tmp_path_factory.mktemp("original")))
    query(file, FILL)
    return file


@pytest.fixture(scope="module")
def described(tmp_path_factory: pytest.TempPathFactory, fresh: dict[str, Path]) -> Path:
    """The same rows at revision 0002, each with a description. For copying, not for changing."""
    file = Path(copy(fresh["0002"], tmp_path_factory.mktemp("described")))
    query(file, FILL)
    query(file, DESCRIBE)
    return file


def same_rows(file: Path, other: Path, columns: str) -> bool:
    """Compare these columns of all the tasks in two files, in both directions.

    They must hold the primary key: then each row is there once.
    """
    one, two = f"SELECT {columns} FROM task", f"SELECT {columns} FROM other.task"
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("ATTACH ? AS other", [str(other)])
        missing = connection.execute(f"{two} EXCEPT {one}").fetchone()
        more = connection.execute(f"{one} EXCEPT {two}").fetchone()
    return missing is None and more is None


def assert_whole(file: Path, revision: str, original: Path, fresh: dict[str, Path]) -> None:
    """The file is not damaged, has this revision and its schema, and all the rows."""
    assert query(file, "PRAGMA integrity_check") == [("ok",)]
    assert revisions(file) == [(revision,)]
    names = "SELECT type, name FROM sqlite_schema ORDER BY name"
    assert query(file, names) == query(fresh[revision], names)  # and no half-made copy of a table
    assert schema(file) == schema(fresh[revision])
    assert query(file, "SELECT count(*) FROM task") == [(ROWS,)]
    assert same_rows(file, original, "id, task_name")


def descriptions(file: Path) -> list[tuple]:
    """Return how many tasks have a description."""
    return query(file, "SELECT count(task_description) FROM task")


@pytest.mark.weekly
@pytest.mark.parametrize("driver", DRIVERS)
def test_up_down_up(driver: str, original: Path, fresh: dict[str, Path], tmp_path: Path) -> None:
    """Up, down and up again: no row is lost or changed, and the table is as in a new database."""
    file = Path(copy(original, tmp_path))
    url = database_url(file, driver)

    alembic("upgrade", "0002", url=url)
    assert_whole(file, "0002", original, fresh)
    assert descriptions(file) == [(0,)]
    query(file, DESCRIBE)

    alembic("downgrade", "0001", url=url)
    assert_whole(file, "0001", original, fresh)

    alembic("upgrade", "0002", url=url)
    assert_whole(file, "0002", original, fresh)
    assert descriptions(file) == [(0,)]


# A migration that is killed


def size(file: Path) -> int:
    """Return the bytes of a database file and of the files that SQLite keeps beside it."""
    total = 0
    for suffix in ("", "-wal", "-journal"):
        beside = file.with_name(file.name + suffix)
        if beside.exists():
            total += beside.stat().st_size
    return total


def kill_when(now: Callable[[], bool], *arguments: str, url: str) -> bool:
    """Start an Alembic command, and kill it at a moment. Return False if it ended before that."""
    process = start("alembic", *arguments, url=url)
    deadline = time.monotonic() + SECONDS
    while not (ended := process.poll() is not None) and not now():
        assert time.monotonic() < deadline, "the moment did not come"
        time.sleep(0.001)
    process.kill()
    print(*process.communicate())
    return not ended


@pytest.mark.parametrize(
    ("part", "driver", "journal"),
    [
        (0.5, *PAIRS[1]),
        *(
            pytest.param(part, *pair, marks=pytest.mark.weekly)
            for part in (0.02, 0.5, 0.95)
            for pair in product(DRIVERS, JOURNALS)
            if (part, *pair) != (0.5, *PAIRS[1])
        ),
    ],
)
def test_killed_while_copying(
    part: float,
    driver: str,
    journal: str,
    described: Path,
    original: Path,
    fresh: dict[str, Path],
    tmp_path: Path,
) -> None:
    """A downgrade that is killed when it has copied a part of the table has changed nothing.

    What it has copied is still in the file, or beside it, and does not count.
    """
    file = Path(copy(described, tmp_path))
    url = database_url(file, driver)
    query(file, f"PRAGMA journal_mode = {journal}")
    enough = size(file) + part * size(original)
    assert kill_when(lambda: size(file) > enough, "downgrade", "0001", url=url)
    assert size(file) > enough

    assert_whole(file, "0002", original, fresh)
    assert same_rows(file, described, "id, task_name, task_description")
    alembic("downgrade", "0001", url=url)
    assert_whole(file, "0001", original, fresh)


@pytest.mark.parametrize("driver", [DRIVERS[0], pytest.param(DRIVERS[1], marks=pytest.mark.weekly)])
def test_killed_before_commit(
    driver: str, original: Path, fresh: dict[str, Path], tmp_path: Path
) -> None:
    """An upgrade that has done all its work and is killed before the commit has changed nothing.

    Another program reads meanwhile, so the commit has to wait: that is the moment of the kill.
    """
    file = Path(copy(original, tmp_path))
    url = database_url(file, driver)
    journal = file.with_name(file.name + "-journal")

    def waits() -> bool:
        if journal.exists():
            time.sleep(1)  # it is there from the first change on; the last one follows at once
        return journal.exists()

    with closing(sqlite3.connect(file)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM task LIMIT 1").fetchall()
        assert kill_when(waits, "upgrade", "head", url=url)
    assert journal.exists()  # the transaction was neither committed nor undone
    assert_whole(file, "0001", original, fresh)
    alembic("upgrade", "head", url=url)
    assert_whole(file, "0002", original, fresh)


@pytest.mark.weekly
@pytest.mark.parametrize(("driver", "journal"), PAIRS)
def test_killed_again_and_again(
    driver: str, journal: str, original: Path, fresh: dict[str, Path], tmp_path: Path
) -> None:
    """Up and down on one file, each time killed a little later: it is always at one revision."""
    file = Path(copy(original, tmp_path))
    url = database_url(file, driver)
    query(file, f"PRAGMA journal_mode = {journal}")
    steps = {"0001": ("upgrade", "0002"), "0002": ("downgrade", "0001")}

    begun = time.monotonic()
    alembic("upgrade", "0002", url=url)
    alembic("downgrade", "0001", url=url)
    usual = (time.monotonic() - begun) / 2

    revision, results = "0001", []
    for number in range(12):
        killed_at = time.monotonic() + usual * (0.45 + 0.06 * number)
        killed = kill_when(lambda at=killed_at: time.monotonic() > at, *steps[revision], url=url)
        [(revision,)] = revisions(file)
        assert_whole(file, revision, original, fresh)
        results.append((revision, killed))
    print(results)
    alembic("upgrade", "head", url=url)
    assert_whole(file, "0002", original, fresh)
