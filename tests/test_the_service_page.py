"""What notebooks/the_service.md says of the endpoints is what the service does."""

import os
import re
import shlex
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from shutil import copy, copytree

import httpx
import pytest
from service import ROOT, database_url, serve

PAGE = (ROOT / "notebooks" / "the_service.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| `([A-Z]+) (/[^`?]*)[^`]*` \| .+ \| ([\d, ]+) \|$", re.MULTILINE)
CONSOLE = re.compile(r"^\$ (curl .+)\n(.+)$", re.MULTILINE)


@pytest.fixture
def client(tmp_path: Path, file_at_head: Path) -> Iterator[httpx.Client]:
    """Return a client of the service on an empty database."""
    file = tmp_path / "database.db"
    copy(file_at_head, file)
    with serve("sync", database_url(file), tmp_path / "server.log") as server:
        yield server.client


def test_the_table_has_every_endpoint_and_every_status(client: httpx.Client) -> None:
    """It has the same as the service's own documentation, and the page of that documentation."""
    told = {(method.lower(), path, status) for method, path, status in ROW.findall(PAGE)}
    documented = {
        (method, path, ", ".join(sorted(operation["responses"])))
        for path, operations in client.get("/openapi.json").json()["paths"].items()
        for method, operation in operations.items()
    }
    assert told == documented | {("get", "/docs", "200")}
    assert client.get("/docs").status_code == 200


def test_the_examples_answer_what_the_page_shows(client: httpx.Client) -> None:
    """Each curl command, sent one after the other to a new database."""
    examples = CONSOLE.findall(PAGE)
    assert len(examples) == PAGE.count("\n$ ")
    for command, answer in examples:
        words = shlex.split(command)
        given = dict(pairwise(words))  # each word with the one after it
        (url,) = [word for word in words if word.startswith("http://127.0.0.1:8000")]
        headers = dict([given["-H"].split(": ")]) if "-H" in given else {}
        path = url.removeprefix("http://127.0.0.1:8000")
        response = client.request(
            given.get("-X", "GET"), path, headers=headers, content=given.get("-d")
        )
        assert response.text == answer, command


def test_the_refusal_to_start_is_what_the_page_shows(tmp_path: Path, file_at_head: Path) -> None:
    """For a database that lacks the last migration."""
    for folder in ("app", "alembic"):
        copytree(ROOT / folder, tmp_path / folder)
    copy(ROOT / "alembic.ini", tmp_path)
    copy(file_at_head, tmp_path / "database.db")
    with closing(sqlite3.connect(tmp_path / "database.db")) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '0001'")
    done = subprocess.run(
        [sys.executable, "-B", "-c", "import app.revision; app.revision.require_newest_revision()"],
        cwd=tmp_path,
        env={name: value for name, value in os.environ.items() if name != "DATABASE_URL"},
        capture_output=True,
        encoding="utf-8",
        timeout=60,
    )
    assert re.findall(r"^RuntimeError: .+$", PAGE, re.MULTILINE) == done.stderr.splitlines()[-1:]


SHARED = """
from typing import Annotated
from fastapi import Depends, FastAPI
from fastapi.testclient import TestClient
from app import main, main_async

def told(module):
    app = FastAPI()
    def who(session: module.ReaderDep): return session
    Who = Annotated[object, Depends(who)]
    @app.get("/")
    def write(who: Who, session: module.SessionDep): return who is session
    return TestClient(app).get("/").json()

print(told(main), told(main_async))
"""


def test_the_dependencies_of_a_request_share_a_session(tmp_path: Path) -> None:
    """So the page says in which order an endpoint that writes asks for them."""
    assert "`SessionDep` before anything that uses `ReaderDep`" in PAGE
    command = [sys.executable, "-c", SHARED]
    url = database_url(tmp_path / "database.db")
    told = subprocess.run(
        command, cwd=ROOT, env=os.environ | {"DATABASE_URL": url}, capture_output=True, text=True
    )
    assert told.stdout.split() == ["True", "True"], told.stderr
