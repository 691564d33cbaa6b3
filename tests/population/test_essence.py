"""ESSENCE's regression, EWMA and switch: the numbers of CDC's pynssp 0.1.0, and laws."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from heedful.core.errors import SettingsError
from heedful.population.essence import Essence, EssenceStream, essence_regression, essence_switch
from heedful.population.ewma import Ewma, EwmaStream, ewma

# pynssp 0.1.0, adaptive_regression and ewma_loop, B = 28, g = 2, first day a Wednesday
WEEK = np.array(
    [
        35, 30, 18, 29, 33, 11, 7, 31, 25, 36, 24, 30, 6, 13, 34, 35, 29, 26, 37, 15, 10, 25, 28, 33, 39, 31, 6, 10, 18, 27, 20, 35, 30, 15, 7, 37,
        34, 35, 34, 30, 8, 14, 37, 23, 37, 35, 30, 16, 13, 29, 32, 29, 44, 37, 6, 10, 32, 36, 35, 49, 44, 9, 4, 31, 37, 47, 34, 28, 14, 13, 62, 26,
        31, 42, 31, 10, 13, 35, 26, 51, 54, 54, 24, 16, 54, 44, 38, 31, 34, 15,
    ], float,
)  # fmt: skip
RARE = np.zeros(90)
for _day, _count in {
    0: 1, 1: 2, 10: 1, 11: 1, 14: 2, 15: 1, 19: 1, 23: 2, 25: 1, 35: 1, 37: 2, 38: 1, 42: 1, 44: 1, 46: 1, 55: 3, 60: 4, 61: 1, 63: 2, 66: 2, 70: 1,
    75: 1, 81: 1, 83: 1, 88: 1,
}.items():  # fmt: skip
    RARE[_day] = _count


@pytest.mark.parametrize(
    ("counts", "expected", "statistic", "p", "fit"),
    [
        (
            WEEK, [8.0, 12.035714285714285, 33.3214285714286, 34.89285714285712, 21.0],
            [0.36837745475728506, -0.5784127328397889, 3.9141404104876854, 1.9728619362238786, -0.5335253240788229],
            [0.3685256086222759, 0.7152788750875343, 0.00042994278337726843, 0.031247056809969864, 0.7002250745598457],
            [0.3086492119317443, 0.6970101261952086, 0.7802830626450115, 0.6921514732422493, 0.6546133481956247],
        ),
        (
            RARE, [0, 0, 1.2142857142857157, 0.6428571428571421, 0], [0, 0, -0.16524474346471305, 0.26841406354751, 0],
            [0.5, 0.5, 0.5647948988949424, 0.39556485765460747, 0.5],
            [-0.8333333333333335, -0.002, -0.09731196054254032, -0.15381773399014786, 0.048491446345256595],
        ),
    ],
    ids=["week", "rare"],
)  # fmt: skip
def test_the_regression_is_that_of_pynssp(
    counts: np.ndarray, expected: list[float], statistic: list[float], p: list[float], fit: list[float]
) -> None:
    found = essence_regression(counts[None])
    at = [13, 40, 70, 81, 89]
    np.testing.assert_allclose(found.expected[0, at], expected, atol=1e-9)
    np.testing.assert_allclose(found.statistic[0, at], statistic, atol=1e-9)
    np.testing.assert_allclose(found.p[0, at], p, atol=1e-9)
    np.testing.assert_allclose(essence_switch(counts[None]).fit[0, at], fit, atol=1e-9)
    assert np.isnan(found.p[0, :13]).all()


@pytest.mark.parametrize(
    ("counts", "expected", "statistic", "p"),
    [
        (
            WEEK, [25.363636363636363, 24.93103448275862, 26.620689655172413, 28.137931034482758, 29.862068965517242, 32.96551724137931],
            [-1.3770020868071546, -1.1072737763600125, 2.443364352772485, 2.4170175096313553, 1.0574624668700454, -0.697375489874722],
            [0.9007237308854888, 0.8612012097152856, 0.01055631541826485, 0.011205880143338232, 0.14966947964763344, 0.7543408464026999],
        ),
        (
            RARE, [0.36363636363636365, 0.4482758620689655, 0.3448275862068966, 0.5172413793103449, 0.4827586206896552, 0.4482758620689655],
            [-0.3095298948281441, -0.5826478519175803, 4.090454902391081, 0.35663571717328046, -0.36578095403812194, -0.34640364718697736],
            [0.6183640023046453, 0.7176032478071515, 0.00016477817983762133, 0.3620190660035749, 0.6413612062305712, 0.6341854611139301],
        ),
    ],
    ids=["week", "rare"],
)  # fmt: skip
def test_the_ewma_is_that_of_pynssp(counts: np.ndarray, expected: list[float], statistic: list[float], p: list[float]) -> None:
    found = ewma(counts[None], Ewma(baseline=29, warning=0.025))
    at = [13, 41, 60, 70, 82, 89]
    np.testing.assert_allclose(found.expected[0, at], expected, atol=1e-12)
    np.testing.assert_allclose(found.statistic[0, at], statistic, atol=1e-9)
    np.testing.assert_allclose(found.p[0, at], p, atol=1e-9)


def test_the_switch_asks_the_regression_where_days_follow_the_week() -> None:
    found = essence_switch(np.vstack([WEEK, RARE]))
    regression, smooth = essence_regression(np.vstack([WEEK, RARE])), ewma(np.vstack([WEEK, RARE]))
    assert found.by_regression[0, 40:].mean() > 0.8
    assert not found.by_regression[1].any()
    np.testing.assert_array_equal(found.result.p[1], smooth.p[1])
    np.testing.assert_array_equal(found.result.p[0][found.by_regression[0]], regression.p[0][found.by_regression[0]])
    assert 70 in np.flatnonzero(found.result.alarm[0])
    assert 60 in np.flatnonzero(found.result.alarm[1])


@given(seed=st.integers(0, 10_000))
@settings(max_examples=25, deadline=None)
def test_the_bound_is_where_the_alarm_begins(seed: int) -> None:
    counts = np.random.default_rng(seed).poisson(6, (3, 45)).astype(float)
    for run in (essence_regression, ewma):
        bound = run(counts).bound[:, -1]
        for change, alarms in ((1e-3, True), (-1e-3, False)):
            changed = counts.copy()
            changed[:, -1] = np.maximum(bound + change, 0)
            found = run(changed)
            assert (found.alarm[:, -1] == alarms).all()


@given(seed=st.integers(0, 10_000), missing=st.booleans())
@settings(max_examples=20, deadline=None)
def test_date_by_date_alone_and_among_others_the_answer_is_the_same(seed: int, missing: bool) -> None:
    rng = np.random.default_rng(seed)
    counts = rng.poisson(4, (3, 50)).astype(float)
    if missing:
        counts[rng.random(counts.shape) < 0.02] = np.nan
    whole = essence_switch(counts)
    alone = essence_switch(counts[1:2])
    np.testing.assert_allclose(alone.result.p[0], whole.result.p[1], atol=1e-12)
    earlier = essence_switch(counts[:, :-1])
    np.testing.assert_allclose(earlier.result.p, whole.result.p[:, :-1], atol=1e-12)
    stream, slow = EssenceStream(3), EwmaStream(3)
    steps = [stream.step(counts[:, day]).result.p for day in range(50)]
    np.testing.assert_array_equal(np.hstack(steps), whole.result.p)
    np.testing.assert_array_equal(np.hstack([slow.step(counts[:, day]).p for day in range(50)]), ewma(counts).p)


def test_without_a_signal_p_is_as_it_says() -> None:
    rng = np.random.default_rng(3)
    mean = np.where(np.arange(60) % 7 < 5, 200.0, 80.0)
    p = essence_regression(rng.poisson(mean, (4000, 60)).astype(float)).p[:, 40:]
    assert (p < 0.05).mean() == pytest.approx(0.05, abs=0.012)
    assert stats.kstest(p[:, -1], "uniform").statistic < 0.05


def test_a_missing_count_is_not_zero() -> None:
    counts = WEEK[None].copy()
    counts[0, 50] = np.nan
    for run in (essence_regression, ewma):
        found = run(counts)
        assert np.isnan(found.p[0, 50])
        assert not np.isnan(found.p[0, 51:53]).any()  # it lies in the guard
        assert np.isnan(found.p[0, 53:81]).all()
        assert not np.isnan(found.p[0, 81:]).any()


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: Essence(baseline=27), lambda: Essence(shortest=8), lambda: Essence(guard=-1), lambda: Essence(alpha=0), lambda: Essence(floor=-1),
        lambda: Ewma(baseline=5), lambda: Ewma(slow=1.2), lambda: Ewma(alpha=0.7), lambda: Ewma(floor=-1),
    ],
)  # fmt: skip
def test_impossible_settings_are_refused(wrong: object) -> None:
    with pytest.raises(SettingsError, match="essence"):
        wrong()  # type: ignore[operator]
