"""People named by numbers: iglu_python 0.4.3 gives them back as texts, but for LBGI, which keeps and sorts the numbers."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from heedful.behavior.glucose.day_grid import GlucoseError
from heedful.behavior.glucose.summary import run_summary


def test_only_lbgi_keeps_numbers() -> None:
    step = np.arange(600)
    at = [str(np.datetime64("2026-01-01T00:00:00") + 300 * np.timedelta64(int(k), "s")) for k in step]
    parts = [pl.DataFrame({"id": [who] * 600, "time": at, "gl": 120 + 50 * np.sin(step / 40 + who)}) for who in (12, 3)]
    found = run_summary({}, {"glucose": pl.concat(parts)})
    assert found["lbgi"]["id"] == [3, 12]
    assert found["hbgi"]["id"] == ["12", "3"]
    assert found["gri"]["id"] == ["12", "3"]
    named = run_summary({}, {"glucose": pl.concat(parts).with_columns(pl.col("id").cast(pl.String))})
    assert named["lbgi"]["LBGI"] == found["lbgi"]["LBGI"][::-1]


def test_times_with_a_zone_are_refused() -> None:
    with pytest.raises(GlucoseError, match="local ones without a zone"):
        run_summary({}, {"glucose": pl.DataFrame({"id": ["a"] * 2, "time": ["2026-01-01T00:00:00Z"] * 2, "gl": [100.0, 110.0]})})
