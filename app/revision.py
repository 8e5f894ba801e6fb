"""Refuse to start on a database that does not fit the code, with one sentence that says why."""

from pathlib import Path

from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy.exc import DatabaseError

from app.db import engine

ALEMBIC_INI = Path(__file__).parent.parent / "alembic.ini"


def require_newest_revision() -> None:
    """Raise RuntimeError unless the database is there, works, and is at the newest revision."""
    file = Path((engine.url.database or "").removeprefix("file:"))
    if engine.dialect.name == "sqlite" and file.parent.is_dir() and not file.exists():
        raise RuntimeError(f"There is no database {file}: run `alembic upgrade head`.")
    try:
        migrations = ScriptDirectory.from_config(Config(ALEMBIC_INI))
        next(migrations.walk_revisions())  # there is one, and each finds the one before it
        with engine.connect() as connection:
            present = set(map(str, MigrationContext.configure(connection).get_current_heads()))
        engine.dispose()
    except (CommandError, KeyError, StopIteration):
        raise RuntimeError(f"The migrations that {ALEMBIC_INI} names are not there.") from None
    except DatabaseError as error:
        raise RuntimeError(f"The database {engine.url} can't be used: {error.orig}.") from None
    needed = set(migrations.get_heads())
    cure = f"run {'`alembic merge heads`, then ' if len(needed) > 1 else ''}`alembic upgrade head`"
    if not present <= {script.revision for script in migrations.walk_revisions()}:
        cure = "the database is newer, or of another app: update the app, or look at DATABASE_URL"
    if present != needed:
        at, head = (" and ".join(sorted(one)) or "none" for one in (present, needed))
        raise RuntimeError(f"{engine.url} is at revision {at}, the app needs {head}: {cure}.")
