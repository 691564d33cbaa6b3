"""Weekly series of a health office, their alarms, and the law that both yearly detectors obey: each date from its own look-back alone."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl
from hypothesis import strategies as st

from heedful.core.labels import Aggregate
from heedful.core.schemas import Alarms, Series
from heedful.core.seals import seal
from heedful.population.alarms import series_alarms
from heedful.population.thresholds import Thresholds


def weekly(values: np.ndarray, place: str, start: date, unit: str = "{count}") -> pl.DataFrame:
    """Rows of `Series`, a week each from `start`; NaN is a week without a row."""
    rows = [
        ("office", "flu", place, "all", start + timedelta(weeks=week), 7, float(value), None, unit, datetime(2026, 1, 1, tzinfo=UTC), None)
        for week, value in enumerate(values)
        if not np.isnan(value)
    ]
    return Series.check(pl.DataFrame(rows, schema=list(Series.columns), orient="row", schema_overrides=Series.dtypes()))


def alarms(rows: pl.DataFrame, keys: pl.DataFrame | None = None, **detection: float) -> pl.DataFrame:
    frame = seal(rows, Aggregate, Series)
    return series_alarms(frame, thresholds=Thresholds(**detection), keys=keys).data  # type: ignore[arg-type]


def assert_answered_from_the_look_back(rows: pl.DataFrame, data: st.DataObject) -> None:
    """A day among the last sixty has the same alarms however much more is there, and whether all days are asked for or it alone."""
    whole = alarms(rows)
    assert not whole.select(Alarms.key).is_duplicated().any()
    newest = sorted(set(rows["day"]))[-60:]
    for day in data.draw(st.lists(st.sampled_from(newest), min_size=1, max_size=3)):
        part = rows.filter(pl.col("day").is_between(day - timedelta(days=series_alarms.lookback), day))
        keys = pl.DataFrame({"day": [day]})
        expected = whole.filter(pl.col("day") == day)
        assert alarms(part).filter(pl.col("day") == day).equals(expected)
        assert alarms(part, keys).filter(pl.col("day") == day).equals(expected)
