"""The charts hold what was measured, for the eye and for the ear."""

import json
import math
import re

import pytest
from contrast import contrast, rgb

from tutorial import bar_charts
from tutorial.plot import LOOK, VEGA_LITE

NAMES = ["a.b", "the [slow] one", "mine"]
CHARTS = {"requests in a second": [1234.56, 0, 7], "p99: ms": [0.44, math.nan, math.inf]}
PAGES = {"light": "#ffffff", "dark": "#333333"}  # Vega's backgrounds in JupyterLab's two themes
READABLE = 3  # WCAG 2.2 asks for this contrast of what is no text


@pytest.fixture
def bundle(monkeypatch: pytest.MonkeyPatch) -> dict:
    """What is displayed, after a way through JSON, in which there is no NaN."""
    shown = []
    monkeypatch.setattr("IPython.display.display", lambda data, raw: shown.append(data))
    bar_charts(NAMES, CHARTS, other_color=["mine"])
    return json.loads(json.dumps(shown[0], allow_nan=False))


def test_each_bar_has_its_length_and_its_color(bundle: dict) -> None:
    """The numbers are the given ones. What is no number has no bar, but keeps its place."""
    spec = bundle[VEGA_LITE]
    assert spec["data"]["values"] == [
        {"name": "a.b", "other": False, "chart 1": 1234.6, "chart 2": 0.4},
        {"name": "the [slow] one", "other": False, "chart 1": 0, "chart 2": None},
        {"name": "mine", "other": True, "chart 1": 7, "chart 2": None},
    ]
    for number, (title, chart) in enumerate(zip(CHARTS, spec["hconcat"], strict=True), start=1):
        x, y = chart["encoding"]["x"], chart["encoding"]["y"]
        assert (x["field"], x["title"]) == (f"chart {number}", title)
        assert y["scale"]["domain"] == NAMES
        assert y["axis"]["labels"] == (number == 1)  # the names stand once, beside the first


def test_a_screen_reader_has_every_number(bundle: dict) -> None:
    """The description is made from the data."""
    assert bundle[VEGA_LITE]["description"] == (
        "Bar charts. requests in a second: a.b 1,235, the [slow] one 0, mine 7. "
        "p99: ms: a.b 0, the [slow] one no number, mine no number."
    )


def test_the_text_is_the_same_on_every_computer(bundle: dict) -> None:
    """It names all that is drawn, and no number, so that nbval can compare it."""
    assert set(bundle) == {VEGA_LITE, "text/plain"}
    assert bundle["text/plain"] == (
        "Bar charts: requests in a second; p99: ms. Their bars: a.b, the [slow] one, mine."
    )


@pytest.mark.parametrize("lengths", [[1, 2], [1, 2, 3, 4]])
def test_a_length_for_each_name(lengths: list[int]) -> None:
    """A chart that does not fit its names is refused."""
    with pytest.raises(ValueError):
        bar_charts(NAMES, {"one": [1, 2, 3], "other": lengths})


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("color", sorted(set(re.findall(r"#[0-9a-f]{6}", LOOK))))
def test_bars_are_seen_on_light_and_dark_pages(color: str, page: str) -> None:
    """Each color has contrast to the page."""
    assert contrast(rgb(color), rgb(PAGES[page])) >= READABLE
