"""The links of all pages lead somewhere, and what the README says of the course is true.

A page is read on GitHub and in JupyterLab, and both must find what it links. The notebooks and the
glossary fit together.
"""

import json
import re
import tomllib
from functools import cache
from pathlib import Path
from urllib.parse import unquote

import pytest
from jupyter_server.serverapp import ServerApp
from reading import (
    CODE,
    FENCE,
    GLOSSARY,
    LINK,
    NOTEBOOKS,
    ROOT,
    Entry,
    address,
    first_uses,
    forms,
    glossary,
    uses,
)

from tutorial import course

README = ROOT / "README.md"
CONTRIBUTING = ROOT / "CONTRIBUTING.md"
TEXTS = sorted([*ROOT.glob("*.md"), *NOTEBOOKS.glob("*.md"), ROOT / "benchmarks" / "README.md"])
PAGES = [*TEXTS, *sorted(NOTEBOOKS.glob("*.ipynb"))]
PICTURES = sorted(path for path in (NOTEBOOKS / "images").iterdir() if path.is_file())
README_BYTES = 9_216
PICTURE_BYTES = 120 * 1024
STEPS = course.numbers()
MOST_LINKS = 3

HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
ANCHOR = re.compile(r'<a id="([^"]+)"></a>')


def markdown(page: Path) -> str:
    """Return the text of a page, or the prose of a notebook, without the code blocks."""
    text = page.read_text(encoding="utf-8")
    if page.suffix == ".ipynb":
        cells = json.loads(text)["cells"]
        prose = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown"]
        text = "\n\n".join(prose)
    return FENCE.sub("", text)


def fragments(page: Path) -> set[str]:
    """Return the fragments that lead to a place of a page, for everybody who reads it.

    A notebook is read in JupyterLab, all other pages on GitHub too. JupyterLab keeps capitals and
    punctuation: there, `## Use it: now` has #Use-it:-now. Both know `<a id="use-it"></a>`.
    """
    text = markdown(page)
    headings = [re.sub(r"[*`]|\]\(.*?\)|\[", "", heading) for heading in HEADING.findall(text)]
    anchors = set(ANCHOR.findall(text))
    github = {address(heading) for heading in headings} | anchors
    jupyter = {heading.replace(" ", "-") for heading in headings} | anchors
    return jupyter if page.suffix == ".ipynb" else github & jupyter


each_page = pytest.mark.parametrize(
    "page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix()
)
each_step = pytest.mark.parametrize("step", STEPS)
each_entry = pytest.mark.parametrize("entry", glossary(), ids=lambda entry: entry.term)


def root_of_jupyterlab(options: list[str], monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder that Jupyter serves when it starts here with these options."""
    monkeypatch.chdir(ROOT)
    server = ServerApp()
    server.parse_command_line(options)
    return Path(server.root_dir)


@each_page
def test_links_lead_somewhere(page: Path) -> None:
    """Every relative link is a file that exists, and its fragment a place in that file."""
    for _, target in LINK.findall(CODE.sub("", markdown(page))):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, fragment = unquote(target).partition("#")
        goal = page.parent / path if path else page
        assert goal.exists(), target
        assert not fragment or fragment in fragments(goal), target


@each_page
def test_links_work_in_jupyterlab_too(page: Path) -> None:
    """It opens no folder, no file whose name begins with a dot, and nothing outside of its root."""
    for _, target in LINK.findall(CODE.sub("", markdown(page))):
        if re.match(r"[a-z]+:", target):
            continue
        goal = (page.parent / unquote(target).partition("#")[0]).resolve()
        assert goal.is_relative_to(ROOT), target
        assert not any(part.startswith(".") for part in goal.relative_to(ROOT).parts), target
        assert goal.is_file() or target.startswith("#"), target


@pytest.mark.parametrize("page", TEXTS, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_an_anchor_is_the_address_of_its_heading(page: Path) -> None:
    """JupyterLab needs the anchor; on GitHub and on the site, only the heading's address counts."""
    anchors = re.findall(r'<a id="([^"]+)"></a>\n+#+ (.+)\n', page.read_text(encoding="utf-8"))
    assert [anchor for anchor, heading in anchors if anchor != address(heading)] == []


def test_the_start_commands_make_the_repository_the_root(monkeypatch: pytest.MonkeyPatch) -> None:
    """A notebook makes its own folder the root, and the README is above it: an option is needed."""
    start_page = f"notebooks/{course.notebook_path(0).name}"
    assert root_of_jupyterlab([start_page], monkeypatch) == NOTEBOOKS
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for options in re.findall(r"jupyter lab ((?:--|notebooks)[^`\n\"]+)", text):
            given = options.replace("\\", "/").split()
            assert root_of_jupyterlab(given, monkeypatch) == ROOT, (page, options)


def test_the_readme_is_short() -> None:
    """One reads it before one knows whether the course is worth the time."""
    assert README.stat().st_size <= README_BYTES


def test_the_readme_knows_how_long_the_course_takes() -> None:
    """The sum of the minutes that the first cells of the notebooks before the chapters name."""
    numbers = course.in_order()
    said = re.findall(r"(\d+) minutes together", README.read_text(encoding="utf-8"))
    assert said == [str(sum(course.minutes(number) for number in numbers))]


def test_troubleshooting_knows_where_the_numbers_of_the_chart_are() -> None:
    """Some editors show a text in the chart's place, and the numbers are not in it."""
    page = (NOTEBOOKS / "troubleshooting.md").read_text(encoding="utf-8")
    (names,) = re.findall(r"chart of notebook 11 .+ Run `(\w+, \w+)` in a new cell", page)
    (plot,) = [one.source for one in course.cells(11) if "bar_charts(" in one.source]
    assert all(f"{name}.values()" in plot for name in names.split(", "))


def test_pages_name_the_pythons_that_are_tested() -> None:
    """The oldest is the one in pyproject.toml; the CI has them all."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    ci = (ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")
    matrix = re.findall(r'"(3\.\d+)"', re.search(r"python: (\[.+\])", ci).group(1))
    assert project["requires-python"] == f">={matrix[0]}"
    for page in PAGES:
        said = re.findall(r"Python (3\.\d+) to (3\.\d+)", page.read_text(encoding="utf-8"))
        assert said or page != README
        assert set(said) <= {(matrix[0], matrix[-1])}, page


def test_each_promise_names_its_test() -> None:
    """All files of tests are in it, and no other. After an empty line, no row would be shown."""
    text = CONTRIBUTING.read_text("utf-8")
    (table,) = re.findall(r"^\|.*?^(?!\|)", text, re.MULTILINE | re.DOTALL)
    rows = [line for line in table.splitlines() if line.startswith("| ")]
    files = [re.findall(r"`((?:tests|benchmarks)/\w+\.py|\.ci/\w+)`", row) for row in rows[1:]]
    named = {name for names in files for name in names}
    assert len([name for names in files for name in names]) >= len(rows) - 2
    assert [name for name in named if not (ROOT / name).is_file()] == []
    assert {f"tests/{path.name}" for path in (ROOT / "tests").glob("test_*.py")} - named == set()


@pytest.mark.parametrize("picture", PICTURES, ids=lambda picture: picture.name)
def test_a_picture_is_small_and_has_a_text(picture: Path) -> None:
    """Some page shows it, with a text for who can't see it."""
    assert picture.stat().st_size <= PICTURE_BYTES
    shown = [
        text
        for page in PAGES
        for text, target in re.findall(r"!\[([^\]]*)\]\(([^)\s]+)\)", markdown(page))
        if (page.parent / target).resolve() == picture
    ]
    assert shown
    assert min(len(text) for text in shown) > 20


def test_the_glossary_is_read_as_a_whole() -> None:
    """No entry is overlooked because its form is another one, and no form has two terms."""
    text = GLOSSARY.read_text(encoding="utf-8")
    entries = glossary()
    assert [entry.term for entry in entries] == re.findall(r"^## (.+)$", text, re.MULTILINE)
    assert len(forms(entries)) == sum(1 + len(entry.also) for entry in entries)
    assert text.count("<!--") == sum(bool(entry.also) for entry in entries)


def test_the_glossary_is_in_the_order_of_the_alphabet() -> None:
    """Each term comes once, and a reader finds it where it belongs."""
    terms = [entry.term for entry in glossary()]
    assert terms == sorted(set(terms))


@each_entry
def test_an_entry_can_be_reached_on_github_and_in_jupyterlab(entry: Entry) -> None:
    """JupyterLab keeps the capitals of a heading, GitHub does not, so there are none."""
    assert address(entry.term) in fragments(GLOSSARY)


@cache
def linked_terms(step: int) -> set[str]:
    """Return the terms that a notebook links."""
    found = uses(markdown(course.notebook_path(step)), forms(glossary()))
    return {use.term for use in found if use.linked}


@each_entry
def test_an_entry_is_used_and_names_where_it_is_first_met(entry: Entry) -> None:
    """At least one notebook links the term, and the entry links the first that does."""
    linking = [step for step in STEPS if entry.term in linked_terms(step)]
    assert linking, "no notebook links this entry"
    assert entry.notebook == course.notebook_path(linking[0]).name
    assert entry.title == f"{linking[0]}. {course.title(linking[0])}"


@each_entry
def test_an_entry_links_the_terms_that_it_uses(entry: Entry) -> None:
    """No term is explained by another one whose meaning is not a click away."""
    found = [use for use in uses(entry.body, forms(glossary())) if use.term != entry.term]
    assert [use.word for use in first_uses(found) if not use.linked] == []


@each_step
def test_the_first_use_of_a_term_is_a_link_to_its_entry(step: int) -> None:
    """In each notebook, because any of them can be the first that is opened."""
    found = uses(markdown(course.notebook_path(step)), forms(glossary()))
    assert [use.word for use in first_uses(found) if not use.linked] == []


@each_step
def test_links_to_the_glossary_are_few(step: int) -> None:
    """A notebook links a term once, from one of its forms, and a paragraph has few such links.

    A form in backticks is none: JupyterLab shows code in black, also where it is a link.
    """
    text = markdown(course.notebook_path(step))
    terms = forms(glossary())
    linked = [use for use in uses(text, terms) if use.linked]
    assert len(linked) == len({use.term for use in linked})
    assert all(terms.get(use.word.lower()) == use.term for use in linked)
    for paragraph in text.splitlines():
        assert paragraph.count(f"]({GLOSSARY.name}#") <= MOST_LINKS, paragraph
