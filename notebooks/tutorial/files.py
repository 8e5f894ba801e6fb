"""Shows and edits the project's files: the tree, a diff, an edit with its diff."""

import difflib
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

from tutorial.edits import built_on, edited
from tutorial.ends import stored_ends
from tutorial.errors import Problem
from tutorial.fresh import note_app
from tutorial.show import code, display_lines
from tutorial.state import DATABASE, in_order, project_files

NOTES = tomllib.loads((Path(__file__).parent / "tree.toml").read_text(encoding="utf-8"))
LANGUAGES = {".ini": "ini", ".py": "python", ".yml": "yaml"}
# Thin, so that they fit a dark page too.
CHANGED = {"-": "background: rgba(248, 81, 73, 0.25)", "+": "background: rgba(46, 160, 67, 0.25)"}


def tree(*more: str) -> None:
    """Print the project's files as a tree, each with a word on what it is for.

    more: folders besides the project's own whose files are shown, too.
    """
    paths = project_files(Path.cwd())
    if Path(DATABASE).exists():
        paths.append(Path(DATABASE))
    paths += [path for name in more for path in Path(name).rglob("*") if path.is_file()]
    if not paths:
        print(".  (an empty folder)")
        return
    entries = in_order({parent for path in paths for parent in (path, *path.parents)} - {Path()})
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
    text = _unified(_text(old), _text(new), context)
    display_lines((line, CHANGED.get(line[:1], "")) for line in re.split("(\n)", text))


def _text(source: str) -> str:
    if "\n" in source:
        return source
    if not Path(source).is_file():
        raise Problem("file-gone", path=source)
    return Path(source).read_text(encoding="utf-8")


def show_file(path: str | Path) -> None:
    """Show a file as coloured code. Raises Problem if there is none."""
    code(_text(str(path)), LANGUAGES.get(Path(path).suffix, "text"))


def _unified(old: str, new: str, context: int) -> str:
    """Return a diff: its parts, with no blank line at an end, and … between them."""
    lines = difflib.unified_diff(old.splitlines(), new.splitlines(), lineterm="", n=context)
    parts = re.split(r"^@@.*\n", "\n".join(lines), flags=re.MULTILINE)[1:]
    texts = (re.sub(r"\A(?: \n)+|(?:\n )+\Z", "", part.rstrip("\n")) for part in parts)
    return "\n…\n".join(texts) or "(no difference)"


def file_after(step: int, path: str) -> str:
    """Return the text that a file has at the end of a step. Raises Problem if there is none."""
    text = stored_ends().text(step, path)
    if text is None:
        raise Problem("file-gone", path=path)
    return text


def edit(path: str, old: str, new: str, *, show: bool = True) -> None:
    """Replace `old` by `new` in a file of the project, and show the change if `show` is true.

    An empty `new` deletes `old`. Doing it twice changes nothing more, also if later cells of the
    notebook have changed what it has put there. Raises Problem if the file has neither text.
    """
    before = _text(path)
    after = edited(before, old, new)
    if after != before and built_on(before, path, old, new):
        after = before
    if after is None:
        raise Problem("nothing-to-replace", path=path, text=repr(old.strip().splitlines()[0]))
    if after == before:
        print(f"{path} has this edit already.")
        return
    note_app()  # what was imported in this cell, before the file changes
    Path(path).write_text(after, encoding="utf-8", newline="\n")
    if show:
        diff(before, after, context=1)
