"""The service starts on its own database, from any folder, and refuses every other one.

Then its last words are one sentence on what is wrong. Where that names a command, the tests run it,
and the service starts. Both versions ask the same function, so most of it is tried once.
"""

import json
import os
import re
from contextlib import ExitStack
from pathlib import Path
from shutil import copy, move

import pytest
from service import (
    ROOT,
    VERSIONS,
    alembic,
    copy_project,
    database_url,
    migrated,
    outcome,
    query,
    run,
    serve,
    serve_all,
    serve_each,
    start,
)
from sqlalchemy import make_url

PAGE = (ROOT / "notebooks" / "the_service.md").read_text(encoding="utf-8")
LONGEST_LOG = 20  # lines: five calls with their places, and no library's inner calls
LONGEST_ERROR = 12  # lines: only the call that refuses, and who called it

REVISION = '''
"""A revision that a newer version of the service has."""

import sqlalchemy as sa

from alembic import op

revision = "{revision}"
down_revision = "0002"


def upgrade() -> None:
    op.create_table("table_{revision}", sa.Column("id", sa.Integer(), primary_key=True))


def downgrade() -> None:
    op.drop_table("table_{revision}")
'''

ASK = """
import json
import sys
import traceback
from sqlmodel import create_engine
from app import db, revision

for url, ini in json.loads(sys.argv[1]):
    revision.engine = create_engine(url)
    revision.engine.dispose()
    if revision.engine.dialect.name == "sqlite":
        db.event.listen(revision.engine, "connect", db.set_up_connection)
    if ini:
        revision.ALEMBIC_INI = revision.Path(ini)
    try:
        revision.require_newest_revision()
    except RuntimeError as refusal:
        shown = "".join(traceback.format_exception(refusal))
        print(json.dumps([str(refusal), len(shown.splitlines())]))
    else:
        print(json.dumps(["starts", 0]))
"""


def answers(cases: dict[str, str | tuple[str, Path]], project: Path = ROOT) -> dict[str, str]:
    """Return what the service says at its start, for each URL (and alembic.ini, if it is given).

    One process asks for all of them, with an engine for each, as app/db.py makes it. The error has
    no long traceback, whatever its cause is: else the sentence is not found.
    """
    asked = [case if isinstance(case, tuple) else (case, "") for case in cases.values()]
    argument = json.dumps([(url, str(ini)) for url, ini in asked])
    lines = run(ASK, "sqlite://", cwd=project, arguments=[argument]).splitlines()
    said, lengths = zip(*map(json.loads, lines), strict=True)
    assert max(lengths) <= LONGEST_ERROR
    return dict(zip(cases, said, strict=True))


def add_revision(project: Path, revision: str) -> None:
    """Write one revision more into a copy of the project."""
    file = project / "alembic" / "versions" / f"{revision}_newer.py"
    file.write_text(REVISION.format(revision=revision), encoding="utf-8", newline="\n")


@pytest.fixture(scope="module")
def file_at_0001(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database at revision 0001. For copying, not for changing."""
    return migrated(tmp_path_factory.mktemp("at 0001"), "0001")


# What the sentence is


def test_behind_ahead_and_not_there(tmp_path: Path, file_at_0001: Path, file_at_head: Path) -> None:
    """An old database, one without revisions, a newer one, and none: each has its own sentence."""
    head, behind = (
        Path(copy(file, tmp_path / f"{number}.db"))
        for number, file in enumerate((file_at_head, file_at_0001))
    )
    ahead, empty = Path(copy(file_at_head, tmp_path / "ahead.db")), tmp_path / "empty.db"
    query(ahead, "UPDATE alembic_version SET version_num = '0003'")
    query(empty, "CREATE TABLE task (id INTEGER PRIMARY KEY)")
    none = tmp_path / "none.db"
    urls = {
        name: database_url(file)
        for name, file in {
            "head": head, "behind": behind, "ahead": ahead, "empty": empty,
            "none": none,
        }.items()
    }  # fmt: skip
    assert answers(urls) == {
        "head": "starts",
        "behind": f"{urls['behind']} is at revision 0001, the app needs 0002: "
        "run `alembic upgrade head`.",
        "ahead": f"{urls['ahead']} is at revision 0003, the app needs 0002: "
        "the database is newer, or of another app: update the app, or look at DATABASE_URL.",
        "empty": f"{urls['empty']} is at revision none, the app needs 0002: "
        "run `alembic upgrade head`.",
        "none": f"There is no database {none}: run `alembic upgrade head`.",
    }
    assert not none.exists()  # an empty file would hide the mistake
    # SQLite's own form of an address:
    by_uri = {name: f"sqlite:///file:{urls[name][10:]}?uri=true" for name in ("head", "none")}
    by_uri["in memory"] = "sqlite://"  # it has no file, and no table
    assert answers(by_uri) == {
        "head": "starts",
        "none": f"There is no database {none}: run `alembic upgrade head`.",
        "in memory": "sqlite:// is at revision none, the app needs 0002: "
        "run `alembic upgrade head`.",
    }
    assert not none.exists()


def test_odd_notes(tmp_path: Path, file_at_head: Path) -> None:
    """Whatever stands in Alembic's table, the service reads it, and says that it does not know it.

    It is no revision of this code, so `alembic upgrade head` would not help.
    """
    notes = {
        "bytes": ("b'0002'", "CAST('0002' AS BLOB)"),
        "not UTF-8": ("b'\\xff'", "x'FF'"),
        "text that is not UTF-8": ("�", "CAST(x'FF' AS TEXT)"),
        "two, of which one is bytes": ("0002 and b'0001'", "'0002'), (CAST('0001' AS BLOB)"),
        "empty": ("", "''"),
    }
    urls, wanted = {}, {}
    for number, (name, (shown, sql)) in enumerate(notes.items()):
        file = Path(copy(file_at_head, tmp_path / f"{number}.db"))
        query(file, "DELETE FROM alembic_version")
        query(file, f"INSERT INTO alembic_version VALUES ({sql})")
        urls[name] = database_url(file)
        wanted[name] = f"{urls[name]} is at revision {shown or 'none'}, the app needs 0002: "
        wanted[name] += "the database is newer, or of another app: update the app, or look at "
        wanted[name] += "DATABASE_URL."
    assert answers(urls) == wanted


def test_a_newer_database_where_the_code_has_two_heads(tmp_path: Path, file_at_head: Path) -> None:
    """To merge them would not help: the code does not know what the database has."""
    project = copy_project(tmp_path / "a project")
    add_revision(project, "0003a")
    add_revision(project, "0003b")
    file = Path(copy(file_at_head, tmp_path / "database.db"))
    query(file, "UPDATE alembic_version SET version_num = '0004'")
    (said,) = answers({"": database_url(file)}, project).values()
    assert said.endswith(": update the app, or look at DATABASE_URL.")


def test_what_can_not_be_used(tmp_path: Path, file_at_head: Path) -> None:
    """No such folder, a folder, a damaged file, one that nobody may write: SQLite's own words."""
    damaged, folder = tmp_path / "damaged.db", tmp_path / "a folder.db"
    damaged.write_text("This was a database before.\n" * 100, encoding="utf-8")
    folder.mkdir()
    gone = tmp_path / "no such folder" / "database.db"
    old = Path(copy(file_at_head, tmp_path / "a file.db"))
    read_only = f"sqlite:///{old.as_uri()}?mode=ro&uri=true"
    urls = {name: database_url(file) for name, file in
            {"damaged": damaged, "folder": folder, "gone": gone}.items()}  # fmt: skip
    urls["read-only"] = read_only
    said = "The database {} can't be used: {}."
    assert answers(urls) == {
        "damaged": said.format(urls["damaged"], "file is not a database"),
        "folder": said.format(urls["folder"], "unable to open database file"),
        "gone": said.format(urls["gone"], "unable to open database file"),
        "read-only": said.format(make_url(read_only), "attempt to write a readonly database"),
    }
    assert not gone.parent.exists()


def test_a_file_that_may_not_be_written(tmp_path: Path, file_at_0001: Path) -> None:
    """The system refuses to write, and the service says so. The administrator may always write."""
    file = Path(copy(file_at_0001, tmp_path / "database.db"))
    file.chmod(0o400)
    if os.access(file, os.W_OK):
        pytest.skip("this user may write every file")
    (said,) = answers({"": database_url(file)}).values()
    file.chmod(0o600)
    assert said.endswith("can't be used: attempt to write a readonly database.")


def test_what_it_does_not_look_at(tmp_path: Path, file_at_head: Path) -> None:
    """As the page says: tables that a stamp has not made, and a file in use that is read-only.

    Then the log says it. `mode=ro` stands for all that keeps the service from writing.
    """
    assert "`alembic check` compares the tables with the models" in PAGE
    stamped, in_use = tmp_path / "stamped.db", Path(copy(file_at_head, tmp_path / "in use.db"))
    alembic("stamp", "head", url=database_url(stamped))
    assert "add_table" in alembic("check", url=database_url(stamped), fails=True)
    query(in_use, "PRAGMA journal_mode = WAL")
    read_only = f"sqlite:///{in_use.as_uri()}?mode=ro&uri=true"
    logs = [tmp_path / "stamped.log", tmp_path / "in use.log"]
    wanted = [("sync", database_url(stamped), logs[0]), ("async", read_only, logs[1])]
    close = {"Connection": "close"}  # as the server closes it after an error
    said = pytest.raises(AssertionError, match="no such table: task")
    with said, serve_all(wanted) as [without_table, without_writing]:
        assert without_table.client.get("/task/", headers=close).status_code == 500
        client = without_writing.client
        assert client.get("/task/").json() == []
        task = {"task_name": "a"}
        assert client.post("/task/", json=task, headers=close).status_code == 500
    assert "attempt to write a readonly database" in logs[1].read_text(encoding="utf-8")


def test_where_the_migrations_are(tmp_path: Path, file_at_head: Path) -> None:
    """alembic.ini says where; a folder that is not there, and no alembic.ini, are told apart."""
    project = copy_project(tmp_path / "a project")
    ini = project / "alembic.ini"
    lost, other = project / "lost.ini", project / "other.ini"
    text = ini.read_text(encoding="utf-8")
    for file, folder in ((lost, "lost"), (other, "migrations")):
        new = text.replace("%(here)s/alembic", f"%(here)s/{folder}")
        file.write_text(new, encoding="utf-8", newline="\n")
    move(project / "alembic", project / "migrations")
    url = database_url(Path(copy(file_at_head, tmp_path / "database.db")))
    cases = {"other": (url, other), "lost": (url, lost), "none": (url, project / "none.ini")}
    assert answers(cases, project) == {
        "other": "starts",
        "lost": f"The migrations that {lost} names are not there.",
        "none": f"The migrations that {project / 'none.ini'} names are not there.",
    }


def test_a_revision_that_is_missing(tmp_path: Path, file_at_head: Path) -> None:
    """Without any, as before the first commit of the folder, or without one: said, and no start."""
    project, empty = copy_project(tmp_path / "a project"), tmp_path / "empty.db"
    query(empty, "CREATE TABLE task (id INTEGER PRIMARY KEY)")
    urls = {"head": database_url(file_at_head), "empty": database_url(empty)}
    said = f"The migrations that {project / 'alembic.ini'} names are not there."
    for pattern in ("0001*.py", "0002*.py"):
        (file,) = (project / "alembic" / "versions").glob(pattern)
        file.unlink()
        assert answers(urls, project) == dict.fromkeys(urls, said)


# What the sentence advises


def test_advice_for_an_old_database_and_for_none(tmp_path: Path, file_at_0001: Path) -> None:
    """Real servers: the sentence is the end of a short log; after its command, both start."""
    files = {"sync": Path(copy(file_at_0001, tmp_path / "old.db")), "async": tmp_path / "none.db"}
    urls = {version: database_url(file) for version, file in files.items()}
    sentences = {
        "sync": f"{urls['sync']} is at revision 0001, the app needs 0002: ",
        "async": f"There is no database {files['async']}: ",
    }
    with ExitStack() as stack:
        processes = {}
        for version, url in urls.items():
            process = start("uvicorn", VERSIONS[version], "--port", "0", url=url)
            stack.enter_context(process)
            stack.callback(process.kill)  # one that hangs must not leave the other running
            processes[version] = process
        for version, process in processes.items():
            status, output, errors = outcome(process)
            assert status != 0
            lines = (output + errors).splitlines()
            assert len(lines) <= LONGEST_LOG
            says = f"RuntimeError: {sentences[version]}run `alembic upgrade head`."
            assert [line for line in lines[-3:] if line] == [
                says,
                "ERROR:    Application startup failed. Exiting.",
            ]
    for url in urls.values():
        alembic("upgrade", "head", url=url)
    with serve_each(files) as servers:
        for server in servers.values():
            assert server.client.get("/task/").json() == []


def test_advice_for_a_newer_database(tmp_path: Path, file_at_head: Path) -> None:
    """`alembic upgrade head` would fail there. The updated app knows the revision, and starts."""
    newer = copy_project(tmp_path / "newer")
    add_revision(newer, "0003")
    url = database_url(Path(copy(file_at_head, tmp_path / "database.db")))
    alembic("upgrade", "head", url=url, cwd=newer)
    (said,) = answers({"": url}).values()
    assert said.endswith(": update the app, or look at DATABASE_URL.")
    assert answers({"": url}, newer) == {"": "starts"}


def test_advice_for_several_heads(tmp_path: Path, file_at_head: Path) -> None:
    """Two people's revisions after 0002: Alembic would not upgrade. The two commands help."""
    project = copy_project(tmp_path / "a project")
    add_revision(project, "0003a")
    add_revision(project, "0003b")
    url = database_url(Path(copy(file_at_head, tmp_path / "database.db")))
    (said,) = answers({"": url}, project).values()
    assert said == (
        f"{url} is at revision 0002, the app needs 0003a and 0003b: "
        "run `alembic merge heads`, then `alembic upgrade head`."
    )
    for command in re.findall("`alembic (.*?)`", said):
        alembic(*command.split(), url=url, cwd=project)
    assert answers({"": url}, project) == {"": "starts"}


# Without DATABASE_URL, and from another folder


@pytest.mark.parametrize("url", [None, ""], ids=["unset", "empty"])
def test_from_another_folder(tmp_path: Path, url: str | None) -> None:
    """Both programs find what belongs to them beside the app, and the database where one stands.

    Without DATABASE_URL that is database.db. An empty DATABASE_URL means the same, in both.
    """
    project, here = copy_project(tmp_path / "a project"), tmp_path / "here, another folder"
    here.mkdir()
    file = here / "database.db"
    alembic("-c", str(project / "alembic.ini"), "upgrade", "head", url=url, cwd=here)
    assert query(file, "SELECT version_num FROM alembic_version") == [("0002",)]
    query(file, "INSERT INTO task (task_name) VALUES ('a')")
    version = "sync" if url is None else "async"
    options = ("--app-dir", str(project))
    with serve(version, url, tmp_path / "server.log", *options, cwd=here) as server:
        assert [task["task_name"] for task in server.client.get("/task/").json()] == ["a"]
    # Windows ends a server at once, and then SQLite's two other files stay beside this one.
    assert {path.name.partition("-")[0] for path in here.iterdir()} == {"database.db"}
    assert not (project / "database.db").exists()
