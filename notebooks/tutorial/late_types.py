"""Finds types that Python does not know, or can't make, in annotations of classes and functions.

Python 3.13 stops where such a class or function is made. Newer ones look at a type only when it is
asked for: pydantic and FastAPI then go on with what they have, and the service answers 422 or 500.
See https://docs.python.org/3/whatsnew/3.14.html#whatsnew314-deferred-annotations.
"""

import traceback
from collections.abc import Iterable
from inspect import isfunction
from types import FunctionType

MADE = (type, FunctionType)
OWN = ("__main__", "app")  # where a learner's code is
VALUES = 1  # annotationlib.Format.VALUE: what Python 3.13 does at once


def unknown_type(values: Iterable[object], module: str) -> Exception | None:
    """Return the error that a type in the first such class or function gives, or None.

    values: classes, functions and others. Only those count that were made in the module.
    """
    for value in values:
        methods = filter(isfunction, vars(value).values()) if isinstance(value, type) else ()
        for one in (value, *methods):
            if not isinstance(one, MADE) or one.__module__ != module:
                continue
            # Not __annotations__: pydantic has put there what it could make of them.
            annotate = getattr(one, "__annotate__", None)
            try:
                _ = annotate and annotate(VALUES)
            except Exception as error:  # a TypeError for int[5], an AttributeError for int.big
                error.__context__ = None  # what a library met, if this is asked because of it
                trace = error.__traceback__
                return error.with_traceback(trace and trace.tb_next)  # without this function
    return None


def unknown_type_behind(error: BaseException) -> Exception | None:
    """Return the error of the type in the learner's code that a library has met, or None.

    SQLModel asks such a type which column it wants, and says that it is no class. Of int.big, the
    error that pydantic meets names the first line of the class, after a hundred lines of others.
    """
    if not isinstance(error, TypeError | AttributeError):
        return None
    # What a cell or a file has in hand is all that was made in it before, maybe in another cell.
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    names = [frame.f_locals for frame in frames if frame.f_locals is not frame.f_globals]
    made = [value for one in names for value in one.values() if isinstance(value, MADE)]
    bases = [base for one in made for base in getattr(one, "__mro__", (one,))]
    own = [one for one in bases if str(one.__module__).partition(".")[0] in OWN]
    return next(filter(None, (unknown_type([one], one.__module__) for one in own)), None)
