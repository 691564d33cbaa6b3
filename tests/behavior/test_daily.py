"""The daily features on real minutes equal the totals that the same export states; wrong clocks do not break them."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import polars as pl
import pytest

from heedful.behavior import rows as module
from heedful.behavior.daily import daily_features
from heedful.core.labels import Care, Consented
from heedful.core.schemas import Observations
from heedful.core.seals import seal

MONDAY = dt.datetime(2026, 3, 2, tzinfo=dt.UTC)


def test_fitabase_minutes_add_up_to_the_hours(shared_data: Path) -> None:
    """Steps of whole days equal the sum of the export's own hourly table, where the watch was worn."""
    folder = shared_data / "behavior" / "fitbit_fitabase"
    names = ("minute_steps_full", "minute_heart_rate_steps_intensity", "hourly_steps")
    steps, pulse, hourly = (pl.read_csv(folder / f"{name}.csv.gz").rename(str.lower) for name in names)
    rows = pl.concat([_observations(steps, "steps", "steps"), _observations(pulse, "heart_rate", "heartrate")])
    out = daily_features(seal(rows, Consented[Care], Observations)).data
    stated = _days(hourly, "hour").agg(steps=pl.col("steptotal").sum(), hours=pl.len()).filter(pl.col("hours") == 24)
    whole = _days(steps, "minute").agg(minutes=pl.len()).filter(pl.col("minutes") == 1440)
    counted = out.filter((pl.col("feature") == "steps[sum]") & (pl.col("missing") == ""))
    both = counted.join(whole, on=["person", "day"]).join(stated, on=["person", "day"])
    assert both.height >= 10
    assert (both["value"] - both["steps"]).abs().max() == 0
    assert out.filter(pl.col("feature") == "wear_minutes")["value"].max() <= 1440


def _at(column: str) -> pl.Expr:
    return pl.col(column).str.replace("T", " ").str.slice(0, 16).str.to_datetime("%Y-%m-%d %H:%M", time_unit="us", time_zone="UTC")


def _days(table: pl.DataFrame, column: str) -> Any:
    return table.with_columns(person=pl.col("id").cast(pl.String), day=_at(column).dt.date()).group_by("person", "day")


def _observations(table: pl.DataFrame, code: str, column: str) -> pl.DataFrame:
    made = table.select(
        person=pl.col("id").cast(pl.String), code=pl.lit(code), start_at=_at("minute"), value=pl.col(column).cast(pl.Float64)
    ).unique(["person", "start_at"], keep="first", maintain_order=True)
    return made.with_columns(
        day=pl.col("start_at").dt.date(), end_at=pl.col("start_at") + pl.duration(minutes=1), offset_minutes=pl.lit(0, pl.Int16),
        unit=pl.lit(""), device=pl.lit("Fitbit"), how=pl.lit("measured"), row=pl.lit(0, pl.Int32), known_at="start_at",
    )  # fmt: skip


def test_empty_stays_empty(rows: SimpleNamespace) -> None:
    assert rows.derive(daily_features, []).is_empty()


def _decades(rows: SimpleNamespace) -> list[dict[str, Any]]:
    years = (MONDAY, MONDAY.replace(year=1970), MONDAY.replace(year=2099))
    return [rows.observed("steps", start, 1, 100.0, person=person, device="iPhone") for person in "abcdefg" for start in years]


@pytest.mark.parametrize("shuffled", [False, True])
def test_decades_apart_are_laid_out_in_parts(rows: SimpleNamespace, monkeypatch: pytest.MonkeyPatch, shuffled: bool) -> None:
    made = _decades(rows)
    whole = rows.derive(daily_features, made)
    assert whole.filter(pl.col("feature") == "steps[sum]")["value"].to_list() == [100.0] * 21
    made = [made[n * 8 % 21] for n in range(21)] if shuffled else made
    monkeypatch.setattr(module, "MOST_CELLS", 100_000)
    assert rows.derive(daily_features, made).equals(whole)
    monkeypatch.setattr(module, "MOST_CELLS", 1_000)
    with pytest.raises(module.DayRangeError, match="wrong clock"):
        rows.derive(daily_features, made)


def test_small_blocks_say_the_same(rows: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = rows.derive(daily_features, _decades(rows))
    monkeypatch.setattr(module, "BLOCK_ROWS", 4)
    assert rows.derive(daily_features, _decades(rows)).equals(whole)
