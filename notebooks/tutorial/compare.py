"""Compares a learner's project with what the course writes: what is missing, and what is more."""

import ast
import difflib
import re
from collections.abc import Iterable, Iterator

from tutorial import course
from tutorial.ends import stored_ends
from tutorial.state import Row, State

SIGNS = "`+` is what you had, `-` is what the course has."
MOST_LINES = 12  # of a short difference
IMPORTS = (ast.Import, ast.ImportFrom)


def short_diff(theirs: str, own: str) -> list[str]:
    """Return the lines that differ: with - those of the course, with + the learner's own."""
    changed = difflib.unified_diff(theirs.splitlines(), own.splitlines(), lineterm="", n=0)
    lines = [line for line in list(changed)[2:] if not line.startswith("@@")]
    more = len(lines) - MOST_LINES
    return [*lines[:MOST_LINES], *([f"… and {more} lines more"] if more > 0 else [])]


def own_work(state: State) -> Iterator[str]:
    """Give a few lines on what in a project is the learner's own, file by file."""
    ends = stored_ends()
    own = {path: text for path, text in state.files.items() if not ends.knows(path, text)}
    if own:
        yield SIGNS
    for path, text in own.items():
        yield f"{path}:"
        yield from (f"  {line}" for line in short_diff(ends.nearest(path, text), text))
    known = [ends.state(number) for number in course.numbers()]
    statements = {item for one in known for item in one.schema.items()}
    if tables := [name for name, sql in state.schema.items() if (name, sql) not in statements]:
        yield f"database.db: {', '.join(tables)}"
    if rows := sum(all(row not in one.rows for one in known) for row in state.rows):
        yield f"database.db: {rows} row{'s' * (rows > 1)} that you added or changed"


def has_all_of(path: str, own: str, theirs: str) -> bool:
    """Whether a learner's file does all that the course's does, and perhaps more.

    Of a Python file, the definitions and statements count, not how they are written down; of
    another file, the lines.
    """
    if not path.endswith(".py"):
        rest = iter(own.splitlines())
        return all(line in rest for line in theirs.splitlines() if line.strip())
    try:
        return _has_all(ast.parse(own).body, ast.parse(theirs).body)
    except (SyntaxError, ValueError):
        return False


def left_of(path: str, old: str, own: str, theirs: str) -> bool:
    """Whether a learner's file still has something of an old text that the course's has no more."""
    if not path.endswith(".py"):
        of_old, of_own, of_theirs = ({*text.splitlines()} for text in (old, own, theirs))
        return any(line.strip() for line in of_own & of_old - of_theirs)
    try:
        return bool((_steps(old) - _steps(theirs)) & _steps(own))
    except (SyntaxError, ValueError):
        return False


def _steps(text: str) -> set[tuple[str, ...]]:
    """Return the statements of a file, each with the names of the blocks around it."""

    def walk(body: Iterable[ast.stmt], around: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
        for one in body:
            if isinstance(one, ast.Expr) and isinstance(one.value, ast.Constant):
                continue  # a docstring
            if isinstance(one, IMPORTS):
                yield from ((*around, _head(one), ast.dump(name)) for name in one.names)
            else:
                yield (*around, _head(one))
            name = getattr(one, "name", "") or _head(one)
            yield from walk(getattr(one, "body", ()), (*around, name))

    return {*walk(ast.parse(text).body, ())}


def _has_all(own: Iterable[ast.stmt], wanted: Iterable[ast.stmt]) -> bool:
    """Whether the statements of a block are there, in this order, and none more that ends it."""
    rest = iter(own)
    for statement in wanted:
        if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
            continue  # a docstring
        for one in rest:
            if _has(one, statement):
                break
            if isinstance(one, ast.Return | ast.Raise | ast.Break | ast.Continue):
                return False  # what follows would never run
        else:
            return False
    return True


def _has(own: ast.stmt, wanted: ast.stmt) -> bool:
    """Whether a statement is the wanted one, or the wanted one with more in it."""
    if _head(own) != _head(wanted):
        return False
    if isinstance(wanted, IMPORTS):
        return {*map(ast.dump, wanted.names)} <= {*map(ast.dump, getattr(own, "names", ()))}
    return _has_all(getattr(own, "body", ()), getattr(wanted, "body", ()))


def _head(statement: ast.stmt) -> str:
    """Return a statement without the block below it, and an import without its names."""
    inner = "names" if isinstance(statement, IMPORTS) else "body"
    fields = {name: value for name, value in ast.iter_fields(statement) if name != inner}
    return ast.dump(type(statement)(**fields))


def has_tables(own: State, wanted: State) -> bool:
    """Whether each table is there with all its columns and rules, and perhaps with more."""
    return all(
        name in own.schema and set(_parts(sql)) <= set(_parts(own.schema[name]))
        for name, sql in wanted.schema.items()
    )


def _parts(sql: str) -> list[str]:
    """Return the columns and rules of a CREATE TABLE, or another statement as it is."""
    found = re.fullmatch(r"CREATE TABLE [^(]+\((.*)\)", " ".join(sql.split()))
    # Not at a comma between brackets: DECIMAL(10, 2) is one part.
    return [one.strip() for one in re.split(r",(?![^(]*\))", found[1])] if found else [sql]


def has_revision(own: State, wanted: State) -> bool:
    """Whether the database is at a revision, or at one of the learner's own that follows it."""
    before: dict[str, str] = {}
    for path, text in own.files.items():
        if path.startswith("alembic/versions/"):
            names = dict(re.findall(r"^(\w+)[^=\n]*= *['\"](\w+)['\"]", text, re.MULTILINE))
            before[names.get("revision", "")] = names.get("down_revision", "")
    revision = own.revision
    while revision != wanted.revision and revision in before:
        revision = before.pop(revision)  # so that a circle comes to an end
    return revision == wanted.revision


def missing_rows(rows: list[Row], state: State) -> list[Row]:
    """Return those of `rows` that are not there.

    A row may have columns more, or less: these are the table's matter. A cell that ran twice gave
    its rows other ids.
    """

    def is_there(row: Row) -> bool:
        names = row.keys() - {"id"}
        return any(all(row[one] == own[one] for one in names & own.keys()) for own in state.rows)

    return [row for row in rows if not is_there(row)]
