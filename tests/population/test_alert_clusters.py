"""One alert a cluster: related places, strata and detectors of a signal on a day; days in a row."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from heedful.core.labels import Aggregate
from heedful.core.schemas import Alarms, Alerts
from heedful.core.seals import seal
from heedful.population.alert_clusters import LOOKBACK, alerts
from heedful.population.thresholds import Thresholds

NEW_YEAR = date(2024, 12, 30)  # a Monday; the week lies in 2025 by ISO


def alarms(*rows: tuple[str, str, int], q: float = 0.01, detector: str = "ears.c1", stratum: str = "all") -> pl.DataFrame:
    return Alarms.check(
        pl.DataFrame([
            {
                "detector": detector, "signal": signal, "place": place, "stratum": stratum, "day": NEW_YEAR + timedelta(days=day), "observed": 12.0,
                "expected": 3.0, "bound": 7.0, "p": q / 100, "q": q, "alarm": True, "why": "",
            }
            for signal, place, day in rows
        ], schema_overrides={"day": pl.Date})
    )  # fmt: skip


def found(rows: pl.DataFrame, alerts_a_day: int = 0) -> pl.DataFrame:
    return alerts(seal(rows, Aggregate, Alarms), thresholds=Thresholds(alerts_a_day=alerts_a_day)).data


def test_parent_and_child_are_one_alert_and_neighbors_are_two() -> None:
    rows = found(
        alarms(("cough", "US", 0), ("cough", "US/NY", 0), ("cough", "US/NY/5128581", 0), ("cough", "DE/BE", 0), ("fever", "US", 0))
    )
    assert rows.select("signal", "place", "series").rows() == [("cough", "DE/BE", 1), ("cough", "US", 3), ("fever", "US", 1)]
    assert rows.filter(place="US", signal="cough")["members"][0].split("\n") == ["US|all", "US/NY|all", "US/NY/5128581|all"]


def test_the_world_holds_all_and_a_country_is_no_prefix_of_another() -> None:
    assert found(alarms(("cough", "world", 0), ("cough", "US", 0), ("cough", "DE", 0))).select("place", "series").rows() == [("world", 3)]
    assert found(alarms(("cough", "U", 0), ("cough", "US", 0)))["place"].to_list() == ["U", "US"]


def test_siblings_under_a_parent_that_did_not_alarm_stay_two() -> None:
    assert found(alarms(("cough", "US/NY", 0), ("cough", "US/NJ", 0)))["place"].to_list() == ["US/NJ", "US/NY"]


def test_the_least_likely_alarm_leads_and_detectors_and_strata_go_along() -> None:
    rows = found(
        pl.concat([
            alarms(("cough", "US", 0), q=0.02), alarms(("cough", "US/NY", 0), q=0.001, detector="ears.c3"),
            alarms(("cough", "US", 0), q=0.03, stratum="65+"),
        ])
    ).row(0, named=True)  # fmt: skip
    assert (rows["lead"], rows["q"], rows["detectors"], rows["series"]) == ("ears.c3|US/NY|all", 0.001, "ears.c1, ears.c3", 3)
    assert "3 related series" in rows["why"]


def test_days_and_weeks_in_a_row_go_on_over_the_turn_of_the_year_until_a_gap() -> None:
    rows = found(alarms(*(("flu", "US", day) for day in (-21, -7, 0, 7)), ("flu", "US/NY", 8)))
    since = dict(rows.select("day", "since").iter_rows())
    assert since[NEW_YEAR + timedelta(days=8)] == NEW_YEAR - timedelta(days=7)
    assert since[NEW_YEAR - timedelta(days=21)] == NEW_YEAR - timedelta(days=21)
    assert "It goes on since 2024-12-23." in rows.sort("day")["why"][-1]


def test_what_an_analyst_cannot_look_at_is_held_back_and_said() -> None:
    rows = found(pl.concat([alarms((name, "US", 0), q=q) for name, q in (("a", 0.04), ("b", 0.001), ("c", 0.02))]), alerts_a_day=1)
    assert rows.sort("rank").select("signal", "held_back").rows() == [("b", False), ("c", True), ("a", True)]
    assert "Held back: number 3 of the day's 3, and the settings let 1 through (q up to 0.001)." in rows.filter(signal="a")["why"][0]


def test_empty_in_empty_out() -> None:
    assert found(Alarms.empty()).equals(Alerts.empty())


ALARM = st.tuples(st.sampled_from(["a", "b"]), st.sampled_from(["world", "US", "US/NY", "US/NY/1", "US/CA", "DE"]), st.integers(0, 50))


@settings(max_examples=40, deadline=None)
@given(st.sets(ALARM, min_size=1, max_size=25), st.data())
def test_a_day_is_answered_the_same_from_its_look_back_alone_and_every_alarm_is_in_one_alert(
    rows: set[tuple[str, str, int]], data: st.DataObject
) -> None:
    table = alarms(*sorted(rows))
    whole = found(table)
    assert whole["alarms"].sum() == table.height
    day = data.draw(st.sampled_from(sorted(set(table["day"]))))
    part = table.filter(pl.col("day").is_between(day - timedelta(days=LOOKBACK), day))
    assert found(part).filter(pl.col("day") == day).equals(whole.filter(pl.col("day") == day))
