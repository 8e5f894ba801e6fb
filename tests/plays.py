"""What the plays of careless learners share."""

from pathlib import Path

from learner import FAILED

from tutorial.ends import stored_ends
from tutorial.state import State
from tutorial.workspace import copy_project


def one_sentence(text: str, says: str = "") -> None:
    """Assert that the last thing a learner sees is a message of the course, with these words."""
    shown = text.strip().splitlines()[-3:]
    assert shown[0].startswith(FAILED), f"no message of three lines: {text}"
    assert says in shown[0], shown[0]
    assert shown[1].startswith("→ "), text
    assert shown[2].startswith("  More: "), text


def end_of(step: int) -> State:
    """Return the state that a step leaves."""
    return stored_ends().state(step)


def put(step: int, workspace: Path, beside: Path) -> None:
    """Put the end of a step into a workspace, in place of what is there, as its notebook does it.

    beside: a folder to work in.
    """
    built = beside / f"end of {step}"
    if not built.exists():
        built.mkdir()
        stored_ends().put(step, built)
    copy_project(built, workspace)
