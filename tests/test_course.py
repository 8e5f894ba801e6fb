"""Which notebooks are the course's, whatever else lies beside them, and what if one is gone."""

import json
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from tutorial import Problem, course, course_map, steps

NOTES = new_notebook(cells=[new_code_cell()])  # as JupyterLab makes a new one


@contextmanager
def read_anew() -> Iterator[None]:
    """Let the course read its notebooks anew, in a block and after it."""
    caches = (course._paths, course.cells, course.part)
    for cache in caches:
        cache.cache_clear()
    try:
        yield
    finally:
        for cache in caches:
            cache.cache_clear()


@pytest.fixture
def notebooks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the folder of a copy of the course's notebooks, which is read from now on."""
    folder = tmp_path / "notebooks"
    folder.mkdir()
    for number in (0, *course.numbers()):
        shutil.copy(course.notebook_path(number), folder)
    shutil.copy(course.NOTEBOOKS.parent / "pyproject.toml", tmp_path)
    monkeypatch.setattr(course, "NOTEBOOKS", folder)
    return folder


def test_notebooks_without_cell_ids(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A tool with an older nbformat saves notebooks without ids: the course reads them, too."""
    for number in (0, 1):
        path = course.notebook_path(number)
        notebook = json.loads(path.read_text(encoding="utf-8"))
        for cell in notebook["cells"]:
            del cell["id"]
        (tmp_path / path.name).write_text(json.dumps(notebook), encoding="utf-8", newline="\n")
    monkeypatch.setattr(course, "NOTEBOOKS", tmp_path)
    wanted = {number: [one[1:] for one in course.cells(number)] for number in (0, 1)}
    with read_anew():
        assert course.numbers() == [1]
        assert {number: [one[1:] for one in course.cells(number)] for number in (0, 1)} == wanted
        assert {one.id for one in course.cells(1)} == {""}


@pytest.mark.parametrize(
    "name",
    [
        *("12_notes.ipynb", "99_scratch.ipynb", "04.ipynb", "04_mine.ipynb"),
        *("03_configure_the_database-Copy1.ipynb", "03_configure_the_database_mine.ipynb"),
        *("03_a.ipynb", "12_copy_of_03.ipynb", "20_copy_of_03.ipynb", "00_today.ipynb"),
    ],
)
@pytest.mark.parametrize("kind", ["notes", "copy", "empty", "no JSON", "a list"])
def test_notebooks_of_the_learners_own(kind: str, name: str, notebooks: Path) -> None:
    """Notes or a copy beside the course's notebooks take the place of none of them."""
    wanted = {number: course.link(number) for number in (0, *course.numbers())}
    copied = course.notebook_path(3).read_text(encoding="utf-8")
    texts = {"notes": nbformat.writes(NOTES), "copy": copied, "no JSON": "<<<<<<<", "a list": "[]"}
    text = texts.get(kind, "")
    (notebooks / name).write_text(text, encoding="utf-8", newline="\n")
    with read_anew():
        assert {number: course.link(number) for number in (0, *course.numbers())} == wanted
        assert course.gone() == []


def test_notes_with_a_number_of_their_own(notebooks: Path) -> None:
    """Without minutes they are none of the course's, and nothing is missing before them."""
    wanted = course.numbers()
    text = nbformat.writes(new_notebook(cells=[new_markdown_cell("# 99. My notes")]))
    (notebooks / "99_my_notes.ipynb").write_text(text, encoding="utf-8", newline="\n")
    with read_anew():
        assert (course.numbers(), course.gone()) == (wanted, [])


@pytest.mark.parametrize(("number", "others"), [(3, (3,)), (11, (11, 12, 17)), (13, (13,))])
@pytest.mark.parametrize("how", ["moved", "damaged"])
def test_a_notebook_that_is_gone(
    how: str,
    number: int,
    others: tuple[int, ...],
    notebooks: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture,
) -> None:
    """Who begins it, or a chapter that starts from it, is told; all other notebooks work."""
    there = notebooks / course.notebook_path(number).name
    text = there.read_text(encoding="utf-8")
    if how == "moved":
        there.rename(there.with_name(f"done {number}.ipynb"))
    else:
        there.write_text(text[:1000], encoding="utf-8", newline="\n")
    monkeypatch.setenv("TUTORIAL_WORKSPACE", str(tmp_path / "workspace"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", sys.path.copy())
    with read_anew():
        for step in others:
            with pytest.raises(Problem, match=f"Notebook {number} of the course is not") as caught:
                steps.begin(step)
            assert f"`git restore notebooks/{number:02d}_*.ipynb`" in caught.value.todo
        steps.begin(4)
        assert "Step 4 of 10: " in capsys.readouterr().out
        assert not Path("alembic").exists()  # it starts where step 3 ends
        course_map()
        for step in (99, 0, -1, True):
            with pytest.raises(Problem, match="There is no step"):
                steps.begin(step)
    there.write_text(text, encoding="utf-8", newline="\n")  # as the message says
    with read_anew():
        for step in others:
            steps.begin(step)


def test_a_cell_above_the_title(notebooks: Path) -> None:
    """What a learner writes there, or an editor, takes the notebook away from nobody."""
    wanted = {number: course.place(number) + course.link(number) for number in course.numbers()}
    path = notebooks / course.notebook_path(3).name
    notebook = nbformat.read(path, 4)
    notebook.cells.insert(0, new_code_cell("# my notes"))
    nbformat.write(notebook, path)
    with read_anew():
        assert course.gone() == []
        found = {number: course.place(number) + course.link(number) for number in course.numbers()}
        assert found == wanted


def test_a_renamed_notebook(notebooks: Path) -> None:
    """It still is the course's if its name begins with its number."""
    old = notebooks / course.notebook_path(3).name
    old.rename(old.with_name("03_done.ipynb"))
    with read_anew():
        assert course.notebook_path(3).name == "03_done.ipynb"
        assert course.gone() == []
