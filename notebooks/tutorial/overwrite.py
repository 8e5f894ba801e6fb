"""Lets a cell with %%writefile destroy nothing, and lets one that appends run twice."""

import re
import shlex
from pathlib import Path

from tutorial import course
from tutorial.ends import stored_ends
from tutorial.errors import Problem
from tutorial.explain import explained
from tutorial.shown_errors import Shell
from tutorial.state import project_files, read_text
from tutorial.workspace import copy_project, new_backup, only_one, project


def keep_before_writing(shell: Shell) -> None:
    """Let %%writefile keep the project in a backup if it is about to overwrite own work.

    With -a, it adds a text once: a cell that runs twice must not define an endpoint twice.
    """
    write = shell.find_cell_magic("writefile")
    if getattr(write, "__name__", "") == "keep_and_write":
        return

    def keep_and_write(line: str, cell: str) -> None:
        words = shlex.split(line, posix=False)
        path = words[-1].strip("\"'") if words else ""
        if not {"-a", "--append"}.intersection(words):
            keep(path, cell)
        elif _is_there(path, cell.strip("\n")):
            print(f"{path} has this text already.")
            return
        write(line, cell)

    shell.register_magic_function(keep_and_write, "cell", "writefile")


def _is_there(path: str, text: str) -> bool:
    """Whether a file has a text that a cell would append.

    Raises Problem if there is no such file, or if it has the text's first line, or its class or
    function, with another text: of two endpoints for one path, FastAPI would use the first, and of
    two classes of one name, Python the second.
    """
    if not Path(path).is_file():
        raise Problem("file-gone", path=path)
    old, first = read_text(Path(path)), text.partition("\n")[0]
    if text in old:
        return True
    named = re.match(r"(class|def|async def) \w+", first)
    begins = re.compile(rf"{re.escape(named[0])}\b" if named else rf"{re.escape(first)}$")
    if any(begins.match(line) for line in old.splitlines()):
        raise Problem("appended-before", path=path, line=named[0] if named else first)
    return False


@explained
def keep(path: str, text: str) -> None:
    """Keep the project in a backup if `text` would take the place of a file of somebody's own.

    That is a file of the project whose text the course does not write. Prints the backup's name.
    """
    folder = project()
    name = Path(path)
    if Path.cwd() != folder or name not in project_files(folder):
        return
    own = read_text(folder / name)
    if own == text or stored_ends().knows(name.as_posix(), own):
        return
    with only_one(folder):
        backup = new_backup(folder)
        copy_project(folder, backup)
    kept = backup.relative_to(folder).as_posix()
    print(
        f"↻ Your {name.as_posix()} was kept in {kept}/{name.as_posix()}. "
        f'To take the whole project back: restore("{kept}")'
    )


def written_beside(number: int) -> list[str]:
    """Return the files that cells of a notebook have written beside the notebooks.

    A kernel starts in that folder, and stays there until `begin`. A file of the same name with
    another text is somebody's own.
    """
    found = []
    for cell in course.cells(number):
        line, _, text = cell.source.partition("\n")
        if not line.startswith("%%writefile "):
            continue
        name = line.split()[-1]
        path = course.NOTEBOOKS / name
        if path.is_file() and read_text(path).strip() == text.strip():
            found.append(name)
    return found


def tell_written_beside(number: int) -> None:
    """Say which files stand beside the notebooks because a cell ran too early."""
    for path in written_beside(number):
        print(
            f"↻ A cell has run before this one, and has written {path} into the folder "
            f"{course.NOTEBOOKS.name}. Delete {path} there."
        )
