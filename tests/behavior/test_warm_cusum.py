"""Minute after minute, or all days with today cut off at that minute: the same sums and p."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heedful.behavior.cusum_online import MINUTES, CusumOnline, cusum_online
from heedful.behavior.warm_cusum import WarmCusum
from heedful.core.errors import SettingsError

SETTINGS = CusumOnline(baseline_days=3, resolution_minutes=60)


@given(seed=st.integers(0, 2**32), days=st.integers(3, 6), whole=st.booleans())
@settings(max_examples=40, deadline=None)
def test_minute_by_minute_equals_all_at_once(seed: int, days: int, whole: bool) -> None:
    rng = np.random.default_rng(seed)
    rate = rng.normal(60, 3, (days + 1, MINUTES))
    rate = rate.round() if whole else rate
    rate[-1] += rng.choice((0, 6))
    missing = np.where(np.arange(days + 1) < 3, 0.02, rng.choice((0.1, 0.8)))[:, None]  # the first days are smoothed: a gap spreads
    rate[rng.random(rate.shape) < missing] = np.nan
    rate[:, 180:240] = np.nan  # an hour that the baseline never measured
    rate[-1, 200:220] = 70.0
    walked = rng.random(rate.shape) < 0.02
    held = WarmCusum(rate[:days], walked[:days], SETTINGS)
    ends = set(rng.integers(0, MINUTES, 4).tolist()) | {MINUTES - 1}
    for minute in range(MINUTES):
        held.step(minute, float(rate[-1, minute]), walked=bool(walked[-1, minute]))
        if minute in ends and held.enough:
            so_far = rate.copy()
            so_far[-1, minute + 1 :] = np.nan
            want = cusum_online(so_far, walked, SETTINGS)
            new = len(want.cusum) - len(held.sums)
            today = want.residual.reshape(-1, 24)[-1]
            assert held.steps == np.flatnonzero(~np.isnan(today)).tolist()
            np.testing.assert_allclose(held.residuals, today[held.steps], rtol=0, atol=1e-12)
            np.testing.assert_allclose(held.sums, want.cusum[new:], rtol=0, atol=1e-11)
            assert held.runs == want.run[new:].tolist()
            np.testing.assert_array_equal(held.p_values, want.p_value[new:])
    if held.end_day():
        want = cusum_online(rate, walked, SETTINGS)
        for name in ("day", "residual", "threshold", "step", "cusum", "run", "p_value"):
            np.testing.assert_array_equal(getattr(held.past, name), getattr(want, name))


def test_what_is_out_of_order_or_too_short_is_refused() -> None:
    with pytest.raises(SettingsError, match="3 days or more"):
        WarmCusum(np.full((2, MINUTES), 60.0), np.zeros((2, MINUTES), np.bool_), SETTINGS)
    held = WarmCusum(np.random.default_rng(0).normal(60, 2, (3, MINUTES)), np.zeros((3, MINUTES), np.bool_), SETTINGS)
    held.step(10, 60.0, walked=False)
    with pytest.raises(SettingsError, match="after minute 10"):
        held.step(10, 61.0, walked=False)
