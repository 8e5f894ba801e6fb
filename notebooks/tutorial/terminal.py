"""%%terminal: runs the commands of a cell as one would type them, without a shell."""

import argparse
import os
import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
import threading
from pathlib import Path
from string import Template

from tutorial.errors import Problem

INSTALL = {
    "curl": "Windows 10 and macOS have curl; on Debian or Ubuntu run `sudo apt install curl`.",
}


class _Options(argparse.ArgumentParser):
    def error(self, message: str) -> None:
        raise Problem(f"%%terminal does not understand its options: {message}.", self.format_usage())


_options = _Options(prog="%%terminal", add_help=False)
_options.add_argument("--expect-failure", action="store_true", help="fail if a command succeeds")
_options.add_argument("--tail", type=int, default=0, help="print only the last lines")
_options.add_argument("--env", action="append", default=[], metavar="NAME=VALUE")
_options.add_argument("--timeout", type=float, default=60.0, metavar="SECONDS")


def terminal(line: str, cell: str, variables: dict[str, object] | None = None) -> None:
    """Run each line of `cell` as a command in the current folder, and print what it prints.

    line: the options, see above. `$NAME` stands for the notebook's variable of that name.
    Raises Problem when a command is not found, runs out of time, or ends with an exit status other
    than 0 (with --expect-failure: with 0). Later commands do not run then.
    """
    options = _options.parse_args(shlex.split(line))
    environment = os.environ | {
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUNBUFFERED": "1",
        "PYTHONIOENCODING": "utf-8",
        "NO_COLOR": "1",
    }
    environment.pop("PYTHONPATH", None)  # another project's `app` must not be found first
    for setting in options.env:
        name, _, value = setting.partition("=")
        environment[name] = value
        print(f"# with {name}={value}")
    texts = {name: value for name, value in (variables or {}).items() if isinstance(value, str)}
    for command in _commands(cell):
        typed = Template(command).safe_substitute(texts)
        print(f"$ {typed}")
        status = _run(typed, environment, options)
        if options.expect_failure:
            if status == 0:
                raise Problem(
                    f"`{_short(typed)}` was meant to fail here, but it succeeded.",
                    "Run this notebook again from its first cell.",
                )
            print(f"(exit status {status}, as expected)")
        elif status != 0:
            raise Problem(
                f"`{_short(typed)}` failed with exit status {status}.",
                "The last lines above say why. Put it right, then run this cell again.",
            )


def _commands(cell: str) -> list[str]:
    """Split a cell into commands: one a line, a backslash at the end joins two lines."""
    joined = re.sub(r"\\\n\s*", "", cell)
    lines = (text.strip() for text in joined.splitlines())
    return [text for text in lines if text and not text.startswith("#")]


def _short(command: str) -> str:
    return " ".join(command.split()[:2])


def _program(name: str) -> list[str]:
    """Find a program: this environment's own first, then what is on PATH."""
    if name in ("python", "python3"):
        return [sys.executable]
    found = shutil.which(name, path=sysconfig.get_path("scripts")) or shutil.which(name)
    if found:
        return [found]
    if name in ("alembic", "uvicorn"):
        return [sys.executable, "-m", name]
    raise Problem(
        f"The command `{name}` was not found.",
        INSTALL.get(name, "Check its spelling; if it is right, install the program."),
    )


def _run(command: str, environment: dict[str, str], options: argparse.Namespace) -> int:
    """Run one command, print its output as it comes, and return its exit status."""
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise Problem(f"`{command}` can't be read: {error}.", "Close every quote.") from error
    process = subprocess.Popen(
        [*_program(words[0]), *words[1:]],
        stdin=subprocess.DEVNULL,  # a question would wait for ever
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=environment,
        encoding="utf-8",
        errors="replace",
    )
    out_of_time = threading.Event()

    def end() -> None:
        out_of_time.set()
        _kill(process)

    timer = threading.Timer(options.timeout, end)
    timer.start()
    kept: list[str] = []
    try:
        for text in process.stdout:
            if options.tail:
                kept.append(_hide_paths(text))
            else:
                print(_hide_paths(text), end="" if text.endswith("\n") else "\n", flush=True)
        process.wait()
    except BaseException:  # an interrupt must not leave the command running
        _kill(process)
        raise
    finally:
        timer.cancel()
        process.stdout.close()
    if len(kept) > options.tail > 0:
        print("…")
    print("".join(kept[-options.tail :]), end="")
    if out_of_time.is_set():
        raise Problem(
            f"`{_short(command)}` was still running after {options.timeout:.0f} seconds, "
            "and was stopped.",
            'A server does not end by itself: start it with `serve("app.main:app")`.',
        )
    return process.returncode


def _kill(process: subprocess.Popen) -> None:
    import psutil

    try:
        family = [*psutil.Process(process.pid).children(recursive=True), process]
    except psutil.NoSuchProcess:
        family = [process]
    for member in family:
        try:
            member.kill()
        except (psutil.NoSuchProcess, ProcessLookupError):
            continue
    process.wait()


def _hide_paths(text: str) -> str:
    """Print the current folder as `.`, with forward slashes below it, on every system."""
    here = str(Path.cwd())
    for folder in {here, os.path.realpath(here), Path(here).as_posix()}:
        text = re.sub(
            re.escape(folder) + r"((?:[\\/][^\s'\":]*)?)",
            lambda found: "." + found.group(1).replace("\\", "/"),
            text,
        )
    return text
