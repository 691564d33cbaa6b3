"""Harmonic regression: R's coefficients, pandemic years out of the way, and laws."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import nbinom

from heedful.core.errors import SettingsError
from heedful.population.farrington import State
from heedful.population.harmonic_regression import HarmonicRegression, harmonic_regression, pandemic_weights
from heedful.population.yearly_reference import Calendar

MONDAYS = np.arange("2016-01-04", "2027-01-11", 7, dtype="datetime64[D]")


def weekly(rng: np.random.Generator, series: int, rows: int, size: float = 5.0, level: float = 12.0) -> np.ndarray:
    mean = level * np.exp(0.5 * np.cos(2 * np.pi * np.arange(rows) / 52))
    return rng.negative_binomial(size, size / (size + mean), (series, rows)).astype(float)


def test_it_is_r_glm_with_theta_by_moments() -> None:
    """R 4.2.2, MASS 7.3-58.2: glm(family = negative.binomial(theta)) and theta.mm in turns, 200 of them, on the first 260 of these weeks;
    predict(se.fit = TRUE, dispersion = 1) for week 287."""
    rng = np.random.default_rng(4)
    t = np.arange(287)
    mean = 12 * np.exp(0.5 * np.cos(2 * np.pi * t / 52) + 0.15 * t / 52)
    counts = rng.negative_binomial(4, 4 / (4 + mean)).astype(float)
    found = harmonic_regression(counts[None], Calendar(52), HarmonicRegression(reweight=False, trend_p=1.0, years=9), slice(286, 287))
    assert np.log(found.expected[0, 0]) == pytest.approx(2.69242704745591, abs=1e-7)
    assert found.dispersion[0, 0] == pytest.approx(0.24120417634474, abs=1e-7)
    assert found.slope[0, 0] == pytest.approx(0.11807357082508, abs=1e-7)
    assert found.used[0, 0] == 260


@given(seed=st.integers(0, 9999), missing=st.booleans())
@settings(max_examples=12, deadline=None)
def test_alone_among_others_and_date_by_date_the_answer_is_the_same(seed: int, missing: bool) -> None:
    rng = np.random.default_rng(seed)
    counts = weekly(rng, 3, 220, level=float(rng.choice([0.05, 1.0, 12.0])))
    if missing:
        counts[rng.random(counts.shape) < 0.05] = np.nan
    whole = harmonic_regression(counts, Calendar(52), rows=slice(215, 220))
    alone = harmonic_regression(counts[1:2], Calendar(52), rows=slice(215, 220))
    np.testing.assert_array_equal(alone.p[0], whole.p[1])
    for row in range(215, 220):
        early = counts.copy()
        early[:, row + 1 :] = np.nan
        np.testing.assert_array_equal(harmonic_regression(early, Calendar(52), rows=slice(row, row + 1)).p[:, 0], whole.p[:, row - 215])


def test_without_outbreaks_p_is_near_what_it_says() -> None:
    found = harmonic_regression(weekly(np.random.default_rng(1), 1500, 261), Calendar(52), rows=slice(260, 261))
    assert (found.p <= 0.05).mean() == pytest.approx(0.05, abs=0.02)
    assert (found.p <= 0.01).mean() < 0.02
    assert np.array_equal(found.alarm, found.p < 0.01) or (found.alarm != (found.p < 0.01)).mean() < 1e-3


def test_pandemic_rows_are_left_out_down_weighted_or_kept() -> None:
    calendar = Calendar(52, MONDAYS)
    counts = weekly(np.random.default_rng(2), 1, len(MONDAYS))
    inside = (np.datetime64("2020-03-01") <= MONDAYS) & (np.datetime64("2022-06-30") >= MONDAYS)
    counts[:, inside] = np.floor(counts[:, inside] / 8)  # nobody met anybody
    at = slice(int(np.searchsorted(MONDAYS, np.datetime64("2024-06-03"))), int(np.searchsorted(MONDAYS, np.datetime64("2024-06-03"))) + 1)
    choices = [HarmonicRegression(years=6, trend=False, pandemic=one) for one in ("leave out", "down-weight", "keep")]  # type: ignore[arg-type]
    out, light, kept = (harmonic_regression(counts, calendar, one, at) for one in choices)
    truth = 12 * np.exp(0.5 * np.cos(2 * np.pi * ((MONDAYS[at.start] - MONDAYS[0]) / np.timedelta64(1, "D")) / 365.25))
    assert out.expected[0, 0] == pytest.approx(truth, rel=0.15)
    assert kept.expected[0, 0] < light.expected[0, 0] < out.expected[0, 0] * 1.02
    assert kept.expected[0, 0] < 0.8 * truth
    assert (out.pandemic[0], kept.pandemic[0]) == (int(inside.sum()), 0)
    assert out.used[0, 0] == kept.used[0, 0] - 122
    blank = counts.copy()
    blank[:, inside] = np.nan
    assert harmonic_regression(blank, calendar, choices[2], at).expected[0, 0] == pytest.approx(out.expected[0, 0])
    assert (pandemic_weights(len(MONDAYS), Calendar(52), choices[0]) == 1).all()


@pytest.mark.parametrize("monday", ["2020-12-28", "2024-12-30", "2026-12-28"])
def test_the_turn_of_a_year_of_52_or_53_weeks_is_a_week_like_any(monday: str) -> None:
    """2020-W53, 2025-W01 and 2026-W53: the season's phase is that of the date, whatever the number of the week."""
    calendar = Calendar(52, MONDAYS)
    day = (MONDAYS - np.datetime64("2016-01-04")) / np.timedelta64(1, "D")
    counts = np.rint(400 * np.exp(np.cos(2 * np.pi * day / 365.25)))[None]
    at = int(np.searchsorted(MONDAYS, np.datetime64(monday)))
    assert MONDAYS[at] == np.datetime64(monday)
    found = harmonic_regression(counts, calendar, HarmonicRegression(pandemic="keep"), slice(at - 1, at + 2))
    np.testing.assert_allclose(found.expected[0], counts[0, at - 1 : at + 2], rtol=5e-3)
    assert not found.alarm.any()


def test_past_outbreaks_count_less() -> None:
    counts = weekly(np.random.default_rng(3), 1, 261)
    counts[0, 150:154] += 120
    plain = harmonic_regression(counts, Calendar(52), HarmonicRegression(reweight=False), slice(260, 261))
    weighted = harmonic_regression(counts, Calendar(52), rows=slice(260, 261))
    assert weighted.down_weighted[0, 0] >= 3
    assert weighted.bound[0, 0] < plain.bound[0, 0]


def test_short_empty_and_daily_histories() -> None:
    short = harmonic_regression(np.full((1, 70), 3.0), Calendar(52))
    assert (short.state == State.TOO_SHORT).all()
    assert np.isnan(short.p).all()
    zeros = np.zeros((1, 261))
    zeros[0, -1] = 3
    empty = harmonic_regression(zeros, Calendar(52), rows=slice(259, 261))
    assert empty.expected[0] == pytest.approx(0.5 / 234, rel=0.01)
    assert empty.alarm.tolist() == [[False, True]]
    rng = np.random.default_rng(4)
    mean = np.where(np.arange(900) % 7 < 5, 40.0, 8.0)
    daily = harmonic_regression(rng.poisson(mean, (1, 900)).astype(float), Calendar(365), rows=slice(893, 900))
    np.testing.assert_allclose(daily.expected[0], mean[893:900], rtol=0.15)


def test_what_makes_no_sense_is_refused() -> None:
    with pytest.raises(SettingsError, match=r"row 3 \(2016-01-18\).* -2"):
        harmonic_regression(np.array([[1.0, 2, -2]]), Calendar(52, MONDAYS[:3]))
    with pytest.raises(SettingsError, match="a row for each day"):
        harmonic_regression(np.ones((1, 4)), Calendar(52, MONDAYS[:3]))
    for wrong in ({"years": 0}, {"alpha": 0}, {"pandemic": "forget"}, {"pandemic_weight": 0}, {"pandemic_to": np.datetime64("2019-01-01")}):
        with pytest.raises(SettingsError, match="harmonic_regression"):
            HarmonicRegression(**wrong)  # type: ignore[arg-type]


def test_the_variance_is_at_least_in_proportion_to_the_mean() -> None:
    """Counts of variance 3 times the mean, with a season of 1 to 20: a + mean squared alone promises too little in the quiet weeks."""
    mean = 5 * np.exp(1.5 * np.cos(2 * np.pi * np.arange(260) / 52))
    counts = np.random.default_rng(4).negative_binomial(mean / 2, 1 / 3, (400, 260)).astype(float)
    rows = slice(208, 260)
    wider, quadratic = (
        harmonic_regression(counts, Calendar(52), HarmonicRegression(alpha=0.001, trend=False, variance=one), rows)
        for one in ("wider", "quadratic")
    )
    assert np.array_equal(wider.expected, quadratic.expected)
    assert (wider.bound >= quadratic.bound).all()
    rare = quadratic.p < 0.05
    assert (wider.p[rare] >= quadratic.p[rare] * (1 - 1e-12)).all()
    quiet = mean[rows] < 2
    assert (quadratic.p[:, quiet] <= 0.001).mean() > 4 * 0.001
    assert (wider.p[:, quiet] <= 0.001).mean() < 0.6 * (quadratic.p[:, quiet] <= 0.001).mean()


def test_the_multiple_is_pearsons() -> None:
    counts = np.random.default_rng(5).negative_binomial(5, 0.2, (1, 150)).astype(float)
    settings = HarmonicRegression(waves=0, trend=False, reweight=False)
    found = harmonic_regression(counts, Calendar(52), settings, slice(149, 150))
    past = counts[0, : 149 - 26]
    mean = past.mean()
    multiple = ((past - mean) ** 2).sum() / mean / (len(past) - 1)
    a = (multiple - 1) / mean  # moments: Pearson's statistic with variance mean + a mean squared equals its degrees of freedom
    assert found.dispersion.item() == pytest.approx(a, rel=1e-6)
    spread = multiple + multiple / (len(past) * mean) * mean
    size = mean / (spread - 1)
    assert found.p.item() == pytest.approx(nbinom.sf(counts[0, 149] - 1, size, size / (size + mean)), rel=1e-6)


def test_a_variance_that_is_none_is_refused() -> None:
    with pytest.raises(SettingsError, match="the variance is one of wider, quadratic"):
        HarmonicRegression(variance="constant")  # type: ignore[arg-type]
