"""Makes projects of one's own, as one does from a terminal, and works in them.

The environment is the one of the tests: nothing is installed. The port is a free one, and the
PostgreSQL is one of the tests.
"""

import importlib.metadata
import re
import shutil
import subprocess
import sys
import tomllib
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path, PureWindowsPath

import httpx
import psycopg
import pytest
import yaml
from packaging.requirements import Requirement
from remote import Remote
from service import alembic, database_url, migrated, outcome, query, run, serve_all, start_python
from sqlalchemy import make_url
from test_chapter_15 import until
from test_your_own_service import BLOCK, Project, environment

from tutorial import box, new_project
from tutorial.ends import stored_ends
from tutorial.errors import Problem
from tutorial.new_project import SETTINGS
from tutorial.postgres import OwnServer, Postgres

ROOT = Path(__file__).resolve().parent.parent
COMMAND = "python notebooks/new_project.py ../my_service"
OPTIONS = {"both": [], "sync": ["--sync"], "async": ["--async"]}
TESTS, POSTGRES, CONTAINER = 14, 15, 16  # the chapters that write them
NAMED = ("notebooks/your_own_service.md", "notebooks/the_service.md")


def new(*words: str | Path, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """Run the command as one types it in the folder of the course."""
    return subprocess.run(
        [sys.executable, *COMMAND.split()[1:-1], *map(str, words)],
        cwd=cwd,
        env=environment(),
        capture_output=True,
        encoding="utf-8",
    )


@pytest.fixture(scope="module", params=list(OPTIONS))
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project of each kind, in a path with a space. No test may leave anything in it."""
    folder = tmp_path_factory.mktemp("my projects") / request.param
    done = new(folder, *OPTIONS[request.param])
    assert (done.returncode, done.stderr) == (0, "")
    return folder


def texts(folder: Path) -> dict[str, str]:
    """Return the files of a project, each with its text."""
    paths = [
        path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts
    ]
    return {path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8") for path in paths}


def set_up(folder: Path) -> list[str]:
    """Return the commands of the README that set the project up, for all systems but Windows."""
    readme = (folder / "README.md").read_text(encoding="utf-8")
    section = readme.partition("## Set it up\n")[2].partition("\n## ")[0]
    return [
        line
        for block in BLOCK.finditer(section)
        if block["kind"] == "bash"
        for line in block["text"].splitlines()
    ]


def follow(folder: Path, version: str, tests: str) -> None:
    """Do what the README says, to the letter. tests: what pytest gets besides."""
    project = Project(folder, version)
    try:
        for command in set_up(folder):
            project.run(f"{command} {tests}" if command == "pytest" else command)
    finally:
        if hasattr(project, "server"):
            project.stop()
    assert project.said[-1].startswith("HTTP/1.1 201 Created")
    body = '{"task_name":"buy milk","task_description":null,"id":1}'
    assert project.said[-1].endswith(body)
    assert "Traceback" not in project.log()
    assert any(" passed" in said for said in project.said)
    assert alembic("check", url=None, cwd=folder) == "No new upgrade operations detected.\n"


@pytest.mark.parametrize(
    ("kind", "tests"),
    [
        ("both", "tests/test_tasks.py tests/test_migrations.py -k 'create or 0002'"),
        *(pytest.param(kind, "", marks=pytest.mark.weekly) for kind in OPTIONS),
    ],
)
def test_the_readme_to_the_letter(kind: str, tests: str, tmp_path: Path) -> None:
    """Tests, migration, server and first 201, with nothing but what the README says."""
    folder = tmp_path / "my projects" / "my service"
    done = new(folder, *OPTIONS[kind])
    assert done.returncode == 0, done.stderr
    follow(folder, kind, tests)
    assert done.stdout.startswith(f"The project is made: {folder}\n")


def test_the_readme_names_each_file(made: Path) -> None:
    """Its table has a row of two cells for each, by its own name or that of its folder."""
    found = texts(made)
    section = found["README.md"].partition("## What is where\n")[2].partition("\n## ")[0]
    rows = [line for line in section.splitlines() if line.startswith("|")][2:]
    assert all(re.fullmatch(r"\| (`[^`|]+`(, )?)+ \| [^|]+ \|", row) for row in rows)
    named = [name for row in rows for name in re.findall(r"`([^`]+)`", row.split("|")[1])]
    assert all((made / name).exists() for name in named)
    known = {"README.md", ".gitignore", "app/__init__.py"}
    folders = tuple(name for name in named if name.endswith("/"))
    assert {path for path in found if not path.startswith(folders)} - known == {*named} - {*folders}


def test_the_readme_names_what_the_files_have(made: Path) -> None:
    """Its commands name variables, services, users, groups and files that there are."""
    found = texts(made)
    readme, about = found["README.md"], tomllib.loads(found["pyproject.toml"])
    used = "".join(text for path, text in found.items() if path.startswith("compose")) + readme
    variables = set(re.findall(r"`([A-Z_]+)=", readme))
    assert {"TAG", "POSTGRES_PASSWORD"} <= variables <= set(re.findall(r"\$\{([A-Z_]+)", used))
    services = yaml.safe_load(found["compose.yaml"])["services"]
    services |= yaml.safe_load(found["compose.postgres.yaml"])["services"]
    assert set(re.findall(r"(?:up -d|compose stop) (\w+)", readme)) <= services.keys()
    ((name, user, database),) = re.findall(r"exec (\w+) psql -U (\w+) -d (\w+)", readme)
    given = services[name]["environment"]
    assert (given["POSTGRES_USER"], given["POSTGRES_DB"]) == (user, database)
    named = re.findall(r"(?:-o|-c|compile) ([\w-]+\.\w+)", readme)
    named += [f"app/{module}.py" for module in re.findall(r"-m app\.(\w+)", readme)]
    assert len(named) >= 5 and all(one in found for one in named)
    assert set(re.findall(r"--group (\w+)", readme)) == about["dependency-groups"].keys()
    (version,) = re.findall(r"You need Python ([\d.]+) or newer", readme)
    assert about["project"]["requires-python"] == f">={version}"
    packages = about["tool"]["setuptools"]["packages"]
    assert all((made / one / "__init__.py").is_file() for one in packages)
    bodies = re.findall(r"\{.*?\"buy milk.*?\}", readme)  # for each shell
    assert len(bodies) == 2 and len({body.replace("\\", "") for body in bodies}) == 1
    calls = re.findall(r"curl(?:\.exe)? (-i .+?) -d", readme)
    assert len(calls) == 2 and len(set(calls)) == 1
    assert '-d "@-"\n' in readme  # PowerShell sends the body by the standard input
    both_files = "-f compose.yaml -f compose.postgres.yaml "  # the second one alone has no image
    assert set(re.findall(r"compose ((?:-f \S+ )*)(?:up|exec)", readme)) == {"", both_files}
    (old,) = re.findall(r"python -m app\.move (\S+)", readme)
    assert f'"{old}"' in found["app/db.py"]  # the file that the service has by itself
    for lock in re.findall(r"^uv pip compile .+$", readme, re.MULTILINE):
        assert f" --universal --python-version {version} " in lock  # for each system and Python
        assert (" -c requirements.txt " in lock) == ("--group" in lock)


@pytest.mark.parametrize(
    ("folder", "package"), [("My Service", "my-service"), ("_a_", "a"), ("проект", "service")]
)
def test_the_name_of_the_package(folder: str, package: str) -> None:
    """Whatever the folder is called, pip takes the name of the package."""
    made = new_project.project_texts(folder, "sync")
    assert tomllib.loads(made["pyproject.toml"])["project"]["name"] == package


def test_only_one_version(made: Path) -> None:
    """With --sync or --async, nothing names the other version; the tests of it collect."""
    found, kind = texts(made), made.name
    foreign = {
        "both": "nothing at all",
        "sync": r"(db|main)_async|[\"']async[\"']|\b(a?sync|both) version",
        "async": r"app\.main\b|app/main\.py|db\.get_session|[\"']sync[\"']|\b(a?sync|both) version",
    }[kind]
    assert [path for path, text in found.items() if re.search(foreign, text)] == []
    assert ("app/db_async.py" in found, "app/main.py" in found) == (kind != "sync", kind != "async")
    if kind == "async":  # what the app needs of it: all but the session
        assert "get_session" not in found["app/db.py"] and "Iterator" not in found["app/db.py"]
    if kind == "both":  # its tests run above
        return
    tests = ["tests/test_tasks.py", "tests/test_statuses.py"]
    words = ["-m", "pytest", "-q", "--collect-only", *tests]
    status, output, errors = outcome(start_python(*words, url=None, cwd=made))
    assert status == 0, output + errors
    versions = set(re.findall(r"test_create\[(\w+)\]", output))
    assert versions == {kind}


def test_it_is_made_from_what_ships(made: Path) -> None:
    """The service is the shipped one, with all that chapter 15 changes, and no other chapter.

    The tests are those of the notebook. In all of this, only a few lines differ.
    """
    found, ends = texts(made), stored_ends().files(TESTS)
    shipped = {path: text for path, text in ends.items() if path.startswith(("tests/", "pytest"))}
    for path in (ROOT / "alembic.ini", *(ROOT / "app").iterdir(), *(ROOT / "alembic").rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            shipped[path.relative_to(ROOT).as_posix()] = path.read_text(encoding="utf-8")
    on_postgres = stored_ends().files(POSTGRES).items()
    changes = {path: text for path, text in on_postgres if shipped.get(path) != text}
    assert changes.keys() == set(SETTINGS["taken"][str(POSTGRES)])
    shipped |= changes
    assert shipped.keys() - found.keys() == set(SETTINGS["left_out"][made.name])
    changed = {path for path, text in shipped.items() if found.get(path, text) != text}
    edited = {path for _, path, _, _ in SETTINGS["replaced"]["edits"]}
    assert changed <= (set() if made.name == "both" else edited)


def test_it_is_ready_for_postgresql(made: Path) -> None:
    """Each engine asks before it lends a connection, and one migration waits for the other."""
    found = texts(made)
    engines = [
        engine
        for path in ("app/db.py", "app/db_async.py")
        for engine in re.findall(r"= create_(?:async_)?engine\(.*", found.get(path, ""))
    ]
    assert len(engines) == (1 if made.name == "sync" else 2)
    assert all("pool_pre_ping=True" in engine for engine in engines)
    before = found["alembic/env.py"].partition("            context.run_migrations()\n")[0]
    assert "SELECT pg_advisory_xact_lock(1)" in before
    assert found["app/move.py"] == stored_ends().text(POSTGRES, "app/move.py")


@pytest.mark.parametrize(
    "made",
    ["both", *(pytest.param(kind, marks=pytest.mark.weekly) for kind in ("sync", "async"))],
    indirect=True,
)
def test_it_works_on_postgresql(made: Path, postgres: Postgres, tmp_path: Path) -> None:
    """Two migrations at once both succeed, rows move, and no client notices a restart.

    The address is one as hosts give it.
    """
    remote, file = Remote(postgres, "own", tmp_path), migrated(tmp_path, "head")
    given = make_url(remote.url).set(drivername="postgres")
    url = given.update_query_dict({"sslmode": "prefer"}).render_as_string(hide_password=False)
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
    waiting += " AND datname = current_database()"
    upgrade = "from alembic.config import main; main(['upgrade', 'head'])"
    with ThreadPoolExecutor() as threads, remote.connect() as somebody:
        somebody.execute("CREATE TABLE alembic_version (id INTEGER)")
        both = [threads.submit(run, upgrade, url, made) for _ in range(2)]
        # Without a lock, both have found an empty database when they wait. Who has failed is done.
        until(lambda: remote.query(waiting) == [(2,)] or any(one.done() for one in both))
        somebody.rollback()
    for one in both:
        one.result()
    query(file, "INSERT INTO task (id, task_name) VALUES (7, 'milk')")
    program = "import sys; from app.move import move; move(sys.argv[1])"
    assert run(program, url, made, [database_url(file)]) == "task 1\n"
    kinds = ("sync", "async") if made.name == "both" else (made.name,)
    with serve_all([(kind, url, tmp_path / kind) for kind in kinds], cwd=made) as servers:
        for server in servers:
            assert server.client.get("/task/7").json()["task_name"] == "milk"
        postgres.restart()
        for number, server in enumerate(servers, start=8):
            assert server.client.get("/task/7").status_code == 200
            answer = server.client.post("/task/", json={"task_name": "bread"})
            assert (answer.status_code, answer.json()["id"]) == (201, number)
    remote.close()


def test_the_user_of_the_readme(postgres: Postgres, tmp_path: Path) -> None:
    """What the README says makes a user who is no superuser, and who can migrate."""
    if not isinstance(postgres, OwnServer):
        pytest.skip("on a server of somebody's own, the tests make no user")
    folder = tmp_path / "mine"
    new_project.make(folder, "sync")
    readme = (folder / "README.md").read_text(encoding="utf-8")
    user, database = re.findall(r"^```sql\n(.+)\n(.+)\n```", readme, re.M)[0]
    owner = re.findall(r"`(ALTER DATABASE .+?;)`", readme)[0]
    address = make_url(postgres.url).set(drivername="postgresql")
    own = address.set(username="tasks", password="…", database="tasks")
    with psycopg.connect(address.render_as_string(False), autocommit=True) as superuser:
        # On any server; and in the container, which has made the database before.
        for statements in ((user, database), ("CREATE DATABASE tasks", user, owner)):
            for statement in statements:
                superuser.execute(statement)
            alembic("upgrade", "head", url=own.render_as_string(False), cwd=folder)
            rights = "SELECT rolsuper, rolcreatedb, rolcreaterole FROM pg_roles WHERE rolname = %s"
            assert superuser.execute(rights, ["tasks"]).fetchall() == [(False, False, False)]
            superuser.execute("DROP DATABASE tasks WITH (FORCE)")
            superuser.execute("DROP USER tasks")


def test_the_container(made: Path) -> None:
    """All files of chapter 16 are there. What is copied exists, and what starts is this version."""
    found = texts(made)
    assert set(SETTINGS["taken"][str(CONTAINER)]) <= found.keys()
    copied = re.findall(r"^COPY (\S+)", found["Dockerfile"], re.M)
    assert "requirements.txt" in copied and all((made / name).exists() for name in copied)
    unhidden = [line[1:] for line in found[".dockerignore"].splitlines() if line[:1] == "!"]
    assert sorted(unhidden) == sorted(copied)
    app = SETTINGS["words"][made.name]["app"]
    assert f'CMD ["uvicorn", "{app}"' in found["Dockerfile"]
    services = yaml.safe_load(found["compose.yaml"])["services"].values()
    assert {one["image"] for one in services} == {f"{made.name}:${{TAG:-1}}"}
    assert ".env" in found[".gitignore"].split()


@pytest.mark.weekly
def test_the_container_is_played(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As in chapter 16: from what the Dockerfile copies, a migration, a service, and a row."""
    monkeypatch.setattr(box, "project", lambda: tmp_path)
    image = box.build("1", made)
    assert "/srv: alembic alembic.ini app requirements.txt\n" in capsys.readouterr().out
    image.run("alembic upgrade head", "data")
    assert "(exit status 0)" in capsys.readouterr().out
    with image.start("data") as container:
        answer = httpx.post(f"{container.url}/task/", json={"task_name": "milk"}, trust_env=False)
        assert answer.status_code == 201 and container.healthy()


def needed(listed: list[str]) -> set[str]:
    """Return the names of these requirements and of all that they need, on this machine."""
    found: set[tuple[str, str]] = set()
    waiting = [Requirement(one) for one in listed]
    while waiting:
        one = waiting.pop()
        for extra in ("", *one.extras):
            if (one.name.lower(), extra) in found or (one.marker and not one.marker.evaluate()):
                continue
            found.add((one.name.lower(), extra))
            for text in importlib.metadata.requires(one.name) or []:
                other = Requirement(text)
                if other.marker is None or other.marker.evaluate({"extra": extra}):
                    other.marker = None
                    waiting.append(other)
    return {name.replace("_", "-") for name, _ in found}


def locked(folder: Path, name: str) -> dict[str, str]:
    """Return the packages of a lock that are for this machine, each with its version."""
    lines = (folder / name).read_text(encoding="utf-8").splitlines()
    found = [Requirement(line) for line in lines if not line.startswith("#")]
    return {
        one.name: str(one.specifier) for one in found if not one.marker or one.marker.evaluate()
    }


def test_the_locks_hold_what_is_needed_and_no_more(made: Path) -> None:
    """Each locked package is needed by one that pyproject.toml names, and each needed is locked."""
    about = tomllib.loads((made / "pyproject.toml").read_text(encoding="utf-8"))
    direct, tests = about["project"]["dependencies"], about["dependency-groups"]["tests"]
    service, of_tests = locked(made, "requirements.txt"), locked(made, "requirements-tests.txt")
    assert set(service) == needed(direct)
    assert set(of_tests) == needed(tests)
    assert all(service.get(name, one) == one for name, one in of_tests.items())
    course = locked(ROOT, "requirements.txt")
    assert service.items() | of_tests.items() <= course.items()


def test_what_is_imported_is_named(made: Path) -> None:
    """What the project imports, pyproject.toml names; and besides only the drivers."""
    about = tomllib.loads((made / "pyproject.toml").read_text(encoding="utf-8"))
    groups = [about["project"]["dependencies"], about["dependency-groups"]["tests"]]
    direct = {Requirement(one).name for group in groups for one in group}
    brought = {"pydantic", "starlette", "hypothesis"}  # FastAPI and Schemathesis show them
    own = {"app", "conftest", *sys.stdlib_module_names}
    sources = "\n".join(text for path, text in texts(made).items() if path.endswith(".py"))
    imported = set(re.findall(r"^(?:from|import) (\w+)", sources, re.M))
    drivers = (
        {"psycopg"} if made.name == "sync" else {"psycopg", "asyncpg", "aiosqlite", "greenlet"}
    )
    assert {name.replace("_", "-") for name in imported - own - brought} == direct - drivers
    assert drivers <= direct


@pytest.mark.parametrize(
    "tool",
    [
        "ruff check",
        "ruff format --check",
        pytest.param("mypy", marks=pytest.mark.weekly),
        pytest.param("mypy --strict app", marks=pytest.mark.weekly),
    ],
)
def test_style_and_types(tool: str, made: Path) -> None:
    """The tools find nothing, with the project's own settings."""
    name, *options = tool.split()
    if find_spec(name) is None:
        pytest.skip(f"{name} is not here")
    cache = {"RUFF_NO_CACHE": "true", "MYPY_CACHE_DIR": str(made.parent / "types")}
    done = subprocess.run(
        [sys.executable, "-m", name, *options, *(["."] if name == "ruff" else [])],
        cwd=made,
        env=environment(**cache),
        capture_output=True,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_what_the_ci_of_the_project_does(made: Path) -> None:
    """It installs both locks, and its commands are the known ones, which the other tests run."""
    source = (made / ".github" / "workflows" / "tests.yml").read_text(encoding="utf-8")
    workflow = yaml.safe_load(source)
    assert workflow[True] == ["push", "pull_request"]  # `on` is a YAML word for true
    steps = workflow["jobs"]["tests"]["steps"]
    actions = [step["uses"].partition("@")[0] for step in steps if "uses" in step]
    assert actions == ["actions/checkout", "actions/setup-python"]
    python = steps[1]["with"]["python-version"]
    assert f"python={python}\n" in (ROOT / "environment.yml").read_text(encoding="utf-8")
    assert isinstance(python, str)  # a number loses the 0 of 3.20
    lines = [step["run"] for step in steps if "run" in step]
    mypy = next(
        one for one in (ROOT / "requirements-checks.txt").read_text().split() if "mypy==" in one
    )
    assert lines == [
        f"pip install -r requirements.txt -r requirements-tests.txt {mypy}",
        "mypy --strict app",
        "alembic upgrade head && alembic check",
        "pytest",
    ]
    ignored = (made / ".gitignore").read_text(encoding="utf-8").split()
    assert {"*.db*", ".venv/", "__pycache__/"} <= set(ignored)


@pytest.mark.parametrize("there", ["a file in it", "a hidden file in it", "a file", "nothing"])
def test_only_an_empty_folder_is_taken(there: str, tmp_path: Path) -> None:
    """What is somebody's is not touched; a sentence says what to do."""
    folder = tmp_path / "mine"
    if there == "a file":
        folder.write_text("mine", encoding="utf-8")
    else:
        folder.mkdir()
        if there != "nothing":
            name = ".hidden" if "hidden" in there else "README.md"
            (folder / name).write_text("mine", encoding="utf-8")
    before = texts(tmp_path)
    if there == "nothing":
        new_project.make(folder, "sync")
        assert (folder / "app" / "main.py").exists()
        return
    done = new(folder)
    assert (done.returncode, done.stdout) == (1, "")
    what, todo = done.stderr.splitlines()
    assert what.startswith(f"There is something in {folder} already, so no project was made")
    assert todo.startswith("Name a folder that is empty")
    assert texts(tmp_path) == before


def test_the_folder_in_which_one_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The project has the folder's name, also if one types a dot. Two versions are no version."""
    (tmp_path / "mine").mkdir()
    monkeypatch.chdir(tmp_path / "mine")
    with pytest.raises(SystemExit):
        new_project.main([".", "--sync", "--async"])
    assert new_project.main([".", "--sync"]) == 0
    assert 'name = "mine"' in Path("pyproject.toml").read_text(encoding="utf-8")
    assert Path("README.md").read_text(encoding="utf-8").startswith("# mine\n")


@pytest.mark.parametrize("where", ["is_dir", "iterdir"])
def test_a_folder_that_one_may_not_look_into(
    where: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is said in two sentences; so is a name that is too long."""

    def refuse(path: Path) -> bool:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, where, refuse)
    with pytest.raises(Problem, match=r"can't be written into .+: Permission denied"):
        new_project.make(tmp_path, "both")


@pytest.mark.parametrize("name", ["100% mine", "100% mine/service"])
def test_a_path_that_alembic_can_not_read(name: str, tmp_path: Path) -> None:
    """It is refused before anything is made."""
    with pytest.raises(Problem, match="a %, which Alembic can't read") as caught:
        new_project.make(tmp_path / name, "both")
    assert caught.value.key == "new-project-path"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("there", [True, False])
def test_a_disk_that_gets_full(
    there: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is left of the project, and the folder is as it was."""
    folder = tmp_path / "mine"
    if there:
        folder.mkdir()
    write, written = Path.write_text, []

    def full(path: Path, text: str, **options: str) -> int:
        written.append(path)
        if len(written) == 10:
            raise OSError(28, "No space left on device")
        return write(path, text, **options)

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(Problem, match="nothing of it is left: No space left on device"):
        new_project.make(folder, "both")
    assert len(written) == 10
    assert [path.name for path in tmp_path.rglob("*")] == ["mine"] * there


def test_the_next_steps_of_each_system(made: Path) -> None:
    """They are the commands of the README, in its order, with the system's way to activate."""
    for platform, python, activate in [
        ("linux", Path(sys.executable).name, ". .venv/bin/activate"),
        ("darwin", Path(sys.executable).name, ". .venv/bin/activate"),
        ("win32", "python", r".venv\Scripts\activate"),
    ]:
        said = new_project.next_steps(Path("..") / "my service", made.name, platform)
        lines = [line.strip() for line in said.splitlines() if line.startswith("    ")]
        assert lines[0] == f'cd "{Path("..") / "my service"}"'
        assert lines[1:3] == [f"{python} -m venv .venv", activate]
        assert lines[3:] == set_up(made)[2:-1]
    assert r"py -m venv .venv" in (made / "README.md").read_text(encoding="utf-8")


NAMES = ["a name", "wow!x", "!", "it's", "it's wow!", "a & b (c); #d", 'mine "$HOME" `id` \\']


@pytest.mark.parametrize(
    ("folder", "first", "in_powershell"),
    [
        (r"..\it's & (so)", 'cd "..\\it\'s & (so)"', ""),
        (r"..\a$b", r'cd "..\a$b"', r"cd -LiteralPath '..\a$b'"),
        (r"..\it's `a`", 'cd "..\\it\'s `a`"', r"cd -LiteralPath '..\it''s `a`'"),
        (r"a[1]", r'cd "a[1]"', "cd -LiteralPath 'a[1]'"),
        ("“a” \u2019b", 'cd "“a” \u2019b"', "cd -LiteralPath '“a” \u2019\u2019b'"),
        (r"D:\mine", r'pushd "D:\mine"', ""),
        (r"\\pc\all\a$b", r'pushd "\\pc\all\a$b"', r"pushd -LiteralPath '\\pc\all\a$b'"),
    ],
)
def test_the_first_step_on_windows(folder: str, first: str, in_powershell: str) -> None:
    """PowerShell reads more letters in double quotes; the Command Prompt has no other quotes."""
    said = new_project.next_steps(PureWindowsPath(folder), "both", "win32")
    before, _, steps = said.partition("\n    ")
    assert steps.splitlines()[0] == first
    assert re.findall(r"the first line is: (.*)\)", before) == [in_powershell] * bool(in_powershell)


@pytest.mark.skipif(sys.platform == "win32", reason="a name there has none of these letters")
@pytest.mark.parametrize("name", [*NAMES, "-mine", "-m!ne"])
def test_the_first_step_goes_into_the_folder(name: str, tmp_path: Path) -> None:
    """Also where a letter of its name means something to the shell."""
    (tmp_path / name).mkdir()
    said = new_project.next_steps(Path(name), "sync", sys.platform)
    step = next(line.strip() for line in said.splitlines() if line.startswith("    "))
    # As one types it in a terminal, where bash and zsh take `!` for the begin of an older command.
    script = f"cd {tmp_path.as_posix()!r} && {step} && pwd\n"
    for shell, begin in (("sh", ""), ("bash", "set -o history\nset -o histexpand\n")):
        if command := shutil.which(shell):
            done = subprocess.run(
                [command], input=begin + script, capture_output=True, encoding="utf-8", timeout=60
            )
            assert done.stdout == f"{tmp_path / name}\n", done.stderr


def test_a_folder_inside_the_course(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One is told that it does not belong there. `-m` works too, beside the notebooks."""
    monkeypatch.setattr(new_project, "ROOT", tmp_path)
    for name in ("pyproject.toml", *(path.name for path in ROOT.glob("requirements*.txt"))):
        (tmp_path / name).write_text((ROOT / name).read_text(encoding="utf-8"), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert new_project.main(["inside"]) == 0
    assert "lies in the folder of the course" in capsys.readouterr().out
    words = ["-m", "tutorial.new_project", "--help"]
    status, output, errors = outcome(start_python(*words, url=None, cwd=ROOT / "notebooks"))
    assert status == 0 and "--async" in output, errors


def test_it_needs_no_package(tmp_path: Path) -> None:
    """Any Python from 3.11 on will do, without the environment of the course."""
    words = [*COMMAND.split()[1:-1], str(tmp_path / "mine")]
    status, output, errors = outcome(start_python("-S", "-E", *words, url=None, cwd=ROOT))
    assert status == 0, errors
    assert (tmp_path / "mine" / "app" / "main.py").is_file() and "is made" in output


@pytest.mark.parametrize("page", NAMED)
def test_the_command_is_named(page: str) -> None:
    """The pages name the command as these tests run it."""
    assert COMMAND in (ROOT / page).read_text(encoding="utf-8")


LOST = re.compile(r"\n\ndef test_0002_keeps_rows\(.*?(?=\n\n\n|\Z)", re.S)
RUFF = ["ruff format .", "ruff check --fix ."]


def put_own_table(folder: Path, name: str) -> list[str]:
    """Do by hand what "Put your own table …" in the README says; return its commands."""
    readme = (folder / "README.md").read_text(encoding="utf-8")
    section = readme.partition("## Put your own table in the place of `task`\n")[2]
    for path, text in texts(folder).items():
        if path.startswith(("app/", "alembic/env.py", "tests/")):
            text = text.replace("Task", name).replace("task", name.lower())
            if path == "tests/test_migrations.py":
                text, count = LOST.subn("", text)
                assert count == 1 and text.count(", text\n") == 1
                text = text.replace(", text\n", "\n")
            (folder / path).write_text(text, encoding="utf-8", newline="\n")
    for revision in (folder / "alembic" / "versions").glob("*.py"):
        revision.unlink()
    return re.findall(r"^   ((?:alembic|ruff) .+)$", section.partition("\n## ")[0], re.M)


def ruff(folder: Path, command: str) -> list[str]:
    """Run ruff; return its errors, each one as a file and a rule. Skip the test if it is not here.

    What it formats is no error.
    """
    if find_spec("ruff") is None:
        pytest.skip("ruff is not here")
    done = subprocess.run(
        [sys.executable, "-m", *command.split()],
        cwd=folder,
        env=environment(RUFF_NO_CACHE="true", RUFF_OUTPUT_FORMAT="concise"),
        capture_output=True,
        encoding="utf-8",
    )
    found = re.findall(r"^(.+?):\d+:\d+: (\w+) ", done.stdout.replace("\\", "/"), re.M)
    assert done.returncode == bool(found), done.stdout + done.stderr
    return [" ".join(one) for one in found]


@pytest.mark.parametrize(
    ("name", "by_hand"),
    [("Book", []), ("Invoice", ["app/errors.py E501"]), ("OrderLine", ["app/errors.py E501"])],
)
def test_another_name(name: str, by_hand: list[str], tmp_path: Path) -> None:
    """ruff puts all right but what the README names. So is what has the old name then."""
    folder = tmp_path / "mine"
    new_project.make(folder, "both")
    commands = put_own_table(folder, name)
    assert commands[-2:] == RUFF
    assert [ruff(folder, command) for command in RUFF] == [[], by_hand]
    assert ruff(folder, "ruff format --check .") == []
    readme = (folder / "README.md").read_text(encoding="utf-8")
    assert all(one.split()[0] in readme.partition("--fix")[2] for one in by_hand)
    left = {
        (path, word)
        for path, text in texts(folder).items()
        if path != "README.md"
        for word in re.findall(r"\w*task\w*", text, re.I)
    }
    old = {("tests", "TASK"), ("tests", "TASK_ID"), ("compose.postgres.yaml", "tasks")}
    assert {(path.partition("/")[0], word) for path, word in left} == old
    assert texts(folder)["compose.postgres.yaml"].count("tasks") == 3


@pytest.mark.weekly
def test_a_table_of_ones_own(made: Path, tmp_path: Path) -> None:
    """Who follows "Put your own table …" in the README gets a service whose tests pass."""
    folder = tmp_path / "lines"
    new_project.make(folder, made.name)
    commands = put_own_table(folder, "OrderLine")
    project = Project(folder, made.name)
    for command in (*(one for one in commands if one not in RUFF), "alembic check", "pytest"):
        project.run(command)
    (revision,) = project.revisions()
    assert "op.create_table('orderline'," in revision
    if find_spec("ruff"):
        test_style_and_types("ruff check --select F", folder)  # nothing is left over
        assert [ruff(folder, command) for command in RUFF] == [[], ["app/errors.py E501"]]
