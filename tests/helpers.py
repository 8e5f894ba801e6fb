"""What the tests of several modules need."""

import socket
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


def free_port() -> int:
    """Return a port of this computer that is free now."""
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        port: int = trial.getsockname()[1]
        return port
