"""The links between the notebooks, and the README's table of them.

tests/store_outputs.py writes them, tests/test_notebooks.py checks them.
"""

import re
from pathlib import Path

import nbformat

from tutorial import course

README = course.NOTEBOOKS.parent / "README.md"
TABLE = re.compile(r"(?<=<!-- notebooks -->\n).*?(?=<!-- /notebooks -->)", re.DOTALL)
START_PAGE = "[start page](00_start_here.ipynb)"


def neighbours(number: int) -> str:
    """Return the last line of a notebook's first cell: the links to the ones beside it."""
    if course.is_chapter(number):
        return f"All chapters: on the {START_PAGE}"
    before = course.link(number - 1) if number else "none, this is the start page"
    return f"Previous: {before} · {following(number)}"


def following(number: int) -> str:
    """Return the last line of a notebook's last cell: where to go on."""
    if number in course.in_order()[:-1]:
        return f"Next: {course.link(number + 1)}"
    return f"Next: what you need, on the {START_PAGE}"


def readme_table() -> str:
    """Return the README's table of all notebooks."""
    lines = ["", "| No. | Notebook | What you'll do | Minutes |", "| --: | :-- | :-- | --: |"]
    for number in (0, *course.numbers()):
        link = f"[{course.title(number)}](notebooks/{course.notebook_path(number).name})"
        mark = f"| {number} " if number else "| "
        what, minutes = course.what_you_do(number), course.minutes(number)
        lines.append(f"{mark}| {link} | {what} | {minutes} |")
    return "\n".join([*lines, "", ""])


def write(numbers: list[int]) -> None:
    """Write the links of these notebooks, and the README's table."""
    for number in numbers:
        path = course.notebook_path(number)
        notebook = nbformat.read(path, as_version=4)
        first, last = notebook.cells[0], notebook.cells[-1]
        first.source = _with_last_line(first.source, neighbours(number))
        last.source = _with_last_line(last.source, following(number))
        save(notebook, path)
    course.cells.cache_clear()
    text = README.read_text(encoding="utf-8")
    table = readme_table()
    text = TABLE.sub(lambda _: table, text)
    minutes = sum(course.minutes(number) for number in course.in_order())
    text = re.sub(r"\d+(?= minutes together)", str(minutes), text)
    README.write_text(text, encoding="utf-8", newline="\n")


def save(notebook: nbformat.NotebookNode, path: Path) -> None:
    """Write a notebook with the same line ends on every system."""
    with path.open("w", encoding="utf-8", newline="\n") as file:
        nbformat.write(notebook, file)


def _with_last_line(source: str, line: str) -> str:
    """Return a cell's text with this last line, in place of one that has links already."""
    text, _, last = source.rstrip().rpartition("\n")
    if re.match(r"Previous: |Next: |All chapters: ", last):
        return f"{text}\n{line}"
    return f"{source.rstrip()}\n\n{line}"
