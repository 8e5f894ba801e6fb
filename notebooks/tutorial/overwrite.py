"""Keeps a learner's own file in a backup before a cell with %%writefile writes over it."""

import shlex
from pathlib import Path

from tutorial.ends import stored_ends
from tutorial.explain import Shell, explained
from tutorial.state import project_files, read_text
from tutorial.workspace import copy_project, location, new_backup, only_one


def keep_before_writing(shell: Shell) -> None:
    """Let %%writefile keep the project in a backup if it is about to overwrite own work."""
    write = shell.find_cell_magic("writefile")
    if getattr(write, "__name__", "") == "keep_and_write":
        return

    def keep_and_write(line: str, cell: str) -> None:
        words = shlex.split(line, posix=False)
        if words and not {"-a", "--append"}.intersection(words):
            keep(words[-1].strip("\"'"), cell)
        write(line, cell)

    shell.register_magic_function(keep_and_write, "cell", "writefile")


@explained
def keep(path: str, text: str) -> None:
    """Keep the project in a backup if `text` would take the place of a file of somebody's own.

    That is a file of the project whose text the course does not write. Prints the backup's name.
    """
    folder = location()
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
