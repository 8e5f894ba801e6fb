"""Computes how well a colour can be read on another one, as WCAG 2.2 defines it."""

import re

Colour = tuple[float, float, float, float]  # red, green, blue; then how much it covers, 0 to 1
NAMED = {"white": "#ffffff", "black": "#000000", "green": "#008000"}


def rgb(text: str) -> Colour:
    """Return a colour that CSS writes as #1a2b3c, #1ab, rgba(…) or a name that is known here.

    Raises ValueError for any other text.
    """
    text = NAMED.get(text.strip(), text.strip())
    if short := re.fullmatch(r"#(\w)(\w)(\w)", text):
        text = "#" + "".join(digit * 2 for digit in short.groups())
    if re.fullmatch(r"#[0-9a-fA-F]{6}", text):
        red, green, blue = (int(text[place : place + 2], 16) for place in (1, 3, 5))
        return (red, green, blue, 1)
    if parts := re.fullmatch(r"rgba\((\d+), *(\d+), *(\d+), *([\d.]+)\)", text):
        red, green, blue, covers = map(float, parts.groups())
        return (red, green, blue, covers)
    raise ValueError(f"{text!r} is no colour that is known here")


def over(front: Colour, back: Colour) -> Colour:
    """Return the colour that one sees where a colour that may be thin lies over another."""
    red, green, blue = (
        one * front[3] + other * (1 - front[3])
        for one, other in zip(front[:3], back[:3], strict=True)
    )
    return (red, green, blue, 1)


def _luminance(colour: Colour) -> float:
    linear = [
        part / 255 / 12.92 if part / 255 <= 0.04045 else ((part / 255 + 0.055) / 1.055) ** 2.4
        for part in colour[:3]
    ]
    return sum(a * b for a, b in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(front: Colour, back: Colour) -> float:
    """Return the contrast of a colour on a page that is not thin: from 1, none, to 21."""
    darker, lighter = sorted([_luminance(over(front, back)), _luminance(back)])
    return (lighter + 0.05) / (darker + 0.05)
