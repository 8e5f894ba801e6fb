"""What a server in a thread and a server in a process have in common."""

from __future__ import annotations

import abc
import time
from typing import ClassVar, Self

from tutorial.errors import Problem
from tutorial.explain import other_encoding_in
from tutorial.imports import hidden_in
from tutorial.said import Place, meaning
from tutorial.workspace import project

STOP_SECONDS = 5.0


class Running(abc.ABC):
    """A server, which stops at the end of a `with` block. `url` is its address."""

    url = ""
    _started: ClassVar[list[Running]] = []

    def __init__(self, name: str) -> None:
        self.name = name
        self._started[:] = [*Running.running(), self]

    def __repr__(self) -> str:
        return f"<{self.name} {'runs' if self.is_running else 'is stopped'}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    @abc.abstractmethod
    def is_running(self) -> bool:
        """Whether the server runs now."""

    @abc.abstractmethod
    def stop(self) -> None:
        """Stop, and wait until the server is gone. Stopping twice does no harm."""

    @abc.abstractmethod
    def _is_up(self) -> bool:
        """Whether the server is up. Raises Problem if it has ended."""

    @classmethod
    def running(cls) -> list[Self]:
        """Return the servers of this kind that run in this kernel, the oldest first."""
        return [one for one in cls._started if isinstance(one, cls) and one.is_running]

    def wait_until_up(self, seconds: float) -> None:
        """Wait until the server is up. Raises Problem, and stops it, if it does not come up."""
        deadline = time.monotonic() + seconds
        try:
            while not self._is_up():
                if time.monotonic() > deadline:
                    raise Problem("server-too-slow", name=self.name, seconds=round(seconds))
                time.sleep(0.01)
        except BaseException:  # an interrupt too must leave nothing behind
            self.stop()
            raise

    def not_started(self, log: str, error: str, place: Place) -> Problem:
        """Return why the server did not start.

        log: what it has logged; place: of `tutorial.said`, how this is read. error: its last
        words, or "" if it gave none.
        """
        error = error or "it gave no reason."
        known = hidden_in(log, project()) or other_encoding_in(log, project())
        known = known or meaning(log, place, name=self.name, error=error)
        return known or Problem("server-did-not-start", name=self.name, error=error)
