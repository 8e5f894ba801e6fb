"""The form of the notebooks: what every one of them promises, read from the files."""

import ast
import re
from itertools import pairwise
from pathlib import Path

import navigation
import nbformat
import pytest

from tutorial import course
from tutorial.environment import requirements
from tutorial.state import PROJECT_FILES, PROJECT_FOLDERS
from tutorial.workspace import TRIAL

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("[0-9]*.ipynb"))  # no translations
START_PAGE = course.notebook_path(0)
NUMBERS = [0, *course.numbers()]
MOST_IGNORED = 3
LONGEST_CELL = 15
NARROW = 66  # characters that a code cell shows in a window of 1024 pixels
IMAGE = re.compile(r"!\[([^\]]*)\]\(([^)\s]+)\)")
METADATA = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def read(path: Path) -> nbformat.NotebookNode:
    """Return a notebook, checked against the format's schema."""
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    return notebook


def code_cells(path: Path) -> list[nbformat.NotebookNode]:
    """Return the code cells of a notebook."""
    return [cell for cell in read(path).cells if cell.cell_type == "code"]


def markdown(path: Path) -> str:
    """Return all the prose of a notebook."""
    return "\n\n".join(cell.source for cell in read(path).cells if cell.cell_type == "markdown")


def texts_of(cell: nbformat.NotebookNode) -> list[str]:
    """Return every text in the outputs of a cell."""
    texts = []
    for output in cell.outputs:
        texts.append(output.get("text", ""))
        texts += [value for value in output.get("data", {}).values() if isinstance(value, str)]
    return texts


def facts(path: Path) -> tuple[str, str, str]:
    """Return the title of a notebook, what one does in it, and the minutes, as its text has them.

    Read here in another way than by the functions that draw the map.
    """
    blocks = read(path).cells[0].source.split("\n\n")
    told = dict(block.removeprefix("**").split(".** ", 1) for block in blocks if ".** " in block)
    what = re.sub(r"\]\(glossary[^)]*\)", "", told["What you'll do"]).replace("[", "")
    return blocks[0].split(maxsplit=1)[1], what, told["Time"].split()[0]


each_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem[:2])
each_step = pytest.mark.parametrize(
    "path", [path for path in NOTEBOOKS if path != START_PAGE], ids=lambda path: path.stem[:2]
)


def test_notebooks_are_numbered_without_a_gap() -> None:
    """From 00 on, each named after its title; the steps come first, and there are ten."""
    assert [path.stem[:2] for path in NOTEBOOKS] == [f"{number:02d}" for number in NUMBERS]
    assert list(range(len(NOTEBOOKS))) == NUMBERS
    assert course.steps() == list(range(1, 11))
    for number, path in zip(NUMBERS, NOTEBOOKS, strict=True):
        assert path.stem[3:] == course.title(number).lower().replace(" ", "_")


@each_notebook
def test_the_first_cell_says_what_is_to_come(path: Path) -> None:
    """Title, what you'll do, learn and need, minutes, and the links to its neighbours."""
    first = read(path).cells[0]
    assert first.cell_type == "markdown"
    number = int(path.stem[:2])
    title = f"{number}. {course.title(number)}" if number else course.title(number)
    assert first.source.startswith(f"# {title}\n")
    for heading in ("What you'll do.", "What you'll learn", "What you'll need.", "Time."):
        assert f"**{heading}**" in first.source
    learn = first.source.split("**What you'll learn**")[1].split("**What you'll need.**")[0]
    assert 3 <= learn.count("\n- ") <= 5
    assert course.minutes(number) > 0
    assert bool(course.part(number)) == bool(number)
    assert first.source.splitlines()[-1] == navigation.neighbours(number)
    assert read(path).cells[-1].source.splitlines()[-1] == navigation.following(number)


def test_the_links_between_the_notebooks() -> None:
    """One after the other, from the start page to the last one before the chapters, and back."""
    chain = course.in_order()
    assert chain[:12] == list(range(12))
    for before, after in pairwise(chain):
        assert f"({course.notebook_path(after).name})" in navigation.following(before)
        assert f"({course.notebook_path(before).name})" in navigation.neighbours(after)
    for number in NUMBERS[len(chain) - 1 :]:
        assert START_PAGE.name in navigation.following(number)


@each_step
def test_it_begins_and_finishes(path: Path) -> None:
    """The first code cell begins the step, the last one finishes it; then a recap follows."""
    step = int(path.stem[:2])
    codes = code_cells(path)
    assert codes[0].id == "begin"
    assert codes[0].source.endswith(f"begin({step})")
    assert codes[-1].source == f"finish({step})"
    place = course.place(step) if step in course.steps() else f"Notebook {step}"
    has_case = any("open_case(" in cell.source for cell in codes)  # which is the learner's to solve
    said = f"{place} is {'not done yet' if has_case else 'done'}."
    assert said in texts_of(codes[-1])[0]
    last = read(path).cells[-1]
    assert last.source.startswith("## Recap\n")
    assert "## On your own\n" in last.source


@each_notebook
def test_the_helpers_are_found_first(path: Path) -> None:
    """Here or in the folder above, before any other `tutorial`; else the error shows these lines.

    They are narrow enough for JupyterLab in a window of 1024 pixels.
    """
    lines = code_cells(path)[0].source.splitlines()
    place = lines.index('sys.path = ["notebooks", ".", *sys.path]')
    assert lines[place - 1] == "# Where the helpers are. Not found? See troubleshooting.md."
    assert lines[place + 1].startswith("from tutorial import ")
    assert max(map(len, lines[: place + 1])) <= NARROW


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_dots_of_a_hidden_cell_are_in_sight(path: Path) -> None:
    """They stand behind its first line, and the text above says to click on them."""
    hidden = [cell for cell in code_cells(path) if "jupyter" in cell.metadata]
    wide = [cell.id for cell in hidden if len(cell.source.splitlines()[0]) > NARROW]
    assert wide == []


def test_the_start_page_tells_of_the_stored_numbers() -> None:
    """Who opens a notebook sees a number at each cell that has not run yet, and is told so."""
    assert all(cell.execution_count for path in NOTEBOOKS for cell in code_cells(path))
    (text,) = [cell.source for cell in read(START_PAGE).cells if cell.id == "first-cell"]
    assert "hold a number already" in text
    assert "`[*]`" in text


def test_the_table_of_packages_is_what_the_check_prints() -> None:
    """Step 1 says of each package what it is for, in the order in which the check names them."""
    cells = {cell.id: cell for cell in read(course.notebook_path(1)).cells}
    rows = re.findall(r"^\| (`.*`) \|", cells["packages"].source, re.MULTILINE)
    told = [name for row in rows for name in re.findall(r"`([^`]+)`", row)]
    assert told == list(requirements())
    printed = re.findall(r"✓ (.*)", texts_of(cells["check-environment"])[0])
    assert told == printed[1 : len(told) + 1]


def test_the_picture_of_the_models_has_their_fields() -> None:
    """Step 2 draws each class with the fields that the class has."""
    cells = {cell.id: cell for cell in read(course.notebook_path(2)).cells}
    boxes = re.findall(r'\["<b>(\w+)</b><br/>(.*)"\]', cells["picture"].source)
    drawn = {name: re.findall(r"(\w+): ", fields) for name, fields in boxes}
    of_task, of_create = ast.literal_eval(texts_of(cells["import-models"])[1])
    assert drawn == {"Task": of_task, "TaskCreate": of_create, "TaskBase": of_create}


@each_notebook
def test_a_file_is_shown_not_printed(path: Path) -> None:
    """JupyterLab breaks the lines of what is printed anywhere, and gives them no colours."""
    for cell in code_cells(path):
        assert not re.search(r"print\(.*read_text", cell.source), cell.id


def test_no_message_is_printed_twice() -> None:
    """Alembic logs a failure, and then says it. One of the two is enough to read."""
    texts = ["\n".join(texts_of(cell)) for path in NOTEBOOKS for cell in code_cells(path)]
    failed = [(text, re.findall(r"^FAILED: (.+)", text, re.MULTILINE)) for text in texts]
    counts = [text.count(message) for text, messages in failed for message in messages]
    assert set(counts) == {1}


def test_the_start_page_begins_nothing() -> None:
    """It imports what it needs, and begins and finishes no step."""
    codes = code_cells(START_PAGE)
    assert "begin(" not in codes[0].source
    for cell in codes:
        assert not re.search(r"\b(begin|finish|restore)\b", cell.source), cell.id


def test_the_start_page_was_stored_in_an_empty_workspace() -> None:
    """Step 1 is next, and none is finished."""
    outputs = {cell.id: texts_of(cell) for cell in code_cells(START_PAGE)}
    assert re.findall(r"^\| ([^|\w] .+?) \|", outputs["map-table"][1], re.MULTILINE) == ["→ next"]
    assert "| → next | [1. " in outputs["map-table"][1]
    assert outputs["where-you-are"][1].startswith("You have not finished a step yet. Next: [1. ")


def test_the_map_is_what_the_notebooks_say() -> None:
    """Every notebook has a row with its title, its link, what one does, its minutes.

    The rows of a part come after its name and the sum of its minutes.
    """
    (cell,) = [cell for cell in code_cells(START_PAGE) if cell.id == "map-table"]
    rows = [line.split(" | ", 1)[1] for line in texts_of(cell)[1].splitlines() if ".ipynb" in line]
    minutes: dict[str, int] = {}
    for row, path in zip(rows, NOTEBOOKS[1:], strict=True):
        title, what, time = facts(path)
        assert row == f"[{title}]({path.name}) | {what} | {time} |"
        part = course.part(int(path.name[:2]))
        minutes[part] = minutes.get(part, 0) + int(time)
    sums = re.findall(
        r"^\| \| \*\*(.+)\*\* \| \| \*\*(\d+)\*\* \|$", texts_of(cell)[1], re.MULTILINE
    )
    assert {part: int(total) for part, total in sums} == minutes


def test_the_readme_says_what_the_notebooks_say() -> None:
    """The README's table has the same titles, sentences and minutes; it opens the start page."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    rows = [line for line in readme.splitlines() if re.match(r"\| \d* ?\| \[", line)]
    for row, path in zip(rows, NOTEBOOKS, strict=True):
        title, what, time = facts(path)
        number, _, words = title.rpartition(". ")
        start = f"| {number} |" if number else "| |"
        assert row == f"{start} [{words}](notebooks/{path.name}) | {what} | {time} |"
    opened = re.findall(r"jupyter lab (notebooks[^\s`]+)", readme)
    assert {name.replace("\\", "/") for name in opened} == {f"notebooks/{START_PAGE.name}"}


@each_notebook
def test_headings_go_down_one_level_at_a_time(path: Path) -> None:
    """One title, and no level is left out, so that a screen reader can follow."""
    prose = re.sub(r"```.*?```", "", markdown(path), flags=re.DOTALL)
    levels = [len(found) for found in re.findall(r"^(#+) ", prose, flags=re.MULTILINE)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


@each_notebook
def test_images_have_a_text(path: Path) -> None:
    """Every image has a text for who can't see it. (tests/test_pages.py follows the links.)"""
    for text, target in IMAGE.findall(markdown(path)):
        assert len(text) > 20, f"the image {target} has no real alt text"


@each_notebook
def test_code_cells_are_short(path: Path) -> None:
    """15 lines at most, except a file being written; at least as many words as lines to explain."""
    for cell in code_cells(path):
        if not cell.source.startswith("%%writefile"):
            assert len(cell.source.splitlines()) <= LONGEST_CELL, cell.id


@each_notebook
def test_ids_are_readable_and_metadata_is_minimal(path: Path) -> None:
    """Ids are short words and used once; there are no timings, and no kernel of somebody's own."""
    notebook = read(path)
    ids = [cell.id for cell in notebook.cells]
    assert len(ids) == len(set(ids))
    for cell in notebook.cells:
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", cell.id), cell.id
        assert len(cell.id) <= 30
        assert set(cell.metadata) <= {"tags", "jupyter"}, cell.id
        hidden = cell.metadata.get("jupyter", {"source_hidden": True})
        assert hidden == {"source_hidden": True}, cell.id
        assert set(cell.metadata.get("tags", [])) <= {"nbval-ignore-output"}, cell.id
    assert notebook.metadata == METADATA


@each_notebook
def test_every_code_cell_was_executed_in_order(path: Path) -> None:
    """The stored outputs come from one run, from the first cell to the last, without an error."""
    codes = code_cells(path)
    assert [cell.execution_count for cell in codes] == list(range(1, len(codes) + 1))
    assert all(output.output_type != "error" for cell in codes for output in cell.outputs)


@each_notebook
def test_outputs_hold_nothing_of_one_machine(path: Path) -> None:
    """No path, port, date, time, address of an object, warning or colour code in any output."""
    banned = {
        "a path": r"(?:^|[\s'\"(=])(?:/(?:home|root|tmp|usr|Users|var|private|work)/|[A-Z]:\\)",
        "a port": r"(?:127\.0\.0\.1|localhost):\d+(?![\d:])",
        "a date or time": r"\b\d{4}-\d{2}-\d{2}\b|\b\d{2}:\d{2}:\d{2}\b",
        "an address": r"\b0x[0-9a-fA-F]{6,}",
        "a warning": r"\bWarning: ",
        "a colour code": r"\x1b\[",
        "a message about a rebuilt workspace": "↻",
    }
    for cell in code_cells(path):
        for text in texts_of(cell):
            for name, pattern in banned.items():
                found = re.search(pattern, text)
                assert not found, f"cell {cell.id} prints {name}: {found.group(0)!r}"


@each_notebook
def test_outputs_are_no_walls_of_text(path: Path) -> None:
    """No output has more than 100 lines."""
    for cell in code_cells(path):
        for text in texts_of(cell):
            assert text.count("\n") <= 100, cell.id


def test_few_outputs_are_ignored() -> None:
    """At most three cells are excused from the comparison; none is skipped or may fail freely."""
    cells = [cell for path in NOTEBOOKS for cell in code_cells(path)]
    tags = [tag for cell in cells for tag in cell.metadata.get("tags", [])]
    assert tags.count("nbval-ignore-output") <= MOST_IGNORED
    assert not {"nbval-skip", "raises-exception", "nbval-raises-exception"} & set(tags)
    for cell in cells:
        for word in ("NBVAL", "PYTEST_VALIDATE_IGNORE_OUTPUT"):
            assert word not in cell.source.upper()


@each_notebook
def test_there_is_enough_prose_and_not_too_much(path: Path) -> None:
    """At least one cell of prose for two of code, and no cell of prose longer than a screen."""
    cells = read(path).cells
    prose = [cell for cell in cells if cell.cell_type == "markdown"]
    assert len(prose) * 2 >= len(cells) - len(prose)
    for cell in prose:
        assert len(cell.source.split()) <= 250, cell.id


@each_step
def test_files_are_written_as_they_are_shipped_or_changed_later(path: Path) -> None:
    """Every %%writefile of a step writes a file of the project.

    A chapter writes files of its own copy of the project. The other notebooks after the steps write
    whole files only into the folder of a trial.
    """
    for cell in code_cells(path):
        if cell.source.startswith("%%writefile"):
            target = cell.source.splitlines()[0].split()[-1]
            if int(path.name[:2]) in course.steps():
                assert (ROOT / target).is_file(), target
            elif course.is_chapter(int(path.name[:2])):
                assert Path(target).parts[0] in (*PROJECT_FILES, *PROJECT_FOLDERS, TRIAL), target
            else:
                assert target.startswith(f"{TRIAL}/"), target


@pytest.mark.parametrize("step", [one for one in course.in_order() if one > 1])
def test_every_step_has_an_exercise(step: int) -> None:
    """From step 2 on: a hint, a cell to change, its check, and a hidden answer that is right."""
    cells = read(course.notebook_path(step)).cells
    above = {cell.id: before.source for before, cell in pairwise(cells)}
    codes = {cell.id: cell for cell in cells if cell.cell_type == "code"}
    exercises = [id_.removesuffix("-check") for id_ in codes if id_.endswith("-check")]
    exercises = [id_ for id_ in exercises if id_.startswith("your-turn-")]
    assert exercises
    for id_ in exercises:
        assert id_ in codes
        assert above[id_].count("<details><summary>A hint</summary>\n\n") == 1
        assert texts_of(codes[f"{id_}-check"]) == [
            "○ Not tried yet. Change the cell above and run it.\n"
            "If it stops with an error, put that right first.\n"
        ]
        assert texts_of(codes[f"{id_}-solution"]) == ["✓ Right.\n"]
        assert codes[f"{id_}-solution"].metadata["jupyter"] == {"source_hidden": True}
