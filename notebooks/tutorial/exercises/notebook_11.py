"""Judge of notebook 11: the time that 99 of 100 clients do not exceed."""

from __future__ import annotations

from collections.abc import Sized
from typing import TYPE_CHECKING

from tutorial.exercises.judging import exercise, kind, need, need_tried

if TYPE_CHECKING:
    from collections.abc import Callable

SIZES = (100, 10, 1, 2, 101, 160, 250, 1000, *range(3, 121), 199, 200, 201, 299, 300, 301, 999)


@exercise
def p99(function: Callable[[list[float]], object]) -> None:
    """The time that 99 of 100 clients do not exceed."""
    import random

    from tutorial.load import percentile

    need_tried(function, "def p99(times): return None")
    for number in SIZES:
        times = [1.5 * place for place in range(1, number + 1)]
        random.Random(number).shuffle(times)
        name = "the time 1.5" if number == 1 else f"{number} times, from 1.5 to {1.5 * number}"
        _judge(function, times, percentile(times, 99), name)
    _judge(function, [7.0] * 98 + [9.0, 8.0], 8.0, "98 times of 7.0, one of 8.0 and one of 9.0")
    _judge(function, [9.0, *[7.0] * 99], 7.0, "99 times of 7.0 and one of 9.0")
    _judge(function, [5.0] * 30, 5.0, "30 times of 5.0")
    descending = [0.001 * place for place in range(150, 0, -1)]
    _judge(function, descending, percentile(descending, 99), "150 times below a second")


def _judge(
    function: Callable[[list[float]], object], times: list[float], right: float, name: str
) -> None:
    given = times.copy()
    result = function(given)
    need(given == times, f"for {name}, it changes the list that it gets.")
    of_many = isinstance(result, Sized) and not isinstance(result, str)
    need(not of_many, f"for {name}, it gives {kind(result)}, not one time.")
    need(result == right, f"for {name}, it gives {result!r}, not {right}.")
