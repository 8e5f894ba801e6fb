"""Reads the course from its notebooks: the ten steps, their titles, and the cells that build.

The number 0 is the start page, and 11 the notebook after the steps: both have a title and minutes
like a step, but they are none.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

NOTEBOOKS = Path(__file__).resolve().parent.parent
STEPS = 10
BEYOND = 11  # the notebook after the ten steps, which changes nothing in the project


@dataclass(frozen=True)
class Cell:
    """A cell of a notebook: its id, its kind ("code" or "markdown"), its source and its tags."""

    id: str
    kind: str
    source: str
    tags: tuple[str, ...]


@lru_cache
def notebook_path(step: int) -> Path:
    """Return the path of a step's notebook. Raises FileNotFoundError if the file is not there."""
    for path in sorted(NOTEBOOKS.glob(f"{step:02d}_*.ipynb")):
        return path
    raise FileNotFoundError(f"there is no notebook for step {step} in {NOTEBOOKS}")


@lru_cache
def cells(step: int) -> tuple[Cell, ...]:
    """Return the cells of a step's notebook, in order."""
    notebook = json.loads(notebook_path(step).read_text(encoding="utf-8"))
    return tuple(
        Cell(
            id=cell["id"],
            kind=cell["cell_type"],
            source="".join(cell["source"]),
            tags=tuple(cell["metadata"].get("tags", ())),
        )
        for cell in notebook["cells"]
    )


def place(step: int) -> str:
    """Return where in the course a step is, for example "Step 5 of 10"."""
    return f"Step {step} of {STEPS}" if step <= STEPS else "Beyond the ten steps"


def title(step: int) -> str:
    """Return a step's title, for example "Write the models"."""
    heading = cells(step)[0].source.splitlines()[0]
    return re.sub(r"^#\s*(\d+[.:]?\s*)?", "", heading).strip()


def what_you_do(step: int) -> str:
    """Return the sentence in which a step's first cell says what one does in it, or "".

    Its links to the glossary are left out: a map has links of its own.
    """
    found = re.search(r"\*\*What you'll do\.\*\* (.+)", cells(step)[0].source)
    return re.sub(r"\[([^\]]+)\]\([^)]+\)", r"\1", found.group(1)).strip() if found else ""


def minutes(step: int) -> int:
    """Return how many minutes a step takes, as its first cell says."""
    found = re.search(r"(\d+) minutes", cells(step)[0].source)
    return int(found.group(1)) if found else 0


def build_cells(step: int) -> list[Cell]:
    """Return the cells that change the project, and the one that begins the step."""
    return [cell for cell in cells(step) if "build" in cell.tags]


def written_file(step: int, path: str) -> str | None:
    """Return the text that a step (or the last step before it) gives a file with %%writefile."""
    for number in range(step, 0, -1):
        for cell in reversed(build_cells(number)):
            first, _, body = cell.source.partition("\n")
            if first.split() == ["%%writefile", path]:
                return body if body.endswith("\n") else body + "\n"
    return None
