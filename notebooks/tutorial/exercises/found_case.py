"""What there is in the folder of notebook 17's case: its rows, its revisions and its answers."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import tempfile
import warnings
from contextlib import closing
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from tutorial.exercises.judging import NotQuite, listed
from tutorial.family import without_debugger
from tutorial.inherited import needed_variables
from tutorial.state import DATABASE, opened

if TYPE_CHECKING:
    from collections.abc import Iterator

    from alembic.script import ScriptDirectory

SECONDS = 60  # how long the service may take to answer
DUE = "due"  # the column that Ben's revision adds
FIELDS = ("task_name", "task_description", "id", "owner_id", "owner", DUE)  # of a task's answer
VISIT = Path(__file__).parent / "visit.py"


@dataclass(frozen=True)
class Task:
    """A task of the story, without its number."""

    name: str
    description: str | None
    owner: int | None

    @property
    def called(self) -> str | None:
        """Its name; if it has none, its description."""
        return self.name or self.description

    def without(self, left: int) -> Task:
        """Return it, with nobody as the owner if it is the person who left."""
        return replace(self, owner=None) if self.owner == left else self


@dataclass(frozen=True)
class Story:
    """What the database should hold, from the story of the week."""

    names: dict[int, str]  # of the people, by id
    left: int  # the person who left
    who_left: tuple[str, str]  # the name and the e-mail
    tasks: dict[int, Task]  # of today, by id
    lost: list[Task]

    @cached_property
    def unnamed(self) -> list[int]:
        """The tasks that have no name."""
        return [number for number, task in self.tasks.items() if not task.name]

    @cached_property
    def ownerless(self) -> list[int]:
        """The tasks of the person who left."""
        return [number for number, task in self.tasks.items() if task.owner == self.left]


def the_story() -> Story:
    """Live the week once more, in memory, and return what should be there now."""
    from tutorial import case

    with closing(case.memory("monday")) as monday:
        before = dict(monday.execute("SELECT id, name FROM person").fetchall())
        emails = dict(monday.execute("SELECT id, lower(email) FROM person").fetchall())
    days = ("monday", "monday_evening", "tuesday")
    with closing(case.memory(*days, "thursday")) as today:
        names = dict(today.execute("SELECT id, full_name FROM person").fetchall())
        tasks = _tasks(today)
    with closing(case.memory(*days)) as early, closing(case.memory(*days, "wednesday")) as late:
        kept, all_ = _tasks(early), _tasks(late)
    (left,) = before.keys() - names.keys()
    right = {number: name or before[number] for number, name in names.items()}
    lost = [one for number, one in all_.items() if number not in kept]
    return Story(right, left, (before[left], emails[left]), tasks, lost)


def _tasks(connection: sqlite3.Connection) -> dict[int, Task]:
    query = "SELECT id, task_name, task_description, owner_id FROM task ORDER BY id"
    return {number: Task(*rest) for number, *rest in connection.execute(query)}


class _Rows(NamedTuple):
    """What a case's database holds."""

    tasks: dict[int, Task]  # by id
    people: dict[int, str]  # the names by id
    at: list[str]  # the revisions that it notes
    of_task: set[str]  # the columns of a task
    large: set[int]  # the people with large letters in their e-mail
    emails: dict[str, int]  # the people by e-mail, in small letters
    column: str  # the one with the names of the people


@dataclass
class Case:
    """What there is in the folder of a case. Each thing is read when it is asked for first."""

    folder: Path
    story: Story = field(default_factory=the_story)

    @cached_property
    def _database(self) -> _Rows:
        """What the properties below are made of."""
        with opened(self.folder / DATABASE) as connection:
            connection.row_factory = None
            columns = {row[1] for row in connection.execute("PRAGMA table_info(person)")}
            name = "full_name" if "full_name" in columns else "name"
            people = dict(connection.execute(f"SELECT id, {name} FROM person ORDER BY id"))
            at = [row[0] for row in connection.execute("SELECT version_num FROM alembic_version")]
            of_task = {row[1] for row in connection.execute("PRAGMA table_info(task)")}
            large = "SELECT id FROM person WHERE email <> lower(email)"
            of_people = {row[0] for row in connection.execute(large)}
            emails = dict(connection.execute("SELECT lower(trim(email)), id FROM person"))
            return _Rows(_tasks(connection), people, sorted(at), of_task, of_people, emails, name)

    @property
    def tasks(self) -> dict[int, Task]:
        """The tasks by id."""
        return self._database.tasks

    @property
    def people(self) -> dict[int, str]:
        """The names of the people by id."""
        return self._database.people

    @property
    def at(self) -> list[str]:
        """The revisions that the database notes."""
        return self._database.at

    @property
    def has_due(self) -> bool:
        """Whether a task has the column of Ben's revision."""
        return DUE in self._database.of_task

    @property
    def large(self) -> int:
        """How many people of the story have large letters in their e-mail."""
        return len(self._database.large & self.story.names.keys())

    @property
    def emails(self) -> dict[str, int]:
        """The people by e-mail, in small letters."""
        return self._database.emails

    @property
    def column(self) -> str:
        """The column with the names of the people: Ada's revision calls it `full_name`."""
        return self._database.column

    @cached_property
    def _scripts(self) -> ScriptDirectory:
        """The files of the revisions."""
        from alembic.config import Config
        from alembic.script import ScriptDirectory

        return ScriptDirectory.from_config(Config(self.folder / "alembic.ini"))

    @cached_property
    def before(self) -> dict[str, set[str]]:
        """Each revision that the files know: its id, and those of all that come before it."""
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Revision .* is not present")
            try:
                known = [script.revision for script in self._scripts.walk_revisions()]
            except KeyError as error:
                gone = f"alembic/versions has no {error.args[0]}, which another file names"
                raise NotQuite(gone) from error
        ways = {one: self._scripts.iterate_revisions(one, "base") for one in known}
        return {one: {script.revision for script in way} for one, way in ways.items()}

    @property
    def heads(self) -> list[str]:
        """The revisions after which no other comes."""
        return sorted(self._scripts.get_heads())

    @cached_property
    def answers(self) -> dict[str, Any]:
        """What both versions of the service answer, on a database of their own."""
        return self._visit("code")

    def _visit(self, what: str) -> dict[str, Any]:
        """Let visit.py ask the service. Of what stops it, the reason is under "error"."""
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
            if what != "code":
                with (
                    opened(self.folder / DATABASE) as source,
                    closing(sqlite3.connect(Path(name, DATABASE))) as target,
                ):
                    source.backup(target)
                    if what == "behind":
                        target.execute("UPDATE alembic_version SET version_num = '0001'")
                        target.commit()
            try:
                done = run_python(name, "-P", str(VISIT), str(self.folder), what)
                found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
            except subprocess.TimeoutExpired:
                return {"error": f"no answer in {SECONDS} seconds"}
            except (IndexError, ValueError):
                return {"error": last_line(done.stderr)}
            return found

    def of_each_version(self, what: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """Give what each version has answered, as "sync" or "async" and its answers."""
        found = self.answers if what == "code" else self._visit(what)
        for version in ("sync", "async"):
            yield version, found.get(version, found)

    def whole(self) -> str:
        """Return what is wrong with the service on a copy of its database, or ""."""
        for version, said in self.of_each_version("whole"):
            if "error" in said:
                return f"the {version} version does not start: {said['error']}"
            for path, status in said.items():
                if status != 200:
                    return f"the {version} version answers {status} to GET {path}"
        for version, said in self.of_each_version("behind"):
            if "error" not in said:
                return f"the {version} version also starts on a database that is behind"
        if self._upgrades_in_spite_of_an_orphan():
            return "`alembic upgrade head` does not look any more whether each owner is there"
        return ""

    def _upgrades_in_spite_of_an_orphan(self) -> bool:
        from tutorial.case import sql

        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
            with closing(sqlite3.connect(Path(name, DATABASE))) as connection, connection:
                connection.executescript(sql("monday"))
                connection.execute("DELETE FROM person WHERE id = 1")
            return not self.upgraded(name, "head").returncode

    def upgraded(self, folder: str, to: str) -> subprocess.CompletedProcess[str]:
        """Let Alembic upgrade the database in a folder, with the revisions of the case."""
        ini = str(self.folder / "alembic.ini")
        return run_python(folder, "-m", "alembic", "-c", ini, "upgrade", to)


def left_out(said: dict[str, Any]) -> str:
    """Return what a version leaves out of the tasks that it answers or takes, or ""."""
    answers = [("GET of a task", said["fields"]), *(("GET /task/", row) for row in said["listed"])]
    for path, answer in answers:
        if less := [one for one in FIELDS if one not in answer]:
            return f"{path} answers without {listed(less)}"
    if said["unnamed"] not in [row["id"] for row in said["listed"]]:
        return "GET /task/ leaves out the task without a name"
    if (status := said["post date"][0]) != 201:
        return f"POST of a task with a date answers {status}, and not 201"
    return ""


def run_python(folder: str, *words: str) -> subprocess.CompletedProcess[str]:
    """Run Python in a folder, with the database in there. Raises TimeoutExpired."""
    with without_debugger():
        return subprocess.run(
            [sys.executable, *words],
            cwd=folder,
            env=needed_variables() | {"DATABASE_URL": f"sqlite:///{DATABASE}"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=SECONDS,
        )


def last_line(text: str) -> str:
    return (text.strip().splitlines() or ["it says nothing"])[-1]
