"""What the tests of several modules need."""

import threading
import time
from pathlib import Path


def write(path: str, text: str) -> None:
    """Write a file, in UTF-8 and with the line ends as they are; make its folders, too."""
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text(text, encoding="utf-8", newline="\n")


def left_behind(before: set[threading.Thread]) -> set[threading.Thread]:
    """Return the threads that are new since `before`; those that are just ending have a second."""
    deadline = time.monotonic() + 1
    while (new := set(threading.enumerate()) - before) and time.monotonic() < deadline:
        time.sleep(0.01)
    return new
