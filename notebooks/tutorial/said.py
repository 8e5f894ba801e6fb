"""What an error's text means: said.toml, read by place."""

import re
import tomllib
from pathlib import Path
from typing import Literal

from tutorial.errors import Problem

Place = Literal["command", "sqlite", "server", "process", "exception", "answer"]  # see said.toml


_TEXT = (Path(__file__).parent / "said.toml").read_text(encoding="utf-8")
SAID: list[tuple[str, str, list[Place]]] = tomllib.loads(_TEXT)["said"]


def meaning(text: str, place: Place, **values: object) -> Problem | None:
    """Return the Problem that a text means in a place, or None: then nothing is known about it.

    values: what the message may name.
    """
    for pattern, key, places in SAID:
        if place in places and (found := re.search(pattern, text)):
            return Problem(key, **{**values, **found.groupdict()})
    return None
