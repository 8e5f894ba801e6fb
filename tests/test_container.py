"""The files of chapter 16 with a real container engine: built, run, stopped, killed, counted.

Weekly, because it takes a minute and the network; a job of the CI runs it at each push:

    pytest -m weekly tests/test_container.py

It is skipped where neither docker nor podman works, or the image of Python can't be had.
"""

import json
import re
import shlex
import shutil
import subprocess
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from packaging.requirements import Requirement

from tutorial import course
from tutorial.box import instructions
from tutorial.ends import stored_ends

pytestmark = [pytest.mark.weekly, pytest.mark.timeout(600)]

ROOT = Path(__file__).resolve().parent.parent
FILES = ("Dockerfile", ".dockerignore", "compose.yaml", "compose.postgres.yaml")
BASE = "docker.io/library/python:3.13-slim"
IN_IMAGE = ["alembic", "alembic.ini", "app", "requirements-service.txt"]
OWN = uuid.uuid4().hex[:8]  # so that two runs, or somebody's own containers, never meet
IMAGE, VOLUME = f"task-service-{OWN}", f"data-{OWN}"


def run(*words: str, cwd: Path | None = None, seconds: float = 300) -> subprocess.CompletedProcess:
    """Run a command, and return what it did."""
    return subprocess.run(words, cwd=cwd, capture_output=True, text=True, timeout=seconds)


def good(*words: str, cwd: Path | None = None) -> str:
    """Run a command that must end well, and return what it printed."""
    done = run(*words, cwd=cwd)
    assert done.returncode == 0, done.stdout + done.stderr
    return str(done.stdout)


def written(name: str) -> str:
    """Return the text that chapter 16 writes into a file."""
    first = f"%%writefile {name}\n"
    (text,) = (
        cell.source.removeprefix(first)
        for cell in course.cells(16)
        if cell.source.startswith(first)
    )
    return f"{text}\n"


@pytest.fixture(scope="module")
def engine() -> str:
    """The name of an engine that works here, and that has the base image."""
    for name in ("docker", "podman"):
        if shutil.which(name) and run(name, "info").returncode == 0:
            if (
                run(name, "image", "inspect", BASE).returncode
                and run(name, "pull", BASE).returncode
            ):
                pytest.skip(f"{name} can't get {BASE}")
            return name
    pytest.skip("there is no container engine")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The finished service as it is shipped, with the four files of the chapter."""
    folder = tmp_path_factory.mktemp("my project")
    for name in ("app", "alembic"):
        shutil.copytree(ROOT / name, folder / name)
    for name in ("alembic.ini", "requirements-service.txt"):
        shutil.copy(ROOT / name, folder / name)
    for name in FILES:
        (folder / name).write_text(written(name), encoding="utf-8", newline="\n")
    (folder / "database.db").write_text("must stay outside")
    (folder / ".env").write_text("POSTGRES_PASSWORD=must0stay0outside\n")
    return folder


def build(engine: str, tag: str, folder: Path, file: Path | None = None) -> str:
    """Build an image, and return its name. podman needs to be told to keep the health check."""
    options = ["--format", "docker"] if engine == "podman" else []
    dockerfile = ["-f", str(file)] if file else []
    good(engine, "build", *options, *dockerfile, "-t", f"{IMAGE}:{tag}", ".", cwd=folder)
    return f"{IMAGE}:{tag}"


@pytest.fixture(scope="module")
def image(engine: str, project: Path) -> Iterator[str]:
    """The built image, and an empty volume."""
    run(engine, "volume", "rm", "-f", VOLUME)
    try:
        yield build(engine, "1", project)
    finally:
        run(engine, "volume", "rm", "-f", VOLUME)
        images = run(engine, "images", "-q", IMAGE).stdout.split()
        run(engine, "rmi", "-f", *images)


class Container:
    """A container that serves."""

    def __init__(self, engine: str, name: str) -> None:
        self.engine, self.name = engine, name

    @property
    def url(self) -> str:
        """Where its port is published."""
        return f"http://{good(self.engine, 'port', self.name, '8000').split()[-1]}"

    def wait(self) -> None:
        """Wait until it answers."""
        for _ in range(300):
            try:
                assert httpx.get(f"{self.url}/ping").json() == {"ping": "pong!"}
                return
            except httpx.TransportError:
                time.sleep(0.1)
        raise AssertionError(self.logs())

    def logs(self) -> str:
        """Return what it has logged."""
        done = run(self.engine, "logs", self.name)
        return f"{done.stdout}{done.stderr}"

    def add(self, number: int) -> list[int]:
        """Store some tasks, and return the statuses."""
        task = {"task_name": "milk"}
        return [httpx.post(f"{self.url}/task/", json=task).status_code for _ in range(number)]

    def count(self) -> int:
        """Return how many tasks there are."""
        return len(httpx.get(f"{self.url}/task/?limit=100").json())

    def stop(self, seconds: int = 10) -> tuple[int, float]:
        """Stop it, and return its exit status and how long that took."""
        begun = time.monotonic()
        good(self.engine, "stop", "-t", str(seconds), self.name)
        took = time.monotonic() - begun
        return int(good(self.engine, "inspect", "-f", "{{.State.ExitCode}}", self.name)), took

    def kill(self) -> None:
        """Kill it, and throw it away with all that is in it."""
        good(self.engine, "kill", self.name)
        good(self.engine, "rm", "-f", "-v", self.name)


def started(engine: str, image: str, mount: str, *words: str) -> Container:
    """Start a container. It may not answer yet."""
    name = f"service-{uuid.uuid4().hex[:8]}"
    publish = ("-p", "127.0.0.1::8000")
    good(engine, "run", "-d", "--name", name, *publish, "-v", mount, image, *words)
    return Container(engine, name)


@contextmanager
def serving(engine: str, image: str, mount: str) -> Iterator[Container]:
    """A container that serves in the block, and is thrown away at its end."""
    container = started(engine, image, mount)
    try:
        container.wait()
        yield container
    finally:
        run(engine, "rm", "-f", "-v", container.name)


def shot(engine: str, image: str, *words: str, mount: str = f"{VOLUME}:/data") -> tuple[int, str]:
    """Run a command in a new container, and return its exit status and what it printed and logged.

    What it has logged comes first, because an engine has words of its own in there, too.
    """
    done = run(engine, "run", "--rm", "-v", mount, image, *words)
    return done.returncode, f"{done.stderr}\n--\n{done.stdout}"


def printed(engine: str, image: str, *words: str) -> list[str]:
    """Return the words that a command prints in a new container."""
    return shot(engine, image, *words)[1].rpartition("\n--\n")[2].split()


def test_what_is_in_the_image(engine: str, project: Path, image: str, tmp_path: Path) -> None:
    """The versions of the lock, the files that COPY names, and no file of somebody's own."""
    listed = printed(engine, image, "pip", "list", "--format", "freeze")
    installed = {one.lower().replace("_", "-") for one in listed}
    lock = (project / "requirements-service.txt").read_text(encoding="utf-8")
    for line in re.findall(r"^\w.+", lock, re.MULTILINE):
        wanted = Requirement(line)
        if not wanted.marker or "win32" not in line:
            assert f"{wanted.name}{wanted.specifier}" in installed
    assert printed(engine, image, "ls", "/srv") == IN_IMAGE
    all_of_it = tmp_path / "Dockerfile"
    all_of_it.write_text(f"FROM {image}\nUSER 0\nCOPY . /all\n")
    whole = build(engine, "all", project, all_of_it)
    assert printed(engine, whole, "ls", "-A", "/all") == IN_IMAGE


def test_it_is_not_root(engine: str, image: str) -> None:
    """It may write into /data, and nowhere else."""
    assert printed(engine, image, "id", "-u") == ["10001"]
    assert shot(engine, image, "touch", "/srv/app/main.py")[0] != 0
    assert shot(engine, image, "touch", "/data/x")[0] == 0


def test_deployed_stopped_killed(engine: str, project: Path, image: str) -> None:
    """Refused, migrated, served; stopped at once; after a stop and a kill, no row is lost."""
    status, said = shot(engine, image)
    assert (status, "run `alembic upgrade head`" in said) == (3, True)
    status, said = shot(engine, image, "alembic", "upgrade", "head")
    assert (status, "Running upgrade 0001 -> 0002" in said) == (0, True)
    health = dict(instructions(project / "Dockerfile"))["HEALTHCHECK"].partition("CMD ")[2]
    with serving(engine, image, f"{VOLUME}:/data") as first:
        assert first.add(3) == [201] * 3
        good(engine, "exec", first.name, *json.loads(health))
        status, seconds = first.stop()
        assert (status, seconds < 5) == (0, True)
        assert "Application shutdown complete" in first.logs()
    with serving(engine, image, f"{VOLUME}:/data") as second:
        assert second.count() == 3
        assert second.add(3) == [201] * 3
        second.kill()
    with serving(engine, image, f"{VOLUME}:/data") as third:
        assert third.count() == 6


def test_the_project_of_the_chapter(engine: str, image: str, tmp_path: Path) -> None:
    """With its settings, its logs and its readiness, it is built and served in the same way."""
    stored_ends().put(16, tmp_path)
    built = build(engine, "chapter", tmp_path)
    assert shot(engine, built, "alembic", "upgrade", "head")[0] == 0
    with serving(engine, built, f"{VOLUME}:/data") as container:
        assert httpx.get(f"{container.url}/ready").status_code == 200
        assert container.stop()[0] == 0
        assert re.search(r"^INFO [0-9a-f]{32} GET /ready 200 \d+ ms$", container.logs(), re.M)
    done = run(engine, "run", "--rm", "-e", "LOG_LEVEL=loud", built)
    assert (done.returncode, "The variable LOG_LEVEL is wrong" in done.stderr) == (1, True)


def test_the_lines_that_people_copy(engine: str, image: str, tmp_path: Path, project: Path) -> None:
    """Those of the chapter's checklist, with names of this test's own: a restore loses no row.

    An old backup is in the volume before, and the whole volume is lost before the restore.
    """
    (own,) = (cell.source for cell in course.cells(16) if cell.id == "own")
    container, volume = Container(engine, f"lines-{OWN}"), f"lines-{OWN}"
    changed = {"docker": engine, "task-service": f"{IMAGE}:lines", "service": container.name}
    changed |= {"127.0.0.1:8000:8000": "127.0.0.1::8000", "data:/data": f"{volume}:/data"}
    changed |= {
        "service:/data/b.db": f"{container.name}:/data/b.db",
        "b.db": str(tmp_path / "b.db"),
    }
    try:
        for line in re.findall(r"^\$ (docker .+)$", own, re.MULTILINE):
            words = [changed.get(word, word) for word in shlex.split(line)]
            if "rm" in words:
                good(engine, "exec", container.name, "cp", "/data/database.db", "/data/b.db")
            good(*words, cwd=project)
            if "-d" in words:
                container.wait()
                assert container.add(2) == [201] * 2
            elif words[1] == "stop":
                lost = ("find", "/data", "-type", "f", "-delete")
                assert shot(engine, changed["task-service"], *lost, mount=f"{volume}:/data")[0] == 0
            elif words[1:3] == ["cp", changed["service:/data/b.db"]]:  # after the backup
                assert (tmp_path / "b.db").stat().st_size
                assert container.add(1) == [201]
                good(engine, "kill", container.name)
                good(engine, "start", container.name)
                container.wait()
                assert container.count() == 3
        container.wait()
        assert container.count() == 2
    finally:
        run(engine, "rm", "-f", "-v", container.name)
        run(engine, "volume", "rm", "-f", volume)


def test_a_text_as_command_is_killed(engine: str, project: Path, image: str) -> None:
    """The shell is process 1, and hands nothing on."""
    text, _, _ = (project / "Dockerfile").read_text(encoding="utf-8").partition('CMD ["uvicorn')
    file = project.with_name(f"{project.name}.text")
    file.write_text(f"{text}CMD uvicorn app.main:app --host 0.0.0.0 --port 8000\n")
    by_shell = build(engine, "text", project, file)
    with serving(engine, by_shell, f"{VOLUME}:/data") as container:
        status, seconds = container.stop(2)
        assert (status, seconds >= 2) == (137, True)


def test_only_the_file_loses_rows(engine: str, image: str, tmp_path: Path) -> None:
    """Six times 201, and after the kill there is nothing of them."""
    tmp_path.chmod(0o777)
    assert shot(engine, image, "alembic", "upgrade", "head", mount=f"{tmp_path}:/data")[0] == 0
    mount = f"{tmp_path / 'database.db'}:/data/database.db"
    with serving(engine, image, mount) as container:
        assert container.add(6) == [201] * 6
        container.kill()
    with serving(engine, image, mount) as container:
        assert container.count() == 0


def test_without_host_nobody_gets_in(engine: str, image: str) -> None:
    """It listens to the container's own 127.0.0.1: the health check is content, and no client."""
    words = ("uvicorn", "app.main:app", "--port", "8000")
    container = started(engine, image, f"{VOLUME}:/data", *words)
    try:
        ask = "from urllib.request import urlopen; urlopen('http://127.0.0.1:8000/ping')"
        for _ in range(100):
            if run(engine, "exec", container.name, "python", "-c", ask).returncode == 0:
                break
            time.sleep(0.1)
        else:
            raise AssertionError(container.logs())
        with pytest.raises(httpx.TransportError):
            httpx.get(f"{container.url}/ping")
    finally:
        run(engine, "rm", "-f", "-v", container.name)


def test_compose(engine: str, project: Path, image: str) -> None:
    """Both files together: the database, one migration, then the service. Only with docker."""
    if run(engine, "compose", "version").returncode or engine != "docker":
        pytest.skip("there is no docker compose")
    text = (project / "compose.yaml").read_text(encoding="utf-8")
    own = text.replace("image: task-service:${TAG:-1}", f"image: {image}")
    (project / "own.yaml").write_text(own.replace("127.0.0.1:8000:8000", "127.0.0.1::8000"))
    for files in (("own.yaml",), ("own.yaml", "compose.postgres.yaml")):
        options = [word for file in files for word in ("-f", file)]
        compose = (engine, "compose", "-p", f"p{OWN}", *options)
        try:
            good(*compose, "up", "--build", "-d", "--wait", "service", cwd=project)
            url = f"http://{good(*compose, 'port', 'service', '8000', cwd=project).strip()}"
            answer = httpx.post(f"{url}/task/", json={"task_name": "milk"})
            assert answer.json() == {"task_name": "milk", "task_description": None, "id": 1}
        finally:
            run(*compose, "down", "-v", cwd=project)
