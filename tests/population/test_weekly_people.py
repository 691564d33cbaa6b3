"""Our own counts by week, and what the yearly detectors say of them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heedful.core.labels import Aggregate
from heedful.core.schemas import Alarms, Counts, WeeklyPeople
from heedful.core.seals import seal
from heedful.population.alarms import Detection, weekly_alarms
from heedful.population.farrington_flexible import FarringtonFlexible, farrington_flexible
from heedful.population.thresholds import Thresholds
from heedful.population.watch_years import LOOKBACK_DAYS
from heedful.population.weekly_people import weekly_people
from heedful.population.yearly_reference import Calendar

MONDAY = date(2020, 12, 21)  # the week after next has a 53rd ISO week behind it


def days(people: dict[str, list[int | None]], first: date = MONDAY, posted: list[int] | None = None) -> pl.DataFrame:
    """Rows of `Counts`; None is withheld, 0 is no row."""
    rows = []
    for signal, values in {**people, "any": posted or [50] * max(map(len, people.values()))}.items():
        for n, value in enumerate(values):
            if value != 0:
                day = first + timedelta(days=n)
                known = datetime(day.year, day.month, day.day, 23, tzinfo=UTC)
                rows.append((signal, "US", "all", day, known, value, value, 50, "" if value else "minimum"))
    return Counts.check(pl.DataFrame(rows, schema=list(Counts.columns), orient="row", schema_overrides=Counts.dtypes()))


def by_week(rows: pl.DataFrame) -> pl.DataFrame:
    return weekly_people(seal(rows, Aggregate, Counts), detection=Detection(6)).data


def test_a_week_is_there_once_monday_has_counts_and_adds_up_its_days() -> None:
    six = days({"cough": [6, 7, 8, None, 0, 9, 10]})
    assert by_week(six).is_empty()
    found = by_week(days({"cough": [6, 7, 8, None, 0, 9, 10, 0], "fever": [0, 0, 0, 0, 0, 0, 0, 8]}))
    assert found.filter(pl.col("signal") != "any").rows() == [
        ("cough", "US", "all", MONDAY + timedelta(days=6), 6 + 7 + 8 + 3 + 9 + 10.0, 1)
    ]


def test_a_week_on_one_of_whose_days_nobody_was_seen_is_missing() -> None:
    assert by_week(days({"cough": [6] * 8}, posted=[50, 50, 0, 50, 50, 50, 50, 50])).is_empty()


def test_the_newest_known_count_of_each_day_is_added() -> None:
    rows = days({"cough": [6] * 8})
    late = rows.filter(signal="cough").head(1).with_columns(people=pl.lit(20, pl.Int64), known_at=pl.col("known_at") + pl.duration(days=3))
    assert by_week(pl.concat([late, rows])).filter(signal="cough")["people"].to_list() == [20 + 36.0]


def weeks(values: dict[str, np.ndarray], withheld: tuple[int, ...] = (), last: date = date(2026, 3, 1)) -> pl.DataFrame:
    """Rows of `WeeklyPeople` up to the Sunday `last`; NaN: the week has no counts at all; 0 no row."""
    rows = []
    for signal, people in {**values, "any": np.where(np.isnan(next(iter(values.values()))), np.nan, 400.0)}.items():
        for n, value in enumerate(people):
            if value > 0:
                day = last - timedelta(weeks=len(people) - 1 - n)
                rows.append((signal, "US", "all", day, float(value), int(n in withheld and signal != "any")))
    return WeeklyPeople.check(pl.DataFrame(rows, schema=list(WeeklyPeople.columns), orient="row", schema_overrides=WeeklyPeople.dtypes()))


def alarms(rows: pl.DataFrame, keys: pl.DataFrame | None = None) -> pl.DataFrame:
    return weekly_alarms(seal(rows, Aggregate, WeeklyPeople), thresholds=Thresholds(), keys=keys).data


def test_years_of_weeks_are_asked_by_the_detector_of_official_series() -> None:
    people = np.random.default_rng(3).poisson(30, 300).astype(float)
    people[-1] = 90
    found = alarms(weeks({"cough": people})).filter(day=date(2026, 3, 1))
    dates = np.array([np.datetime64("2026-03-01") - np.timedelta64(7 * (299 - n), "D") for n in range(300)])
    own = farrington_flexible(
        people[None], Calendar(52, dates), FarringtonFlexible(years_back=5, alpha=0.001, threshold="muan"), slice(299, 300)
    )
    assert found.select("detector", "alarm").rows() == [("farrington_flexible", True)]
    assert found["expected"].item() == pytest.approx(own.expected.item())
    assert found["bound"].item() == own.bound.item()
    assert "90 person-days in the week where" in found["why"].item()
    assert "the same weeks of 5 years" in found["why"].item()


def test_zeros_withheld_and_missing_weeks() -> None:
    people = np.random.default_rng(3).poisson(1.0, 200).astype(float)
    zero = alarms(weeks({"cough": people, "never": np.zeros(200)}))
    assert zero["signal"].unique().to_list() == ["cough"]
    people[-1] = 40
    assert alarms(weeks({"cough": people})).filter("alarm").height == 1
    assert alarms(weeks({"cough": people}, withheld=(199,))).filter(day=date(2026, 3, 1)).is_empty()
    people[60:130] = np.nan  # too few weeks are left for either detector at most dates: nothing is said rather than something wrong
    assert not alarms(weeks({"cough": people})).filter(pl.col("p").is_not_null() & pl.col("p").is_nan()).height


def test_a_year_of_weeks_is_left_to_the_daily_detectors() -> None:
    assert alarms(weeks({"cough": np.full(70, 30.0)})).is_empty()


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 10_000), st.data())
def test_a_week_is_answered_the_same_from_its_look_back_alone(seed: int, data: st.DataObject) -> None:
    rng = np.random.default_rng(seed)
    rows = weeks(
        {"cough": rng.poisson(float(rng.choice([0.05, 3])), 330) * 1.0, "once": np.where(np.arange(330) == rng.integers(40), 9.0, 0.0)},
        withheld=(320, 325),
    )
    whole = alarms(rows)
    assert not whole.select(Alarms.key).is_duplicated().any()
    for day in data.draw(st.lists(st.sampled_from(sorted(set(rows["day"]))[-50:]), min_size=1, max_size=3)):
        part = rows.filter(pl.col("day").is_between(day - timedelta(days=LOOKBACK_DAYS), day))
        expected = whole.filter(day=day)
        assert alarms(part).filter(day=day).equals(expected)
        assert alarms(part, pl.DataFrame({"day": [day]})).filter(day=day).equals(expected)
