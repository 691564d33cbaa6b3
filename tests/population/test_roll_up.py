"""Sums that an issuer does not give."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from heedful.core.labels import Aggregate
from heedful.core.schemas import Alarms, Series
from heedful.core.seals import seal
from heedful.population.alarms import series_alarms
from heedful.population.roll_up import with_sums
from heedful.population.thresholds import Thresholds

MONDAY = date(2026, 3, 2)


def rows(values: dict[tuple[str, str], float | None], day: date = MONDAY, unit: str = "{count}") -> pl.DataFrame:
    """One date's values by place and stratum."""
    return pl.DataFrame(
        [("office", "flu", place, stratum, unit, day, value, datetime(2026, 3, 9, tzinfo=UTC)) for (place, stratum), value in values.items()],
        schema=["source", "signal", "place", "stratum", "unit", "day", "value", "known_at"], orient="row",
    )  # fmt: skip


def sums(found: pl.DataFrame) -> dict[tuple[str, str], float]:
    made = found.filter(pl.col("unit").str.contains(" parts "))
    return {(place, stratum): value for place, stratum, value in made.select("place", "stratum", "value").iter_rows()}


def test_towns_make_regions_and_regions_countries_where_the_issuer_does_not() -> None:
    given = {("US/NY/1", "all"): 1.0, ("US/NY/2", "all"): 2.0, ("US/CA", "all"): 4.0, ("US/CA/1", "all"): 9.0, ("US/CA/2", "all"): 9.0}
    assert sums(with_sums(rows(given))) == {("US/NY", "all"): 3.0, ("US", "all"): 7.0}
    assert sums(with_sums(rows(given | {("US", "all"): 8.0}))) == {("US/NY", "all"): 3.0}


def test_rates_regions_of_regions_missing_parts_and_single_parts_make_no_sum() -> None:
    two: dict[tuple[str, str], float | None] = {("US/NY", "all"): 1.0, ("US/CA", "all"): 2.0}
    assert sums(with_sums(rows(two, unit="%"))) == {}
    assert sums(with_sums(rows({("US/HHS1", "all"): 1.0, ("US/HHS2", "all"): 2.0}))) == {}
    assert sums(with_sums(rows({("US/NY", "all"): 1.0, ("US/CA", "all"): None}))) == {}


@pytest.mark.parametrize(
    ("strata", "summed"), [(["0-4", "5-17", "65+"], True), (["0-4", "4-17"], False), (["18+", "65+"], False), (["0-4", "female"], False)]
)
def test_age_groups_are_summed_where_none_overlaps(strata: list[str], summed: bool) -> None:
    found = sums(with_sums(rows({("US", stratum): 2.0 for stratum in strata})))
    assert found == ({("US", "all"): 2.0 * len(strata)} if summed else {})


def test_a_sum_over_other_parts_is_another_series() -> None:
    """So that a place that begins or stops to report is no rise or fall."""
    first = rows({("US/NY", "all"): 1.0, ("US/CA", "all"): 2.0})
    second = rows({("US/NY", "all"): 1.0, ("US/CA", "all"): 2.0, ("US/TX", "all"): 50.0}, MONDAY + timedelta(days=7))
    made = with_sums(pl.concat([first, second])).filter(place="US")
    assert made["unit"].n_unique() == 2
    assert made.sort("day")["unit"].str.extract(r"of (\d+) parts").to_list() == ["2", "3"]


def asked(values: dict[str, list[float | None]]) -> pl.DataFrame:
    """Alarms over weekly values by place, ending in the week of `MONDAY`."""
    lines = [
        ("office", "flu", place, "all", MONDAY - timedelta(weeks=len(series) - 1 - n), 7, value, None, "{count}", datetime(2026, 3, 9, tzinfo=UTC), None)
        for place, series in values.items() for n, value in enumerate(series)
    ]  # fmt: skip
    data = Series.check(pl.DataFrame(lines, schema=Series.dtypes(), orient="row"))
    return Alarms.check(series_alarms(seal(data, Aggregate, Series), thresholds=Thresholds()).data)  # type: ignore[arg-type]


def test_a_rise_too_small_in_each_county_is_found_in_their_sum() -> None:
    rng = np.random.default_rng(3)
    found = asked({f"FR/{n}": [*rng.poisson(40, 19).astype(float), 53.0] for n in range(8)}).filter("alarm", day=MONDAY)
    assert set(found["place"]) == {"FR"}
    assert found["observed"].unique().to_list() == [8 * 53.0]


def test_a_new_place_is_no_rise_of_the_country() -> None:
    calm = [40.0, 41, 39, 40, 42, 38, 40, 41, 39, 40, 42, 38]
    found = asked({"FR/1": calm, "FR/2": calm, "FR/3": [None] * 11 + [500.0]}).filter(place="FR", day=MONDAY)
    assert not found["alarm"].any()
    assert "of its baseline are missing" in found["why"][0]


def test_quiet_zeros_leave_no_gap_in_the_curve_and_never_counted_series_make_no_rows() -> None:
    found = asked({"US/NY": [3.0, 2, 4, 3, 2, 3, 4, 3, 0, 3, 0, 4, 2, 0, 3, 0], "US/CA": [0.0] * 16})
    curve = found.filter(pl.col("expected").is_not_null(), detector="ears.c1@office", place="US/NY").sort("day")
    assert curve["day"].to_list() == [MONDAY - timedelta(weeks=back) for back in range(8, -1, -1)]
    assert curve["expected"].null_count() == 0
    assert found.filter(place="US/CA").is_empty()


def test_one_week_of_history_and_a_withdrawn_week_say_what_is_missing() -> None:
    assert "7 of the 7 weeks of its baseline are missing" in asked({"US": [5.0]})["why"][0]
    withdrawn = asked({"US": [5.0] * 11 + [None]}).filter(day=MONDAY)
    assert withdrawn["why"].to_list() == ["Not tested: no value was issued for this week."]
