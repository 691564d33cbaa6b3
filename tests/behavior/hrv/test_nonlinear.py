"""Fractal dimensions and complexity against plain twins; asymmetry and fragmentation against their laws."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heedful.behavior.hrv.dfa import alpha, fluctuations, spread_scales
from heedful.behavior.hrv.fractal_dimension import correlation_dimension, higuchi_dimension, lempel_ziv_complexity
from heedful.behavior.hrv.fragmentation import fragmentation
from heedful.behavior.hrv.nonlinear import nonlinear, run_nonlinear
from heedful.behavior.hrv.poincare import asymmetry, poincare
from heedful.core.errors import SettingsError

SERIES = st.lists(st.integers(700, 900), min_size=20, max_size=60).filter(lambda values: len(set(values)) > 3)


def plain_words(symbols: list[int]) -> int:
    """Lempel and Ziv 1976 in words: a new word is the shortest that does not begin anywhere before it."""
    words, begin, n = 0, 0, len(symbols)
    while begin < n:
        length = 1
        while begin + length <= n and any(symbols[i : i + length] == symbols[begin : begin + length] for i in range(begin)):
            length += 1
        words, begin = words + 1, begin + length
    return words


@settings(deadline=None, max_examples=60)
@given(SERIES)
def test_complexity_counts_new_words(values: list[int]) -> None:
    rr = np.array(values, float)
    words = plain_words((rr > rr.mean()).astype(int).tolist())
    assert lempel_ziv_complexity(rr) == pytest.approx(words * np.log2(len(rr)) / len(rr))


@settings(deadline=None, max_examples=40)
@given(SERIES)
def test_correlation_dimension_is_that_of_all_distances(values: list[int]) -> None:
    rr = np.array(values, float)
    points = np.column_stack([rr[:-1], rr[1:]])
    distance = np.sqrt(((points[:, None] - points[None]) ** 2).sum(axis=2))[np.triu_indices(len(points), 1)]
    far = distance.max()
    radii = np.exp2(np.linspace(np.log2(1 + 0.025 * far), np.log2(1 + 0.5 * far), 64) - 1)
    share = np.array([(distance < radius).mean() for radius in radii])
    kept = share > 0
    expected = np.polyfit(np.log2(radii[kept]), np.log2(share[kept]), 1)[0] if kept.sum() > 1 else np.nan
    assert correlation_dimension(rr) == pytest.approx(expected, nan_ok=True)


def test_a_line_has_dimension_one_and_noise_two() -> None:
    assert higuchi_dimension(np.arange(500.0)) == pytest.approx(1)
    assert higuchi_dimension(np.random.default_rng(1).normal(size=3000)) == pytest.approx(2, abs=0.05)


@settings(deadline=None, max_examples=40)
@given(SERIES)
def test_both_halves_make_the_whole_and_turning_time_around_swaps_them(values: list[int]) -> None:
    rr = np.array(values, float)
    there, back = asymmetry(rr), asymmetry(rr[::-1])
    for whole in ("C1", "C2", "C"):
        assert there[f"{whole}d"] + there[f"{whole}a"] == pytest.approx(1)
    assert there["SD1d"] == pytest.approx(back["SD1a"])
    assert there["GI"] == pytest.approx(100 - back["GI"])
    assert poincare(rr)["SD2"] == pytest.approx(poincare(rr[::-1])["SD2"])


def test_fragmentation() -> None:
    swinging = np.array([800.0, 810.0] * 20)
    assert fragmentation(swinging) == {"PIP": 38 / 40, "IALS": 1.0, "PSS": 1.0, "PAS": 1.0}
    rising = fragmentation(np.arange(700.0, 740.0))
    assert (rising["PIP"], rising["IALS"], rising["PSS"]) == (0, 1 / 39, 0)
    assert np.isnan(rising["PAS"])


def test_fluctuation_of_trends_and_noise() -> None:
    noise = np.random.default_rng(2).normal(size=4000)
    scales = spread_scales(len(noise))
    assert alpha(scales, fluctuations(noise, scales)) == pytest.approx(0.5, abs=0.06)
    assert alpha(scales, fluctuations(np.cumsum(noise), scales)) == pytest.approx(1.5, abs=0.08)
    parabola = np.arange(300.0) ** 2
    assert np.isnan(fluctuations(parabola, np.array([10, 20]), order=2, integrate=False)).all()
    for wrong in (np.array([1, 5]), np.array([4, 300]), np.array([4])):
        with pytest.raises(SettingsError):
            fluctuations(parabola, wrong)


def test_scales_are_neurokits_unless_others_are_stated() -> None:
    rr = pl.DataFrame({"rr_ms": 800 + 30 * np.random.default_rng(5).normal(size=300)})
    literature = {"dfa_short_scales_beats": [4, 16], "dfa_long_scales_beats": [17, 28]}
    peers, stated = run_nonlinear({}, {"rr": rr}), run_nonlinear({"definition": "stated", **literature}, {"rr": rr})
    assert peers["DFA_alpha1"] != stated["DFA_alpha1"]
    assert run_nonlinear(literature, {"rr": rr})["DFA_alpha1"] == stated["DFA_alpha1"]
    with pytest.raises(SettingsError):
        run_nonlinear({"dfa_short_scales_beats": 4}, {"rr": rr})


def test_even_intervals_are_refused() -> None:
    with pytest.raises(SettingsError):
        nonlinear(np.full(50, 800.0), tolerance_ms=0.0)
