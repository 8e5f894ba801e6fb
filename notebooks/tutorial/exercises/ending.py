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
CHECK = "tutorial.exercises"  # the module of `check`
PATIENT = 1.25  # seconds after that, in which an error may run through what the call has opened


class StillRuns(BaseException):
    """A call of a learner's function takes too long. No `except Exception` of its own catches it.

    After an `except:` that catches it, it is raised again, and soon so often that it gets past it.
    """


@contextmanager
def ended() -> Iterator[None]:
    """Raise StillRuns in whatever a call of a learner's function does after LONGEST_CALL.

    It ends loops of Python, in this thread and in those that begin in the block, on any system.
    What waits outside of Python, as `time.sleep` does, is ended when it comes back. What awaits for
    ever is not ended: no thread is in it.
    """
    done, checking = threading.Event(), threading.get_ident()
    others = {thread.ident for thread in threading.enumerate()} - {checking}
    watcher = threading.Thread(target=_watch, args=(done, checking, others), daemon=True)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()


def _watch(done: threading.Event, checking: int, others: set[int | None]) -> None:
    """Look into each thread but the others again and again, until the check is done.

    Most checks are done before the first look, which would keep what a call has for a while longer.
    """
    since: dict[tuple[int, FrameType], float] = {}
    wait, interval = LONGEST_CALL / 5, sys.getswitchinterval()
    while not done.wait(wait):
        wait, now = 0.5, time.monotonic()
        frames = {key: frame for key, frame in sys._current_frames().items() if key not in others}
        if not _is_in_check(frames.get(checking)):  # an error came just when it was to say so
            break
        calls = [(ident, _call(frame)) for ident, frame in frames.items()]
        since = {(ident, call): since.get((ident, call), now) for ident, call in calls if call}
        for (ident, _), begun in since.items():
            if now - begun > LONGEST_CALL:
                raise_in = ctypes.pythonapi.PyThreadState_SetAsyncExc
                raise_in(ctypes.c_ulong(ident), ctypes.py_object(StillRuns))
            if now - begun > LONGEST_CALL + PATIENT:
                wait = 0.0001
                sys.setswitchinterval(wait)  # else it may be met at the same place each time
    sys.setswitchinterval(interval)


def _is_in_check(frame: FrameType | None) -> bool:
    while frame is not None and frame.f_globals.get("__name__") != CHECK:
        frame = frame.f_back
    return frame is not None


def _call(frame: FrameType | None) -> FrameType | None:
    """Return the call of what a cell defines that `check` has made, of all that a thread does."""
    call = None
    while frame is not None and frame.f_globals.get("__name__") != CHECK:
        if frame.f_globals.get("__name__") == "__main__":
            call = frame
        frame = frame.f_back
    return call
