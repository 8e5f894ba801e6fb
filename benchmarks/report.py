"""Turns what was measured into medians, tables, and a file to keep."""

import json
from dataclasses import asdict, dataclass
from math import isnan, nan
from statistics import median

from benchmarks.load import Load
from benchmarks.services import BASE, SERVICES
from benchmarks.tables import Reads

FEW, MANY = CONNECTIONS = (1, 32)
Results = dict[str, dict[int, list[Load]]]  # by service and connections: one load for each round


@dataclass
class Summary:
    """The medians of the rounds of one service, by connections. NaN: this is not known."""

    name: str
    rate: dict[int, float]  # requests per second
    p99: dict[int, float]  # milliseconds
    rate_ratio: dict[int, float]  # to the article's service, in the same round
    p99_ratio: dict[int, float]
    errors: int


def median_ratio(values: list[float], bases: list[float]) -> float:
    """Return the median of the ratios of each round; nan if there is nothing to compare with."""
    ratios = [value / base for value, base in zip(values, bases, strict=False) if base]
    return median(ratios) if ratios else nan


def summarize(results: Results) -> list[Summary]:
    """Compute the medians of each service."""
    return [_summary(key, loads, results.get(BASE, {})) for key, loads in results.items()]


def _summary(key: str, loads: dict[int, list[Load]], base: dict[int, list[Load]]) -> Summary:
    rates = {c: [load.rate for load in loads[c]] for c in CONNECTIONS}
    p99s = {c: [load.p99 for load in loads[c]] for c in CONNECTIONS}
    base_rates = {c: [load.rate for load in base.get(c, [])] for c in CONNECTIONS}
    base_p99s = {c: [load.p99 for load in base.get(c, [])] for c in CONNECTIONS}
    return Summary(
        SERVICES[key].name,
        {c: median(rates[c]) for c in CONNECTIONS},
        {c: median(p99s[c]) for c in CONNECTIONS},
        {c: median_ratio(rates[c], base_rates[c]) for c in CONNECTIONS},
        {c: median_ratio(p99s[c], base_p99s[c]) for c in CONNECTIONS},
        sum(load.errors for c in CONNECTIONS for load in loads[c]),
    )


LEGEND = (
    f"At {FEW} and at {MANY} connections. Ratio: to the requests per second of "
    f"'{SERVICES[BASE].name}' in the same round. p99: 99 % of the answers took no longer."
)


# Numbers as text


def number(value: float) -> str:
    """Write a number with about three digits."""
    if isnan(value):
        return "-"
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def times(ratio: float) -> str:
    """Write a ratio with the sign of multiplication."""
    if isnan(ratio):
        return "-"
    return (f"{ratio:.0f}" if ratio >= 9.95 else f"{ratio:.1f}") + "\N{MULTIPLICATION SIGN}"


def fraction(ratio: float) -> str:
    """Write a ratio below 1 as a fraction, for example 1/20."""
    if not 0 < ratio < 1:
        return times(ratio)
    return f"1/{1 / ratio:.0f}" if 1 / ratio >= 9.95 else f"1/{1 / ratio:.1f}"


# Tables


def markdown(rows: list[list[str]]) -> str:
    """Write a table, of which the first row is the header, and all but the first column numbers."""
    lines = [rows[0], [":--"] + ["--:"] * (len(rows[0]) - 1), *rows[1:]]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def load_table(summaries: list[Summary]) -> str:
    """Write how each service stood the load."""
    header = [
        "`POST /task/` in …",
        *(f"ratio at {c}" for c in CONNECTIONS),
        f"p99 ratio at {MANY}",
        *(f"requests/s at {c}" for c in CONNECTIONS),
        f"p99 at {MANY}, ms",
        "errors",
    ]
    return markdown([header, *map(_load_row, summaries)])


def _load_row(one: Summary) -> list[str]:
    return [
        one.name,
        *(times(one.rate_ratio[c]) for c in CONNECTIONS),
        fraction(one.p99_ratio[MANY]),
        *(number(one.rate[c]) for c in CONNECTIONS),
        number(one.p99[MANY]),
        f"{one.errors:,}",
    ]


def reads_table(reads: list[Reads]) -> str:
    """Write how long a read takes, and its ratio to the one from the smallest table."""
    smallest = {one.version: one for one in sorted(reads, key=lambda one: -one.rows)}
    header = ["Rows in the table", "version", "one task, ms", "first page, ms", "last page, ms"]
    lines = [header]
    for one in sorted(reads, key=lambda one: one.rows):
        base = smallest[one.version]
        cells = [
            f"{number(time)} ({times(time / first)})"
            for time, first in zip(_times(one), _times(base), strict=True)
        ]
        lines.append([f"{one.rows:,}", one.version, *cells])
    return markdown(lines)


def _times(one: Reads) -> tuple[float, float, float]:
    return one.one, one.first, one.last


# What is kept with --json and read with --from


def pack(about: str, summaries: list[Summary], reads: list[Reads]) -> str:
    """Write the medians as JSON, in which NaN is null."""

    def kept(value: object) -> object:
        if isinstance(value, dict):
            return {str(key): kept(one) for key, one in value.items()}
        return None if isinstance(value, float) and isnan(value) else value

    loads = [kept(asdict(one)) for one in summaries]
    content = {"about": about, "loads": loads, "reads": [asdict(one) for one in reads]}
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def unpack(text: str) -> tuple[str, list[Summary], list[Reads]]:
    """Read what `pack` has written."""

    def read(value: object) -> object:
        if isinstance(value, dict):
            return {int(key): nan if one is None else one for key, one in value.items()}
        return value

    content = json.loads(text)
    summaries = [Summary(**{key: read(one[key]) for key in one}) for one in content["loads"]]
    return content["about"], summaries, [Reads(**one) for one in content["reads"]]
