"""What the pages say about real use: the server can be stopped, and every command says how."""

import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from shutil import copy
from urllib.parse import urlsplit

import pytest
from service import ROOT, VERSIONS, database_url, said, start

from tutorial import course

SECONDS = 30
LIMIT = "--timeout-graceful-shutdown"
HALF = (
    b"POST /task/ HTTP/1.1\r\nHost: service\r\nContent-Type: application/json\r\n"
    b'Content-Length: 100\r\n\r\n{"task'
)
PAGES = [ROOT / "README.md", *sorted((ROOT / "notebooks").glob("*.md"))]


def commands() -> Iterator[tuple[str, str]]:
    """Give each command in a text that starts this service, and the name of its page."""
    texts = {path.name: path.read_text(encoding="utf-8") for path in PAGES}
    for number in (0, *course.numbers()):
        written = [one.source for one in course.cells(number) if one.kind == "markdown"]
        texts[course.notebook_path(number).name] = "\n".join(written)
    for name, text in texts.items():
        for command in re.findall(r"(?m)(?:^|`)(uvicorn app\.main[^`#\n]*)", text):
            yield name, command.strip()


def test_each_command_for_real_use_lets_the_server_stop() -> None:
    """One that is not for work on the code, with --reload, says how long it waits at its end.

    A bare `uvicorn app.main:app` in a sentence is only the name of the command.
    """
    found = [(name, one) for name, one in commands() if " " in one.removeprefix("uvicorn ")]
    for name, command in found:
        assert "--reload" in command or f"{LIMIT} 10" in command, f"{name}: {command}"
    real = {name for name, command in found if LIMIT in command}
    assert {"README.md", "the_service.md", course.notebook_path(10).name} <= real


@contextmanager
def running(version: str, file: Path, *options: str) -> Iterator[subprocess.Popen[str]]:
    """Run a server on a file until the block ends. Its log is beside the file."""
    with file.with_suffix(".log").open("w", encoding="utf-8") as output:
        server = start(
            *("uvicorn", VERSIONS[version], "--port", "0", *options),
            url=database_url(file),
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        yield server
    finally:
        server.kill()
        server.wait()


def send_half(server: subprocess.Popen[str], log: Path) -> socket.socket:
    """Send half of a body to a server that starts; return the client, which stays connected."""
    address = urlsplit(said(log, r"http://127\.0\.0\.1:\d+", server)[0])
    client = socket.create_connection((address.hostname, address.port), SECONDS)
    client.sendall(HALF)
    return client


@pytest.mark.skipif(sys.platform == "win32", reason="there, terminate ends a process at once")
def test_a_client_that_sends_half_a_body_does_not_keep_the_server(
    tmp_path: Path, file_at_head: Path
) -> None:
    """With the limit, a server that is told to end does so; without it, it goes on waiting."""
    with ExitStack() as stack:
        servers = {}
        for version in VERSIONS:
            for name, options in (("limit", (LIMIT, "1")), ("none", ())):
                file = Path(copy(file_at_head, tmp_path / f"{version} {name}.db"))
                server = stack.enter_context(running(version, file, *options))
                servers[version, name] = server, file.with_suffix(".log")
        for server, log in servers.values():
            stack.enter_context(send_half(server, log))
        time.sleep(0.3)  # the endpoints wait for the other half now
        for server, _ in servers.values():
            server.terminate()
        for version in VERSIONS:
            assert servers[version, "limit"][0].wait(SECONDS) == -signal.SIGTERM
        time.sleep(1)  # as long again as those that have ended
        for version in VERSIONS:
            server, log = servers[version, "none"]
            said(log, "Waiting for connections to close", server)
            assert server.poll() is None
