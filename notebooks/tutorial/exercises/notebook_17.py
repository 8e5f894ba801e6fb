"""The judge of notebook 17: what of the seven troubles of a service is repaired, and what is not.

It looks at rows, at statuses and at revisions. Each trouble has a function that returns what is
wrong, in words, or "".
"""

from __future__ import annotations

import os
import sqlite3
import tempfile
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tutorial.errors import Problem
from tutorial.exercises.found_case import DUE, Case, last_line, left_out
from tutorial.exercises.judging import NotQuite, in_one_line, listed, report
from tutorial.state import DATABASE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ADA, BEN = "2f8e", "91bc"  # the revisions after 0003: of a name, and of a date
KNOWN = ("0001", "0002", "0003", ADA, BEN)  # revisions that some database has run
BEFORE_ADA = {"0001", "0002", "0003", BEN}  # those after which a column is not renamed yet
RELEASE = "c41d"  # the one that is missing
AS_MADE = {ADA, BEN, RELEASE}  # the heads are two of these, until they are merged
BENS = f"ALTER TABLE task ADD COLUMN {DUE} DATE; UPDATE alembic_version SET version_num = '{BEN}';"
RELEASED = (
    f"UPDATE person SET email = lower(email); UPDATE alembic_version SET version_num = '{RELEASE}';"
)


def names(case: Case) -> str:
    """The people have their names again."""
    if case.column == "name" and not BEFORE_ADA.issuperset(case.at):
        return "the table person has a column name, and the service reads full_name"
    wanted = case.story.names
    gone = [number for number in wanted if number not in case.people]
    if gone:
        return f"these people are not in the table any more: {listed(gone)}"
    nameless = [number for number in wanted if not case.people[number]]
    if nameless:
        return f"these people have no name: {listed(nameless)}"
    for number, name in wanted.items():
        if case.people[number] != name:
            return f"person {number} is called {case.people[number]!r}, which should be {name!r}"
    return ""


def pages(case: Case) -> str:
    """A task without a name is read like any other, and stays as it is."""
    for number in case.story.unnamed:
        if number not in case.tasks:
            return f"task {number} is gone; it should stay, without a name"
        if name := case.tasks[number].name:
            return f"task {number} is called {name!r}; it should have no name, as on the paper"
    for version, said in case.of_each_version("code"):
        if "error" in said:
            return f"the {version} version can't be asked: {said['error']}"
        if said["date"][0] == 500:  # asked first: it is one of the list
            return f"{version}: a task with a date answers 500"
        if not said["fields"]:
            return f"{version}: a task without a date can't be read"
        for what, path in (("list", "GET /task/"), ("no name", "GET of such a task")):
            if (status := said[what][0]) != 200:
                return f"{version}: with a task without a name, {path} answers {status}"
        if less := left_out(said):
            return f"{version}: {less}"
        _, value, due = said["date"]
        if value != due:
            return f"{version}: GET of a task with the date {due} has {value!r} for it"
        if (status := said["post no name"][0]) != 422:
            return f"{version}: POST of a task without a name answers {status}, and not 422"
    return ""


def stored(case: Case) -> str:
    """What the service has answered, it has stored."""
    for version, said in case.of_each_version("code"):
        if "error" in said:
            return f"the {version} version can't be asked: {said['error']}"
        for what, right in (("post", 201), ("patch", 200), ("delete", 204)):
            if (status := said[what][0]) != right:
                return f"{version}: {what.upper()} answers {status}, and not {right}"
        for what, stored in (("posted", "of today"), ("patch", "changed"), ("patched", "changed")):
            if (value := said[what][1]) != stored:
                method = "POST" if what == "posted" else "PATCH"
                then = "its answer has" if what == "patch" else "a GET after it has"
                status = said[method.lower()][0]
                return f"{version}: {method} answers {status}, and {then} {value!r}"
        if (status := said["deleted"][0]) != 404:
            return f"{version}: after a DELETE, GET answers {status}, and not 404"
    return ""


def lost_tasks(case: Case) -> str:
    """The lost tasks are there, once, and so are all the others."""
    story = case.story
    apart = {*story.unnamed, *story.ownerless}  # other troubles are about these
    for number, task in story.tasks.items():
        if number in apart:
            continue
        if number not in case.tasks:
            return f"task {number}, {task.name!r}, is gone"
        if (name := case.tasks[number].name) != task.name:
            return f"task {number} is called {name!r}; it was {task.name!r}, and was not lost"
    there = [one for number, one in case.tasks.items() if number not in story.tasks]
    names = [one.name for one in there]
    twins = [one.without(story.left) for one in there]
    if missing := [one.name for one in story.lost if one.name not in names]:
        return f"tasks of Wednesday are missing: {listed(missing)}"
    if twice := [one.name for one in story.lost if names.count(one.name) > 1]:
        return f"tasks of Wednesday are there more than once: {listed(twice)}"
    older = [one for one in story.tasks.values() if one.without(story.left) in twins]
    if older:
        return f"older tasks are there more than once: {listed(one.called for one in older)}"
    for one in story.lost:
        if one not in there:
            return f"{one.name!r} is there, but not with the owner and the description that it had"
    return ""


def owners(case: Case) -> str:
    """Each owner is there; the tasks of who has left have none, and all others keep theirs."""
    story = case.story
    if gone := [number for number in story.ownerless if number not in case.tasks]:
        return f"these tasks are gone: {listed(gone)}"
    name, email = story.who_left
    if email in case.emails:
        return f"{name} is in the table again, as person {case.emails[email]}"
    for number in story.ownerless:
        if (owner := case.tasks[number].owner) not in (None, story.left):
            return f"task {number} has the owner {owner!r}, and not None"
    nobody = [
        number
        for number, task in case.tasks.items()
        if task.owner is not None and task.owner not in case.people
    ]
    if nobody:
        return f"the owners of these tasks are not there: {listed(nobody)}"
    for number, task in story.tasks.items():
        wanted = None if number in story.ownerless else task.owner
        if number in case.tasks and (owner := case.tasks[number].owner) != wanted:
            return f"task {number} has the owner {owner}, and not {wanted}"
    return ""


def ahead(case: Case) -> str:
    """The files know the revision of the database, and it does what it did."""
    if RELEASE not in case.before:
        missing = f"{RELEASE} is not in alembic/versions"
        as_made = case.at == [RELEASE]
        return missing + ("" if as_made else ". Mia's release stays: bring its file back")
    unknown = [one for one in case.at if one not in case.before]
    if unknown or not case.at:
        return f"the database is at {listed(case.at)}, which alembic/versions does not know"
    if not any(RELEASE in case.before[one] for one in case.at):
        return f"the database is at {' and '.join(case.at)}, and it was at {RELEASE} already"
    if case.large:
        return f"{case.large} e-mails have large letters; {RELEASE} has written them small"
    if trouble := _does_not_do_its_work(case):
        return f"{RELEASE} {trouble}"
    return ""


def _does_not_do_its_work(case: Case) -> str:
    """Return what is wrong if the revision, on Monday's backup, does not what it did, or ""."""
    from tutorial.case import sql

    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        database = Path(name, DATABASE)
        with closing(sqlite3.connect(database)) as connection:
            connection.executescript(sql("monday"))
        done = case.upgraded(name, RELEASE)
        if done.returncode:
            return f"stops on another database: {last_line(done.stderr)}"
        with closing(sqlite3.connect(database)) as connection:
            large = "SELECT count(*) FROM person WHERE email <> lower(email)"
            (number,) = connection.execute(large).fetchone()
    return f"leaves {number} e-mails with large letters" if number else ""


def one_head(case: Case) -> str:
    """There is one head, after all that anybody has run, and the database is there."""
    if gone := [one for one in KNOWN if one not in case.before]:
        return f"alembic/versions has no {listed(gone)} any more, and a database is at it"
    at, head = (" and ".join(one) or "nothing" for one in (case.at, case.heads))
    if unknown := [one for one in case.at if one not in case.before]:
        at += f", and {listed(unknown)} is in no file"
    if len(case.heads) > 1:
        as_made = {BEN} < set(case.heads) <= AS_MADE and case.at == [RELEASE]
        if as_made:
            return "there are two heads"
        return f"there are two heads, {head}; the database is at {at}"
    if case.at != case.heads:
        return f"there is one head, {head}; the database is at {at}"
    if not case.has_due:
        return f"the database is at the head, but a task has no column {DUE}"
    return _wrong_on_other_databases(case)


def _wrong_on_other_databases(case: Case) -> str:
    """Return what `upgrade head` does not do where one of the two ways was run, or ""."""
    bens = f"on Ben's database, which is at {BEN}, `upgrade head`"
    another = f"on another database, which is at {RELEASE}, `upgrade head`"
    return _not_run(case, bens, ("monday",), BENS, ("person", "full_name", ADA)) or _not_run(
        case, another, ("monday", "monday_evening"), RELEASED, ("task", DUE, BEN)
    )


def _not_run(
    case: Case, where: str, days: tuple[str, ...], then: str, brings: tuple[str, str, str]
) -> str:
    """Return what `upgrade head` does not do on one database, or "".

    days, then: what has made it. brings: a table, and its column by a revision that it lacks.
    """
    from tutorial.case import sql

    table, column, revision = brings
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        with closing(sqlite3.connect(Path(name, DATABASE))) as connection:
            for script in (*map(sql, days), then):
                connection.executescript(script)
        done = case.upgraded(name, "head")
        with closing(sqlite3.connect(Path(name, DATABASE))) as connection:
            there = {row[1] for row in connection.execute(f"PRAGMA table_info({table})")}
    if done.returncode:
        return f"{where} stops: {last_line(done.stderr)}"
    if column not in there:
        return (
            f"{where} does not run {revision}. A revision that a database has run keeps its place"
        )
    return ""


@dataclass(frozen=True)
class Trouble:
    """A trouble: when its note was written, who judges it, what is said of it."""

    day: str
    judge: Callable[[Case], str]
    as_made: str  # what the judge says of a case that nobody has touched
    repaired: str


TROUBLES = (
    Trouble(
        "Monday",
        names,
        "these people have no name: 1, 2, 4",
        "everybody has a name, and the right one",
    ),
    Trouble(
        "Tuesday",
        pages,
        "sync: with a task without a name, GET /task/ answers 500",
        "every page of tasks answers 200, and the eight tasks are as on the paper",
    ),
    Trouble(
        "Wednesday",
        stored,
        "async: PATCH answers 200, and a GET after it has 'old'",
        "what the service has answered, it has stored",
    ),
    Trouble(
        "Thursday morning",
        lost_tasks,
        "tasks of Wednesday are missing: fix the tap, replace the lock, clear the drain, "
        "fetch the parcel, air the cellar",
        "Wednesday's five tasks are there, and no other is lost",
    ),
    Trouble(
        "Thursday evening",
        owners,
        "the owners of these tasks are not there: 3, 7, 12",
        "every task has an owner who is there, or none",
    ),
    Trouble(
        "Friday, first",
        ahead,
        "c41d is not in alembic/versions",
        "the code knows the revision of the database",
    ),
    Trouble(
        "Friday, second",
        one_head,
        "there are two heads",
        "there is one head, and the database is at it",
    ),
)


@report
def repaired(folder: Path) -> Iterator[str]:
    """Give a line for each trouble of a case, and one for all of them.

    folder: what `open_case` has returned. Raises Problem if there is no such folder.
    """
    parts = ("app", "alembic", DATABASE)  # one of them may be deleted: that is for the judges
    is_path = isinstance(folder, str | os.PathLike)
    if not is_path or not any(Path(folder, part).exists() for part in parts):
        raise Problem("folder-gone")
    from tutorial.case import counted

    case = Case(Path(folder))
    good = 0
    for trouble in TROUBLES:
        wrong = _judged(trouble, case)
        good += not wrong
        if wrong == trouble.as_made:
            yield f"○ {trouble.day}: not repaired yet."
        else:
            yield f"✗ {trouble.day}: {wrong}." if wrong else f"✓ {trouble.day}: {trouble.repaired}."
    if good < len(TROUBLES):
        last = f"{good} of {len(TROUBLES)} {'is' if good == 1 else 'are'} repaired."
    elif wrong := case.whole():
        last = f"✗ All are repaired, but {wrong}."
    else:
        last = "✓ All are repaired: both versions start, and read every row."
    counted[case.folder.resolve()] = last
    yield last


def _judged(trouble: Trouble, case: Case) -> str:
    """Return what is wrong; if it can't be judged, why."""
    try:
        return trouble.judge(case)
    except Problem:
        raise
    except NotQuite as reason:
        return str(reason)
    except sqlite3.Error as error:
        return f"the database can't be read: {in_one_line(error)}"
    except Exception as error:
        return f"it can't be judged: {in_one_line(error)}"
