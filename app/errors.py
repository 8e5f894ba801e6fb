"""Answer a bad request with what is wrong, and with nothing else."""

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse


async def name_mistakes(request: Request, error: RequestValidationError) -> JSONResponse:
    """Name each mistake. FastAPI's own answer repeats the input, which JSON can't always hold."""
    mistakes = [{key: mistake[key] for key in ("type", "loc", "msg")} for mistake in error.errors()]
    return JSONResponse({"detail": mistakes}, status_code=422)
