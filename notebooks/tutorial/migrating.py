"""A bench for migrations: a copy of the project with 1,000 rows, and Alembic by both kinds of URL.

A new process takes most of a second for each command, and a chapter runs a hundred of them. So
Alembic runs in the kernel. It does what it does in a terminal, with one exception: it leaves the
loggers alone, because those of a server may be in use.
"""

import asyncio
import importlib
import inspect
import io
import os
import re
import sqlite3
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import chdir, closing, contextmanager, redirect_stderr, redirect_stdout, suppress
from pathlib import Path
from typing import Any

from tutorial.errors import Problem
from tutorial.explain import explained, one_line
from tutorial.family import Program
from tutorial.files import edit
from tutorial.fresh import forget_app
from tutorial.inherited import variables_for
from tutorial.process import trial_folder
from tutorial.show import WIDTH, wrapped
from tutorial.state import DATABASE, opened

OTHER = "async.db"  # a copy of the database, for the second kind of URL
URLS = {DATABASE: f"sqlite:///{DATABASE}", OTHER: f"sqlite+aiosqlite:///{OTHER}"}
WRITING = ("merge", "revision")  # commands that write a file, so that they run once
MODELS, VERSIONS = "app/models.py", "alembic/versions"
ROWS = [(f"task {n}", f"{n} apples" if n % 2 else None) for n in range(7, 1001)]
BUSY_SECONDS = 0.1  # how long `ask` waits for another writer
IMPORTS = "import sqlalchemy as sa\nimport sqlmodel\nfrom alembic import op\n"


@explained
def trial(name: str, old: str = "", new: str = "") -> Path:
    """Return the folder of a new copy of the project, with 1,000 rows in its table `task`.

    After the project's six rows come "task 7" to "task 1000"; those with an odd number have a
    description, such as "7 apples". old, new: what to replace in app/models.py of the copy. Raises
    Problem if it is not there.
    """
    folder = trial_folder(name)
    with opened(folder / DATABASE, "rw") as connection, connection:
        names = [row[1] for row in connection.execute("PRAGMA table_info(task)")]
        described = next(one for one in names if one not in ("id", "task_name"))
        insert = f"INSERT INTO task (task_name, {described}) VALUES (?, ?)"
        connection.executemany(insert, ROWS)
    if old != new:
        edit(str(folder / MODELS), old, new, show=False)
    return folder


@explained
def ask(folder: str | Path, *queries: str) -> None:
    """Run SQL in a folder's database, and print what it gives, or why SQLite refuses.

    Foreign keys are on, as in the service. Each statement is a transaction of its own.
    """
    file = Path(folder) / DATABASE
    with closing(sqlite3.connect(file, timeout=BUSY_SECONDS, isolation_level=None)) as connection:
        connection.execute("PRAGMA foreign_keys = ON")
        for query in queries:
            try:
                answer: object = connection.execute(query).fetchall() or "done"
            except sqlite3.Error as error:
                answer = one_line(error)
            line = f"{query} -> {answer}"
            print(line if len(line) <= WIDTH else wrapped(f"{query}\n-> {answer}"))


@explained
def try_start(folder: str | Path) -> None:
    """Let the async app of a folder start, without a server, and print whether it does, or why not.

    The app starts and stops as in a server: by its lifespan.
    """
    with _in(Path(folder), URLS[DATABASE]), ThreadPoolExecutor(1) as thread:
        app = importlib.import_module("app.main_async").app
        try:  # in a thread, because that of a notebook has an event loop already
            thread.submit(asyncio.run, _start(app)).result()
        except RuntimeError as error:
            print(wrapped(str(error)))
        else:
            print("The service starts.")


async def _start(app: Any) -> None:
    async with app.router.lifespan_context(app):
        pass


@explained
def migrate(folder: str | Path, *commands: str) -> None:
    """Run commands of Alembic in a folder, and print of each what it says, or "done".

    Each runs through the sync URL on the folder's database, and through the async URL on a copy of
    it. What a command refuses is printed, and not raised. Raises Problem if the two ways do not say
    the same, or do not leave the same tables and rows.
    """
    folder = Path(folder)
    with (
        closing(sqlite3.connect(folder / DATABASE)) as source,
        closing(sqlite3.connect(folder / OTHER)) as copy,
    ):
        source.backup(copy)
    for command in commands:
        urls = list(URLS.values())[: 1 if command.startswith(WRITING) else None]
        said, *others = (_run(folder, url, command) for url in urls)
        print(f"$ alembic {command}\n{wrapped(said)}")
        for other in others:  # of two heads, either can be told first
            if sorted(other.splitlines()) != sorted(said.splitlines()):
                raise Problem("urls-differ", command=command, said=other)
        if _dump(folder / DATABASE) != _dump(folder / OTHER):
            raise Problem("urls-differ", command=command, said="other tables or rows.")


@explained
def start_alembic(
    folder: str | Path, command: str, *, stderr: int = subprocess.DEVNULL, **settings: str
) -> Program[str]:
    """Start a command of Alembic in a folder, as a process of its own, and return the process.

    What it prints can be read from its `stdout`. What Alembic logs, and the traceback if it fails,
    goes to `stderr`: nowhere, if the caller does not say PIPE. settings: environment variables.
    """
    return Program(
        [sys.executable, "-m", "alembic", *command.split()],
        cwd=folder,
        env=variables_for(settings),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=stderr,
        encoding="utf-8",
    )


@explained
def draft(folder: str | Path, number: str = "0003") -> None:
    """Let Alembic draft a revision of this number, and print what its `upgrade` does.

    Raises Problem with what Alembic says if it writes none.
    """
    folder = Path(folder)
    _forget(folder, number)
    said = _run(folder, URLS[DATABASE], f"revision --autogenerate -m draft --rev-id {number}")
    files = list((folder / VERSIONS).glob(f"{number}_*.py"))
    if not files:
        raise Problem("no-draft", said=said)
    body = files[0].read_text(encoding="utf-8").split("def upgrade", 1)[1].split("\n\n\ndef ")[0]
    for line in body.splitlines()[2:]:
        if line.strip() and "###" not in line:
            statement = line.removeprefix("    ")
            indent = statement[: -len(statement.lstrip())]
            print(wrapped(statement.lstrip(), indent))


def revision(
    folder: str | Path,
    upgrade: Callable[[], None],
    downgrade: Callable[[], None],
    number: str = "0003",
    after: str = "0002",
) -> None:
    """Write a revision with these two functions, in place of the one of this number.

    number, after: its id, and the id of the revision that it comes after.
    """
    folder = Path(folder)
    _forget(folder, number)
    functions = "\n\n".join(map(inspect.getsource, (upgrade, downgrade)))
    names = (("upgrade", upgrade), ("downgrade", downgrade))
    for name, function in names:
        functions = functions.replace(f"def {function.__name__}(", f"def {name}(", 1)
    text = f'{IMPORTS}\nrevision = "{number}"\ndown_revision = "{after}"\n\n\n{functions}'
    file = folder / VERSIONS / f"{number}_by_hand.py"
    file.write_text(text, encoding="utf-8", newline="\n")


def _forget(folder: Path, number: str) -> None:
    """Delete the revision of this number."""
    for file in (folder / VERSIONS).glob(f"{number}_*.py"):
        file.unlink()


class _Output(io.StringIO):
    """A text that Alembic writes in. It looks at the encoding, and else writes `?` for an ü."""

    encoding = "utf-8"


def _run(folder: Path, url: str, command: str) -> str:
    """Run one command, and return what it says, with its warnings above it."""
    from alembic.config import CommandLine, Config

    output = _Output()
    line = CommandLine()
    options = line.parser.parse_args(command.split())
    with _in(folder, url), warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("ignore")
        warnings.simplefilter("always", UserWarning)
        warnings.simplefilter("always", RuntimeWarning)  # SQLAlchemy's own are of this kind
        config = Config("alembic.ini", stdout=output, cmd_opts=options)
        config.set_main_option("script_location", "alembic")  # it reads the file here
        config.config_file_name = None  # env.py then leaves the loggers alone
        try:
            with redirect_stdout(output), redirect_stderr(io.StringIO()):
                line.run_cmd(config, options)
        except SystemExit:
            pass  # it has said why
        except Exception as error:
            output.write(f"\n{one_line(error)}")
    said = [text for text in output.getvalue().splitlines() if text.strip()] or ["done"]
    lines = [f"warning: {one_line(str(one.message))}" for one in warned] + said
    here = str(folder.resolve())
    return "\n".join(dict.fromkeys(_below(here, text) for text in lines))


def _below(folder: str, text: str) -> str:
    """Return a text in which the paths of a folder begin there, with forward slashes."""
    path = rf"{re.escape(folder)}[\\/]([^\s'\":]*)"
    return re.sub(path, lambda found: found[1].replace("\\", "/"), text)


@contextmanager
def _in(folder: Path, url: str) -> Iterator[None]:
    """Import `app` from a folder, with this DATABASE_URL, as long as the block lasts."""
    path, before = list(sys.path), os.environ.get("DATABASE_URL")
    forget_app()
    sys.path.insert(0, str(folder.resolve()))
    os.environ["DATABASE_URL"] = url
    try:
        with chdir(folder):
            yield
    finally:
        sys.path[:] = path
        del os.environ["DATABASE_URL"]
        if before is not None:
            os.environ["DATABASE_URL"] = before
        forget_app()


def _dump(file: Path) -> list[str]:
    """Return what a database holds, as SQL."""
    with suppress(sqlite3.Error), closing(sqlite3.connect(file)) as connection:
        return list(connection.iterdump())
    return []
