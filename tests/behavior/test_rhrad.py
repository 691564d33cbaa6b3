"""RHR-AD equals the published program; the envelope finds what was planted whatever the seed where the columns differ."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heedful.behavior.elliptic_envelope import outside_envelope
from heedful.behavior.rhrad import Rhrad, measured_minutes, rhrad_offline, run_rhrad_offline
from heedful.core.errors import SchemaError, SettingsError


def test_equals_the_published_program(check_case: Callable[[str], None]) -> None:
    check_case("illness_rhrad_offline_real")


@settings(deadline=None, max_examples=15)
@given(st.integers(0, 1000), st.sampled_from([80, 400, 650, 1600]), st.floats(0.02, 0.2))
def test_planted_outliers_are_found_at_every_size(seed: int, count: int, outside: float) -> None:
    rng = np.random.default_rng(seed)
    points = rng.normal(size=(count, 2)) @ np.array([[2.0, 0.5], [0.0, 1.0]])
    planted = max(1, int(outside * count) - 2)
    points[:planted] += 40
    found = outside_envelope(points, outside=outside, seed=seed)
    assert found[:planted].all()
    assert abs(int(found.sum()) - outside * count) <= 2


@settings(deadline=None, max_examples=15)
@given(st.integers(0, 1000), st.floats(0.1, 100), st.floats(-50, 50))
def test_the_unit_does_not_matter(seed: int, scale: float, shift: float) -> None:
    points = np.random.default_rng(seed).normal(size=(120, 2))
    assert np.array_equal(outside_envelope(points, seed=1), outside_envelope(points * scale + shift, seed=1))


def test_wrong_input_is_told() -> None:
    with pytest.raises(SettingsError, match="alike"):
        outside_envelope(np.ones((50, 2)))
    with pytest.raises(SettingsError, match="outside is in"):
        outside_envelope(np.ones((50, 2)), outside=0.7)
    with pytest.raises(SettingsError, match="resolution"):
        Rhrad(resolution="an hour")
    with pytest.raises(SettingsError, match="model"):
        run_rhrad_offline({"model": "isolation forest"}, {})
    with pytest.raises(SchemaError, match="heartrate"):
        measured_minutes(pl.DataFrame({"datetime": [], "hr": []}), pl.DataFrame({"datetime": [], "steps": []}))
    short = pl.DataFrame({"at": pl.datetime_range(pl.datetime(2026, 1, 1), pl.datetime(2026, 1, 1, 2), "1m", eager=True)})
    with pytest.raises(SettingsError, match="resting minutes"):
        rhrad_offline(short.with_columns(rate=pl.lit(60.0), steps=pl.lit(0.0)))
