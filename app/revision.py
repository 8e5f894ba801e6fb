"""Refuse to start on a database that is not at the newest revision."""

from pathlib import Path

from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

ALEMBIC_INI = Path(__file__).parent.parent / "alembic.ini"


class WrongRevision(RuntimeError):  # noqa: N818 - read as a sentence: "WrongRevision: The database …"
    """The database is not at the revision that the code was written for."""


def require_newest_revision(connection: Connection) -> None:
    """Compare the database's revision with the newest one in alembic/versions.

    Raises WrongRevision, with a sentence that names the command to run.
    """
    needed = ScriptDirectory.from_config(Config(ALEMBIC_INI)).get_heads()
    present = MigrationContext.configure(connection).get_current_heads()
    if set(present) != set(needed):
        raise WrongRevision(
            f"The database {connection.engine.url} is at revision {', '.join(present) or 'none'}, "
            f"and the app needs {', '.join(needed) or 'none'}: run `alembic upgrade head`, then "
            "start the app again."
        )


class OneLineStartupError:
    """ASGI middleware: report WrongRevision as its one sentence, without the traceback."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_one_line(message: Message) -> None:
            if message["type"] == "lifespan.startup.failed":
                message["message"] = message["message"].rpartition("WrongRevision: ")[2].strip()
            await send(message)

        await self.app(scope, receive, send_one_line if scope["type"] == "lifespan" else send)
