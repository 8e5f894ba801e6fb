"""Starts Python processes from one that has imported the packages: `fork_server.py`."""

import atexit
import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any

CAN_FORK = hasattr(os, "fork")  # Windows can't
one_at_a_time = Lock()  # asks: a server may be killed by a thread


def start_helper(script: str, *options: str, **more: Any) -> subprocess.Popen[str]:
    """Start a program of tests/ that answers lines. It ends with this process. more: for Popen."""
    process = subprocess.Popen(
        [sys.executable, *options, str(Path(__file__).parent / script)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        encoding="utf-8",
        **more,
    )
    atexit.register(process.kill)
    return process


def ask(helper: subprocess.Popen[str], question: object) -> Any:
    """Send a line to such a program, and return its answer; both are in JSON."""
    with one_at_a_time:
        print(json.dumps(question), file=helper.stdin, flush=True)
        return json.loads(helper.stdout.readline())


@cache
def _server(python: tuple[tuple[str, str], ...]) -> subprocess.Popen[str]:
    """Start the process that forks, with these variables of Python."""
    others = (one for one in os.environ.items() if not one[0].startswith("PYTHON"))
    return start_helper("fork_server.py", env={**dict(others), **dict(python)})


class Forked:
    """A Python process. It has those methods of Popen that the tests need.

    arguments: as for `python`, `-m` or `-c` first. output, errors: files for what it writes; if
    there is none for errors, they go into the other one.
    """

    def __init__(
        self,
        *arguments: str,
        cwd: Path,
        environment: Mapping[str, str],
        output: Path,
        errors: Path | None = None,
    ) -> None:
        python = sorted(one for one in environment.items() if one[0].startswith("PYTHON"))
        self._server = _server(tuple(python))
        self.returncode: int | None = None
        output.write_bytes(b"")  # one may look into it at once
        wanted = {
            "arguments": arguments,
            "cwd": str(cwd),
            "variables": dict(environment),
            "output": str(output),
            "errors": str(errors or ""),
        }
        self.pid: int = ask(self._server, wanted)

    def poll(self) -> int | None:
        """Return the exit status, or None while the process runs."""
        if self.returncode is None:
            self.returncode = ask(self._server, {"pid": self.pid})
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end, and return the exit status. Raises TimeoutExpired."""
        deadline = time.monotonic() + (timeout or float("inf"))
        while (status := self.poll()) is None:
            if time.monotonic() > deadline:
                raise subprocess.TimeoutExpired(["python"], timeout or 0)
            time.sleep(0.005)
        return status

    def send_signal(self, number: int) -> None:
        """Send a signal, if the process runs."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """Ask the process to end."""
        self.send_signal(15)

    def kill(self) -> None:
        """End the process at once."""
        self.send_signal(9)
