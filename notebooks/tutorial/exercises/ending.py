"""Ends an answer that does not end by itself, so that `check` always comes to its verdict."""

from __future__ import annotations

import asyncio
import ctypes
import os
import sys
import threading
import time
import warnings
from contextvars import copy_context
from typing import TYPE_CHECKING, Any

from tutorial.exercises.judging import line_at
from tutorial.explain import here

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from types import FrameType

LONGEST_CALL = 10.0  # seconds that one call of a learner's function may take
PATIENT = 1.25  # seconds after that, in which an error may run through what the call has opened
given_up: dict[int | None, StillRuns] = {}  # a judge's thread -> what it awaits for ever


class StillRuns(BaseException):
    """A call of a learner's function takes too long. No `except Exception` of its own catches it.

    After an `except:` that catches it, it is raised again, and soon so often that it gets past it.
    where: the line of the learner's code, if no traceback leads to it: the call is waiting there.
    left: whether it waits outside of Python, where nothing can end it.
    """

    def __init__(self, where: str = "", left: bool = False) -> None:
        self.where, self.left = where, left


def in_time(judge: Callable[..., None], *answer: Any) -> None:
    """Let a judge try an answer, and raise what it raises.

    It works in a thread of its own, and what a call of a learner's function does there for longer
    than LONGEST_CALL, or in a thread that begins meanwhile, ends with StillRuns, on any system. A
    call that only waits, as in `lock.acquire()`, can't be ended: its thread is left alone then. A
    call of C that lets nobody else work, as `sum(range(10**12))`, can't even be noticed. The
    notebook stays in its folder.
    """
    raised: list[BaseException] = []

    def work() -> None:
        try:
            try:
                judge(*answer)
            except BaseException as error:
                raised.append(error)
        except StillRuns:  # it came when the answer had just ended
            pass

    others = {thread.ident for thread in threading.enumerate()}
    thread = threading.Thread(target=copy_context().run, args=(work,), daemon=True)
    folder, interval = here(), sys.getswitchinterval()
    with warnings.catch_warnings():  # an answer that is left alone does not give these back
        thread.start()
        try:
            _watch(thread, others)
        except KeyboardInterrupt:
            _raise_in(thread.ident, KeyboardInterrupt)
            thread.join(PATIENT)
            raise
        finally:
            if folder is not None:
                os.chdir(folder)
            sys.setswitchinterval(interval)
            given_up.pop(thread.ident, None)
    if raised:
        raise raised[0]


def _watch(thread: threading.Thread, others: set[int | None]) -> None:
    """Look into each thread but the others again and again, until the judge's thread is done.

    Most checks are done before the first look, which would keep what a call has for a while longer.
    Raises StillRuns if a call stays where it is, whatever is raised in it.
    """
    since: dict[tuple[int, FrameType], float] = {}
    stays: dict[tuple[int, FrameType, int], float] = {}
    wait = LONGEST_CALL / 5
    while True:
        thread.join(wait)
        if not thread.is_alive():
            return
        wait, now = 0.5, time.monotonic()
        frames = {key: frame for key, frame in sys._current_frames().items() if key not in others}
        calls = [(ident, _call(frame)) for ident, frame in frames.items()]
        since = {(ident, call): since.get((ident, call), now) for ident, call in calls if call}
        late = {ident: now - begun - LONGEST_CALL for (ident, _), begun in since.items()}
        late = {ident: seconds for ident, seconds in late.items() if seconds > 0}
        for ident, seconds in late.items():
            _raise_in(ident, StillRuns)
            if seconds > PATIENT:
                wait = 0.0001
                sys.setswitchinterval(wait)  # else it may be met at the same place each time
        places = [(ident, frames[ident], frames[ident].f_lasti) for ident in late]
        stays = {place: stays.get(place, now) for place in places}
        for (_, frame, _), begun in stays.items():
            if now - begun > 2 * PATIENT:
                raise StillRuns(_line(frame), left=True)
        if thread.ident in given_up:
            thread.join(PATIENT)
            raise given_up[thread.ident]


def _raise_in(ident: int | None, kind: type[BaseException]) -> None:
    """Let an exception arise in a thread, as soon as it runs Python again."""
    raise_in = ctypes.pythonapi.PyThreadState_SetAsyncExc
    raise_in(ctypes.c_ulong(ident or 0), ctypes.py_object(kind))


def _call(frame: FrameType | None) -> FrameType | None:
    """Return the call of what a cell defines, of all that a thread does, or None."""
    call = None
    while frame is not None:
        if frame.f_globals.get("__name__") == "__main__":
            call = frame
        frame = frame.f_back
    return call


def _line(frame: FrameType | None) -> str:
    """Return which line of a cell a thread is in, as words for a message."""
    while frame is not None and frame.f_globals.get("__name__") != "__main__":
        frame = frame.f_back
    return line_at(frame, frame.f_lineno) if frame else ""


async def awaited(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """Return what a coroutine of a judge gives.

    Raises StillRuns if something in it that a cell defines awaits for longer than LONGEST_CALL: no
    thread is in that, so `in_time` does not see it.
    """
    task = asyncio.ensure_future(coroutine)
    since: dict[FrameType, float] = {}
    while not (await asyncio.wait([task], timeout=LONGEST_CALL / 5))[0]:
        now = time.monotonic()
        tasks = sorted(asyncio.all_tasks(), key=_number, reverse=True)
        calls = [calls for one in tasks if (calls := _awaiting(one))]
        since = {frames[0]: since.get(frames[0], now) for frames in calls}
        for frames in calls:
            if now - since[frames[0]] > LONGEST_CALL:
                error = StillRuns(line_at(frames[-1], frames[-1].f_lineno))
                given_up[threading.get_ident()] = error
                task.cancel()
                await asyncio.wait([task], timeout=PATIENT)
                raise error
    return task.result()


def _number(task: asyncio.Task[Any]) -> int:
    """Return which one a task was, so the newest can come first: what began it waits for it.

    asyncio names them Task-1, Task-2, …; one that a cell names is as new.
    """
    number = task.get_name().removeprefix("Task-")
    return int(number) if number.isdecimal() else sys.maxsize


def _awaiting(task: asyncio.Task[Any]) -> list[FrameType]:
    """Return what cells define of all that a task awaits now, the outermost first."""
    frames: list[FrameType] = []
    part: Any = task.get_coro()
    while part is not None:
        frame = getattr(part, "cr_frame", None)
        if frame is not None and frame.f_globals.get("__name__") == "__main__":
            frames.append(frame)
        part = getattr(part, "cr_await", None)
    return frames
