"""The ends of the notebooks: what each of them leaves in the project, stored in ends.json.

tests/store_outputs.py writes the file from a run of the notebooks, and every run of the tests
compares it with what they leave. A text stands there once, under the number of the notebook that
writes it; it holds until a later notebook writes another. What a chapter of part two writes holds
for itself only. The database is stored as the SQL that makes it.
"""

import difflib
import hashlib
import json
import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from tutorial import course
from tutorial.errors import Problem
from tutorial.state import DATABASE, State, read_database

STORED = Path(__file__).parent / "ends.json"
Texts = dict[str, dict[int, str | None]]  # path -> number of a notebook -> text, or None: deleted


@dataclass
class Ends:
    """The stored ends. texts: see `Texts`. passed: path -> digests of texts on the way."""

    texts: Texts
    passed: dict[str, set[str]]
    _states: dict[int, State] = field(default_factory=dict)

    def text(self, number: int, path: str) -> str | None:
        """Return the text that a file has at the end of a notebook, or None if there is none."""
        start = course.start_of(number) if number else 0
        known = [one for one in self.texts.get(path, {}) if one <= start or one == number]
        return self.texts[path][max(known)] if known else None

    def files(self, number: int) -> dict[str, str]:
        """Return the project's files at the end of a notebook, without the database."""
        found = {path: self.text(number, path) for path in sorted(self.texts) if path != DATABASE}
        return {path: text for path, text in found.items() if text is not None}

    def state(self, number: int) -> State:
        """Return the state that a notebook leaves; for 0, the empty project."""
        if number not in self._states:
            sql = self.text(number, DATABASE)
            with closing(sqlite3.connect(":memory:")) as connection:
                connection.executescript(sql or "")
                self._states[number] = State(self.files(number), *read_database(connection))
        return self._states[number]

    def put(self, number: int, folder: Path) -> None:
        """Write the project as a notebook leaves it into `folder`, where no project may be."""
        for path, text in self.files(number).items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text, encoding="utf-8", newline="\n")
        if sql := self.text(number, DATABASE):
            with closing(sqlite3.connect(folder / DATABASE)) as connection:
                connection.executescript(sql)

    def number_of(self, state: State) -> int | None:
        """Return the first notebook that leaves exactly this state, or None: it is somebody's."""
        return next((one for one in [0, *course.numbers()] if self.state(one) == state), None)

    def knows(self, path: str, text: str) -> bool:
        """Whether a file gets this text in the course, so that it is nobody's own."""
        texts, digests = self.texts.get(path, {}), self.passed.get(path, ())
        return text in texts.values() or digest(text) in digests

    def nearest(self, path: str, text: str) -> str:
        """Return the text of the course that is most like this one, "" if it has no such file."""
        known = [one for one in self.texts.get(path, {}).values() if one]
        lines = text.splitlines()
        matchers = {one: difflib.SequenceMatcher(None, one.splitlines(), lines) for one in known}
        return max(known, key=lambda one: matchers[one].ratio(), default="")


def stored_ends() -> Ends:
    """Return the stored ends. Raises Problem if the file is damaged, or of another version."""
    try:
        found = STORED.stat()
        return _read(found.st_mtime_ns, found.st_size)
    except OSError as error:
        raise Problem("ends-damaged", error=f"{type(error).__name__}: {STORED.name}") from error


@lru_cache(maxsize=1)
def _read(_changed: int, _size: int) -> Ends:
    """Read the file; the arguments are what tells one content from another."""
    try:
        stored = json.loads(STORED.read_text(encoding="utf-8"))
        if stored["version"] != version():
            found = stored["version"]
            raise Problem("ends-of-another-version", found=found, wanted=version())
        if stored["checksum"] != checksum(stored["texts"], stored["passed"]):
            raise ValueError("its checksum is wrong")
        texts = {
            path: {int(number): join(lines) for number, lines in of_path.items()}
            for path, of_path in stored["texts"].items()
        }
        passed = {path: set().union(*of.values()) for path, of in stored["passed"].items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Problem("ends-damaged", error=f"{type(error).__name__}: {error}") from error
    return Ends(texts, passed)


def version() -> str:
    """Return the version of the course, as pyproject.toml says it."""
    return str(course.project()["version"])


def join(lines: list[str] | None) -> str | None:
    """Return a text of the file, where it stands line by line, so that git shows its changes."""
    return None if lines is None else "\n".join(lines)


def digest(text: str) -> str:
    """Return a short digest of a text."""
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:16]


def checksum(texts: dict[str, Any], passed: dict[str, Any]) -> str:
    """Return what tells whether the file is as it was written."""
    return digest(json.dumps([texts, passed], sort_keys=True))
