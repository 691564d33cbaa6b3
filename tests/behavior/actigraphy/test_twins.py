"""Kernels against plain twins, or SciPy, statsmodels and NumPy, on random input."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
import scipy.ndimage
from hypothesis import given, settings
from hypothesis import strategies as st

from heedful.behavior.actigraphy import crespo, nonparametric, roenneberg, webster
from heedful.behavior.actigraphy.cosinor import cosinor
from heedful.behavior.actigraphy.lowess import lowess
from heedful.behavior.actigraphy.median_level import above_quantile
from heedful.behavior.actigraphy.oakley import automatic_threshold, oakley
from heedful.behavior.actigraphy.recordings import DAY, HOUR, MINUTE, Recordings, States, recordings, summed
from heedful.behavior.actigraphy.sadeh import sadeh
from heedful.behavior.actigraphy.sleep_regularity import sleep_midpoint, sleep_regularity_index
from heedful.behavior.actigraphy.transition_probability import daily_part

START = np.datetime64("2026-03-02T17:20")
Array = np.ndarray[Any, Any]
SEEDS = st.integers(0, 2**32 - 1)


def random_recording(seed: int, epochs: int = 300, epoch_seconds: int = 60, holes: float = 0.02) -> Recordings:
    rng = np.random.default_rng(seed)
    counts = np.floor(rng.gamma(0.3, 150, epochs))
    counts[rng.random(epochs) < holes] = np.nan
    return recordings([counts], [START + np.timedelta64(int(rng.integers(1440)) * 60, "s")], epoch_seconds)


@given(seed=SEEDS)
@settings(max_examples=20, deadline=None)
def test_oakley_is_a_weighted_sum(seed: int) -> None:
    held = random_recording(seed)
    weights = np.array([0.04, 0.2, 1.0, 0.2, 0.04])
    want = [-1] * 2 + [_below(float(held.counts[t - 2 : t + 3] @ weights), 40) for t in range(2, 298)] + [-1] * 2
    near = np.abs(np.convolve(np.nan_to_num(held.counts), weights, "same") - 40) < 1e-9  # rounding decides there
    assert (oakley(held).state == want)[~near].all()


def _below(score: float, threshold: float) -> int:
    return -1 if np.isnan(score) else int(score < threshold)


def test_the_automatic_threshold_is_counts_per_mobile_minute() -> None:
    held = recordings([np.array([0.0, 3.0, 4.0, 40.0]), np.array([0.0, 1.0, np.nan, 3.0])], [START, START], 60)
    assert automatic_threshold(held)[0] == pytest.approx(47 / 2 * 0.88888)
    assert np.isnan(automatic_threshold(held)[1])


@given(seed=SEEDS)
@settings(max_examples=20, deadline=None)
def test_sadeh_is_its_formula(seed: int) -> None:
    held = random_recording(seed)
    x = held.counts
    want = np.full(len(x), -1)
    for t in range(5, len(x) - 5):
        around = x[t - 5 : t + 6]
        score = 7.601 - 0.065 * around.mean() - 1.08 * ((around > 50) & (around < 100)).sum()
        score += -0.056 * x[t - 5 : t + 1].std(ddof=1) - 0.703 * np.log(1 + x[t + 1])
        want[t] = -1 if np.isnan(score) else int(score > 0)
    assert sadeh(held).state.tolist() == want.tolist()


@given(seed=SEEDS, sleepy=st.floats(0.2, 0.95))
@settings(max_examples=50, deadline=None)
def test_webster_is_five_rules_over_the_unrescored_series(seed: int, sleepy: float) -> None:
    rng = np.random.default_rng(seed)
    seen = np.repeat(rng.random(60) < sleepy, rng.integers(1, 24, 60)).astype(np.int8)
    text = "".join("S" if one else "W" for one in seen)
    awake = np.zeros(len(seen), bool)
    runs = [(match, len(list(group))) for match, group in _runs(text)]
    starts = np.concatenate([[0], np.cumsum([length for _, length in runs])])
    for k, (kind, length) in enumerate(runs):
        for before, first in ((4, 1), (10, 3), (15, 4)):
            if kind == "S" and k and runs[k - 1][1] >= before and length >= first:
                awake[starts[k] : starts[k] + first] = True
    for around, most in ((10, 6), (20, 10)):
        long = [k for k, (kind, length) in enumerate(runs) if kind == "W" and length >= around]
        for one, other in itertools.pairwise(long):
            if starts[other] - starts[one + 1] <= most:
                awake[starts[one + 1] : starts[other]] = True
    states = States(seen, np.array([0, len(seen)]), np.array([0]), MINUTE)
    assert webster.rescored(states).state.tolist() == np.where(awake, 0, seen).tolist()


def _runs(text: str) -> Any:
    return itertools.groupby(text)


@given(seed=SEEDS, window=st.integers(1, 40), share=st.sampled_from([1 / 3, 0.25, 7 / 24, 0.5]), growing=st.booleans())
@settings(max_examples=150, deadline=None)
def test_medians_above_their_quantile_are_those_of_numpy(seed: int, window: int, share: float, growing: bool) -> None:
    rng = np.random.default_rng(seed)
    values = rng.gamma(0.5, float(rng.choice([2, 30])), int(rng.integers(max(window, 3) + 2, 150)))
    values = np.floor(values) if rng.random() < 0.6 else values
    values[rng.random(len(values)) < rng.choice([0, 0.2])] = np.nan
    least, margin = int(rng.integers(0, 5)), int(rng.integers(0, 3))
    n, half = len(values), (window - 1) // 2
    medians = np.full(n, np.nan)
    for t in range(margin, n - margin):
        low, high, needed = max(t + half + 1 - window, 0), min(t + half + 1, n), max(least, 1)
        if growing and n - half - 1 <= t < n - 1:
            low, high, needed = max(t + half - window, 0), n - 1, 1
        elif growing and t < half:
            low, high, needed = 0, t + 1, 1
        known = values[low:high][~np.isnan(values[low:high])]
        medians[t] = np.median(known) if len(known) >= needed else np.nan
    want = medians > np.nanpercentile(medians, share * 100) if not np.isnan(medians).all() else np.zeros(n, bool)
    assert above_quantile(values, window, share, least, growing=growing, margin=margin).tolist() == want.tolist()


@given(seed=SEEDS, size=st.integers(1, 30))
@settings(max_examples=50, deadline=None)
def test_closing_and_opening_are_those_of_scipy(seed: int, size: int) -> None:
    active = np.repeat(np.random.default_rng(seed).random(40) < 0.5, np.random.default_rng(seed).integers(1, 20, 40))
    want = scipy.ndimage.binary_opening(scipy.ndimage.binary_closing(active, np.ones(size)), np.ones(size))
    assert (crespo.smoothed(active, size) == want).all()


@given(seed=SEEDS, share=st.floats(0.1, 0.9))
@settings(max_examples=50, deadline=None)
def test_a_bout_ends_where_the_correlation_peaks(seed: int, share: float) -> None:
    rng = np.random.default_rng(seed)
    seen = np.concatenate([np.ones(int(rng.integers(1, 40)), np.int8), (rng.random(60) < share).astype(np.int8)])
    past = int(rng.integers(1, 12))
    n = len(seen)
    match = np.array([np.corrcoef(seen, np.arange(n) < k)[0, 1] if k < n and seen.min() == 0 else np.nan for k in range(1, n + 1)])
    tops = [i for i in range(n - past) if (match[i] > match[i + 1 : i + 1 + past]).all()]
    want = max((match[i] for i in tops), default=np.nan)
    got = roenneberg._bout(seen, past, np.empty(n + 1), np.empty(n + 1, np.int64))
    if got == 0:
        assert np.isnan(want)
    else:
        assert match[got - 1] == pytest.approx(want)


@given(seed=SEEDS, iterations=st.integers(0, 3), fraction=st.sampled_from([0.2, 0.3, 0.5, 1.0]))
@settings(max_examples=30, deadline=None)
def test_lowess_is_that_of_statsmodels(seed: int, iterations: int, fraction: float) -> None:
    smoothers = pytest.importorskip("statsmodels.nonparametric.smoothers_lowess", reason="statsmodels, the peer, is not installed")
    rng = np.random.default_rng(seed)
    x = np.sort(rng.choice(400, 40, replace=False)).astype(float)
    y = 1 / (1 + x) + rng.normal(0, 0.1, 40)
    want = smoothers.lowess(y, x, frac=fraction, it=iterations, return_sorted=False)
    np.testing.assert_allclose(lowess(x, y, fraction, iterations), want, rtol=1e-9, atol=1e-12)


@given(seed=SEEDS, bins=st.sampled_from([HOUR, 15 * MINUTE, 7 * MINUTE, 32 * MINUTE]))
@settings(max_examples=20, deadline=None)
def test_stability_and_variability_are_their_formulas(seed: int, bins: int) -> None:
    held = random_recording(seed, 3 * 1440 + 100, holes=0.0005)
    x = summed(held, bins, "start").counts
    clock = (np.arange(len(x)) * bins) % DAY
    means = [np.nanmean(x[clock == one]) for one in np.unique(clock) if not np.isnan(x[clock == one]).all()]
    stability, variability = nonparametric.stability_and_variability(held, bins)
    assert stability[0] == pytest.approx(np.var(means, ddof=1) / np.nanvar(x, ddof=1))
    assert variability[0] == pytest.approx(np.nanmean(np.diff(x) ** 2) / np.nanvar(x, ddof=1))


@given(seed=SEEDS)
@settings(max_examples=20, deadline=None)
def test_extremes_are_the_lowest_and_highest_of_all_starts(seed: int) -> None:
    held = random_recording(seed, 2 * 1440 + 100, holes=0.0)
    profile = nonparametric.daily_profile(held)[0]
    clock = (int(held.start[0]) % DAY // MINUTE + np.arange(len(held.counts))) % 1440
    np.testing.assert_allclose(profile, [held.counts[clock == minute].mean() for minute in range(1440)])
    wrapped = np.concatenate([profile, profile])
    found = nonparametric.extremes(held)
    least, most = (np.array([wrapped[k : k + n].mean() for k in range(1440)]) for n in (300, 600))
    assert found.least[0] == pytest.approx(least.min())
    assert found.most[0] == pytest.approx(most.max())
    assert least[int(found.least_onset[0] // MINUTE)] == pytest.approx(least.min())


@given(seed=SEEDS)
@settings(max_examples=20, deadline=None)
def test_regularity_is_agreement_a_day_apart(seed: int) -> None:
    rng = np.random.default_rng(seed)
    state = rng.choice(np.array([-1, 0, 1], np.int8), 5 * 24 + 7, p=[0.1, 0.5, 0.4])
    found = sleep_regularity_index(States(state, np.array([0, len(state)]), np.array([0]), HOUR))
    by_hour = []
    for hour in range(24):
        same = state[hour::24]
        pairs = [(a, b) for a, b in itertools.pairwise(same) if a >= 0 and b >= 0]
        by_hour.append(np.mean([a == b for a, b in pairs]) if pairs else np.nan)
    assert found.index[0] == pytest.approx(200 * np.nanmean(by_hour) - 100)
    assert found.coverage[0] == np.mean(~np.isnan(by_hour))


def test_midpoint_before_midnight_is_negative_and_of_nothing_missing() -> None:
    evening = np.array([1, 1, 1, 0, 0], np.int8)
    start = np.datetime64("2026-03-02T21:00", "ms").astype(np.int64)
    assert sleep_midpoint(States(evening, np.array([0, 5]), np.array([start]), HOUR))[0] == pytest.approx(-120)
    assert np.isnan(sleep_midpoint(States(evening * 0, np.array([0, 5]), np.array([start]), HOUR))[0])
    assert np.isnan(sleep_midpoint(States(np.ones(24, np.int8), np.array([0, 24]), np.array([start]), HOUR))[0])


def test_a_part_of_each_day_may_pass_midnight() -> None:
    held = recordings([np.arange(48.0)], [np.datetime64("2026-03-02T00:00")], 3600)
    assert daily_part(held, 22 * HOUR, 4 * HOUR).counts.tolist() == [0, 1, 2, 22, 23, 24, 25, 26, 46, 47]


@given(seed=SEEDS, period=st.floats(1380, 1500), share=st.floats(0.2, 2.0))
@settings(max_examples=15, deadline=None)
def test_free_cosinor_finds_the_least_squares_nearby(seed: int, period: float, share: float) -> None:
    rng = np.random.default_rng(seed)
    t = np.arange(7 * 1440)
    wave = 100 + 60 * np.cos(2 * np.pi * t / period + rng.uniform(0, 6))
    counts = np.maximum(wave + rng.normal(0, 60 * share, len(t)), 0)
    counts[rng.random(len(t)) < 0.1] = np.nan
    found = cosinor(recordings([counts], [START], 60), 1440, free=True)
    assert found.converged[0]
    known = ~np.isnan(counts)

    def rss(at: float) -> float:
        design = np.stack([np.ones(len(t)), np.cos(2 * np.pi * t / at), np.sin(2 * np.pi * t / at)], axis=1)[known]
        left = counts[known] - design @ np.linalg.lstsq(design, counts[known], rcond=None)[0]
        return float(left @ left)

    best = float(found.period[0])
    assert found.rss[0] == pytest.approx(rss(best), rel=1e-9)
    assert rss(best) <= min(rss(best * 1.0005), rss(best * 0.9995))
    shown = found.mesor[0] + found.amplitude[0] * np.cos(2 * np.pi * t / best + found.acrophase[0])
    assert ((counts - shown)[known] ** 2).sum() == pytest.approx(found.rss[0], rel=1e-9)
