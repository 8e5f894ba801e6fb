"""Draws what was measured, as an SVG: bars for the requests per second, points for the p99."""

from collections.abc import Iterator
from html import escape
from math import ceil, floor, isnan, log10

from benchmarks.report import CONNECTIONS, MANY, Summary, number, times

COLORS = {1: "#C46A00", 32: "#0072B2"}  # which colour-blind people can tell apart
# All sizes are in pixels.
LEFT, RIGHT = 200, 570  # where the charts begin
WIDTH = 290  # of a chart
TOP, ROW, BAR = 60, 50, 18  # where the first row begins; how high a row is, and a bar
MARGIN = 80  # after a chart, for the numbers


def draw(summaries: list[Summary]) -> str:
    """Draw the ratio of the requests per second, and the p99, of each service."""
    bottom = TOP + ROW * len(summaries)
    parts = [
        *_titles(),
        *_grid(summaries, bottom),
        *(part for row, one in enumerate(summaries) for part in _row(summaries, row, one)),
        _line(LEFT, TOP, bottom, "#000"),
        *_legend(bottom + 50),
    ]
    width, height = RIGHT + WIDTH + MARGIN, bottom + 70
    # The white ground is there for pages that are dark.
    return f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" \
width="{width}" height="{height}" role="img" aria-labelledby="title description" \
font-family="sans-serif" font-size="13">
<title id="title">How fast the services are</title>
<desc id="description">{escape(_told(summaries))}</desc>
<rect width="100%" height="100%" fill="#fff"/>
{chr(10).join(parts)}
</svg>
"""


def _told(summaries: list[Summary]) -> str:
    """Say all that the picture shows, for who can't see it."""
    told = [
        f"{one.name}: "
        + ", ".join(
            f"{times(one.rate_ratio[c])} and {number(one.p99[c])} ms at {_label(c)}"
            for c in CONNECTIONS
        )
        for one in summaries
    ]
    return (
        "Requests per second, as a multiple of the article's sync service, and the time that 99 % "
        f"of the answers do not exceed. {'; '.join(told)}."
    )


def _titles() -> Iterator[str]:
    lines = {
        LEFT: ("Requests per second, as a multiple", "of the article's sync service"),
        RIGHT: ("Time that 99 % of the answers", "do not exceed, in ms (log scale)"),
    }
    for x, texts in lines.items():
        for place, text in enumerate(texts):
            yield _text(x + WIDTH / 2, 20 + 17 * place, text, anchor="middle")


def _decades(summaries: list[Summary]) -> range:
    """Return the powers of ten that the times lie between. A log scale has no place for 0."""
    values = [one.p99[c] for one in summaries for c in CONNECTIONS if one.p99[c] > 0] or [1, 10]
    first = floor(log10(min(values)))
    return range(first, max(ceil(log10(max(values))), first + 1) + 1)


def _grid(summaries: list[Summary], bottom: float) -> Iterator[str]:
    """Draw a line for each power of ten, with its number below."""
    decades = _decades(summaries)
    for power in decades:
        x = _place(10**power, decades)
        yield _line(x, TOP, bottom, "#CCC")
        yield _text(x, bottom + 18, f"{10**power:,g}", anchor="middle")


def _place(value: float, decades: range) -> float:
    """Return where a time is on the log scale."""
    return RIGHT + WIDTH * (log10(value) - decades[0]) / (len(decades) - 1)


def _row(summaries: list[Summary], row: int, one: Summary) -> Iterator[str]:
    """Draw one service: its name, and a bar and a point for each number of connections."""
    middle = TOP + ROW * (row + 0.5)
    lines = _two_lines(one.name)
    for place, line in enumerate(lines):
        yield _text(LEFT - 8, middle + 5 + 16 * (place - (len(lines) - 1) / 2), line, anchor="end")
    ratios = [one.rate_ratio[c] for one in summaries for c in CONNECTIONS]
    longest = max((ratio for ratio in ratios if not isnan(ratio)), default=1) or 1
    decades = _decades(summaries)
    for c in CONNECTIONS:
        y = middle if c == MANY else middle - BAR
        ratio, p99 = one.rate_ratio[c], one.p99[c]
        length = 0 if isnan(ratio) else WIDTH * ratio / longest
        yield f'<rect x="{LEFT}" y="{y:g}" width="{length:.1f}" height="{BAR}" fill="{COLORS[c]}"/>'
        yield _text(LEFT + length + 6, y + 14, times(ratio))
        if p99 > 0:
            x = _place(p99, decades)
            yield f'<circle cx="{x:.1f}" cy="{y + BAR / 2:g}" r="5" fill="{COLORS[c]}"/>'
            yield _text(x + 10, y + 14, number(p99))


def _legend(y: float) -> Iterator[str]:
    for x, c in zip((LEFT + 120, RIGHT - 80), CONNECTIONS, strict=True):
        yield f'<rect x="{x}" y="{y - 12:g}" width="24" height="14" fill="{COLORS[c]}"/>'
        yield _text(x + 32, y, _label(c))


def _text(x: float, y: float, text: str, anchor: str = "start") -> str:
    return f'<text x="{x:.1f}" y="{y:g}" text-anchor="{anchor}">{escape(text)}</text>'


def _line(x: float, top: float, bottom: float, color: str) -> str:
    return f'<path d="M{x:.1f} {top:g}V{bottom:g}" stroke="{color}"/>'


def _label(connections: int) -> str:
    return "1 connection" if connections == 1 else f"{connections} connections"


def _two_lines(name: str) -> list[str]:
    """Break a name at its last comma, or before its bracket."""
    if " (" in name:
        return name.replace(" (", "\n(").split("\n")
    return ",\n".join(name.rsplit(", ", 1)).split("\n")
