"""Measures how long the migrations take for each row, at several sizes of the table.

    python -m benchmarks.migrations

Each command runs on a table without rows too. That time is subtracted: it is what Alembic takes
to begin and to end. Every number is the shortest of several runs, because other programs on the
computer can only make a run longer.
"""

import argparse
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from alembic import command
from alembic.config import Config
from service import DRIVERS, ROOT, database_url, migrated, query

STEPS = {
    "upgrade 0002": (command.upgrade, "0002"),
    "downgrade 0001": (command.downgrade, "0001"),
}
FILL = """
INSERT INTO task (task_name)
WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ?)
SELECT 'task ' || n FROM numbers
"""
DESCRIBE = "UPDATE task SET task_description = 'the description of ' || task_name"

Times = dict[str, float]  # the seconds that each step takes


def alembic_config() -> Config:
    """Return what Alembic must know. Without an .ini file it leaves the logging as it is."""
    config = Config()
    config.set_main_option("script_location", str(ROOT / "alembic").replace("%", "%%"))
    return config


def prepare(folder: Path, driver: str, rows: int) -> tuple[Path, str]:
    """Make a table with so many rows at revision 0001; return its database's file and URL."""
    folder.mkdir()
    file = migrated(folder, "0001", driver)
    if rows:
        query(file, FILL, rows)
    return file, database_url(file, driver)


def up_and_down(file: Path, url: str) -> Times:
    """Migrate a table up and down once."""
    os.environ["DATABASE_URL"] = url  # env.py reads it anew each time
    times = {}
    for name, (run, revision) in STEPS.items():
        begun = time.perf_counter()
        run(alembic_config(), revision)
        times[name] = time.perf_counter() - begun
        if revision == "0002":
            query(file, DESCRIBE)  # so that the downgrade has something to leave out
    return times


def measure(folder: Path, driver: str, sizes: list[int], repeat: int) -> dict[int, Times]:
    """Return the shortest times for a table of each size.

    The sizes take turns, so that a time when the computer is busy does not meet one of them only.
    """
    tables = {rows: prepare(folder / f"{rows} rows", driver, rows) for rows in sizes}
    runs = [{rows: up_and_down(*tables[rows]) for rows in sizes} for _ in range(repeat)]
    return {rows: {name: min(run[rows][name] for run in runs) for name in STEPS} for rows in sizes}


def table(sizes: list[int], drivers: list[str], repeat: int) -> Iterator[str]:
    """Return the lines of the table in Markdown."""
    titles = [f"{rows:,} rows: µs per row" for rows in sizes]
    yield "| Command | URL | no rows: ms | " + " | ".join(titles) + " |"
    yield "|---|---|" + "---:|" * (1 + len(sizes))
    for driver in drivers:
        with TemporaryDirectory() as folder:
            times = measure(Path(folder), driver, [0, *sizes], repeat)
        for name in STEPS:
            empty = times[0][name]
            more = {rows: max(0.0, times[rows][name] - empty) for rows in sizes}
            cells = [f"{more[rows] / rows * 1e6:.2f}" for rows in sizes]
            yield f"| `{name}` | `{driver}` | {empty * 1e3:.1f} | " + " | ".join(cells) + " |"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, nargs="+", default=[1_000, 10_000, 100_000])
    parser.add_argument("--driver", choices=DRIVERS, nargs="+", default=DRIVERS)
    parser.add_argument("--repeat", type=int, default=40)
    arguments = parser.parse_args()
    sys.path.insert(0, str(ROOT))  # for env.py, which imports the models of the app
    print(*table(arguments.rows, arguments.driver, arguments.repeat), sep="\n")


if __name__ == "__main__":
    main()
