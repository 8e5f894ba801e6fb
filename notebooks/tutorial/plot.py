"""Draws bars. JupyterLab draws them itself, from a description in Vega-Lite."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from typing import Any

VEGA_LITE = "application/vnd.vegalite.v5+json"  # the version that JupyterLab 4 draws
# Each can be told from the other, and from a white and a dark page.
COLOR, OTHER_COLOR = "#7f7f7f", "#2ca02c"
READABLE = "luminance(background) < 0.5 ? 'white' : 'black'"  # JupyterLab may have a dark theme
WIDTH, STEP = 280, 24  # pixels: of a chart, and from one bar to the next
FONT = {"fontSize": 12}  # of the axes; the default is smaller than the text of a notebook


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

    spec = {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "description": _told(names, charts),
        "data": {"values": _rows(names, charts, other_color)},
        "config": {"style": {"guide-label": FONT, "guide-title": FONT}},
        "hconcat": [_chart(title, names, n) for n, title in enumerate(charts)],
        # SVG is sharp at any size, and a screen reader finds each bar in it.
        "usermeta": {"embedOptions": {"renderer": "svg", "actions": False}},
    }
    plain = f"Bar charts: {'; '.join(charts)}. Their bars: {', '.join(names)}."
    display({VEGA_LITE: spec, "text/plain": plain}, raw=True)


def _told(names: Sequence[str], charts: Mapping[str, Sequence[float]]) -> str:
    """Return all that the charts show as a sentence for each of them."""
    told = []
    for title, lengths in charts.items():
        pairs = zip(names, lengths, strict=True)
        told.append(f"{title}: " + ", ".join(f"{name} {_number(length)}" for name, length in pairs))
    return f"Bar charts. {'. '.join(told)}."


def _number(length: float) -> str:
    return f"{length:,.0f}" if math.isfinite(length) else "no number"


def _field(number: int) -> str:
    """Return what a chart's lengths are called in the data; a title may have signs of Vega's."""
    return f"chart {number + 1}"


def _rows(
    names: Sequence[str], charts: Mapping[str, Sequence[float]], other_color: Collection[str]
) -> list[dict[str, Any]]:
    """Return the data: for each name its bars' lengths. JSON has no NaN, so that becomes None."""
    return [
        {"name": name, "other": name in other_color}
        | {
            # One digit more than the chart writes: the others are noise, and make a long diff.
            _field(n): round(lengths[row], 1) if math.isfinite(lengths[row]) else None
            for n, lengths in enumerate(charts.values())
        }
        for row, name in enumerate(names)
    ]


def _chart(title: str, names: Sequence[str], number: int) -> dict[str, Any]:
    """Return one chart. Only the first, which has the number 0, has the names beside it."""
    axis = {"title": None, "domain": False, "ticks": False, "labels": number == 0}
    color = {"condition": {"test": "datum.other", "value": OTHER_COLOR}, "value": COLOR}
    return {
        "width": WIDTH,
        "height": {"step": STEP},
        "encoding": {
            "y": {
                "field": "name",
                "type": "nominal",
                "scale": {"domain": list(names)},  # in this order, also those without a bar
                "axis": axis | {"labelLimit": WIDTH},
            },
            "x": {
                "field": _field(number),
                "type": "quantitative",
                "title": title,
                # Few lines, and faint ones: the numbers stand on them.
                "axis": {"tickCount": 5, "gridOpacity": 0.4},
            },
        },
        "layer": [
            {"mark": "bar", "encoding": {"color": color}},
            {
                "mark": {"type": "text", "align": "left", "dx": 4, "color": {"expr": READABLE}}
                | FONT,
                "encoding": {"text": {"field": _field(number), "format": ",.0f"}},
            },
        ],
    }
