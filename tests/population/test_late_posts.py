"""Our own counts whose posts are fetched late: nowcast before they are tested, as far as the shown counts say how they grow."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from heedful.core.labels import Aggregate
from heedful.core.schemas import Counts
from heedful.core.seals import seal
from heedful.population.alarms import Detection, count_alarms
from heedful.population.thresholds import Thresholds

START, DAYS = date(2026, 1, 5), 80
SHARES = np.array([0.35, 0.3, 0.2, 0.15])
"""Of a day's people, by how many days later their posts are fetched."""


def fetched(
    seed: int, mean: float = 60.0, shares: np.ndarray = SHARES, last: int = DAYS - 1, jump: float = 1.0
) -> tuple[pl.DataFrame, np.ndarray]:
    """Rows of `Counts` known at the end of day `last`, and the final counts; `jump` multiplies the last day's mean."""
    rng = np.random.default_rng(seed)
    means = np.full(DAYS, mean)
    means[last] *= jump
    final = rng.poisson(means)
    parts = np.array([rng.multinomial(n, shares) for n in final]).cumsum(axis=1)
    rows = []
    for day in range(last + 1):
        for late in range(min(len(shares), last - day + 1)):
            at = datetime(2026, 1, 5, 23, 59, tzinfo=UTC) + timedelta(days=day + late)
            known = START + timedelta(days=day)
            rows.append(("cough", "world", "all", known, at, int(parts[day, late]), int(parts[day, late]), 5000, ""))
            rows.append(("any", "world", "all", known, at, 5000, 5000, 5000, ""))
    return Counts.check(pl.DataFrame(rows, schema=list(Counts.columns), orient="row", schema_overrides=Counts.dtypes())), final


def alarms(rows: pl.DataFrame, keys: pl.DataFrame | None = None) -> pl.DataFrame:
    return count_alarms(seal(rows, Aggregate, Counts), detection=Detection(), thresholds=Thresholds(), keys=keys).data


def newest(found: pl.DataFrame) -> dict[str, object]:
    return found.filter(pl.col("detector") == "ears.c1").sort("day").row(-1, named=True)


def test_the_newest_day_is_tested_as_it_will_be_and_its_interval_holds() -> None:
    off, off_as_issued, inside, false = [], [], [], 0
    for seed in range(60):
        rows, final = fetched(seed)
        row = newest(alarms(rows))
        assert row["day"] == START + timedelta(days=DAYS - 1)
        assert row["nowcast"] is not None
        off.append(row["nowcast"] / final[-1] - 1)  # type: ignore[operator]
        off_as_issued.append(row["observed"] / final[-1] - 1)  # type: ignore[operator]
        inside.append(row["nowcast_low"] <= final[-1] <= row["nowcast_high"])  # type: ignore[operator]
        false += bool(row["alarm"])
    assert false <= 3  # q_limit 0.05
    assert abs(np.mean(off)) < 0.05 < 0.6 < abs(np.mean(off_as_issued))
    assert np.mean(inside) >= 0.85


def test_a_rise_is_an_alarm_on_its_own_day_and_says_that_it_rests_on_a_nowcast() -> None:
    rows, _ = fetched(1, jump=2.5)
    row = newest(alarms(rows))
    assert row["alarm"]
    assert "people so far, by nowcast" in str(row["why"])
    assert "It rests on a nowcast: about" in str(row["why"])
    as_issued = rows.sort("known_at").unique(["signal", "place", "stratum", "day"], keep="last")
    assert not newest(alarms(as_issued))["alarm"]


def test_counts_that_are_all_fetched_at_once_are_no_nowcast() -> None:
    rows, final = fetched(2, shares=np.array([1.0]))
    row = newest(alarms(rows))
    assert row["nowcast"] is None
    assert row["observed"] == final[-1]


def test_a_withheld_day_is_never_nowcast() -> None:
    rows, _ = fetched(3)
    last = (pl.col("day") == START + timedelta(days=DAYS - 1)) & (pl.col("signal") == "cough")
    hidden = rows.with_columns(
        people=pl.when(~last).then("people"), posts=pl.when(~last).then("posts"),
        suppressed=pl.when(last).then(pl.lit("complementary")).otherwise(pl.lit("")),
    )  # fmt: skip
    later = hidden.filter(last).with_columns(pl.col("known_at") + pl.duration(minutes=1))
    both = pl.concat([rows, later]).sort(Counts.key)
    found = alarms(both).filter(pl.col("day") == START + timedelta(days=DAYS - 1))
    assert found["nowcast"].null_count() == found.height > 0
    assert found["why"].str.contains("withheld").all()


@pytest.mark.parametrize("back", [0, 1, 2, 9])
def test_a_day_is_answered_from_its_lookback_alone(back: int) -> None:
    rows, _ = fetched(4)
    whole, day = alarms(rows), START + timedelta(days=DAYS - 1 - back)
    part = rows.filter(pl.col("day").is_between(day - timedelta(days=count_alarms.lookback), day))
    keys = pl.DataFrame({"day": [day]})
    assert alarms(part, keys).equals(whole.filter(pl.col("day") == day))
