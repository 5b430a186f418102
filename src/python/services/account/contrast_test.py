"""Edges of fields and of quiet buttons can be seen: 3:1 by WCAG 2.2, 1.4.11."""

import re
from pathlib import Path

import pytest

import services.account

SHEET = Path(services.account.__file__).with_name("static") / "site.css"
LEAST = 3.0


def palette(scheme: str) -> dict[str, str]:
    """The colours of a scheme by name; the dark one changes some of the light one's."""
    light, dark = re.findall(r":root {(.*?)}", SHEET.read_text(), re.DOTALL)[:2]
    names = re.compile(r"--([a-z-]+): (#[0-9a-f]{3,6});")
    return dict(names.findall(light)) | (dict(names.findall(dark)) if scheme == "dark" else {})


def luminance(colour: str) -> float:
    digits = colour.removeprefix("#")
    full = digits if len(digits) == 6 else "".join(digit * 2 for digit in digits)
    channels = (int(full[at : at + 2], 16) / 255 for at in (0, 2, 4))
    red, green, blue = (
        value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4
        for value in channels
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted(map(luminance, (one, other)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("around", ["paper", "card"])
def test_the_edge_of_a_control_stands_out_from_what_is_around(scheme: str, around: str) -> None:
    colours = palette(scheme)
    assert contrast(colours["field"], colours[around]) >= LEAST
