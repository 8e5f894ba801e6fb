"""Answers to the exercise `places`."""

from answers import right, wrong


@right
def by_divmod(connections, processes):
    each, _ = divmod(connections, processes)
    if each < 2:
        raise ValueError("too few connections")
    writes = each // 3 or 1
    return writes, each - writes


@right
def as_a_list(connections, processes):
    each = int(connections / processes)
    if connections < 2 * processes:
        raise ValueError
    return [max(1, int(each / 3)), each - max(1, int(each / 3))]


@wrong("places(12, 6) gives (0, 2), not (1, 1)")
def no_writer(connections, processes):
    each = connections // processes
    if each < 2:
        raise ValueError
    return each // 3, each - each // 3


@wrong("places(97, 6) gives (5.33")
def parts(connections, processes):
    each = connections // processes
    return each / 3, each * 2 / 3


@wrong("places(97, 6) gives (5, 10), not (5, 11)")
def both_rounded_down(connections, processes):
    each = connections // processes
    return max(1, each // 3), each * 2 // 3


@wrong("places(97, 6) gives (32, 65), not (5, 11)")
def for_one_process(connections, processes):
    return connections // 3, connections - connections // 3


@wrong("places(11, 6) gives (1, 0), and raises no ValueError")
def never_refuses(connections, processes):
    each = connections // processes
    return max(1, each // 3), each - max(1, each // 3)


@wrong("places(97, 6) gives 16, not two numbers")
def one_number(connections, processes):
    return connections // processes


@wrong("places(97, 6) gives (11, 5), not (5, 11)")
def the_other_way_round(connections, processes):
    each = connections // processes
    return each - max(1, each // 3), max(1, each // 3)


@wrong("places(97, 6) stops with ValueError, in the line `raise ValueError`")
def refuses_all(connections, processes):
    raise ValueError


@wrong("places(12, 6) stops with ValueError, in the line `raise ValueError`")
def refuses_two(connections, processes):
    each = connections // processes
    if each <= 2:
        raise ValueError
    return max(1, each // 3), each - max(1, each // 3)


@wrong("places(11, 6) stops with AssertionError, not with ValueError, in the line `assert each")
def asserts(connections, processes):
    each = connections // processes
    assert each >= 2
    return max(1, each // 3), each - max(1, each // 3)


@wrong("places(11, 6) stops with Exception, not with ValueError, in the line `raise Exception")
def raises_another_error(connections, processes):
    each = connections // processes
    if each < 2:
        raise Exception("too few")
    return max(1, each // 3), each - max(1, each // 3)
