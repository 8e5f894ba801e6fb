"""A cell that runs again much later, or after one that was left out, works and adds nothing."""

from pathlib import Path

import pytest
from learner import FAILED
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
