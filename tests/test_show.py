"""Tests the show functions: tables, schema, diagrams, SQL, diffs and the tree are what is there."""

import asyncio
import re
import shutil
import sqlite3
import sys
from collections import defaultdict
from collections.abc import Callable
from contextlib import closing
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import mermaid
import pytest
from helpers import write
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.orm import registry
from sqlmodel import Field, Session, SQLModel, select

from tutorial import Problem, diagram, diff, edit, frame, schema, show_file, sql_log, table, tree
from tutorial.show import COLOURS, WIDTH, wrapped

TABLES = """
CREATE TABLE note (text);
CREATE TABLE task (
\tid INTEGER NOT NULL,\x20
\ttask_name VARCHAR(100) NOT NULL,\x20
\ttask_description VARCHAR,\x20
\tPRIMARY KEY (id)
);
CREATE INDEX by_name ON task (task_name);
INSERT INTO task VALUES (1, 'one', NULL), (2, 'a|b', '');
"""

Shown = list[dict[str, str]]


@pytest.fixture(autouse=True)
def shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shown:
    """Work in an empty folder, and collect what is displayed."""
    displays: Shown = []
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("IPython.display.display", lambda data, raw: displays.append(data))
    return displays


@pytest.fixture
def database() -> None:
    """Make a database with two tables and two rows."""
    with closing(sqlite3.connect("database.db")) as connection:
        connection.executescript(TABLES)


def last(shown: Shown) -> str:
    """Return the Markdown that was displayed last; a plain text must come with it."""
    assert shown[-1]["text/plain"]
    return shown[-1]["text/markdown"]


class Page(HTMLParser):
    """Reads a page of one `pre`: its style, its text, and the style that each part has."""

    def __init__(self, page: str) -> None:
        """Read the page."""
        super().__init__()
        self.style = ""
        self.parts: list[tuple[str, str]] = []  # a text, and its style
        self.open = [""]
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a style."""
        style = dict(attrs).get("style") or ""
        if tag == "pre":
            self.style = style
        self.open.append(style if tag == "span" else "")

    def handle_endtag(self, tag: str) -> None:
        """Forget it."""
        self.open.pop()

    def handle_data(self, data: str) -> None:
        """Note a text."""
        self.parts.append((data, self.open[-1]))


def page_of(shown: Shown) -> Page:
    """Return what was displayed last as lines of HTML, which say what the plain text says.

    Without such a style, JupyterLab breaks the lines of an output, also within a word.
    """
    page = Page(shown[-1]["text/html"])
    assert "".join(text for text, _ in page.parts) == shown[-1]["text/plain"]
    assert {"white-space: pre", "overflow-x: auto"} <= set(page.style.split("; "))
    assert re.search(r"font-family: .*\bmonospace\b", page.style)
    assert "font-size: var(--jp-code-font-size" in page.style  # as large as code
    return page


@pytest.mark.usefixtures("database")
def test_table_by_name(shown: Shown) -> None:
    """A table's name shows all its rows; NULL is told from an empty text, a pipe is kept."""
    table("task")
    assert last(shown) == (
        "| id | task_name | task_description |\n"
        "| --- | --- | --- |\n"
        "| 1 | one | NULL |\n"
        "| 2 | a\\|b |  |"
    )


@pytest.mark.usefixtures("database")
def test_table_by_select(shown: Shown) -> None:
    """A SELECT shows what it gives, and says so if that is nothing."""
    table("SELECT count(*) AS number FROM task")
    assert last(shown) == "| number |\n| --- |\n| 2 |"
    table("note")
    assert last(shown) == "| text |\n| --- |\n\n(no rows)"


@pytest.mark.usefixtures("database")
def test_what_a_row_holds_is_only_shown(shown: Shown) -> None:
    """Signs of HTML are no HTML, and a text of two lines stays in its row."""
    table("SELECT '<b>a</b> & b' AS signs, 'two' || char(10) || 'lines' AS lines")
    assert last(shown).splitlines()[-1] == "| &lt;b&gt;a&lt;/b&gt; &amp; b | two<br>lines |"


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("nope", "no such table: nope"),
        ("SELECT nope FROM task", "no such column: nope"),
        ("SELECT FROM", "syntax error"),
        ("DELETE FROM task", "`table` only reads"),
    ],
)
def test_wrong_query(query: str, says: str) -> None:
    """A query that SQLite refuses raises Problem with what SQLite says; showing never writes."""
    with pytest.raises(Problem) as caught:
        table(query)
    assert says in caught.value.what


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize(
    ("query", "says"),
    [("nope", "no such table: nope"), ("SELECT nope FROM task", "no such column: nope")],
)
def test_wrong_query_in_a_copy(query: str, says: str) -> None:
    """For a copy, the whole notebook need not run again: the copy may be at another revision."""
    shutil.copy("database.db", "copy.db")
    with pytest.raises(Problem) as caught:
        table(query, "copy.db")
    assert caught.value.what == f"copy.db has not what was asked for: {says}."
    assert "not there at the revision of this file" in caught.value.todo
    assert "first cell" not in caught.value.todo


@pytest.mark.parametrize("show", [lambda: table("task"), schema, diagram])
def test_no_database(show: Callable[[], None]) -> None:
    """Without a database each function says so, and makes none."""
    with pytest.raises(Problem, match=r"There is no database\.db yet"):
        show()
    assert list(Path().iterdir()) == []


def test_no_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody has deleted the project: then it is not the database that is missing."""
    monkeypatch.setattr("tutorial.show.here", lambda: None)
    with pytest.raises(Problem) as caught:
        table("task")
    assert caught.value.key == "folder-gone"


@pytest.mark.usefixtures("database")
def test_schema(shown: Shown) -> None:
    """The schema is SQLite's own statements, tabs and blanks at the end of a line aside."""
    schema()
    assert shown[-1]["text/plain"] == (
        "CREATE INDEX by_name ON task (task_name);\n\nCREATE TABLE note (text);\n\n"
        "CREATE TABLE task (\n    id INTEGER NOT NULL,\n    task_name VARCHAR(100) NOT NULL,\n"
        "    task_description VARCHAR,\n    PRIMARY KEY (id)\n);"
    )
    keywords = [text for text, style in page_of(shown).parts if style]
    assert keywords[:6] == ["CREATE", "INDEX", "ON", "CREATE", "TABLE", "CREATE"]
    assert keywords.count("NOT") == 2
    Path("empty.db").touch()
    schema("empty.db")
    assert shown[-1]["text/plain"] == "-- no tables"


@pytest.mark.usefixtures("database")
def test_diagram(shown: Shown) -> None:
    """The diagram has an entity for each table, with type, key and what may be empty."""
    diagram()
    drawn = last(shown)
    assert drawn.startswith("```mermaid\nerDiagram\n    accTitle: The tables of database.db\n")
    assert "\n    task {\n" in drawn
    assert '        INTEGER id PK "required"\n' in drawn
    assert 'task_name "required"\n' in drawn
    assert '        VARCHAR task_description "may be empty"\n' in drawn
    mermaid.check("\n".join(drawn.splitlines()[1:-1]))


def test_diagram_with_types_of_several_words(shown: Shown) -> None:
    """Mermaid takes no blank and no comma in a type."""
    with closing(sqlite3.connect("database.db")) as connection:
        connection.execute("CREATE TABLE price (cents DECIMAL(10, 2), euros DOUBLE PRECISION)")
    diagram()
    drawn = last(shown)
    assert '        DECIMAL(10_2) cents "may be empty"\n' in drawn
    assert '        DOUBLE_PRECISION euros "may be empty"\n' in drawn
    mermaid.check("\n".join(drawn.splitlines()[1:-1]))


@pytest.mark.usefixtures("database")
def test_diagram_for_who_cannot_see_it(shown: Shown) -> None:
    """Its description says all that the picture shows, read from the live database."""
    diagram()
    (told,) = re.findall("^    accDescr: (.+)$", last(shown), re.MULTILINE)
    assert told == (
        "The table task has id (INTEGER, primary key, required), "
        "task_name (VARCHAR(100), required), task_description (VARCHAR, may be empty). "
        "The table note has text (ANY, may be empty)."
    )
    assert shown[-1]["text/plain"] == f"The tables of database.db: {told}"
    Path("empty.db").touch()
    diagram("empty.db")
    assert shown[-1]["text/plain"] == "The tables of empty.db: There are no tables."
    assert "accTitle: The tables of empty.db\n" in last(shown)
    assert "accDescr: There are no tables.\n" in last(shown)


def test_words_stay_whole() -> None:
    """A path or an option that is broken in two can't be copied."""
    path = "/".join(["a-long-folder"] * 9)
    printed = wrapped(
        f"The file {path} is not there: run `alembic upgrade head --sql` in-the-folder"
    )
    assert {path, "--sql`", "in-the-folder"} <= {*printed.split()}
    assert max(len(line) for line in printed.splitlines() if path not in line) <= WIDTH


def test_frame(shown: Shown) -> None:
    """A page's frame has a title, and where no page is drawn its address is shown."""
    frame("http://127.0.0.1:1/docs", height=300)
    assert shown[-1]["text/plain"] == "the page http://127.0.0.1:1/docs"
    assert 'src="http://127.0.0.1:1/docs"' in shown[-1]["text/html"]
    assert "title=" in shown[-1]["text/html"]
    assert 'target="_blank"' in shown[-1]["text/html"]  # the notebook stays where it is
    assert '<a href="http://127.0.0.1:1/docs"' in shown[-1]["text/html"]  # editors draw no frame
    # After "Run All", the server is stopped before the page is drawn: then it shows an error.
    assert "Nothing, or an error? If the server was stopped, run " in shown[-1]["text/html"]


def test_sql_log(shown: Shown) -> None:
    """The log has every statement of the block in order, from BEGIN to COMMIT or ROLLBACK."""
    engine = create_engine("sqlite:///database.db")
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE task (name)"))
    with sql_log() as lines, engine.connect() as connection:
        connection.execute(text("\nINSERT  INTO task \n\tVALUES (:name)\n"), {"name": "a"})
        connection.commit()
        connection.execute(text("SELECT name FROM task"))
    engine.dispose()
    assert lines == [
        "BEGIN;",
        "INSERT  INTO task\n    VALUES (?);  -- ('a',)",
        "COMMIT;",
        "BEGIN;",
        "SELECT name FROM task;",
        "ROLLBACK;",
    ]
    assert shown[-1]["text/plain"] == "\n".join(lines)
    page_of(shown)


class Own(SQLModel, registry=registry()):
    """Tables that no other test clears."""


class Wide(Own, table=True):
    """A table with names that are as long as people make them."""

    id: int | None = Field(default=None, primary_key=True)
    a_name_that_is_forty_characters_long_____: str = "x"
    a_name_that_is_forty_characters_long_too_: str = "y"


def test_sql_log_of_long_statements(shown: Shown) -> None:
    """A statement keeps the lines that SQLAlchemy gives it, and what they begin with."""
    engine = create_engine("sqlite:///database.db")
    with sql_log(), Session(engine) as session:
        Wide.metadata.create_all(session.connection())
        session.add(Wide())
        session.commit()
        session.exec(select(Wide).where(Wide.id == 1)).all()
    engine.dispose()
    page_of(shown)
    log = shown[-1]["text/plain"]
    assert "\nCREATE TABLE wide (\n    id INTEGER NOT NULL,\n    a_name_that_is_forty" in log
    assert re.search(r"\nSELECT wide.*\nFROM wide *\nWHERE wide.id = \?;  -- \(1,\)\n", log)
    assert not re.search(r"[\t ]$", log, re.MULTILINE)


async def use_async_engine() -> None:
    """Write and read a row through an async engine."""
    engine = create_async_engine("sqlite+aiosqlite:///database.db")
    async with engine.begin() as connection:
        await connection.execute(text("CREATE TABLE task (name)"))
    await engine.dispose()


def test_sql_log_of_an_async_engine(shown: Shown) -> None:
    """An async engine's statements are logged as well."""
    with sql_log() as lines:
        asyncio.run(use_async_engine())
    assert lines == ["BEGIN;", "CREATE TABLE task (name);", "COMMIT;"]


def test_sql_log_ends_with_its_block(shown: Shown) -> None:
    """After the block nothing is logged any more, even if the block raised; what was, is shown."""
    engine = create_engine("sqlite:///database.db")
    with pytest.raises(ZeroDivisionError), sql_log() as lines, engine.connect() as connection:
        connection.execute(text("SELECT 1"))
        _ = 1 / 0
    assert "SELECT 1;" in shown[-1]["text/plain"]
    before = list(lines)
    with engine.connect() as connection:
        connection.execute(text("SELECT 2"))
    engine.dispose()
    assert lines == before
    assert len(shown) == 1
    with sql_log():
        pass
    assert shown[-1]["text/plain"] == "-- nothing was sent"
    before = list(shown)
    with sql_log(show=False):
        pass
    assert shown == before


def test_tree(capsys: pytest.CaptureFixture) -> None:
    """The tree shows the project's files and what they are for, and no other file."""
    tree()
    assert capsys.readouterr().out == ".  (an empty folder)\n"
    for path in ("app/__init__.py", "app/mine.py", "app/__pycache__/x.pyc", "notes.txt"):
        write(path, "")
    write("database.db", "")
    tree()
    assert capsys.readouterr().out == (
        ".\n"
        "├── app               the service\n"
        "│   ├── __init__.py   makes app a package\n"
        "│   └── mine.py\n"
        "└── database.db       the SQLite database\n"
    )
    for path in (Path("app"), Path("database.db")):
        path.rename(f"{path}.old")
    write("alembic/versions/0001.py", "")
    tree()
    assert capsys.readouterr().out == (
        ".\n"
        "└── alembic           the migrations\n"
        "    └── versions      one file a revision\n"
        "        └── 0001.py\n"
    )


def test_diff(shown: Shown) -> None:
    """A diff shows what went and what came, of files or of texts, with an ellipsis for the rest."""
    lines = [f"line {number}\n" for number in range(20)]
    write("app/old.py", "".join(lines))
    changed = "".join(["<new>\n", *lines[1:19], "end\n"])
    diff("app/old.py", changed, context=1)
    assert shown[-1]["text/plain"] == "-line 0\n+<new>\n line 1\n…\n line 18\n-line 19\n+end"
    styles = {text: style for text, style in page_of(shown).parts if style}
    assert list(styles) == ["-line 0", "+<new>", "-line 19", "+end"]
    assert "248, 81, 73" in styles["-line 0"]  # red
    assert "46, 160, 67" in styles["+end"]  # green
    diff(changed, changed)
    assert shown[-1]["text/plain"] == "(no difference)"
    with pytest.raises(Problem, match=r"There is no file app/nope\.py"):
        diff("app/nope.py", changed)


LONG = f"name = 'a text'  # {'a comment that is too long for a window ' * 3}<end>\n"


def test_show_file(shown: Shown) -> None:
    """A file is shown with colours, a long line in one piece, and nothing of it is left out."""
    lines = f"\nimport os\n\n\n{LONG}\n"
    write("app/main.py", lines)
    show_file("app/main.py")
    assert shown[-1]["text/plain"] == lines.strip("\n")
    styles: dict[str, str] = defaultdict(str)
    for text_, style in page_of(shown).parts:
        styles[style] += text_
    del styles[""]
    assert list(styles.values()) == ["import", "'a text'", LONG[LONG.index("#") : -1]]
    assert list(styles) == list(COLOURS.values())
    write("notes", "import os\n")
    show_file(Path("notes"))
    assert page_of(shown).parts == [("import os", "")]
    write("tests.yml", "on: push # each\n")
    show_file("tests.yml")
    assert ("# each", COLOURS["Comment"]) in page_of(shown).parts
    with pytest.raises(Problem, match=r"There is no file app/nope\.py"):
        show_file("app/nope.py")


def test_diff_begins_and_ends_with_a_line(shown: Shown) -> None:
    """Blank lines around a change are not shown, unless they came or went, or are within it."""
    diff("1\n\n\nold\n\nsame\n\n\n2\n", "1\n\n\nnew\n\nsame\n\n\n\n2\n", context=2)
    assert shown[-1]["text/plain"] == "-old\n+new\n \n same\n \n \n+\n 2"
    diff("\n\nold\n\n\n", "\n\nnew\n\n\n")
    assert shown[-1]["text/plain"] == "-old\n+new"
    diff("old\n", "\n")
    assert shown[-1]["text/plain"] == "-old\n+"


def test_diff_of_long_lines(shown: Shown) -> None:
    """A long line is one line in a diff, too, so that each line begins with its sign."""
    diff("a = 1\n", LONG)
    assert [text for text, style in page_of(shown).parts if style] == ["-a = 1", f"+{LONG[:-1]}"]


def test_edit(shown: Shown, capsys: pytest.CaptureFixture) -> None:
    """An edit changes the file and shows the change; doing it again changes nothing more."""
    write("app/main.py", "a = 1\nb = 'ü'\n")
    edit("app/main.py", "a = 1\n", "a = 1\nc = 3\n")
    assert shown[-1]["text/plain"] == " a = 1\n+c = 3\n b = 'ü'"
    after = Path("app/main.py").read_bytes()
    assert after == "a = 1\nc = 3\nb = 'ü'\n".encode()
    edit("app/main.py", "a = 1\n", "a = 1\nc = 3\n")
    assert Path("app/main.py").read_bytes() == after
    assert capsys.readouterr().out == "app/main.py has this edit already.\n"
    edit("app/main.py", "c = 3\nb = 'ü'\n", "c = 3\n")  # the new text is there already, in the old
    assert Path("app/main.py").read_bytes() == b"a = 1\nc = 3\n"


def test_edit_that_is_not_shown(shown: Shown) -> None:
    """A whole file that is made anew is no diff to read."""
    write("app/main.py", "a = 1\n")
    edit("app/main.py", "a = 1\n", "a = 2\n", show=False)
    assert Path("app/main.py").read_text(encoding="utf-8") == "a = 2\n"
    assert shown == []


def test_an_edit_whose_lines_were_parted(capsys: pytest.CaptureFixture) -> None:
    """Between the lines that it added, another edit has put one. Done again, it adds nothing."""
    write("app/main.py", "c = 3\n")
    for old, new in [("c = 3", "a = 1\nb = 2\nc = 3"), ("a = 1\n", "a = 1\nx = 0\n")]:
        edit("app/main.py", old, new)
    edit("app/main.py", "c = 3", "a = 1\nb = 2\nc = 3")
    assert Path("app/main.py").read_text(encoding="utf-8") == "a = 1\nx = 0\nb = 2\nc = 3\n"
    assert capsys.readouterr().out == "app/main.py has this edit already.\n"


def test_edit_that_does_not_fit() -> None:
    """Text that is not in the file, or no file, raises Problem and changes nothing."""
    write("app/main.py", "a = 1\n")
    with pytest.raises(Problem, match="'x = 2' is not in it"):
        edit("app/main.py", "x = 2\n", "x = 3\n")
    with pytest.raises(Problem, match=r"There is no file app/nope\.py"):
        edit("app/nope.py", "a", "b")
    assert Path("app/main.py").read_text(encoding="utf-8") == "a = 1\n"


@pytest.mark.usefixtures("database")
def test_blanks_around_a_name_do_no_harm(shown: Shown) -> None:
    """A message that there is no such table would show the name of one that is there."""
    table(" task ")
    table("task")
    assert shown[0] == shown[1]


@pytest.mark.usefixtures("database")
def test_a_query_that_is_refused_ends_one_sentence() -> None:
    """SQLite ends some of its sentences with a dot."""
    with pytest.raises(Problem) as problem:
        table("SELECT 1; SELECT 2")
    assert ".." not in problem.value.what


class Task:
    """Stands for the learner's class."""


@pytest.mark.parametrize(("query", "got"), [(Task, "Task"), ({"task_name": "x"}, "dict")])
def test_table_wants_a_text(query: Any, got: str) -> None:
    """A class in the place of its table's name is told as such."""
    with pytest.raises(Problem, match=f"in quotes, and got `{got}`") as problem:
        table(query)
    assert problem.value.key == "no-query"


@pytest.mark.parametrize(
    ("url", "key"),
    [
        ("sqlite:///database.db", "no-database"),
        ("sqlite:///größe.db", "another-database"),
        ("sqlite:////database.db", "another-database"),
        ("sqlite://", "another-database"),
        ("postgresql://me:secret@localhost/db", "another-database"),
        (None, "no-database"),
    ],
)
def test_a_database_that_the_app_does_not_use(
    url: str | None, key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If app/db.py names another file, the cells above do not create this one."""
    monkeypatch.chdir(tmp_path)
    module = SimpleNamespace(engine=SimpleNamespace(url=make_url(url))) if url else None
    monkeypatch.setitem(sys.modules, "app.db", module)
    with pytest.raises(Problem) as problem:
        table("task")
    assert problem.value.key == key
    assert "secret" not in str(problem.value)
    with pytest.raises(Problem) as problem:
        table("task", "other.db")
    assert problem.value.key == "no-database"
