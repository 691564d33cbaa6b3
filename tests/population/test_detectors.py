"""What every detector must do: equal its reference program, answer series by series, and never look ahead."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from heedful.core.errors import SettingsError
from heedful.loops.parity import CaseResult
from heedful.population.bayes import bayes
from heedful.population.cusum import cusum
from heedful.population.ears import Ears, ears
from heedful.population.ears_reweighted import ears_t_reweighted
from heedful.population.outbreak_p import outbreak_p
from heedful.population.reference_window import ReferenceWindow
from heedful.population.rki import rki

WINDOW = ReferenceWindow(1, 1, period=8)
DETECTORS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "bayes": lambda y: bayes(y, WINDOW)[0],
    "rki": lambda y: rki(y, WINDOW)[0],
    "ears_c1": lambda y: ears(y, Ears("C1")).bound,
    "ears_c2": lambda y: ears(y, Ears("C2")).bound,
    "ears_c3": lambda y: ears(y, Ears("C3")).statistic,
    "ears_t_reweighted": lambda y: ears_t_reweighted(y).bound,
    "cusum_rossi": lambda y: cusum(y, np.array([[3.0]])).statistic,
    "cusum_standard": lambda y: cusum(y, np.array([[3.0]]), transform="standard").statistic,
    "cusum_anscombe": lambda y: cusum(y, np.array([[3.0]]), transform="anscombe").statistic,
    "outbreak_p": lambda y: outbreak_p(y).log_statistic,
}
COUNTS = arrays(
    np.float64, st.tuples(st.integers(1, 4), st.integers(12, 24)), elements=st.integers(0, 9).map(float) | st.just(float("nan"))
)


@pytest.mark.parametrize(("prefix", "cases"), [("bayes_", 2), ("rki_", 2), ("cusum_", 3), ("outbreakp_", 2)])
def test_r_surveillance_gives_the_same_numbers(prefix: str, cases: int, reference_cases: Callable[[str], list[CaseResult]]) -> None:
    results = reference_cases(prefix)
    assert len(results) >= cases
    assert [result for result in results if not result.passed] == []


@pytest.mark.parametrize("name", DETECTORS)
@settings(max_examples=20, deadline=None)
@given(counts=COUNTS)
def test_a_series_is_answered_the_same_alone_and_among_others(name: str, counts: np.ndarray) -> None:
    together = DETECTORS[name](counts)
    for row in range(len(counts)):
        np.testing.assert_array_equal(DETECTORS[name](counts[row : row + 1])[0], together[row])


@pytest.mark.parametrize("name", DETECTORS)
@settings(max_examples=20, deadline=None)
@given(counts=COUNTS)
def test_what_comes_later_changes_nothing(name: str, counts: np.ndarray) -> None:
    np.testing.assert_array_equal(DETECTORS[name](counts[:, :-1]), DETECTORS[name](counts)[:, :-1])


@given(st.lists(st.integers(0, 12).map(float), min_size=1, max_size=14))
@settings(max_examples=60, deadline=None)
def test_outbreak_p_is_the_likelihood_ratio_of_the_isotonic_fit(values: list[float]) -> None:
    from scipy.optimize import isotonic_regression

    result = outbreak_p(np.array([values]), 5)
    counts = np.array(values)
    fit, overall = isotonic_regression(counts).x, counts.mean()
    some = counts > 0
    expected = (counts[some] * np.log(fit[some] / overall)).sum()
    assert result.log_statistic[0, -1] == pytest.approx(expected, abs=1e-9)


@given(st.lists(st.integers(0, 12).map(float), min_size=1, max_size=10))
@settings(max_examples=40, deadline=None)
def test_the_cases_needed_are_the_smallest_count_that_alarms(values: list[float]) -> None:
    needed = outbreak_p(np.array([values]), 5).cases_needed[0, -1]
    tried = np.array([[*values[:-1], float(count)] for count in range(400)])
    alarms = outbreak_p(tried, 5).alarm[:, -1]
    if alarms[0] or not alarms.any():
        assert np.isnan(needed) or needed >= 400
    else:
        assert needed == alarms.argmax()


@pytest.mark.parametrize("transform", ["standard", "rossi", "anscombe"])
def test_the_cusum_bound_is_the_count_that_raises_the_alarm(transform: str) -> None:
    counts = np.random.default_rng(7).poisson(4, (3, 30)).astype(float)
    result = cusum(counts, np.array([[4.0]]), transform=transform)  # type: ignore[arg-type]
    for date in (5, 17, 29):
        for change, alarms in ((0.01, True), (-1.01, False)):
            changed = counts[:, : date + 1].copy()
            changed[:, date] = np.maximum(result.bound[:, date] + change, 0)
            raised = cusum(changed, np.array([[4.0]]), transform=transform).alarm[:, date]  # type: ignore[arg-type]
            assert (raised == alarms).all() or (result.bound[:, date] == 0).any()


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: ReferenceWindow(0, 0),
        lambda: ReferenceWindow(2, 30),
        lambda: bayes(np.zeros((1, 9)), WINDOW, alpha=1.0),
        lambda: rki(np.zeros((1, 9)), WINDOW, limits=(3.0,)),
        lambda: cusum(np.zeros((1, 9)), np.ones((1, 1)), transform="log"),  # type: ignore[arg-type]
        lambda: outbreak_p(np.zeros((1, 9)), 0.5),
    ],
)
def test_impossible_settings_are_refused(wrong: Callable[[], object]) -> None:
    with pytest.raises(SettingsError):
        wrong()
