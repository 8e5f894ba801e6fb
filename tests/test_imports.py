"""No file of somebody's own takes the place of a module that the course imports.

Beside the notebooks, in the folder above and on PYTHONPATH, such a file is not imported. In the
project, where commands look first, a sentence names it, and without it all is well.
"""

import re
from pathlib import Path

import pytest
from helpers import write
from learner import FAILED, Learner
from plays import one_sentence, put
from service import ROOT, copy_project
from shell import Shell
from test_careless_kernels import copy_of_the_course

from tutorial.imports import hiding

FOREIGN = "raise OSError('this file is not of the course')\n"
# Of Python and of packages; tomllib is what the helpers import before they can do anything else.
NAMES = ("app", "alembic", "fastapi", "filelock", "httpx", "sqlmodel", "tomllib", "uvicorn")
SERVE = "from tutorial import serve\nserver = serve('app.main:app')\nserver.stop()"


@pytest.fixture(scope="module")
def course_copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the course with such files beside the notebooks, one folder up, and in another."""
    folder = tmp_path_factory.mktemp("the course")
    notebooks = copy_of_the_course(folder)
    for place in (notebooks, folder, folder / "other"):
        for name in NAMES:
            write(str(place / f"{name}.py"), FOREIGN)
        write(str(place / "tutorial.py"), FOREIGN)
    write(str(folder / "package" / "tutorial" / "__init__.py"), "")
    return folder


@pytest.mark.parametrize(
    ("folder", "settings"),
    [
        ("notebooks", {"PYTHONPATH": "package"}),
        pytest.param(".", {"PYTHONPATH": "package"}, marks=pytest.mark.weekly),
        ("notebooks", {"PYTHONSAFEPATH": "1", "PYTHONPATH": "other"}),
        pytest.param(".", {"PYTHONSAFEPATH": "1", "PYTHONPATH": "other"}, marks=pytest.mark.weekly),
        pytest.param("notebooks", {}, marks=pytest.mark.weekly),
    ],
    ids=str,
)
def test_the_helpers_and_the_packages_are_found(
    folder: str, settings: dict[str, str], course_copy: Path, tmp_path: Path
) -> None:
    """Wherever a kernel starts, and whatever is found first there, or is not."""
    if "PYTHONPATH" in settings:
        settings = settings | {"PYTHONPATH": str(course_copy / settings["PYTHONPATH"])}
    notebooks = course_copy / "notebooks"
    with Learner(
        4, tmp_path, notebooks=notebooks, folder=course_copy / folder, **settings
    ) as learner:
        learner.up_to("edit-refresh")
        learner.run("begin")  # a second time, in the project's folder
        assert FAILED not in learner.write("import alembic.config, app.db, filelock, uvicorn.main")


def test_a_kernel_that_starts_elsewhere(course_copy: Path, tmp_path: Path) -> None:
    """The error names the page, and what the page says for it helps, also if a package is there."""
    page = (ROOT / "notebooks" / "troubleshooting.md").read_text(encoding="utf-8")
    entry = page.partition("### no module named tutorial")[2].partition("\n### ")[0]
    (way_out,) = re.findall(r"`(%cd [^`]+)`", entry)
    for settings in ({}, {"PYTHONPATH": str(course_copy / "package")}):
        for helps in (False, True):
            with Learner(
                1, tmp_path, notebooks=course_copy / "notebooks", folder=tmp_path, **settings
            ) as learner:
                if helps:
                    learner.write(f'%cd "{(course_copy / "notebooks").as_posix()}"')
                    learner.run("begin")
                    continue
                said = re.sub(r"\x1b\[[\d;]*m", "", learner.try_("begin"))
                assert "Not found? See troubleshooting.md." in said
                error = said.strip().splitlines()[-1]
                assert re.sub(r"\(.*\)", "(…)", error) in entry
    assert way_out.startswith("%cd ")


# Beside the project


@pytest.mark.parametrize("name", ["fastapi.py", "random.py", "sqlmodel/__init__.py"])
def test_a_file_beside_the_project(name: str, tmp_path: Path) -> None:
    """`begin` names it, before anything imports it. Under another name, it is no harm."""
    with Shell(4, tmp_path) as learner:
        path = tmp_path / name
        write(str(path), FOREIGN)
        one_sentence(
            learner.try_("begin"),
            f"{name} hides the module `{path.parts[-1][:-3]}`"
            if path.stem != "__init__"
            else f"{name} hides the module `sqlmodel`",
        )
        (path.parent if path.stem == "__init__" else path).rename(tmp_path / "other_name")
        learner.run("begin")


def test_names_that_hide_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The project itself, files with names of their own, and folders without an __init__.py.

    Also once Python looks in the project, and if it finds a mere folder of that name elsewhere.
    """
    project = copy_project(tmp_path / "project")
    (tmp_path / "elsewhere" / "try_out").mkdir(parents=True)
    monkeypatch.syspath_prepend(tmp_path / "elsewhere")
    monkeypatch.syspath_prepend(project)
    write(str(project / "old.httpx.py"), "")
    for name in (
        "app.py",
        "try_out.py",
        "test.py",
        "my-notes.py",
        "fastapi.txt",
        "random/notes.txt",
    ):
        write(str(project / name), "")
    assert list(hiding(project)) == []


def test_alembic_becomes_a_package(tmp_path: Path) -> None:
    """An editor adds alembic/__init__.py: a service in the kernel and in a process name the file.

    Without the file they start, in the same kernel. `begin` puts it away by itself.
    """
    put(9, tmp_path, tmp_path)
    file = tmp_path / "alembic" / "__init__.py"
    process = "from tutorial import start_process\nstart_process('app.main:app', '.').kill()"
    python = '%%terminal\npython -c "import app.main"'
    with Learner(10, tmp_path) as learner:
        learner.run("begin")
        for trial in (SERVE, process, python, "import alembic.config"):
            learner.write("import tutorial.fresh, sys\ntutorial.fresh.forget_app()")
            learner.write(
                "for name in [one for one in sys.modules if 'alembic' in one]:\n"
                "    del sys.modules[name]"
            )
            file.touch()
            said = learner.write(trial)
            one_sentence(said, "alembic/__init__.py hides the module `alembic`")
            file.unlink()
            assert FAILED not in learner.write(trial)
        file.touch()
        assert "was kept in backups/001" in learner.run("begin")
        assert FAILED not in learner.write(SERVE)


@pytest.mark.parametrize(
    "name", ["fastapi", "app", pytest.param("uvicorn", marks=pytest.mark.weekly)]
)
def test_a_file_that_comes_later(name: str, tmp_path: Path) -> None:
    """A file is made while a notebook is open; app.py counts if app/ is no package any more."""
    put(9, tmp_path, tmp_path)
    with Learner(10, tmp_path) as learner:
        learner.run("begin")
        write(str(tmp_path / f"{name}.py"), "")
        if name == "app":
            (tmp_path / "app" / "__init__.py").unlink()
        one_sentence(learner.write(SERVE), f"{name}.py hides the module `{name}`")
        (tmp_path / f"{name}.py").unlink()
        assert FAILED not in learner.write(SERVE)
