"""Rows a minute apart are marked together, others one by one: the same rows in any order leave the same minutes and hours."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from heedful.behavior.hours_daily import day_hours
from heedful.behavior.minutes import LEAST_IN_A_ROW, MINUTE_US, Minutes, minutes
from heedful.behavior.rows import blocks, rows
from heedful.core.labels import Care, Consented
from heedful.core.schemas import Observations
from heedful.core.seals import seal

CODES = ("steps", "heart_rate", "intensity", "activity_count")
DAY = 24 * 60 * MINUTE_US


@st.composite
def stretches(draw: st.DrawFn) -> pl.DataFrame:
    """Rows of one code and device, mostly a minute apart; some values, ends, zones and starts that break the row."""
    count, day = draw(st.integers(1, 4 * LEAST_IN_A_ROW)), draw(st.integers(20_000, 20_002))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    from_midnight = draw(st.sampled_from([-16 * 60, -15 * 60, -60, 0, 395, 700, 38 * 60, 39 * 60 - 20])) * MINUTE_US
    start = day * DAY + from_midnight + draw(st.sampled_from([0, 1, 30_000_000])) + np.arange(count) * MINUTE_US
    start += np.where(rng.random(count) < draw(st.sampled_from([0, 0.03])), rng.integers(0, 3, count) * MINUTE_US, 0)
    length = np.full(count, draw(st.sampled_from([0, 30_000_000, MINUTE_US])))
    length += np.where(rng.random(count) < 0.02, rng.choice([-(10**8), 1, 5 * MINUTE_US, 3600 * 10**6], count), 0)
    value = np.where(rng.random(count) < 0.5, 0.0, rng.integers(0, 180, count) / draw(st.sampled_from([1, 7])))
    value[rng.random(count) < draw(st.sampled_from([0, 0.03]))] = rng.choice([-1.0, 1e6, np.nan])
    offset = np.full(count, draw(st.sampled_from([0, -60, 345])), np.int16)
    offset[count // 2 :] += draw(st.sampled_from([0, 0, 60]))
    return pl.DataFrame({"start_at": start, "end_at": start + length, "value": value, "offset_minutes": offset}).with_columns(
        person=pl.lit(draw(st.sampled_from("ab"))), code=pl.lit(draw(st.sampled_from(CODES))), device=pl.lit(draw(st.sampled_from(("watch", "phone")))),
        how=pl.lit("measured"), day=pl.lit(day, pl.Int32).cast(pl.Date),
    )  # fmt: skip


@given(st.lists(stretches(), min_size=1, max_size=6), st.integers(0, 2**32))
@settings(deadline=None, max_examples=150)
def test_in_a_row_or_mixed(parts: list[pl.DataFrame], seed: int) -> None:
    in_a_row = pl.concat(parts).with_columns(pl.col("start_at", "end_at").cast(pl.Datetime("us", "UTC")))
    mixed = in_a_row.sample(fraction=1.0, shuffle=True, seed=seed)
    for one, other in zip(laid(in_a_row), laid(mixed), strict=True):
        assert np.array_equal(one, other)
    first, second = (day_hours(seal(whole(part), Consented[Care], Observations)).data for part in (in_a_row, mixed))
    assert first.equals(second)


def laid(observations: pl.DataFrame) -> list[np.ndarray]:
    """All that `Minutes` holds of all people, the walks in an order of their own."""
    held = rows(observations, CODES)
    found = [minutes(held, *block) for block in blocks(held)]
    names = [field.name for field in dataclasses.fields(Minutes)]
    joined = {name: np.concatenate([getattr(one, name) for one in found]) for name in names}
    joined["begin"] = np.concatenate([np.diff(one.begin) for one in found])
    walks = [one.walks[["rank", "start", "end", "steps", "level"]] for one in found]
    joined["walks"] = np.sort(np.concatenate(walks), order=["start", "end", "rank", "steps", "level"])
    return [joined[name] for name in names]


def whole(observations: pl.DataFrame) -> pl.DataFrame:
    return observations.with_columns(
        value=pl.col("value").fill_nan(None), value_code=pl.lit(None, pl.String), unit=pl.lit("1"), row=pl.int_range(pl.len(), dtype=pl.Int32),
        known_at=pl.lit(datetime(2026, 1, 1, tzinfo=UTC)).cast(pl.Datetime("us", "UTC")), extra=pl.lit(None, pl.String),
    ).select(list(Observations.columns))  # fmt: skip
