from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit

from heedful.core.errors import SettingsError
from heedful.person.calibration import average_precision, calibration, calibration_curve, net_benefit, roc_area
from heedful.person.risk_cusum import risk_cusum

PEOPLE = st.lists(st.tuples(st.integers(0, 1), st.sampled_from([0.1, 0.2, 0.35, 0.5, 0.8])), min_size=2, max_size=40)


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 10_000))
def test_calibration_equals_statsmodels(seed: int) -> None:
    sm = pytest.importorskip("statsmodels.api")
    rng = np.random.default_rng(seed)
    odds = rng.normal(size=300)
    outcome = (rng.random(300) < expit(0.3 + 0.7 * odds)).astype(float)
    found = calibration(outcome, expit(odds))
    both = sm.Logit(outcome, sm.add_constant(odds)).fit(disp=0)
    level = sm.GLM(outcome, np.ones(300), family=sm.families.Binomial(), offset=odds).fit()
    assert (found.intercept, found.slope) == pytest.approx(tuple(both.params), rel=1e-5, abs=1e-6)
    assert found.slope_error == pytest.approx(both.bse[1], rel=1e-5)
    assert (found.in_the_large, found.in_the_large_error) == pytest.approx((level.params[0], level.bse[0]), rel=1e-5, abs=1e-6)


@given(PEOPLE)
def test_the_area_is_the_share_of_ordered_pairs(people: list[tuple[int, float]]) -> None:
    outcome, risk = np.array(people).T
    pairs = [(a > b) + 0.5 * (a == b) for a in risk[outcome == 1] for b in risk[outcome == 0]]
    assert roc_area(outcome, risk) == pytest.approx(np.mean(pairs) if pairs else float("nan"), nan_ok=True)
    assert not outcome.any() or 0 < average_precision(outcome, risk) <= 1 + 1e-12


@given(PEOPLE)
def test_acting_on_everybody_is_a_threshold_of_nothing(people: list[tuple[int, float]]) -> None:
    outcome, risk = np.array(people).T
    model, everybody = net_benefit(outcome, risk, [0.0, 0.05])
    assert model == pytest.approx(everybody)
    seen, told = calibration_curve(outcome, risk, 5, "uniform")
    assert len(seen) == len(told) <= 5


@given(PEOPLE, st.sampled_from([0.5, 1.5, 3.0]))
def test_the_cusum_restarts_after_an_alarm(people: list[tuple[int, float]], ratio: float) -> None:
    outcome, risk = np.array(people).T
    statistic, alarm = risk_cusum(outcome, risk, ratio, 0.7)
    assert (alarm == (statistic > 0.7)).all()
    first = int(np.argmax(alarm)) + 1 if alarm.any() else len(outcome)
    rest = risk_cusum(outcome[first:], risk[first:], ratio, 0.7)[0] if first < len(outcome) else np.empty(0)
    assert statistic[first:] == pytest.approx(rest)


def test_wrong_input_is_told() -> None:
    with pytest.raises(SettingsError, match="probabilities"):
        roc_area([0, 1], [0.5, 1.5])
    with pytest.raises(SettingsError, match="no logit"):
        calibration([0, 1], [0.0, 0.5])
    with pytest.raises(SettingsError, match=r"separate|alike"):
        calibration([0, 0, 1, 1], [0.1, 0.2, 0.8, 0.9])
    with pytest.raises(SettingsError, match="below 1"):
        net_benefit([0, 1], [0.1, 0.2], [1.0])
    with pytest.raises(SettingsError, match="odds ratio"):
        risk_cusum([0], [0.5], 1.0, 2.0)
