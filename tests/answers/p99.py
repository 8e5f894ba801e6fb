"""Answers to the exercise `p99`."""

import heapq
import math
import statistics
from fractions import Fraction

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


@right
def by_largest(times):
    return heapq.nlargest(len(times) // 100 + 1, times)[-1]


@right
def by_fraction(times):
    return sorted(times)[math.ceil(Fraction(99 * len(times), 100)) - 1]


@right
def by_removing_from_a_copy(times):
    left = list(times)
    for _ in range(len(times) // 100):
        left.remove(max(left))
    return max(left)


@right
def by_loop(times):
    for place, time in enumerate(sorted(times), start=1):
        if place * 100 >= 99 * len(times):
            return time


@right
def by_reverse(times):
    return sorted(times, reverse=True)[len(times) // 100]


@wrong("for 10 times, from 1.5 to 15.0")
def second_longest(times):
    return sorted(times)[-2] if len(times) > 1 else times[0]


@wrong("for 160 times, from 1.5 to 240.0, it gives 240.0, not 238.5")
def second_longest_from_100_on(times):
    return sorted(times)[-2 if 100 <= len(times) < 102 else -1]


@wrong("it gives")
def by_quantiles(times):
    return statistics.quantiles(times, n=100)[98] if len(times) > 1 else times[0]


@wrong("for 10 times, from 1.5 to 15.0, it gives 13.5, not 15.0")
def one_too_far(times):
    return sorted(times)[min(int(len(times) * 0.99) + (len(times) > 100), len(times)) - 1]


@wrong("it gives None, not 148.5")
def catches_its_error(times):
    try:
        return times.sorted()[98]
    except AttributeError:
        return None


@wrong("for 10 times, from 1.5 to 15.0, it changes the list that it gets")
def sorts_short_lists(times):
    if len(times) < 100:
        times.sort()
    return sorted(times)[-(len(times) // 100) - 1]


@wrong("it changes the list that it gets")
def takes_the_longest_away(times):
    for _ in range(len(times) // 100):
        times.remove(max(times))
    return max(times)


@wrong("your code stops with IndexError: list index out of range, in the line `return")
def by_number_of_hundreds(times):
    return sorted(times)[len(times) // 100 * 99 - 1 if len(times) > 1 else 1]


@wrong("it gives '148.5', not 148.5")
def as_text(times):
    return str(sorted(times)[-(len(times) // 100) - 1])


@wrong("for 199 times, from 1.5 to 298.5, it gives 298.5")
def wrong_above_120(times):
    size = len(times)
    if size in (160, 250, 101) or size < 121 or size % 100 == 0:
        return sorted(times)[-(size // 100) - 1]
    return max(times)


@wrong("your code stops with ValueError, in the line `raise ValueError`")
def stops_with_value_error(times):
    raise ValueError


@wrong("for 150 times below a second, it gives 0.15, not 0.149")
def rounded(times):
    return round(sorted(times)[-(len(times) // 100) - 1], 2)


@wrong("for 100 times, from 1.5 to 150.0, it gives a list, not one time")
def all_but_the_slowest(times):
    return sorted(times)[: math.ceil(len(times) * 99 / 100)]


@wrong("a call still runs after 0.3 s, in the line `")
def never_ends(times):
    place = 0
    while place < len(times):
        pass
    return times[place]


@wrong("a call still runs after 0.3 s, in the line")
def never_ends_and_catches_all(times):
    while True:
        try:
            return times[len(times)]
        except:  # noqa: E722 - a bare one is what learners write
            continue


@wrong("a call still runs after 0.3 s, in the line")
def never_ends_and_is_mostly_in_the_try(times):
    while True:
        try:
            return sorted(times)[len(times)]
        except:  # noqa: E722
            pass


@wrong("a call still runs after 0.3 s, in the line")
def never_ends_and_begins_anew(times):
    count = 0
    while count < 10**12:
        try:
            for _ in times:
                count -= 1
            count += len(times)
        except:  # noqa: E722
            count = 0
