"""Follows notebooks/your_own_service.md to the letter, and leaves out each line that it explains.

The environment is the one of the tests: nothing is installed. The port is a free one.
"""

import json
import os
import re
import shlex
import socket
import sqlite3
import subprocess
import sys
import sysconfig
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from itertools import product
from pathlib import Path
from shutil import which

import httpx
import pytest
from helpers import free_port
from reading import LINE_SECONDS, NOTEBOOKS, ROOT, WORDS_A_MINUTE
from service import SECONDS, alembic, job

PAGE = (NOTEBOOKS / "your_own_service.md").read_text(encoding="utf-8")
BLOCK = re.compile(
    r"(?:^\*\*`(?P<file>[^`]+)`\*\*[^\n]*\n\n)?^```(?P<kind>\w+)\n(?P<text>.*?)^```", re.M | re.S
)
VERSIONS = ("sync", "async")
MOST_MINUTES = 45
PROGRAMS = ("alembic", "uvicorn", "curl", "pytest")


def sections(version: str) -> dict[str, str]:
    """Return the parts of the page by their titles, without those for the other version."""
    other = {"sync": "### Async", "async": "### Sync"}[version]
    page = re.sub(rf"^{other}\n.*?(?=^##|^<a id)", "", PAGE, flags=re.M | re.S)
    parts = re.split(r"^## (?:\d\. )?", page, flags=re.M)[1:]
    return dict(part.split("\n", 1) for part in parts)


def steps(text: str) -> Iterator[tuple[str, str, str]]:
    """Give what a part of the page says to do: a kind, a file (or ""), and a text."""
    file = ""
    for found in BLOCK.finditer(text):
        file = found["file"] or file
        yield found["kind"], file, found["text"]


class Project:
    """A folder in which the page is followed. quick: by `alembic`, and not by the program."""

    def __init__(self, folder: Path, version: str, *, quick: bool = False) -> None:
        self.folder, self.version, self.quick = folder, version, quick
        self.port = free_port()
        self.said: list[str] = []

    def follow(
        self, *titles: str, without: Callable[[str, str], str] = lambda _, text: text
    ) -> None:
        """Do what parts of the page say. without: changes a text of the page before it is used."""
        for title in titles:
            for kind, file, text in steps(sections(self.version)[title]):
                if kind == "python":
                    self.write(file, without(file, text))
                elif kind == "diff":
                    self.change(file, without(file, text))
                elif kind == "bash":
                    for command in without(file, text).splitlines():
                        self.run(command)

    def write(self, file: str, text: str) -> None:
        """Write a file, if there is something to write."""
        path = self.folder / file
        path.parent.mkdir(exist_ok=True)
        if text:
            path.write_text(text, encoding="utf-8", newline="\n")

    def change(self, file: str, diff: str) -> None:
        """Change a file as a diff says it; what is to be changed stands there exactly once."""
        lines = diff.splitlines()
        old = "".join(f"{line[1:]}\n" for line in lines if line[:1] != "+")
        new = "".join(f"{line[1:]}\n" for line in lines if line[:1] != "-")
        text = (self.folder / file).read_text(encoding="utf-8")
        assert f"\n{text}".count(f"\n{old}") == 1, diff
        changed = f"\n{text}".replace(f"\n{old}", f"\n{new}").removeprefix("\n")
        (self.folder / file).write_text(changed, encoding="utf-8", newline="\n")

    def run(self, command: str) -> None:
        """Run a command as one types it: the programs are those of this environment."""
        name, *words = shlex.split(command.replace(":8000", f":{self.port}"))
        if name == "mkdir":
            (self.folder / words[0]).mkdir()
        elif name == "cd":
            self.folder /= words[0]
        elif name == "uvicorn":
            self.server = self.start(*words)
        elif name == "alembic" and self.quick:
            self.said.append(self.alembic(*words))
        elif name in PROGRAMS:
            done = subprocess.run(
                [program(name), *words],
                cwd=self.folder,
                env=environment(),
                capture_output=True,
                encoding="utf-8",
                timeout=SECONDS * 4 if name == "pytest" else SECONDS,  # a whole run of tests
            )
            assert done.returncode == 0, done.stdout + done.stderr
            self.said.append(done.stdout)
        else:
            assert command.startswith(("pip install ", "python3 -m venv .venv", ". .venv/")), (
                command
            )

    def start(self, *words: str) -> subprocess.Popen[bytes]:
        """Start the server, and wait until it answers."""
        with (self.folder / "server.log").open("ab") as log:
            server = subprocess.Popen(
                [program("uvicorn"), *words, "--port", str(self.port)],
                cwd=self.folder,
                env=environment(),
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline and server.poll() is None:
            with closing(socket.socket()) as one:
                if one.connect_ex(("127.0.0.1", self.port)) == 0:
                    return server
            time.sleep(0.02)
        server.kill()
        server.wait()
        raise AssertionError(self.log())

    def stop(self) -> None:
        """Stop the server, as Ctrl + C does it."""
        self.server.terminate()
        self.server.wait(SECONDS)

    def log(self) -> str:
        """Return what the server has written."""
        return (self.folder / "server.log").read_text(encoding="utf-8")

    def revisions(self) -> list[str]:
        """Return the texts of the revisions, the oldest first."""
        files = (self.folder / "alembic" / "versions").glob("*.py")
        texts = [file.read_text(encoding="utf-8") for file in files]
        return sorted(
            texts,
            key=lambda text: "down_revision: Union[str, Sequence[str], None] = None" not in text,
        )

    def rows(self, columns: str) -> list[tuple]:
        """Return the rows of the table `book`."""
        with closing(sqlite3.connect(self.folder / "database.db")) as database:
            return database.execute(f"SELECT {columns} FROM book").fetchall()

    def alembic(self, *words: str, fails: bool = False) -> str:
        """Run Alembic in a process that is there already: quicker than `run`."""
        return alembic(*words, url=None, cwd=self.folder, fails=fails)


def program(name: str) -> str:
    """Return the path of a program, first of those of this environment."""
    path = which(name, path=sysconfig.get_path("scripts")) or which(name)
    assert path, f"there is no {name}"
    return path


def environment(**more: str) -> dict[str, str]:
    """Return the environment variables for a command."""
    kept = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    return {**kept, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONUTF8": "1", "NO_PROXY": "*", **more}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return an empty folder, with a space in its name."""
    path = tmp_path / "my projects"
    path.mkdir()
    return path


SET_UP, FILES, ALEMBIC = "Folder and environment", "The files", "Alembic"
FIRST, CHANGE = "The first 201", "Change the table"


@pytest.mark.parametrize("version", VERSIONS)
def test_the_page_to_the_letter(version: str, folder: Path) -> None:
    """All commands succeed; there are a row, two revisions that change something, and no drift."""
    project = Project(folder, version)
    project.follow(SET_UP, FILES, ALEMBIC)
    assert project.folder == folder / "books"
    (first,) = project.revisions()
    assert "op.create_table('book'," in first
    try:
        project.follow(FIRST)
    finally:
        project.stop()
    *_, posted, read = project.said
    assert posted.startswith("HTTP/1.1 201 Created") and posted.endswith('{"title":"Emma","id":1}')
    assert read == '{"title":"Emma","id":1}'
    assert project.rows("id, title") == [(1, "Emma")]
    try:
        project.follow(CHANGE)
        with httpx.Client(base_url=f"http://127.0.0.1:{project.port}", trust_env=False) as client:
            assert client.get("/book/2").status_code == 404
            sent = client.post("/book/", json={"title": "Persuasion", "author": "Jane Austen"})
            assert (sent.status_code, sent.json()["author"]) == (201, "Jane Austen")
    finally:
        project.stop()
    assert project.said[-2:] == [
        "No new upgrade operations detected.\n",
        '{"title":"Emma","author":null,"id":1}',
    ]
    second = project.revisions()[1]
    assert second.count("batch_op.add_column(") == 1 and "author" in second
    assert second.count("batch_op.") == 2
    assert project.rows("id, title, author")[0] == (1, "Emma", None)
    assert "Traceback" not in project.log()


OWN_WORDS = {"Book": "BoardGame", "book": "boardgame", "title": "name"}


def in_own_words(file: str, text: str) -> str:
    """Return a text of the page, or of a file, with the words of a service that keeps games."""
    for old, new in OWN_WORDS.items():
        text = text.replace(old, new)
    return text


@pytest.mark.parametrize("version", [pytest.param("sync", marks=pytest.mark.weekly), "async"])
def test_the_page_in_own_words(version: str, folder: Path) -> None:
    """Who writes own words from the start gets a service; the table has the class's name."""
    project = Project(folder, version, quick=True)  # the programs: see the test above
    try:
        project.follow(SET_UP, FILES, ALEMBIC, FIRST, without=in_own_words)
        assert "op.create_table('boardgame'," in project.revisions()[0]
        assert project.said[-1] == '{"name":"Emma","id":1}'
    finally:
        project.stop()
    try:
        project.follow(CHANGE, without=in_own_words)
        assert project.said[-1] == '{"name":"Emma","author":null,"id":1}'
    finally:
        project.stop()
    assert "Traceback" not in project.log()


def test_the_words_that_are_taken(folder: Path) -> None:
    """With the one, the app can't be imported; with the other, no row can be read."""
    assert "Two words are taken: the files use `Session` and `Path`" in PAGE
    project = upgraded(made(folder, "sync"))
    main = (project.folder / "app" / "main.py").read_text(encoding="utf-8")
    with pytest.raises(SyntaxError, match="duplicate argument 'session'"):
        compile(main.replace("Book", "Session").replace("book", "session"), "main.py", "exec")
    for file in ("app/models.py", "app/main.py", "alembic/env.py"):
        path = project.folder / file
        text = path.read_text(encoding="utf-8").replace("Book", "Path").replace("book", "path")
        path.write_text(text, encoding="utf-8", newline="\n")
    start_again(project)
    with asked(project) as client:
        assert client.post("/path/", json={"title": "Emma"}).status_code == 201
        assert client.get("/path/1").status_code == 422


def start_again(project: Project) -> None:
    """Do what the page says when the first revision is not the right one."""
    for file in (project.folder / "alembic" / "versions").glob("*.py"):
        file.unlink()
    (project.folder / "database.db").unlink()
    upgraded(project)


def test_words_changed_after_the_first_revision(folder: Path) -> None:
    """The table is missing, also after `upgrade head`; what the page says helps."""
    project = upgraded(made(folder, "sync"))
    for file in ("app/models.py", "app/main.py", "alembic/env.py"):
        path = project.folder / file
        text = in_own_words(file, path.read_text(encoding="utf-8"))
        path.write_text(text, encoding="utf-8", newline="\n")
    project.alembic("upgrade", "head")
    with asked(project) as client:
        assert client.post("/boardgame/", json={"name": "Go"}).status_code == 500
    assert "no such table: boardgame" in project.log()
    start_again(project)
    with asked(project) as client:
        assert client.post("/boardgame/", json={"name": "Go"}).json() == {"name": "Go", "id": 1}


def test_an_empty_revision_that_was_run(folder: Path) -> None:
    """To delete its file is not enough: the database must go, too."""
    line = "from app.models import Book  # noqa: F401\n"
    project = made(folder, "sync", "alembic/env.py", f"+{line}")
    _is_empty(revision(project))
    project.alembic("upgrade", "head")
    env = project.folder / "alembic" / "env.py"
    text, before = env.read_text(encoding="utf-8"), "from app.db import DATABASE_URL\n"
    env.write_text(text.replace(before, before + line), encoding="utf-8", newline="\n")
    for file in (project.folder / "alembic" / "versions").glob("*.py"):
        file.unlink()
    said = project.alembic("revision", "--autogenerate", "-m", "x", fails=True)
    assert seen("*Can't locate revision identified by …*") in said
    start_again(project)


def test_a_revision_makes_the_database(folder: Path) -> None:
    """The file is there before the upgrade, and the table is not."""
    project = made(folder, "sync")
    revision(project)
    assert (project.folder / "database.db").exists()
    with pytest.raises(sqlite3.OperationalError, match="no such table: book"):
        project.rows("id")


@pytest.mark.parametrize(
    ("field", "default", "value"),
    [
        ("author: str", '"unknown"', "unknown"),
        ("pages: int", '"0"', 0),
        ("lent: bool", None, 0),
        ("bought: datetime.date", '"2000-01-01"', "2000-01-01"),
    ],
)
def test_a_column_that_may_not_be_empty(
    field: str, default: str | None, value: object, folder: Path
) -> None:
    """The default stands where the page puts it, and the old row gets it."""
    default = f"server_default={default or 'sa.false()'}"
    (whole,) = re.findall(rf"`(nullable=False, {re.escape(default)}\))`", PAGE)
    project = upgraded(made(folder, "sync"))
    assert send(project) == 201
    models = project.folder / "app" / "models.py"
    text, line = models.read_text(encoding="utf-8"), "max_length=100)\n"
    text = "import datetime\n" + text.replace(line, f"{line}    {field}\n")
    models.write_text(text, encoding="utf-8", newline="\n")
    project.alembic("revision", "--autogenerate", "-m", "second")
    (file,) = (project.folder / "alembic" / "versions").glob("*_second.py")
    text = file.read_text(encoding="utf-8")
    assert text.count("nullable=False)") == 1
    file.write_text(text.replace("nullable=False)", whole), encoding="utf-8", newline="\n")
    project.alembic("upgrade", "head")
    assert project.rows(f"title, {field.partition(':')[0]}") == [("Emma", value)]


KINDS = re.search(r"^\| The field holds \|.*\n\| .*\n((?:\|.+\n)+)", PAGE, re.MULTILINE)
FIELDS = [re.findall(r"`(.+?)`", line) for line in KINDS[1].splitlines()] if KINDS else []
(JSON,) = re.findall(r"^```json\n(.+)\n```", PAGE, re.MULTILINE)
SENT = json.loads(JSON)


def in_place_of_the_title(fields: list[list[str]], change: Callable[[str], str] = str) -> str:
    """Return app/models.py of the page, with these lines in the place of its title."""
    blocks = steps(sections("sync")[FILES])
    (text,) = (text for _, file, text in blocks if file == "app/models.py")
    old = "    title: str = Field(min_length=1, max_length=100)\n"
    lines = [change(line.replace("\\|", "|")) for line, *_ in fields]
    assert text.count(old) == 1 and text.count("    title: str\n") == 1
    text = text.replace(old, "".join(f"    {line}\n" for line in lines))
    public = "".join(f"    {line.partition(' =')[0]}\n" for line in lines)
    text = text.replace("    title: str\n", public)
    return "".join(f"{line}\n" for _, *imports in fields for line in imports) + text


@pytest.mark.parametrize("version", VERSIONS)
def test_fields_of_other_kinds(version: str, folder: Path) -> None:
    """Each line of the table makes a column; what was sent is answered, and limits hold."""
    *four, optional = FIELDS
    assert [line.partition(":")[0] for line, *_ in four] == list(SENT)
    project = made(folder, version)
    project.write("app/models.py", in_place_of_the_title(four))
    with asked(upgraded(project)) as client:
        answer = client.post("/book/", json=SENT)
        assert (answer.status_code, answer.json()) == (201, {**SENT, "id": 1})
        assert client.get("/book/1").json() == {**SENT, "id": 1}
        for wrong in ({"pages": 10**22}, {"weight": 10**22}, {"bought": "26.11.2026"}):
            assert client.post("/book/", json={**SENT, **wrong}).status_code == 422
        for right, wrong, row in (
            ("false", "False", "422, and *JSON"),
            ("0.5", "0,5", "422, and *JSON"),
            ('"2026-11-26"', "2026-11-26", "422, and *JSON"),
            ('"2026-11-26"', '"26.11.2026"', "422, and *Input"),
        ):
            assert JSON.count(right) == 1
            headers = {"Content-Type": "application/json"}
            answer = client.post("/book/", content=JSON.replace(right, wrong), headers=headers)
            assert answer.status_code == 422 and seen(row) in answer.text
    project.write("app/models.py", in_place_of_the_title([optional]))
    start_again(project)
    with asked(project) as client:
        assert client.post("/book/", json={}).json() == {"pages": None, "id": 1}


def test_numbers_that_are_too_large(folder: Path) -> None:
    """What the page says of them. JSON holds no infinite number, that of a 422 neither."""
    assert "without them, a whole number of 22 digits answers 500. `NaN` or `1e400`" in PAGE
    assert "does so with them, too, but nothing is stored; with the `app/errors.py` of" in PAGE
    project = made(folder, "sync")
    bare = in_place_of_the_title(FIELDS[:2], lambda line: line.partition(" =")[0])
    project.write("app/models.py", bare)
    upgraded(project)
    digits, *odd = [(10**22, "1"), ("1", "NaN"), ("1", "1e400")]
    # after a 500, the server closes the connection
    headers = {"Content-Type": "application/json", "Connection": "close"}

    def statuses(*numbers: tuple[object, str]) -> set[int]:
        bodies = [f'{{"pages": {pages}, "weight": {weight}}}' for pages, weight in numbers]
        with asked(project) as client:
            sent = [client.post("/book/", content=body, headers=headers) for body in bodies]
        assert project.rows("*") == []
        return {answer.status_code for answer in sent}

    assert statuses(digits) == {500}
    project.write("app/models.py", in_place_of_the_title(FIELDS[:2]))
    assert statuses(*odd) == {500}
    errors = (ROOT / "app" / "errors.py").read_text(encoding="utf-8")
    project.write("app/errors.py", errors.replace("Task", "Book"))
    main = (project.folder / "app" / "main.py").read_text(encoding="utf-8")
    main = main.replace("FastAPI()", "FastAPI(exception_handlers=HANDLERS)")
    project.write("app/main.py", f"from app.errors import HANDLERS\n{main}")
    assert statuses(*odd) == {422}


def test_the_versions_are_those_of_the_lock() -> None:
    """On the page, and in the notebook that names them, too."""
    lock = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    locked = dict(re.findall(r"^([\w.-]+)==([^\s;]+)", lock, re.MULTILINE))
    (notebook,) = NOTEBOOKS.glob("10_*.ipynb")
    for text in (PAGE, notebook.read_text(encoding="utf-8")):
        named = re.findall(r"([\w-]+)(?:\[\w+\])?==([\d.]+\d)", text)
        assert {name for name, _ in named} >= {
            "fastapi",
            "uvicorn",
            "sqlmodel",
            "alembic",
            "aiosqlite",
        }
        assert {name: locked[name] for name, _ in named} == dict(named)


def test_every_install_has_a_version() -> None:
    """Else one has other versions next year than those of this page."""
    for line in re.findall(r"^pip install (.+)$", PAGE, re.MULTILINE):
        assert all("==" in word for word in shlex.split(line)), line


def test_the_page_is_done_in_an_evening() -> None:
    """By the measure of the notebooks; each block of code is read once."""
    code = "\n".join(found["text"] for found in BLOCK.finditer(PAGE))
    words = re.sub(r"\]\([^)]*\)", "]", re.sub(r"^```.*?^```", "", PAGE, flags=re.M | re.S)).split()
    lines = [line for line in code.splitlines() if line.strip()]
    assert len(words) / WORDS_A_MINUTE + len(lines) * LINE_SECONDS / 60 <= MOST_MINUTES


def test_the_same_book_is_sent_on_each_system() -> None:
    """The three commands differ only in what each shell needs."""
    bodies = re.findall(
        r"""(?<=-d )"(\{.+\})"$|^'(\{.+\})' \||-d '(\{.+\})'$""", PAGE, re.MULTILINE
    )
    assert [max(body).replace("\\", "") for body in bodies] == ['{"title": "Emma"}'] * 3


# --- what each line is for ---------------------------------------------------------------------

TABLE = re.search(r"^\| The line \|.*\n\| .*\n((?:\|.+\n)+)", PAGE, re.MULTILINE)
ROWS = dict(re.findall(r"^\| (.+?) \| (.+) \|$", TABLE[1], re.MULTILINE)) if TABLE else {}
LEFT_OUT: dict[str, Callable[[Path, str], None]] = {}


def row(start: str) -> Callable[[Callable[[Path, str], None]], Callable[[Path, str], None]]:
    """Make a function the proof of the row of the table that begins so."""

    def note(proof: Callable[[Path, str], None]) -> Callable[[Path, str], None]:
        LEFT_OUT[start] = proof
        return proof

    return note


def made(folder: Path, version: str, file: str = "", old: str = "", new: str = "") -> Project:
    """Write the files of the page, but in `file` with `new` in the place of `old`."""
    project = Project(folder, version)

    def without(name: str, text: str) -> str:
        return text.replace(old, new) if name == file else text

    project.follow(FILES, without=without)
    project.alembic("init", "alembic")
    for kind, name, text in steps(sections(version)[ALEMBIC]):
        if kind == "diff":
            project.change(name, without(name, text))
    assert not old or any(name == file and old in text for name, text in texts_of(version)), old
    return project


def texts_of(version: str) -> Iterator[tuple[str, str]]:
    """Give all texts of files that the page has, each with the name of its file."""
    for title in (FILES, ALEMBIC, CHANGE):
        for _, file, text in steps(sections(version)[title]):
            yield file, text


def revision(project: Project) -> str:
    """Make a revision, and return the statements of its `upgrade`."""
    before = project.revisions()
    project.alembic("revision", "--autogenerate", "-m", "x")
    (new,) = [text for text in project.revisions() if text not in before]
    return new.partition("def upgrade")[2].partition("def downgrade")[0]


def upgraded(project: Project) -> Project:
    """Make the first revision, and run it."""
    assert "create_table" in revision(project)
    project.alembic("upgrade", "head")
    return project


@contextmanager
def asked(project: Project) -> Iterator[httpx.Client]:
    """Give a client of the project's service, which runs in a process that is there already."""
    up, log = job("start", port=project.port, cwd=str(project.folder))
    assert up, log
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{project.port}", trust_env=False) as client:
            yield client
    finally:
        ended, log = job("stop")
        (project.folder / "server.log").write_text(log, encoding="utf-8")
        assert ended, log


def send(project: Project) -> int:
    """Send a book, and return the status of the answer."""
    with asked(project) as client:
        return client.post("/book/", json={"title": "Emma"}).status_code


@row("`app/__init__.py`")
def _(folder: Path, version: str) -> None:
    other = folder / "other" / "app"
    other.mkdir(parents=True)
    (other / "__init__.py").touch()
    code = "import app.main, app; print(app.__file__)"
    found = []
    for name, text in (("whole", "# This file makes app a package.\n"), ("less", "")):
        (folder / name).mkdir()
        project = made(
            folder / name,
            version,
            "app/__init__.py",
            "" if text else "# This file makes app a package.\n",
        )
        done = subprocess.run(
            [sys.executable, "-c", code],
            cwd=project.folder,
            env=environment(PYTHONPATH=str(other.parent)),
            capture_output=True,
            encoding="utf-8",
        )
        found.append(done.stderr.splitlines()[-1:] or [done.stdout])
    (whole,), (less,) = found
    assert str(folder / "whole") in whole
    assert less == "ModuleNotFoundError: No module named 'app.main'"


def _unique_fails(project: Project, says: str) -> None:
    upgraded(project)
    models = project.folder / "app" / "models.py"
    text = models.read_text(encoding="utf-8")
    old = "Field(min_length=1, max_length=100)"
    models.write_text(text.replace(old, f"{old[:-1]}, unique=True)"), encoding="utf-8")
    assert "create_unique_constraint" in revision(project)
    if says:
        assert says in project.alembic("upgrade", "head", fails=True)
    else:
        project.alembic("upgrade", "head")
        project.alembic("check")


@row("`naming_convention`")
def _(folder: Path, version: str) -> None:
    (folder / "whole").mkdir()
    _unique_fails(made(folder / "whole", version), "")
    _unique_fails(
        made(folder, version, "app/models.py", "SQLModel.metadata.naming_convention", "unused"),
        "Constraint must have a name",
    )


def _is_empty(statements: str) -> None:
    assert re.search(r"^    pass$", statements, re.MULTILINE) and "op." not in statements


@row("`table=True`")
def _(folder: Path, version: str) -> None:
    _is_empty(revision(made(folder, version, "app/models.py", ", table=True")))


@row("`response_model=BookPublic`")
def _(folder: Path, version: str) -> None:
    answers = []
    for name, old in (("whole", ""), ("less", ", response_model=BookPublic")):
        (folder / name).mkdir()
        project = made(folder / name, version, "app/main.py", old)
        models = project.folder / "app" / "models.py"
        text, line = models.read_text(encoding="utf-8"), "class Book(BookBase, table=True):\n"
        with_more = text.replace(line, f'{line}    price_paid: str = "5"\n')
        models.write_text(with_more, encoding="utf-8", newline="\n")
        with asked(upgraded(project)) as client:
            answers.append(client.post("/book/", json={"title": "Emma"}).json())
    assert answers == [{"title": "Emma", "id": 1}, {"title": "Emma", "id": 1, "price_paid": "5"}]


@row("`status_code=201`")
def _(folder: Path, version: str) -> None:
    assert send(upgraded(made(folder, version, "app/main.py", "status_code=201, "))) == 200


@row("`le=2**31 - 1`")
def _(folder: Path, version: str) -> None:
    project = upgraded(made(folder, version, "app/main.py", ", le=2**31 - 1"))
    with asked(project) as client:
        assert client.get(f"/book/{'9' * 22}").status_code == 500
    assert "too large to convert to SQLite INTEGER" in project.log()


@row("`session.commit()`")
def _(folder: Path, version: str) -> None:
    wait = "await " if version == "async" else ""
    project = upgraded(made(folder, version, "app/main.py", f"    {wait}session.commit()\n"))
    assert (send(project), project.rows("id")) == (500, [])


@row("`session.refresh(…)`")
def _(folder: Path, version: str) -> None:
    wait = "await " if version == "async" else ""
    project = upgraded(
        made(folder, version, "app/main.py", f"    {wait}session.refresh(db_book)\n")
    )
    assert (send(project), project.rows("id")) == ({"sync": 201, "async": 500}[version], [(1,)])


@row("`await` before")
def _(folder: Path, version: str) -> None:
    old, new = "await session.commit", "session.commit"
    project = upgraded(made(folder, version, "app/main.py", old, new))
    assert (send(project), project.rows("id")) == (500, [])


@row("`if book is None`")
def _(folder: Path, version: str) -> None:
    lines = '    if book is None:\n        raise HTTPException(404, "There is no such book.")\n'
    with asked(upgraded(made(folder, version, "app/main.py", lines))) as client:
        assert client.get("/book/1").status_code == 500


@row("`from app.models import Book`")
def _(folder: Path, version: str) -> None:
    line = "+from app.models import Book  # noqa: F401\n"
    _is_empty(revision(made(folder, version, "alembic/env.py", line)))


@row("`config.set_main_option(…)`")
def _(folder: Path, version: str) -> None:
    line = '+config.set_main_option("sqlalchemy.url", DATABASE_URL.replace("%", "%%"))\n'
    project = made(folder, version, "alembic/env.py", line)
    said = project.alembic("revision", "--autogenerate", "-m", "x", fails=True)
    assert "Can't load plugin: sqlalchemy.dialects:driver" in said


@row('`.replace("%", "%%")`')
def _(folder: Path, version: str) -> None:
    for name, old in (("whole", ""), ("less", '.replace("%", "%%")')):
        (folder / name).mkdir()
        project = made(folder / name, version, "alembic/env.py", old)
        url = "sqlite:///a%20b.db"
        said = alembic(
            "revision", "--autogenerate", "-m", "x", url=url, cwd=project.folder, fails=bool(old)
        )
        assert ("invalid interpolation syntax" in said) == bool(old)


@row("`target_metadata = SQLModel.metadata`")
def _(folder: Path, version: str) -> None:
    project = made(folder, version, "alembic/env.py", "= SQLModel.metadata", "= None")
    said = project.alembic("revision", "--autogenerate", "-m", "x", fails=True)
    assert "Can't proceed with --autogenerate option" in said


@row("`render_as_batch=True`")
def _(folder: Path, version: str) -> None:
    _unique_fails(
        made(folder, version, "alembic/env.py", "+            render_as_batch=True,\n"),
        "No support for ALTER of constraints in SQLite dialect",
    )


def second(project: Project, *columns: str) -> Path:
    """Write a second revision, which adds these columns to `book`, and return its file."""
    (first,) = (project.folder / "alembic" / "versions").glob("*.py")
    text = first.read_text(encoding="utf-8").partition("def upgrade")[0]
    (number,) = re.findall(r"^revision: str = '(\w+)'", text, re.MULTILINE)
    text = text.replace(f"revision: str = '{number}'", "revision: str = '0002'")
    text = re.sub(r"(?m)^(down_revision: .*= )None$", rf"\g<1>'{number}'", text)
    lines = "".join(f"        batch_op.add_column({column})\n" for column in columns)
    text += f"def upgrade() -> None:\n    with op.batch_alter_table('book') as batch_op:\n{lines}"
    file = first.with_name("0002_second.py")
    file.write_text(text, encoding="utf-8", newline="\n")
    return file


def mend(file: Path, old: str, new: str) -> None:
    """Change a revision that stopped half-way."""
    text = file.read_text(encoding="utf-8")
    assert text.count(old) == 1
    file.write_text(text.replace(old, new), encoding="utf-8", newline="\n")


AUTHOR = "sa.Column('author', sa.String(), nullable=False, server_default=\"unknown\")"
LENT = "sa.Column('lent', sa.Boolean(), nullable=False, server_default=sa.false())"
PAGES = "sa.Column('pages', sa.Integer(), nullable=False)"  # the default is forgotten


@row("`transactional_ddl=True`")
def _(folder: Path, version: str) -> None:
    for name, old in (("whole", ""), ("less", "+            transactional_ddl=True,\n")):
        (folder / name).mkdir()
        project = made(folder / name, version, "alembic/env.py", old)
        revision(project)
        twice = "sa.Column('author', sa.String())"
        file = second(project, AUTHOR, twice)
        says = "duplicate column name: author"
        assert says in project.alembic("upgrade", "head", fails=True)
        mend(file, f"        batch_op.add_column({twice})\n", "")
        assert (says in project.alembic("upgrade", "head", fails=bool(old))) == bool(old)


@row("the `BEGIN IMMEDIATE`")
def _(folder: Path, version: str) -> None:
    begin = (
        '+            if connection.dialect.name == "sqlite":\n'
        '+                connection.exec_driver_sql("BEGIN IMMEDIATE")  # all of it, or nothing\n'
    )
    cases = (
        (AUTHOR, "duplicate column name"),
        (LENT, "table _alembic_tmp_book already exists"),
    )
    (line,) = (line for line in SEEN if line.startswith("*Cannot add a NOT NULL"))
    for number, (old, (column, again)) in enumerate(product(("", begin), cases)):
        (folder / str(number)).mkdir()
        project = upgraded(made(folder / str(number), version, "alembic/env.py", old))
        with closing(sqlite3.connect(project.folder / "database.db")) as database, database:
            database.execute("INSERT INTO book (title) VALUES ('Emma')")
        file = second(project, column, PAGES)
        first = project.alembic("upgrade", "head", fails=True)
        assert any(words.rstrip("…") in first for words in line.split("*")[1::2])
        mend(file, PAGES, f'{PAGES[:-1]}, server_default="0")')
        assert f"*{again}*" in ROWS["the `BEGIN IMMEDIATE`"]
        assert (again in project.alembic("upgrade", "head", fails=bool(old))) == bool(old)
        if not old:
            assert project.rows("title, pages") == [("Emma", 0)]


@row("`import sqlmodel`")
def _(folder: Path, version: str) -> None:
    project = made(folder, version, "alembic/script.py.mako", "+import sqlmodel\n")
    revision(project)
    project.change("alembic/script.py.mako", " import sqlalchemy as sa\n+import sqlmodel\n")
    for _ in range(2):  # the revision is as it was written
        assert "name 'sqlmodel' is not defined" in project.alembic("upgrade", "head", fails=True)
    for file in (project.folder / "alembic" / "versions").glob("*.py"):
        file.unlink()  # as the page says
    upgraded(project)


@row("`alembic upgrade head`")
def _(folder: Path, version: str) -> None:
    project = made(folder, version)
    assert send(project) == 500
    assert "no such table: book" in project.log()


def test_each_row_of_the_table_is_tried() -> None:
    """And each trial is a row."""
    assert len(ROWS) == len(LEFT_OUT)
    for line, start in zip(ROWS, LEFT_OUT, strict=True):
        assert line.startswith(start)


def trials() -> Iterator[tuple[str, str]]:
    """Give each row with the versions that it speaks of: only app/main.py differs for it."""
    in_main = dict(texts_of("sync"))["app/main.py"]
    for line, start in zip(ROWS, LEFT_OUT, strict=False):
        code = re.sub(r"^`([^`(]+).*", r"\1", line)
        both = VERSIONS if code in in_main else ("sync",)
        yield from ((start, one) for one in (("async",) if "(async)" in line else both))


@pytest.mark.parametrize(("start", "version"), list(trials()))
def test_without_a_line(start: str, version: str, folder: Path) -> None:
    """What the table says happens."""
    LEFT_OUT[start](folder, version)


# --- what you may see ---------------------------------------------------------------------------

PART = PAGE.partition("\n## What you may see\n")[2].partition("\n## ")[0]
SEEN = re.findall(r"^\| (.+?) \| .+ \|$", PART, re.MULTILINE)


def seen(start: str) -> str:
    """Return the words in italics of the row of "What you may see" that begins so."""
    (line,) = (line for line in SEEN if line.startswith(start))
    return line.split("*")[-2].removesuffix("…").strip()


def test_a_slash_is_missing(folder: Path) -> None:
    """Without it, the service sends the client on, with an empty answer."""
    assert "307, and an empty answer" in SEEN
    with asked(upgraded(made(folder, "sync"))) as client:
        answer = client.post("/book", json={"title": "Emma"})
    assert (answer.status_code, answer.text) == (307, "")


def test_a_parameter_that_was_not_renamed(folder: Path) -> None:
    """422, and `path` in the answer."""
    project = upgraded(made(folder, "sync", "app/main.py", "{book_id}", "{game_id}"))
    with asked(project) as client:
        answer = client.get("/book/1")
    assert answer.status_code == 422
    assert seen("422 with `" + '"loc":["path","book_id"]' + "`") in answer.text
    assert '"loc":["path","book_id"]' in answer.text


def test_a_letter_of_the_command_prompt(folder: Path) -> None:
    """It is sent in the code page of Windows, which is not UTF-8."""
    with asked(upgraded(made(folder, "sync"))) as client:
        json = {"Content-Type": "application/json"}
        answer = client.post("/book/", content='{"title": "Émile"}'.encode("cp1252"), headers=json)
    assert answer.status_code == 400
    assert seen("400 ") in answer.text


@pytest.mark.parametrize(
    ("main", "db", "says"),
    [("async", "sync", "500, and *can't be used"), ("sync", "async", "500, and *was never")],
)
def test_two_files_of_two_versions(main: str, db: str, says: str, folder: Path) -> None:
    """500, and the log says which file is of which version."""
    project = made(folder, main)
    project.write("app/db.py", dict(texts_of(db))["app/db.py"])
    assert send(upgraded(project)) == 500
    (line,) = (line for line in SEEN if line.startswith(says))
    assert any(words in project.log() for words in re.findall(r"\*(.+?)\*", line))


LATE = sys.version_info >= (3, 14)  # Python looks at a type only when it is asked for


def test_a_misspelt_type_in_main(folder: Path) -> None:
    """Python 3.14 starts the service, and takes a body for a value in the address."""
    project = made(folder, "sync", "app/main.py", "book: BookCreate", "book: BookCreat")
    assert "`app/main.py` is misspelt" in PART
    (loc,) = re.findall(r'`("loc":.+?)`, for a body', PART)
    if LATE:
        with asked(upgraded(project)) as client:
            answer = client.post("/book/", json={"title": "Emma"})
        assert answer.status_code == 422
        assert loc in answer.text
    else:
        with pytest.raises(AssertionError, match="name 'BookCreat' is not defined"):
            send(project)


def test_a_misspelt_type_in_models(folder: Path) -> None:
    """Alembic stops, with the words of the page on Python 3.14."""
    project = made(folder, "sync", "app/models.py", "    title: str = ", "    title: strr = ")
    words = seen("*issubclass()") if LATE else "name 'strr' is not defined"
    with pytest.raises(AssertionError, match=re.escape(words)):
        project.alembic("upgrade", "head")


def test_a_literal_in_models(folder: Path) -> None:
    """It stops with the same words, whatever the Python."""
    literal = '    title: __import__("typing").Literal["Emma"] = '
    project = made(folder, "sync", "app/models.py", "    title: str = ", literal)
    assert "or it is a `Literal`" in PART
    with pytest.raises(AssertionError, match=re.escape(seen("*issubclass()"))):
        project.alembic("upgrade", "head")


@pytest.mark.skipif(not LATE, reason="an older Python does not start the service")
def test_a_misspelt_type_in_the_answer(folder: Path) -> None:
    """The service starts, stores the row, and can't answer."""
    project = made(folder, "sync", "app/models.py", "    id: int\n", "    id: intt\n")
    assert send(upgraded(project)) == 500
    assert seen("500, and *is not fully") in project.log()


def test_a_field_that_was_not_renamed(folder: Path) -> None:
    """The answer is 500, and the row is stored."""
    project = made(folder, "sync", "app/models.py", "    title: str\n", "    name: str\n")
    assert send(upgraded(project)) == 500
    assert seen("500, and *('response'").replace("title", "name") in project.log()
    assert project.rows("title") == [("Emma",)]


def test_a_model_without_its_revision(folder: Path) -> None:
    """Section 5, without its commands."""
    project = upgraded(made(folder, "sync"))
    for kind, file, text in steps(sections("sync")[CHANGE]):
        if kind == "diff":
            project.change(file, text)
    with asked(project) as client:
        assert client.get("/book/1").status_code == 500
    assert seen("500, and *no such column") in project.log()


def test_commands_in_another_folder(folder: Path) -> None:
    """Each says something else, and the page lists both."""
    for words, row in (
        (["alembic", "upgrade", "head"], "*No 'script"),
        (["uvicorn", "app.main:app"], "*No module"),
    ):
        done = subprocess.run(
            [program(words[0]), *words[1:]],
            cwd=folder,
            env=environment(),
            capture_output=True,
            encoding="utf-8",
            timeout=SECONDS,
        )
        assert done.returncode != 0
        assert seen(row) in done.stdout + done.stderr


def test_the_port_is_taken(folder: Path) -> None:
    """Uvicorn says so, and ends."""
    project = made(folder, "sync")
    upgraded(project)
    with closing(socket.socket()) as other:
        other.bind(("127.0.0.1", project.port))
        other.listen()
        done = subprocess.run(
            [program("uvicorn"), "app.main:app", "--port", str(project.port)],
            cwd=project.folder,
            env=environment(),
            capture_output=True,
            encoding="utf-8",
            timeout=SECONDS,
        )
    assert done.returncode != 0
    assert re.search(r"taken\? Then it says \*(.+?)\*", PAGE)[1] in done.stderr


def test_create_all_empties_the_first_revision(folder: Path) -> None:
    """The one line that must not be there; what the page then says helps."""
    project = made(folder, "sync")
    code = (
        "import app.models, app.db, sqlmodel; sqlmodel.SQLModel.metadata.create_all(app.db.engine)"
    )
    subprocess.run([sys.executable, "-B", "-c", code], cwd=folder, env=environment(), check=True)
    _is_empty(revision(project))
    start_again(project)
