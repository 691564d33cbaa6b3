"""Agreement equals the reference; its laws."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from heedful.behavior.agreement import bland_altman, run_bland_altman
from heedful.core.errors import SettingsError

PAIRS = st.lists(st.tuples(st.floats(0, 100), st.floats(0, 100)), min_size=3, max_size=30)


def test_equals_the_reference(check_case: Callable[[str], None]) -> None:
    check_case("agreement_bland_altman_self_report_vs_sensor")


def test_shrout_and_fleiss() -> None:
    # statsmodels-free closed form on the classic shape: identical raters agree perfectly
    found = bland_altman([1, 2, 3, 4.0], [1, 2, 3, 4.0])
    assert found.bias == found.spread == 0
    assert found.concordance == pytest.approx(1)
    assert found.icc[0] == pytest.approx(1)


@given(PAIRS)
def test_swapping_turns_the_sign_and_nothing_else(pairs: list[tuple[float, float]]) -> None:
    a, b = np.array(pairs).T
    assume(np.std(a - b) > 1e-3 and np.std(a + b) > 1e-3)
    one, other = bland_altman(a, b), bland_altman(b, a)
    assert one.bias == pytest.approx(-other.bias, abs=1e-9)
    assert one.lower == pytest.approx(-other.upper, abs=1e-9)
    assert one.icc == pytest.approx(other.icc, rel=1e-6, abs=1e-9)


@given(PAIRS)
def test_missing_pairs_are_left_out(pairs: list[tuple[float, float]]) -> None:
    a, b = np.array(pairs).T
    assume(np.std(a - b) > 1e-3 and np.std(a + b) > 1e-3)
    assert bland_altman([*a, np.nan, 3.0], [*b, 1.0, np.nan]) == bland_altman(a, b)


def test_wrong_input_is_told() -> None:
    with pytest.raises(SettingsError, match="at least 3"):
        bland_altman([1, 2], [1, 2])
    with pytest.raises(SettingsError, match="equally long"):
        bland_altman([1, 2, 3], [1, 2])
    with pytest.raises(SettingsError, match="ci"):
        run_bland_altman({"difference": "a - b", "ci": "bootstrap"}, {})
