"""Plays a Dockerfile without a container engine: its COPY, ENV, HEALTHCHECK and CMD.

A box is what a container is to the project: a folder that has nothing but what COPY brings, with
no variables but those of ENV and what the system needs, and it is thrown away at its end. What a
box can't play: FROM, RUN and USER. The Python and the packages are those of the course, nothing is
downloaded, and nothing keeps a box from the rest of the machine. tests/test_container.py does the
same with a real engine.

Each function prints the line for docker that does what it does.
"""

import itertools
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

from tutorial.errors import Problem
from tutorial.explain import explained
from tutorial.family import Program, shown, without_debugger
from tutorial.inherited import needed_variables, variables_for
from tutorial.process import START_SECONDS, Process, last_words
from tutorial.server import reach_directly
from tutorial.show import wrapped
from tutorial.state import DATABASE, IGNORED
from tutorial.workspace import TRIAL, project

STOP_SECONDS = 10  # how long `docker stop` waits before it kills
NAME = "task-service"
DATA = "/data"  # the folder of the database in a container, as the Dockerfile names it
# Runs a module of Python as process 1 of a box. The letter T at its standard input stands for
# SIGTERM, which Windows has not; the end of the input for the end of the kernel.
PROGRAM = """
import os, runpy, signal, sys, threading
def obey():
    while order := os.read(0, 1):
        if order == b"T":
            signal.raise_signal(signal.SIGTERM)
    os._exit(1)
threading.Thread(target=obey, daemon=True).start()
del sys.argv[0]
runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
"""


class Box(Process):
    """A container, played: a process in a folder of its own. `url` is its address when it serves.

    `data` is where its database is: in the folder of the volume, or else in the box itself.
    """

    def __init__(
        self,
        image: "Image",
        words: list[str],
        volume: str,
        only_file: bool,
        settings: dict[str, str],
    ) -> None:
        boxes = project() / TRIAL / "boxes"
        numbers = (boxes / str(number) for number in itertools.count(1))
        self._folder = next(path for path in numbers if not path.exists())
        shutil.copytree(image.folder, self._folder / "srv")
        self.data = self._folder / "data"
        self._copied_from: Path | None = None
        if volume and not only_file:
            self.data = project() / TRIAL / "volumes" / volume
        self.data.mkdir(parents=True, exist_ok=True)
        if only_file:
            # A file that is mounted is the same file by a second name, in another folder.
            mounted = project() / TRIAL / "volumes" / volume / DATABASE
            try:
                os.link(mounted, self.data / DATABASE)
            except OSError:  # on an exFAT disk, a file has one name: what becomes of it goes back
                shutil.copyfile(mounted, self.data / DATABASE)
                self._copied_from = mounted
        self._by_shell = image.by_shell and words == image.command
        self._health = image.health
        self._log, self._kept = self._folder / "log", ""
        # Relative, so that no letter in a path of this machine means something in an address.
        self._relative = Path(os.path.relpath(self.data, self._folder / "srv")).as_posix()
        of_image = image.env | settings
        variables = {
            name: value.replace(f"///{DATA}/", f"///{self._relative}/")
            for name, value in of_image.items()
        }
        here = {"0.0.0.0": "127.0.0.1", "8000": "0"}  # this machine only, and any free port
        with self._log.open("wb") as log:
            self._process = Program(
                [sys.executable, "-c", PROGRAM, *(here.get(word, word) for word in words)],
                cwd=self._folder / "srv",
                env=variables_for(variables),
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                process_group=0,  # as of any server
            )
        super(Process, self).__init__(f"the box of {image.name}")

    def log(self, text: str = "") -> None:
        """Print the lines that the box has logged in which `text` stands, also if it is gone.

        What differs from run to run is `…`: the id of a request, and milliseconds.
        """
        lines = [line for line in self._said().splitlines() if text in line]
        same = re.sub(r"\b[0-9a-f]{32}\b|\b\d+(?= ms\b)", "…", "\n".join(lines))
        print("$ docker logs service", same, sep="\n")

    def healthy(self) -> bool:
        """Run the command of HEALTHCHECK, and return whether it ends well."""
        port = self.url.rpartition(":")[2]
        words = [word.replace("8000", port) for word in self._health]
        words[0] = sys.executable
        with without_debugger():
            done = subprocess.run(words, env=needed_variables(), capture_output=True, check=False)
        return done.returncode == 0

    def wait(self) -> int:
        """Wait until the box has ended, throw it away, and return its exit status, 0 to 255.

        Raises Problem, and ends the box, if it takes more than a minute or waits for requests.
        """
        seconds = round(2 * START_SECONDS)
        deadline = time.monotonic() + seconds
        while self.is_running:
            serves = "Uvicorn running on" in self._said()
            if serves or time.monotonic() > deadline:
                self.kill(show=False)
                if serves:
                    raise Problem("box-serves", name=self.name)
                said = last_words(self._said()) or "nothing"
                raise Problem("box-too-slow", name=self.name, seconds=seconds, said=said)
            time.sleep(0.02)
        self.kill(show=False)
        return shown(self._process.returncode)

    def stop(self, seconds: int = STOP_SECONDS) -> None:
        """Tell the box to stop, kill it after these seconds, and throw it away.

        Prints whether it ended by itself. A box that is gone is left alone.
        """
        if not self.is_running:
            self.kill(show=False)
            return
        option = "" if seconds == STOP_SECONDS else f"-t {seconds} "
        print(f"$ docker stop {option}service")
        # The shell of a CMD that is a text hands nothing on to the program that it runs.
        if not self._by_shell and self._process.stdin:
            with suppress(OSError):
                self._process.stdin.write(b"T")
                self._process.stdin.flush()
        try:
            self._process.wait(seconds)
            print("It ended by itself.")
        except subprocess.TimeoutExpired:
            print(f"It was killed after {seconds} s.")
        print("$ docker rm service")
        self.kill(show=False)

    def kill(self, show: bool = True) -> None:
        """End the box at once, and throw it away with all that is in it, but not its volume."""
        if show and self.is_running:
            print("$ docker kill service\n$ docker rm -v service")
        super().kill()
        self._kept = self._said()
        if self._copied_from and (self.data / DATABASE).exists():
            shutil.copyfile(self.data / DATABASE, self._copied_from)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _said(self) -> str:
        if not self._log.exists():  # the box is thrown away
            return self._kept
        text = self._log.read_text(encoding="utf-8", errors="replace")
        # On Windows, a program may show a path with backslashes, or with two of each in a text.
        below = "".join(re.escape(name) + r"[\\/]+" for name in self._relative.split("/"))
        text = re.sub(below, f"{DATA}/", text)
        return re.sub(r"http://127\.0\.0\.1:\d+", "http://0.0.0.0:8000", text)


class Image:
    """An image, played: the folder that COPY fills, and what else its Dockerfile says."""

    def __init__(self, name: str, source: Path) -> None:
        self.name = name
        self.folder = project() / TRIAL / "images" / name.replace(":", "-")
        self.env: dict[str, str] = {}
        self.command: list[str] = []
        self.health: list[str] = []
        self.by_shell = False
        if self.folder.exists():
            shutil.rmtree(self.folder)
        self.folder.mkdir(parents=True)
        for instruction, rest in instructions(source / "Dockerfile"):
            if instruction == "COPY":
                _copy(source, self.folder, *rest.split())
            elif instruction == "ENV":
                self.env |= dict(pair.split("=", 1) for pair in shlex.split(rest))
            elif instruction == "CMD":
                self.by_shell = not rest.startswith("[")
                self.command = shlex.split(rest) if self.by_shell else json.loads(rest)
            elif instruction == "HEALTHCHECK":
                self.health = json.loads(rest.partition("CMD ")[2])

    def run(self, command: str = "", volume: str = "", **settings: str) -> None:
        """Run a command of the image, or its CMD, to its end, and print its last words and status.

        volume: its name, or "" for none. settings: variables. Raises Problem if it does not end.
        """
        box = self.begin(command, volume, **settings)
        status = box.wait()
        print(wrapped(last_words(box._said())), f"(exit status {status})", sep="\n")

    def begin(self, command: str = "", volume: str = "", **settings: str) -> Box:
        """Run a command of the image, or its CMD, and return the box at once, without a wait."""
        print(
            " ".join(["$ docker run --rm", *_options(volume, settings), self.name, command]).strip()
        )
        return Box(self, shlex.split(command) or self.command, volume, False, settings)

    def start(
        self, volume: str = "", command: str = "", *, only_file: bool = False, **settings: str
    ) -> Box:
        """Start a command of the image, or its CMD, and return its box, which serves at its `url`.

        command, volume, settings: as for `run`. only_file: mount the database's file of the volume,
        and not its folder. Raises Problem with its last words if it does not come up.
        """
        options = ["-v ./database.db:/data/database.db"] if only_file else _options(volume, {})
        publish = "-p 127.0.0.1:8000:8000"
        words = ["$ docker run -d --name service", publish, *options, *_options("", settings)]
        print(" ".join([*words, self.name, command]).strip())
        box = Box(self, shlex.split(command) or self.command, volume, only_file, settings)
        box.wait_until_up(START_SECONDS)
        return box


@explained
def build(tag: str, folder: str | Path = ".") -> Image:
    """Play `docker build` in a folder, print what is in the image, and return the image.

    Raises Problem if the Dockerfile, or what it copies, is not there.
    """
    reach_directly()
    image = Image(f"{NAME}:{tag}", Path(folder))
    print(f"$ docker build -t {image.name} .")
    print("/srv:", *sorted(path.name for path in image.folder.iterdir()))
    return image


def instructions(file: Path) -> list[tuple[str, str]]:
    """Return the instructions of a Dockerfile, each with what stands behind it."""
    if not file.is_file():
        raise Problem("file-gone", path=file.name)
    text = re.sub(r"^\s*#.*\n", "", file.read_text(encoding="utf-8"), flags=re.MULTILINE)
    lines = [line.strip() for line in text.replace("\\\n", " ").splitlines() if line.strip()]
    return [(word.upper(), rest.strip()) for word, _, rest in (one.partition(" ") for one in lines)]


def _copy(source: Path, target: Path, name: str, to: str) -> None:
    """Copy a file or a folder as COPY does. Raises Problem if it is not there."""
    if (source / name).is_dir():
        ignored = shutil.ignore_patterns(*IGNORED)
        shutil.copytree(source / name, target / to, ignore=ignored, dirs_exist_ok=True)
    elif (source / name).is_file():
        shutil.copy(source / name, target / to)
    else:
        raise Problem("file-gone", path=name)


def _options(volume: str, settings: dict[str, str]) -> list[str]:
    options = [f"-v {volume}:{DATA}"] if volume else []
    return options + [f"-e {shlex.quote(f'{name}={value}')}" for name, value in settings.items()]
