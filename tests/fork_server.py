"""A process that has imported the packages, and forks: to start Python takes longest.

A line of its standard input asks for a new process, or how one has ended; it answers with a line,
both in JSON. What is forked has imported nothing of the project. It gets its own folder and
variables, and runs and ends as a new Python does. That the programs `python` and `uvicorn` do the
same when they are started, the notebooks show, and the tests of terminals.
"""

import json
import os
import runpy
import sys
from pathlib import Path
from typing import Any

import aiosqlite  # noqa: F401 - this and the next ones are imported once, for all
import alembic.runtime.environment  # noqa: F401
import asyncpg  # noqa: F401
import fastapi  # noqa: F401
import httpx  # noqa: F401
import psycopg  # noqa: F401
import sqlmodel.ext.asyncio.session  # noqa: F401
import uvicorn.main  # noqa: F401

PATH = sys.path[1:]  # without the folder of this file


def forked() -> dict[str, Any] | None:
    """Do what the lines say. Return in each new process what it is to run, and None at the end."""
    for line in sys.stdin:
        asked = json.loads(line)
        if "pid" in asked:
            pid, status = os.waitpid(asked["pid"], os.WNOHANG)
            answer = os.waitstatus_to_exitcode(status) if pid else None
        else:
            answer = os.fork()
            if not answer:
                return asked
        print(json.dumps(answer), flush=True)
    return None


def become(cwd: str, variables: dict[str, str], output: str, errors: str) -> None:
    """Be in a folder, with these variables; write into files. errors: "" for the same file."""
    writes = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(os.open(output, writes), 1)
    os.dup2(os.open(errors, writes) if errors else 1, 2)
    os.environ.clear()
    os.environ.update(variables)
    os.chdir(cwd)


def run(arguments: list[str]) -> None:
    """Do what `python` does with `-m MODULE …` or `-c CODE …`."""
    how, what, *rest = arguments
    if how == "-m":
        sys.argv, sys.path[:] = [what, *rest], [str(Path.cwd()), *PATH]
        runpy.run_module(what, run_name="__main__", alter_sys=True)
    else:
        sys.argv, sys.path[:] = ["-c", *rest], ["", *PATH]
        exec(compile(what, "<string>", "exec"), {"__name__": "__main__"})


wanted = forked()
if wanted is not None:
    code = wanted.pop("arguments")
    become(**wanted)
    run(code)
