"""Errors that teach: what happened, and what to do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar

from tutorial.messages import MESSAGES

PAGE = "notebooks/troubleshooting.md"


class Problem(Exception):  # noqa: N818 - the learner reads this name
    """Something went wrong that the learner can put right.

    key: of a message in `tutorial.messages`; values: what its places stand for. `what` is one
    sentence on what happened, `todo` one sentence on what to do. Jupyter shows these, and where to
    read more; `%tb` shows the whole traceback, with the exception that led here (`__cause__`).

    other_todo: what to do instead of what the message of a key says, where that would not help.
    """

    other_todo: ClassVar[dict[str, str]] = {}

    def __init__(self, key: str, **values: object) -> None:
        what, todo = MESSAGES[key]
        self.key, self.values = key, values
        # What another program said may have line breaks.
        self.what = " ".join(what.format(**values).split())
        self.todo = " ".join(self.other_todo.get(key, todo).format(**values).split())
        super().__init__(f"{self.what}\n{self.todo}")

    def _render_traceback_(self) -> list[str]:
        """Return the lines that IPython prints in place of a traceback (IPython's own hook)."""
        more = f"  More: {PAGE}, “{self.key}”."
        if self.__cause__ is not None:
            more += " The traceback: %tb"
        return [f"✗ {self.what}", f"→ {self.todo}", more]


@contextmanager
def expect_error(*kinds: type[BaseException]) -> Iterator[None]:
    """Run a block that is meant to fail, and print the error in short, in lines that fit.

    Raises Problem if the block does not fail with one of `kinds`: an example of a wrong turn must
    not quietly become a right one.
    """
    from tutorial.show import wrapped  # which imports this module

    try:
        yield
    except kinds as error:
        # pydantic adds a line with a link that names its version.
        lines = [line for line in str(error).splitlines() if "For further information" not in line]
        print(wrapped(f"{type(error).__name__}: " + "\n".join(lines)))
        return
    raise Problem("no-failure", names=" or ".join(kind.__name__ for kind in kinds))
