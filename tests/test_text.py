"""The text of the course: how long it takes, and that nothing in it comes before it is explained.

`tests/reading.py` measures and finds; here is what must hold.
"""

import json
import re
from itertools import pairwise
from math import ceil
from pathlib import Path

import nbformat
import pytest
import reading
from reading import IN_ORDER, WORDS

from tutorial import course

LONGEST = {False: 45, True: 50}  # minutes of a step, and of a chapter: what an evening has
IN_PARTS = 60  # of a notebook whose Time line says that one can stop in the midst, and why
MOST_SPARE = 10  # minutes that a notebook may promise above what it takes

each_notebook = pytest.mark.parametrize("path", IN_ORDER, ids=lambda path: path.stem[:2])


@each_notebook
def test_a_notebook_takes_the_minutes_that_it_promises(path: Path) -> None:
    """Measured by its words, its lines of code, its outputs and its exercises."""
    takes, promised = reading.minutes(path), course.minutes(int(path.stem[:2]))
    assert takes <= promised <= takes + MOST_SPARE, f"it takes {takes:.1f} minutes"


@each_notebook
def test_a_notebook_is_done_in_an_evening(path: Path) -> None:
    """A reader who must stop in the midst has lost the thread the next day.

    Not where `check` names what is left to do, and what is done stays done.
    """
    number = int(path.stem[:2])
    in_parts = re.search(
        r"\*\*Time\.\*\* .*You can stop after each", course.cells(number)[0].source
    )
    longest = IN_PARTS if in_parts else LONGEST[course.is_chapter(number)]
    assert ceil(reading.minutes(path)) <= longest


@pytest.mark.parametrize(
    ("printed", "exercises"), [("○ Not tried yet.\n", 1), ("✓ Right.\n", 1), ("○ a\n○ b\n✗ c\n", 2)]
)
def test_each_thing_to_do_takes_its_minutes(printed: str, exercises: int, tmp_path: Path) -> None:
    """A `check` of several things prints a line for each; the others are one exercise."""
    output = {"output_type": "stream", "name": "stdout", "text": printed}
    cell = {"id": "a", "cell_type": "code", "metadata": {}, "source": "check('a')"}
    notebook = {"cells": [{**cell, "execution_count": 1, "outputs": [output]}]}
    (tmp_path / "one.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
    seconds = reading.LINE_SECONDS + reading.OUTPUT_SECONDS
    wanted = reading.EXERCISE_MINUTES * exercises + seconds / 60
    assert reading.minutes(tmp_path / "one.ipynb") == pytest.approx(wanted)


def test_the_course_takes_the_minutes_that_the_readme_names() -> None:
    """All that comes before the chapters that one takes in any order."""
    (said,) = re.findall(r"(\d+) minutes together", (reading.ROOT / "README.md").read_text("utf-8"))
    paths = map(course.notebook_path, course.in_order())
    assert sum(map(reading.minutes, paths)) <= int(said)


def prose(path: Path) -> str:
    """Return the text of a notebook, without the blocks of code in it."""
    texts = (reading.text_of(one) for one in reading.cells(path) if one["cell_type"] == "markdown")
    return reading.FENCE.sub("", "\n\n".join(texts))


@pytest.mark.parametrize("entry", reading.glossary(), ids=lambda entry: entry.term)
def test_a_word_is_explained_where_the_course_first_uses_it(entry: reading.Entry) -> None:
    """There, it is a link to the glossary, or it is emphasised: then the explanation is beside."""
    terms = reading.forms(reading.glossary())
    for path in IN_ORDER:
        for use in reading.uses(prose(path), terms):
            if use.term == entry.term:
                assert use.linked or use.emphasised, f"{path.name} uses {use.word}"
                return


@pytest.mark.parametrize("construct", WORDS)
def test_a_construct_is_explained_before_code_uses_it(construct: str) -> None:
    """What a reader of pandas notebooks does not know has a word, which an earlier text explains.

    All code counts: files that are written, parts that are edited, what a text shows.
    """
    for path in IN_ORDER:
        for cell, below in pairwise([*reading.cells(path), None]):
            near = [cell]
            if construct in reading.constructs_of(cell) and below is not None:
                near.append(below)  # a file is written first, and explained right below it
            texts = [reading.text_of(one) for one in near if one["cell_type"] == "markdown"]
            if any(reading.explains(text, word) for text in texts for word in WORDS[construct]):
                return
            found = construct in reading.constructs_of(cell)
            assert not found, f"{path.name}, cell {cell['id']}: {' or '.join(WORDS[construct])}?"


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("@f\ndef g(): pass", {"decorator"}),
        ("@f\nclass G: pass", {"decorator"}),
        ("with f(): pass", {"with"}),
        ("def f(): yield 1", {"yield"}),
        ("x: int = 1", {"type hint"}),
        ("def f(x: int): pass", {"type hint"}),
        ("def f() -> int: pass", {"type hint"}),
        ("X = Annotated[int, 1]", {"Annotated"}),
        ("async def f(): await g()", {"async def", "await"}),
        ("await f()", {"await"}),
        ("{x for x in y}", {"comprehension"}),
        ("{x: 1 for x in y}", {"comprehension"}),
        ("sum(x for x in y)", {"comprehension"}),
        ("[x for x in y]", set()),
        ("lambda: 1", {"lambda"}),
        ("f(*x)", {"* in a call"}),
        ("f(**x)", {"* in a call"}),
        ("{**x}", {"* in a call"}),
        ("(x := 1)", {":="}),
        ("def f():\n  x = 1\n  def g():\n    nonlocal x", {"nonlocal"}),
    ],
)
def test_constructs_are_found(code: str, found: set[str]) -> None:
    """Each by itself; a simple list is none of them."""
    assert reading.constructs(code) == found


@pytest.mark.parametrize(
    ("kind", "source", "found"),
    [
        ("code", "%%writefile app/x.py\n@f\ndef g(): pass", {"decorator"}),
        ("code", "%%terminal\nalembic upgrade head", set()),
        ("code", 'edit("app/x.py", "a", "@f\\ndef g():")', {"decorator"}),
        ("code", 'edit("app/x.py", "a", "    await f()\\n")', {"await"}),
        ("markdown", "Text\n\n```python\nlambda: 1\n```", {"lambda"}),
        ("markdown", "`lambda: 1`", set()),
    ],
)
def test_all_places_of_code_are_looked_at(kind: str, source: str, found: set[str]) -> None:
    """Also files and parts of files, and Python in a text."""
    cell = nbformat.from_dict({"cell_type": kind, "source": source})
    assert reading.constructs_of(cell) == found


@pytest.mark.parametrize(
    ("text", "explained"),
    [
        ("A *decorator* is a line.", True),
        ("Some *decorators* do.", True),
        ("A [decorator](glossary.md#decorator) is a line.", True),
        ("A decorator is a line.", False),
        ("A **decorator** is a line.", False),
    ],
)
def test_what_counts_as_an_explanation(text: str, explained: bool) -> None:
    """A link to the glossary, or the word emphasised."""
    assert reading.explains(text, "decorator") == explained
