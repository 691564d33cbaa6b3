from __future__ import annotations

import itertools

import pytest

from heedful.report.theme import DARK, LIGHT, STAND_IN, variables

TEXT = ("ink", "muted", "blue", "alarm", "teal", "amber", "purple")
MARKS = ("blue", "alarm", "teal", "amber", "purple", "grey", "night", "soft")


def luminance(colour: str) -> float:
    """Relative luminance as WCAG 2.2 defines it."""
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_contrast_agrees_with_the_published_examples() -> None:
    assert contrast("#ffffff", "#000000") == pytest.approx(21)
    assert contrast("#ffffff", "#767676") == pytest.approx(4.54, abs=0.005)


@pytest.mark.parametrize("scheme", [LIGHT, DARK], ids=["light", "dark"])
def test_text_and_marks_can_be_told_from_their_grounds(scheme: dict[str, str]) -> None:
    for name, ground in itertools.product(TEXT, ("card", "page")):
        assert contrast(scheme[name], scheme[ground]) >= 4.5, (name, ground)
    for name, ground in itertools.product(("ink", "muted"), ("wash", "alert")):
        assert contrast(scheme[name], scheme[ground]) >= 4.5, (name, ground)
    for name in MARKS:
        assert contrast(scheme[name], scheme["card"]) >= 3, name


def test_light_and_dark_name_the_same_colours_and_paper_is_light() -> None:
    assert list(LIGHT) == list(DARK) == list(STAND_IN)
    assert len(set(STAND_IN.values())) == len(STAND_IN)
    assert "@media screen and (prefers-color-scheme:dark)" in variables()
