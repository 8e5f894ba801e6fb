"""Shows the live database and what is sent to it as tables, diagrams and SQL."""

import html
import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tutorial.errors import Problem
from tutorial.explain import explain, here
from tutorial.state import DATABASE, opened


def display_as(kind: str, text: str, plain: str = "") -> None:
    """Display "markdown" or "html"; `plain` (by default the text) is for where none is drawn."""
    from IPython.display import display

    display({f"text/{kind}": text, "text/plain": plain or text}, raw=True)


@contextmanager
def _reading(database: str) -> Iterator[sqlite3.Connection]:
    """Open a database of the project to read it. Raises Problem with what SQLite says."""
    if here() is None or not Path(database).exists():
        raise Problem("no-database" if here() else "folder-gone", path=database)
    try:
        with opened(Path(database)) as connection:
            yield connection
    except sqlite3.Error as error:
        if "readonly" in str(error):
            raise Problem("only-reads") from error
        raise explain(error) or Problem("query-refused", error=error) from error


def table(query: str, database: str = DATABASE) -> None:
    """Show a table of the database, or the rows that a SELECT gives.

    query: a table's name, or a SELECT statement. Raises Problem if the database does not know it.
    """
    sql = query if " " in query.strip() else f'SELECT * FROM "{query}"'
    with _reading(database) as connection:
        cursor = connection.execute(sql)
        names = [column[0] for column in cursor.description]
        rows = [tuple(row) for row in cursor]
    lines = [names, ["---"] * len(names), *([_cell(value) for value in row] for row in rows)]
    markdown = "\n".join("| " + " | ".join(line) + " |" for line in lines)
    if not rows:
        markdown += "\n\n(no rows)"
    display_as("markdown", markdown)


def _cell(value: object) -> str:
    """Return a value as the text of a cell, so that Markdown and HTML read nothing into it."""
    text = "NULL" if value is None else html.escape(str(value), quote=False)
    return text.replace("|", "\\|").replace("\n", "<br>")


def schema(database: str = DATABASE) -> None:
    """Show the statements that made the database's tables, as SQLite keeps them."""
    with _reading(database) as connection:
        query = "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name"
        statements = [row[0] for row in connection.execute(query)]
    text = "\n\n".join(f"{one.strip()};" for one in statements) or "-- no tables"
    text = "\n".join(line.rstrip() for line in text.replace("\t", "    ").splitlines())
    display_as("markdown", f"```sql\n{text}\n```")


def diagram(database: str = DATABASE) -> None:
    """Draw the database's tables as an entity diagram, read from the live database."""
    lines = ["erDiagram"]
    with _reading(database) as connection:
        query = "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name DESC"
        for (name,) in connection.execute(query).fetchall():
            lines.append(f"    {name} {{")
            for column in connection.execute(f'PRAGMA table_info("{name}")'):
                key = " PK" if column["pk"] else ""
                note = "required" if column["notnull"] else "may be empty"
                # Mermaid takes letters, digits and brackets for a type, and it needs one.
                kind = re.sub(r"[^\w()\[\]-]+", "_", column["type"]) or "ANY"
                lines.append(f'        {kind} {column["name"]}{key} "{note}"')
            lines.append("    }")
    display_as("markdown", "```mermaid\n" + "\n".join(lines) + "\n```")


@contextmanager
def sql_log() -> Iterator[list[str]]:
    """Collect the SQL that any engine of this kernel sends inside the block, then show it."""
    from sqlalchemy import Engine, event

    lines: list[str] = []

    def statement(*event: Any) -> None:
        text, parameters = event[2:4]
        line = re.sub(r"\s+", " ", text).strip() + ";"
        lines.append(f"{line}  -- {parameters}" if parameters else line)

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
        text = "\n".join(lines) or "-- nothing was sent"
        display_as("markdown", f"```sql\n{text}\n```")


def frame(url: str, height: int = 500) -> None:
    """Show a web page inside the notebook. height: in pixels."""
    html = f'<iframe src="{url}" title="{url}" width="100%" height="{height}"></iframe>'
    display_as("html", html, f"the page {url}")
