"""What cards say that features equal: the cosine of a day against the fit that the parity cases hold against CosinorPy."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heedful.behavior.cosinor import fit, waves
from heedful.behavior.rhythm_daily import daily_rhythm
from heedful.core.labels import Care, Consented
from heedful.core.schemas import DayHours
from heedful.core.seals import seal


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 2_000), min_size=24, max_size=24).filter(lambda hours: len(set(hours)) > 3))
def test_the_cosine_of_a_day_is_cosinorpys(hours: list[int]) -> None:
    row = {
        "person": "p",
        "day": dt.date(2026, 3, 1),
        "signal": "steps",
        "known": 2**24 - 1,
        **{f"h{n:02}": float(v) for n, v in enumerate(hours)},
    }
    held = seal(DayHours.check(pl.DataFrame([row], schema=DayHours.dtypes())), Consented[Care], DayHours)
    found = dict(daily_rhythm(held).data.select("feature", "value").rows())
    peer = waves(fit(np.arange(24) + 0.5, np.array([hours], np.float64)))
    assert found["cosinor_mesor[steps]"] == pytest.approx(float(peer.mesor[0]), abs=1e-6)
    assert found["cosinor_amplitude[steps]"] == pytest.approx(float(peer.amplitude[0]), abs=1e-6)
