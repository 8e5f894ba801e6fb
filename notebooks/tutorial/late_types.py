"""Finds types that Python does not know, or can't make, in annotations of classes and functions.

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

    values: classes, functions and others. Only those count that were made in the module.
    """
    for value in values:
        made_here = getattr(value, "__module__", None) == module
        if made_here and (isinstance(value, type) or isfunction(value)):
            # Not __annotations__: pydantic has put there what it could make of them.
            annotate = getattr(value, "__annotate__", None)
            try:
                _ = annotate and annotate(VALUES)
            except Exception as error:  # a TypeError for int[5], an AttributeError for int.big
                return error
    return None


def unknown_type_behind(error: BaseException) -> Exception | None:
    """Return the error of the type that a library met while a class was being made, or None.

    SQLModel asks such a type which column it wants, and says that it is no class. Of int.big, the
    error that pydantic meets names the first line of the class.
    """
    if not isinstance(error, TypeError | AttributeError):
        return None
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    values = [value for frame in frames for value in frame.f_locals.values()]
    modules = [getattr(value, "__module__", None) for value in values if isinstance(value, type)]
    found = (unknown_type(values, module) for module in modules if isinstance(module, str))
    return next((one for one in found if one), None)
