"""Where Python looks for what it imports: no file of somebody's own takes a package's place.

`look_last_beside` is called before the other modules of the course are imported.
"""

import os
import re
import sys
from collections.abc import Iterator
from importlib.machinery import PathFinder
from pathlib import Path

from tutorial.errors import Problem


def look_last_beside() -> None:
    """Let Python look beside the notebooks, and where PYTHONPATH says, only when all else fails.

    The first cells let it look there first, to find this package. A file fastapi.py there would
    then be imported in place of FastAPI.
    """
    named = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    last = {Path(path).absolute() for path in (".", "notebooks", *named)}
    sys.path.sort(key=lambda path: Path(path).absolute() in last)


def look_first_in(folder: Path) -> None:
    """Let Python look in a folder first, and beside the notebooks last."""
    look_last_beside()
    sys.path[:] = dict.fromkeys([str(folder), *sys.path])


def hiding(folder: Path) -> Iterator[tuple[str, str]]:
    """Give each file of a folder that would be imported in place of a module, and its name.

    That is a module of Python or of a package: a file fastapi.py, or alembic/__init__.py, which
    makes a package of Alembic's folder. And app.py, as long as app/ has no __init__.py.
    """
    elsewhere = [path for path in sys.path if Path(path).is_absolute() and Path(path) != folder]
    for path in sorted(folder.glob("*")):
        inside, name = path / "__init__.py", path.name.removesuffix(".py")
        if path.is_dir() and inside.is_file():
            path = inside
        elif path.suffix != ".py" or not path.is_file():
            continue
        if name == "app":
            hides = path != inside and (folder / name).is_dir()
            hides = hides and not (folder / name / "__init__.py").is_file()
        elif name == "test":  # Python's tests of itself, which nothing else imports
            continue
        else:
            found = PathFinder.find_spec(name, elsewhere) if name.isidentifier() else None
            hides = name in sys.stdlib_module_names or (found is not None and found.has_location)
        if hides:
            yield path.relative_to(folder).as_posix(), name


def require_nothing_hidden(folder: Path, besides: tuple[str, ...]) -> None:
    """Raise Problem if a file of a folder hides a package, unless it is in one of these folders."""
    for path, name in hiding(folder):
        if path.partition("/")[0] not in besides:
            raise Problem("package-hidden", path=path, name=name)


def hidden_in(text: str, folder: Path) -> Problem | None:
    """Return the Problem if an error's text comes from a file of a folder that hides a package.

    The module that was imported in its place is forgotten: without the file, all is well.
    """
    for path, name in hiding(folder):
        signs = rf"No module named '?{name}\.|'{name}' is not a package|from '{name}(\.\w+)*' \("
        signs += rf"|module '{name}(\.\w+)*' has no attribute"
        if re.search(signs, text):
            for module in [one for one in sys.modules if one.partition(".")[0] == name]:
                if str(getattr(sys.modules[module], "__file__", "")).startswith(str(folder)):
                    del sys.modules[module]
            return Problem("package-hidden", path=path, name=name)
    return None
