"""Nights from activity counts, and variability of the heart at night."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from heedful.behavior.actigraphy.cole_kripke import cole_kripke
from heedful.behavior.actigraphy.recordings import recordings
from heedful.behavior.actigraphy_daily import nightly_actigraphy
from heedful.behavior.hrv_daily import nightly_variability


def _counts(rows: SimpleNamespace, values: Any, **more: Any) -> list[dict[str, Any]]:
    """Counts of each minute from 21:00 before Monday on."""
    return [rows.observed("activity_count", rows.monday + dt.timedelta(minutes=n - 180), 1, float(v), **more) for n, v in enumerate(values)]


def test_a_night_of_counts_equals_the_scorer(rows: SimpleNamespace) -> None:
    rng = np.random.default_rng(1)
    values = np.where(rng.random(720) < 0.3, rng.poisson(200, 720), 0).astype(float)
    out = rows.derive(nightly_actigraphy, _counts(rows, values))
    assert out["day"].unique().to_list() == [rows.monday.date()]
    scored = cole_kripke(recordings([values], [np.datetime64("2026-03-01T21:00")], 60)).state[60:660]
    assert rows.value_of(out, "sleep_minutes[cole_kripke]") == ((scored == 1).sum(), "")
    assert {f.split("[")[1] for f in out["feature"]} == {"cole_kripke]", "sadeh]", "scripps]", "oakley]"}


def test_half_a_night_is_too_short(rows: SimpleNamespace) -> None:
    out = rows.derive(nightly_actigraphy, _counts(rows, np.zeros(360)))
    assert out["missing"].unique().to_list() == ["too_short"]
    assert max(out["coverage"]) < 0.6


def test_variability_of_the_night_and_of_the_vendor(rows: SimpleNamespace) -> None:
    night = [rows.observed("hrv_rmssd", rows.monday + dt.timedelta(minutes=5 * n), 5, float(v)) for n, v in enumerate((30, 40, 90, 5_000))]
    day = [rows.observed("hrv_rmssd", rows.monday + dt.timedelta(hours=12), 5, 500.0)]
    vendor = [rows.observed("hrv_rmssd", rows.monday, 1_440, 44.0, how="vendor_derived", row=1)]
    out = rows.derive(nightly_variability, night + day + vendor)
    assert rows.value_of(out, "hrv_rmssd[night]") == (40, "")
    assert rows.value_of(out, "hrv_rmssd[vendor]") == (44, "")
    assert out["coverage"].to_list() == [pytest.approx(3 / 84), 1]
    assert rows.value_of(rows.derive(nightly_variability, night[:2]), "hrv_rmssd[night]") == (None, "too_short")
    assert rows.value_of(rows.derive(nightly_variability, night[3:]), "hrv_rmssd[night]") == (None, "implausible")
