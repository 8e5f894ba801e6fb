"""Who can't see a page, or not well, gets from it what the others get.

Of diagrams: tests/test_mermaid.py; of charts: tests/test_plot.py; of pictures: tests/test_pages.py.
"""

import re
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import nbformat
import pytest
from contrast import contrast, over, rgb

from tutorial.files import CHANGED
from tutorial.show import COLOURS, LINES

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").rglob("*.ipynb"))
PAGES = sorted([*ROOT.rglob("[!.]*.md"), *NOTEBOOKS])
NOT_READ = {"workspace", ".venv", "messages.md"}  # the last one is read by the course alone
PAGES = [page for page in PAGES if not NOT_READ & set(page.parts)]
THEMES = Path(sys.prefix, "share", "jupyter", "lab", "themes", "@jupyterlab")
STYLES = {"text": "", **COLOURS, **CHANGED}  # of the parts of shown code
READABLE = 4.5  # the contrast that WCAG 2.2 asks for (1.4.3, AA)
TABLE = re.compile(r"^\|(.+)\|\n\|[ :|-]+\|$", flags=re.MULTILINE)  # the names of its columns
BARE_MARK = re.compile(r"[✓✗○↻→](?! \.?[\w`'\"“…])")


def css_value(theme: str, text: str) -> str:
    """Return what a value of CSS is in a theme of JupyterLab, whose variables it may name."""
    css = (THEMES / f"theme-{theme}-extension" / "index.css").read_text(encoding="utf-8")
    while named := re.fullmatch(r"var\((--[\w-]+)(?:, ?(.+))?\)", text):
        found = re.search(rf"{named[1]}:\s*([^;}}]+)[;}}]", css)
        assert found or named[2], f"the theme {theme} does not know {named[1]}"
        text = found[1].strip() if found else named[2]
    return text


def declared(style: str, *, trusted: bool) -> dict[str, str]:
    """Return the values of a style, of which the last counts.

    JupyterLab trusts what it has run itself. From any other output it takes the colours that are
    no plain ones, variables, too.
    """
    pairs = [part.split(": ", 1) for part in style.split("; ")]
    return {name: value for name, value in pairs if trusted or not value.startswith("var(--")}


def contrast_of(style: str, theme: str, *, trusted: bool) -> float:
    """Return how well a part of shown code can be read, which may have a background of its own."""
    whole = declared(LINES, trusted=trusted)
    own = declared(style, trusted=trusted) if style else {}
    page = rgb(css_value(theme, whole["background"]))
    behind = over(rgb(own["background"]), page) if "background" in own else page
    return contrast(rgb(css_value(theme, own.get("color", whole["color"]))), behind)


@pytest.mark.parametrize("trusted", [True, False], ids=["run", "just opened"])
@pytest.mark.parametrize("theme", ["light", "dark", "dark-high-contrast"])
@pytest.mark.parametrize("style", STYLES.values(), ids=STYLES)
def test_code_that_is_shown_can_be_read(style: str, theme: str, trusted: bool) -> None:
    """Once run, its colours are those of JupyterLab's theme. Before, it brings its own page."""
    assert contrast_of(style, theme, trusted=trusted) >= READABLE


@pytest.mark.parametrize("trusted", [True, False], ids=["run", "just opened"])
def test_code_that_is_shown_has_colours(trusted: bool) -> None:
    """In a notebook that was opened and not run, too: each kind of word has another one."""
    styles = [LINES, *COLOURS.values()]
    colours = [declared(style, trusted=trusted).get("color", "none") for style in styles]
    assert len({css_value("light", colour) for colour in colours}) == len(styles)


def prose(page: Path) -> str:
    """Return the text of a page, without its blocks of code."""
    text = page.read_text(encoding="utf-8")
    if page.suffix == ".ipynb":
        cells = nbformat.reads(text, as_version=4).cells
        text = "\n\n".join(one.source for one in cells if one.cell_type == "markdown")
    elif text.startswith("---\n"):  # what GitHub reads of a template, and shows nobody
        text = text.split("\n---\n", 1)[1]
    return re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_headings_go_down_one_level_at_a_time(page: Path) -> None:
    """A page has one title, first, and leaves no level out: screen readers go by headings."""
    levels = [len(found) for found in re.findall(r"^(#+) ", prose(page), flags=re.MULTILINE)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_each_column_of_a_table_has_a_name(page: Path) -> None:
    """A screen reader says it with each cell."""
    columns = [name for row in TABLE.findall(prose(page)) for name in row.split("|")]
    assert [name for name in columns if not name.strip()] == []


def outputs(notebook: Path) -> Iterator[tuple[str, str]]:
    """Give each text in the outputs of a notebook, with the id of its cell."""
    for cell in nbformat.read(notebook, as_version=4).cells:
        for output in cell.get("outputs", ()):
            texts = [output.get("text", ""), *output.get("data", {}).values()]
            yield from ((cell.id, text) for text in texts if isinstance(text, str))


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda notebook: notebook.stem)
def test_a_mark_is_followed_by_a_word(notebook: Path) -> None:
    """A screen reader may skip ✓ and ✗, or read their names, so no output has only such a sign."""
    assert [(id_, text) for id_, text in outputs(notebook) if BARE_MARK.search(text)] == []
