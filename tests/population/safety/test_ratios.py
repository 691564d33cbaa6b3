"""PRR, ROR and information component against published examples, hand-computed tables and SciPy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2_contingency, gamma
from scipy.stats.contingency import odds_ratio, relative_risk

from heedful.core.errors import SettingsError
from heedful.population.safety.fourfold import fourfold
from heedful.population.safety.information_component import information_component
from heedful.population.safety.prr import prr
from heedful.population.safety.ror import ror


def test_prr_is_openebgms_hand_computed_column() -> None:
    observed, drug = [1, 1, 1, 0, 2, 3, 1, 0, 1], [3, 3, 3, 5, 5, 5, 2, 2, 2]
    effect = [2, 3, 5] * 3
    found = prr(fourfold(observed, drug, effect, 10)).ratio.round(4).tolist()
    assert found == [2.3333, 1.1667, 0.5833, 0.0, 2.0, 1.5, 4.0, 0.0, 1.0]


def test_evans_example_of_rifabutin_and_uveitis_is_a_signal() -> None:
    # 41 of 55 reports of rifabutin, 754 of the other drugs' reports
    found = prr(fourfold(41, 55, 41 + 754, 55 + 591958))
    assert float(found.ratio) == pytest.approx((41 / 55) / (754 / 591958))
    assert float(found.chi_squared) > 20_000
    assert bool(found.signal)


CELL = st.integers(1, 400)


@given(CELL, CELL, CELL, CELL)
def test_ratios_and_chi_squared_are_scipys(a: int, b: int, c: int, d: int) -> None:
    table = fourfold(a, a + b, a + c, a + b + c + d)
    mine, odds = prr(table), ror(table)
    risk = relative_risk(a, a + b, c, c + d)
    low, high = risk.confidence_interval(0.95)
    assert float(mine.ratio) == pytest.approx(risk.relative_risk)
    assert (float(mine.low), float(mine.high)) == pytest.approx((low, high))
    assert float(mine.chi_squared) == pytest.approx(chi2_contingency([[a, b], [c, d]], correction=True)[0], abs=1e-9)
    theirs = odds_ratio([[a, b], [c, d]], kind="sample")
    assert float(odds.ratio) == pytest.approx(theirs.statistic)
    assert (float(odds.low), float(odds.high)) == pytest.approx(tuple(theirs.confidence_interval(0.95)))


def test_a_drug_that_alone_has_the_effect_is_infinite_without_interval() -> None:
    table = fourfold(4, 10, 4, 1000)
    assert np.isinf(prr(table).ratio)
    assert np.isnan(prr(table).low)
    assert bool(prr(table).signal)
    assert np.isinf(ror(table).ratio)
    assert not ror(table).signal


def test_cells_that_cannot_be_are_refused() -> None:
    with pytest.raises(SettingsError, match="Pair 2"):
        fourfold([1, 5], [3, 3], [4, 6], 10)
    with pytest.raises(SettingsError, match="level"):
        prr(fourfold(1, 2, 2, 10), level=95)


def test_the_component_is_the_gamma_posterior_and_norens_approximation_is_near() -> None:
    observed, expected = np.array([0.0, 1, 3, 20, 20, 400]), np.array([2.0, 0.01, 1e-9, 10, 20, 100])
    found = information_component(observed, expected)
    assert found.estimate[3] == pytest.approx(np.log2(20.5 / 10.5))
    for bound, share in ((found.low, 0.025), (found.high, 0.975)):
        assert bound == pytest.approx(np.log2(gamma.ppf(share, observed + 0.5, scale=1 / (expected + 0.5))))
    # Norén et al. 2013, the approximation they print for the lower bound
    approximate = found.estimate - 3.3 * (observed + 0.5) ** -0.5 - 2 * (observed + 0.5) ** -1.5
    assert found.low[1:] == pytest.approx(approximate[1:], abs=0.25)


def test_no_signal_below_four_accounts_at_the_usual_level() -> None:
    # as stated for this shrinkage in R pvda
    assert not information_component([1.0, 2.0], [0.0, 0.0]).signal.any()
    assert information_component(4.0, 0.1).signal
    with pytest.raises(SettingsError, match="negative"):
        information_component(-1.0, 2.0)
    with pytest.raises(SettingsError, match="shrinkage"):
        information_component(1.0, 2.0, shrinkage=0)
