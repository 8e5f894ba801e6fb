"""Ends an answer that does not end by itself, so that `check` always comes to its verdict."""

from __future__ import annotations

import ctypes
import sys
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

LONGEST_CALL = 10.0  # seconds that one call of a learner's function may take


class StillRuns(BaseException):
    """A call of a learner's function takes too long. No `except Exception` of its own catches it.

    After an `except:` that catches it, it is raised again.
    """


@contextmanager
def ended() -> Iterator[None]:
    """Raise StillRuns in whatever a call of a learner's function does after LONGEST_CALL.

    It ends loops of Python, in this thread and in those that begin in the block, on any system.
    What waits outside of Python, as `time.sleep` does, is ended when it comes back.
    """
    done = threading.Event()
    others = {thread.ident for thread in threading.enumerate()} - {threading.get_ident()}
    watcher = threading.Thread(target=_watch, args=(done, others), daemon=True)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()


def _watch(done: threading.Event, others: set[int | None]) -> None:
    """Look into each thread but the others again and again, until the check is done.

    Most checks are done before the first look, which would keep what a call has for a while longer.
    """
    since: dict[tuple[int, FrameType], float] = {}
    wait = LONGEST_CALL / 5
    while not done.wait(wait):
        wait, now = 0.5, time.monotonic()  # enough for what an error runs through before it is out
        frames = {key: frame for key, frame in sys._current_frames().items() if key not in others}
        calls = [(ident, _call(frame)) for ident, frame in frames.items()]
        since = {(ident, call): since.get((ident, call), now) for ident, call in calls if call}
        for (ident, _), begun in since.items():
            if now - begun > LONGEST_CALL:
                raise_in = ctypes.pythonapi.PyThreadState_SetAsyncExc
                raise_in(ctypes.c_ulong(ident), ctypes.py_object(StillRuns))


def _call(frame: FrameType | None) -> FrameType | None:
    """Return the call of what a cell defines that `check` has made, of all that a thread does."""
    call = None
    while frame is not None and frame.f_globals.get("__name__") != "tutorial.exercises":
        if frame.f_globals.get("__name__") == "__main__":
            call = frame
        frame = frame.f_back
    return call
