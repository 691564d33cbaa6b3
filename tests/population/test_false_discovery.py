"""Benjamini-Hochberg against SciPy."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import false_discovery_control

from heedful.population.false_discovery import benjamini_hochberg


@given(st.lists(st.floats(0, 1) | st.just(float("nan")), min_size=1, max_size=30))
def test_scipy_gives_the_same_numbers_and_untested_series_do_not_count(values: list[float]) -> None:
    p = np.array(values)
    q = benjamini_hochberg(p[:, None])[:, 0]
    tested = ~np.isnan(p)
    assert np.isnan(q[~tested]).all()
    if tested.any():
        np.testing.assert_allclose(q[tested], false_discovery_control(p[tested]), rtol=1e-12)


def test_dates_are_families_of_their_own() -> None:
    both = benjamini_hochberg(np.array([[0.01, 0.5], [0.02, 0.04]]))
    np.testing.assert_allclose(both, [[0.02, 0.5], [0.02, 0.08]])


def test_no_series_no_q() -> None:
    assert benjamini_hochberg(np.empty((0, 3))).shape == (0, 3)
