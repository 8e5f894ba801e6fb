"""Makes a project of one's own: the finished service with its tests, in a folder of its own.

    python notebooks/new_project.py ../my_service            both versions
    python notebooks/new_project.py ../my_service --sync     one of them; or --async

Nothing in it is a second copy: the service is the finished one, what PostgreSQL needs, its tests
and the files of its container are those that chapters end with, and the locks are those of the
course. new_project.toml says which, and what differs.
"""

import argparse
import re
import shlex
import shutil
import sys
import tomllib
from pathlib import Path, PurePath, PureWindowsPath
from string import Template

from tutorial import course
from tutorial.ends import stored_ends
from tutorial.errors import Problem

ROOT = course.NOTEBOOKS.parent
SETTINGS = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")  # of a package, where a requirement begins with it


def main(arguments: list[str] | None = None) -> int:
    """Make the project that the command line names. Return 0, or 1 if it was refused.

    Prints what to do next, or why not and what to do instead.
    """
    parser = argparse.ArgumentParser(
        prog="new_project", description="Make a project of your own from the finished service."
    )
    parser.add_argument("folder", type=Path, help="a folder that is empty, or not there yet")
    only = parser.add_mutually_exclusive_group()
    for version in ("sync", "async"):
        text = f"only the {version} version"
        only.add_argument(
            f"--{version}", dest="version", action="store_const", const=version, help=text
        )
    options = parser.parse_args(arguments)
    version = options.version or "both"
    try:
        make(options.folder, version)
    except Problem as problem:
        print(problem, file=sys.stderr)
        return 1
    print(next_steps(options.folder, version, sys.platform))
    if options.folder.resolve().is_relative_to(ROOT):
        print(SETTINGS["said"]["inside"])
    return 0


def make(folder: Path, version: str) -> None:
    """Write a project into `folder`; version: "both", "sync" or "async".

    Raises Problem, and leaves the folder as it was, if something is there already, Alembic could
    not read its path, or it can't be written.
    """
    try:
        there = folder.is_dir()
        taken = folder.exists() and not (there and not any(folder.iterdir()))
    except OSError as error:  # one may not look into it, or its name is too long
        raise _not_written(folder, error) from error
    if taken:
        raise Problem("new-project-not-empty", folder=folder)
    if "%" in str(folder.resolve()):
        raise Problem("new-project-path", folder=folder.resolve())
    texts = project_texts(folder.resolve().name, version)
    try:
        for path, text in texts.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        shutil.rmtree(folder, ignore_errors=True)
        if there:
            folder.mkdir(exist_ok=True)
        raise _not_written(folder, error) from error


def project_texts(name: str, version: str) -> dict[str, str]:
    """Return the files of a project that is called `name`, each with its text.

    Raises Problem if the stored ends of the notebooks can't be read.
    """
    values = _values(name, version)
    ends, left_out = stored_ends(), SETTINGS["left_out"][version]
    texts = ends.files(course.in_order()[-1])  # what the repository ships
    for number, taken in SETTINGS["taken"].items():
        found = ends.files(int(number))
        for one in taken:
            texts |= {path: found[path] for path in found if Path(path).is_relative_to(one)}
    texts = {path: text for path, text in texts.items() if path not in left_out}
    for versions, path, old, new in SETTINGS["replaced"]["edits"]:
        if version in versions.split():
            if old not in texts[path]:
                raise ValueError(f"{path} has no {old!r}: mend new_project.toml")
            texts[path] = texts[path].replace(old, Template(new).substitute(values))
    for path, template in SETTINGS["templates"].items():
        texts[path] = Template(template.removeprefix("\n")).substitute(values)
    return texts


def next_steps(folder: PurePath, version: str, platform: str) -> str:
    """Return what to type after the project was made, on a platform as `sys.platform` names it."""
    said, windows = SETTINGS["said"], platform == "win32"
    typed = f"./{folder}" if str(folder).startswith("-") else str(folder)
    go, otherwise = f'cd "{typed}"', ""
    if windows:
        # `cd` of the Command Prompt stays on its drive. PowerShell has both words, too.
        word = "pushd" if PureWindowsPath(folder).drive else "cd"
        go = f'{word} "{typed}"'
        # PowerShell still reads these in double quotes; the Command Prompt has no other quotes.
        if re.search(r"[$`\[\]\u201c-\u201e]", typed):
            quoted = re.sub(r"(['\u2018-\u201b])", r"\1\1", typed)
            line = f"{word} -LiteralPath '{quoted}'"
            otherwise = Template(said["in_powershell"]).substitute(line=line)
    elif re.search(r'[\\"$`!]', typed):  # as other shells do, for whom `!x` is an older command
        go = f"cd {shlex.quote(typed)}"
    return Template(said["made"].strip()).substitute(
        folder=folder,
        in_powershell=otherwise,
        go=go,
        python="python" if windows else Path(sys.executable).name,
        activate=said["activate_on_windows" if windows else "activate"],
        app=SETTINGS["words"][version]["app"],
    )


def _not_written(folder: Path, error: OSError) -> Problem:
    """Return the problem of a folder into which nothing can be written."""
    return Problem("new-project-not-written", folder=folder, error=error.strerror)


def _values(name: str, version: str) -> dict[str, str]:
    """Return what the places in the templates stand for."""
    about = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    groups, unneeded = about["dependency-groups"], SETTINGS["unneeded"][version]
    listed = {_name(one): one for one in about["project"]["dependencies"]}

    def dependencies(group: str) -> str:
        direct = [listed[_name(one)] for one in groups[group] if _name(one) not in unneeded]
        if "greenlet" in unneeded:  # the extra brings it, for async
            direct = [one.replace("[asyncio]", "") for one in direct]
        return "\n".join(f'    "{one}",' for one in direct)

    return {
        **SETTINGS["words"][version],
        "name": name,
        "package": re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "service",
        "dependencies": dependencies("service"),
        "test_dependencies": dependencies("service-tests"),
        "service": "\n".join(_locked("requirements-service.txt", unneeded)),
        "tests": "\n".join(_locked("requirements-service-tests.txt", [])),
        "mypy": next(one for one in _locked("requirements-checks.txt", []) if _name(one) == "mypy"),
    }


def _name(requirement: str) -> str:
    """Return the name of the package that a requirement begins with, or "" if it has none."""
    found = NAME.match(requirement)
    return found[0] if found else ""


def _locked(lock: str, unneeded: list[str]) -> list[str]:
    """Return the lines of a lock of the course that name a package, without some packages."""
    lines = (ROOT / lock).read_text(encoding="utf-8").splitlines()
    return [line for line in lines if _name(line) not in ("", *unneeded)]


if __name__ == "__main__":
    sys.exit(main())
