"""A process that runs one Alembic command after the other, because starting Python takes longest.

It reads a command from each line of its standard input and answers with a line, both in JSON. Each
command sees its own folder and DATABASE_URL, and imports `app` and env.py anew. That the program
`alembic` itself does the same, the notebooks 6 and 9 show.
"""

import importlib
import io
import json
import os
import sys
import traceback

answers = sys.stdout
# Put into their place before Alembic is imported, because it keeps the one that it finds then.
output = sys.stdout = io.StringIO()
errors = sys.stderr = io.StringIO()

import aiosqlite  # noqa: E402, F401 - this and the next two are imported once, for all commands
import fastapi  # noqa: E402, F401
import sqlmodel.ext.asyncio.session  # noqa: E402, F401
from alembic.config import CommandLine  # noqa: E402
from sqlalchemy import MetaData  # noqa: E402
from sqlmodel import SQLModel  # noqa: E402

PATH = list(sys.path)  # without the folders of projects, which Alembic adds


def run(arguments: list[str], cwd: str, url: str | None) -> tuple[int, str, str]:
    """Run a command; return its exit status, output and errors."""
    os.chdir(cwd)
    sys.path[:] = PATH
    os.environ.pop("DATABASE_URL", None)
    if url is not None:
        os.environ["DATABASE_URL"] = url
    for name in [name for name in sys.modules if name.partition(".")[0] == "app"]:
        del sys.modules[name]
    importlib.invalidate_caches()
    SQLModel.metadata.clear()
    SQLModel.metadata.naming_convention = MetaData().naming_convention
    SQLModel._sa_registry._class_registry.clear()
    for stream in (output, errors):
        stream.seek(0)
        stream.truncate()
    try:
        CommandLine("alembic").main(argv=arguments)
        status = 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 1
    except Exception:
        traceback.print_exc()
        status = 1
    return status, output.getvalue(), errors.getvalue()


if __name__ == "__main__":
    for line in sys.stdin:
        print(json.dumps(run(**json.loads(line))), file=answers, flush=True)
