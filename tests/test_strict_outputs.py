"""The comparison of outputs sees every change that a learner would see: strict_outputs.py."""

import io
import re
import sys
from base64 import encodebytes
from copy import deepcopy
from pathlib import Path

import nbformat
import pytest
import strict_outputs
from _pytest._io import TerminalWriter
from nbformat.v4 import new_code_cell, new_notebook, new_output
from nbval import plugin
from service import ROOT, outcome, start
from store_outputs import sanitizer

PNG = encodebytes(b"\x89PNG of a turtle " * 9).decode()
OTHER_PNG = encodebytes(b"\x89PNG of a rabbit " * 9).decode()
VEGA = "application/vnd.vegalite.v5+json"
PLOT = {
    "mark": "bar",
    "encoding": {"x": {"field": "version"}},
    "data": {"values": [{"version": "sync", "ms": 5}, {"version": "async", "ms": 6}]},
}


def text(words: str, name: str = "stdout") -> nbformat.NotebookNode:
    """Return what a cell prints."""
    return new_output("stream", name=name, text=words)


def shown(metadata: dict | None = None, **data: object) -> nbformat.NotebookNode:
    """Return what a cell displays: a value for each MIME type, of which short names are given."""
    mimes = {"plain": "text/plain", "html": "text/html", "png": "image/png", "plot": VEGA}
    data = {mimes[name]: value for name, value in data.items()}
    return new_output("display_data", data=data, metadata=metadata or {})


def value(words: str) -> nbformat.NotebookNode:
    """Return what the last line of a cell gives."""
    return new_output("execute_result", data={"text/plain": words}, execution_count=1)


def plot(**changes: object) -> nbformat.NotebookNode:
    """Return the plot with some parts of its spec changed."""
    return shown(plain="a plot", plot={**PLOT, **changes})


def display(output: nbformat.NotebookNode) -> str:
    """Return the code that displays an output."""
    return f"display({dict(output.data)!r}, metadata={dict(output.metadata)!r}, raw=True)\n"


TITLE = f"{'=' * 31} FAILURES {'=' * 31}\n"  # as pytest writes it in 72 columns
HTML, PICTURE = shown(plain="a", html="<b>a</b>"), shown(plain="a", png=PNG)
PRINT_AND_SHOW = f"print('one')\n{display(HTML)}print('two')"

# A cell's code, and stored outputs that must fit, or must not.
FIT = {
    "in order": (PRINT_AND_SHOW, [text("one\n"), HTML, text("two\n")]),
    "a text in pieces": ("print('one')\nprint('two')", [text("one\n"), text("two\n")]),
    "no output": ("a = 1", []),
    "a value": ("'a'", [value("'a'")]),
    "a port": ("print('127.0.0.1:51234')", [text("127.0.0.1:8000\n")]),
    "lines about a rebuild": ("print('↻ a\\n↻ b\\nc')", [text("c\n")]),
    "lines about a rebuild between": ("print('a\\n↻ b\\nc')", [text("a\nc\n")]),
    "nothing else": ("print('↻ a')", []),
    "a title on Windows": (f"print('{'=' * 30} FAILURES {'=' * 31}')", [text(TITLE)]),
    "a path of a test on Windows": (
        r"print('tests\\test_a.py:18: in test_b')",
        [text("tests/test_a.py:18: in test_b\n")],
    ),
    "a path of a failed test on Windows": (
        r"print('FAILED under_load\\six\\tests\\test_a.py::test_b')",
        [text("FAILED under_load/six/tests/test_a.py::test_b\n")],
    ),
    "a picture": (display(PICTURE), [PICTURE]),
    "a picture in one line": (display(PICTURE), [shown(plain="a", png=PNG.replace("\n", ""))]),
    "a plot": (display(plot()), [plot()]),
    "other values in a plot": (
        display(plot()),
        [plot(data={"values": [{"version": "sync", "ms": 7}]})],
    ),
}
FIT_IF_IT_VARIES = {"another picture": (display(PICTURE), [shown(plain="a", png=OTHER_PNG)])}
DIFFER_EVEN_IF_IT_VARIES = {
    "no picture any more": (display(shown(plain="a")), [PICTURE]),
    "a picture more": (display(PICTURE), [shown(plain="a")]),
    "another text beside it": (display(PICTURE), [shown(plain="b", png=PNG)]),
    "a picture that is the only output": ("a = 1", [shown(png=PNG)]),
}
DIFFER = {
    "another text": ("print('a')", [text("b\n")]),
    "no text any more": ("a = 1", [text("a\n")]),
    "a text more": ("print('a')", []),
    "two outputs swapped": (display(PICTURE) + display(HTML), [HTML, PICTURE]),
    "two of one kind swapped": ("display(1)\ndisplay(2)", [shown(plain="2"), shown(plain="1")]),
    "text and display swapped": (f"{display(HTML)}print('one')", [text("one\n"), HTML]),
    "text moved over a display": (PRINT_AND_SHOW, [text("one\ntwo\n"), HTML]),
    "a value, not displayed": ("'a'", [shown(plain="'a'")]),
    "displayed, not a value": ("display('a')", [value("'a'")]),
    "displayed, not printed": ("display({'text/plain': 'a'}, raw=True)", [text("a")]),
    "printed, not displayed": ("print('a', end='')", [shown(plain="a")]),
    "an error's stream": ("print('a')", [text("a\n", "stderr")]),
    "another picture": (display(PICTURE), [shown(plain="a", png=OTHER_PNG)]),
    "a MIME type more": (display(HTML), [shown(plain="a")]),
    "a MIME type less": (display(shown(plain="a")), [HTML]),
    "another size": (display(shown({"image/png": {"width": 9}}, png=PNG)), [shown(png=PNG)]),
    "a rebuild in a line": ("print('200 ↻ nonsense')", [text("200\n")]),
    "a rebuild that ends a line": ("print('200 ↻ nonsense\\na')", [text("200 a\n")]),
    "a shorter title": (f"print('{'=' * 30} FAILURES {'=' * 30}')", [text(TITLE)]),
    "a title that is not in the middle": (
        f"print('{'=' * 29} FAILURES {'=' * 32}')",
        [text(TITLE)],
    ),
    "a title with another sign": (f"print('{'_' * 30} FAILURES {'_' * 31}')", [text(TITLE)]),
    "a title with two signs": (f"print('{'=' * 30} FAILURES {'=' * 30}_')", [text(TITLE)]),
    "a title in a line": (f"print('E {'=' * 29} FAILURES {'=' * 30}')", [text(f"E {TITLE}")]),
    "a backslash in a line": (
        r"print('E tests\\test_a.py:18: in test_b')",
        [text("E tests/test_a.py:18: in test_b\n")],
    ),
    "another path with backslashes": (
        r"print('FAILED app\\test_a.py::test_b')",
        [text("FAILED app/test_a.py::test_b\n")],
    ),
    "other fields in a plot": (
        display(plot()),
        [plot(data={"values": [{"version": "sync", "s": 7}]})],
    ),
    "another mark in a plot": (display(plot()), [plot(mark="line")]),
    "another axis in a plot": (display(plot()), [plot(encoding={"y": {"field": "version"}})]),
    "no plot any more": (display(shown(plain="a plot")), [plot()]),
}
CELLS = [
    *((name, *cell, True, False) for name, cell in FIT.items()),
    *((name, *cell, True, True) for name, cell in FIT_IF_IT_VARIES.items()),
    *((name, *cell, False, True) for name, cell in DIFFER_EVEN_IF_IT_VARIES.items()),
    *((name, *cell, False, False) for name, cell in {**DIFFER_EVEN_IF_IT_VARIES, **DIFFER}.items()),
]


def passed(path: Path) -> list[bool]:
    """Run nbval on a notebook, with the project's rules for what varies; say which cells pass."""
    plugins = ("--disable-plugin-autoload", "-p", "nbval.plugin", "-p", "strict_outputs")
    rules = ("--nbval-sanitize-with", str(ROOT / "tests" / "sanitize.cfg"))
    report = ("-rA", "--tb=no", "--color=no")
    path.with_name("pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    settings = ("-c", str(path.with_name("pytest.ini")), "--nbval", "--nbval-current-env")
    command = ("pytest", *plugins, *settings, *rules, *report, str(path))
    status, output, errors = outcome(start(*command, url=None, cwd=ROOT / "tests"))
    assert status in (0, 1), output + errors
    results = {
        int(number): word == "PASSED"
        for word, number in re.findall(r"^(PASSED|FAILED) .*::Cell (\d+)", output, re.MULTILINE)
    }
    return [results[number] for number in range(len(results))]


def test_what_fits_and_what_differs(tmp_path: Path) -> None:
    """Of a notebook whose stored outputs are right and wrong in turn, just the right ones pass."""
    cells = [
        new_code_cell(
            code,
            outputs=stored,
            execution_count=1,
            metadata={"tags": [strict_outputs.VARIES] * varies},
        )
        for _, code, stored, _, varies in CELLS
    ]
    path = tmp_path / "notebook.ipynb"
    nbformat.write(new_notebook(cells=cells), path)
    results = passed(path)
    assert len(results) == len(CELLS)
    wrong = [
        (name, varies)
        for (name, _, _, fits, varies), result in zip(CELLS, results, strict=True)
        if result != fits
    ]
    assert wrong == []


def test_the_difference_is_shown() -> None:
    """What fails says which output is another one, and how."""
    stored, new = (
        strict_outputs.seen([text("a\n"), shown(plain=word)], str, False) for word in ("b", "c")
    )
    assert strict_outputs.difference(stored, new)[3:] == [
        " output 2: display_data {}",
        " output 2: text/plain",
        "-output 2:   b",
        "+output 2:   c",
    ]


def of_kind(mime: str, value: object) -> nbformat.NotebookNode:
    """Return what a cell displays: one value, of this MIME type."""
    return new_output("display_data", data={mime: value})


def error(name: str, words: str, traceback: str = "") -> nbformat.NotebookNode:
    """Return an error, as a cell shows it."""
    return new_output("error", ename=name, evalue=words, traceback=[traceback])


def mermaid(column: str) -> nbformat.NotebookNode:
    """Return a diagram of a table with one column."""
    return of_kind("text/markdown", f"```mermaid\nerDiagram\n    task {{\n{column}\n    }}\n```")


def described(words: str) -> nbformat.NotebookNode:
    """Return a plot with a description, for who can't see it."""
    return plot(description=words)


def named(*rows: dict[str, object]) -> nbformat.NotebookNode:
    """Return a plot of rows that stand under a name, not in its data."""
    return plot(data={"name": "times"}, datasets={"times": list(rows)})


NO_OTHER = {
    "a diagram": (mermaid("INTEGER id PK"), mermaid("INTEGER id")),
    "HTML": (shown(html="<b>a</b>"), shown(html="<b>b</b>")),
    "a picture made of text": (of_kind("image/svg+xml", "<a/>"), of_kind("image/svg+xml", "<b/>")),
    "a sound": (of_kind("audio/wav", "AAAA"), of_kind("audio/wav", "BBBB")),
    "a film": (of_kind("video/mp4", "AAAA"), of_kind("video/mp4", "BBBB")),
    "a page": (of_kind("application/pdf", "AAAA"), of_kind("application/pdf", "BBBB")),
    "JSON": (of_kind("application/json", {"a": 1}), of_kind("application/json", {"a": 2})),
    "the description of a plot": (described("sync: 5 ms"), described("async: 5 ms")),
    "fields under a name": (named({"ms": 5}), named({"s": 5})),
    "the class of an error": (error("KeyError", "1"), error("IndexError", "1")),
    "the words of an error": (error("KeyError", "1"), error("KeyError", "2")),
    "an error": (error("KeyError", "1"), None),
    "the place of an error's text": (
        [text("a\n"), text("b\n", "stderr"), text("c\n")],
        [text("a\nc\n"), text("b\n", "stderr")],
    ),
}
AS_GOOD = {
    "a port in a picture made of text": tuple(
        of_kind("image/svg+xml", f"<a>http://127.0.0.1:{port}/</a>") for port in (8000, 51234)
    ),
    "line breaks in a sound": (of_kind("audio/wav", "AA\nAA\n"), of_kind("audio/wav", "AAAA")),
    "line breaks in a page": tuple(
        of_kind("application/pdf", letters) for letters in ("AA\nAA\n", "AAAA")
    ),
    "the number of a widget": tuple(
        of_kind(strict_outputs.WIDGET, {"model_id": number}) for number in ("1", "2")
    ),
    "numbers in the description of a plot": (described("1,234.5 ms"), described("no number ms")),
    "values under a name": (named({"ms": 5}), named({"ms": 6}, {"ms": 7})),
    "the traceback of an error": (error("KeyError", "1", "line 1"), error("KeyError", "1", "2")),
}


@pytest.mark.parametrize(
    ("one", "other", "fits"),
    [
        *((*pair, False) for pair in NO_OTHER.values()),
        *((*pair, True) for pair in AS_GOOD.values()),
    ],
    ids=[*NO_OTHER, *AS_GOOD],
)
def test_every_kind_of_output_is_looked_at(one: object, other: object, fits: bool) -> None:
    """Also those that no notebook holds at present, or that need no kernel to be tried."""
    lists = [
        given if isinstance(given, list) else [given] if given else [] for given in (one, other)
    ]
    seen = [
        strict_outputs.seen(strict_outputs.merge_neighbours(outputs), sanitizer(), False)
        for outputs in lists
    ]
    assert (seen[0] == seen[1]) == fits


def test_what_shows_nothing_is_not_stored() -> None:
    """A kernel now and then sends a stream without a text."""
    outputs = [text(""), shown(plain="a"), text(""), text("b\n"), text("c\n")]
    before = deepcopy(outputs)
    assert strict_outputs.merge_neighbours(outputs) == [outputs[1], text("b\nc\n")]
    assert outputs == before


@pytest.mark.parametrize("sign", ["=", "_"])
def test_the_lines_of_pytest(sign: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the rules, those of Windows become those of the other systems, whatever their title."""
    sanitize = sanitizer()

    def lines(platform: str) -> str:
        with monkeypatch.context() as patched:
            patched.setattr(sys, "platform", platform)
            writer = TerminalWriter(io.StringIO())
            writer.fullwidth = 72
            for length in range(1, 60):
                writer.sep(sign, "test_one[a-b] of two"[:length].ljust(length, "x"))
        return str(writer._file.getvalue())

    windows, linux = lines("win32"), lines("linux")
    assert windows != linux
    assert sanitize(windows) == sanitize(linux) == linux


def test_the_rules_change_nothing_that_is_stored() -> None:
    """What the notebooks hold has no need of them."""
    sanitize = sanitizer()
    for path in (ROOT / "notebooks").glob("*.ipynb"):
        for cell in nbformat.read(path, as_version=4).cells:
            for output in cell.get("outputs", ()):
                shown_text = output.get("text", "")
                assert sanitize(shown_text) == shown_text


def test_the_rules_are_read_alike_on_every_system() -> None:
    """nbval reads them in the encoding of the system, in which a letter can be another one."""
    assert (ROOT / "tests" / "sanitize.cfg").read_bytes().isascii()


def test_this_run_compares_so() -> None:
    """conftest.py loads the plugin, so that the notebooks are compared with it."""
    assert plugin.IPyNbCell.compare_outputs is strict_outputs.compare_outputs
    assert plugin.coalesce_streams is strict_outputs.merge_neighbours
