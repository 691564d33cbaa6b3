"""Alarms over counts of people and official series."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import false_discovery_control, nbinom

from heedful.core.labels import Aggregate
from heedful.core.schemas import Alarms, Counts, Series
from heedful.core.seals import seal
from heedful.population.alarms import Detection, count_alarms, series_alarms
from heedful.population.ears import Ears, ears
from heedful.population.thresholds import Thresholds

START = date(2025, 12, 20)  # over the turn of the year


def counts(people: dict[str, list[int | None]], posted: list[int | None] | None = None, place: str = "world") -> pl.DataFrame:
    """Rows of days from START on; None is withheld, 0 is no row."""
    rows = []
    for signal, values in {**people, "any": posted or [500] * max(map(len, people.values()))}.items():
        for n, value in enumerate(values):
            if value != 0:
                day = START + timedelta(days=n)
                known = datetime(day.year, day.month, day.day, 23, tzinfo=UTC)
                rows.append((signal, place, "all", day, known, value, value, 500, "" if value else "minimum"))
    return Counts.check(pl.DataFrame(rows, schema=list(Counts.columns), orient="row", schema_overrides=Counts.dtypes()))


def alarms(rows: pl.DataFrame, **detection: float) -> pl.DataFrame:
    return count_alarms(seal(rows, Aggregate, Counts), detection=Detection(**detection), thresholds=Thresholds()).data  # type: ignore[arg-type]


CALM: list[int | None] = [20, 22, 19, 21, 20, 18, 21, 20, 22, 21, 19, 20]


def test_a_jump_is_an_alarm_with_the_numbers_of_the_detector() -> None:
    found = alarms(counts({"cough": [*CALM, 60]})).filter(pl.col("day") == START + timedelta(days=12))
    assert found["detector"].to_list() == ["ears.c1", "ears.c2", "ears.c3"]
    assert found["alarm"].all()
    series = np.array([[*CALM, 60]], dtype=float)
    for row, form in zip(found.iter_rows(named=True), ("C1", "C2", "C3"), strict=True):
        own = ears(series, Ears(form, min_sigma=1.0))  # type: ignore[arg-type]
        assert row["observed"] == 60
        assert row["expected"] == pytest.approx(own.expected[0, 12])
        assert row["bound"] == pytest.approx(own.bound[0, 12])
        assert row["p"] == pytest.approx(predicted(series[0], row["expected"], form))
        assert row["q"] == pytest.approx(min(1.0, dict(zip(found["p"], false_discovery_control(found["p"]), strict=True))[row["p"]]))
        assert "not by chance among 1 series tested" in row["why"]


def predicted(series: np.ndarray, expected: float, form: str) -> float:
    """The tail on the last date by SciPy's own negative binomial; dispersion 1, since these counts vary less than Poisson's."""
    dates = 3 if form == "C3" else 1
    mean = expected if dates == 1 else sum(ears(series[None, :], Ears("C3")).expected[0, -3:])
    variance = mean * (1 + dates / 7)
    return float(nbinom.sf(series[-dates:].sum() - 1, mean**2 / (variance - mean), mean / variance))


def test_q_counts_the_quiet_series_too_and_chance_is_no_alarm() -> None:
    quiet: dict[str, list[int | None]] = {f"s{n:03}": [*CALM[:11], 0, 0] for n in range(400)}
    found = alarms(counts({"cough": [*CALM, 25], **quiet}))
    row = found.filter(pl.col("day") == START + timedelta(days=12), pl.col("detector") == "ears.c1").row(0, named=True)
    assert row["observed"] > row["bound"]
    three = found.filter(pl.col("day") == row["day"], pl.col("signal") == "cough")["p"].to_numpy()
    assert row["q"] == pytest.approx(min(false_discovery_control(three)[0] * 401, 1))
    assert not row["alarm"]
    assert "may be chance" in row["why"]
    assert "401 series" in row["why"]


def test_days_without_a_row_are_zeros_only_where_somebody_posted() -> None:
    values: list[int | None] = [*CALM[:5], 0, *CALM[6:], 40]
    zero = alarms(counts({"cough": values})).filter(pl.col("detector") == "ears.c1", pl.col("day") == START + timedelta(days=12))
    assert zero["expected"].to_list() == [pytest.approx(np.mean([0, 21, 20, 22, 21, 19, 20]))]
    unseen = alarms(counts({"cough": values}, posted=[500] * 5 + [0] + [500] * 7))
    assert (
        unseen.filter(pl.col("day") == START + timedelta(days=12))["why"].to_list()[:2]
        == ["Not tested: 1 of the 7 days of its baseline are missing."] * 2
    )


def test_a_withheld_count_is_never_tested_and_stands_as_half_the_minimum_later() -> None:
    found = alarms(counts({"cough": [*CALM[:11], None, 30]}), minimum_cell=6)
    withheld = found.filter(pl.col("day") == START + timedelta(days=11))
    assert withheld.select("detector", "observed", "bound", "alarm").rows() == [("ears", None, None, False)]
    assert "withheld" in withheld["why"][0]
    next_day = found.filter(pl.col("day") == START + timedelta(days=12), pl.col("detector") == "ears.c1")
    assert next_day["expected"][0] == pytest.approx(np.mean([18, 21, 20, 22, 21, 19, 3]))


def test_a_short_history_says_how_much_is_missing() -> None:
    found = alarms(counts({"cough": [20, 21, 30]})).filter(pl.col("day") == START + timedelta(days=2))
    assert found["why"].to_list() == [
        "Not tested: 5 of the 7 days of its baseline are missing.",
        "Not tested: 7 of the 7 days of its baseline are missing.",
        "Not tested: 9 of the 11 days of its baseline are missing.",
    ]
    assert not found["alarm"].any()


def test_the_newest_known_count_is_tested() -> None:
    rows = counts({"cough": [*CALM, 60]})
    revised = rows.tail(1).filter(pl.col("signal") != "any")
    last = rows.filter(pl.col("signal") == "cough").tail(1)
    revised = last.with_columns(pl.lit(21, dtype=pl.Int64).alias("people"), (pl.col("known_at") + pl.duration(days=2)).alias("known_at"))
    found = alarms(pl.concat([revised, rows])).filter(pl.col("day") == START + timedelta(days=12))
    assert found["observed"].unique().to_list() == [21]


DAYS = st.lists(st.sampled_from([0, 0, 5, 6, 9, 40, None]), min_size=14, max_size=40)


@settings(max_examples=30, deadline=None)
@given(
    st.dictionaries(st.sampled_from("abc"), DAYS, min_size=1), st.lists(st.sampled_from([0, 50, None]), min_size=40, max_size=40), st.data()
)
def test_a_day_is_answered_the_same_from_its_look_back_alone(
    people: dict[str, list[int | None]], posted: list[int | None], data: st.DataObject
) -> None:
    rows = counts(people, posted)
    if rows.is_empty():
        return
    whole = alarms(rows)
    day = data.draw(st.sampled_from(sorted(set(rows["day"]))))
    part = rows.filter(pl.col("day").is_between(day - timedelta(days=count_alarms.lookback), day))
    assert alarms(part).filter(pl.col("day") == day).equals(whole.filter(pl.col("day") == day))
    assert not whole.select(Alarms.key).is_duplicated().any()


def official(
    values: list[float | None], source: str = "ilinet", step: int = 7, unit: str = "{count}", start: date = date(2020, 9, 28)
) -> pl.DataFrame:
    rows = [
        (source, "ili", "US", "all", start + timedelta(days=step * n), step, value, None, unit, datetime(2021, 3, 1, tzinfo=UTC), None)
        for n, value in enumerate(values)
        if value != -1
    ]
    return Series.check(pl.DataFrame(rows, schema=list(Series.columns), orient="row", schema_overrides=Series.dtypes()))


def series(rows: pl.DataFrame) -> pl.DataFrame:
    return series_alarms(seal(rows, Aggregate, Series), thresholds=Thresholds()).data


def test_weeks_are_dates_through_the_53rd_week_of_2020() -> None:
    found = series(official([*[float(value or 0) for value in CALM], 20, 21, 60.0])).filter(pl.col("alarm"))
    assert found.select("detector", "day").rows() == [(f"ears.c{n}@ilinet", date(2021, 1, 4)) for n in (1, 2, 3)]


def test_a_week_that_was_not_issued_is_missing_never_zero() -> None:
    found = series(official([20.0] * 4 + [-1] + [20.0] * 3 + [90.0]))
    last = found.filter(pl.col("day") == date(2020, 9, 28) + timedelta(weeks=8), pl.col("detector") == "ears.c1@ilinet")
    assert last["why"].to_list() == ["Not tested: 1 of the 7 weeks of its baseline are missing."]


def test_only_the_newest_issue_is_tested() -> None:
    first = official([*[float(value or 0) for value in CALM], 60.0])
    second = first.tail(1).with_columns(pl.lit(20.0).alias("value"), (pl.col("known_at") + pl.duration(days=7)).alias("known_at"))
    assert series(first)["alarm"].any()
    assert not series(pl.concat([second, first]))["alarm"].any()


def test_two_issuers_of_one_signal_stay_apart() -> None:
    both = pl.concat([official([20.0] * 9), official([7.0] * 9, source="state")])
    assert set(series(both)["detector"].str.split("@").list.last()) == {"ilinet", "state"}


def test_a_rate_without_spread_and_a_monthly_series_say_why_they_are_not_tested() -> None:
    flat = series(official([2.5] * 9 + [3.0], unit="%"))
    assert flat.filter(pl.col("day") == flat["day"].max())["why"][0].startswith("Not tested: the weeks of its baseline are all equal")
    monthly = series(official([5.0], step=30))
    assert monthly.select("detector", "why").rows() == [
        ("ears@ilinet", "Not tested: EARS reads daily and weekly series, and this one counts 30 days at once.")
    ]


def test_empty_in_empty_out() -> None:
    assert alarms(Counts.empty()).equals(Alarms.empty())
    assert series(Series.empty()).equals(Alarms.empty())
