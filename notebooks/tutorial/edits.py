"""What `edit` does to a text, and which cell was left out above the one that runs."""

import re
from pathlib import Path

from tutorial import course
from tutorial.ends import stored_ends
from tutorial.errors import Problem
from tutorial.state import DATABASE
from tutorial.workspace import begun

SOURCES = (".py", ".ini", ".mako")  # of these, a cell that names one mostly reads or edits it
LONGEST = 70  # characters of a cell's first line in a hint
running = {"source": ""}  # of the cell that runs, or ran last


def edited(before: str, old: str, new: str) -> str | None:
    """Return a text with `new` for `old`; as it is if that was done, None if it has neither."""
    added = [line for line in new.splitlines() if line.strip() and line not in old]
    # The new text may be a part of the old one, or the old one a part of the new. A later edit may
    # have put something between the lines that this one has added.
    if old in new and added and {*added} <= {*before.splitlines()}:
        done = True
    else:
        done = new in before and (old in new or old not in before) if new else old not in before
    if done:
        return before
    return before.replace(old, new, 1) if old in before else None


def built_on(text: str, path: str, old: str, new: str) -> bool:
    """Whether later cells of the notebook have changed what this edit of a file has put there.

    So it was done, though the text does not show it any more. The later edits are taken back, and
    its own is there again; or, where it only added something, they make of that what is there now.
    """
    later = _edits_after(path, old, new)
    without, grown = text, new
    for before, after in reversed(later):
        if after and edited(without, before, after) == without:
            without = without.replace(after, before, 1)
    if edited(text, old, new) is None:
        return edited(without, old, new) == without
    for before, after in later:
        grown = grown.replace(before, after, 1)
        if grown != new and old in grown and grown not in old and grown in text:
            return True
    return False


def _edits_after(path: str, old: str, new: str) -> list[tuple[str, str]]:
    """Return what cells below an edit replace in the same file, in order, or nothing."""
    try:
        of_cells = course.edit_cells(begun.get("number") or 0)
    except OSError:
        return []
    edits = [one for _, of_cell in of_cells for one in of_cell if one[0] == path]
    places = [place for place, one in enumerate(edits) if one[1:] == (old, new)]
    return [one[1:] for one in edits[places[-1] + 1 :]] if places else []


def left_out() -> str | None:
    """Return how the first cell begins whose edits are missing above the cell that runs, or None.

    It is looked for in the files as they are: a cell that ran and was taken back counts, too. An
    edit that seems to be missing at the end of the step has been changed by a later one. Nothing is
    said if the notebooks or the ends of the steps can't be read.
    """
    number, above = begun.get("number") or 0, _above()
    try:
        goal = stored_ends().files(number) if above else {}
    except (OSError, Problem):
        return None
    for cell, edits in course.edit_cells(number) if above else ():
        for path, old, new in edits if cell.source in above else ():
            if _lacks(_text(path), old, new) and not _lacks(goal.get(path, ""), old, new):
                return course.first_line(cell.source)[:LONGEST]
    return None


def maker_of(path: str) -> str | None:
    """Return how the cell begins, above the one that runs, that makes a file, or None.

    That is the one that writes it, or, of a file such as a copy of the database, the first one that
    names it. What the notebook starts with, none of its cells makes. (A name without a dot may be
    that of a program.)
    """
    above = _above() if "." in path and path != DATABASE else []
    try:
        start = stored_ends().files(course.start_of(begun["number"])) if above else {}
    except (OSError, Problem):
        return None
    named = re.compile(rf"(?<![\w.-]){re.escape(path)}(?![\w.-])")
    for source in above if path not in start else ():
        makes = source.startswith(f"%%writefile {path}\n")
        if makes or (not path.endswith(SOURCES) and named.search(source)):
            return course.first_line(source)[:LONGEST]
    return None


def _above() -> list[str]:
    """Return the code cells above the one that runs, or none if it is none of the notebook's."""
    try:
        cells = course.cells(begun.get("number") or 0)
    except OSError:
        return []
    sources = [cell.source for cell in cells if cell.kind == "code"]
    source = running["source"].strip()
    return sources[: sources.index(source)] if source in sources else []


def _text(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8")
    except (OSError, ValueError):
        return ""


def _lacks(text: str, old: str, new: str) -> bool:
    """Whether an edit could be done in a text, and was not."""
    return edited(text, old, new) not in (None, text)
