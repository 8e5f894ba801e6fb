"""The answers to requests that the service refuses, the same in both versions."""

import logging
from typing import Any

from fastapi import HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm.exc import StaleDataError
from sqlmodel import SQLModel

from app.models import Task

log = logging.getLogger(__name__)

MAX_BODY = 16_384  # bytes; the longest task that is valid needs less
NOT_FOUND = "There is no such task."


class Problem(SQLModel):
    """What the service answers when it refuses a request."""

    detail: str


def also(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Describe these answers in the documentation of an endpoint. 413 is mostly plain text."""
    return {status: {} if status == 413 else {"model": Problem} for status in statuses}


def found(task: Task | None) -> Task:
    """Return the task that was looked up. Raise HTTPException, which answers 404, if it is None."""
    if task is None:
        raise HTTPException(404, NOT_FOUND)
    return task


async def not_valid(request: Request, error: RequestValidationError) -> JSONResponse:
    """Answer 422 with up to 10 mistakes, and without the input, which JSON can't always hold."""
    mistakes = [{key: one[key] for key in ("type", "loc", "msg")} for one in error.errors()[:10]]
    return JSONResponse({"detail": mistakes}, 422)


async def deleted_meanwhile(request: Request, error: StaleDataError) -> JSONResponse:
    """Answer 404 for a task that somebody else has deleted since this request read it."""
    return JSONResponse({"detail": NOT_FOUND}, 404)


async def refused(request: Request, error: IntegrityError) -> JSONResponse:
    """Answer 409 for what a constraint refuses, and log which one. NOT NULL stays a 500."""
    if getattr(error.orig, "sqlstate", None) == "23502" or str(error.orig).startswith("NOT NULL"):
        raise error  # the service has left out a value
    log.warning(str(error.orig).splitlines()[0])
    return JSONResponse({"detail": "This breaks a rule of the database."}, 409)


async def busy(request: Request, error: OperationalError) -> JSONResponse:
    """Answer 503 if the database is still locked at the end of the wait. All else stays a 500."""
    if not str(error.orig).endswith("is locked"):
        raise error
    log.warning("The database stayed locked: %s %s", request.method, request.url.path)
    return JSONResponse({"detail": "The database is busy."}, 503, {"Retry-After": "1"})


HANDLERS: dict[Any, Any] = {RequestValidationError: not_valid, StaleDataError: deleted_meanwhile}
HANDLERS |= {IntegrityError: refused, OperationalError: busy}
