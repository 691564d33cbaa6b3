"""Gains that are known, from simulated bodies: estimates near them, intervals that hold them, and nothing from too little."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import polars as pl
import pytest

from heedful.behavior.clock_drift import arrivals, gain_of_days, gains, shift_of_day, shifts

DAYS = 28
FIRST = int(datetime(2026, 2, 1, tzinfo=UTC).timestamp())


def steps(rng: np.random.Generator) -> np.ndarray:
    """When each step of four weeks fell (seconds): 8 to 24 walks a day, of some minutes."""
    walks = []
    for day in range(DAYS):
        for _ in range(rng.integers(8, 25)):
            walks.append(day * 86_400 + rng.uniform(7, 22) * 3_600 + np.cumsum(rng.normal(0.55, 0.08, int(rng.gamma(2, 120)) + 1)))
    return np.concatenate(walks)


def counted(at: np.ndarray, device: str) -> pl.DataFrame:
    """Minutes as a device reports them."""
    minutes, values = np.unique(at // 60, return_counts=True)
    start = pl.Series((FIRST + 60 * minutes.astype(np.int64)) * 1_000_000).cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    return pl.DataFrame({"start_at": start, "value": values.astype(np.float64)}).with_columns(
        person=pl.lit("a"), device=pl.lit(device), code=pl.lit("steps"), how=pl.lit("measured"), end_at=pl.col("start_at").dt.offset_by("1m"),
        known_at=pl.lit(datetime(2026, 4, 1, tzinfo=UTC)),
    )  # fmt: skip


@pytest.mark.parametrize("gain", [0.0, 1.5, -3.0])
def test_two_devices_tell_the_difference_of_their_clocks(gain: float) -> None:
    held, found = 0, []
    for seed in range(12):
        rng = np.random.default_rng(seed)
        body = steps(rng)
        phone, watch = body[rng.random(len(body)) < 0.95], body[rng.random(len(body)) < 0.85]
        watch = watch * (1 + gain / 86_400) + rng.uniform(-40, 40)
        row = gains(shifts(pl.concat([counted(phone, "phone"), counted(watch, "watch")]))).row(0, named=True)
        assert (row["device"], row["other"]) == ("watch", "phone")
        held += row["low"] <= gain <= row["high"]
        found.append(row["gain_seconds"])
    assert held >= 10
    assert np.abs(np.array(found) - gain).max() < 0.15


def test_arrivals_tell_the_clock_beside_this_sites() -> None:
    rng = np.random.default_rng(3)
    true = np.sort(rng.uniform(0, DAYS * 86_400, DAYS * 50))
    for gain in (0.0, 2.0):
        stamped, known = true * (1 + gain / 86_400), true + rng.gamma(1.5, 20, len(true))
        at = [
            pl.Series(((FIRST + one) * 1e6).astype(np.int64)).cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
            for one in (stamped, known)
        ]
        rows = pl.DataFrame({"end_at": at[0], "known_at": at[1]}).with_columns(
            person=pl.lit("a"), device=pl.lit("band"), how=pl.lit("measured")
        )
        row = gains(arrivals(rows)).row(0, named=True)
        assert row["gain_seconds"] == pytest.approx(gain, abs=0.15)
        assert row["low"] <= gain <= row["high"]
        assert row["told"] == (gain != 0)
    assert gains(arrivals(rows.with_columns(known_at=pl.lit(datetime(2026, 4, 1, tzinfo=UTC))))).is_empty()  # one upload


def test_a_step_of_the_clock_is_no_gain() -> None:
    seconds = np.concatenate([np.arange(12) * 1.0, 3_600 + np.arange(12, 20) * 1.0])
    found = gain_of_days(np.arange(20.0), seconds.astype(np.float64))
    assert found is not None
    assert (found.seconds, found.days) == (pytest.approx(1.0), 12)
    assert gain_of_days(np.arange(10.0), np.arange(0.0, 36_000.0, 3_600.0)) is None


def test_days_that_do_not_agree_say_nothing() -> None:
    rng = np.random.default_rng(0)
    one, other = (np.where(rng.random(1_440) < 0.2, rng.integers(50, 100, 1_440), 0).astype(float) for _ in range(2))
    assert shift_of_day(one, other) is None
    assert shift_of_day(one, np.zeros(1_440)) is None
    assert shift_of_day(one, np.full(1_440, 60.0)) is None  # nothing in it that could be found again


def test_steps_at_the_very_edges_of_a_day_say_nothing() -> None:
    """Near midnight of UTC alone, where a shift would reach into the next day."""
    one = np.zeros(1_440)
    one[:20], one[-20:] = 80.0, 90.0
    assert shift_of_day(one, one) is None
