"""Official series through the engine: read in parts, and asked only for days that have rows."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from heedful.core.labels import Aggregate
from heedful.core.schemas import Alarms, Series
from heedful.engine import local
from heedful.engine.local import Changed, Engine
from heedful.population.alarms import series_alarms
from heedful.population.thresholds import Thresholds
from heedful.store.lake import Lake

START = date(2024, 1, 1)


def weeks(first: int, last: int, raised: int = 0, late: int = 9) -> pl.DataFrame:
    rows = []
    for n in range(first, last):
        day = START + timedelta(weeks=n)
        for signal in ("flu", "cough", "fever"):
            for place in ("US/NY", "US/CA"):
                value = float(np.random.default_rng((n, len(signal), ord(place[3]))).poisson(20) + raised)
                known = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=late)
                rows.append(("office", signal, place, "all", day, 7, value, None, "{count}", known, None))
    return Series.check(pl.DataFrame(rows, schema=list(Series.columns), orient="row", schema_overrides=Series.dtypes()))


def update(engine: Engine, rows: pl.DataFrame, batch: int) -> None:
    changed = Changed()
    changed.add((Series, Aggregate), engine.lake.append(Series, rows, batch).changed)
    engine.update(changed, batch)


@pytest.mark.parametrize("rows_a_part", [1, 150, 10**6])
def test_what_is_stored_is_what_all_rows_give_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows_a_part: int) -> None:
    monkeypatch.setattr(local, "ROWS_A_PART", rows_a_part)
    engine = Engine(Lake(tmp_path), [series_alarms], {"thresholds": Thresholds()})
    steps = [weeks(0, 30), weeks(30, 31, raised=80), weeks(29, 30, raised=15, late=16), weeks(12, 13, raised=5, late=300)]
    for batch, rows in enumerate(steps):
        update(engine, rows, batch)
        stored, again = engine.stored()["series_alarms"], engine.recompute()["series_alarms"]
        assert stored.sort(Alarms.key).equals(again.sort(Alarms.key))
    assert stored["alarm"].any()


def test_days_without_rows_are_not_asked_for(tmp_path: Path) -> None:
    asked: list[int] = []
    engine = Engine(Lake(tmp_path), [series_alarms], {"thresholds": Thresholds()})
    derive = engine._derive_portion

    def counted(*given: object) -> pl.DataFrame:
        asked.extend(one["day"].n_unique() for one in given if isinstance(one, pl.DataFrame))
        return derive(*given)  # type: ignore[arg-type]

    engine._derive_portion = counted  # type: ignore[method-assign]
    update(engine, weeks(0, 20), 0)
    update(engine, weeks(20, 21), 1)
    assert asked == [20, 1]
    engine.lake.delete(Series, pl.DataFrame({"day": [START + timedelta(weeks=20)]}))
    gone = Changed()
    gone.add((Series, Aggregate), weeks(20, 21))
    engine.update(gone, 2)
    assert engine.stored()["series_alarms"].filter(pl.col("day") == START + timedelta(weeks=20)).is_empty()
