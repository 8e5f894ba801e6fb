"""Shows an error with the learner's own places: of those in libraries there are often a hundred."""

import textwrap
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType

NOTE = "(What happened inside of libraries is left out here. `%tb` shows it.)"
Own = Callable[[FrameType], bool]


@contextmanager
def shortened(error: BaseException, own: Own, todo: str = "") -> Iterator[TracebackType | None]:
    """Take the places that are not the learner's own out of an error while the block runs.

    todo: what to do about it, which is shown below it. Gives the traceback to show. Libraries often
    turn one error into another. Those that led to this one are left out behind the last one with a
    place of the learner's own; if nothing is known to do, their words are shown. An error itself
    is never left out.
    """
    chain = list(_chain(error))
    places = [[one for one in _places(each.__traceback__) if own(one.tb_frame)] for each in chain]
    # An error without any place was not raised, but made by who named it behind `from`.
    kept = [bool(places[at]) or each.__traceback__ is None for at, each in enumerate(chain)]
    shown = max((at for at, is_kept in enumerate(kept) if is_kept), default=0) + 1
    before = [(each.__traceback__, each.__cause__, each.__suppress_context__) for each in chain]
    for each, own_places in zip(chain[:shown], places[:shown], strict=True):
        innermost = [] if each is error else _places(each.__traceback__)[-1:]
        if some := own_places or innermost:
            each.__traceback__ = _trace(some)
    left_out = chain[shown:]
    if left_out:
        chain[shown - 1].__cause__ = None  # this hides the context, too
    notes = [f"→ {todo}"] if todo else _words(left_out, " ".join(map(str, chain[:shown])))
    lengths = [len(_places(trace)) for trace, *_ in before[:shown]]
    if left_out or lengths != [len(_places(each.__traceback__)) for each in chain[:shown]]:
        notes.append(NOTE)
    try:
        for note in notes:
            error.add_note(note)
        yield error.__traceback__
    finally:
        for each, (trace, cause, suppressed) in zip(chain, before, strict=True):
            each.__traceback__, each.__cause__ = trace, cause
            each.__suppress_context__ = suppressed
        for note in notes:
            error.__notes__.remove(note)


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Give an error, and those that led to it, as Python shows them."""
    one: BaseException | None = error
    known: list[BaseException] = []
    while one is not None and all(one is not other for other in known):
        known.append(one)
        yield one
        one = one.__cause__ or (None if one.__suppress_context__ else one.__context__)


def _words(errors: list[BaseException], known: str) -> list[str]:
    """Return what errors say that is not said already."""
    new = [one for one in errors if str(one).strip() and str(one) not in known]
    said = [f"It came from {type(one).__name__}: {' '.join(str(one).split())}" for one in new]
    return [textwrap.shorten(words, 200, placeholder=" …") for words in said]


def _places(trace: TracebackType | None) -> list[TracebackType]:
    places = []
    while trace is not None:
        places.append(trace)
        trace = trace.tb_next
    return places


def _trace(places: list[TracebackType]) -> TracebackType | None:
    """Return a traceback of these places only."""
    short = None
    for one in reversed(places):
        short = TracebackType(short, one.tb_frame, one.tb_lasti, one.tb_lineno)
    return short
