"""A translated notebook does and shows what its original does: only its prose is another one."""

import shutil
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
import translations

from tutorial import course

each_translation = pytest.mark.parametrize(
    "path", translations.translations(), ids=lambda path: path.stem
)


def read(path: Path) -> nbformat.NotebookNode:
    """Return a notebook, checked against the format's schema."""
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    return notebook


@each_translation
def test_only_the_prose_differs(path: Path) -> None:
    """Equal code cells, ids and outputs; the same headings, links and diagrams."""
    assert translations.differences(read(path), read(translations.original(path))) == []


def test_there_is_one_and_the_course_does_not_count_it() -> None:
    """It has no number, so no map, no table and no run of the notebooks has it twice."""
    found = translations.translations()
    assert found
    counted = [course.notebook_path(number) for number in (0, *course.numbers())]
    assert not set(found) & set(counted)
    assert {translations.original(path) for path in found} <= set(counted)


def test_nbval_collects_only_the_originals(pytestconfig: pytest.Config) -> None:
    """The outputs of a translation are those of the original, which are compared with a run."""
    (pattern,) = [
        one for one in pytestconfig.getoption("ignore_glob") if one.startswith("notebooks/")
    ]
    root = Path(pytestconfig.rootpath)
    assert sorted(root.glob(pattern)) == translations.translations()


ENGLISH = read(course.notebook_path(0))
# What may not differ, the cell in which it is changed here, and how.
CHANGES: dict[str, tuple[str, Callable[[nbformat.NotebookNode], object]]] = {
    "the cells are": ("help", lambda cell: cell.update(id="hilfe")),
    "imports: source": ("imports", lambda cell: cell.update(source="import tutorial")),
    "map-table: outputs": ("map-table", lambda cell: cell.update(outputs=[])),
    "wait: execution_count": ("wait", lambda cell: cell.update(execution_count=99)),
    "help: not translated": ("help", lambda cell: cell.update(source=ENGLISH.cells[-1].source)),
    "help: links": ("help", lambda cell: cell.update(source="## Hilfe")),
    "help: headings": ("help", lambda cell: cell.update(source="Hilfe")),
    "frame: diagrams": ("frame", lambda cell: cell.update(source=cell.source.replace("-->", ""))),
    "picture: diagrams": (
        "picture",
        lambda cell: cell.update(source=cell.source.replace("flowchart LR", "flowchart TB")),
    ),
    "map: a paragraph less": ("map", lambda cell: cell.update(source="## Die Karte")),
}


@pytest.mark.parametrize("says", CHANGES)
def test_a_difference_is_found(says: str) -> None:
    """Each kind of difference that may not be has its words."""
    notebook = read(translations.NOTEBOOKS / "de_00_start_here.ipynb")
    id_, change = CHANGES[says]
    (cell,) = [cell for cell in notebook.cells if cell.id == id_]
    change(cell)
    found = translations.differences(notebook, ENGLISH)
    assert any(one.startswith(says) for one in found), found


def test_code_and_outputs_are_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """store_outputs.py does it, so a translation is not left behind; its prose stays."""
    for path in translations.NOTEBOOKS.glob("*00_start_here.ipynb"):
        shutil.copy(path, tmp_path)
    monkeypatch.setattr(translations, "NOTEBOOKS", tmp_path)
    (path,) = translations.translations()
    notebook = read(path)
    prose = [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]
    notebook.cells[2].source = "old"
    notebook.cells[5].outputs = []
    nbformat.write(notebook, path)
    translations.copy_code(1)
    assert translations.differences(read(path), ENGLISH) != []
    translations.copy_code(0)
    assert translations.differences(read(path), ENGLISH) == []
    assert [cell.source for cell in read(path).cells if cell.cell_type == "markdown"] == prose
