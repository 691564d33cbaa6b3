"""Night values of breathing, variability and skin temperature: mornings only, the trusted device, nothing implausible."""

from __future__ import annotations

from datetime import UTC, datetime

import polars as pl

from heedful.behavior.night_body import night_body
from heedful.core.labels import Care, Consented
from heedful.core.schemas import Observations
from heedful.core.seals import seal


def test_the_mean_of_what_starts_before_noon_within_bounds() -> None:
    rows = [
        {
            "person": "a", "code": code, "day": datetime(2026, 3, day).date(), "start_at": at, "end_at": at, "offset_minutes": 60, "value": value,
            "unit": "1", "device": "watch", "how": "measured", "row": 0, "known_at": at,
        }
        for day, hour, code, value in (
            (2, 0, "hrv_rmssd", 40.0), (2, 5, "hrv_rmssd", 50.0), (2, 11, "hrv_rmssd", 90.0), (2, 3, "hrv_rmssd", 5000.0),
            (2, 2, "respiratory_rate", 15.0), (3, 2, "respiratory_rate", 500.0),
        )
        for at in (datetime(2026, 3, day, hour, tzinfo=UTC),)
    ]  # fmt: skip
    data = Observations.check(pl.DataFrame(rows, infer_schema_length=None))
    found = night_body(seal(data, Consented[Care], Observations)).data.sort("day", "feature")
    assert found.select("feature", "value", "missing").rows() == [
        ("hrv_rmssd[before_noon]", 45.0, ""), ("respiratory_rate[night]", 15.0, ""), ("respiratory_rate[night]", None, "implausible"),
    ]  # fmt: skip
