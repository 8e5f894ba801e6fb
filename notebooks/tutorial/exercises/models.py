"""What the judges of models share: is data accepted, and what becomes of it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from tutorial.exercises.judging import NotQuite, kind, listed, need

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlmodel import SQLModel


def need_model(model: type[SQLModel]) -> None:
    """Check that an answer is a class that validates, and no table."""
    is_model = isinstance(model, type) and hasattr(model, "model_validate")
    given = model.__name__ if isinstance(model, type) else kind(model)
    need(is_model, f"{given} is not a model: write a class that builds on one.")
    tables = [base.__name__ for base in model.__mro__[1:] if "__table__" in vars(base)]
    built = f"it builds on the table {listed(tables)}, so it is one: build on a model that is none."
    need(not tables, built)
    need(not hasattr(model, "__table__"), "it is a table: leave out `table=True`.")
    for name, field in model.model_fields.items():
        comma = f"a comma at the end of the line of `{name}` makes a tuple of its value: delete it."
        need(not isinstance(field.default, tuple), comma)


@contextmanager
def fitting_limits() -> Iterator[None]:
    """Say it in words if a limit does not fit its type. pydantic says it when it gets a value."""
    try:
        yield
    except TypeError as error:  # "Unable to apply constraint 'ge' to …"
        if "Unable to apply constraint" not in str(error):
            raise
        words = "a text takes min_length and max_length, a whole number takes ge and le."
        raise NotQuite(f"a limit is of the wrong kind: {words}") from error


def made(model: type[SQLModel], **data: object) -> Any:
    """Return what a model makes of data. Raises ValidationError if it refuses them."""
    return model.model_validate(data)


def accepts(model: type[SQLModel], **data: object) -> bool:
    """Whether a model accepts data."""
    return not refusal(model, **data)


def refusal(model: type[SQLModel], **data: object) -> str:
    """Return why a model refuses data, as ", because of `field`: reason", or "" if it does not."""
    from pydantic import ValidationError

    try:
        model.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"]))
        return f", because of `{field}`: {first['msg']}"
    return ""


def is_unchanged(model: Any, stub: type[SQLModel]) -> bool:
    """Whether a model has the base, the fields and nothing else but what a stub has."""
    return (
        model.__bases__ == stub.__bases__
        and _own(model) == _own(stub)
        and repr(model.model_fields) == repr(stub.model_fields)
        and model.model_config == stub.model_config
    )


def _own(model: type[SQLModel]) -> set[str]:
    # Python 3.14 keeps annotations in another way where a file imports them from __future__.
    return {name for name in vars(model) if not name.startswith(("_abc", "__annot"))}
