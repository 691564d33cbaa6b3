"""Portions of issues: every row once, no strand divided unless it is too large, and the same alarms whatever a portion holds."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heedful.core.labels import Aggregate
from heedful.core.schemas import Series
from heedful.core.seals import seal
from heedful.population import issued as module
from heedful.population.alarms import series_alarms
from heedful.population.issued import CELL, IDENTITY, issued
from heedful.population.thresholds import Override, Thresholds

PLACES = ("US/NY", "US/CA", "US", "DE/BY/M", "DE/BY/N")


def world(seed: int, weeks: int = 190) -> pl.DataFrame:
    """Issues of two signals by places and ages: the last sixty dates issued three times, some missing, some empty, a unit that changes."""
    rng = np.random.default_rng(seed)
    rows = []
    for signal, step in (("flu", 7), ("cough", int(rng.choice([1, 7])))):
        strata = ("all", "0-4", "5+")[int(rng.integers(2)) :][:2]
        for place in rng.choice(PLACES, 3, replace=False):
            for stratum in strata:
                counts = rng.poisson(20 * np.exp(0.5 * np.sin(np.arange(weeks) / 8)))
                for n in np.flatnonzero(rng.random(weeks) > 0.03).tolist():
                    day = date(2021, 1, 4) + timedelta(days=n * step)
                    unit = "{case}" if rng.random() < 0.01 else "{count}"
                    for issue, share in enumerate((0.6, 0.9, 1.0)[: weeks - n] if n > weeks - 60 else (1.0,)):
                        value = None if rng.random() < 0.01 else float(np.rint(counts[n] * share))
                        known = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=step * (issue + 1))
                        rows.append(("office", signal, str(place), stratum, day, step, value, None, unit, known, None))
    return Series.check(pl.DataFrame(rows, schema=list(Series.columns), orient="row", schema_overrides=Series.dtypes()))


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1_000), st.sampled_from([1, 40, 900, 10**6]))
def test_every_issue_is_handed_out_once_by_series_and_once_by_days(seed: int, at_once: int) -> None:
    rows = world(seed, weeks=30).sample(fraction=1, shuffle=True, seed=seed)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "ROWS_AT_ONCE", at_once)
        data = issued(rows)
        assert data.names.select(IDENTITY).equals(rows.select(IDENTITY).unique().sort(IDENTITY))
        strands = list(data.strands())
        by_series, by_days = ([part for one in strands for part in getattr(one, how)()] for how in ("by_series", "by_days"))
    columns = [*IDENTITY, "day", "value", "known_at"]
    for parts in (by_series, by_days):
        found = pl.concat(parts).join(data.names.select("number", *IDENTITY), on="number")
        assert found.select(columns).sort(columns).equals(rows.select(columns).sort(columns))
    assert len({strand for one in strands for strand in one.names["strand"]}) == sum(one.names["strand"].n_unique() for one in strands)
    for part in by_series:  # a cell's issues stay together, the newest of a day last
        assert part.equals(part.sort("cell", "day", "known_at", maintain_order=True))
    cells = [part.join(data.names.select("number", *CELL), on="number").select(CELL).unique() for part in by_series]
    assert sum(part.height for part in cells) == rows.select(CELL).unique().height


@settings(max_examples=4, deadline=None)
@given(st.integers(0, 1_000))
def test_alarms_are_the_same_however_the_rows_are_divided(seed: int) -> None:
    rows = world(seed)
    frame, levels = seal(rows, Aggregate, Series), Thresholds(overrides=(Override("flu", "US/NY", alpha=0.01),))
    keys = pl.DataFrame({"day": rows.filter(pl.col("period_days") == 7)["day"].unique().sort().tail(5)})
    whole = series_alarms(frame, thresholds=levels, keys=keys).data
    assert whole["nowcast"].is_not_null().any()
    assert whole["why"].str.contains("It is the sum of").any() or not rows["place"].str.contains("DE").any()
    for at_once in (50, 1_000):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(module, "ROWS_AT_ONCE", at_once)
            assert series_alarms(frame, thresholds=levels, keys=keys).data.equals(whole)
    parts = [seal(part, Aggregate, Series) for part in rows.partition_by("source", "signal")]
    assert series_alarms.over_parts(parts, thresholds=levels, keys=keys).data.equals(whole)
