"""Minute after minute, or all of them at once: the same hours, and the same anomalies."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from heedful.behavior.rhrad import Rhrad, rhrad_online
from heedful.behavior.warm_rhrad import WarmRhrad
from heedful.core.errors import SettingsError

FIRST = datetime(2026, 3, 1)


def some_minutes(seed: int, count: int) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    at = np.flatnonzero(rng.random(count) > 0.1)  # a tenth is not measured
    at = at[(at < count // 3) | (at > count // 3 + 130)]  # nor are two hours
    rate = rng.normal(60, 3, len(at)) + np.where(at > count - 400, rng.choice((0, 12)), 0)
    return pl.DataFrame({
        "at": [FIRST + timedelta(minutes=int(n)) for n in at], "rate": rate, "steps": np.where(rng.random(len(at)) < 0.01, 20.0, 0.0),
    })  # fmt: skip


@given(seed=st.integers(0, 2**32), resolution=st.sampled_from(("1h", "30m")), cut=st.integers(1, 3999))
@settings(max_examples=15, deadline=None, phases=[Phase.explicit, Phase.generate])
def test_minute_by_minute_equals_all_at_once(seed: int, resolution: str, cut: int) -> None:
    minutes, rules = some_minutes(seed, 4_000), Rhrad(window=5, smoothing=30, resolution=resolution, seed=seed % 7)
    cut = min(cut, minutes.height - 1)
    held = WarmRhrad(minutes[:cut], rules, baseline=24)  # a restart in the middle of it
    asked = set(np.random.default_rng(seed).integers(cut, minutes.height, 4).tolist()) | {minutes.height - 1}
    for number, (at, rate, steps) in enumerate(minutes[cut:].iter_rows(), start=cut):
        held.step(at, rate, steps)
        if number in asked:
            want = rhrad_online(minutes[: number + 1], rules, baseline=24)
            found = held.read()
            if found is None:
                assert want.is_empty()
                continue
            hour, value, anomaly = found
            assert (hour, anomaly) == (want["hour"][-1], want["anomaly"][-1])
            assert value == pytest.approx(want["value"][-1], abs=1e-9)


def test_what_is_out_of_order_or_odd_is_refused() -> None:
    held = WarmRhrad(some_minutes(1, 100))
    assert held.read() is None
    with pytest.raises(SettingsError, match="start the person anew"):
        held.step(FIRST, 60.0, 0.0)
    with pytest.raises(SettingsError, match="divides a day"):
        WarmRhrad(some_minutes(1, 100), Rhrad(resolution="7h"))
    with pytest.raises(SettingsError, match="10 or more"):
        rhrad_online(some_minutes(1, 2_000), Rhrad(smoothing=5), baseline=3)


def test_a_month_all_alike_has_no_envelope() -> None:
    at = [FIRST + timedelta(minutes=n) for n in range(1_500)]
    rate = np.where(np.arange(1_500) < 1_440, 60.0, 61.0)
    found = rhrad_online(pl.DataFrame({"at": at, "rate": rate, "steps": 0.0}), Rhrad(window=1, smoothing=1), baseline=23)
    assert found["anomaly"].to_list() == [False, True]
