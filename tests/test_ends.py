"""The stored ends are what the notebooks leave, what is shipped, and whole.

conftest.py compares the end of each notebook with a run of it by nbval.
"""

import json
import os
import sys
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import pytest
from nbformat.v4 import new_code_cell
from service import migrated, query
from store_outputs import Recorder

import conftest
from tutorial import Problem, begin, course, ends, file_after, finish
from tutorial.case import CASE
from tutorial.state import DATABASE, State, read_state

ROOT = Path(__file__).resolve().parent.parent
NUMBERS = course.numbers()
LAST = course.in_order()[-1]  # what ships
SHIPPED = ("app/", "alembic/", "alembic.ini")


@pytest.fixture
def stored() -> ends.Ends:
    """Return the stored ends."""
    return ends.stored_ends()


def test_the_notebooks_write_what_is_shipped(stored: ends.Ends) -> None:
    """app/, alembic/ and alembic.ini are what the last step leaves, byte for byte."""
    files = read_state(ROOT).files  # with line ends as on Linux
    shipped = {path: text for path, text in files.items() if path.startswith(SHIPPED)}
    if sys.platform != "win32":  # there, git may write others
        assert [path for path in shipped if b"\r" in (ROOT / path).read_bytes()] == []
    assert stored.files(LAST) == shipped


def test_the_database_equals_a_fresh_upgrade(stored: ends.Ends, tmp_path: Path) -> None:
    """The learner's database has the schema of `alembic upgrade head` on an empty file."""
    migrated(tmp_path, "head")
    fresh, last = read_state(tmp_path), stored.state(LAST)
    assert (fresh.schema, fresh.revision) == (last.schema, last.revision)


@pytest.mark.parametrize("number", NUMBERS)
def test_an_end_is_put_as_it_is_stored(number: int, stored: ends.Ends, tmp_path: Path) -> None:
    """Files and database come out as they went in, and no two ends are taken for each other."""
    stored.put(number, tmp_path)
    assert not list(tmp_path.glob("database.db-*"))  # no connection was left open
    assert read_state(tmp_path) == stored.state(number)
    first = stored.number_of(read_state(tmp_path))
    assert first is not None
    assert stored.state(first) == stored.state(number)


def test_a_database_keeps_its_journal(stored: ends.Ends, tmp_path: Path) -> None:
    """It is put with the journal mode that the notebook's has: byte 18 says 2 for WAL."""
    number = next(one for one in NUMBERS if stored.text(one, DATABASE))
    mode = (stored.text(number, DATABASE) or "").partition(";")[0].rpartition(" ")[2]
    stored.put(number, tmp_path)
    assert (tmp_path / DATABASE).read_bytes()[18] == (2 if mode == "wal" else 1)


def test_each_text_stands_there_once(stored: ends.Ends) -> None:
    """A notebook that does not change a file has no text of its own for it."""
    for path, texts in stored.texts.items():
        assert list(texts) == sorted(texts), path
        assert all(one != other for one, other in pairwise(texts.values())), path


def test_nothing_is_stored_for_the_start() -> None:
    """Before the first notebook, there is no project."""
    assert ends.stored_ends().state(0) == State()
    assert ends.stored_ends().number_of(State()) == 0


def test_what_is_known(stored: ends.Ends) -> None:
    """A text of the course is known, also one on the way; any other is nearest to one of them."""
    first, last = (
        text for text in (file_after(2, "app/models.py"), file_after(8, "app/models.py"))
    )
    assert stored.knows("app/models.py", first)
    assert not stored.knows("app/main.py", first)
    assert not stored.knows("app/models.py", first + "\n")
    assert stored.nearest("app/models.py", first + "x = 1\n") == first
    assert stored.nearest("app/models.py", last + "x = 1\n") == last
    assert stored.nearest("app/mine.py", "x = 1\n") == ""
    for path, digests in stored.passed.items():
        known = {ends.digest(text) for text in stored.texts.get(path, {}).values() if text}
        assert not known & digests


def test_file_after() -> None:
    """A file's text at the end of a step, whichever step has written it; else a sentence."""
    assert file_after(5, "app/db.py") == file_after(3, "app/db.py")
    assert file_after(6, "app/db.py") != file_after(5, "app/db.py")
    with pytest.raises(Problem, match=r"There is no file app/main\.py"):
        file_after(3, "app/main.py")


# What compares the ends with a run, and what writes them

OTHER_ENDS = {
    "a text": lambda folder: (folder / "app" / "db.py").write_text("x = 1\n", encoding="utf-8"),
    "a row": lambda folder: query(folder / DATABASE, "DELETE FROM task WHERE id = 1"),
    "a file more": lambda folder: (folder / "try_out.db").touch(),
    "nothing": lambda folder: folder.rename(folder.with_name("another notebook's")),
}


@pytest.mark.parametrize("change", OTHER_ENDS.values(), ids=OTHER_ENDS)
def test_a_run_is_compared(
    change: Callable[[Path], object], stored: ends.Ends, tmp_path: Path
) -> None:
    """After the last cell of a notebook, conftest.py looks into that notebook's own workspace."""
    stash = {conftest.TEMPORARY: SimpleNamespace(name=str(tmp_path))}
    item = SimpleNamespace(
        path=course.notebook_path(3),
        cell=new_code_cell(id="finish"),
        config=SimpleNamespace(stash=stash),
    )
    folder = tmp_path / "03"
    stored.put(3, folder)
    (folder / CASE).touch()  # the learner's own
    conftest.pytest_runtest_teardown(item)
    change(folder)
    with pytest.raises(AssertionError):
        conftest.pytest_runtest_teardown(item)
    item.cell = new_code_cell(id="rows")  # on the way, the project is another one
    conftest.pytest_runtest_teardown(item)


def test_settings_from_outside_do_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run of the tests works neither in the learner's workspace nor on somebody's database."""
    for name in ("TUTORIAL_WORKSPACE", "DATABASE_URL"):
        monkeypatch.setenv(name, "outside")
    config = SimpleNamespace(stash={})
    conftest.pytest_configure(config)
    try:
        assert os.environ["TUTORIAL_WORKSPACE"] == config.stash[conftest.TEMPORARY].name
        assert "DATABASE_URL" not in os.environ
    finally:
        conftest.pytest_unconfigure(config)


def test_a_run_is_recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a notebook leaves is stored, what it writes on the way is known, others stay."""
    monkeypatch.setattr(ends, "STORED", tmp_path / "ends.json")
    file = tmp_path / "app" / "some.py"
    file.parent.mkdir()

    def record(number: int, *texts: str) -> ends.Ends:
        recorder = Recorder(number, tmp_path)
        for text in texts:
            file.write_text(text, encoding="utf-8", newline="\n")
            recorder.after(new_code_cell(), 0)
        recorder.before(new_code_cell(id="finish"), 0)
        return ends.stored_ends()

    path = "app/some.py"
    record(1, "first\n", "second\n")
    record(2, "third\n")
    file.unlink()
    stored = record(3)
    assert [stored.text(number, path) for number in (1, 2, 3)] == ["second\n", "third\n", None]
    assert stored.knows(path, "first\n")
    stored = record(1, "another\n")
    assert [stored.text(number, path) for number in (1, 2, 3)] == ["another\n", "third\n", None]
    assert not stored.knows(path, "first\n")
    stored = record(2)  # it does not change the file any more
    assert stored.texts[path] == {1: "another\n", 3: None}
    assert not stored.knows(path, "third\n")
    chapters = [one for one in NUMBERS if course.is_chapter(one)][:2]  # neither starts at another
    stored = record(chapters[0], "of a chapter\n")
    assert stored.text(chapters[1], path) is None
    stored = record(chapters[1], "of a chapter\n")
    assert [stored.text(chapter, path) for chapter in chapters] == ["of a chapter\n"] * 2


def test_a_journal_is_recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the rows; else `begin` would give a database that readers and a writer can't share."""
    monkeypatch.setattr(ends, "STORED", tmp_path / "ends.json")
    query(tmp_path / DATABASE, "CREATE TABLE task (id INTEGER PRIMARY KEY)")
    for mode in ("delete", "wal"):
        query(tmp_path / DATABASE, f"PRAGMA journal_mode = {mode}")
        query(tmp_path / DATABASE, "INSERT INTO task DEFAULT VALUES")
        Recorder(1, tmp_path).write()
        sql = ends.stored_ends().text(1, DATABASE) or ""
        assert sql.startswith(f"PRAGMA journal_mode = {mode};\n")
    assert ends.stored_ends().state(1).rows == [{"id": 1}, {"id": 2}]


DAMAGED = {
    "gone": None,
    "empty": "",
    "cut": '{"version": ',
    "a list": "[]",
    "nothing in it": "{}",
    "a conflict of git": "<<<<<<< HEAD\n",
}


def damage_in_the_middle(text: str) -> str:
    """Change one letter of a stored text."""
    return text.replace("just added task", "just added tusk", 1)


@pytest.fixture
def copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let the course read its ends from a copy, and give a workspace with work of one's own."""
    file = tmp_path / "ends.json"
    file.write_bytes(ends.STORED.read_bytes())
    monkeypatch.setattr(ends, "STORED", file)
    workspace = tmp_path / "workspace"
    (workspace / "app").mkdir(parents=True)
    (workspace / "app" / "models.py").write_text("mine = 1\n", encoding="utf-8")
    monkeypatch.setenv("TUTORIAL_WORKSPACE", str(workspace))
    monkeypatch.chdir(tmp_path)
    return file


def refuses(key: str, workspace: Path) -> Problem:
    """Return the sentence of begin and finish, which leave the learner's files alone."""
    for call in (lambda: begin(4), lambda: finish(4), lambda: file_after(4, "app/main.py")):
        with pytest.raises(Problem) as caught:
            call()
        assert caught.value.key == key
    assert (workspace / "app" / "models.py").read_text(encoding="utf-8") == "mine = 1\n"
    assert {path.name for path in workspace.iterdir()} <= {"app", ".course"}
    return caught.value


@pytest.mark.parametrize(
    "text", [*DAMAGED.values(), damage_in_the_middle], ids=[*DAMAGED, "a letter"]
)
def test_a_damaged_file(text: object, copied: Path) -> None:
    """It is said in one sentence, and nothing of the learner's is touched."""
    if text is None:
        copied.unlink()
    elif callable(text):
        whole = copied.read_text(encoding="utf-8")
        copied.write_text(text(whole), encoding="utf-8", newline="\n")
        assert copied.read_text(encoding="utf-8") != whole
    else:
        copied.write_text(str(text), encoding="utf-8", newline="\n")
    refuses("ends-damaged", copied.parent / "workspace")


def test_the_file_of_another_version(copied: Path) -> None:
    """Both versions are named, also if the other one had another form."""
    for other in (json.loads(copied.read_text(encoding="utf-8")), {}):
        copied.write_text(json.dumps(other | {"version": "0.9"}), encoding="utf-8", newline="\n")
        problem = refuses("ends-of-another-version", copied.parent / "workspace")
        assert "0.9" in problem.what
        assert ends.version() in problem.what


def test_a_file_with_other_line_ends(copied: Path) -> None:
    """A git that writes CRLF does no harm."""
    before = ends.stored_ends()
    copied.write_text(copied.read_text(encoding="utf-8"), encoding="utf-8", newline="\r\n")
    after = ends.stored_ends()
    assert after is not before
    assert after.texts == before.texts
