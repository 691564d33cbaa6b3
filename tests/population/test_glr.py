"""GLR charts: R's numbers, a plain twin of each chart, and what the corrected mode promises."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar

from heedful.core.errors import SettingsError
from heedful.loops.parity import CaseResult
from heedful.population.glr import Glr, glr, glr_with_refits, run_glr_negative_binomial, run_glr_poisson
from heedful.population.in_control import InControl, in_control_mean

CHARTS = [
    Glr(alpha=alpha, change=change, direction=direction, shortest=shortest, longest=longest, mode="surveillance", threshold=3)
    for alpha in (0.0, 0.2)
    for change, direction in (("intercept", "increase"), ("intercept", "decrease"), ("epidemic", "increase"))
    for shortest, longest in ((1, None), (2, None), (1, 4), (2, 4))
]
SERIES = st.lists(st.integers(0, 9) | st.integers(0, 60), min_size=3, max_size=14)


@pytest.mark.parametrize(("prefix", "cases"), [("glrpois_", 2), ("glrnb_", 2), ("lrcusum_", 1)])
def test_r_surveillance_gives_the_same_numbers(prefix: str, cases: int, reference_cases: Callable[[str], list[CaseResult]]) -> None:
    results = reference_cases(prefix)
    assert len(results) >= cases
    assert [result for result in results if not result.passed] == []


def plain_ratio(x: list[float], mu: list[float], last: list[float], alpha: float, shift: float, chart: str) -> float:
    """Log likelihood ratio of a stretch, count by count."""
    total = 0.0
    for count, mean, before in zip(x, mu, last, strict=True):
        new = mean * math.exp(shift) if chart == "intercept" else mean + math.exp(shift) * before
        grown = shift if chart == "intercept" else math.log(new / mean)
        if alpha == 0:
            total += count * grown - (new - mean)
        else:
            total += count * grown - (count + 1 / alpha) * math.log((1 + alpha * new) / (1 + alpha * mean))
    return total


def plain_newton(x: list[float], mu: list[float], last: list[float], alpha: float, start: float, chart: str) -> float:
    """R's Newton iterations, as its manual and results show them."""
    shift, old = start, (2.0 if chart == "epidemic" and alpha == 0 else 0.4)
    for _ in range(1000):
        moved = abs(np.exp(shift) - np.exp(old)) if chart == "epidemic" and alpha == 0 else abs(shift - old)
        if not (shift > -18 and moved > 1e-6):
            break
        old = shift
        with np.errstate(all="ignore"):
            if chart == "epidemic" and alpha == 0:
                e = np.exp(shift)
                first = e * sum(c * b / (e * b + m) - b for c, m, b in zip(x, mu, last, strict=True))
                second = -first + e**2 * sum(c * b**2 / (e * b + m) ** 2 for c, m, b in zip(x, mu, last, strict=True))
            else:
                e = np.exp(shift)
                first = sum((c - e * m) / (1 + alpha * e * m) for c, m in zip(x, mu, strict=True))
                second = e * sum(m * (alpha * c + 1) / (1 + alpha * e * m) ** 2 for c, m in zip(x, mu, strict=True))
            shift = float(shift + np.float64(first) / np.float64(second))
    return shift


def plain_chart(x: list[float], mu: list[float], rule: Glr) -> tuple[list[float], list[bool]]:
    """Statistic of each date as R computes it, NaN where none."""
    values, alarms, begin = [], [], 0
    sign = 1 if rule.direction == "increase" else -1
    poisson = rule.alpha == 0 and rule.change == "intercept"
    for n in range(len(x)):
        low = begin if rule.longest is None else max(begin, n - rule.longest)
        high = n - rule.shortest + 1
        if poisson and rule.longest is not None:
            high = n - rule.shortest
        elif poisson and high >= begin:
            high = n
        best, shift = -math.inf, (math.log(0.5) if rule.change == "epidemic" and rule.alpha == 0 else 0.5)
        for k in range(low, high + 1):
            xs, ms, last = x[k : n + 1], mu[k : n + 1], [x[i - 1] if i > 0 else 0.0 for i in range(k, n + 1)]
            if poisson:
                cases, expected = sum(xs), sum(ms)
                if cases == 0 and sign < 0:
                    continue
                fitted = sign * max(0.0, sign * (math.log(cases / expected) if cases else -math.inf))
                best = max(best, fitted * cases + (1 - math.exp(fitted)) * expected if fitted else 0.0)
                continue
            shift = plain_newton(xs, ms, last, rule.alpha, shift, rule.change)
            if rule.change == "intercept":
                shift = 0.0 if math.isnan(shift) else sign * max(0.0, sign * shift)
            if not math.isnan(shift):
                best = max(best, plain_ratio(xs, ms, last, rule.alpha, shift, rule.change))
        values.append(best if best > -math.inf else math.nan)
        over = best > rule.threshold if rule.change == "epidemic" and rule.alpha == 0 else best >= rule.threshold
        alarms.append(over)
        if over:
            begin = n + 1
    return values, alarms


@pytest.mark.parametrize("rule", CHARTS, ids=lambda rule: f"{rule.alpha}-{rule.change}-{rule.direction}-{rule.shortest}-{rule.longest}")
@settings(max_examples=10, deadline=None)
@given(counts=SERIES, mean=st.sampled_from([0.7, 2.0, 11.0]))
def test_the_kernels_equal_a_plain_twin_of_r(rule: Glr, counts: list[int], mean: float) -> None:
    mu = [mean * (1 + 0.4 * math.cos(place)) for place in range(len(counts))]
    values, alarms = plain_chart([float(count) for count in counts], mu, rule)
    ours = glr(np.array([counts], dtype=float), np.array([mu]), rule)
    near = [abs(value - rule.threshold) < 1e-6 for value in values]
    if not any(near):
        np.testing.assert_allclose(ours.statistic[0], values, rtol=1e-7, atol=1e-7)
        assert ours.alarm[0].tolist() == alarms


@settings(max_examples=30, deadline=None)
@given(counts=SERIES, alpha=st.sampled_from([0.01, 0.2, 2.0]), direction=st.sampled_from(["increase", "decrease"]))
def test_the_corrected_statistic_is_the_largest_ratio(counts: list[int], alpha: float, direction: str) -> None:
    mu = [1.5 + math.sin(place) for place in range(len(counts))]
    ours = glr(np.array([counts], dtype=float), np.array([mu]), Glr(threshold=1e9, alpha=alpha, direction=direction)).statistic[0, -1]  # type: ignore[arg-type]
    bounds = (0.0, 8.0) if direction == "increase" else (-30.0, 0.0)
    best = 0.0
    for k in range(len(counts)):
        x = [float(count) for count in counts[k:]]
        found = minimize_scalar(
            lambda shift, x=x, k=k: -plain_ratio(x, mu[k:], x, alpha, shift, "intercept"), bounds=bounds, method="bounded"
        )
        best = max(best, -found.fun)
    assert ours == pytest.approx(best, abs=1e-4)


def test_a_count_that_rs_iteration_misses() -> None:
    counts, mean = np.array([[20.0]]), np.ones((1, 1))
    theirs = glr(counts, mean, Glr(alpha=0.01, mode="surveillance")).statistic[0]
    ours = glr(counts, mean, Glr(alpha=0.01))
    assert theirs[-1] < 5 < ours.statistic[0, -1]
    assert ours.alarm.tolist() == [[True]]


@settings(max_examples=25, deadline=None)
@given(counts=SERIES, alpha=st.sampled_from([0.0, 0.3]), direction=st.sampled_from(["increase", "decrease"]))
def test_cases_needed_are_the_first_that_alarm(counts: list[int], alpha: float, direction: str) -> None:
    wanted = Glr(threshold=2, alpha=alpha, direction=direction, cases_needed=True)  # type: ignore[arg-type]
    series, mean = np.array([counts], dtype=float), np.full((1, len(counts)), 3.0)
    result = glr(series, mean, wanted)

    def alarms(count: float) -> bool:
        changed = series.copy()
        changed[0, -1] = count
        return bool(glr(changed, mean, wanted).alarm[0, -1])

    needed = result.cases_needed[0, -1]
    if np.isnan(needed):
        assert not alarms(0 if direction == "decrease" else 5000)
    elif direction == "increase":
        assert alarms(needed)
        assert needed == 0 or not alarms(needed - 1)
    else:
        assert alarms(needed)
        assert not alarms(needed + 1)


def test_rs_negative_binomial_cases_are_walked_to_from_the_count() -> None:
    counts, mean = np.array([[0.0, 2, 3, 12]]), np.full((1, 4), 2.0)
    needed = glr(counts, mean, Glr(threshold=2, alpha=0.1, cases_needed=True, mode="surveillance")).cases_needed[0]
    corrected = glr(counts, mean, Glr(threshold=2, alpha=0.1, cases_needed=True)).cases_needed[0]
    assert needed[0] == 1e99
    np.testing.assert_array_equal(needed[1:], corrected[1:])


def test_the_cusum_adds_up_the_likelihood_ratio() -> None:
    counts, mean, shift = np.array([[3.0, 0, 7, 9]]), np.array([[2.0, 2, 3, 3]]), math.log(1.5)
    for alpha in (0.0, 0.25):
        value, ours = 0.0, glr(counts, mean, Glr(threshold=50, shift=shift, alpha=alpha, cases_needed=True))
        for date in range(4):
            x, mu = counts[0, date], mean[0, date]
            value = max(0.0, value + plain_ratio([x], [mu], [0.0], alpha, shift, "intercept"))
            assert ours.statistic[0, date] == pytest.approx(value)
    at_threshold = counts.copy()
    at_threshold[0, 3] = ours.cases_needed[0, 3]
    assert glr(at_threshold, mean, Glr(threshold=50, shift=shift, alpha=0.25)).statistic[0, 3] == pytest.approx(50)


@pytest.mark.parametrize("mode", ["corrected", "surveillance"])
@settings(max_examples=15, deadline=None)
@given(counts=st.lists(st.lists(st.integers(0, 12), min_size=9, max_size=9), min_size=1, max_size=4))
def test_series_do_not_see_each_other_nor_the_future(mode: str, counts: list[list[int]]) -> None:
    series, mean = np.array(counts, dtype=float), np.full((1, 9), 2.5)
    for wanted in (Glr(alpha=0.3, mode=mode), Glr(mode=mode), Glr(change="epidemic", alpha=0.3, mode=mode)):  # type: ignore[arg-type]
        together = glr(series, mean, wanted).statistic
        for row in range(len(series)):
            np.testing.assert_array_equal(glr(series[row : row + 1], mean, wanted).statistic[0], together[row])
        np.testing.assert_array_equal(glr(series[:, :-1], mean[:, :-1], wanted).statistic, together[:, :-1])


def test_the_chart_stands_still_over_a_missing_count() -> None:
    for wanted in (Glr(alpha=0.2), Glr(), Glr(shift=0.5), Glr(change="epidemic")):
        whole = glr(np.array([[2.0, 5, 4]]), np.array([[2.0, 2, 2]]), wanted).statistic[0]
        gap = glr(np.array([[2.0, 5, np.nan, 4]]), np.array([[2.0, 2, 2, 2]]), wanted).statistic[0]
        assert np.isnan(gap[2])
        if wanted.change == "intercept":
            np.testing.assert_allclose(gap[[0, 1, 3]], whole)


def test_refits_use_all_that_came_before() -> None:
    random = np.random.default_rng(2)
    counts = random.poisson(4, 160).astype(float)
    counts[120:124] += 15
    model, wanted, rows = InControl(), Glr(threshold=4), slice(104, 160)
    result = glr_with_refits(counts, rows, model, wanted)
    first = int(np.flatnonzero(result.alarm[0])[0])
    once, _ = in_control_mean(counts[:104], 56, model)
    again, _ = in_control_mean(counts[: 104 + first + 1], 55 - first, model)
    np.testing.assert_allclose(result.mean[0, : first + 1], once[: first + 1])
    second = np.flatnonzero(result.alarm[0])
    end = int(second[1]) + 1 if len(second) > 1 else 56
    np.testing.assert_allclose(result.mean[0, first + 1 : end], again[: end - first - 1])


@pytest.mark.parametrize(
    "wrong",
    [
        {"threshold": 0}, {"shift": 0.0}, {"change": "level"}, {"alpha": -1}, {"direction": "up"}, {"shortest": 0},
        {"change": "epidemic", "cases_needed": True},
    ],
)  # fmt: skip
def test_impossible_settings_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(SettingsError):
        Glr(**wrong)  # type: ignore[arg-type]


def test_runners_refuse_what_they_do_not_know() -> None:
    import polars as pl

    table = {"series": pl.DataFrame({"count": [1, 2, 3, 2, 1, 2, 3, 2]})}
    arguments = {"first_time_index": 7, "last_time_index": 8, "threshold": 5, "returns": "something"}
    with pytest.raises(SettingsError, match="returns"):
        run_glr_poisson(arguments, table)
    with pytest.raises(SettingsError, match="dispersion"):
        run_glr_poisson({**arguments, "returns": "glr statistic", "dispersion_alpha": 0.3}, table)
    with pytest.raises(SettingsError, match="must be given"):
        run_glr_negative_binomial({**arguments, "returns": "glr statistic", "mu0": [2.0, 2.0]}, table)
    with pytest.raises(SettingsError, match="cases"):
        glr(np.array([[-1.0]]), np.ones((1, 1)), Glr())
