"""Draws what was measured."""

from pathlib import Path

from benchmarks.report import CONNECTIONS, MANY, Summary, number, times
from matplotlib import pyplot
from matplotlib.axes import Axes

COLORS = {1: "#E69F00", 32: "#0072B2"}  # which colour-blind people can tell apart
HEIGHT = 0.38  # of a bar; two of them, and a gap, are 1


def draw(summaries: list[Summary], file: Path) -> None:
    """Draw the ratio of the requests per second, and the p99, of each service."""
    pyplot.switch_backend("Agg")  # draws into a file; needs no screen
    figure, (left, right) = pyplot.subplots(
        1, 2, sharey=True, figsize=(8, 0.55 * len(summaries) + 1.4), layout="constrained"
    )
    for connections in CONNECTIONS:
        shift = HEIGHT / 2 if connections == MANY else -HEIGHT / 2
        places = [place + shift for place in range(len(summaries))]
        look = {"color": COLORS[connections], "label": _label(connections)}
        ratios = [one.rate_ratio[connections] for one in summaries]
        bars = left.barh(places, ratios, HEIGHT, **look)
        left.bar_label(bars, map(times, ratios), padding=3, fontsize=8)
        _points(right, places, [one.p99[connections] for one in summaries], look)
    left.set_yticks(range(len(summaries)), [_two_lines(one.name) for one in summaries])
    left.invert_yaxis()
    left.set_title("Requests per second, as a multiple\nof the article's sync service", fontsize=10)
    right.set_title("Time that 99 % of the answers\ndo not exceed, in ms (log scale)", fontsize=10)
    right.set_xscale("log")
    right.xaxis.set_major_formatter("{x:,g}")  # 100, and not a power of ten
    right.grid(axis="x", color="#DDDDDD")
    right.set_axisbelow(True)
    for axes in (left, right):
        axes.margins(x=0.22)  # room for the numbers
        axes.spines[["top", "right"]].set_visible(False)
        axes.tick_params(axis="y", length=0)
    figure.legend(*left.get_legend_handles_labels(), loc="outside lower center", ncols=2)
    figure.savefig(file, dpi=150, facecolor="white")
    pyplot.close(figure)


def _points(axes: Axes, places: list[float], values: list[float], look: dict[str, str]) -> None:
    """Draw points, each with its number. A bar would need a zero, which a log scale has not."""
    axes.plot(values, places, "o", **look)
    for value, place in zip(values, places, strict=True):
        axes.annotate(
            number(value),
            (value, place),
            xytext=(6, 0),
            textcoords="offset points",
            va="center",
            fontsize=8,
        )


def _label(connections: int) -> str:
    return "1 connection" if connections == 1 else f"{connections} connections"


def _two_lines(name: str) -> str:
    """Break a name at its last comma."""
    return name.replace(" (", "\n(") if "(" in name else ",\n".join(name.rsplit(", ", 1))
