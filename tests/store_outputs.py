"""Executes the notebooks; stores their outputs, what each leaves behind, and their links.

    python tests/store_outputs.py          all notebooks
    python tests/store_outputs.py 3 4      these only; 0 is the start page

Run it after a change of a notebook, then read the diff: a changed output is a changed fact. A
change of what a step leaves changes what the later ones start from: store these again, too.
"""

import configparser
import json
import re
import sqlite3
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import nbformat

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "notebooks"))

import navigation  # noqa: E402
import translations  # noqa: E402
from kernel import execute  # noqa: E402
from strict_outputs import merge_neighbours  # noqa: E402

from tutorial import course, ends  # noqa: E402
from tutorial.state import DATABASE, project_files, read_text  # noqa: E402
from tutorial.workspace import project_of  # noqa: E402

METADATA = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
KEPT = ("tags", "jupyter")  # of a cell's metadata; "jupyter" hides the source of a solution


def sanitizer() -> Callable[[str], str]:
    """Return a function that applies the rules of sanitize.cfg, as nbval does."""
    rules = configparser.RawConfigParser()
    rules.read(HERE / "sanitize.cfg", encoding="utf-8")
    pairs = [(rules[name]["regex"], rules[name]["replace"]) for name in rules.sections()]

    def sanitize(text: str) -> str:
        for regex, replacement in pairs:
            text = re.sub(regex, replacement, text)
        return text

    return sanitize


def store(path: Path, notebook: nbformat.NotebookNode) -> None:
    """Write a notebook with sanitized outputs and with no metadata but what the course needs."""
    sanitize = sanitizer()
    notebook["metadata"] = nbformat.from_dict(METADATA)
    for cell in notebook["cells"]:
        kept = {name: cell["metadata"][name] for name in KEPT if name in cell["metadata"]}
        cell["metadata"] = nbformat.from_dict(kept)
        if "outputs" in cell:
            cell["outputs"] = merge_neighbours(cell["outputs"])
        for output in cell.get("outputs", ()):
            if "text" in output:
                output["text"] = sanitize(output["text"])
            for kind, value in output.get("data", {}).items():
                output["data"][kind] = sanitize(value) if isinstance(value, str) else value
        if "outputs" in cell:  # the rules may leave no text
            cell["outputs"] = [one for one in cell["outputs"] if one.get("text") != ""]
    navigation.save(notebook, path)


def dump(database: Path) -> str:
    """Return the SQL that makes a database, and lets it keep its journal as it does."""
    with closing(sqlite3.connect(database)) as connection:
        (mode,) = connection.execute("PRAGMA journal_mode").fetchone()
        return "\n".join([f"PRAGMA journal_mode = {mode};", *connection.iterdump()])


class Recorder:
    """Records the end of one notebook, and which texts its files have on the way."""

    def __init__(self, number: int, project: Path) -> None:
        self.number = number
        self.project = project
        self.seen: dict[str, set[str]] = defaultdict(set)

    def before(self, cell: nbformat.NotebookNode, _index: int) -> None:
        """Write the end before `finish` compares with it."""
        if cell.id == "finish":
            self.write()

    def after(self, _cell: nbformat.NotebookNode, _index: int) -> None:
        """Note the texts that a cell has left."""
        for path in project_files(self.project):
            self.seen[path.as_posix()].add(read_text(self.project / path))

    def write(self) -> None:
        """Write into ends.json what this notebook changes, and nothing of the others."""
        stored = read_stored()
        now = {
            path.as_posix(): read_text(self.project / path) for path in project_files(self.project)
        }
        if (self.project / DATABASE).exists():
            now[DATABASE] = dump(self.project / DATABASE)
        texts: dict[str, dict[str, list[str] | None]] = stored["texts"]
        for path in sorted({*now, *texts}):
            of_path = texts.setdefault(path, {})
            of_path.pop(str(self.number), None)
            start = course.start_of(self.number)
            before = [int(one) for one in of_path if int(one) <= start]
            last = ends.join(of_path[str(max(before))]) if before else None
            if now.get(path) != last:
                text = now.get(path)
                of_path[str(self.number)] = None if text is None else text.split("\n")
        for path in sorted({*self.seen, *stored["passed"]}):
            known = {ends.join(lines) for lines in texts.get(path, {}).values()}
            digests = sorted(ends.digest(text) for text in self.seen[path] - known)
            of_path = stored["passed"].setdefault(path, {})
            of_path.pop(str(self.number), None)
            if digests:
                of_path[str(self.number)] = digests
        write_stored(stored)


def read_stored() -> dict[str, Any]:
    """Return what ends.json holds; nothing, if there is none."""
    if not ends.STORED.exists():
        return {"texts": {}, "passed": {}}
    stored: dict[str, Any] = json.loads(ends.STORED.read_text(encoding="utf-8"))
    return stored


def write_stored(stored: dict[str, Any]) -> None:
    """Write ends.json, in an order that does not depend on the run."""
    texts, passed = (
        {
            path: dict(sorted(of_path.items(), key=lambda item: int(item[0])))
            for path, of_path in sorted(stored[name].items())
            if of_path
        }
        for name in ("texts", "passed")
    )
    whole = {"version": ends.version(), "checksum": ends.checksum(texts, passed)}
    text = json.dumps(whole | {"texts": texts, "passed": passed}, indent=1, ensure_ascii=False)
    ends.STORED.write_text(text + "\n", encoding="utf-8", newline="\n")


def main(numbers: list[int]) -> None:
    """Store these notebooks again. The start page gets an empty workspace of its own."""
    navigation.write(numbers)
    write_stored(read_stored())  # in the version of today
    with tempfile.TemporaryDirectory(prefix="course workspace ") as name:
        for number in numbers:
            path, workspace = course.notebook_path(number), Path(name) / "steps"
            if number:
                recorder = Recorder(number, project_of(number, workspace))
                notebook = execute(path, workspace, recorder.before, recorder.after)
                recorder.write()
            else:
                notebook = execute(path, Path(name) / "start page")
            store(path, notebook)
            translations.copy_code(number)
            print(f"stored {path.name}")


if __name__ == "__main__":
    main([int(word) for word in sys.argv[1:]] or [0, *course.numbers()])
