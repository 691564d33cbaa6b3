"""Variability of the day from intervals: what the peers' functions say of the pieces, and what is too little or no beat of the heart."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace
from typing import Any

import numpy as np
import polars as pl
import pytest

from heedful.behavior.beats_daily import beat_variability
from heedful.behavior.hrv.poincare import poincare
from heedful.behavior.hrv.summary import powers, time_features, triangular_index
from heedful.core.schemas import Observations


def heart(count: int, seed: int = 0) -> np.ndarray:
    """Intervals that breathe: a sine of a quarter of a beat's rate, and noise."""
    rng = np.random.default_rng(seed)
    return np.round(900 + 40 * np.sin(2 * np.pi * 0.22 * np.arange(count)) + rng.normal(0, 15, count))


def beats(start: dt.datetime, lengths: np.ndarray, *, keep: np.ndarray | None = None, **more: Any) -> pl.DataFrame:
    """One interval after the other from `start` on; those not kept are a gap."""
    begin = np.concatenate([[0.0], np.cumsum(lengths)[:-1]])
    told = {"person": "a", "code": "rr_interval", "value_code": None, "unit": "ms", "device": "Polar", "how": "measured", "row": 0} | more
    at = pl.Series((begin * 1_000).astype(np.int64) + int(start.timestamp() * 1e6)).cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    table = pl.DataFrame({"start_at": at, "value": lengths})
    table = table if keep is None else table.filter(pl.Series(keep))
    table = table.with_columns(
        day=pl.col("start_at").dt.date(), end_at=pl.col("start_at") + pl.duration(microseconds=(pl.col("value") * 1_000).cast(pl.Int64)),
        known_at=pl.col("start_at"), offset_minutes=pl.lit(0, pl.Int16),
        **{name: pl.lit(value, Observations.dtypes()[name]) for name, value in told.items()},
    )  # fmt: skip
    return Observations.check(table.select([name for name in Observations.columns if name in table.columns]))


def test_a_night_is_the_median_of_its_pieces(rows: SimpleNamespace) -> None:
    """Three pieces of exactly five minutes, apart from each other: each is what hrv-analysis' twins say of it."""
    pieces = [heart(330, seed) for seed in range(3)]
    pieces = [one[np.cumsum(one) < 299_000] for one in pieces]
    night = pl.concat([beats(rows.monday + dt.timedelta(hours=n), one) for n, one in enumerate(pieces)])
    out = rows.derive(beat_variability, night)
    time, plot, bands = ([function(one) for one in pieces] for function in (time_features, poincare, powers))

    def middle(found: list[dict[str, float]], name: str) -> Any:
        return pytest.approx(float(np.median([one[name] for one in found])), rel=1e-9)

    for feature, found, name in (
        ("rr_mean", time, "mean_nni"), ("hrv_rmssd", time, "rmssd"), ("hrv_pnn50", time, "pnni_50"), ("hrv_sdnn", time, "sdnn"),
        ("hrv_sd1", plot, "SD1"), ("hrv_sd2", plot, "SD2"), ("hrv_lf", bands, "lf"), ("hrv_hf", bands, "hf"), ("hrv_lf_hf", bands, "lf_hf_ratio"),
    ):  # fmt: skip
        assert rows.value_of(out, f"{feature}[beats_night]") == (middle(found, name), "")
    coverage = out.filter(pl.col("feature") == "hrv_rmssd[beats_night]")["coverage"].item()
    assert coverage == pytest.approx(3 / 84)
    assert set(out["feature"].str.split("[").list.get(1)) == {"beats_night]"}


def test_a_minute_in_the_morning_tells_what_a_minute_can(rows: SimpleNamespace) -> None:
    lengths = heart(70)
    out = rows.derive(beat_variability, beats(rows.monday + dt.timedelta(hours=8), lengths))
    assert rows.value_of(out, "hrv_rmssd[beats_day]") == (pytest.approx(time_features(lengths)["rmssd"]), "")
    assert rows.value_of(out, "hrv_sdnn[beats_day]") == (None, "too_short")
    assert set(out["feature"].str.split("[").list.get(1)) == {"beats_day]"}
    few = rows.derive(beat_variability, beats(rows.monday + dt.timedelta(hours=8), lengths[:29]))
    assert rows.value_of(few, "hrv_rmssd[beats_day]") == (None, "too_short")


def test_intervals_that_no_heart_makes_are_told(rows: SimpleNamespace) -> None:
    out = rows.derive(beat_variability, beats(rows.monday, np.full(100, 100.0)))
    assert rows.value_of(out, "hrv_rmssd[beats_night]") == (None, "implausible")


def test_a_missed_beat_is_bridged_and_many_make_no_piece(rows: SimpleNamespace) -> None:
    lengths = heart(70)
    missed = lengths.copy()
    missed[30] += missed[31]
    missed = np.delete(missed, 31)
    at = rows.monday + dt.timedelta(hours=8)
    whole, one = (rows.value_of(rows.derive(beat_variability, beats(at, each)), "hrv_rmssd[beats_day]")[0] for each in (lengths, missed))
    assert one == pytest.approx(whole, rel=0.05)
    rough = np.where(np.arange(70) % 4 == 0, 1.6 * lengths, lengths)
    assert rows.value_of(rows.derive(beat_variability, beats(at, rough)), "hrv_rmssd[beats_day]") == (None, "too_short")


def test_a_gap_parts_a_piece_and_its_longest_run_counts(rows: SimpleNamespace) -> None:
    lengths = heart(300)
    keep = np.ones(300, np.bool_)
    keep[100:105] = False  # 4.5 seconds without contact
    at = rows.monday + dt.timedelta(hours=8)
    out = rows.derive(beat_variability, beats(at, lengths, keep=keep))
    inside = np.cumsum(lengths) - lengths < 300_000
    assert rows.value_of(out, "hrv_rmssd[beats_day]") == (pytest.approx(time_features(lengths[105:][inside[105:]])["rmssd"]), "")
    assert rows.value_of(out, "hrv_sdnn[beats_day]") == (None, "too_short")


def test_a_second_app_or_device_counts_no_beat_twice(rows: SimpleNamespace) -> None:
    at, lengths = rows.monday + dt.timedelta(hours=8), heart(70)
    one = beats(at, lengths)
    twice = pl.concat([one, beats(at + dt.timedelta(milliseconds=3), lengths, row=1), beats(at, heart(40, 5), device="Other strap")])
    assert rows.derive(beat_variability, twice).equals(rows.derive(beat_variability, one))
    sooner = pl.concat([one, beats(at, heart(40, 5), device="Other strap")])
    assert rows.derive(beat_variability, sooner).equals(rows.derive(beat_variability, one))


def test_a_whole_day_has_the_task_forces_long_term_set(rows: SimpleNamespace) -> None:
    lengths = heart(85_000, 7) + 60 * np.sin(np.arange(85_000) / 4_000)
    lengths = np.round(lengths[np.cumsum(lengths) < 86_000_000]).astype(np.float64)
    out = rows.derive(beat_variability, beats(rows.monday, lengths))
    assert rows.value_of(out, "hrv_sdnn[beats_24h]") == (pytest.approx(float(np.std(lengths, ddof=1))), "")
    assert rows.value_of(out, "hrv_rmssd[beats_24h]") == (pytest.approx(float(np.sqrt(np.mean(np.diff(lengths) ** 2)))), "")
    assert rows.value_of(out, "hrv_triangular_index[beats_24h]") == (pytest.approx(triangular_index(lengths)), "")
    slot = ((np.cumsum(lengths) - lengths) // 300_000).astype(int)
    pieces = [lengths[slot == n] for n in range(slot.max() + 1) if (slot == n).sum() >= 30]
    assert rows.value_of(out, "hrv_sdann[beats_24h]") == (pytest.approx(float(np.std([one.mean() for one in pieces], ddof=1))), "")
    assert rows.value_of(out, "hrv_sdnn_index[beats_24h]") == (pytest.approx(float(np.mean([np.std(one, ddof=1) for one in pieces]))), "")
    half = rows.derive(beat_variability, beats(rows.monday, lengths[: len(lengths) // 2]))
    assert rows.value_of(half, "hrv_sdnn[beats_24h]") == (None, "too_short")


def test_an_hour_that_the_clock_shows_twice_counts_twice(rows: SimpleNamespace) -> None:
    """Two pieces between 2 and 3 o'clock before the clock is set back, and two of the same clock times after it."""
    starts, pieces = (2.0, 2.5, 3.0, 3.5), [heart(330, seed)[:300] for seed in range(4)]
    night = pl.concat([
        beats(rows.monday + dt.timedelta(hours=hour), one).with_columns(offset_minutes=pl.lit(-60 if hour >= 3 else 0, pl.Int16))
        for hour, one in zip(starts, pieces, strict=True)
    ])  # fmt: skip
    out = rows.derive(beat_variability, Observations.check(night))
    middle = np.median([time_features(one[np.cumsum(one) - one < 300_000])["rmssd"] for one in pieces])
    assert rows.value_of(out, "hrv_rmssd[beats_night]") == (pytest.approx(middle), "")
    assert out.filter(pl.col("feature") == "hrv_rmssd[beats_night]")["coverage"].item() == pytest.approx(4 / 84)
