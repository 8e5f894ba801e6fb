"""Refuse to start on a database that is not at the newest revision."""

import logging
from pathlib import Path

from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection


def require_newest_revision(connection: Connection) -> None:
    """Raise RuntimeError, which names the command to run, if a migration is missing."""
    needed = ScriptDirectory(Path(__file__).parent.parent / "alembic").get_current_head()
    present = MigrationContext.configure(connection).get_current_revision()
    if present != needed:
        logging.getLogger("uvicorn.error").addFilter(without_traceback)
        raise RuntimeError(
            f"The database {connection.engine.url} is at revision {present or 'none'}, and "
            f"the app needs {needed}: run `alembic upgrade head`, then start the app again."
        )


def without_traceback(record: logging.LogRecord) -> bool:
    """Shorten what the server logs of the refusal to its last line."""
    record.msg = str(record.msg).strip().rpartition("RuntimeError: ")[2]
    return True
