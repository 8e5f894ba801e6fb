"""Keeps translated notebooks in step with their originals: only their prose is another one.

    python tests/translations.py    copies code cells and outputs of the originals into them

A translation stands beside its original, because links and outputs name files from there. Its name
begins with its language: de_00_start_here.ipynb is 00_start_here.ipynb in German.
"""

import re
from pathlib import Path

import nbformat

NOTEBOOKS = Path(__file__).resolve().parent.parent / "notebooks"
PATTERN = "[a-z][a-z]_[0-9][0-9]_*.ipynb"
LINK = re.compile(r"\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+(?= )", re.MULTILINE)
FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)


def translations() -> list[Path]:
    """Return the paths of all translated notebooks."""
    return sorted(NOTEBOOKS.glob(PATTERN))


def original(path: Path) -> Path:
    """Return the path of the notebook that this one is a translation of."""
    return path.with_name(path.name[3:])


def _diagrams(text: str) -> list[tuple[str, int]]:
    """Return the kind and direction of each diagram, and how many arrows it has."""
    return [(block.split("\n")[1], block.count("--")) for block in FENCE.findall(text)]


def differences(translated: nbformat.NotebookNode, source: nbformat.NotebookNode) -> list[str]:
    """Return what differs between a translated notebook and its original and may not.

    Cells have the same ids and kinds, code cells are equal to the last byte, and so are their
    outputs. A text has the same headings, links and diagrams, no paragraph less, and is not the
    original's text.
    """
    ids = [[(cell.id, cell.cell_type) for cell in one.cells] for one in (translated, source)]
    if ids[0] != ids[1]:
        return [f"the cells are {ids[0]}, and in the original {ids[1]}"]
    found = [] if translated.metadata == source.metadata else ["the metadata"]
    for here, there in zip(translated.cells, source.cells, strict=True):
        if here.cell_type != "markdown":
            kinds = [name for name in there if here.get(name) != there[name]]
            found += [f"{here.id}: {name}" for name in kinds]
            continue
        if here.source == there.source:
            found.append(f"{here.id}: not translated")
        if sorted(LINK.findall(here.source)) != sorted(LINK.findall(there.source)):
            found.append(f"{here.id}: links")
        if HEADING.findall(here.source) != HEADING.findall(there.source):
            found.append(f"{here.id}: headings")
        if _diagrams(here.source) != _diagrams(there.source):
            found.append(f"{here.id}: diagrams")
        if here.source.count("\n\n") < there.source.count("\n\n"):
            found.append(f"{here.id}: a paragraph less")
    return found


def copy_code(number: int | None = None) -> None:
    """Copy the code cells, with their outputs, from the originals into the translations.

    number: only those of this notebook. A cell that one of the two has not stays as it is.
    """
    for path in translations():
        if number is not None and int(path.name[3:5]) != number:
            continue
        notebook, source = (nbformat.read(one, as_version=4) for one in (path, original(path)))
        codes = {cell.id: cell for cell in source.cells if cell.cell_type == "code"}
        notebook.cells = [codes.get(cell.id, cell) for cell in notebook.cells]
        notebook.metadata = source.metadata
        with path.open("w", encoding="utf-8", newline="\n") as file:
            nbformat.write(notebook, file)


if __name__ == "__main__":
    copy_code()
    for one in translations():
        other = nbformat.read(original(one), as_version=4)
        wrong = differences(nbformat.read(one, as_version=4), other)
        print(one.name, *(wrong or ["fits its original"]), sep="\n  ")
