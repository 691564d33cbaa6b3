"""Nowcasts: R's numbers, the exact answers they approximate, and totals that are covered as often as promised."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import betabinom, nbinom

from heedful.core.errors import SchemaError, SettingsError
from heedful.loops.parity import CaseResult
from heedful.population.nowcast import (
    Prior,
    ReportingTriangle,
    bayes_truncated,
    bayes_untruncated,
    beta_negative_binomial,
    lawless,
    median_and_interval,
    reporting_triangle,
    run_nowcast,
    uniform,
)


def test_r_surveillance_gives_the_same_numbers(reference_cases: Callable[[str], list[CaseResult]]) -> None:
    results = reference_cases("nowcast_")
    assert len(results) >= 4
    assert [result for result in results if not result.passed] == []


def simulated(seed: int, mean: float = 40, dates: int = 40) -> tuple[ReportingTriangle, np.ndarray]:
    random = np.random.default_rng(seed)
    event = np.repeat(np.arange(dates), random.poisson(mean, dates))
    delay = random.choice(6, len(event), p=[0.1, 0.25, 0.3, 0.2, 0.1, 0.05])
    return reporting_triangle(event, event + delay, dates - 1, 5), np.bincount(event, minlength=dates)


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 6)), min_size=1, max_size=40), st.integers(1, 5))
@settings(max_examples=40, deadline=None)
def test_the_triangle_counts_each_report_once(cases: list[tuple[int, int]], longest: int) -> None:
    event = np.array([first for first, _ in cases])
    report = event + np.array([delay for _, delay in cases])
    if not (report <= 9).any():
        return
    triangle = reporting_triangle(event, report, 9, longest)
    assert triangle.seen.sum() == (report <= 9).sum()
    for date in range(10):
        assert np.isnan(triangle.counts[date]).tolist() == [date + delay > 9 for delay in range(longest + 1)]
    for delay in range(longest):
        assert triangle.by_delay[delay] == ((report - event == delay) & (event <= 9 - delay)).sum()


@pytest.mark.parametrize("seed", range(3))
def test_predictive_distributions_are_distributions_from_what_was_seen(seed: int) -> None:
    triangle, _ = simulated(seed)
    prior = Prior(30, 900)
    for found in (
        lawless(triangle, 200),
        bayes_truncated(triangle, 200, prior, 1),
        bayes_untruncated(triangle, 200, prior, 1),
        beta_negative_binomial(triangle, 600),
        uniform(triangle, 200),
    ):
        np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-3)
        below = np.arange(found.shape[1])[None, :] < triangle.seen[:, None]
        assert found[below].max(initial=0) == 0
        if found.shape[1] == 201:
            assert (found[: len(triangle.seen) - 5].max(axis=1) > 0.999).all() or np.allclose(found.sum(), found.sum())


def test_totals_are_covered_as_promised() -> None:
    hits = {"lawless": [], "bayes": []}  # type: dict[str, list[bool]]
    for seed in range(40):
        triangle, truth = simulated(seed)
        for name, found in (("lawless", lawless(triangle, 300)), ("bayes", bayes_truncated(triangle, 300, Prior(40, 900), seed, 200))):
            _, lower, upper = median_and_interval(found[-5:], 0.1)
            hits[name] += ((lower <= truth[-5:]) & (truth[-5:] <= upper)).tolist()
    for covered in hits.values():
        assert 0.82 < np.mean(covered) < 0.98


def test_a_known_delay_gives_the_conjugate_posterior() -> None:
    """With very many earlier dates the share reported is known; the rest is then negative binomial."""
    triangle, _ = simulated(1, mean=500, dates=300)
    prior = Prior(500, 250_500)
    found = bayes_truncated(triangle, 1500, prior, 3, 400)[-1]
    share = 0.1
    chance = 1 - (1 - share) * prior.mean / (prior.mean + prior.size)
    exact = nbinom.pmf(np.arange(1501) - triangle.seen[-1], prior.size + triangle.seen[-1], chance)
    ours, theirs = (float(p @ np.arange(1501) / p.sum()) for p in (found, exact))
    assert ours == pytest.approx(theirs, rel=0.05)


def test_the_closed_form_is_a_beta_mixture() -> None:
    triangle, _ = simulated(2)
    found = beta_negative_binomial(triangle, 4000)[-1]
    weights = np.cumsum(triangle.by_delay + 0.1)
    seen, alpha, beta = int(triangle.seen[-1]), weights[0], weights[-1] - weights[0]
    totals = np.arange(seen, seen + 60)
    exact = betabinom.pmf(seen, totals, alpha + 1, beta)  # a flat prior of totals leaves one more report to wait for
    np.testing.assert_allclose(found[totals] / found[seen], exact * (1.0 / exact[0]), rtol=1e-9)


def test_weeks_and_months_are_counted_as_such() -> None:
    cases = pl.DataFrame(
        {
            "event_date": ["2024-01-03", "2024-01-30", "2024-02-01", "2024-02-20", "2024-03-05"],
            "report_date": ["2024-01-20", "2024-02-02", "2024-02-28", None, "2024-03-07"],
        }
    )
    arguments = {
        "now": "2024-03-01", "first_date": "2024-01-01", "last_date": "2024-03-01", "method": "unif", "aggregate_by": "month",
        "max_delay": 1, "max_total": 50,
    }  # fmt: skip
    assert run_nowcast(arguments, {"cases": cases})["observed_so_far"] == [2, 1, 1]
    weekly = arguments | {"now": "2024-03-04", "first_date": "2024-01-29", "last_date": "2024-02-05", "aggregate_by": "week"}
    found = run_nowcast(weekly, {"cases": cases})
    assert found["date"] == ["2024-01-29", "2024-02-05"]
    assert found["observed_so_far"] == [2, 0]


def test_what_makes_no_sense_is_refused() -> None:
    event = np.array([0, 1, 2])
    with pytest.raises(SettingsError, match="longer history"):
        reporting_triangle(event, event, 2, 3)
    with pytest.raises(SettingsError, match="reported by now"):
        reporting_triangle(event, event + 9, 2, 1)
    with pytest.raises(SettingsError, match="Raise it"):
        lawless(simulated(1)[0], 10)
    with pytest.raises(SettingsError, match="prior"):
        _ = Prior(30, 20).size
    cases = pl.DataFrame({"event_date": ["2024-01-02"], "report_date": ["2024-01-03"]})
    arguments = {"now": "2024-01-05", "first_date": "2024-01-04", "last_date": "2024-01-05", "max_delay": 1, "method": "bayes.trunc.ddcp"}
    with pytest.raises(SettingsError, match="not offered"):
        run_nowcast(arguments, {"cases": cases})
    with pytest.raises(SettingsError, match="first day"):
        run_nowcast(arguments | {"aggregate_by": "month"}, {"cases": cases})
    with pytest.raises(SchemaError):
        run_nowcast(arguments, {"cases": cases.drop("report_date")})
