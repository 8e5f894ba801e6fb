"""What an error's text means: said.toml, read by place."""

import re
import tomllib
from pathlib import Path
from typing import Literal, NamedTuple

from tutorial.errors import Problem

Place = Literal["command", "sqlite", "server", "process", "exception", "answer"]  # see said.toml


class Said(NamedTuple):
    """An entry of said.toml."""

    text: str
    key: str
    places: tuple[str, ...]


_TEXT = (Path(__file__).parent / "said.toml").read_text(encoding="utf-8")
SAID = [Said(text, key, tuple(places)) for text, key, places in tomllib.loads(_TEXT)["said"]]


def meaning(text: str, place: Place, **values: object) -> Problem | None:
    """Return the Problem that a text means in a place, or None: then nothing is known about it.

    values: what the message may name.
    """
    for entry in SAID:
        if place in entry.places and (found := re.search(entry.text, text)):
            return Problem(entry.key, **{**values, **found.groupdict()})
    return None
