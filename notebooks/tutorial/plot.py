"""Draws bars. JupyterLab draws them itself, from a description in Vega-Lite."""

import json
import math
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

VEGA_LITE = "application/vnd.vegalite.v5+json"  # the version that JupyterLab 4 draws
# How the charts look. Each color can be told from the other, and from a white and a dark page. The
# lines behind the bars are few and faint, because the numbers stand on them. SVG is sharp at any
# size, and a screen reader finds each bar in it.
LOOK = (Path(__file__).parent / "plot.json").read_text(encoding="utf-8")


def bar_charts(
    names: Sequence[str],
    charts: Mapping[str, Sequence[float]],
    other_color: Collection[str] = (),
) -> None:
    """Draw charts beside each other, which have a bar for each name, from the top to the bottom.

    charts: the title of each chart, and the length of its bars. other_color: which of the names
    have bars of another color. A length that is no number, as the p99 of no answer, has no bar.

    Where nothing can draw, a text says what the charts show. It has no numbers: in a stored
    notebook they would be those of another computer. A screen reader reads the numbers.

    Raises ValueError if a chart has not exactly one length for each name.
    """
    from IPython.display import display

    rows: list[dict[str, Any]] = [{"name": name, "other": name in other_color} for name in names]
    told = "Bar charts."
    for number, (title, lengths) in enumerate(charts.items(), 1):
        for row, length in zip(rows, lengths, strict=True):
            # One digit more than is written: the others are noise. JSON has no NaN.
            row[f"chart {number}"] = round(length, 1) if math.isfinite(length) else None
        numbers = [f"{one:,.0f}" if math.isfinite(one) else "no number" for one in lengths]
        told += f" {title}: {', '.join(map(' '.join, zip(names, numbers, strict=True)))}."
    hconcat = [_chart(f"chart {n}", title, names) for n, title in enumerate(charts, 1)]
    data = {"description": told, "data": {"values": rows}, "hconcat": hconcat}
    plain = f"Bar charts: {'; '.join(charts)}. Their bars: {', '.join(names)}."
    display({VEGA_LITE: json.loads(LOOK)["all"] | data, "text/plain": plain}, raw=True)


def _chart(field: str, title: str, names: Sequence[str]) -> dict[str, Any]:
    """Return one chart, of a field of the data. Only the first has the names beside it."""
    chart: dict[str, Any] = json.loads(LOOK)["chart"]
    chart["encoding"]["x"] |= {"field": field, "title": title}
    chart["encoding"]["y"]["scale"] = {"domain": list(names)}  # also those without a bar
    chart["encoding"]["y"]["axis"]["labels"] = field == "chart 1"
    chart["layer"][1]["encoding"]["text"]["field"] = field
    return chart
