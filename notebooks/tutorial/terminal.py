"""%%terminal: runs the commands of a cell as one would type them, without a shell."""

import importlib.util
import queue
import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
import threading
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from string import Template
from typing import IO, NoReturn

from tutorial.errors import Problem
from tutorial.explain import explained, other_encoding_in
from tutorial.family import family, kill_family, shown, without_debugger
from tutorial.imports import hidden_in
from tutorial.inherited import needed_variables
from tutorial.said import meaning
from tutorial.shown_errors import Shell

NOT_FOUND = {"curl": "curl-not-found", "cd": "no-cd"}
PROMPTS = ("$", "%", ">", ">>>", "PS>")  # with which a terminal begins a line
# What a shell takes out of a command: a program would get it as an argument, or ignore it.
OF_A_SHELL = ("&&", "||", "|", ";", "&", ">", ">>", "<", "2>", "2>&1", "#")
# Output must not depend on where the command runs.
FIXED = {"COLUMNS": "72", "NO_COLOR": "1", "PYTHONUNBUFFERED": "1"}
LAST_LINES_SECONDS = 2.0
OURS = ("alembic", "jupyter", "pip", "pytest", "ruff", "uvicorn")  # never another environment's


class _Options(ArgumentParser):
    def error(self, message: str) -> NoReturn:
        # Jupyter asks for colours, and Python 3.14 gives them here: codes, in a message.
        usage = re.sub(r"\x1b\[[\d;]*m", "", self.format_usage())
        raise Problem("unclear-options", error=message, usage=usage)


_options = _Options(prog="%%terminal", add_help=False, allow_abbrev=False)
_options.add_argument("--expect-failure", metavar="TEXT", help="a part of what it prints")
_options.add_argument("--tail", type=int, default=0, help="print only the last lines")
_options.add_argument("--env", action="append", default=[], metavar="NAME=VALUE")
_options.add_argument("--timeout", type=float, default=60.0, metavar="SECONDS")


@explained
def terminal(line: str, cell: str, variables: dict[str, object] | None = None) -> None:
    """Run each line of `cell` as a command in the current folder, and print what it prints.

    line: the options, see above. `$NAME` stands for the notebook's variable of that name, `$$` for
    a dollar sign. Raises Problem when a command is not found, runs out of time, or ends with an
    exit status other than 0. With --expect-failure TEXT it raises Problem when a command succeeds,
    goes on as a server, or fails without TEXT in what it prints. Later commands do not run then.
    """
    options = _options.parse_args(_split(line))
    if options.expect_failure == "":
        _options.error("argument --expect-failure: it needs a part of what the command prints")
    options.environment = needed_variables() | FIXED
    for setting in options.env:
        name, equals, value = setting.partition("=")
        if not equals:
            _options.error(f"--env {setting} has no value")
        options.environment[name] = value
        print(f"# with {name}={_hide_paths(value)}")
    expected = options.expect_failure
    for command in _commands(cell):
        texts = _texts(command, variables or {})
        # Split first: a value with a space or a backslash in it stays one argument.
        split = _split(re.sub(r"[ \t]*\\\n[ \t]*", " ", command))
        _require_plain(command)
        words = [Template(word).safe_substitute(texts) for word in split]
        typed = _hide_paths(Template(command).safe_substitute(texts))
        print(f"$ {typed}", flush=True)
        status, said = _run(words, options)
        if status and expected and expected in said:
            print(f"(exit status {shown(status)}, as expected)")
        elif status != 0 or expected:
            raise _failure(words, status, said, options)


def make_known(shell: Shell) -> None:
    """Let the cells of a notebook start with %%terminal."""
    shell.register_magic_function(partial(terminal, variables=shell.user_ns), "cell", "terminal")


def _commands(cell: str) -> list[str]:
    """Split a cell into commands: one a line, a backslash at the end takes in the next line."""
    lines = map(str.strip, re.split(r"(?<!\\)\n", "\n".join(cell.splitlines())))
    return [text for text in lines if text and not text.startswith("#")]


def _split(text: str) -> list[str]:
    """Split a command into its words, as a shell does it."""
    try:
        return shlex.split(text)
    except ValueError as error:
        raise Problem("unclear-command", command=text, error=error) from error


def _require_plain(command: str) -> None:
    """Raise Problem if a command has what only a shell knows, such as `&&`, outside of quotes."""
    quoted = r"""'[^']*'|"(?:\\.|[^"\\])*"|\\."""
    first, *others = re.sub(quoted, "x", command, flags=re.DOTALL).split()
    if first in PROMPTS:
        raise Problem("prompt-typed", word=first)
    for word in others:
        if word in OF_A_SHELL or word.endswith(";"):
            raise Problem("no-shell", word=";" if word.endswith(";") else word)


def _texts(command: str, variables: dict[str, object]) -> dict[str, str]:
    """Return the values of the variables that a command names. Raises Problem if one is missing."""
    texts = {}
    for name in Template(command).get_identifiers():
        if not isinstance(variables.get(name), str | int | float | Path):
            raise Problem("variable-not-set", name=name)
        texts[name] = str(variables[name])
    return texts


def _failure(words: list[str], status: int | None, said: str, options: Namespace) -> Problem:
    """Return what went wrong with a command, or with what its cell expects of it."""
    expected, seconds = options.expect_failure, f"{options.timeout:g}"
    named = words[:1] + words[3:] if words[:2] == ["alembic", "-c"] else words
    short, text = _hide_paths(" ".join(named[:2])), f"{said}\n$ {' '.join(words)}"
    if status == 0:
        key = "command-succeeded"
    elif status is None:
        key = "command-runs-on" if expected else "command-too-slow"
    elif known := (
        hidden_in(said, Path.cwd())
        or other_encoding_in(said, Path.cwd())
        or meaning(text, "command", command=short)
    ):
        return known
    else:
        key = "command-failed-otherwise" if expected else "command-failed"
    code = None if status is None else shown(status)
    return Problem(key, command=short, status=code, seconds=seconds, expected=expected)


def _program(name: str) -> list[str]:
    """Find a program: this environment's own first, then what is on PATH."""
    if name in ("python", "python3"):
        return [sys.executable]
    if found := shutil.which(name, path=sysconfig.get_path("scripts")):
        return [found]
    if name in OURS and importlib.util.find_spec(name):
        return [sys.executable, "-m", name]
    if found := shutil.which(name):
        return [found]
    raise Problem(NOT_FOUND.get(name, "command-not-found"), name=name)


def _run(words: list[str], options: Namespace) -> tuple[int | None, str]:
    """Run a command, print its output; return its status (None if it was stopped) and output."""
    # -q: a file .curlrc can send curl anywhere.
    quiet = ["-q"] if words[0] == "curl" else []
    with without_debugger():
        process = subprocess.Popen(
            [*_program(words[0]), *quiet, *words[1:]],
            stdin=subprocess.DEVNULL,  # a question would wait for ever
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=options.environment,
            encoding="utf-8",
            errors="replace",
        )
    options.tests = words[0] == "pytest"  # they may start servers of their own, and stop them
    kept: list[str] = []
    status = None
    try:
        for text in _output(process, options):
            kept.append(_hide_paths(text.removesuffix("\n")))
            if options.tail <= 0:
                print(kept[-1], flush=True)
        status = process.poll()
    finally:  # an interrupt too must not leave the command running
        kill_family(process)
    if len(kept) > options.tail > 0:
        print("…")
    if kept and options.tail > 0:
        print("\n".join(kept[-options.tail :]))
    return status, "\n".join(kept)


def _output(process: subprocess.Popen[str], options: Namespace) -> Iterator[str]:
    """Give a process's lines until it ends, the time is up, or it serves in place of failing."""
    deadline = time.monotonic() + options.timeout
    lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()

    def read(pipe: IO[str]) -> None:
        with pipe:
            for text in pipe:
                lines.put(text)
        lines.put(None)

    # Its own thread: on Windows, a thread that waits for a pipe notices no interrupt.
    threading.Thread(target=read, args=(process.stdout,), daemon=True).start()
    ended = False
    while time.monotonic() < deadline:
        if not ended and process.poll() is not None:
            ended = True  # all it printed comes at once, unless it left a child that prints on
            deadline = min(deadline, time.monotonic() + LAST_LINES_SECONDS)
        try:
            text = lines.get(timeout=0.05)
        except queue.Empty:
            if options.expect_failure and not options.tests and _serves(process):
                return
            continue
        if text is None:
            break
        yield text
    while process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.005)


def _serves(process: subprocess.Popen[str]) -> bool:
    """Whether a process, or a child of it, waits for clients. uvicorn does so once it is up."""
    for member in family(process):
        with suppress(Exception):  # it has ended, or the system tells nothing about it
            if any(one.status == "LISTEN" for one in member.net_connections("tcp")):
                return True
    return False


def _hide_paths(text: str) -> str:
    """Print the current folder as `.`, with forward slashes below it, on every system."""
    here = Path.cwd()
    spellings = {str(here), str(here.resolve()), here.as_posix(), str(here).replace("\\", "\\\\")}
    folders = "|".join(map(re.escape, sorted(spellings, key=len, reverse=True)))
    below = rf"(?:{folders})(?![\w-]|\.\w)((?:[\\/][^\s'\":]*)?)"
    return re.sub(below, lambda found: "." + re.sub(r"\\+", "/", found[1]), text)
