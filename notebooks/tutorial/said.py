"""What an error's text means: the messages for what commands, SQLite and servers say.

The same words do not count everywhere. A command prints whatever it likes, so only a whole phrase
tells what went wrong there; SQLite's own error is short, and two words of it are enough. Each entry
names the places where it counts.
"""

import re
from typing import NamedTuple

from tutorial.errors import Problem

COMMAND = "what a failed command has printed"
SQLITE = "an error of SQLite"
SERVER = "the errors that a server has logged before it was up"
PROCESS = "the whole log of a server that is a process of its own: uvicorn has imported the app too"


class Said(NamedTuple):
    """An entry: a regular expression, the key of the message that it means, and where it counts.

    The named groups of `text` give values of the message.
    """

    text: str
    key: str
    places: tuple[str, ...]


# The first entry that fits counts.
SAID = (
    # Alembic
    Said("Can't locate revision identified by", "unknown-revision", (COMMAND,)),
    Said("Target database is not up to date", "database-behind", (COMMAND,)),
    Said("already exists and is not empty", "folder-exists", (COMMAND,)),
    Said("is present more than once", "revision-exists", (COMMAND,)),
    Said("Self-loop is detected", "revision-made-twice", (COMMAND,)),
    Said("No 'script_location' key found", "no-alembic-ini", (COMMAND,)),
    # SQLite
    Said("unable to open database file", "database-can-not-be-opened", (COMMAND,)),
    Said("database is locked", "database-locked", (COMMAND, SQLITE)),
    Said("OperationalError[:)] database is locked", "database-locked", (SERVER, PROCESS)),
    Said("no such table", "table-missing", (SQLITE,)),
    Said("no such column", "table-missing", (SQLITE,)),
    Said("has no column named", "table-missing", (SQLITE,)),
    Said("syntax error", "query-refused", (SQLITE,)),
    Said("readonly database", "database-can-not-be-opened", (SQLITE,)),
    Said("unable to open", "database-can-not-be-opened", (SQLITE,)),
    Said("disk I/O error", "database-can-not-be-opened", (SQLITE,)),
    Said("database or disk is full", "disk-full", (COMMAND,)),
    Said("is full", "disk-full", (SQLITE,)),
    Said("file is not a database", "database-broken", (COMMAND,)),
    Said("not a database", "database-broken", (SQLITE,)),
    Said("database disk image is malformed", "database-broken", (COMMAND,)),
    Said("malformed", "database-broken", (SQLITE,)),
    # The system, and curl
    Said("No space left on device", "disk-full", (COMMAND,)),
    Said("Couldn't connect to server", "server-gone", (COMMAND,)),
    Said("Failed to connect to", "server-gone", (COMMAND,)),
    # A server: uvicorn's own words, and those of the service that this course builds
    Said('Could not import module "(?P<name>.+)"', "no-such-module", (PROCESS,)),
    Said('Attribute "(?P<name>.+)" not found in module "(?P<module>.+)"', "no-app", (PROCESS,)),
    Said("alembic upgrade head", "database-not-at-head", (SERVER, PROCESS)),
)


def meaning(text: str, place: str, **values: object) -> Problem | None:
    """Return the Problem that a text means in a place, or None: then nothing is known about it.

    place: one of the four above. values: what the message may name.
    """
    for entry in SAID:
        if place in entry.places and (found := re.search(entry.text, text)):
            return Problem(entry.key, **{**values, **found.groupdict()})
    return None
