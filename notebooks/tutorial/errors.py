"""Errors that teach: what happened, and what to do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


class Problem(Exception):  # noqa: N818 - the learner reads this name
    """Something went wrong that the learner can put right.

    `what` is one sentence on what happened, `todo` one sentence on what to do. Jupyter shows just
    these two; the exception that led here stays available as `__cause__`.
    """

    def __init__(self, what: str, todo: str) -> None:
        self.what = " ".join(what.split())  # what another program said may have line breaks
        self.todo = " ".join(todo.split())
        super().__init__(f"{self.what}\n{self.todo}")

    def _render_traceback_(self) -> list[str]:
        """Return the lines that IPython prints in place of a traceback (IPython's own hook)."""
        return [f"✗ {self.what}", f"→ {self.todo}"]


@contextmanager
def expect_error(*kinds: type[BaseException]) -> Iterator[None]:
    """Run a block that is meant to fail, and print the error in short.

    Raises Problem if the block does not fail with one of `kinds`: an example of a wrong turn must
    not quietly become a right one.
    """
    names = " or ".join(kind.__name__ for kind in kinds)
    try:
        yield
    except kinds as error:
        # pydantic adds a line with a link that names its version.
        lines = [line for line in str(error).splitlines() if "For further information" not in line]
        print(f"{type(error).__name__}: " + "\n".join(lines))
        return
    raise Problem(
        f"This cell shows what goes wrong, but {names} was not raised.",
        "Restart the kernel and run the notebook from its first cell.",
    )
