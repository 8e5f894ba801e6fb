"""Sends requests as fast as they are answered, with wrk, oha or the course's `load`, and counts."""

import asyncio
import json
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from math import nan
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

import tutorial

TIMEOUT = 10  # seconds; an answer that takes longer is an error
JSON = "application/json"
DEADLINE = "aborted due to deadline"  # how oha names a request that was under way at the end


@dataclass(frozen=True)
class Load:
    """What one load has seen. The times are in milliseconds, NaN if they are not known."""

    answered: int  # with 2xx
    seconds: float
    p50: float
    p99: float
    errors: int  # other statuses, errors of the connection, and timeouts

    @property
    def rate(self) -> float:
        """Return the answers per second."""
        return self.answered / self.seconds


# wrk


def wrk_script(body: str) -> str:
    """Return the script that tells wrk what to send, and what to print at the end."""
    return f"""wrk.method, wrk.body = "POST", [[{body}]]
wrk.headers["Content-Type"] = "{JSON}"
done = function(summary, latency)
  local e = summary.errors
  io.write(string.format("RESULT %d %d %d %d %d %d\\n", summary.requests, e.status,
    e.connect + e.read + e.write + e.timeout, summary.duration,
    latency:percentile(50), latency:percentile(99)))
end
"""


def parse_wrk(output: str) -> Load:
    """Read what the script of wrk prints. Its times are in microseconds."""
    found = re.search(r"^RESULT (.+)$", output, re.MULTILINE)
    if not found:
        raise RuntimeError(f"this is no result of wrk:\n{output}")
    requests, refused, broken, duration, p50, p99 = map(int, found[1].split())
    return Load(requests - refused, duration / 1e6, p50 / 1e3, p99 / 1e3, refused + broken)


def with_wrk(url: str, body: str, connections: int, seconds: float) -> Load:
    """Let wrk send the requests. What is under way at the end counts neither way."""
    with TemporaryDirectory() as folder:
        script = Path(folder) / "load.lua"
        script.write_text(wrk_script(body), encoding="utf-8")
        sizes = ["-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", f"{TIMEOUT}s"]
        return parse_wrk(_output(["wrk", *sizes, "-s", str(script), url]))


# oha


def parse_oha(output: str) -> Load:
    """Read the JSON of oha. Its times are in seconds, and None if there was no answer."""
    result = json.loads(output)
    statuses = result["statusCodeDistribution"]
    answered = sum(count for status, count in statuses.items() if status.startswith("2"))
    broken = {name: n for name, n in result["errorDistribution"].items() if name != DEADLINE}
    times = result["latencyPercentiles"]
    return Load(
        answered,
        result["summary"]["total"],
        (times["p50"] or nan) * 1e3,
        (times["p99"] or nan) * 1e3,
        sum(statuses.values()) - answered + sum(broken.values()),
    )


def with_oha(url: str, body: str, connections: int, seconds: float) -> Load:
    """Let oha send the requests."""
    post = ["-m", "POST", "-T", JSON, "-d", body]
    sizes = ["-c", str(connections), "-z", f"{seconds}s", "-t", f"{TIMEOUT}s", "-r", "0"]
    return parse_oha(_output(["oha", "--no-tui", "--output-format", "json", *sizes, *post, url]))


def _output(command: list[str]) -> str:
    """Run a program and return what it prints; if it fails, raise with what it says."""
    done = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=600)
    if done.returncode:
        raise RuntimeError(f"{command[0]} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


# the course's own


def with_course(url: str, body: str, connections: int, seconds: float) -> Load:
    """Let the course's own `load` send the requests. It is slow: it may limit the service."""
    parts = urlsplit(url)
    server, sent = f"{parts.scheme}://{parts.netloc}", json.loads(body)
    seen = asyncio.run(
        tutorial.load(server, parts.path, sent, connections=connections, seconds=seconds)
    )
    answered = sum(count for status, count in seen.statuses.items() if 200 <= status < 300)
    refused = seen.answered - answered
    return Load(answered, seen.seconds, seen.p50, seen.p99, refused + seen.lost)


Tool = Callable[[str, str, int, float], Load]
TOOLS: dict[str, Tool] = {"wrk": with_wrk, "oha": with_oha, "course": with_course}


def best_tool() -> str:
    """Return the first tool that this computer has; the course's own is always there."""
    return next((tool for tool in ("wrk", "oha") if shutil.which(tool)), "course")
