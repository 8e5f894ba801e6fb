"""A cell that runs again much later, or after one that was left out, works and adds nothing."""

from pathlib import Path

import pytest
from learner import FAILED
from plays import one_sentence
from shell import Shell

IN_8 = ["numbers", "list", "list-imports", "read", "read-imports", "patch", "delete"]


@pytest.mark.parametrize("cell", IN_8)
def test_a_cell_that_later_ones_have_built_on(cell: str, tmp_path: Path) -> None:
    """Its edit is known again in the finished file: nothing is changed, and nothing is amiss."""
    with Shell(8, tmp_path) as learner:
        learner.up_to("main-errors")
        before = [(tmp_path / f"app/{name}.py").read_text("utf-8") for name in ("models", "main")]
        assert "already" in learner.run(cell)
        after = [(tmp_path / f"app/{name}.py").read_text("utf-8") for name in ("models", "main")]
    assert after == before


def test_a_class_whose_first_line_was_edited(tmp_path: Path) -> None:
    """It is not appended a second time: the second one would win."""
    with Shell(8, tmp_path) as learner:
        learner.up_to("main-errors")
        models = tmp_path / "app" / "models.py"
        before = models.read_text("utf-8")
        said = learner.try_("public")
        assert "class TaskPublic" in said and FAILED in said
        assert models.read_text("utf-8") == before


def test_the_race_after_an_endpoint_that_was_left_out(tmp_path: Path) -> None:
    """The first try has left its row: the second one does not stumble over it."""
    with Shell(8, tmp_path) as learner:
        cells = learner.ids[: learner.ids.index("race") + 1]
        cells.remove("patch")
        assert "405" in learner.run(*cells)
        learner.run("patch")
        said = learner.try_("race")
    assert "500 Internal Server Error" in said and FAILED not in said


def test_a_file_of_a_cell_that_was_left_out(tmp_path: Path) -> None:
    """09: the message names the cell that makes it, also in a second run; what it says helps."""
    with Shell(9, tmp_path) as learner:
        begins = {id_: source.splitlines()[0] for id_, source in learner.sources.items()}
        learner.run("begin", "trial")
        said = learner.try_("restore-too-early")
        one_sentence(said, "There is no file trial_bare.db in the project.")
        made = "A cell above makes it: run the one that begins with"
        assert f"{made} `{begins['bare-copy']}`, then this one." in said
        learner.run("bare-copy", "restore-too-early", "restore", "delete-trial")
        assert f"{made} `{begins['bare-copy']}`" in learner.try_("restore")
        assert f"{made} `{begins['trial']}`" in learner.try_("bare-copy")
        learner.run("trial", "bare-copy", "restore")
        one_sentence(learner.try_("bare-copy"), "This connection to the database was closed.")


def test_a_file_that_no_cell_makes(tmp_path: Path) -> None:
    """What a step starts with, and what only a cell of the learner's names, is told as before."""
    with Shell(9, tmp_path) as learner:
        learner.up_to("rows-before")
        assert "FileNotFoundError" in learner.write('open("trial.db")')
        (tmp_path / "app" / "models.py").unlink()
        said = learner.write('show_file("app/models.py")')
        one_sentence(said, "There is no file app/models.py in the project.")
        assert "Run the cell that writes it first" in said
