"""Portions hold every key once and no more rows than fit; what is derived of them is what all rows give at once, for every derivation."""

from __future__ import annotations

import tempfile
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from tests.laws.test_law import DERIVATIONS, World, assert_equal_tables, resources

from heedful.core.labels import Consented, Held
from heedful.core.schemas import Observations
from heedful.engine import portions
from heedful.engine.keys import spread
from heedful.engine.local import Changed, Engine
from heedful.engine.plan import Step
from heedful.engine.portions import portions_of_rows
from heedful.store.lake import Lake

FIRST = date(2026, 1, 1)
NODE: Any = (Observations, Consented[Held])
COUNTS = st.dictionaries(st.tuples(st.sampled_from("abc"), st.integers(0, 40)), st.integers(1, 30), min_size=1, max_size=50)


@given(COUNTS, st.data(), st.integers(0, 6), st.integers(0, 2), st.integers(1, 80))
@settings(deadline=None)
def test_every_key_once_and_no_more_rows_than_fit(
    rows: dict[tuple[str, int], int], data: st.DataObject, lookback: int, lookahead: int, most: int
) -> None:
    def named(found: Any) -> pl.DataFrame:
        made = [(person, FIRST + timedelta(days=day)) for person, day in found]
        return pl.DataFrame(made, schema={"person": pl.String, "day": pl.Date}, orient="row")

    days = st.tuples(st.sampled_from("abcd"), st.integers(0, 45))  # some without rows
    keys = named(data.draw(st.lists(days, min_size=1, max_size=60, unique=True)))
    counts = named(rows).with_columns(rows=pl.Series(list(rows.values()), dtype=pl.Int64))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(portions, "ROWS_A_CALL", most)
        found = list(portions_of_rows(keys, counts, lookback, lookahead))
    assert pl.concat(found).sort(keys.columns).equals(keys.sort(keys.columns))
    for part in found:
        read = counts.join(spread(part, -lookback, lookahead), on=part.columns, how="semi")["rows"].sum()
        span = (part["day"].max() - part["day"].min()).days  # type: ignore[operator,union-attr]
        assert read <= most or (part["person"].n_unique() == 1 and span <= lookback + lookahead)


@given(seed=st.integers(0, 2**32), most=st.sampled_from((4, 30)))
@settings(max_examples=2, deadline=None, suppress_health_check=(HealthCheck.too_slow,), derandomize=True, phases=[Phase.generate])
def test_portions_change_no_answer(seed: int, most: int) -> None:
    """The law, with portions of a few rows: after random acts, and after everything is derived anew."""
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(portions, "ROWS_A_CALL", most)
        world = World(Path(folder), seed)
        for _ in range(3):
            what = world.act()
        want = world.engine.recompute()
        assert_equal_tables(world.engine.stored(), want, what)
        for derivation in world.rng.sample(DERIVATIONS, 6):  # what a version rise finds: rows that are not what they would be
            world.lake.drop(world.engine.plan.step(derivation.name).table)
        world.engine.rebuild([derivation.name for derivation in DERIVATIONS], world.batch + 1)
        assert_equal_tables(world.engine.stored(), want, "a rebuild")


def test_one_person_is_derived_some_days_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A month of minutes of one person, in portions of five days: no derivation is handed more rows, and all say what they say of the whole."""
    day = 1_440
    monkeypatch.setattr(portions, "ROWS_A_CALL", 5 * day)
    engine = Engine(Lake(tmp_path), DERIVATIONS, resources())
    handed: dict[str, list[int]] = defaultdict(list)
    derive = engine._derive

    def watched(step: Step, inputs: list[pl.DataFrame], keys: pl.DataFrame | None = None) -> pl.DataFrame:
        handed[step.derivation.name] += [rows.height for rows, node in zip(inputs, step.inputs, strict=True) if node[0] is Observations]
        return derive(step, inputs, keys)

    monkeypatch.setattr(engine, "_derive", watched)
    changed = Changed()
    changed.add(NODE, engine.lake.append(Observations, _minutes(30), 1).changed)
    engine.update(changed, 1)
    assert len(handed["daily_features"]) >= 6
    assert len(handed["day_hours"]) >= 6
    engine.rebuild(["daily_features", "day_hours", "nightly_sleep"], 2)
    assert len(handed["daily_features"]) >= 12
    assert max(max(sizes) for sizes in handed.values() if sizes) <= 5 * day
    handed.clear()
    assert_equal_tables(engine.stored(), engine.recompute(), "a month")
    assert handed["daily_features"] == [30 * day]


def _minutes(days: int) -> pl.DataFrame:
    rng, start = np.random.default_rng(3), datetime(2026, 1, 1, tzinfo=UTC)
    minutes = pl.datetime_range(start, start + timedelta(days=days), "1m", closed="left", eager=True)
    steps = np.arange(len(minutes)) % 2 == 0
    value = np.where(steps, rng.poisson(6, len(minutes)) * (rng.random(len(minutes)) < 0.4), 60 + rng.normal(0, 4, len(minutes)).round())
    return Observations.check(
        pl.DataFrame({"start_at": minutes, "value": value, "steps": steps}).select(
            person=pl.lit("ana"), code=pl.when("steps").then(pl.lit("steps")).otherwise(pl.lit("heart_rate")), day=pl.col("start_at").dt.date(),
            start_at="start_at", end_at=pl.col("start_at") + pl.duration(minutes=1), offset_minutes=pl.lit(0, pl.Int16), value="value",
            value_code=pl.lit(None, pl.String), unit=pl.when("steps").then(pl.lit("{steps}")).otherwise(pl.lit("/min")), device=pl.lit("watch"),
            how=pl.lit("measured"), row=pl.lit(0, pl.Int32), known_at=pl.lit(start + timedelta(days=60)), extra=pl.lit(None, pl.String),
        )
    )  # fmt: skip
