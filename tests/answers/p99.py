"""Answers to the exercise `p99`."""

import math

from answers import right, wrong


@right
def whole_numbers_only(times):
    return sorted(times)[(len(times) * 99 + 99) // 100 - 1]


@right
def from_the_end(times):
    return sorted(times)[-(len(times) // 100) - 1]


@right
def sorted_copy(times):
    copy = list(times)
    copy.sort()
    return copy[math.ceil(len(copy) * 0.99) - 1]


@right
def by_counting(times):
    return min(t for t in times if sum(o <= t for o in times) >= len(times) * 99 / 100)


@wrong("for 100 times, from 1.5 to 150.0, it gives 150.0, not 148.5")
def for_100_times_from_1_5_to(times):
    return max(times)


@wrong("it gives 150.0, not 148.5")
def gives_150_0_not_148_5(times):
    return sorted(times)[int(len(times) * 0.99)]


@wrong("your code stops with IndexError")
def your_code_stops_with_indexerror(times):
    return sorted(times)[98]


@wrong("for 10 times, from 1.5 to 15.0")
def for_10_times_from_1_5_to(times):
    return sorted(times)[int(len(times) * 0.99) - 1]


@wrong("for 160 times")
def for_160_times(times):
    return sorted(times)[round(len(times) * 0.99) - 1]


@wrong("for 10 times, from 1.5 to 15.0")
def for_10_times_from_1_5_to_2(times):
    if len(times) == 100:
        return sorted(times)[98]


@wrong("it changes the list that it gets")
def changes_list_that_gets(times):
    times.sort()
    return times[98]


@wrong("for 98 times of 7.0, one of 8.0 and one of 9.0, it gives 9.0")
def for_98_times_of_7_0_one(times):
    one = sorted(set(times))
    return one[math.ceil(len(one) * 99 / 100) - 1]


@wrong("for 100 times, from 1.5 to 150.0, it gives 75.75")
def for_100_times_from_1_5_to_2(times):
    return sum(times) / len(times)
