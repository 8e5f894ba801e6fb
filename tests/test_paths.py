"""A project in a folder with any name: it works, or one sentence says why Alembic can't.

The names that Alembic refuses are refused by it, not by us: should a newer one read them, a test
here fails, and the sentence can go.
"""

import os
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from learner import FAILED
from plays import one_sentence
from service import alembic, copy_project, database_url, run
from shell import Shell

from tutorial import Problem, check_environment, serve, start_process
from tutorial.fresh import forget_app
from tutorial.imports import look_first_in
from tutorial.terminal import terminal

REFUSED = ["100% mine", "%(here)s", "%(x)s 50%", "twice 50%%"]
# The first has the sign that stands between two paths, in a variable or in Alembic's template.
FINE = [f"#1 it's [a] {{b}} $HOME & ünï 教程, c=d~{os.pathsep}", " begins with a space", "-rf"]
if sys.platform != "win32":  # which allows neither of these
    FINE += ["ends with a space ", "new\ttab"]
START = "from app.revision import require_newest_revision as check; check(); print('starts')"


def first_always(names: list[str]) -> list[Any]:
    """Return the cases for these names: all but the first are tried once a week."""
    return [names[0], *(pytest.param(name, marks=pytest.mark.weekly) for name in names[1:])]


@pytest.mark.parametrize("name", first_always(REFUSED))
def test_a_path_that_alembic_can_not_read(
    name: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture,
) -> None:
    """Alembic does not work there. `begin` and the check say it; under another name, all works."""
    project = copy_project(tmp_path / name)
    alembic("current", url=None, cwd=project, fails=True)
    monkeypatch.setenv("TUTORIAL_WORKSPACE", str(project))
    with pytest.raises(Problem):
        check_environment()
    assert "✗ a path that Alembic can read: Close Jupyter, " in capsys.readouterr().out
    with Shell(6, project) as learner:
        one_sentence(learner.try_("begin"), "The path of the project has a %, which Alembic")
    alembic("heads", url=None)  # its process leaves the folder: else Windows does not rename it
    fine = (tmp_path / name).rename(tmp_path / "fine")
    with Shell(6, fine / "workspace") as learner:
        learner.run("begin")


@pytest.mark.parametrize("name", first_always(FINE))
def test_a_path_that_alembic_reads(name: str, tmp_path: Path) -> None:
    """A copied service works in a folder with any other name, and so does a step."""
    project = copy_project(tmp_path / name)
    alembic("upgrade", "head", url=None, cwd=project)
    assert run(START, project / "database.db", cwd=project).strip() == "starts"
    with Shell(7, tmp_path / name / "workspace") as learner:
        learner.up_to(learner.ids[2])
        assert FAILED not in learner.write("%%terminal\nalembic current")


def test_commands_and_servers_say_it(tmp_path: Path, file_at_head: Path) -> None:
    """For a copied service, too, whose folder `begin` does not know; and for alembic.ini's own %.

    What the message says is done then: the folder has another name, or the % is doubled.
    """
    project = copy_project(tmp_path / "100% mine")
    url = database_url(file_at_head)
    with Shell(6, tmp_path / "workspace"):
        os.chdir(project)
        with pytest.raises(Problem, match="Alembic can't read its settings, because a %"):
            terminal("", "alembic current")
        with pytest.raises(Problem, match="Alembic can't read its settings, because a %"):
            start_process("app.main:app", project, DATABASE_URL=url)
        os.chdir(tmp_path)
        project = project.rename(tmp_path / "mine")
        os.chdir(project)
        terminal("", "alembic current")
        ini = project / "alembic.ini"
        text = ini.read_text(encoding="utf-8")
        for value, works in (("50%", False), ("50%%", True)):
            changed = text.replace("[alembic]\n", f"[alembic]\nown = {value}\n")
            ini.write_text(changed, encoding="utf-8", newline="\n")
            if works:
                terminal("", "alembic current")
                continue
            with pytest.raises(Problem) as caught:
                terminal("", "alembic current")
            assert caught.value.key == "percent-sign"
            assert "write %% in alembic.ini" in caught.value.todo


SETTINGS = "Alembic can't read its settings, alembic.ini: "
HEADERS = f"{SETTINGS}File contains no section headers."
SECTION = b"[alembic]\n"


NOT_UTF_8 = "alembic.ini is not saved as UTF-8"
DAMAGED: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "BOM": (lambda ini: b"\xef\xbb\xbf" + ini, HEADERS),
    "UTF-16": (lambda ini: ini.decode().encode("utf-16"), NOT_UTF_8),
    "Latin-1": (lambda ini: b"# f\xfcr mich\n" + ini, NOT_UTF_8),
    "no section": (lambda ini: ini.replace(SECTION, b""), HEADERS),
    "no setting": (lambda ini: ini.replace(SECTION, SECTION + b"x\n"), f"{SETTINGS}Source"),
    "twice": (lambda ini: ini.replace(SECTION, SECTION + b"a = 1\na = 1\n"), f"{SETTINGS}While"),
}


@pytest.mark.parametrize("name", first_always(list(DAMAGED)))
def test_a_file_of_settings_that_can_not_be_read(
    name: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A command, a server in the notebook and one in a process name the file."""
    change, says = DAMAGED[name]
    project = copy_project(tmp_path / "project")
    monkeypatch.setenv("TUTORIAL_WORKSPACE", str(project))
    ini = project / "alembic.ini"
    ini.write_bytes(change(ini.read_bytes().replace(b"\r\n", b"\n")))
    (project / "database.db").touch()
    with Shell(7, project):
        os.chdir(project)
        look_first_in(project)
        forget_app()
        for start in (
            partial(terminal, "", "alembic current"),
            partial(serve, "app.main:app"),
            partial(start_process, "app.main:app", project),
        ):
            with pytest.raises(Problem) as caught:
                start()
            assert caught.value.what.startswith(says), caught.value
            assert "Application startup" not in caught.value.what


def test_what_a_server_says_is_not_the_line_that_says_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The traceback in a process's log quotes the line of code, with a name for the value."""
    project = copy_project(tmp_path / "project")
    monkeypatch.setenv("TUTORIAL_WORKSPACE", str(project))
    monkeypatch.chdir(project)
    for name, says in (("database.db", "There is no database"), ("alembic.ini", "The migrations")):
        with pytest.raises(Problem, match=says) as caught:
            start_process("app.main:app", project)
        assert "{" not in caught.value.what
        (project / name).touch()
        (project / "alembic.ini").write_bytes(b"")
