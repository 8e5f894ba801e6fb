"""Reads the course from its notebooks: which there are, their part, title, minutes and cells.

Number 0 is the start page. The notebooks that say the same part as notebook 1 are the steps.
"""

import ast
import json
import re
import tomllib
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

NOTEBOOKS = Path(__file__).resolve().parent.parent
OF_TEXTS = ("format", "replace")  # the methods of a text that cells with edits call
ANY_ORDER = "Part two"  # the part whose notebooks are taken in any order, each on a copy


def project() -> dict[str, Any]:
    """Return what pyproject.toml says of the course, for example its version."""
    text = (NOTEBOOKS.parent / "pyproject.toml").read_text(encoding="utf-8")
    return dict(tomllib.loads(text)["project"])


class Cell(NamedTuple):
    """A cell of a notebook: its id, its kind ("code" or "markdown") and its source."""

    id: str
    kind: str
    source: str


@lru_cache
def _paths() -> dict[int, Path]:
    """Return the paths of the course's notebooks, by number.

    Beside them, a learner may keep others: notes, or a copy. A notebook is the course's if it has
    a title with its number, and says its minutes; of two, the one that is named after its title.
    """
    found: dict[int, Path] = {}
    for path in sorted(NOTEBOOKS.glob("[0-9][0-9]_*.ipynb")):
        number = int(path.name[:2])
        told = re.match(r"# (?:(\d+)\. )?(.+)", _head(_read(path)))
        if told and int(told[1] or 0) == number:
            named = re.sub(r"\W+", "_", told[2].strip().lower())
            if number not in found or path.stem[3:] == named:
                found[number] = path
    return found


def _read(path: Path) -> tuple[Cell, ...]:
    """Return the cells of a file, or none if it is no notebook. Some tools save no ids."""
    try:
        listed = json.loads(path.read_text(encoding="utf-8"))["cells"]
        return tuple(
            Cell(one.get("id", ""), one["cell_type"], "".join(one["source"])) for one in listed
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return ()


def _head(of_notebook: tuple[Cell, ...]) -> str:
    """Return the cell with the title and the minutes, or "": a learner may write above it."""
    heads = (cell.source for cell in of_notebook if "**Time.**" in cell.source)
    return next((head for head in heads if head.startswith("# ")), "")


def numbers() -> list[int]:
    """Return the numbers of all notebooks after the start page, in order."""
    return [number for number in _paths() if number]


def gone() -> list[int]:
    """Return the numbers of the notebooks that are not where they should be, or can't be read."""
    return sorted(set(range(1, numbers()[-1] + 1)).difference(numbers()))


def steps() -> list[int]:
    """Return the numbers of the steps: the notebooks of the first part."""
    return [number for number in numbers() if part(number) == part(numbers()[0])]


def in_order() -> list[int]:
    """Return the notebooks that one takes one after the other, from the start page on."""
    return [0, *(number for number in numbers() if part(number) != ANY_ORDER)]


def is_chapter(number: int) -> bool:
    """Whether a notebook works on a copy of its own of the finished service."""
    return number > in_order()[-1]  # a step that is gone is none


def start_of(number: int) -> int:
    """Return the notebook where this one starts: the one before it, or the finished service."""
    return in_order()[-1] if is_chapter(number) else number - 1


def notebook_path(number: int) -> Path:
    """Return the path of a notebook. Raises FileNotFoundError if the file is not there."""
    if number not in _paths():
        raise FileNotFoundError(f"there is no notebook {number} in {NOTEBOOKS}")
    return _paths()[number]


@lru_cache
def cells(number: int) -> tuple[Cell, ...]:
    """Return the cells of a notebook, in order."""
    return _read(notebook_path(number))


def edits(number: int, path: str) -> dict[str, list[tuple[str, str]]]:
    """Return what the cells of a notebook replace in a file by `edit`: first line, old and new."""
    found: dict[str, list[tuple[str, str]]] = {}
    for cell, of_cell in edit_cells(number):
        for edited, old, new in of_cell:
            if edited == path:
                found.setdefault(first_line(cell.source), []).append((old, new))
    return found


def first_line(source: str) -> str:
    """Return the first line of a cell, by which a hint names it."""
    return source.splitlines()[0]


@lru_cache
def edit_cells(number: int) -> tuple[tuple[Cell, list[tuple[str, str, str]]], ...]:
    """Return the cells of a notebook that edit files, each with its edits: path, old and new.

    Only statements are run that set texts and edit: nothing is written.
    """
    found: list[tuple[Cell, list[tuple[str, str, str]]]] = []

    def note(path: str, old: str, new: str, **_: bool) -> None:
        found[-1][1].append((path, old, new))

    names: dict[str, Any] = {"edit": note, "__builtins__": {}}
    for cell in cells(number):
        if cell.kind == "code" and re.search(r"^ *edit\(", cell.source, re.MULTILINE):
            found.append((cell, []))
            for statement in ast.parse(cell.source).body:
                if _only_edits(statement):
                    with suppress(NameError):  # of another cell, or set by what is not run here
                        exec(compile(ast.Module([statement], []), "", "exec"), names)
    return tuple(found)


def _only_edits(statement: ast.stmt) -> bool:
    calls = [one.func for one in ast.walk(statement) if isinstance(one, ast.Call)]
    return isinstance(statement, ast.Assign | ast.For | ast.Expr) and all(
        one.id == "edit" if isinstance(one, ast.Name) else getattr(one, "attr", "") in OF_TEXTS
        for one in calls
    )


def title(number: int) -> str:
    """Return a notebook's title, for example "Write the models"."""
    heading = _head(cells(number)).splitlines()[0]
    return re.sub(r"^#\s*(\d+[.:]?\s*)?", "", heading).strip()


def what_you_do(number: int) -> str:
    """Return what one does in a notebook, as its first cell says it but without links, or ""."""
    return re.sub(r"\[([^\]]+)\]\([^)]+\)", r"\1", _told(number, "What you'll do"))


def minutes(number: int) -> int:
    """Return how many minutes a notebook takes, as its first cell says."""
    found = re.match(r"\d+", _told(number, "Time"))
    return int(found[0]) if found else 0


@lru_cache
def part(number: int) -> str:
    """Return the part of the course that a notebook belongs to, or "" for the start page."""
    return _told(number, "Part")


def _told(number: int, heading: str) -> str:
    """Return what stands after a bold word in a notebook's first cell, or ""."""
    found = re.search(rf"\*\*{heading}\.\*\* (.+)", _head(cells(number)))
    return found[1].strip() if found else ""


def place(number: int) -> str:
    """Return where in the course a notebook is, for example "Step 5 of 10"."""
    return f"Step {number} of {steps()[-1]}" if number in steps() else part(number)


def link(number: int) -> str:
    """Return a link to a notebook, as seen from the other notebooks."""
    name = f"{number}. {title(number)}" if number else title(number)
    return f"[{name}]({notebook_path(number).name})"
