"""Change against four weeks: levels follow the formula, the window is exact, and nothing else than the window matters."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from heedful.behavior.change import BASELINE_DAYS, LEAST_VALUES, UNUSUAL, VERY_UNUSUAL, _earlier_alarms, _judge, baseline_change
from heedful.core.labels import Care, Consented
from heedful.core.schemas import Annotations, Features
from heedful.core.seals import seal


def _frame(values: dict[int, float], coverage: dict[int, float] | None = None, feature: str = "steps[sum]") -> pl.DataFrame:
    days = sorted(values)
    return pl.DataFrame(
        {
            "person": ["a"] * len(days),
            "day": pl.Series(days, dtype=pl.Int32).cast(pl.Date),
            "feature": [feature] * len(days),
            "value": [values[d] for d in days],
            "unit": ["{steps}"] * len(days),
            "coverage": [(coverage or {}).get(d, 1.0) for d in days],
            "missing": [""] * len(days),
        },
        schema=Features.dtypes(),
    )


def _changes(data: pl.DataFrame, notes: pl.DataFrame | None = None) -> pl.DataFrame:
    known = Annotations.empty() if notes is None else notes
    return baseline_change(seal(data, Consented[Care], Features), seal(known, Consented[Care], Annotations)).data


def test_levels_follow_median_and_mad() -> None:
    # median 10, absolute deviations 2,1,0,0,1,2,3 -> MAD 1, spread 1.4826
    before = dict(enumerate([8.0, 9.0, 10.0, 10.0, 11.0, 12.0, 13.0]))
    for value, level in ((10.0, 0), (15.1, 0), (15.2, 1), (17.5, 2), (2.5, 2)):
        last = _changes(_frame({**before, 7: value})).row(-1, named=True)
        assert (last["level"], last["expected"], last["spread"]) == (level, 10.0, pytest.approx(1.4826))
    assert last["why"].startswith(
        "Very far below this person's baseline: 2.5 against a median of 10.0 on 7 of the 28 days before, 5.1 times"
    )


def test_times_of_day_are_told_as_a_clock_shows_them() -> None:
    usual = dict(enumerate([-40.0, -35.0, -30.0, -30.0, -25.0, -20.0, -15.0]))
    for feature in ("sleep_onset", "sleep_onset[van_hees]"):
        late, early = (_changes(_frame({**usual, 7: value}, feature=feature)).row(-1, named=True)["why"] for value in (75.0, -200.0))
        assert late.startswith(
            "Very far after this person's baseline: 01:15 against a median of 23:30 on 7 of the 28 days before, 14.2 times"
        )
        assert early.startswith("Very far before this person's baseline: 20:40 against")


@pytest.mark.parametrize(
    "name",
    ["hrv_sd1[beats_night]", "hrv_lf_hf[beats_day]", "day_resting_heart_rate[rhrad]", "day_resting_heart_rate[rhr_diff]", "wear_minutes"],
)
def test_what_says_the_same_as_another_feature_is_not_judged_beside_it(name: str) -> None:
    values = {day: 40.0 + day % 3 for day in range(20)}
    assert _changes(_frame(values, feature=name)).is_empty()
    assert _changes(_frame(values, feature="hrv_rmssd[beats_night]")).height == 20


def test_what_cannot_be_judged() -> None:
    few = _changes(_frame(dict.fromkeys(range(7), 10.0))).row(-1, named=True)
    assert few["level"] == -1
    assert "only 6 of the 28" in few["why"]
    flat = _changes(_frame({**dict.fromkeys(range(7), 10.0), 7: 11.0})).row(-1, named=True)
    assert flat["level"] == -1
    assert "the same" in flat["why"]
    thin = _changes(_frame({**{d: 10.0 + d for d in range(9)}, 9: 0.0}, {9: 0.3})).row(-1, named=True)
    assert thin["level"] == -1
    assert "recorded for 30 %" in thin["why"]


def test_wear_time_is_no_behavior_and_empty_stays_empty() -> None:
    assert _changes(_frame({0: 1.0}, feature="wear_minutes")).is_empty()
    assert _changes(_frame({})).is_empty()


@settings(max_examples=40, deadline=None)
@given(st.dictionaries(st.integers(0, 100), st.integers(0, 20), min_size=1, max_size=80))
def test_only_the_56_days_before_matter(values: dict[int, int]) -> None:
    data = _frame({day: float(value) for day, value in values.items()})
    day = max(values)
    near = data.filter(pl.col("day").cast(pl.Int32).is_between(day - 56, day))
    newest = pl.col("day").cast(pl.Int32) == day
    assert _changes(data).filter(newest).equals(_changes(near.reverse()).filter(newest))
    before = [float(v) for d, v in values.items() if day - 28 <= d < day]
    row = _changes(data).filter(newest).row(0, named=True)
    assert row["nights_used"] == len(before)
    assert row["expected"] == (float(np.median(before)) if len(before) >= 7 else None)


def test_false_alarm_rate_counts_the_judged_days_before() -> None:
    rng = np.random.default_rng(3)
    values = {day: float(v) for day, v in enumerate(rng.normal(100, 10, 80))} | {70: 500.0}
    out = _changes(_frame(values))
    last = out.row(-1, named=True)
    window = out.filter((pl.col("day").cast(pl.Int32) >= 79 - 28) & (pl.col("day").cast(pl.Int32) < 79) & (pl.col("level") >= 0))
    assert last["false_alarm_rate"] == pytest.approx((window["level"] >= 1).mean())
    assert last["false_alarm_rate"] > 0


def test_the_sleep_of_a_night_cut_by_non_wear_is_not_judged() -> None:
    rng = np.random.default_rng(2)
    sleep = {day: float(v) for day, v in enumerate(rng.normal(430, 15, 30))} | {30: 120.0}
    rate = {day: 60.0 + day % 3 for day in range(31)}
    for worn, level in ((1.0, 2), (0.4, -1)):
        nights = _frame(rate, {30: worn}, "resting_heart_rate[nightsignal]")
        last = _changes(pl.concat([_frame(sleep, feature="sleep_minutes[stages]"), nights]))
        found = last.filter((pl.col("feature") == "sleep_minutes[stages]") & (pl.col("day").cast(pl.Int32) == 30)).row(0, named=True)
        assert found["level"] == level
    # no heart rate at all that night, though the nights before have one
    without = _changes(
        pl.concat(
            [
                _frame(sleep, feature="sleep_minutes[stages]"),
                _frame({d: rate[d] for d in range(30)}, None, "resting_heart_rate[nightsignal]"),
            ]
        )
    )
    assert without.filter((pl.col("feature") == "sleep_minutes[stages]") & (pl.col("day").cast(pl.Int32) == 30))["level"].item() == -1


def test_an_alert_states_its_false_alarms_with_their_interval() -> None:
    values = {day: 10.0 + day % 4 for day in range(40)} | {40: 90.0}
    last = _changes(_frame(values)).row(-1, named=True)
    assert last["level"] == 2
    assert "Of this person's 28 earlier judged days that nothing explains, 0 were raised (0 %, 95 % interval 0 to 12 %)." in last["why"]
    assert (last["false_alarm_rate"], last["false_alarm_low"]) == (0.0, 0.0)


@given(seed=st.integers(0, 2**32), count=st.integers(0, 90), coarse=st.booleans())
@settings(max_examples=150, deadline=None)
def test_the_sorted_windows_say_what_the_definition_says(seed: int, count: int, coarse: bool) -> None:
    rng = np.random.default_rng(seed)
    series = np.sort(rng.integers(0, 3, count))
    day = np.concatenate([np.sort(rng.choice(200, (series == number).sum(), replace=False)) for number in range(3)]).astype(np.int64)
    value = rng.integers(0, 4, count).astype(float) if coarse else rng.normal(60, 3, count)
    covered, needed = rng.choice([0.2, 0.5, 0.9, 1.0], count), rng.choice([0.5, 0.75], count)
    median, spread, used, verdict = _judge(series, day, value, covered, needed)
    for i in range(count):
        before = np.flatnonzero((series == series[i]) & (day < day[i]) & (day >= day[i] - BASELINE_DAYS))
        assert used[i] == len(before)
        if len(before) < LEAST_VALUES:
            assert verdict[i] == -1
            continue
        away = np.abs(value[before] - np.median(value[before]))
        wide = 1.4826 * np.median(away) or 1.2533 * np.mean(away)
        assert median[i] == np.median(value[before])
        assert spread[i] == wide
        if covered[i] < needed[i] * np.median(covered[before]):
            assert verdict[i] == -3
        elif wide > 0:
            assert verdict[i] == np.searchsorted([UNUSUAL, VERY_UNUSUAL], abs(value[i] - median[i]) / wide, side="right")
    plain = rng.random(count) < 0.8
    judged, alarms = _earlier_alarms(series, day, verdict, plain)
    for i in range(count):
        before = (series == series[i]) & (day < day[i]) & (day >= day[i] - BASELINE_DAYS) & plain
        assert (judged[i], alarms[i]) == ((verdict[before] >= 0).sum(), (verdict[before] >= 1).sum())


def test_the_look_back_has_all_that_a_day_depends_on() -> None:
    """What covered a night of the baseline of a day that was counted: three times four weeks."""
    rng, first = np.random.default_rng(4), date(2026, 1, 1)
    rows = [
        {"person": "p", "day": first + timedelta(days=n), "feature": name, "value": float(value), "unit": "1", "coverage": share, "missing": ""}
        for n in range(120) for name, value, share in (
            ("sleep_minutes[stages]", rng.normal(420, 30) + 300 * (rng.random() < 0.1), rng.choice((1.0, 0.7))),
            *((("resting_heart_rate[nightsignal]", 60 + rng.random(), 1.0),) if n % 30 < 2 else ()),
        )
    ]  # fmt: skip
    table = Features.check(pl.DataFrame(rows, schema=Features.dtypes()))
    key = ["day", "feature"]
    for day in range(84, 120):
        last = first + timedelta(days=day)
        near = table.filter(pl.col("day").is_between(last - timedelta(days=baseline_change.lookback), last))
        whole, part = (
            baseline_change(seal(some, Consented[Care], Features), seal(Annotations.empty(), Consented[Care], Annotations)).data
            for some in (table, near)
        )
        assert_frame_equal(*(found.filter(pl.col("day") == last).sort(key) for found in (whole, part)), check_exact=True)
