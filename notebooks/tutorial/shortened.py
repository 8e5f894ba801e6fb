"""Shows an error with the learner's own places: of those in libraries there are often a hundred."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType

NOTE = "(What happened inside of libraries is left out here. `%tb` shows it.)"
Own = Callable[[FrameType], bool]


@contextmanager
def shortened(error: BaseException, own: Own, todo: str = "") -> Iterator[TracebackType | None]:
    """Take the places that are not the learner's own out of an error while the block runs.

    todo: what to do about it, which is shown below it. Gives the traceback to show. An error that
    led to this one (libraries often turn one into another) is left out if none of its places is
    the learner's own. An error itself never is.
    """
    before: list[tuple[BaseException, TracebackType | None, BaseException | None, bool]] = []
    left_out = False
    one: BaseException | None = error
    while one is not None and all(one is not known for known, *_ in before):
        before.append((one, one.__traceback__, one.__cause__, one.__suppress_context__))
        led_here = one.__cause__ or (None if one.__suppress_context__ else one.__context__)
        own_places = without_libraries(one.__traceback__, own)
        if own_places is not None:
            left_out |= _length(own_places) < _length(one.__traceback__)
            one.__traceback__ = own_places
        if led_here is not None and without_libraries(led_here.__traceback__, own) is None:
            left_out, led_here, one.__cause__ = True, None, None  # this hides the context, too
        one = led_here
    notes = [f"→ {todo}"] * bool(todo) + [NOTE] * left_out
    try:
        for note in notes:
            error.add_note(note)
        yield error.__traceback__
    finally:
        for one, trace, cause, suppressed in before:
            one.__traceback__, one.__cause__ = trace, cause
            one.__suppress_context__ = suppressed
        for note in notes:
            error.__notes__.remove(note)


def without_libraries(trace: TracebackType | None, own: Own) -> TracebackType | None:
    """Return a traceback of the places in own code, or None if there is none."""
    kept = [one for one in _places(trace) if own(one.tb_frame)]
    short = None
    for one in reversed(kept):
        short = TracebackType(short, one.tb_frame, one.tb_lasti, one.tb_lineno)
    return short


def _places(trace: TracebackType | None) -> Iterator[TracebackType]:
    while trace is not None:
        yield trace
        trace = trace.tb_next


def _length(trace: TracebackType | None) -> int:
    return sum(1 for _ in _places(trace))
