"""Shows and edits the project's files: the tree, a diff, an edit with its diff."""

import difflib
import html
import tomllib
from collections.abc import Iterator
from pathlib import Path

from tutorial.ends import stored_ends
from tutorial.errors import Problem
from tutorial.show import display_as
from tutorial.state import DATABASE, project_files

NOTES = tomllib.loads((Path(__file__).parent / "tree.toml").read_text(encoding="utf-8"))


def tree() -> None:
    """Print the project's files as a tree, each with a word on what it is for."""
    here = Path.cwd()
    paths = project_files(here)
    if (here / DATABASE).exists():
        paths.append(Path(DATABASE))
    if not paths:
        print(".  (an empty folder)")
        return
    entries = sorted({parent for path in paths for parent in (path, *path.parents)} - {Path()})
    lines = [(".", ""), *_branches(entries, Path(), "")]
    width = max(len(name) for name, _ in lines)
    print("\n".join(f"{name:<{width}}   {note}".rstrip() for name, note in lines))


def _branches(entries: list[Path], parent: Path, prefix: str) -> Iterator[tuple[str, str]]:
    """Give what stands below a folder in the tree: a line for each entry, and its note."""
    inside = [entry for entry in entries if entry.parent == parent]
    for entry in inside:
        last = entry == inside[-1]
        yield f"{prefix}{'└── ' if last else '├── '}{entry.name}", NOTES.get(entry.as_posix(), "")
        yield from _branches(entries, entry, prefix + ("    " if last else "│   "))


def diff(old: str, new: str, *, context: int = 3) -> None:
    """Show how one text became another: lines that went in red, lines that came in green.

    old, new: a file of the project, or a text (anything with a line break in it).
    context: how many unchanged lines to show around each change.
    """
    lines = _unified(_text(old), _text(new), context)
    rows = "\n".join(_coloured(line) for line in lines)
    page = f'<pre style="line-height: 1.3">{rows}</pre>'
    display_as("html", page, "\n".join(lines))


def _text(source: str) -> str:
    if "\n" in source:
        return source
    path = Path(source)
    if not path.is_file():
        raise Problem("file-gone", path=source)
    return path.read_text(encoding="utf-8")


def _unified(old: str, new: str, context: int) -> list[str]:
    """Return the lines of a diff: its parts, with no blank line at an end, and … between them."""
    lines: list[str] = []
    part: list[str] = []
    diff_lines = difflib.unified_diff(old.splitlines(), new.splitlines(), lineterm="", n=context)
    for line in [*list(diff_lines)[3:], "@@"]:
        if not line.startswith("@@"):
            part.append(line)
            continue
        while part and part[0] == " ":
            part.pop(0)
        while part and part[-1] == " ":
            part.pop()
        lines += ["…", *part] if lines else part
        part = []
    return lines or ["(no difference)"]


def _coloured(line: str) -> str:
    """Return a line of a diff as HTML. The colours are thin, so that they fit a dark page too."""
    colour = {"-": "rgba(248, 81, 73, 0.25)", "+": "rgba(46, 160, 67, 0.25)"}.get(line[:1])
    text = html.escape(line)
    return f'<span style="background-color: {colour}">{text}</span>' if colour else text


def file_after(step: int, path: str) -> str:
    """Return the text that a file has at the end of a step. Raises Problem if there is none."""
    text = stored_ends().text(step, path)
    if text is None:
        raise Problem("file-gone", path=path)
    return text


def edit(path: str, old: str, new: str) -> None:
    """Replace `old` by `new` in a file of the project, and show the change.

    An empty `new` deletes `old`. Doing it twice changes nothing more. Raises Problem if the file
    has neither text.
    """
    before = _text(path)
    # The new text may be a part of the old one, or the old one a part of the new.
    if new in before and (old in new or old not in before) if new else old not in before:
        print(f"{path} has this edit already.")
        return
    if old not in before:
        raise Problem("nothing-to-replace", path=path, text=repr(old.strip().splitlines()[0]))
    after = before.replace(old, new, 1)
    Path(path).write_text(after, encoding="utf-8", newline="\n")
    diff(before, after, context=1)
