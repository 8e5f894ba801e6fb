"""Shows the live database and what is sent to it as tables, diagrams and SQL."""

import html
import re
import sqlite3
import sys
import textwrap
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tutorial.browser import shown_at
from tutorial.errors import Problem
from tutorial.explain import explain, here
from tutorial.state import DATABASE, opened

WIDTH = 72  # of printed lines, in characters: JupyterLab breaks a longer one, also within a word


def _themed(name: str, plain: str, variable: str, without: str) -> str:
    """Return CSS that says a value twice: as it is, then as JupyterLab's theme has it, which wins.

    JupyterLab takes every colour that is a variable out of a notebook that it has not run yet.
    without: what counts where a page has no such theme.
    """
    return f"{name}: {plain}; {name}: var(--jp-{variable}, {without})"


# A long line scrolls. JupyterLab would break it anywhere, also within a word.
LINES = "; ".join([
    "margin: 0; padding-left: 8px; white-space: pre; overflow-x: auto; line-height: 1.3",
    "font-family: monospace; font-size: var(--jp-code-font-size, 13px)",
    # No colour can be read well on a white page and on a dark one: plain colours need their page.
    _themed("color", "#212121", "content-font-color1", "inherit"),
    _themed("background", "#ffffff", "layout-color0", "transparent"),
])  # fmt: skip
COLOURS = {
    "Keyword": _themed("color", "#008000", "mirror-editor-keyword-color", "inherit"),
    "String": _themed("color", "#ba2121", "mirror-editor-string-color", "inherit"),
    "Comment": _themed("color", "#757575", "content-font-color2", "inherit"),
}


def display_as(kind: str, text: str, plain: str = "") -> None:
    """Display "markdown" or "html"; `plain` (by default the text) is for where none is drawn."""
    from IPython.display import display

    display({f"text/{kind}": text, "text/plain": plain or text}, raw=True)


def display_lines(parts: Iterable[tuple[str, str]]) -> None:
    """Display lines that never break, made of texts and the CSS of each."""
    texts = [(text, html.escape(text, quote=False), css) for text, css in parts]
    rows = (f'<span style="{css}">{text}</span>' if css else text for _, text, css in texts)
    page = f'<pre style="{LINES}">{"".join(rows)}</pre>'
    display_as("html", page, "".join(text for text, _, _ in texts))


def wrapped(text: str, indent: str = "") -> str:
    """Return a text whose lines are broken at blanks. indent: stands before each line."""
    wrap = textwrap.TextWrapper(
        WIDTH,
        initial_indent=indent,
        subsequent_indent=f"{indent}  ",
        break_long_words=False,
        break_on_hyphens=False,
    )
    return "\n".join(wrap.fill(line) for line in text.splitlines())


def code(text: str, language: str) -> None:
    """Display a text as code in colours. language: as Pygments calls it; "text" has none."""
    from pygments.lexers import get_lexer_by_name  # IPython brings it

    tokens = get_lexer_by_name(language, ensurenl=False).get_tokens(text)
    kinds = ((part, [one for one in kind if one in COLOURS]) for kind, part in tokens)
    display_lines((part, COLOURS[one[0]] if one else "") for part, one in kinds)


@contextmanager
def _reading(database: str) -> Iterator[sqlite3.Connection]:
    """Open a database of the project to read it. Raises Problem with what SQLite says."""
    if here() is None or not Path(database).exists():
        raise _missing(database)
    try:
        with opened(Path(database)) as connection:
            yield connection
    except sqlite3.Error as error:
        if "readonly" in str(error):
            raise Problem("only-reads") from error
        problem = explain(error) or Problem("query-refused", error=str(error).rstrip("."))
        if problem.key == "table-missing" and database != DATABASE:
            problem = Problem("not-in-this-database", path=database, error=error)
        raise problem from error


def _missing(database: str) -> Problem:
    """Return why a database is not there: the app, if it was imported, may work on another."""
    engine = getattr(sys.modules.get("app.db"), "engine", None)
    url = getattr(engine, "url", None)
    others = url is not None and (url.get_backend_name() != "sqlite" or url.database != DATABASE)
    if here() is not None and others and database == DATABASE:
        return Problem("another-database", path=database, url=url)
    return Problem("no-database" if here() else "folder-gone", path=database)


def table(query: str, database: str = DATABASE) -> None:
    """Show a table of the database, or the rows that a SELECT gives.

    query: a table's name, or a SELECT statement. Raises Problem if the database does not know it.
    """
    if not isinstance(query, str):
        name = getattr(query, "__name__", type(query).__name__)  # of a class: its own
        raise Problem("no-query", kind=f"`{name}`")
    query = query.strip()
    sql = query if " " in query else f'SELECT * FROM "{query}"'
    with _reading(database) as connection:
        cursor = connection.execute(sql)
        names = [column[0] for column in cursor.description]
        rows = [tuple(row) for row in cursor]
    lines = [names, ["---"] * len(names), *([_cell(value) for value in row] for row in rows)]
    markdown = "\n".join("| " + " | ".join(line) + " |" for line in lines)
    display_as("markdown", markdown if rows else f"{markdown}\n\n(no rows)")


def _cell(value: object) -> str:
    """Return a value as the text of a cell, so that Markdown and HTML read nothing into it."""
    text = "NULL" if value is None else html.escape(str(value), quote=False)
    return text.replace("|", "\\|").replace("\n", "<br>")


def schema(database: str = DATABASE) -> None:
    """Show the statements that made the database's tables, as SQLite keeps them."""
    with _reading(database) as connection:
        query = "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name"
        statements = [row[0] for row in connection.execute(query)]
    code("\n\n".join(f"{_trimmed(one)};" for one in statements) or "-- no tables", "sql")


def _trimmed(statement: str) -> str:
    """Return a statement's own lines, with no tabs in them and no blanks at their ends."""
    return "\n".join(line.rstrip() for line in statement.strip().expandtabs(4).splitlines())


def diagram(database: str = DATABASE) -> None:
    """Draw the database's tables as an entity diagram, read from the live database.

    JupyterLab gives its title and its description to a screen reader. Where nothing is drawn, both
    are the text.
    """
    lines, told = [], []
    with _reading(database) as connection:
        query = "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name DESC"
        for (name,) in connection.execute(query).fetchall():
            lines.append(f"    {name} {{")
            columns = []
            for column in connection.execute(f'PRAGMA table_info("{name}")'):
                key = " PK" if column["pk"] else ""
                note = "required" if column["notnull"] else "may be empty"
                # Mermaid takes letters, digits and brackets for a type, and it needs one.
                kind = re.sub(r"[^\w()\[\]-]+", "_", column["type"]) or "ANY"
                lines.append(f'        {kind} {column["name"]}{key} "{note}"')
                columns.append(f"{column['name']} ({kind}{', primary key' * bool(key)}, {note})")
            lines.append("    }")
            told.append(f"The table {name} has {', '.join(columns)}.")
    title, description = f"The tables of {database}", " ".join(told) or "There are no tables."
    head = [f"    accTitle: {title}", f"    accDescr: {description}"]
    picture = "\n".join(["```mermaid", "erDiagram", *head, *lines, "```"])
    display_as("markdown", picture, f"{title}: {description}")


@contextmanager
def sql_log(*, show: bool = True) -> Iterator[list[str]]:
    """Collect the SQL that any engine of this kernel sends inside the block, then show it.

    show: False only gives the list, to count what was sent.
    """
    from sqlalchemy import Engine, event

    lines: list[str] = []

    def statement(*event: Any) -> None:
        text, parameters = event[2:4]
        lines.append(_trimmed(text) + (f";  -- {parameters}" if parameters else ";"))

    listeners: dict[str, Callable[..., None]] = {
        "before_cursor_execute": statement,
        "begin": lambda connection: lines.append("BEGIN;"),
        "commit": lambda connection: lines.append("COMMIT;"),
        "rollback": lambda connection: lines.append("ROLLBACK;"),
    }
    for name, listener in listeners.items():
        event.listen(Engine, name, listener)
    try:
        yield lines
    finally:
        for name, listener in listeners.items():
            event.remove(Engine, name, listener)
        if show:
            code("\n".join(lines) or "-- nothing was sent", "sql")


def frame(url: str, height: int = 500) -> None:
    """Show a page of a server in the notebook. height: in pixels.

    Below it stands what to do if it is not there: the server may be stopped, and other editors
    than JupyterLab leave the frame empty.
    """
    address = shown_at(url)
    page = f'<iframe src="{address}" title="{url}" width="100%" height="{height}"></iframe>'
    link = f'<a href="{address}" target="_blank">{address}</a>'
    todo = f"If the server was stopped, run the notebook again up to this cell. Else open {link}."
    display_as("html", f"{page}<p>Nothing, or an error? {todo}</p>", f"the page {url}")
