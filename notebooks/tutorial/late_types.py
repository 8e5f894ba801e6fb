"""Finds types that Python does not know in the annotations of classes and functions.

Python 3.13 stops where such a class or function is made. Newer ones look at a type only when it is
asked for: pydantic and FastAPI then go on with what they have, and the service answers 422 or 500.
See https://docs.python.org/3/whatsnew/3.14.html#whatsnew314-deferred-annotations.
"""

import traceback
from collections.abc import Iterable
from inspect import isfunction

VALUES = 1  # annotationlib.Format.VALUE: what Python 3.13 does at once


def unknown_type(values: Iterable[object], module: str) -> Exception | None:
    """Return the error that a type in the first such class or function gives, or None.

    values: classes, functions and others. Only those count that were made in the module. Mostly
    the error is a NameError; of `datetime.dat` it is an AttributeError, of `int[3]` a TypeError.
    """
    for value in values:
        made_here = getattr(value, "__module__", None) == module
        if made_here and (isinstance(value, type) or isfunction(value)):
            # Not __annotations__: pydantic has put there what it could make of them.
            annotate = getattr(value, "__annotate__", None)
            try:
                _ = annotate and annotate(VALUES)
            except Exception as error:
                own = error.__traceback__
                return error.with_traceback(own and own.tb_next)
    return None


def unknown_type_behind(error: BaseException) -> Exception | None:
    """Return the error of the type that a library met while a class was being made, or None.

    SQLModel asks such a type which column it wants, and says that it is no class. What a cell or a
    file holds by itself does not count: that class may have nothing to do with the error.
    """
    if not isinstance(error, TypeError):
        return None
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    inner = [frame.f_locals for frame in frames if frame.f_locals is not frame.f_globals]
    values = [value for names in inner for value in names.values()]
    modules = [getattr(value, "__module__", None) for value in values if isinstance(value, type)]
    found = (unknown_type(values, module) for module in modules if isinstance(module, str))
    return next((one for one in found if one), None)
