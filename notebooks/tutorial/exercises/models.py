"""What the judges of models share: is data accepted, and what becomes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tutorial.exercises.judging import kind, need

if TYPE_CHECKING:
    from sqlmodel import SQLModel


def need_model(model: type[SQLModel]) -> None:
    """Check that an answer is a class that validates, and no table."""
    is_model = isinstance(model, type) and hasattr(model, "model_validate")
    given = model.__name__ if isinstance(model, type) else kind(model)
    need(is_model, f"{given} is not a model: write a class that builds on one.")
    need(not hasattr(model, "__table__"), "it is a table: leave out `table=True`.")


def made(model: type[SQLModel], **data: object) -> Any:
    """Return what a model makes of data. Raises ValidationError if it refuses them."""
    return model.model_validate(data)


def accepts(model: type[SQLModel], **data: object) -> bool:
    """Whether a model accepts data."""
    from pydantic import ValidationError

    try:
        model.model_validate(data)
    except ValidationError:
        return False
    return True


def is_unchanged(model: Any, stub: type[SQLModel]) -> bool:
    """Whether a model has the base, the fields and nothing else but what a stub has."""
    own = {name for name in vars(model) if not name.startswith("_abc")}
    return (
        model.__bases__ == stub.__bases__
        and own == {name for name in vars(stub) if not name.startswith("_abc")}
        and repr(model.model_fields) == repr(stub.model_fields)
        and model.model_config == stub.model_config
    )
