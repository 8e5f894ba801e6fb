"""Remembers which steps are finished, in one small file of the workspace.

The file lies beside the project, not in it: `begin` moves it into no backup.
"""

import json
from contextlib import suppress
from pathlib import Path

from tutorial import course
from tutorial.workspace import MEMORY, rename

FILE = f"{MEMORY}/progress.json"


def record(step: int, folder: Path) -> None:
    """Note in the workspace `folder` that `step` is finished.

    Raises nothing if the note can't be written, as in a read-only folder or on a full disk: then
    it stays as it was.
    """
    text = json.dumps({"finished": sorted(finished(folder) | {step})}) + "\n"
    new = folder / f"{FILE}.new"
    try:
        # Written beside the old note first: a full disk must not leave half a note.
        new.parent.mkdir(exist_ok=True)
        new.write_text(text, encoding="utf-8", newline="\n")
        rename(new, folder / FILE)
    except OSError:
        with suppress(OSError):
            new.unlink(missing_ok=True)


def finished(folder: Path) -> set[int]:
    """Return the steps that were finished in the workspace `folder`.

    A note that is broken, or not one of this course, counts as nothing finished.
    """
    try:
        steps = json.loads((folder / FILE).read_text(encoding="utf-8"))["finished"]
        # `type`, because True is an int too.
        known = all(type(step) is int and step in course.numbers() for step in steps)
    except (OSError, ValueError, RecursionError, TypeError, KeyError):
        return set()
    return set(steps) if known else set()


def next_step(done: set[int]) -> int | None:
    """Return the first notebook that is not in `done`, or None if all are."""
    return next((number for number in course.numbers() if number not in done), None)
