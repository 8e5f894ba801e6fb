"""What an error's text means: said.toml, read by place."""

import re
import tomllib
from pathlib import Path
from typing import NamedTuple

from tutorial.errors import Problem

COMMAND = "command"  # what a failed command has printed
SQLITE = "sqlite"  # an error of SQLite
SERVER = "server"  # the errors that a server has logged before it was up
PROCESS = "process"  # the whole log of a server that is a process: uvicorn has imported the app too
ANSWER = "answer"  # how an answer stops that `check` tries, as "Type: its text"
EXCEPTION = "exception"  # an exception of a library, as "package.Type: its text"


class Said(NamedTuple):
    """An entry of said.toml."""

    text: str
    key: str
    places: tuple[str, ...]


_TEXT = (Path(__file__).parent / "said.toml").read_text(encoding="utf-8")
SAID = [Said(text, key, tuple(places)) for text, key, places in tomllib.loads(_TEXT)["said"]]


def meaning(text: str, place: str, **values: object) -> Problem | None:
    """Return the Problem that a text means in a place, or None: then nothing is known about it.

    place: one of the six above. values: what the message may name.
    """
    for entry in SAID:
        if place in entry.places and (found := re.search(entry.text, text)):
            return Problem(entry.key, **{**values, **found.groupdict()})
    return None
