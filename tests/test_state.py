"""What a project holds is read alike on every system, also on a network drive of Windows."""

import os
import re
import sqlite3
from contextlib import closing
from pathlib import Path, PurePath, PurePosixPath, PureWindowsPath

import pytest
from helpers import write

from tutorial.files import tree
from tutorial.state import as_uri, opened, project_files


@pytest.mark.parametrize(
    ("path", "uri"),
    [
        (PurePosixPath("/my work/a.db"), "file:///my%20work/a.db"),
        (PureWindowsPath(r"C:\my work\a.db"), "file:///C:/my%20work/a.db"),
        (PureWindowsPath(r"\\server\share\a.db"), "file:////server/share/a.db"),
        (PurePosixPath("/a?b#c%d/é.db"), "file:///a%3Fb%23c%25d/%C3%A9.db"),
    ],
    ids=["posix", "drive", "network", "signs"],
)
def test_the_address_of_a_file(path: PurePath, uri: str) -> None:
    """SQLite takes it: it reads no computer in it."""
    assert as_uri(path) == uri
    # There is no such file here; an address that SQLite does not take is another error.
    with pytest.raises(sqlite3.OperationalError, match="unable to open database file"):
        sqlite3.connect(f"{uri}?mode=ro", uri=True).close()


@pytest.mark.skipif(os.name == "nt", reason="a path that begins so is on a network there")
def test_a_network_drive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A project on one can be read, and written."""
    with closing(sqlite3.connect(tmp_path / "a.db")) as connection:
        connection.execute("CREATE TABLE a (b)")
    # As Python gives it there: the first folder stands in the place of a computer.
    monkeypatch.setattr(Path, "as_posix", lambda path: f"/{path}")
    with opened(tmp_path / "a.db", "rw") as connection:
        assert [row[0] for row in connection.execute("SELECT name FROM sqlite_master")] == ["a"]


def test_the_order_of_the_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    """It is the same where paths ignore the case, as those of Windows do."""
    monkeypatch.chdir(tmp_path)
    names = ["Dockerfile", "alembic.ini", "app/Z.py", "app/a.py", "app/a/b.py", "app-1/c.py"]
    for name in names:
        write(name, "")
    monkeypatch.setattr(PurePath, "__lt__", lambda one, two: str(one).lower() < str(two).lower())
    wanted = ["Dockerfile", "alembic.ini", "app/Z.py", "app/a/b.py", "app/a.py"]
    assert [path.as_posix() for path in project_files(tmp_path)] == wanted
    tree("app-1")
    shown = [re.findall(r"[\w.-]+", line)[0] for line in capsys.readouterr().out.splitlines()]
    of_app = ["app", "Z.py", "a", "b.py", "a.py"]
    assert shown == [".", "Dockerfile", "alembic.ini", *of_app, "app-1", "c.py"]
