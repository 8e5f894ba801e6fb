"""What a reader of the course meets: its texts, its code, words of the glossary; and how long."""

import ast
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from textwrap import dedent

import nbformat

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = ROOT / "notebooks"
GLOSSARY = NOTEBOOKS / "glossary.md"
IN_ORDER = sorted(NOTEBOOKS.glob("[0-9][0-9]_*.ipynb"))

# The measure of the course: how long a tired reader, whose English is no first language, takes.
WORDS_A_MINUTE = 130
LINE_SECONDS, OUTPUT_SECONDS = 6, 2
EXERCISE_MINUTES = 5

LINK = re.compile(r"\[([^\]]*)\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"`[^`\n]*`")
COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
PICTURE = re.compile(r"^```mermaid.*?^```", re.MULTILINE | re.DOTALL)
PYTHON = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
# What a reader skips, or what is a heading: a term that stands there is not yet used.
NO_PROSE = re.compile(
    r"<details>.*?</details>"
    r"|(?<=\*\*What you'll learn\*\*).*?(?=\*\*What you'll need\.\*\*)"
    r"|^[#|].*?$",
    re.MULTILINE | re.DOTALL,
)
ENTRY = re.compile(
    r"^## (?P<term>.+)\n"
    r"(?:<!-- also: (?P<also>.+) -->\n)?"
    r"\n(?P<body>(?:.+\n\n)+?)"
    r"First met in: \[(?P<title>.+)\]\((?P<notebook>.+)\)\n",
    re.MULTILINE,
)


@dataclass(frozen=True)
class Entry:
    """An entry of the glossary: its term, other forms of it, its text, where it is first met."""

    term: str
    also: tuple[str, ...]
    body: str
    title: str
    notebook: str


@dataclass(frozen=True)
class Use:
    """A use of a term in a text: as which word, whether that is a link to it, or *emphasised*."""

    term: str
    word: str
    linked: bool
    emphasised: bool = False


def glossary() -> list[Entry]:
    """Return the entries of the glossary, in its order."""
    entries = []
    for found in ENTRY.finditer(GLOSSARY.read_text(encoding="utf-8")):
        also = tuple(found["also"].split(", ")) if found["also"] else ()
        entries.append(Entry(**{**found.groupdict(), "also": also}))
    return entries


def address(heading: str) -> str:
    """Return the fragment that GitHub gives a heading: `## Use it: now` has #use-it-now."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def forms(entries: list[Entry]) -> dict[str, str]:
    """Return the term for each of its forms, in small letters."""
    return {form.lower(): entry.term for entry in entries for form in (entry.term, *entry.also)}


def uses(text: str, terms: dict[str, str]) -> list[Use]:
    """Return the uses of terms in a text, in order. In `table model`, there is no `model`."""
    longest_first = sorted(terms, key=len, reverse=True)
    words = "|".join(re.escape(form).replace(r"\ ", r"\s+") for form in longest_first)
    token = re.compile(rf"{LINK.pattern}|{CODE.pattern}|\b({words})\b", re.IGNORECASE)
    of_fragment = {address(term): term for term in terms.values()}
    prose = NO_PROSE.sub("", COMMENT.sub("", text))
    found = []
    for match in token.finditer(prose):
        label, target, word = match.groups()
        page, _, fragment = (target or "").partition("#")
        if word:
            starred = prose[match.start() - 1 : match.start()] == "*" == prose[match.end()]
            word = " ".join(word.split())
            found.append(Use(terms[word.lower()], word, linked=False, emphasised=starred))
        elif page in ("", GLOSSARY.name) and fragment in of_fragment:
            found.append(Use(of_fragment[fragment], label.strip("*"), linked=True))
    return found


def first_uses(found: list[Use]) -> list[Use]:
    """Return the first use of each term."""
    return list({use.term: use for use in reversed(found)}.values())


@cache
def cells(path: Path) -> list[nbformat.NotebookNode]:
    """Return the cells of a notebook."""
    return list(nbformat.from_dict(json.loads(path.read_text(encoding="utf-8")))["cells"])


def text_of(cell: nbformat.NotebookNode) -> str:
    """Return the source of a cell, which a file holds as one text or as its lines."""
    return "".join(cell["source"])


def minutes(path: Path) -> float:
    """Return how long a notebook takes: to read its text and code, and for its exercises.

    What is collapsed is not read: the answers. Nor is what draws a picture, or a link's address.
    A `check` of several things to do prints a line with ○ for each: each is an exercise.
    """
    seconds = 0.0
    for cell in cells(path):
        source = text_of(cell)
        if cell["cell_type"] == "markdown":
            words = re.sub(r"\]\([^)]*\)", "]", PICTURE.sub("", source)).split()
            seconds += len(words) * 60 / WORDS_A_MINUTE
        elif not cell["metadata"].get("jupyter", {}).get("source_hidden"):
            lines = [line for line in source.splitlines() if line.strip()]
            seconds += len(lines) * LINE_SECONDS + len(cell["outputs"]) * OUTPUT_SECONDS
            if re.search(r"^check\(", source, re.MULTILINE):
                seconds += max(1, _to_do(cell)) * EXERCISE_MINUTES * 60
    return seconds / 60


def _to_do(cell: nbformat.NotebookNode) -> int:
    """Return how many things there are to do, as a `check` has printed them."""
    printed = "".join("".join(output.get("text", "")) for output in cell["outputs"])
    return len(re.findall("^○ ", printed, re.MULTILINE))


# What a construct of Python is called in the course. The word is explained in a text, and stands
# there with a link to the glossary, or *emphasised*. What one knows from pandas is not here.
WORDS = {
    "decorator": ("decorator",),
    "with": ("context manager",),
    "yield": ("generator",),
    "type hint": ("type hint",),
    "Annotated": ("annotated",),
    "async def": ("await",),
    "await": ("await",),
    "comprehension": ("comprehension",),
    "lambda": ("lambda",),
    "* in a call": ("unpacking",),
    ":=": ("walrus",),
    "nonlocal": ("nonlocal",),
}


def constructs(code: str) -> set[str]:
    """Return which constructs of `WORDS` a piece of Python uses. Raises SyntaxError."""
    return {name for node in ast.walk(ast.parse(code)) for name in _of_node(node)}


def _of_node(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            if node.returns is not None:
                yield "type hint"
            if isinstance(node, ast.AsyncFunctionDef):
                yield "async def"
        case ast.arg() if node.annotation is not None:
            yield "type hint"
        case ast.AnnAssign():
            yield "type hint"
        case ast.Subscript(value=ast.Name(id="Annotated")):
            yield "Annotated"
        case ast.With() | ast.AsyncWith():
            yield "with"
        case ast.Yield() | ast.YieldFrom():
            yield "yield"
        case ast.Await():
            yield "await"
        case ast.DictComp() | ast.SetComp() | ast.GeneratorExp():
            yield "comprehension"
        case ast.Lambda():
            yield "lambda"
        case ast.Call():
            if any(isinstance(one, ast.Starred) for one in node.args):
                yield "* in a call"
            if any(one.arg is None for one in node.keywords):
                yield "* in a call"
        case ast.Dict() if None in node.keys:
            yield "* in a call"
        case ast.NamedExpr():
            yield ":="
        case ast.Nonlocal() | ast.Global():
            yield "nonlocal"
    if getattr(node, "decorator_list", None):
        yield "decorator"


def constructs_of(cell: nbformat.NotebookNode) -> set[str]:
    """Return the constructs that a cell shows: in its code, or in Python within a text."""
    source = text_of(cell)
    if cell["cell_type"] == "markdown":
        pieces = PYTHON.findall(source)
    elif source.startswith("%%writefile") and ".py" in source.partition("\n")[0]:
        pieces = [source.partition("\n")[2]]
    elif source.startswith("%%"):
        pieces = []
    else:
        python = re.sub(r"^[%!].*$", "", source, flags=re.MULTILINE)  # a line for Jupyter
        pieces = [python, *_edits(python)]
    return {name for piece in pieces for name in _some(piece)}


def _edits(source: str) -> Iterator[str]:
    """Give the new texts of a cell's calls of `edit`, which are pieces of files."""
    for node in ast.walk(ast.parse(source)):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id == "edit"
        ):
            for one in node.args[2:3]:
                if isinstance(one, ast.Constant) and isinstance(one.value, str):
                    yield one.value


def _some(piece: str) -> set[str]:
    """Return the constructs of a piece of a file: it may begin or end in the midst of a block."""
    for whole in (piece, dedent(piece), f"{piece.rstrip()}\n    pass", f"async def f():\n{piece}"):
        try:
            found = constructs(whole)
        except SyntaxError:
            continue
        return found - ({"async def"} if whole.startswith("async def f") else set())
    return set()


def explains(text: str, word: str) -> bool:
    """Whether a text has a word as a link to its entry of the glossary, or *emphasised*."""
    if f"({GLOSSARY.name}#{address(word)})" in text:
        return True
    return bool(
        re.search(rf"(?<![\w*])\*`?{re.escape(word)}s?`?\*", FENCE.sub("", text), re.IGNORECASE)
    )
