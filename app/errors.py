"""The answers to requests that the service refuses, the same in both versions."""

from typing import Any

from fastapi import HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy.exc import NoResultFound
from sqlalchemy.orm.exc import StaleDataError
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MAX_BODY = 16_384  # bytes; the longest task that is valid needs less
DETAILS = {
    400: "There was an error parsing the body",
    404: "There is no such task.",
    413: f"The body has more than {MAX_BODY} bytes.",
}


def errors(*statuses: int) -> dict[int | str, Any]:
    """Describe these answers in the documentation of an endpoint, each with its text."""
    examples = {status: {"example": {"detail": DETAILS[status]}} for status in statuses}
    return {status: {"content": {"application/json": examples[status]}} for status in statuses}


async def not_valid(request: Request, error: RequestValidationError) -> JSONResponse:
    """Answer 422 with up to 10 mistakes, and without the input, which JSON can't always hold."""
    mistakes = [{key: one[key] for key in ("type", "loc", "msg")} for one in error.errors()[:10]]
    return JSONResponse({"detail": mistakes}, 422)


async def not_found(request: Request, error: NoResultFound | StaleDataError) -> JSONResponse:
    """Answer 404 for a task that is not there, or that another request has just deleted."""
    return JSONResponse({"detail": DETAILS[404]}, 404)


HANDLERS: dict[Any, Any] = {NoResultFound: not_found, StaleDataError: not_found}
HANDLERS[RequestValidationError] = not_valid


def limit_body(app: ASGIApp) -> ASGIApp:
    """ASGI middleware: answer 413 as soon as a body has more than MAX_BODY bytes."""

    async def limited(scope: Scope, receive: Receive, send: Send) -> None:
        size = 0

        async def count() -> Message:
            nonlocal size
            message = await receive()
            size += len(message.get("body", b""))
            if size > MAX_BODY:
                raise HTTPException(413, DETAILS[413])
            return message

        await app(scope, count, send)

    return limited
